#include "cli/evidence_view.hpp"

#include <array>

#include "cli/report.hpp"

namespace bookchain::cli {

using namespace ledger;

std::string_view fault_in_words(const Evidence& evidence) {
  static constexpr std::array<std::string_view, std::variant_size_v<Evidence>> words{
      "encrypted another book than the registered one",
      "dealt shares that do not give the key",
      "made two grants for one request",
      "granted one book to two requesters in one turn",
      "released the key and aborted in one turn",
      "consented to two grants of one exchange",
      "answered yes and no about one id",
      "answered twice in one ballot",
      "proposed two blocks in one ballot",
      "gave two prevotes in one ballot",
      "gave two precommits in one ballot",
      "hid the lock of its precommit from a later ballot",
  };
  return words[evidence.index()];
}

Json evidence_value(const Genesis& genesis, const Evidence& evidence) {
  const auto about = accusation(genesis, evidence);
  Json value;
  value["id"] = to_hex(about.id);
  value["kind"] = kind(evidence);
  value["fault"] = fault(evidence);
  value["accused"] = about.accused.value;
  value["role"] = part(evidence);
  value["exchange"] = about.exchange ? Json(to_hex(*about.exchange)) : Json(nullptr);
  value["book"] = about.book ? Json(to_hex(*about.book)) : Json(nullptr);
  value["height"] = about.height ? Json(about.height->value) : Json(nullptr);
  return value;
}

std::string about_text(const Accusation& about) {
  if (about.exchange) return "exchange " + short_id(*about.exchange);
  if (about.height) return "height " + std::to_string(about.height->value);
  return {};
}

}  // namespace bookchain::cli

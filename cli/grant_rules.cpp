#include "cli/grant_rules.hpp"

#include <algorithm>

#include "cli/network_file.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::size_t max_rules_bytes = std::size_t{1} << 18U;
constexpr std::uint64_t most_grants = 1'000'000;
constexpr std::size_t max_reason_bytes = 255;
constexpr std::size_t least_digits = 6;

Result<std::string> read_book(const YamlView& view) {
  BOOKCHAIN_TRY(auto digits, view.text());
  const bool hex = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex || digits.size() < least_digits || digits.size() > 2 * BookId::size) {
    return view.fault(Token::bad_value, "a book is named by the first 6 or more digits of its id, in quotes");
  }
  return digits;
}

Result<GrantRule> read_rule(const YamlView& view) {
  BOOKCHAIN_CHECK(view.check_keys({"peer", "book", "count"}));
  GrantRule rule;
  if (view.has("peer")) {
    BOOKCHAIN_TRY(const auto peer, view.at("peer"));
    BOOKCHAIN_TRY(rule.peer, read_port(peer));
  }
  if (view.has("book")) {
    BOOKCHAIN_TRY(const auto book, view.at("book"));
    BOOKCHAIN_TRY(rule.book, read_book(book));
  }
  if (view.has("count")) {
    BOOKCHAIN_TRY(const auto count, view.at("count"));
    BOOKCHAIN_TRY(rule.count, count.number(1, most_grants));
  }
  if (!rule.peer && !rule.book && !rule.count) return view.fault(Token::missing_key, "a rule says nothing");
  return rule;
}

}  // namespace

bool GrantRule::fits(PeerPort requester, const BookId& wanted) const {
  if (peer && requester != *peer) return false;
  return !book || to_hex(wanted).starts_with(*book);
}

namespace {

/// What became of the grants of one turn, which are all to one requester.
enum class Given : std::uint8_t {
  yes,   ///< the chain gave it the book
  open,  ///< it may yet
  may,   ///< the owner takes them back, and the chain does not say so yet
  no,    ///< the turn ended without a transfer
};

Given given_in(const State& state, const TurnKey& key, const TurnRecord& turn) {
  const bool is_moved = std::ranges::any_of(
      turn.exchanges, [&](const ExchangeId& exchange) { return moved.get(state, exchange).has_value(); });
  if (is_moved) return Given::yes;
  const auto stand = ownership.get(state, key.book);
  const auto present = stand ? std::pair(stand->version, stand->turn) : std::pair(Version{}, Turn{});
  if (std::pair(key.version, key.turn) < present) return Given::no;
  const bool is_open = std::ranges::any_of(turn.exchanges, [&](const ExchangeId& exchange) {
    const auto record = exchanges.get(state, exchange);
    return record && !is_over(record->state);
  });
  return is_open ? Given::open : Given::may;
}

}  // namespace

GrantJudge::GrantJudge(const GrantRules& rules, PeerPort owner, const State& state)
    : rules_(rules), used_(rules.rules.size()) {
  const bool counts = std::ranges::any_of(rules.rules, [](const GrantRule& rule) { return rule.count.has_value(); });
  if (!counts) return;
  turns.each(state, encode(owner), [&](const TurnKey& key, const TurnRecord& turn) {
    const auto given = turn.exchanges.empty() ? Given::no : given_in(state, key, turn);
    if (given == Given::no) return true;
    count(turn.requester, key.book, given == Given::may);
    if (given != Given::yes) in_turn_.insert({turn.requester, key.book});
    return true;
  });
}

void GrantJudge::count(PeerPort requester, const BookId& book, bool may_end) {
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (!rules_.rules[i].fits(requester, book)) continue;
    ++used_[i].grants;
    if (may_end) ++used_[i].may_end;
  }
}

transport::GrantVerdict GrantJudge::judge(const ExchangeRecord& record) {
  using transport::GrantVerdict;
  const auto& request = record.request;
  // Who asks again in its turn, as a home that was put back does, gets what was counted already.
  const bool is_counted = in_turn_.contains({request.signer, request.body.book});
  bool waits = !rules_.refuses_others;
  for (std::size_t i = 0; i < used_.size(); ++i) {
    const auto& rule = rules_.rules[i];
    if (!rule.fits(request.signer, request.body.book)) continue;
    if (!rule.count || is_counted || used_[i].grants < *rule.count) {
      if (!is_counted) count(request.signer, request.body.book, false);
      in_turn_.insert({request.signer, request.body.book});
      return {GrantVerdict::What::grant, {}};
    }
    if (used_[i].grants - used_[i].may_end < *rule.count) waits = true;
  }
  if (waits) return {GrantVerdict::What::wait, {}};
  return {GrantVerdict::What::refuse, rules_.reason};
}

Result<void> check_peers(const GrantRules& rules, const std::string& file, const Genesis& genesis) {
  for (const auto& rule : rules.rules) {
    if (!rule.peer || genesis.find(*rule.peer) != nullptr) continue;
    return Error{Token::unknown_peer,
                 "a rule is for a peer that the network does not have",
                 file + ": " + std::to_string(rule.peer->value),
                 {}};
  }
  return success();
}

Result<GrantRules> read_grant_rules(const std::string& file, const std::string& text) {
  BOOKCHAIN_TRY(const auto tree, parse_strict_yaml(file, text));
  const YamlView view(file, tree, {});
  BOOKCHAIN_CHECK(view.check_keys({"bookchain", "grants", "otherwise", "reason"}));
  BOOKCHAIN_TRY(const auto version, view.at("bookchain"));
  BOOKCHAIN_CHECK(version.number(1, 1));
  GrantRules rules;
  BOOKCHAIN_TRY(const auto list_view, view.at("grants"));
  BOOKCHAIN_TRY(const auto list, list_view.list());
  for (const auto& each : list) {
    BOOKCHAIN_TRY(auto rule, read_rule(each));
    rules.rules.push_back(std::move(rule));
  }
  if (view.has("otherwise")) {
    BOOKCHAIN_TRY(const auto otherwise, view.at("otherwise"));
    BOOKCHAIN_TRY(const auto word, otherwise.text());
    if (word != "wait" && word != "refuse") return otherwise.fault(Token::bad_value, "wait or refuse is wanted here");
    rules.refuses_others = word == "refuse";
  }
  rules.reason = "the owner does not give this book to this peer";
  if (view.has("reason")) {
    BOOKCHAIN_TRY(const auto reason, view.at("reason"));
    BOOKCHAIN_TRY(rules.reason, reason.text());
    if (rules.reason.size() > max_reason_bytes) return reason.fault(Token::bad_value, "a reason has at most 255 bytes");
    if (!rules.refuses_others) return reason.fault(Token::bad_value, "a reason needs `otherwise: refuse`");
  }
  return rules;
}

Result<GrantRules> load_grant_rules(const path& file) {
  BOOKCHAIN_TRY(const auto text, read_text_file(file, max_rules_bytes));
  return read_grant_rules(file.string(), text);
}

}  // namespace bookchain::cli

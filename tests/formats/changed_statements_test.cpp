// Every statement of the golden vectors, of every type and form, with one byte changed at a time: nothing but the bytes
// that were signed is taken for signed.
#include <array>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "cli/network_file.hpp"
#include "ledger/card.hpp"
#include "ledger/statement.hpp"
#include "tests/formats/golden_files.hpp"

namespace {

using namespace bookchain;          // NOLINT(google-build-using-namespace)
using namespace bookchain::golden;  // NOLINT(google-build-using-namespace)
using namespace bookchain::ledger;  // NOLINT(google-build-using-namespace)
using Json = nlohmann::ordered_json;

/// What became of some bytes that are said to be a statement.
enum class Fate { taken, no_statement, not_signed, refused_otherwise };

Result<void> check_any(const Genesis& genesis, const auto& statement) { return genesis.check(statement); }
/// A card names no network: its own key is what it is checked with.
Result<void> check_any(const Genesis& /*genesis*/, const Signed<Card>& card) { return check_card(card); }

template <class Body>
Fate fate_of(const Genesis& genesis, ByteView bytes) {
  const auto statement = decode<Signed<Body>>(bytes);
  if (!statement) return Fate::no_statement;
  const auto checked = check_any(genesis, statement.value());
  if (checked) return Fate::taken;
  const auto token = checked.error().token;
  return token == Token::bad_signature || token == Token::unknown_peer ? Fate::not_signed : Fate::refused_otherwise;
}

using FateOf = Fate (*)(const Genesis&, ByteView);

template <class... Bodies>
std::map<unsigned, FateOf> by_type() {
  return {{static_cast<unsigned>(Bodies::type), &fate_of<Bodies>}...};
}

const std::map<unsigned, FateOf>& all_types() {
  static const auto types = by_type<Book, Request, Grant, Ack, Consent, IdAnswer, Release, KeyAnswer, Receipt, Transfer,
                                    Abort, Dispute, Answer, Propose, Prevote, Precommit, BlockHeader, Card>();
  return types;
}

/// Each byte of it with its lowest bit turned, and with its highest.
void change_every_byte(const Genesis& genesis, const std::string& name, FateOf fate, const Bytes& good) {
  BOOST_TEST_REQUIRE((fate(genesis, good) == Fate::taken), name << " as it is");
  std::map<Fate, std::size_t> fates;
  for (std::size_t place = 0; place < good.size(); ++place) {
    for (const auto bit : {std::uint8_t{1}, std::uint8_t{0x80}}) {
      auto changed = good;
      changed[place] ^= bit;
      const auto found = fate(genesis, changed);
      ++fates[found];
      BOOST_TEST((found == Fate::no_statement || found == Fate::not_signed),
                 name << " may be changed by " << int{bit} << " in byte " << place << " of " << good.size());
    }
  }
  // The 64 bytes of the signature can always be read.
  BOOST_TEST(fates[Fate::not_signed] >= 128U, name);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(changed_statements)

BOOST_AUTO_TEST_CASE(no_byte_of_a_statement_of_any_type_can_be_changed_under_its_signature) {
  const auto network = cli::read_network("network-4.yaml", read_golden("network-4.yaml"));
  BOOST_REQUIRE(network.has_value());
  auto statements = Json::parse(read_golden("statements.json"))["statements"];
  auto card = Json::parse(read_golden("card.json"));
  card["statement"] = "CARD";
  statements.push_back(std::move(card));
  std::set<unsigned> seen;
  for (const auto& each : statements) {
    const auto type = each["type"].get<unsigned>();
    seen.insert(type);
    const auto bytes = from_hex(each["canonical"].get<std::string>());
    BOOST_REQUIRE(bytes.has_value());
    change_every_byte(network.value(), each["statement"], all_types().at(type), *bytes);
  }
  BOOST_TEST(seen.size() == static_cast<std::size_t>(StatementType::card), "a type has no vector");
  BOOST_TEST(seen.size() == all_types().size());
}

BOOST_AUTO_TEST_SUITE_END()

// show-chain, verify-chain, export-chain and history: the chain is the same file at every peer, and no file
// but exactly that one passes the check (docs/formats.md, "The exported chain").
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "ledger/records.hpp"
#include "ledger/store/sqlite_store.hpp"
#include "tests/cli/formats.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace ledger = bookchain::ledger;

std::string a_hundred_million(char letter) {
  std::string text;
  text.resize(100'000'000, letter);
  return text;
}

std::vector<std::string> lines_with_ends(const std::string& text) {
  auto lines = lines_of(text);
  for (auto& line : lines) line += "\n";
  return lines;
}

/// A network with two blocks: a book of 5001 went to 5000 and on to 5002. Only to be looked at.
struct TwoBlocks {
  Network network;
  std::string book = network.ok(5001, {"list-books"})["books"][0]["book"];
  std::string first = network.exchange(5000, 5001, book);
  std::string second = network.exchange(5002, 5000, book);
  path file = network.scratch("chain.jsonl");
  std::string chain = exported();

 private:
  [[nodiscard]] std::string exported() const {
    network.ok({"export-chain", file.string()});
    return read_file(file);
  }
};
const TwoBlocks& two_blocks() {
  static const TwoBlocks made;
  return made;
}

struct Verdict {
  int exit_code{};
  std::string token;
  Json value;
};

/// What verify-chain says of these bytes.
Verdict verdict_on(const Network& network, const std::string& bytes) {
  const auto file = network.scratch("changed.jsonl");
  write_file(file, bytes);
  const auto ended = network.at(5000, {"verify-chain", file.string()});
  return {ended.exit_code, ended.token(), ended.json()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(inspecting_the_chain)

BOOST_AUTO_TEST_CASE(the_chain_lists_its_blocks_with_transactions_and_votes) {
  const auto& made = two_blocks();
  const auto shown = in_all_formats(made.network, {}, {"show-chain"});
  BOOST_TEST(shown.json["height"] == 2);
  BOOST_REQUIRE(shown.json["blocks"].size() == 2);
  const auto& first = shown.json["blocks"][0];
  const auto& second = shown.json["blocks"][1];
  BOOST_TEST(first["height"] == 1);
  BOOST_TEST(first["previous"] == shown.json["network"]);
  BOOST_TEST(second["previous"] == first["hash"]);
  BOOST_TEST(shown.json["head"] == second["hash"]);
  BOOST_TEST(first["miner"] == 5000);
  BOOST_TEST(first["certificate"]["ports"].size() >= 3);
  BOOST_TEST(first["certificate"]["ballot"]["port"] == 5000);
  const auto& transfer = first["transactions"][0];
  BOOST_TEST(transfer["type"] == "transfer");
  BOOST_TEST(transfer["form"] == "mined");
  BOOST_TEST(transfer["exchange"] == made.first);
  BOOST_TEST(transfer["book"] == made.book);
  BOOST_TEST(transfer["sender_port"] == 5000);
  BOOST_TEST(transfer["receiver_port"] == 5001);
  BOOST_TEST(transfer["version"] == 0);
  BOOST_TEST(second["transactions"][0]["version"] == 1);
  BOOST_TEST(mentions(shown.text, "from 5001 to 5000, version 0 -> 1"));
}

BOOST_AUTO_TEST_CASE(from_and_tail_choose_blocks) {
  const auto& network = two_blocks().network;
  const auto heights = [&](const Words& options) {
    Words words{"show-chain"};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<int> found;
    const Json blocks = network.ok(words)["blocks"];
    for (const auto& block : blocks) found.push_back(block["height"]);
    return found;
  };
  BOOST_TEST((heights({"--from", "2"}) == std::vector{2}));
  BOOST_TEST((heights({"--from", "3"}).empty()));
  BOOST_TEST((heights({"--tail", "1"}) == std::vector{2}));
  BOOST_TEST((heights({"--tail", "18446744073709551615"}) == std::vector{1, 2}));
  BOOST_TEST((heights({"--from", "18446744073709551615"}).empty()));
  BOOST_TEST(mentions(in_text(network, {}, {"show-chain", "--from", "9"}).out, "ends at block 2"));
  for (const auto* wrong : {"0", "-1", "x", "1.5", "18446744073709551616", ""}) {
    BOOST_TEST(in_text(network, {}, {"show-chain", std::string("--from=") + wrong}).exit_code == 2);
  }
  network.refused(5000, {"show-chain", "--format", "svg"}, 2, "usage");
}

BOOST_AUTO_TEST_CASE(dot_links_each_block_to_the_one_below) {
  const auto& network = two_blocks().network;
  const auto whole = in_text(network, {}, {"show-chain", "--format", "dot"}).out;
  BOOST_TEST(whole.starts_with("digraph chain {\n"));
  BOOST_TEST(whole.ends_with("}\n"));
  BOOST_TEST(mentions(whole, "block1 -> genesis;"));
  BOOST_TEST(mentions(whole, "block2 -> block1;"));
  BOOST_TEST(mentions(in_text(network, {}, {"show-chain", "--format", "dot", "--tail", "1"}).out, "block2 -> block1;"));
}

BOOST_AUTO_TEST_CASE(history_names_every_owner_of_a_book) {
  const auto& made = two_blocks();
  const auto shown = in_all_formats(made.network, {}, {"history", made.book.substr(0, 8)});
  const auto expected = Json::array({{{"version", 0}, {"owner", 5001}, {"height", 0}},
                                     {{"version", 1}, {"owner", 5000}, {"height", 1}},
                                     {{"version", 2}, {"owner", 5002}, {"height", 2}}});
  BOOST_TEST(shown.json["history"] == expected);
  const std::string unmoved = made.network.ok(5003, {"list-books"})["books"][0]["book"];
  BOOST_TEST(made.network.ok({"history", unmoved})["history"].size() == 1);
  made.network.refused(5000, {"history", "abcdefabcdef"}, 4, "unknown-book");
  made.network.refused(5000, {"history", "77"}, 4, "unknown-book");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(exported_chains)

BOOST_AUTO_TEST_CASE(the_chain_is_the_same_file_at_every_peer) { BOOST_TEST(two_blocks().network.equal_chains() == 2); }

BOOST_AUTO_TEST_CASE(an_export_begins_with_its_network_and_has_a_line_a_block) {
  const auto& made = two_blocks();
  const auto lines = lines_with_ends(made.chain);
  BOOST_REQUIRE(lines.size() == 3);
  const std::string id = made.network.ok({"show-chain"})["network"];
  BOOST_TEST(lines[0] == "{\"bookchain\":\"chain\",\"schema\":1,\"network\":\"" + id + "\"}\n");
  const auto block = Json::parse(lines[2]);
  BOOST_TEST(block["height"] == 2);
  BOOST_TEST(block["hash"] == made.network.ok({"show-chain"})["head"]);
}

BOOST_AUTO_TEST_CASE(an_export_replaces_a_file_whole_or_leaves_it_alone) {
  const auto& made = two_blocks();
  const auto file = made.network.scratch("replaced.jsonl");
  write_file(file, std::string(1'000'000, 'x'));
  const auto shown = in_all_formats(made.network, 5003, {"export-chain", file.string()});
  BOOST_TEST(shown.json["height"] == 2);
  BOOST_TEST((read_file(file) == made.chain));
  BOOST_TEST(!boost::filesystem::exists(file.string() + ".part"));
  BOOST_TEST((in_text(made.network, {}, {"export-chain", "-"}).out == made.chain));
  made.network.refused(5000, {"export-chain", "-"}, 2, "usage");
  made.network.refused(5000, {"export-chain", made.network.folder().string()}, 6, "bad-file");
  made.network.refused(5000, {"export-chain", "/dev/full"}, 6, "bad-file");
  made.network.refused(5000, {"export-chain", (made.network.scratch("no") / "such" / "f").string()}, 4, "no-such-file");
}

BOOST_AUTO_TEST_CASE(an_export_is_valid_with_the_network_file_and_nothing_else) {
  const auto& made = two_blocks();
  const TemporaryDirectory elsewhere;
  boost::filesystem::copy_file(made.network.folder() / "network.yaml", elsewhere / "network.yaml");
  write_file(elsewhere / "chain", made.chain);
  RunOptions there;
  there.folder = elsewhere.get();
  const auto by_folder = run({"-o", "json", "verify-chain", "chain"}, there);
  BOOST_TEST(by_folder.exit_code == 0);
  BOOST_TEST(by_folder.json()["valid"] == true);
  BOOST_TEST(by_folder.json()["height"] == 2);
  BOOST_TEST(by_folder.json()["reason"].is_null());
  BOOST_TEST(run({"-n", "network.yaml", "verify-chain", "chain"}, there).exit_code == 0);
  there.input = made.chain;
  BOOST_TEST(run({"verify-chain", "-"}, there).exit_code == 0);
  boost::filesystem::remove(elsewhere / "network.yaml");
  const auto without = run({"verify-chain", "chain"}, there);
  BOOST_TEST(without.exit_code == 4);
  BOOST_TEST(without.token() == "home-missing");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_byte_for_byte_an_export_is_refused) {
  const auto& made = two_blocks();
  const auto lines = lines_with_ends(made.chain);
  const auto& chain = made.chain;
  const std::vector<std::string> no_files{
      "",
      "rubbish\n",
      "\n" + chain,
      chain + "\n",
      chain + "x",
      chain.substr(0, chain.size() - 1),
      chain.substr(0, chain.size() - 40),
      replaced(chain, "\"schema\":1", "\"schema\":2"),
      replaced(chain, "\"schema\":1", "\"schema\": 1"),
      replaced(chain, "{\"height\":1,", "{\"height\":01,"),
      replaced(chain, "{\"height\":1,", "{\"height\":1.0,"),
      replaced(chain, "{\"height\":1,", "{\"height\":99999999999999999999,"),
      replaced(chain, "\",\"block\":\"", "\",\"block\":\"A"),
      replaced(chain, "\",\"certificate\"", "\", \"certificate\""),
      replaced(chain, "\"}\n{\"height\":2", "\"}\r\n{\"height\":2"),
      lines[1] + lines[2],
      a_hundred_million('{'),
      lines[0] + a_hundred_million('0') + "\n",
  };
  for (const auto& bytes : no_files) {
    const auto verdict = verdict_on(made.network, bytes);
    BOOST_TEST_CONTEXT(bytes.substr(0, 60)) {
      BOOST_TEST(verdict.exit_code == 6);
      BOOST_TEST(verdict.token == "bad-file");
      BOOST_TEST(verdict.value["valid"] == false);
      BOOST_TEST(!verdict.value["reason"].is_null());
    }
  }
}

BOOST_AUTO_TEST_CASE(the_first_bad_block_is_named_with_the_last_good_height) {
  const auto& made = two_blocks();
  const auto lines = lines_with_ends(made.chain);
  const auto change_digit = [](std::string line, std::size_t place) {
    line[place] = line[place] == '0' ? '1' : '0';
    return line;
  };
  struct Case {
    std::string bytes;
    int bad;
  };
  const std::vector<Case> cases{
      {lines[0] + lines[2], 1},                                                 // a block is left out
      {lines[0] + lines[2] + lines[1], 1},                                      // two are swapped
      {made.chain + lines[2], 3},                                               // one stands twice
      {replaced(made.chain, "{\"height\":2", "{\"height\":3"), 2},              // a height is not the block's
      {lines[0] + change_digit(lines[1], 30) + lines[2], 1},                    // its hash
      {lines[0] + lines[1] + change_digit(lines[2], 400), 2},                   // its content
      {lines[0] + lines[1] + change_digit(lines[2], lines[2].size() - 20), 2},  // a vote
      {lines[0] + change_digit(lines[1], lines[1].size() - 4), 1},
  };
  for (const auto& [bytes, bad] : cases) {
    const auto verdict = verdict_on(made.network, bytes);
    BOOST_TEST(verdict.exit_code == 3);
    BOOST_TEST(verdict.value["valid"] == false);
    BOOST_TEST(verdict.value["height"] == bad - 1);
    BOOST_TEST(verdict.value["bad_block"] == bad);
    BOOST_TEST(mentions(verdict.value["reason"], "block " + std::to_string(bad)));
  }
  const auto text = in_text(made.network, {}, {"verify-chain", made.network.scratch("changed.jsonl").string()});
  BOOST_TEST(text.exit_code == 3);
  BOOST_TEST(mentions(text.out, "not valid"));
}

BOOST_AUTO_TEST_CASE(a_chain_of_another_network_is_refused) {
  const Network other;
  const auto verdict = verdict_on(other, two_blocks().chain);
  BOOST_TEST(verdict.exit_code == 3);
  BOOST_TEST(verdict.token == "wrong-network");
  other.refused(5000, {"verify-chain", "no-such-file"}, 4, "no-such-file");
  other.refused(5000, {"verify-chain", other.folder().string()}, 6, "bad-file");
}

BOOST_AUTO_TEST_CASE(a_prefix_of_a_chain_is_a_chain) {
  const auto lines = lines_with_ends(two_blocks().chain);
  for (std::size_t blocks = 0; blocks <= 2; ++blocks) {
    std::string bytes;
    for (std::size_t i = 0; i <= blocks; ++i) bytes += lines[i];
    const auto verdict = verdict_on(two_blocks().network, bytes);
    BOOST_TEST(verdict.exit_code == 0);
    BOOST_TEST(verdict.value["height"] == blocks);
  }
}

BOOST_AUTO_TEST_CASE(owners_stored_beside_the_blocks_must_follow_from_them) {
  const Network network;
  (void)network.exchange(5000, 5001, network.value_of(5001));
  BOOST_TEST(in_all_formats(network, 5002, {"verify-chain"}).json["valid"] == true);
  {
    auto opened = ledger::SqliteStore::open(network.home(5002) / "state.sqlite", ledger::SqliteStore::Mode::read_write);
    BOOST_REQUIRE(opened.has_value());
    auto& store = *opened.value();
    ledger::Draft draft(store);
    for (auto [book, row] : ledger::ownership.all(store)) {
      row.owner = ledger::PeerPort{5002};
      ledger::ownership.put(draft, book, row);
    }
    BOOST_REQUIRE(store.begin().has_value());
    store.apply(draft.take_effects().writes);
    BOOST_REQUIRE(store.commit().has_value());
  }
  const auto ended = network.at(5002, {"verify-chain"});
  BOOST_TEST(ended.exit_code == 3);
  BOOST_TEST(ended.token() == "bad-chain");
  BOOST_TEST(ended.json()["valid"] == false);
}

BOOST_AUTO_TEST_CASE(a_stored_block_that_is_damaged_is_named) {
  const auto damage = [](const Network& network, std::optional<ledger::Bytes> value) {
    auto opened = ledger::SqliteStore::open(network.home(5002) / "state.sqlite", ledger::SqliteStore::Mode::read_write);
    BOOST_REQUIRE(opened.has_value());
    BOOST_REQUIRE(opened.value()->begin().has_value());
    opened.value()->apply({ledger::Write{ledger::Table::blocks, ledger::encode(ledger::Height{1}), std::move(value)}});
    BOOST_REQUIRE(opened.value()->commit().has_value());
  };
  const Network network;
  (void)network.exchange(5000, 5001, network.value_of(5001));
  damage(network, ledger::Bytes{1, 2, 3});
  for (const auto* command : {"verify-chain", "show-chain"}) network.refused(5002, {command}, 3, "bad-chain");
  network.refused(5002, {"export-chain", network.scratch("none").string()}, 3, "bad-chain");
  BOOST_TEST(!boost::filesystem::exists(network.scratch("none")));
  damage(network, std::nullopt);
  network.refused(5002, {"verify-chain"}, 3, "bad-chain");
}

BOOST_AUTO_TEST_SUITE_END()

// A home put back from an old backup, with the real program: what it has signed since then it has forgotten, and
// still it never signs against itself (docs/protocol.md, section 4).
#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

constexpr int restored = 5003;

/// Reads what one peer signed out of the spools of the others, before they take it in.
class VoteWatch {
 public:
  explicit VoteWatch(const Network& network) : network_(network) {}

  /// All that waits from the watched peer anywhere.
  void look() {
    for (const int port : network_.ports()) {
      if (port == restored) continue;
      const auto waiting = network_.ok(port, {"inbox"})["messages"];
      for (const auto& message : waiting) {
        if (message["from"] == restored) note(port, message);
      }
    }
  }
  [[nodiscard]] std::size_t votes_at(int height) const {
    return static_cast<std::size_t>(std::ranges::count_if(votes_, [&](const auto& vote) {
      return vote.first.find(" " + std::to_string(height) + " ") != std::string::npos;
    }));
  }

 private:
  void note(int port, const Json& message) {
    const std::string type = message["type"];
    if (type != "answer" && type != "prevote" && type != "precommit" && type != "propose") return;
    const auto fields = network_.ok(port, {"show-message", message["id"]})["fields"];
    const auto statement = signed_part(fields);
    const auto& body = statement.at("body");
    // One ballot, one statement of a kind: what it says beside that must be the same each time.
    const auto key = type + " " + body.at("height").dump() + " " + body.at("ballot").dump();
    const auto [place, fresh] = votes_.emplace(key, body.dump());
    BOOST_TEST((fresh || place->second == body.dump()), "two of " << key << ": " << place->second << " and " << body);
  }
  /// The statement in the fields of a message, under whatever name.
  static Json signed_part(const Json& fields) {
    for (const auto& [name, value] : fields.items()) {
      if (value.is_object() && value.contains("signer") && value.contains("body")) return value;
    }
    BOOST_FAIL("no statement in " << fields);
    return {};
  }

  const Network& network_;
  std::map<std::string, std::string> votes_;
};

/// All but the spool: what others delivered meanwhile still lies there.
void put_back(const Network& network, const path& backup) {
  const auto home = network.home(restored);
  const auto spool = network.scratch("spool");
  fs::rename(home / "spool", spool);
  fs::remove_all(home);
  copy_folder(backup, home);
  fs::remove_all(home / "spool");
  fs::rename(spool, home / "spool");
}

void receive(const Network& network, VoteWatch& watch, const std::vector<int>& ports) {
  for (const int port : ports) {
    watch.look();
    network.ok(port, {"receive"});
  }
  watch.look();
}

/// All exchanges to their end, watched. What was lost with the home is sent again after some seconds.
void finish(const Network& network, VoteWatch& watch, std::size_t blocks) {
  for (int round = 0; round < 400; ++round) {
    std::size_t done = 0;
    for (const int port : network.ports()) done += network.ok(port, {"status"})["height"] == blocks ? 1U : 0U;
    if (done == network.ports().size()) break;
    for (const int port : network.ports()) {
      watch.look();
      (void)network.at(port, {"step"});
    }
  }
  watch.look();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(restore)

// Put back at each moment of a vote, from a backup made before it.
BOOST_AUTO_TEST_CASE(a_home_restored_in_the_middle_of_a_vote_never_signs_against_itself) {
  for (int moment = 1; moment <= 4; ++moment) {
    BOOST_TEST_CONTEXT("moment " << moment) {
      const Network network;
      const auto backup = network.scratch("backup");
      const auto first = network.exchange(5000, 5001, network.book_of(5001), 7);
      const auto second = network.exchange(5002, 5001, network.book_of(5001, 1), 7);
      for (const int port : network.ports()) network.ok(port, {"receive"});
      copy_folder(network.home(restored), backup);
      VoteWatch watch(network);
      network.ok(5000, {"mine", first});
      // ANSWER, PREVOTE, PRECOMMIT, commit: each after one more round.
      for (int phase = 1; phase < moment; ++phase) receive(network, watch, {restored, 5001, 5000});
      receive(network, watch, {restored});
      BOOST_TEST(watch.votes_at(1) > 0);
      put_back(network, backup);
      network.ok(restored, {"restore"});
      BOOST_TEST(!network.ok(restored, {"status"})["mute_until"].is_null());
      // Another proposer at the same height tempts it to answer and vote anew.
      (void)network.at(5002, {"mine", second});
      receive(network, watch, {restored, 5001, 5002, restored, 5000, 5001, restored});
      finish(network, watch, 2);
      BOOST_TEST(network.state(5000, first) == "committed");
      BOOST_TEST(network.state(5002, second) == "committed");
      BOOST_TEST(network.equal_chains() == 2);
    }
  }
}

// It is not lost to the network: above the heights it may have voted in, it votes again.
BOOST_AUTO_TEST_CASE(a_restored_home_catches_up_grants_again_and_votes_again) {
  const Network network({"--auto-books", "5"});
  const auto backup = network.scratch("backup");
  copy_folder(network.home(restored), backup);
  network.exchange(5000, 5001, network.book_of(5001));
  network.exchange(5001, 5002, network.book_of(5002));
  BOOST_TEST(network.equal_chains() == 2);
  put_back(network, backup);
  const auto told = network.ok(restored, {"restore"});
  BOOST_TEST(told["height"] == 0);
  // Asked before the others have answered, it grants nothing.
  const std::string early =
      network.ok(5000, {"request", "--from", "5003", "--book", network.book_of(restored)})["exchange"];
  network.ok(restored, {"receive"});
  network.refused(restored, {"grant", early}, 5, "waiting");
  network.receive_until_quiet();
  BOOST_TEST(network.equal_chains() == 2);
  network.ok(restored, {"grant", early});
  network.settle_all_exchanges();
  BOOST_TEST(network.state(5000, early) == "committed");
  // 5002 is away while the next block is voted on: without 5003 there is no quorum.
  const auto last = network.exchange(5000, 5001, network.book_of(5001), 7);
  for (const int port : {5001, 5002, restored, 5000}) network.ok(port, {"receive"});
  network.ok(5000, {"mine", last});
  for (int round = 0; round < 6; ++round) {
    for (const int port : {restored, 5001, 5000}) network.ok(port, {"receive"});
  }
  BOOST_TEST(network.state(5000, last) == "committed");
  const auto blocks = network.ok(5000, {"show-chain", "--tail", "1"})["blocks"];
  BOOST_TEST(blocks[0]["certificate"]["ports"] == Json::array({5000, 5001, 5003}));
}

// What was given away since the backup is not given again; what was received since is owned but not held.
BOOST_AUTO_TEST_CASE(a_restored_home_learns_from_the_chain_what_it_owns) {
  const Network network;
  const auto given = network.book_of(restored);
  const auto got = network.book_of(5001);
  const auto backup = network.scratch("backup");
  copy_folder(network.home(restored), backup);
  network.exchange(5000, restored, given);
  network.exchange(restored, 5001, got);
  put_back(network, backup);
  network.ok(restored, {"restore"});
  network.receive_until_quiet();
  BOOST_TEST(!network.on_shelf(restored, given));
  const auto books = network.ok(restored, {"list-books", "--all"})["books"];
  for (const auto& book : books) {
    if (book["book"] == given) BOOST_TEST(book["owner"] == 5000);
    if (book["book"] == got) BOOST_TEST(book["owner"] == restored);
  }
  network.refused(restored, {"get-book", given, "--to", network.scratch("x").string()}, 3, "not-owner");
  BOOST_TEST(network.equal_chains() == 2);
}

BOOST_AUTO_TEST_SUITE_END()

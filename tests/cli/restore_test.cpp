// A home put back from an old backup, with the real program: what it has signed since then it has forgotten, and
// still it never signs against itself (docs/protocol.md, section 4).
#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <set>
#include <tuple>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

constexpr int restored = 5003;

/// Reads what one peer signed out of the spools of the others, before they take it in, and notes where it signed
/// against itself: two statements of a kind in one ballot that differ, or an answer that hides a lock.
class VoteWatch {
 public:
  VoteWatch(const Network& network, int watched) : network_(network), watched_(watched) {}

  /// All that waits from the watched peer anywhere.
  void look() {
    for (const int port : network_.ports()) {
      if (port == watched_) continue;
      const auto waiting = network_.ok(port, {"inbox"})["messages"];
      for (const auto& message : waiting) {
        if (message["from"] == watched_) note(port, message);
      }
    }
  }
  /// How it voted at a height: "answer 1/5002" in a ballot of round 1, and so on. Who proposes does not vote yet.
  [[nodiscard]] std::set<std::string> votes_at(int height) const {
    std::set<std::string> votes;
    for (const auto& [key, body] : votes_) {
      const auto& [type, at, ballot] = key;
      if (at != height || type == "propose") continue;
      votes.insert(type + " " + std::to_string(ballot.first) + "/" + std::to_string(ballot.second));
    }
    return votes;
  }
  [[nodiscard]] const std::vector<std::string>& contradictions() const { return contradictions_; }

 private:
  using Ballot = std::pair<int, int>;  // round, proposer
  using Key = std::tuple<std::string, int, Ballot>;

  void note(int port, const Json& message) {
    const std::string type = message["type"];
    if (type != "answer" && type != "prevote" && type != "precommit" && type != "propose") return;
    const auto fields = network_.ok(port, {"show-message", message["id"]})["fields"];
    const auto body = signed_part(fields).at("body");
    // One ballot, one statement of a kind: what it says beside that must be the same each time.
    const auto [place, fresh] = votes_.emplace(Key{type, body.at("height"), ballot_in(body.at("ballot"))}, body);
    if (!fresh && place->second != body) {
      contradictions_.push_back("two of " + type + ": " + place->second.dump() + " and " + body.dump());
    }
    if (fresh) compare_locks(place->first, body);
  }
  /// After a PRECOMMIT the peer is locked: an ANSWER in a later ballot of the height names this lock or a newer one.
  void compare_locks(const Key& key, const Json& body) {
    for (const auto& [other, content] : votes_) {
      if (std::get<1>(other) != std::get<1>(key)) continue;
      const bool answers = std::get<0>(key) == "answer" && std::get<0>(other) == "precommit";
      const bool precommits = std::get<0>(key) == "precommit" && std::get<0>(other) == "answer";
      if (!answers && !precommits) continue;
      const auto& answer = answers ? body : content;
      const auto locked = ballot_in((answers ? content : body).at("ballot"));
      if (ballot_in(answer.at("ballot")) <= locked) continue;
      const auto& lock = answer.at("lock");
      if (lock.is_null() || ballot_in(lock.at("ballot")) < locked) {
        contradictions_.push_back("hides a lock: " + answer.dump());
      }
    }
  }
  static Ballot ballot_in(const Json& ballot) { return {ballot.at("round"), ballot.at("port")}; }
  /// The statement in the fields of a message, under whatever name.
  static Json signed_part(const Json& fields) {
    for (const auto& [name, value] : fields.items()) {
      if (value.is_object() && value.contains("signer") && value.contains("body")) return value;
    }
    BOOST_FAIL("no statement in " << fields);
    return {};
  }

  const Network& network_;
  int watched_;
  std::map<Key, Json> votes_;
  std::vector<std::string> contradictions_;
};

/// All but the spool: what others delivered meanwhile still lies there.
void put_back(const Network& network, const path& backup, int port = restored) {
  const auto home = network.home(port);
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

/// A peer is put back while the block of 5000 is voted on; then 5002 proposes at the same height.
struct InTheMiddle {
  Network network;
  int who;
  VoteWatch watch{network, who};
  std::string first = network.exchange(5000, 5001, network.book_of(5001), 7);
  std::string second = network.exchange(5002, 5001, network.book_of(5001, 1), 7);

  explicit InTheMiddle(int moment, int put_back_peer = restored) : who(put_back_peer) {
    network.receive_until_quiet();
    const auto backup = network.scratch("backup");
    copy_folder(network.home(who), backup);
    network.ok(5000, {"mine", first});
    // ANSWER, PREVOTE, PRECOMMIT, commit: each after one more round.
    for (int phase = 1; phase < moment; ++phase) receive(network, watch, {restored, 5001, 5000});
    receive(network, watch, {restored});
    put_back(network, backup, who);
  }
  void tempt() {
    network.ok(5002, {"mine", second});
    receive(network, watch, {restored, 5001, 5002, restored, 5000, 5001, restored});
    finish(network, watch, 2);
  }
};

/// Put back at each moment of a vote, from a backup made before it.
void restore_in_the_middle(int who) {
  for (int moment = 1; moment <= 4; ++moment) {
    BOOST_TEST_CONTEXT("peer " << who << ", moment " << moment) {
      InTheMiddle play(moment, who);
      const auto votes = play.watch.votes_at(1);
      // What a proposer votes in its own ballot it keeps for the certificate.
      BOOST_TEST(votes.empty() == (who == 5000));
      play.network.ok(who, {"restore"});
      BOOST_TEST(play.network.ok(who, {"status"})["votes"] == false);
      play.tempt();
      // It votes no more where it may have voted.
      BOOST_TEST(play.watch.votes_at(1) == votes, boost::test_tools::per_element());
      BOOST_TEST(play.watch.contradictions().empty(), play.watch.contradictions().front());
      for (const int port : play.network.ports()) {
        BOOST_TEST(play.network.ok(port, {"evidence", "list"})["evidence"].empty(), port);
        BOOST_TEST(play.network.state(port, play.first) == "committed");
        BOOST_TEST(play.network.state(port, play.second) == "committed");
      }
      BOOST_TEST(play.network.equal_chains() == 2);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(restore)

BOOST_AUTO_TEST_CASE(a_voter_restored_in_the_middle_of_a_vote_never_signs_against_itself) {
  restore_in_the_middle(restored);
}

BOOST_AUTO_TEST_CASE(a_proposer_restored_in_the_middle_of_its_vote_never_signs_against_itself) {
  restore_in_the_middle(5000);
}

// What `restore` is for: put back without a word, the home forgets a lock, and the others prove it.
BOOST_AUTO_TEST_CASE(a_home_put_back_without_restore_signs_against_itself) {
  InTheMiddle play(3);
  play.tempt();
  BOOST_TEST(!play.watch.contradictions().empty());
  BOOST_TEST(!play.network.ok(5002, {"evidence", "list"})["evidence"].empty());
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
  const std::string early = network.request(5000, 5003, network.book_of(restored));
  network.ok(restored, {"receive"});
  network.refused(restored, {"grant", early}, 5, "waiting");
  // Whoever has not answered is named, by whatever is asked.
  const auto others = Json::array({5000, 5001, 5002});
  BOOST_TEST(network.ok(restored, {"status"})["awaited"] == others);
  BOOST_TEST(network.show(restored, early)["waiting_for"] == others);
  BOOST_TEST(network.show(restored, early)["due"].is_null());
  BOOST_TEST(mentions(network.at(restored, {"grant", early}).err, "5000, 5001, 5002"));
  network.ok(5001, {"receive"});
  network.ok(restored, {"receive"});
  BOOST_TEST(network.show(restored, early)["waiting_for"] == Json::array({5000, 5002}));
  network.receive_until_quiet();
  BOOST_TEST(network.ok(restored, {"status"})["awaited"].empty());
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

// The key of a grant that was forgotten is gone. Before the consent nobody needs it, and the turn ends; once the
// witnesses have agreed the transfer is settled, and they give the key.
BOOST_AUTO_TEST_CASE(a_grant_that_was_forgotten_is_ended_or_settled) {
  for (const int steps : {2, 4}) {
    BOOST_TEST_CONTEXT("steps " << steps) {
      const Network network;
      const auto book = network.book_of(restored);
      const auto backup = network.scratch("backup");
      copy_folder(network.home(restored), backup);
      const auto exchange = network.exchange(5000, restored, book, steps);
      network.receive_until_quiet();
      put_back(network, backup);
      network.ok(restored, {"restore"});
      network.settle_all_exchanges();
      if (steps == 2) {
        BOOST_TEST(network.state(5000, exchange) == "aborted");
        const std::string again = network.request(5000, restored, book);
        network.settle_all_exchanges();
        BOOST_TEST(network.state(5000, again) == "committed");
      } else {
        BOOST_TEST(network.state(5000, exchange) == "committed");
        BOOST_TEST(network.ok(5000, {"show-chain"})["blocks"][0]["transactions"][0]["form"] == "settled");
      }
      BOOST_TEST(network.on_shelf(5000, book));
      BOOST_TEST(!network.on_shelf(restored, book));
      for (const int port : network.ports()) {
        BOOST_TEST(network.ok(port, {"evidence", "list"})["evidence"].empty(), port);
      }
    }
  }
}

// Nobody is asked for it, and it is in no block: the owner is free to release the key after all.
BOOST_AUTO_TEST_CASE(a_forgotten_abort_that_is_in_no_block_stays_forgotten) {
  const Network network;
  const auto given_up = network.exchange(5000, restored, network.book_of(restored), 4);
  const auto other = network.exchange(5002, 5001, network.book_of(5001), 7);
  network.receive_until_quiet();
  const auto backup = network.scratch("backup");
  copy_folder(network.home(restored), backup);
  network.ok(restored, {"abort", given_up});
  for (const int port : {5000, 5001, 5002, restored}) network.ok(port, {"receive"});
  // The proposal with the ABORT reaches 5002 alone.
  const auto waiting = network.ok(5002, {"inbox"})["messages"];
  BOOST_TEST(std::ranges::any_of(waiting, [](const auto& each) { return each["type"] == "propose"; }));
  network.ok(5002, {"receive"});
  for (const int port : {5000, 5001}) {
    const auto delivered = network.home(port) / "spool" / "5003" / "new";
    fs::remove_all(delivered);
    fs::create_directory(delivered);
  }
  put_back(network, backup);
  network.ok(restored, {"restore"});
  network.receive_until_quiet();
  network.ok(5002, {"mine", other});
  network.receive_until_quiet();
  BOOST_TEST(network.state(5002, other) == "committed");
  BOOST_TEST(network.show(restored, given_up)["due"] == "release");
  network.settle_all_exchanges();
  BOOST_TEST(network.state(5000, given_up) == "committed");
  BOOST_TEST(network.equal_chains() == 2);
}

BOOST_AUTO_TEST_SUITE_END()

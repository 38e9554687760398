// `serve` where the other side of an exchange dies or stops after the consent (docs/protocol.md, section 5): what was
// begun is completed without it, and when it comes back it finds that out. No exchange ends by time alone.
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <memory>
#include <thread>

#include "tests/cli/roles.hpp"
#include "tests/cli/serving.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

struct RecoveryStage {
  Network network;
  std::string book = network.book_of(owner);
  std::vector<std::unique_ptr<Background>> servers;

  void serve(int port, const Words& options) { servers.push_back(serve_in_background(network, port, options)); }
  void witnesses_serve() {
    serve(5002, {});
    serve(5003, {});
  }
  /// Waits until the exchange is in that state at that peer.
  [[nodiscard]] bool comes_to(int port, const std::string& exchange, const std::string& state) const {
    for (int i = 0; i < 200; ++i) {
      if (network.state(port, exchange) == state) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
  /// On the chain of a peer at which the exchange is committed; the others may not have the block yet.
  [[nodiscard]] std::string form_of_last_transfer(int at) const {
    return network.ok(at, {"show-chain", "--tail", "1"})["blocks"][0]["transactions"][0]["form"];
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

BOOST_AUTO_TEST_CASE(a_requester_whose_owner_died_after_the_consent_gets_book_and_key_from_the_witnesses) {
  RecoveryStage stage;
  const auto id = stage.network.exchange(requester, owner, stage.book, 3);
  stage.witnesses_serve();
  stage.serve(requester, {"--recover-after", "1"});
  BOOST_TEST(stage.comes_to(requester, id, "committed"));
  BOOST_TEST(stage.form_of_last_transfer(requester) == "claimed");
  for (int i = 0; i < 100 && !stage.network.on_shelf(requester, stage.book); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  BOOST_TEST(stage.network.on_shelf(requester, stage.book));
  BOOST_TEST(mentions(stage.servers.back()->out_so_far(), "5001 is silent: going on without the owner"));
  // The owner that comes back finds the book gone.
  stage.serve(owner, {});
  BOOST_TEST(stage.comes_to(owner, id, "committed"));
  BOOST_TEST(!stage.network.on_shelf(owner, stage.book));
}

BOOST_AUTO_TEST_CASE(an_owner_that_is_stopped_and_goes_on_later_finds_its_book_claimed) {
  RecoveryStage stage;
  const auto id = stage.network.exchange(requester, owner, stage.book, 2);
  stage.network.receive_until_quiet();
  stage.serve(owner, {"--manual"});
  stage.network.ok(requester, {"consent", id});
  BOOST_TEST(stage.comes_to(owner, id, "consented"));
  stage.servers.back()->signal(SIGSTOP);
  stage.witnesses_serve();
  stage.serve(requester, {"--recover-after", "1"});
  BOOST_TEST(stage.comes_to(requester, id, "committed"));
  stage.servers.front()->signal(SIGCONT);
  BOOST_TEST(stage.comes_to(owner, id, "committed"));
  BOOST_TEST(!stage.network.on_shelf(owner, stage.book));
}

BOOST_AUTO_TEST_CASE(an_owner_whose_requester_died_after_the_consent_has_the_transfer_settled) {
  RecoveryStage stage;
  const auto id = stage.network.exchange(requester, owner, stage.book, 3);
  stage.witnesses_serve();
  stage.serve(owner, {"--recover-after", "1"});
  BOOST_TEST(stage.comes_to(owner, id, "committed"));
  BOOST_TEST(stage.form_of_last_transfer(owner) == "settled");
  BOOST_TEST(!stage.network.on_shelf(owner, stage.book));
  // The requester, when it comes back, has the book.
  stage.serve(requester, {});
  BOOST_TEST(stage.comes_to(requester, id, "committed"));
  for (int i = 0; i < 100 && !stage.network.on_shelf(requester, stage.book); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  BOOST_TEST(stage.network.on_shelf(requester, stage.book));
}

// Here it is gone before the GRANT is read. The owner knows that the GRANT has come, so it sends nothing again by
// itself.
BOOST_AUTO_TEST_CASE(an_encrypted_book_that_was_spoiled_on_its_way_is_asked_for_again) {
  RecoveryStage stage;
  const auto id = stage.network.exchange(requester, owner, stage.book, 2);
  const auto package = stage.network.home(requester) / "spool" / std::to_string(owner) / "new" / (id + ".package");
  BOOST_REQUIRE(boost::filesystem::remove(package));
  stage.network.receive_until_quiet();
  BOOST_TEST(stage.network.state(requester, id) == "granted");
  stage.witnesses_serve();
  stage.serve(owner, {});
  stage.serve(requester, {"--recover-after", "1"});
  BOOST_TEST(stage.comes_to(requester, id, "committed"));
  BOOST_TEST(stage.network.on_shelf(requester, stage.book));
  BOOST_TEST(mentions(stage.servers.back()->out_so_far(), "5001 is silent: asking again for the encrypted book"));
}

BOOST_AUTO_TEST_CASE(told_never_to_recover_serve_waits) {
  for (const auto* never : {"never", "0"}) {
    RecoveryStage stage;
    const auto id = stage.network.exchange(requester, owner, stage.book, 3);
    stage.witnesses_serve();
    stage.serve(requester, {"--recover-after", never, "--until-idle=2"});
    BOOST_TEST(stage.servers.back()->wait().exit_code == 5);
    BOOST_TEST(stage.network.state(requester, id) == "consented");
  }
  const Network network;
  network.refused(requester, {"serve", "--recover-after", "soon"}, 2, "usage");
}

// Before the consent nothing is recorded by anybody, however long it takes.
BOOST_AUTO_TEST_CASE(before_the_consent_there_is_nothing_to_recover_for_an_owner) {
  RecoveryStage stage;
  const auto id = stage.network.exchange(requester, owner, stage.book, 2);
  stage.serve(owner, {"--recover-after", "0.1", "--until-idle=2"});
  BOOST_TEST(stage.servers.back()->wait().exit_code == 5);
  BOOST_TEST(stage.network.state(owner, id) == "granted");
}

BOOST_AUTO_TEST_SUITE_END()

// What status says of the other peers: who was heard and when, who does not answer, who is in another network.
#include <boost/filesystem/operations.hpp>
#include <csignal>

#include "tests/cli/owners.hpp"
#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

}  // namespace

BOOST_AUTO_TEST_SUITE(status_peers)

BOOST_AUTO_TEST_CASE(status_shows_a_peer_of_another_network_and_one_that_does_not_answer) {
  const Owners owners;
  RunOptions noon;
  noon.environment["BOOKCHAIN_CLOCK"] = "2026-01-31T12:00:00Z";
  RunOptions later;
  later.environment["BOOKCHAIN_CLOCK"] = "2026-01-31T12:05:00Z";
  for (std::size_t i = 0; i < 4; ++i) BOOST_REQUIRE(owners.keygen(i, {"--seed", "s"}).exit_code == 0);
  BOOST_REQUIRE(owners.assemble().exit_code == 0);
  // 5001 joins with another file of the same cards.
  Words other{"init", (owners.scratch / "other").string(), "--work-bits", "9", "--cards"};
  for (std::size_t i = 0; i < 4; ++i) other.push_back((owners.home(i) / "card.yaml").string());
  const auto other_network = Owners::json(other).json();
  for (const std::size_t i : {0U, 2U, 3U}) BOOST_REQUIRE(owners.join(i).exit_code == 0);
  BOOST_REQUIRE(Owners::json({"--home", owners.home(1).string(), "join", other_network["file"]}).exit_code == 0);
  const auto at = [&](std::size_t i, const std::string& command, const RunOptions& clock) {
    return run({"--home", owners.home(i).string(), command}, clock);
  };
  BOOST_REQUIRE(run({"--home", owners.home(0).string(), "add-book", "--value", "3"}, noon).exit_code == 0);
  BOOST_REQUIRE(run({"--home", owners.home(1).string(), "add-book", "--value", "4"}, noon).exit_code == 0);
  for (std::size_t i = 2; i < 4; ++i) BOOST_REQUIRE(at(i, "receive", noon).exit_code == 0);
  BOOST_REQUIRE(at(0, "receive", noon).exit_code == 0);
  const auto peers = owners.at(0, {"status"}).json()["peers"];
  BOOST_TEST(peers[1]["other_network"] == other_network["network"]);
  BOOST_TEST(peers[1]["unanswered"] == 1);
  BOOST_TEST(peers[1]["unanswered_since"] == 1'769'860'800'000'000);
  BOOST_TEST(peers[0]["heard"].is_null());
  BOOST_TEST(peers[1]["heard"] == false);
  BOOST_TEST(peers[1]["heard_at"].is_null());
  BOOST_TEST(peers[2]["heard_at"] == 1'769'860'800'000'000);
  BOOST_TEST(peers[2]["heard_time"] == "2026-01-31T12:00:00.000000Z");
  BOOST_TEST(peers[2]["heard"] == true);
  BOOST_TEST(peers[2]["other_network"].is_null());
  BOOST_TEST(peers[2]["unanswered"] == 0);
  BOOST_TEST(peers[2]["unanswered_since"].is_null());
  BOOST_TEST(!mentions(at(0, "status", noon).out, "does not answer"));
  const auto told = at(0, "status", later).out;
  BOOST_TEST(mentions(told, "5001 does not answer: 1 message waits"));
  BOOST_TEST(mentions(told,
                      "5001 may be in another network: what was delivered in the name of 5001 is for another "
                      "network, " +
                          other_network["fingerprint"].get<std::string>()),
             told);
  BOOST_TEST(peers[1]["other_network_by"] == "delivery");
  // A peer that was heard before may have been given another file since: what comes after that is told, not before.
  const auto bad = owners.home(0) / "spool" / "5002" / "bad";
  fs::create_directories(bad);
  fs::path foreign;
  for (const auto& entry : fs::directory_iterator(owners.home(0) / "spool" / "5001" / "bad")) {
    if (entry.path().extension().empty()) foreign = entry.path();
  }
  auto content = read_file(foreign);
  // The sender, after the magic of the file, the size of the envelope, the version and the network.
  constexpr std::size_t place_of_sender = 17 + 4 + 1 + 32;
  BOOST_REQUIRE(content.substr(place_of_sender, 2) == "\x13\x89");
  content[place_of_sender + 1] = '\x8a';
  write_file(bad / "0001", content);
  write_file(bad / "0001.reason", "");
  const auto seen = [&](std::time_t delivered) {
    fs::last_write_time(bad / "0001.reason", delivered);
    return owners.at(0, {"status"}).json()["peers"][2]["other_network"];
  };
  BOOST_TEST(seen(1'769'860'799).is_null());
  BOOST_TEST(seen(1'769'860'801) == other_network["network"]);
  fs::remove_all(bad);
  fs::last_write_time(foreign.string() + ".reason", 1'769'860'800);
  BOOST_TEST(peers[2]["other_network_by"].is_null());
  BOOST_TEST(!mentions(told, "5002 does not answer"));
  BOOST_TEST(mentions(told, "2026-01-31 12:00:00 "), told);
  // Once it has joined the right one it is heard, and the line is gone.
  fs::remove_all(owners.home(1));
  BOOST_REQUIRE(owners.keygen(1, {"--seed", "s"}).exit_code == 0);
  BOOST_REQUIRE(owners.join(1).exit_code == 0);
  BOOST_REQUIRE(run({"--home", owners.home(1).string(), "add-book", "--value", "5"}, later).exit_code == 0);
  BOOST_REQUIRE(at(0, "receive", later).exit_code == 0);
  BOOST_TEST(!mentions(at(0, "status", later).out, "another network"));
  BOOST_TEST(owners.at(0, {"status"}).json()["peers"][1]["heard_at"] == 1'769'861'100'000'000);
  // It is for showing alone: without it nothing else is missing.
  for (const auto* rubbish : {"", "rubbish"}) {
    write_file(owners.home(0) / "contacts", rubbish);
    const auto shown = owners.at(0, {"status"}).json()["peers"][1];
    BOOST_TEST(shown["heard"] == true);
    BOOST_TEST(shown["heard_at"].is_null());
  }
  fs::remove(owners.home(0) / "contacts");
  BOOST_TEST(mentions(at(0, "status", later).out, " yes "));
}

BOOST_AUTO_TEST_CASE(over_sockets_status_shows_a_peer_of_another_network_and_when_the_others_were_heard) {
  const Owners owners;
  const auto address = [&](std::size_t i) { return "socket:" + (owners.home(i) / "socket").string(); };
  for (std::size_t i = 0; i < 4; ++i) BOOST_REQUIRE(owners.keygen(i, {"--address", address(i)}).exit_code == 0);
  const auto network = owners.assemble().json();
  Words other{"init", (owners.scratch / "other").string(), "--work-bits", "9", "--cards"};
  for (std::size_t i = 0; i < 4; ++i) other.push_back((owners.home(i) / "card.yaml").string());
  const auto other_network = Owners::json(other).json();
  for (const std::size_t i : {0U, 2U, 3U}) BOOST_REQUIRE(owners.join(i).exit_code == 0);
  BOOST_REQUIRE(Owners::json({"--home", owners.home(1).string(), "join", other_network["file"]}).exit_code == 0);
  const auto before = std::chrono::system_clock::now().time_since_epoch() / std::chrono::microseconds(1);
  std::vector<std::unique_ptr<Background>> servers;
  for (std::size_t i = 0; i < 4; ++i) {
    servers.push_back(std::make_unique<Background>(Words{"--home", owners.home(i).string(), "serve"}));
  }
  BOOST_REQUIRE(owners.at(2, {"add-book", "--value", "3"}).exit_code == 0);
  const auto peer = [&](std::size_t at, std::size_t of) { return owners.at(at, {"status"}).json()["peers"][of]; };
  BOOST_TEST(becomes_true(30, [&] { return peer(0, 2)["heard_at"].is_number(); }));
  BOOST_TEST(peer(0, 2)["heard_at"] >= before);
  BOOST_TEST(peer(0, 2)["other_network"].is_null());
  // Each of the two calls the other, and neither gets through.
  BOOST_TEST(becomes_true(30, [&] { return peer(0, 1)["other_network"] == other_network["network"]; }));
  BOOST_TEST(becomes_true(30, [&] { return peer(1, 0)["other_network"] == network["network"]; }));
  BOOST_TEST(peer(0, 1)["heard"] == false);
  const auto told = run({"--home", owners.home(0).string(), "status"}).out;
  BOOST_TEST(mentions(told,
                      "5001 may be in another network: over a socket somebody speaks in the name of 5001 for "
                      "another network, " +
                          other_network["fingerprint"].get<std::string>()),
             told);
  BOOST_TEST(peer(0, 1)["other_network_by"] == "call");
  for (const auto& server : servers) server->signal(SIGTERM);
  for (const auto& server : servers) BOOST_TEST(server->wait().exit_code == 0);
  // Who only calls, with each command, is told by the one that it calls.
  servers.clear();
  servers.push_back(std::make_unique<Background>(Words{"--home", owners.home(1).string(), "serve"}));
  fs::remove(owners.home(3) / "contacts");
  BOOST_TEST(becomes_true(30, [&] {
    BOOST_TEST(owners.at(3, {"receive"}).exit_code == 0);
    return peer(3, 1)["other_network"] == other_network["network"];
  }));
  servers.front()->signal(SIGTERM);
  BOOST_TEST(servers.front()->wait().exit_code == 0);
  // Who types a command is heard by those that serve, and hears them.
  servers.clear();
  servers.push_back(std::make_unique<Background>(Words{"--home", owners.home(2).string(), "serve"}));
  fs::remove(owners.home(3) / "contacts");
  BOOST_TEST(becomes_true(30, [&] {
    BOOST_TEST(owners.at(3, {"add-book", "--value", "4"}).exit_code == 0);
    return peer(3, 2)["heard_at"].is_number();
  }));
}

BOOST_AUTO_TEST_SUITE_END()

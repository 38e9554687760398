// Who comes to a spool where the peers are users of their own: a home that was put back or moved is reached again, and
// nobody takes the place of another's spool. Needs root; skipped, and said to be, otherwise.
#include <csignal>

#include "tests/cli/four_users.hpp"
#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

std::string network_file(const FourUsers& users) { return users.scratch("common").string() + "/network.yaml"; }

/// What 5000 does with a copy of its home, as its own user, in the folder above it.
void as_owner(const FourUsers& users, const std::string& lines) {
  users.check_allowed(0, "set -e; cd " + users.home(0).parent_path().string() + "; " + lines);
}

/// Everybody receives until nothing comes any more; nothing of anybody may lie undelivered.
void receive_all(const FourUsers& users) {
  std::size_t quiet = 0;
  for (int round = 0; round < 40 && quiet < 2; ++round) {
    std::size_t came = 0;
    for (std::size_t i = 0; i < 4; ++i) came += users.ok(i, {"receive"})["received"].size();
    quiet = came == 0 ? quiet + 1 : 0;
  }
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(users.ok(i, {"status"})["undelivered"].empty());
}

/// 5002 gets a book of 5001, and mines it when only the peers `voters` are there.
Json exchange_voted_by(const FourUsers& users, const std::vector<std::size_t>& voters) {
  const auto book = users.add_file(1, 40'000);
  receive_all(users);
  const std::string exchange = users.ok(2, {"request", "--from", "5001", "--book", book})["exchange"];
  const auto show = [&] { return users.ok(2, {"show-exchange", exchange}); };
  for (int round = 0; round < 100 && show()["due"] != "mine"; ++round) {
    for (const std::size_t i : {0U, 1U, 3U}) (void)users.at(i, {"step"});
    users.ok(2, {"receive"});
    const auto due = show()["due"];
    if (!due.is_null() && due != "mine") (void)users.at(2, {due, exchange});
  }
  for (int round = 0; round < 100 && show()["state"] != "committed"; ++round) {
    for (const auto i : voters) (void)users.at(i, {"step"});
  }
  BOOST_TEST(show()["state"] == "committed");
  return users.ok(2, {"show-chain", "--tail", "1"})["blocks"][0];
}

/// 5000 votes: without 5003 a block needs it.
void check_that_it_votes(const FourUsers& users) {
  const auto block = exchange_voted_by(users, {0, 1, 2});
  BOOST_TEST(block["certificate"]["ports"] == Json({5000, 5001, 5002}));
  const auto status = users.ok(0, {"status"});
  BOOST_TEST(status["votes"] == true);
  BOOST_TEST(status["mute_until"].is_null());
}

/// The home is lost after a vote and put back as the documents say; `change` is done to the copy.
void put_back_and_check(const FourUsers& users, const std::string& change) {
  exchange_a_file(users);
  receive_all(users);
  as_owner(users, "flock home/lock cp -a home home.backup; " + change);
  exchange_a_file(users, 100'000);
  receive_all(users);
  as_owner(users, "mv home home.lost; cp -a home.backup home");
  users.ok(0, {"restore"});
  BOOST_TEST(mode_of(users.home(0) / "spool") == 03777U);
  BOOST_TEST(mode_of(users.home(0)) == 0711U);
  receive_all(users);
  const auto status = users.ok(0, {"status"});
  BOOST_TEST(status["votes"] == false);
  BOOST_TEST(status["mute_until"] > status["height"]);
  // One block that it may have voted on before.
  exchange_voted_by(users, {0, 1, 2, 3});
  check_that_it_votes(users);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(users_access)

BOOST_AUTO_TEST_CASE(a_home_put_back_by_its_user_is_reached_again) {
  if (skipped()) return;
  const FourUsers users;
  put_back_and_check(users, "true");
}

BOOST_AUTO_TEST_CASE(a_home_put_back_without_its_spool_is_reached_again) {
  if (skipped()) return;
  const FourUsers users;
  put_back_and_check(users, "rm -rf home.backup/spool");
}

// As `cp -r`, a copy to another file system, or an archive does.
BOOST_AUTO_TEST_CASE(a_home_put_back_without_its_modes_is_reached_again) {
  if (skipped()) return;
  const FourUsers users;
  put_back_and_check(users, "chmod 700 home.backup home.backup/spool home.backup/spool/*");
}

// It goes on where it was, so it is not to be told of: only the others must be told where it is.
BOOST_AUTO_TEST_CASE(a_home_copied_to_another_place_is_reached_there) {
  if (skipped()) return;
  const FourUsers users;
  exchange_a_file(users);
  receive_all(users);
  as_owner(users, "flock home/lock cp -a home moved; mv home gone; mv moved home");
  receive_all(users);
  check_that_it_votes(users);
  // The same where what the others are cannot be seen: then the user says so.
  for (std::size_t i = 1; i < 4; ++i) {
    users.check_allowed(i, "chmod 0 " + users.home(i).parent_path().string());
  }
  as_owner(users, "flock home/lock cp -a home moved; mv home gone.too; mv moved home");
  (void)users.at(0, {"receive"});  // nor can anything be delivered to them
  BOOST_TEST(fs::exists(users.spool(0, 1)));
  users.ok(0, {"join", network_file(users)});
  BOOST_TEST(!fs::exists(users.spool(0, 1)));
  for (std::size_t i = 1; i < 4; ++i) {
    users.check_allowed(i, "chmod 711 " + users.home(i).parent_path().string());
  }
  receive_all(users);
  check_that_it_votes(users);
}

BOOST_AUTO_TEST_CASE(join_again_sets_the_modes_that_the_home_has_joined_with) {
  if (skipped()) return;
  const FourUsers users;
  const auto spool = users.home(0) / "spool";
  users.ok(1, {"add-book", "--value", "7"});
  const auto waiting = snapshot(spool);
  users.ok(0, {"join", network_file(users)});
  BOOST_TEST((snapshot(spool) == waiting));
  as_owner(users, "chmod 700 home; chmod 755 home/spool");
  users.ok(0, {"join", network_file(users)});
  BOOST_TEST(mode_of(users.home(0)) == 0711U);
  BOOST_TEST(mode_of(spool) == 03777U);
  // Another access is said in config.yaml, and not guessed from an option.
  const auto refused = users.at(0, {"join", network_file(users), "--private"});
  BOOST_TEST(refused.exit_code == 3);
  BOOST_TEST(refused.token() == "home-exists");
  BOOST_TEST(mentions(refused.err, "access: \\\"private\\\""), refused.err);
  BOOST_TEST(mode_of(spool) == 03777U);
  as_owner(users, "sed -i 's/^access: .*/access: \"private\"/' home/config.yaml");
  users.ok(0, {"join", network_file(users), "--private"});
  BOOST_TEST(mode_of(users.home(0)) == 0700U);
  BOOST_TEST(mode_of(spool) == 0700U);
  users.check_denied(1, "ls " + spool.string());
  as_owner(users, "sed -i 's/^access: .*/access: group:61001/' home/config.yaml");
  users.ok(0, {"join", network_file(users)});
  BOOST_TEST(mode_of(users.home(0)) == 0710U);
  BOOST_TEST(mode_of(spool) == 03777U);
  BOOST_TEST(users.at(0, {"join", network_file(users), "--group", "61002"}).token() == "home-exists");
  as_owner(users, "chmod 777 home/spool");
  const auto open = users.at(0, {"receive"});
  BOOST_TEST(open.token() == "permission");
  BOOST_TEST(mentions(open.err, "chmod 3777"), open.err);
}

// Whoever made it could read and remove all that is delivered there.
BOOST_AUTO_TEST_CASE(a_spool_that_another_user_made_is_not_taken) {
  if (skipped()) return;
  const TemporaryDirectory common;
  ::chmod(common.get().c_str(), 01777);
  const FourUsers users({}, {{}, {}, common.get(), false});
  const auto check = [&](const Ended& ended, const std::string& hint) {
    BOOST_TEST(ended.exit_code == 1);
    BOOST_TEST(ended.token() == "permission");
    BOOST_TEST(mentions(ended.err, "belongs to another user (#61004)"), ended.err);
    BOOST_TEST(mentions(ended.err, hint), ended.err);
  };
  const auto taken = (common / "5001").string();
  users.check_allowed(3, "mkdir " + taken + "; chmod 3777 " + taken);
  check(users.at(1, {"join", network_file(users)}), "join --spool");
  BOOST_TEST(!fs::exists(users.home(1) / "config.yaml"));
  users.check_allowed(3, "rmdir " + taken);
  users.ok(1, {"join", network_file(users)});
  users.check_allowed(1, "rm -rf " + taken);
  users.check_allowed(3, "mkdir " + taken + "; chmod 3777 " + taken);
  check(users.at(1, {"receive"}), "`spool` in config.yaml");
  // An administrator's is a share, and stays as it was made.
  const auto share = common / "5002";
  fs::create_directory(share);
  BOOST_REQUIRE(::chown(share.c_str(), 0, FourUsers::user(2)) == 0);
  BOOST_REQUIRE(::chmod(share.c_str(), 03777) == 0);
  users.ok(2, {"join", network_file(users)});
  users.ok(0, {"join", network_file(users)});
  users.check_allowed(3, "rmdir " + taken);
  (void)users.at(0, {"add-book", "--value", "7"});  // 5001 and 5003 have no spool
  BOOST_TEST(users.ok(2, {"receive"})["received"].size() == 1);
}

BOOST_AUTO_TEST_CASE(a_group_is_kept_apart_also_where_the_spool_lies_outside_the_home_or_join_refuses) {
  if (skipped()) return;
  const FourUsers users({}, {{}, {}, {}, false});
  const auto outside = users.home(0).parent_path() / "outside";
  const Words join{"join", network_file(users), "--group", "61001", "--spool", (outside / "spool").string()};
  as_owner(users, "mkdir outside");
  const auto refused = users.at(0, join);
  BOOST_TEST(refused.exit_code == 1);
  BOOST_TEST(refused.token() == "permission");
  BOOST_TEST(mentions(refused.err, "chgrp 61001 " + outside.string() + " && chmod 710 "), refused.err);
  BOOST_TEST(!fs::exists(outside / "spool"));
  as_owner(users, "chgrp 61001 outside && chmod 710 outside");
  users.ok(0, join);
  users.check_denied(1, "ls " + (outside / "spool").string());
}

BOOST_AUTO_TEST_CASE(join_as_another_peer_than_the_home_is_of_makes_nothing) {
  if (skipped()) return;
  const FourUsers users({}, {{}, {}, {}, false});
  const auto refused = users.at(0, {"-p", "5001", "join", network_file(users)});
  BOOST_TEST(refused.exit_code == 2);
  BOOST_TEST(!fs::exists(users.home(0) / "spool"));
  BOOST_TEST(!fs::exists(users.home(0) / "config.yaml"));
}

// A message that goes nowhere because of a mode must not look like one that was sent.
BOOST_AUTO_TEST_CASE(a_socket_that_is_closed_to_other_users_is_said_to_be_and_how_it_is_opened) {
  if (skipped()) return;
  const FourUsers users({}, {{}, {}, {}, false, {0}});
  const auto told = [&](std::size_t i, Words words) {
    words.insert(words.begin(), {"--home", users.home(i).string()});
    const auto ended = run(words, users.as(i));
    BOOST_TEST(ended.exit_code == 0, ended.err);
    return ended.err;
  };
  const auto joined = told(0, {"join", network_file(users)});
  BOOST_TEST(mentions(joined, "socket_mode: \"0666\""), joined);
  for (const std::size_t i : {1U, 2U, 3U}) {
    BOOST_TEST(!mentions(told(i, {"join", network_file(users)}), "socket_mode"));
  }
  const auto serve = [&] { return std::make_unique<Background>(users.words_of(0, {"serve"}), users.as(0)); };
  const auto listens = [&] { return fs::exists(users.home(0) / "socket"); };
  auto server = serve();
  BOOST_REQUIRE(becomes_true(30, listens));
  const auto added = told(1, {"add-book", "--value", "4"});
  BOOST_TEST(mentions(added, "may not connect to 5000: the messages wait in the outbox until socket_mode"), added);
  users.ok(0, {"add-book", "--value", "5"});
  users.ok(1, {"receive"});
  const auto asked = users.ok(1, {"request", "--from", "5000", "--book", "5"});
  for (const auto& sent : asked["sent"]) {
    const bool waits = sent.contains("delivered") && !sent["delivered"];
    BOOST_TEST(waits == (sent["to"] == 5000), asked.dump());
  }
  server->signal(SIGTERM);
  BOOST_TEST(server->wait().exit_code == 0);
  const auto config = users.home(0) / "config.yaml";
  write_file(config, read_file(config) + "socket_mode: \"0666\"\n");
  server = serve();
  BOOST_REQUIRE(becomes_true(30, listens));
  BOOST_TEST(!mentions(told(1, {"receive"}), "may not connect"));
  BOOST_TEST(users.ok(1, {"status"})["undelivered"].empty());
}

BOOST_AUTO_TEST_SUITE_END()

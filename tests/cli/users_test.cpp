// Four peers as four users of one host: they hand over a book, and nobody reads, forges, changes, deletes or fills
// up what is another's. Needs root, which alone can act as other users; skipped, and said to be, otherwise.
#include <algorithm>

#include "cli/host_access.hpp"
#include "tests/cli/abuse.hpp"
#include "tests/cli/four_users.hpp"
#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

std::size_t files_in(const path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(users)

BOOST_AUTO_TEST_CASE(an_exchange_of_a_file_between_four_users_ends_committed) {
  if (skipped()) return;
  exchange_a_file(FourUsers());
}

BOOST_AUTO_TEST_CASE(whatever_the_umask_they_can_deliver_to_each_other) {
  if (skipped()) return;
  exchange_a_file(FourUsers({}, {{}, "077"}));
}

BOOST_AUTO_TEST_CASE(members_of_a_group_deliver_to_each_other_and_nobody_else_does) {
  if (skipped()) return;
  const std::string group = "61100";
  const FourUsers users({"--group", group}, {group, {}});
  exchange_a_file(users);
  constexpr std::size_t outsider = 4;
  for (std::size_t i = 0; i < 4; ++i) {
    users.check_denied(outsider, "ls " + (users.home(i) / "spool").string());
    users.check_denied(outsider, "mkdir " + users.spool(i, outsider).string());
  }
}

// What any user can do to what is in the homes: thief_test.cpp.
BOOST_AUTO_TEST_CASE(what_waits_is_for_its_receiver_alone) {
  if (skipped()) return;
  const FourUsers users;
  const auto book = users.add_file(1, 5000);
  users.ok(0, {"receive"});
  users.ok(0, {"request", "--from", "5001", "--book", book});
  // A message and a package of 5001 wait at 5000, a message of 5000 at 5002.
  users.ok(1, {"receive"});
  users.ok(1, {"grant"});
  const auto package = users.spool(0, 1) / "new";
  BOOST_TEST(files_in(package) > 1);
  for (const std::size_t thief : {2U, 3U}) {
    users.check_denied(thief, "ls " + package.string());
    for (const auto& entry : fs::directory_iterator(package)) {
      users.check_denied(thief, "cat " + entry.path().string());
      users.check_denied(thief, "rm -f " + entry.path().string());
      users.check_denied(thief, "echo x >> " + entry.path().string());
      users.check_denied(thief, "ln " + entry.path().string() + " " +
                                    users.scratch("user" + std::to_string(thief)).string() + "/stolen");
    }
    users.check_denied(thief, "touch " + package.string() + "/forged");
    users.check_denied(thief, "rm -rf " + users.spool(0, 1).string());
    users.check_denied(thief, "mv " + users.spool(0, 1).string() + " " + users.spool(0, 1).string() + ".away");
    users.check_denied(thief, "chmod 777 " + users.spool(0, 1).string());
  }
  // The one they are for can read them, and take them away.
  users.check_allowed(0, "ls " + package.string());
  for (const auto& entry : fs::directory_iterator(package)) users.check_allowed(0, "cat " + entry.path().string());
  BOOST_TEST(!users.ok(0, {"receive"})["received"].empty());
  BOOST_TEST(files_in(package) == 0);
}

// What a sender does to its own delivery before it is taken harms nobody: it is refused, and comes again whole.
BOOST_AUTO_TEST_CASE(a_delivery_that_its_sender_changed_or_took_back_changes_nothing) {
  if (skipped()) return;
  const FourUsers users;
  const std::string noon = "2026-01-31T12:00:00Z";
  const std::string later = "2026-01-31T12:01:00Z";
  const std::string much_later = "2026-01-31T12:09:00Z";
  users.ok(1, {"add-book", "--value", "7"}, noon);
  const auto waiting = users.spool(0, 1) / "new";
  BOOST_REQUIRE(files_in(waiting) == 1);
  users.check_allowed(
      1, "for f in " + waiting.string() + "/*; do dd if=/dev/zero of=$f bs=1 seek=60 count=5 conv=notrunc; done");
  const auto received = users.ok(0, {"receive"}, noon)["received"];
  BOOST_REQUIRE(received.size() == 1);
  BOOST_TEST(received[0]["result"] == "refused");
  BOOST_TEST(received[0]["from"].is_null());
  BOOST_TEST(users.ok(0, {"list-books", "--all"})["books"].empty());
  users.ok(1, {"receive"}, later);
  users.check_allowed(1, "rm " + waiting.string() + "/*");
  BOOST_TEST(users.ok(0, {"receive"}, later)["received"].empty());
  users.ok(1, {"receive"}, much_later);
  BOOST_TEST(users.ok(0, {"receive"}, much_later)["received"][0]["result"] == "accepted");
  BOOST_TEST(users.ok(0, {"list-books", "--all"})["books"].size() == 1);
  // Taken: the sender cannot take it back.
  users.ok(1, {"receive"}, much_later);
  BOOST_TEST(users.ok(1, {"status"})["outbox"] == 2);  // to 5002 and 5003, which have not looked yet
  users.check_denied(1, "rm " + users.home(0).string() + "/state.sqlite");
}

BOOST_AUTO_TEST_CASE(one_who_fills_its_folder_with_rubbish_stops_nobody) {
  if (skipped()) return;
  const FourUsers users;
  const auto book = users.add_file(1, 50'000);
  users.ok(0, {"receive"});
  users.ok(3, {"add-book", "--value", "1"});
  // 5003 floods the requester, the owner and the other witness: files, folders, pipes and links.
  for (const std::size_t victim : {0U, 1U, 2U}) {
    const auto folder = (users.spool(victim, 3) / "new").string();
    users.check_allowed(3, "cd " + folder +
                               " && seq 4000 | sed s/^/0-/ | xargs touch && mkdir -p 1/2/3 && mkfifo 2 && "
                               "ln -s /dev/zero 3 && head -c 3000000 /dev/zero > 4 && mkdir 5 && chmod 0 5");
  }
  const auto servers = serve_others(users, 0);
  const auto ended = users.at(0, {"request", "--from", "5001", "--book", book, "--wait=90"});
  BOOST_TEST(ended.json()["state"] == "committed", ended.err);
}

// Some of it the receiver may not even open, and some is of somebody else altogether.
BOOST_AUTO_TEST_CASE(what_its_receiver_cannot_read_is_told_once_and_stops_nothing) {
  if (skipped()) return;
  const FourUsers users;
  users.ok(3, {"add-book", "--value", "9"});
  const auto folder = users.spool(0, 3) / "new";
  users.check_allowed(3, "cd " + folder.string() + " && echo x > 0-closed && chmod 0 0-closed");
  write_file(folder / "1-foreign", "of a third user");
  BOOST_REQUIRE(::chmod((folder / "1-foreign").c_str(), 0600) == 0);
  BOOST_REQUIRE(::chown((folder / "1-foreign").c_str(), FourUsers::user(2), FourUsers::user(2)) == 0);
  std::map<std::string, int> results;
  const auto received = users.ok(0, {"receive"})["received"];
  for (const auto& each : received) ++results[each["result"]];
  BOOST_TEST(results["accepted"] == 1);
  check_names(names_refused_in(received), {"0-closed", "1-foreign"});
  BOOST_TEST(users.ok(0, {"receive"})["received"].empty(), "nothing of it is told again");
  BOOST_TEST(files_in(folder) == 0);
}

// A quota binds only who keeps it; what the receiver does about the others leaves them a bounded part of the disk.
BOOST_AUTO_TEST_CASE(one_who_ignores_the_quota_keeps_little_and_stops_nobody) {
  if (skipped()) return;
  const FourUsers users;
  const auto config = users.home(0) / "config.yaml";
  write_file(config, read_file(config) + "quota:\n  bytes: 1048576\n");
  const auto book = users.add_file(1, 50'000);
  users.ok(0, {"receive"});
  users.ok(3, {"add-book", "--value", "1"});
  const auto folder = users.spool(0, 3).string();
  const std::string rubbish = "head -c 2000000 /dev/zero | tr '\\0' x > ";
  users.check_allowed(3, "cd " + folder + " && umask 007 && for i in 0 1 2 3 4 5 6 7; do " + rubbish + "new/mail$i; " +
                             rubbish + "new/.hidden$i; " + rubbish + "tmp/left$i; " + rubbish +
                             "new/$(printf %064d $i).package; " + rubbish +
                             "beside$i; done; mkdir -p new/tree tmp/tree cur && " + rubbish + "new/tree/leaf && " +
                             rubbish + "tmp/tree/leaf && " + rubbish + "cur/left");
  users.ok(0, {"receive"});
  // The newest in tmp/ and the newest hidden one may be on their way, and bad/ has its quota; nothing else stays.
  std::uintmax_t kept = 0;
  for (const auto& [file, content] : snapshot(folder)) kept += content.size();
  BOOST_TEST(kept >= 2 * 2'000'000U);
  BOOST_TEST(kept <= 2 * (2'000'000U + 1'048'576U) + 1'048'576U);
  const auto servers = serve_others(users, 0);
  const auto ended = users.at(0, {"request", "--from", "5001", "--book", book, "--wait=90"});
  BOOST_TEST(ended.json()["state"] == "committed", ended.err);
}

// Who is first could take another's place. The receiver who knows which user a peer is moves such a folder away.
BOOST_AUTO_TEST_CASE(a_folder_made_in_the_name_of_another_is_told_and_moved_away) {
  if (skipped()) return;
  const FourUsers users;
  // A mail of its own, which is sealed, and lies there as if 5001 had sent it.
  users.ok(3, {"add-book", "--value", "9"});
  users.check_allowed(3, "mkdir -p " + (users.spool(0, 1) / "new").string() + " && cp " +
                             (users.spool(0, 3) / "new").string() + "/* " + (users.spool(0, 1) / "new").string() +
                             " && chmod -R g+rwX " + users.spool(0, 1).string());
  const auto told = users.at(1, {"add-book", "--value", "7"});
  BOOST_TEST(told.exit_code == 1);
  BOOST_TEST(told.token() == "permission");
  BOOST_TEST(mentions(told.err, "another user has taken"));
  std::map<std::string, int> results;
  const auto received = users.ok(0, {"receive"})["received"];
  for (const auto& each : received) ++results[each["result"]];
  BOOST_TEST(results["accepted"] == 1);  // that of 5003 in its own folder
  BOOST_TEST(results["refused"] == 1);
  BOOST_TEST(users.ok(1, {"status"})["undelivered"][0]["port"] == 5000);
  const auto config = read_file(users.home(0) / "config.yaml");
  write_file(users.home(0) / "config.yaml", config + "users:\n  5001: \"61002\"\n");
  const auto moved = users.ok(0, {"receive"})["received"];
  BOOST_TEST(moved.size() == 1U);
  BOOST_TEST(mentions(moved.dump(), "another user had taken the folder of this sender"), moved.dump());
  users.ok(1, {"receive"});
  BOOST_TEST(users.ok(0, {"receive"})["received"][0]["result"] == "accepted");
  users.check_denied(3, "mkdir " + users.spool(0, 1).string());
  // The same while it serves.
  users.check_allowed(1, "rm -r " + users.spool(0, 1).string());
  Background server(users.words_of(0, {"serve"}), users.as(0));
  BOOST_REQUIRE(becomes_true(30, [&] { return !server.out_so_far().empty(); }));
  users.check_allowed(3, "mkdir " + users.spool(0, 1).string());
  BOOST_TEST(becomes_true(30, [&] { return mentions(server.out_so_far(), "another user had taken the folder"); }));
  BOOST_TEST(!boost::filesystem::exists(users.spool(0, 1)));
}

// Its own `bad` would be where nothing can be put aside: what it leaves is removed all the same.
BOOST_AUTO_TEST_CASE(who_closes_the_place_for_what_is_put_aside_fills_nothing) {
  if (skipped()) return;
  const FourUsers users;
  users.ok(3, {"add-book", "--value", "9"});
  const auto folder = users.spool(0, 3).string();
  users.check_allowed(3, "cd " + folder + " && umask 007 && mkdir -m 700 bad && for i in 1 2 3 4 5 6 7 8 9; do " +
                             "head -c 300000 /dev/zero | tr '\\0' x >new/$i; done");
  BOOST_TEST(users.ok(0, {"receive"})["received"].size() == 10U);
  for (const auto& [file, content] : snapshot(folder)) BOOST_TEST(content == "folder", file);
}

// A folder in which its receiver can remove nothing is told as a whole, by each command, for as long as it is so.
BOOST_AUTO_TEST_CASE(who_closes_its_folder_is_told_of_in_one_line_and_holds_nobody_up) {
  if (skipped()) return;
  const FourUsers users;
  users.ok(3, {"add-book", "--value", "9"});
  users.check_allowed(3, "cd " + (users.spool(0, 3) / "new").string() +
                             " && umask 007 && seq -f 0-%.0f 2000 | xargs touch && chmod g-w .");
  users.ok(1, {"add-book", "--value", "7"});
  for (int again = 0; again < 2; ++again) {
    const auto received = users.ok(0, {"receive"})["received"];
    const auto is_refused = [](const auto& each) { return each["result"] == "refused"; };
    BOOST_TEST(std::ranges::count_if(received, is_refused) == 1);
    BOOST_TEST(mentions(received.dump(), "nothing is taken in: 2001 files wait"), received.dump());
  }
  BOOST_TEST(users.ok(0, {"list-books", "--all"})["books"].size() == 1U);  // of 5001
  users.check_allowed(3, "chmod g+w " + (users.spool(0, 3) / "new").string());
  users.ok(0, {"receive"});
  BOOST_TEST(users.ok(0, {"list-books", "--all"})["books"].size() == 2U);
}

// Of trees that are empty any number is gone at one look, down to what the quota allows.
BOOST_AUTO_TEST_CASE(who_makes_thousands_of_folders_in_a_spool_leaves_as_many_as_the_quota_allows) {
  if (skipped()) return;
  const FourUsers users;
  const auto spool = (users.home(0) / "spool").string();
  users.ok(0, {"receive"});
  users.check_allowed(3, "cd " + spool + " && seq -f folder%.0f 15000 | xargs mkdir");
  users.ok(0, {"receive"});
  const auto left = users.shell(0, "ls " + spool + " | grep -c folder");
  BOOST_TEST(std::stoi(left.out) <= 10'000);
}

// What others in a home may not write or read is refused as the keys are: the state has the keys of granted books.
BOOST_AUTO_TEST_CASE(a_state_or_configuration_that_others_reach_is_refused) {
  if (skipped()) return;
  const FourUsers users;
  const auto check = [&](const std::string& mode, const std::string& name, bool refused) {
    const auto file = (users.home(0) / name).string();
    users.check_allowed(0, "chmod " + mode + " " + file);
    const auto ended = users.at(0, {"status"});
    BOOST_TEST((ended.exit_code == 1) == refused, name << " " << mode << ": " << ended.err);
    if (refused) {
      BOOST_TEST(ended.token() == "permission");
      BOOST_TEST(mentions(ended.err, "chmod go-rwx " + file), ended.err);
    }
    users.check_allowed(0, "chmod 600 " + file);
  };
  for (const auto* name : {"config.yaml", "network.yaml"}) {
    check("644", name, false);
    check("620", name, true);
    check("602", name, true);
  }
  check("640", "state.sqlite", true);
  check("604", "state.sqlite", true);
  // Where nobody else can enter the home, the mode of what is in it is nobody's business.
  users.check_allowed(0, "chmod 700 " + users.home(0).string());
  check("644", "state.sqlite", false);
}

BOOST_AUTO_TEST_CASE(with_a_group_or_private_others_do_not_even_reach_the_spool) {
  if (skipped()) return;
  const FourUsers alone({"--private"});
  alone.check_denied(1, "ls " + (alone.home(0) / "spool").string());
  const auto ended = alone.at(1, {"add-book", "--value", "7"});
  BOOST_TEST(ended.exit_code == 1);
  BOOST_TEST(ended.token() == "permission");
  BOOST_TEST(mentions(ended.err, "this user cannot enter the spool of peer 5000"), ended.err);
  // A join that was cut short is made again, with other options.
  const auto join_again = [&](const std::string& group) {
    const auto home = alone.home(0).string();
    alone.check_allowed(0, "rm -rf " + home + "/config.yaml " + home + "/spool");
    return alone.at(0, {"join", alone.scratch("common").string() + "/network.yaml", "--group", group});
  };
  const auto own_group = std::to_string(FourUsers::user(0));
  BOOST_TEST(join_again(own_group).exit_code == 0);
  BOOST_TEST((fs::status(alone.home(0)).permissions() == fs::perms(0710)));
  alone.check_denied(1, "ls " + (alone.home(0) / "spool").string());
  const auto foreign = join_again(std::to_string(FourUsers::user(1)));
  BOOST_TEST(foreign.exit_code == 1);
  BOOST_TEST(foreign.token() == "permission");
  BOOST_TEST(join_again("no-such-group").exit_code == 2);
}

BOOST_AUTO_TEST_CASE(what_is_open_to_others_is_refused_with_what_to_do) {
  if (skipped()) return;
  const FourUsers users;
  const auto check = [&](const std::string& lines, const std::string& what) {
    users.check_allowed(0, lines);
    const auto ended = users.at(0, {"receive"});
    BOOST_TEST(ended.exit_code == 1, lines);
    BOOST_TEST(ended.token() == "permission", lines);
    BOOST_TEST(mentions(ended.err, what), ended.err);
  };
  const auto home = users.home(0).string();
  check("chmod 644 " + home + "/keys.yaml", "chmod 600");
  check("chmod 600 " + home + "/keys.yaml; chmod 777 " + home, "chmod go-w");
  check("chmod 711 " + home + "; chmod 777 " + home + "/spool", "chmod 3777");
  users.check_allowed(0, "chmod 3777 " + home + "/spool");
  users.ok(0, {"receive"});
  // A sender that closes its folder is not heard, and stops nobody.
  users.ok(1, {"add-book", "--value", "7"});
  users.ok(2, {"add-book", "--value", "8"});
  users.check_allowed(1, "chmod 0 " + users.spool(0, 1).string());
  users.check_allowed(3, "mkdir -m 777 " + users.spool(0, 3).string());
  const auto received = users.ok(0, {"receive"})["received"];
  std::vector<std::string> results;
  for (const auto& each : received) results.push_back(each["result"]);
  BOOST_TEST(std::ranges::count(results, "accepted") == 1);
}

BOOST_AUTO_TEST_SUITE_END()

// Of its own: not every host has such a group, and skipping it must not hide how the others end.
BOOST_AUTO_TEST_SUITE(users_of_a_crowded_group)

// The receiver reads what is delivered as a member of the group, and so would everybody else in it.
BOOST_AUTO_TEST_CASE(who_shares_its_group_with_others_joins_only_if_it_says_so) {
  if (skipped()) return;
  const FourUsers users({}, {{}, {}, {}, false});
  constexpr gid_t crowded = 65534;  // nogroup: the first group of several users of the system
  if (bookchain::cli::others_in_group(crowded).empty()) {
    std::cerr << "SKIPPED: this host has no group of several users\n";
    return;
  }
  const auto join = [&](const Words& more) {
    auto words = users.words_of(0, {"join", (users.scratch("common") / "network.yaml").string()});
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.begin(), {"--reuid=" + std::to_string(FourUsers::user(0)), "--regid=" + std::to_string(crowded),
                                 "--clear-groups", users.as(0).program});
    RunOptions options;
    options.program = "/usr/bin/setpriv";
    return run(words, options);
  };
  const auto refused = join({});
  BOOST_TEST(refused.exit_code == 1);
  BOOST_TEST(refused.token() == "permission");
  BOOST_TEST(mentions(refused.err, "join --trust-group"), refused.err);
  BOOST_TEST(!boost::filesystem::exists(users.home(0) / "spool"));
  const auto accepted = join({"--trust-group"});
  BOOST_TEST(accepted.exit_code == 0, accepted.err);
}

BOOST_AUTO_TEST_SUITE_END()

// What a user can make of its own folder in the spool of another, who has no right to put it in order: it is told, by
// each command again and by a server once, and the others are heard. Needs root, which alone can act as other users;
// skipped, and said to be, otherwise.
#include <algorithm>

#include "tests/cli/abuse.hpp"
#include "tests/cli/four_users.hpp"
#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// Serves until nothing comes for some seconds, several times as long as it takes to look again.
ToldByServer serve_for_a_while(const FourUsers& users, std::size_t user, const std::function<void()>& meanwhile) {
  Background server(users.words_of(user, {"serve", "--until-idle=3"}), users.as(user));
  meanwhile();
  const auto ended = served_within_bounds(server);
  BOOST_TEST(ended.exit_code == 0, ended.err);
  return told_in_events(ended.out);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(users_abuse)

BOOST_AUTO_TEST_CASE(whatever_a_sender_makes_of_its_own_folder_is_told_and_the_others_are_heard) {
  if (skipped()) return;
  const FourUsers users;
  const auto secret = users.home(0) / "keys.yaml";
  const auto before = read_file(secret);
  int value = 0;
  users.ok(3, {"add-book", "--value", std::to_string(++value)});
  users.ok(0, {"receive"});
  for (const std::string part : {"", "/new"}) {
    const auto place = users.spool(0, 3).string() + part;
    const auto to_home = "ln -s " + users.home(0).string() + " $p";
    for (const auto* make : {"mkfifo $p", to_home.c_str(), "ln -s /nowhere $p", "ln -s $p $p", "echo x > $p",
                             "truncate -s 1T $p", "mkdir -m 0 $p"}) {
      BOOST_TEST_CONTEXT(place << ": " << make) {
        users.check_allowed(3, "p=" + place + " && mv $p $p.before && " + make);
        users.ok(1, {"add-book", "--value", std::to_string(++value)});
        auto received = users.ok(0, {"receive"})["received"];
        BOOST_TEST(accepted_in(received) == 1U);
        check_names(names_refused_in(received), {place});
        received = users.ok(0, {"receive"})["received"];
        BOOST_TEST(accepted_in(received) == 0U);
        check_names(names_refused_in(received), {place});
        users.check_allowed(3, "p=" + place + " && rm -rf $p && mv $p.before $p");
        BOOST_TEST(users.ok(0, {"receive"})["received"].empty());
      }
    }
  }
  BOOST_TEST(read_file(secret) == before);
  users.ok(3, {"add-book", "--value", std::to_string(++value)});
  BOOST_TEST(accepted_in(users.ok(0, {"receive"})["received"]) == 1U);
}

BOOST_AUTO_TEST_CASE(a_folder_that_its_sender_spoils_is_told_by_a_server_once) {
  if (skipped()) return;
  const FourUsers users;
  for (const std::size_t sender : {1U, 2U, 3U}) users.ok(sender, {"add-book", "--value", "1"});
  users.ok(0, {"receive"});
  // Before it begins: one in which nothing can be removed, one that is a pipe.
  const auto closed = (users.spool(0, 3) / "new").string();
  const auto pipe = (users.spool(0, 2) / "new").string();
  users.check_allowed(3, "cd " + closed + " && umask 007 && seq 2000 | xargs touch && chmod g-w .");
  users.check_allowed(2, "rmdir " + pipe + " && mkfifo " + pipe);
  auto told = serve_for_a_while(users, 0, [&] { users.ok(1, {"add-book", "--value", "2"}); });
  BOOST_TEST(told.accepted == 1U);
  BOOST_TEST(told.counted == 0U);
  check_names(told.refused, {closed, pipe});
  // While it serves.
  users.check_allowed(3, "chmod g+w " + closed + " && rm -f " + closed + "/*");
  users.check_allowed(2, "rm " + pipe + " && mkdir -m 770 " + pipe);
  const auto whole = users.spool(0, 2).string();
  told = serve_for_a_while(users, 0, [&] {
    users.ok(1, {"add-book", "--value", "3"});
    users.check_allowed(3, "chmod 0 " + users.spool(0, 3).string());
    users.check_allowed(2, "mv " + whole + " " + whole + ".before && mkfifo " + whole);
  });
  BOOST_TEST(told.accepted == 1U);
  BOOST_TEST(told.counted == 0U);
  check_names(told.refused, {users.spool(0, 3).string(), whole});
}

BOOST_AUTO_TEST_SUITE_END()

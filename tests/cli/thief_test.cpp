// Four users at work, and one of them, or a fifth, tries everything on everything that is another's. What there is is
// looked up in the running system, so that nothing which a later version keeps there can be forgotten here. Needs root,
// which alone can act as other users; skipped, and said to be, otherwise.
#include "tests/cli/thief.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <set>

#include "tests/cli/four_users.hpp"
#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

constexpr std::size_t outsider = 4;

/// What a user of the host may do in the home of another, each with its reason.
bool is_meant_to_be_open(const FourUsers& users, std::size_t owner, std::size_t thief, const Opening& opening) {
  const auto home = users.home(owner);
  static const std::set<std::string> looking{"read", "watch"};
  // As in /tmp: a sender makes its folder there, which sets the time of this one, and removes no other.
  static const std::set<std::string> coming{"read", "watch", "make-file-in", "make-folder-in", "touch"};
  if (opening.target == home / "spool") return coming.contains(opening.verb);
  // Its own deliveries, which are checked when they are taken.
  const auto own = users.spool(owner, thief).string();
  if (opening.target == own || opening.target.string().starts_with(own + "/")) return true;
  // Public: the card is handed out, the quota is what senders keep to.
  if (opening.target == home / "card.yaml" || opening.target == home / "spool" / "quota") {
    return looking.contains(opening.verb);
  }
  // Where the owner lets other users connect; who does must prove who it is.
  static const std::set<std::string> calling{"connect", "watch", "touch"};
  return opening.target == home / "socket" && calling.contains(opening.verb);
}

/// Peers 5000 and 5001 are reached by sockets, 5002 and 5003 by folders. A large book is on its way to 5000, a small
/// one lies at 5002, and something of 5003 was put aside there. All of it stands still. No mask takes any right away.
class StoppedInTheMiddle {
 public:
  StoppedInTheMiddle() : users_({}, {{}, "000", {}, true, {0, 1}}) {
    for (const std::size_t i : {0U, 1U}) append(i, "socket_mode: \"0666\"\n");
    append(2, "quota:\n  bytes: 1048577\n");
    begin_small_exchange();
    begin_large_exchange();
  }
  [[nodiscard]] const FourUsers& users() const { return users_; }

  /// It goes on, and both books are handed over.
  void check_that_nothing_was_harmed() {
    for (const auto& server : servers_) server->signal(SIGCONT);
    servers_.push_back(std::make_unique<Background>(users_.words_of(2, {"serve"}), users_.as(2)));
    for (const auto& [peer, book] : {std::pair<std::size_t, std::string>{0, large_}, {2, small_}}) {
      BOOST_TEST(becomes_true(90,
                              [&, peer = peer, book = book] {
                                const auto books = users_.ok(peer, {"list-books"})["books"];
                                return std::ranges::any_of(
                                    books, [&](const auto& each) { return each["book"] == book && each["held"]; });
                              }),
                 "peer " << peer);
    }
  }

 private:
  void append(std::size_t i, const std::string& lines) const {
    const auto file = users_.home(i) / "config.yaml";
    write_file(file, read_file(file) + lines);
  }

  /// 5002 asks for a book of 5001 and does not look into its spool any more.
  void begin_small_exchange() {
    users_.ok(3, {"add-book", "--value", "9"});
    users_.check_allowed(3, "echo x > " + (users_.spool(2, 3) / "new" / "rubbish").string());
    small_ = users_.add_file(1, 5'000);
    serve(1);
    BOOST_REQUIRE(becomes_true(30, [&] {
      users_.ok(2, {"receive"});
      return mentions(users_.ok(2, {"list-books", "--all"}).dump(), small_);
    }));
    users_.ok(2, {"request", "--from", "5001", "--book", small_});
    BOOST_REQUIRE(becomes_true(30, [&] {
      const auto waiting = everything_in(users_.spool(2, 1));
      return std::ranges::any_of(waiting, [](const path& each) { return each.extension() == ".package"; });
    }));
  }

  /// 5000 asks for a book so large that it is seen on its way.
  void begin_large_exchange() {
    serve(3);
    serve(0);
    large_ = users_.add_file(1, std::size_t{32} << 20U);
    BOOST_REQUIRE(becomes_true(30, [&] { return mentions(users_.ok(0, {"list-books", "--all"}).dump(), large_); }));
    users_.ok(0, {"request", "--from", "5001", "--book", large_});
    const auto incoming = users_.home(0) / "incoming";
    for (int i = 0; i < 20'000 && (!fs::exists(incoming) || fs::is_empty(incoming)); ++i) ::usleep(1'000);
    for (const auto& server : servers_) server->signal(SIGSTOP);
    // A signal takes its time to arrive.
    const auto is_stopped = [](const auto& server) {
      const auto stat = read_file("/proc/" + std::to_string(server->pid()) + "/stat");
      return mentions(stat, ") T ");
    };
    BOOST_REQUIRE(becomes_true(30, [&] { return std::ranges::all_of(servers_, is_stopped); }));
    BOOST_REQUIRE(!fs::is_empty(incoming));
  }

  void serve(std::size_t i) {
    servers_.push_back(std::make_unique<Background>(users_.words_of(i, {"serve"}), users_.as(i)));
  }

  FourUsers users_;
  std::string small_;
  std::string large_;
  std::vector<std::unique_ptr<Background>> servers_;
};

/// Everything of all homes: names, contents, modes and owners.
std::string whole_picture(const FourUsers& users) {
  std::string text;
  for (std::size_t owner = 0; owner < 4; ++owner) {
    for (const auto& [name, content] : snapshot(users.home(owner))) {
      text += name + " " + std::to_string(std::hash<std::string>()(content)) + "\n";
    }
    for (const auto& each : everything_in(users.home(owner))) {
      struct stat facts {};
      BOOST_REQUIRE(::lstat(each.c_str(), &facts) == 0);
      text += each.string() + " " + std::to_string(facts.st_mode) + " " + std::to_string(facts.st_uid) + "\n";
    }
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(thief)

BOOST_AUTO_TEST_CASE(whatever_lies_in_a_home_at_work_is_out_of_reach_of_all_other_users) {
  if (skipped()) return;
  StoppedInTheMiddle system;
  const auto& users = system.users();
  const auto before = whole_picture(users);
  // What the system at work must have shown for this to say something.
  for (const auto* place :
       {"user0/home/keys.yaml", "user0/home/state.sqlite-wal", "user0/home/serving.lock", "user0/home/socket",
        "user0/home/incoming/", "user1/home/books/", "user1/home/exchanges/", "user2/home/lock", "user2/home/draws",
        "user2/home/contacts", "user2/home/spool/5001/new/", "user2/home/spool/5003/bad/", "user2/home/spool/quota"}) {
    BOOST_TEST(mentions(before, place), place);
  }
  std::set<std::string> seen_open;
  for (std::size_t thief = 0; thief <= outsider; ++thief) {
    const auto den = users.scratch("den" + std::to_string(thief));
    fs::create_directory(den);
    BOOST_REQUIRE(::chown(den.c_str(), FourUsers::user(thief), FourUsers::user(thief)) == 0);
    for (std::size_t owner = 0; owner < 4; ++owner) {
      if (thief == owner) continue;
      auto targets = everything_in(users.home(owner));
      // A sender's own folder is its own: what it does there is tried elsewhere.
      const auto own = users.spool(owner, thief).string();
      std::erase_if(targets, [&](const path& each) { return each.string().starts_with(own); });
      for (const auto& opening : try_all_verbs(FourUsers::user(thief), targets, den)) {
        const bool meant = is_meant_to_be_open(users, owner, thief, opening);
        BOOST_TEST(meant, "user " << thief << " could " << opening.verb << " " << opening.target);
        if (meant) seen_open.insert(opening.verb);
      }
      auto words = users.words_of(thief, {"status"});
      std::ranges::replace(words, users.home(thief).string(), users.home(owner).string());
      const auto ended = run(words, users.as(thief));
      BOOST_TEST(ended.exit_code == 1);
      BOOST_TEST(ended.token() == "permission");
      BOOST_TEST(mentions(ended.err, "another user"));
      BOOST_TEST(mentions(ended.err, "act as that user"), ended.err);
    }
  }
  BOOST_TEST((whole_picture(users) == before));
  // The thief's hands are good: what is open, it found open.
  BOOST_TEST(
      (seen_open == std::set<std::string>{"connect", "make-file-in", "make-folder-in", "read", "touch", "watch"}));
  system.check_that_nothing_was_harmed();
}

/// Where nothing is forbidden each verb works: one that never does would hide what stands open.
BOOST_AUTO_TEST_CASE(a_thief_takes_what_is_not_locked) {
  if (skipped()) return;
  const auto user = FourUsers::user(0);
  std::set<std::string> worked;
  for (const auto& verb : thief_verbs()) {
    const TemporaryDirectory open;
    const auto den = open / "den";
    fs::create_directories(den);
    fs::create_directories(open / "folder");
    write_file(open / "file", "x");
    for (const auto& each : everything_in(open.get())) {
      BOOST_REQUIRE(::chown(each.c_str(), user, user) == 0);
    }
    for (const auto& opening : try_all_verbs(user, {open / "file", open / "folder"}, den, verb)) {
      worked.insert(opening.verb);
    }
  }
  for (const auto& verb : thief_verbs()) BOOST_TEST((worked.contains(verb) || verb == "connect"), verb);
}

/// With a group the rest of the host does not get as far as the spool.
BOOST_AUTO_TEST_CASE(who_is_in_no_group_of_a_home_finds_nothing_open_in_it) {
  if (skipped()) return;
  const std::string group = "61100";
  const FourUsers users({"--group", group}, {group, {}});
  users.ok(1, {"add-book", "--value", "7"});
  const auto den = users.scratch("den");
  fs::create_directory(den);
  BOOST_REQUIRE(::chown(den.c_str(), FourUsers::user(outsider), FourUsers::user(outsider)) == 0);
  for (std::size_t owner = 0; owner < 4; ++owner) {
    const auto targets = everything_in(users.home(owner));
    BOOST_TEST(targets.size() > 10);
    for (const auto& opening : try_all_verbs(FourUsers::user(outsider), targets, den)) {
      BOOST_ERROR("an outsider could " << opening.verb << " " << opening.target);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

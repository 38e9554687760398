// Things of every kind in every place of a spool where something else is expected: the folder of a sender and its
// parts, what lies in them and beside them, and the quota. Who put it there harms itself alone: the others are heard,
// within the bounds, and it is told as often as docs/architecture.md says.
#include <sys/stat.h>

#include <algorithm>

#include "tests/cli/abuse.hpp"
#include "tests/cli/served.hpp"
#include "tests/things.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;
using Files = std::map<std::string, std::string>;

constexpr int healthy = 5000;
constexpr int receiver = 5001;

struct Place {
  const char* part;  ///< of the folder of a sender; empty: all of it
  bool is_told;      ///< by its receiver
  bool stops_sender;
};
constexpr Place places[] = {
    {"", true, true}, {"new", true, true}, {"tmp", false, true}, {"cur", false, false}, {"bad", true, false}};

/// One of them, at a sender of its own.
struct Obstacle {
  int sender;
  Place place;
  Thing thing;
  path at;
};

/// A sender for each place and kind of thing, none of which stands there yet.
struct Crowd {
  std::vector<Obstacle> obstacles;
  Network network = Network({"--auto-books", "0"}, all_ports());
  path elsewhere = network.scratch("elsewhere");

  Crowd() {
    fs::create_directories(elsewhere / "new");
    write_file(elsewhere / "new" / "secret", "not to be read or moved");
    // Makes the folders.
    BOOST_TEST(network.ok(receiver, {"receive"})["received"].empty());
    for (auto& each : obstacles) {
      const auto of_sender = network.home(receiver) / "spool" / std::to_string(each.sender);
      each.at = *each.place.part == '\0' ? of_sender : of_sender / each.place.part;
    }
  }
  std::vector<int> all_ports() {
    std::vector<int> ports{healthy, receiver};
    for (const auto& place : places) {
      for (const auto thing : all_things) {
        const int port = ports.back() + 1;
        ports.push_back(port);
        obstacles.push_back({port, place, thing, {}});
      }
    }
    return ports;
  }
  /// Without those that cannot be made here.
  void put_obstacles() {
    std::erase_if(obstacles, [&](const Obstacle& each) {
      fs::remove_all(each.at);
      if (make_thing(each.thing, each.at, elsewhere)) return false;
      fs::create_directory(each.at);
      return true;
    });
  }
  [[nodiscard]] Names told() const {
    Names names;
    for (const auto& each : obstacles) {
      if (each.place.is_told) names.insert(each.at.string());
    }
    return names;
  }
  void check_nothing_was_touched() const {
    BOOST_TEST((snapshot(elsewhere) == Files{{"new", "folder"}, {"new/secret", "file not to be read or moved"}}));
    for (const auto& each : obstacles) {
      BOOST_TEST(!fs::is_directory(fs::symlink_status(each.at)), each.at);
    }
  }
};

/// What a server tells that ends well, and takes in the one message that the healthy peer sends it meanwhile.
auto told_beside_a_book(const Network& network, Background& server, const std::string& value = "1") {
  network.ok(healthy, {"add-book", "--value", value});
  const auto ended = served_within_bounds(server);
  BOOST_TEST(ended.exit_code == 0, ended.err);
  const auto told = told_in_events(ended.out);
  BOOST_TEST(told.accepted == 1U, ended.out);
  return told;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(abuse_of_places)

BOOST_AUTO_TEST_CASE(what_stands_where_a_folder_of_a_sender_should_be_is_told_and_the_others_are_heard) {
  Crowd crowd;
  const auto& network = crowd.network;
  crowd.put_obstacles();
  network.ok(healthy, {"add-book", "--value", "1"});
  auto received = receive_within_bounds(network, receiver);
  BOOST_TEST(accepted_in(received) == 1U);
  check_names(names_refused_in(received), crowd.told());
  // A fault that stays is told by each command, and by a server once, however often that looks.
  received = receive_within_bounds(network, receiver);
  BOOST_TEST(accepted_in(received) == 0U);
  check_names(names_refused_in(received), crowd.told());
  Background server(with_few_descriptors(network, receiver, "serve --until-idle=10"), in_a_shell());
  const auto told = told_beside_a_book(network, server, "2");
  BOOST_TEST(told.counted == 0U);
  check_names(told.refused, crowd.told());
  crowd.check_nothing_was_touched();
}

BOOST_AUTO_TEST_CASE(who_finds_no_folder_to_deliver_into_keeps_its_messages_and_delivers_to_the_others) {
  const Network network({"--auto-books", "0"}, {healthy, receiver, 5002, 5003, 5004});
  const auto elsewhere = network.scratch("elsewhere");
  fs::create_directories(elsewhere / "new");
  fs::create_directories(elsewhere / "tmp");
  BOOST_TEST(network.ok(receiver, {"receive"})["received"].empty());
  const auto of_first = network.home(receiver) / "spool" / "5002";
  const std::vector<std::pair<int, path>> places{
      {5002, of_first}, {5003, spool_of(network, receiver, 5003)}, {5004, of_first.parent_path() / "5004" / "tmp"}};
  std::size_t kept = 0;
  for (const auto thing : all_things) {
    for (const auto& [sender, at] : places) {
      const auto before = network.scratch("before");
      fs::rename(at, before);
      if (make_thing(thing, at, elsewhere)) {
        ++kept;
        const auto ended = run_within_bounds(network, sender, "add-book --value 1");
        BOOST_TEST(ended.exit_code == 1, at);
        BOOST_TEST(ended.token() == "io", at);
        BOOST_TEST(mentions(ended.err, "what was done stands, and messages to 5001 wait in the outbox"), ended.err);
        fs::remove(at);
      }
      fs::rename(before, at);
    }
  }
  BOOST_TEST(fs::is_empty(elsewhere / "new"));
  BOOST_TEST(fs::is_empty(elsewhere / "tmp"));
  BOOST_TEST(accepted_in(receive_within_bounds(network, healthy)) == kept);
  BOOST_TEST(receive_within_bounds(network, receiver).empty());
  for (const auto& [sender, at] : places) network.ok(sender, {"receive"});
  BOOST_TEST(accepted_in(receive_within_bounds(network, receiver)) == kept);
}

BOOST_AUTO_TEST_CASE(what_takes_the_place_of_a_folder_while_its_receiver_serves_is_told_once) {
  Crowd crowd;
  const auto& network = crowd.network;
  Background server(with_few_descriptors(network, receiver, "serve --until-idle=10"), in_a_shell());
  BOOST_REQUIRE(becomes_true(30, [&] { return !server.out_so_far().empty(); }));
  crowd.put_obstacles();
  const auto told = told_beside_a_book(network, server);
  Names expected;
  for (const auto& each : crowd.obstacles) {
    if (each.place.stops_sender && each.place.is_told) expected.insert(each.at.string());
  }
  check_names(told.refused, expected);
  crowd.check_nothing_was_touched();
}

/// More of each kind than the program may open files, in each place of a spool that nobody takes deliveries from.
struct Surrounded {
  Network network;
  path spool = network.home(receiver) / "spool";
  path elsewhere = network.scratch("elsewhere");
  std::size_t in_each_place = 0;

  Surrounded() {
    fs::create_directories(elsewhere);
    write_file(elsewhere / "secret", "not to be read or moved");
    // As in the home of a user who shares the host with others.
    BOOST_REQUIRE(::chmod(spool.c_str(), 03777) == 0);
    for (const auto& [place, prefix] : things_of_nobody()) {
      fs::create_directories(place);
      in_each_place = 0;
      for (const auto thing : all_things) {
        for (int i = 0; i < most_descriptors + 8; ++i) {
          const auto at = place / (prefix + name_of(thing) + std::to_string(i));
          if (make_thing(thing, at, elsewhere)) ++in_each_place;
        }
      }
      for (int i = 0; i < most_descriptors + 8; ++i, ++in_each_place) {
        fs::create_directory(place / (prefix + "folder" + std::to_string(i)));
      }
    }
  }
  /// The folder, and what the names in it begin with.
  [[nodiscard]] std::vector<std::pair<path, std::string>> things_of_nobody() const {
    const auto of_sender = spool / "5002";
    return {
        {of_sender / "tmp", ""}, {of_sender / "cur", ""}, {of_sender, "x-"}, {of_sender / "new", "."}, {spool, "x-"}};
  }
  [[nodiscard]] static std::size_t count_in(const path& place, const std::string& prefix) {
    return static_cast<std::size_t>(
        std::count_if(fs::directory_iterator(place), fs::directory_iterator(),
                      [&](const auto& entry) { return entry.path().filename().string().starts_with(prefix); }));
  }
  void check_left(std::size_t expected) const {
    for (const auto& [place, prefix] : things_of_nobody()) BOOST_TEST(count_in(place, prefix) == expected, place);
    BOOST_TEST((snapshot(elsewhere) == Files{{"secret", "file not to be read or moved"}}));
  }
  void set_quota(std::size_t files) const {
    const auto config = network.home(receiver) / "config.yaml";
    write_file(config, read_file(config) + "quota:\n  files: " + std::to_string(files) + "\n");
  }
  /// What is above the quota in the four places of the sender, and in the spool.
  [[nodiscard]] Names told_above(std::size_t quota) const {
    const auto above = in_each_place - quota;
    return {std::to_string(4 * above) + " things that nobody takes were removed",
            std::to_string(above) + " things that nobody takes were removed"};
  }
};

Names reasons_in(const Json& received) {
  Names reasons;
  for (const auto& each : received) {
    const std::string reason = each["reason"];
    reasons.insert(reason.substr(0, reason.find(':')));
  }
  return reasons;
}

BOOST_AUTO_TEST_CASE(what_lies_outside_new_is_not_told_up_to_the_quota_and_then_in_one_line) {
  const Surrounded surrounded;
  const auto& network = surrounded.network;
  BOOST_TEST(surrounded.in_each_place > static_cast<std::size_t>(8 * most_descriptors));
  network.ok(healthy, {"add-book", "--value", "1"});
  const auto received = receive_within_bounds(network, receiver);
  BOOST_TEST(accepted_in(received) == 1U);
  BOOST_TEST(received.size() == 1U, received.dump());
  surrounded.check_left(surrounded.in_each_place);
  surrounded.set_quota(100);
  check_names(reasons_in(receive_within_bounds(network, receiver)), surrounded.told_above(100));
  surrounded.check_left(100);
  BOOST_TEST(receive_within_bounds(network, receiver).empty(), "nothing of it is told again");
}

BOOST_AUTO_TEST_CASE(a_server_among_things_that_nobody_takes_removes_what_is_above_the_quota_and_tells_it_once) {
  const Surrounded surrounded;
  const auto& network = surrounded.network;
  surrounded.set_quota(100);
  Background server(with_few_descriptors(network, receiver, "serve --until-idle=10"), in_a_shell());
  const auto told = told_beside_a_book(network, server);
  BOOST_TEST(told.refused.size() == 2U);
  surrounded.check_left(100);
}

/// A receiver can harm those who deliver to it by nothing that it puts there.
BOOST_AUTO_TEST_CASE(whatever_stands_for_the_quota_of_a_receiver_its_senders_deliver_as_if_it_said_nothing) {
  const Network network;
  const auto quota = network.home(receiver) / "spool" / "quota";
  const auto stated = network.scratch("stated");
  write_file(stated, "bookchain/1 quota\nbytes 1\nfiles 0\n");
  std::size_t sent = 0;
  for (const auto thing : all_things) {
    fs::remove(quota);
    if (!make_thing(thing, quota, stated)) continue;
    const auto ended = run_within_bounds(network, healthy, "add-book --value " + std::to_string(++sent));
    BOOST_TEST(ended.exit_code == 0, thing << ": " << ended.err);
    BOOST_TEST(network.ok(healthy, {"status"})["undelivered"].empty(), thing);
    BOOST_TEST(names_in(spool_of(network, receiver, healthy)).size() == sent, thing);
  }
  BOOST_TEST(accepted_in(receive_within_bounds(network, receiver)) == sent);
  BOOST_TEST(fs::is_regular_file(fs::symlink_status(quota)));
}

BOOST_AUTO_TEST_SUITE_END()

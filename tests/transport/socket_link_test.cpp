// The socket link between honest peers: what is given arrives, waits until it is acknowledged, and what may be
// lost is told; one process of a home serves, the others visit.
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/transport/sockets.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;

BOOST_AUTO_TEST_SUITE(socket_link)

constexpr PeerPort first_port{5000};
constexpr PeerPort second_port{5001};

struct Two : Sockets {
  std::unique_ptr<SocketLink> first = open(5000);
  std::unique_ptr<SocketLink> second = open(5001);

  Two() { BOOST_REQUIRE(meets()); }
  [[nodiscard]] bool meets() {
    return move_until({first.get(), second.get()},
                      [&] { return first->room_for(second_port) && second->room_for(first_port); });
  }
};

BOOST_FIXTURE_TEST_CASE(messages_arrive_in_order_and_wait_until_they_are_acknowledged, Two) {
  std::vector<Bytes> sent;
  for (std::uint8_t i = 0; i < 100; ++i) sent.push_back(envelope(i));
  BOOST_REQUIRE(first->send(second_port, sent, {}).has_value());
  BOOST_REQUIRE(move_until({first.get(), second.get()}, [&] { return second->count_waiting() > 0; }));
  for (int again = 0; again < 2; ++again) {
    const auto parcels = second->receive(100).value();
    BOOST_REQUIRE(parcels.size() == 1U);
    BOOST_TEST((parcels[0].from == first_port));
    BOOST_TEST((parcels[0].envelopes == sent));
  }
  BOOST_TEST((take_all(*second) == sent));
  BOOST_TEST(second->count_waiting() == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_message_of_the_largest_size_arrives, Two) {
  const auto large = envelope(3, max_envelope);
  BOOST_REQUIRE(first->send(second_port, {large}, {}).has_value());
  BOOST_REQUIRE(move_until({first.get(), second.get()}, [&] { return second->count_waiting() > 0; }));
  BOOST_TEST((take_all(*second) == std::vector<Bytes>{large}));
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_comes_back_is_told_to_be_renewed_once, Two) {
  BOOST_TEST((first->take_renewed() == std::vector<PeerPort>{second_port}));
  BOOST_TEST(first->take_renewed().empty());
  BOOST_REQUIRE(first->send(second_port, {envelope(1)}, {}).has_value());
  second.reset();
  BOOST_REQUIRE(move_until({first.get()}, [&] { return !first->room_for(second_port); }));
  BOOST_TEST(first->take_renewed().empty());
  second = open(5001);
  BOOST_REQUIRE(meets());
  BOOST_TEST((first->take_renewed() == std::vector<PeerPort>{second_port}));
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_reads_nothing_holds_what_it_can_and_costs_the_others_nothing, Two) {
  const auto third = open(5002);
  BOOST_REQUIRE(move_until({first.get(), third.get()}, [&] { return first->room_for(PeerPort{5002}).has_value(); }));
  // 5001 is stopped: nobody moves it.
  std::size_t given = 0;
  while (*first->room_for(second_port) > 0 && given < 100) {
    BOOST_REQUIRE(first->send(second_port, {envelope(1, max_envelope)}, {}).has_value());
    ++given;
    first->wait(std::chrono::microseconds(1000));
  }
  BOOST_TEST(given < 20U);
  BOOST_TEST(first->still_waiting_at(second_port));
  BOOST_REQUIRE(first->send(PeerPort{5002}, {envelope(2)}, {}).has_value());
  BOOST_REQUIRE(move_until({first.get(), third.get()}, [&] { return third->count_waiting() > 0; }));
  // Once it moves again, all of it comes.
  std::size_t taken = 0;
  BOOST_TEST(move_until({first.get(), second.get()}, [&] {
    taken += take_all(*second).size();
    return taken == given;
  }));
  BOOST_TEST(!first->still_waiting_at(second_port));
}

BOOST_FIXTURE_TEST_CASE(what_is_not_taken_in_is_bounded, Two) {
  std::size_t given = 0;
  const auto end = SteadyClock::now() + std::chrono::seconds(3);
  while (given < 200 && SteadyClock::now() < end) {
    if (*first->room_for(second_port) > 0) {
      BOOST_REQUIRE(first->send(second_port, {envelope(1, max_envelope)}, {}).has_value());
      ++given;
    }
    first->wait(std::chrono::microseconds(200));
    second->wait(std::chrono::microseconds(200));
  }
  std::size_t waiting = 0;
  const auto parcels = second->receive(1000).value();
  for (const auto& parcel : parcels) waiting += parcel.envelopes.size();
  BOOST_TEST(waiting >= 30U);
  BOOST_TEST(waiting <= 34U);
  std::size_t taken = 0;
  BOOST_TEST(move_until({first.get(), second.get()}, [&] {
    taken += take_all(*second).size();
    return taken == given;
  }));
}

// ---- who serves ----

BOOST_AUTO_TEST_CASE(a_live_socket_is_never_taken_over) {
  const Sockets sockets;
  const auto serving = sockets.open(5000);
  const auto other = sockets.open(5000);
  BOOST_TEST(!serving->is_beside());
  BOOST_TEST(other->is_beside());
  BOOST_TEST(sockets.open(5000, SocketLink::Role::visit)->is_beside());
  const auto peer = sockets.open(5001);
  BOOST_REQUIRE(move_until({serving.get(), peer.get()}, [&] { return serving->room_for(second_port).has_value(); }));
  BOOST_TEST(!other->room_for(second_port));
}

BOOST_AUTO_TEST_CASE(a_socket_that_a_killed_process_left_is_taken_over) {
  const Sockets sockets;
  fs::create_directories(sockets.home(5000));
  {
    const auto place = ListeningPlace::open(sockets.socket(5000), 0600);
    BOOST_REQUIRE(place.has_value());
    // As after a kill: the file stays, and nobody holds the lock.
    fs::create_hard_link(sockets.socket(5000), sockets.home(5000) / "kept");
  }
  fs::rename(sockets.home(5000) / "kept", sockets.socket(5000));
  BOOST_TEST((fs::symlink_status(sockets.socket(5000)).type() == fs::socket_file));
  const auto serving = sockets.open(5000);
  BOOST_TEST(!serving->is_beside());
  const auto peer = sockets.open(5001, SocketLink::Role::visit);
  std::vector<PeerPort> met;
  BOOST_TEST(move_until({serving.get(), peer.get()}, [&] {
    peer->meet(milliseconds(1));
    return peer->room_for(first_port).has_value();
  }));
}

BOOST_AUTO_TEST_CASE(when_the_serving_process_ends_another_one_takes_its_place) {
  const Sockets sockets;
  auto serving = sockets.open(5000);
  const auto other = sockets.open(5000);
  const auto peer = sockets.open(5001);
  BOOST_TEST(other->is_beside());
  serving.reset();
  BOOST_TEST(move_until({other.get(), peer.get()}, [&] { return other->room_for(second_port).has_value(); }));
  BOOST_TEST(!other->is_beside());
}

BOOST_AUTO_TEST_CASE(a_file_in_the_place_of_the_socket_is_left_alone) {
  const Sockets sockets;
  fs::create_directories(sockets.home(5000));
  std::ofstream(sockets.socket(5000).string()) << "somebody's";
  const auto link = SocketLink::open(sockets.settings(5000), SocketLink::Role::serve);
  BOOST_REQUIRE(!link.has_value());
  BOOST_TEST((link.error().token == Token::io));
  std::string content;
  std::ifstream(sockets.socket(5000).string()) >> content;
  BOOST_TEST(content == "somebody's");
}

BOOST_AUTO_TEST_CASE(the_socket_is_for_its_owner_alone_and_goes_when_it_is_closed) {
  const Sockets sockets;
  {
    const auto serving = sockets.open(5000);
    struct stat facts {};
    BOOST_REQUIRE(::stat(sockets.socket(5000).c_str(), &facts) == 0);
    BOOST_TEST((facts.st_mode & 07777U) == 0600U);
    BOOST_REQUIRE(::stat(sockets.home(5000).c_str(), &facts) == 0);
    BOOST_TEST((facts.st_mode & 07777U) == 0700U);
  }
  BOOST_TEST(!fs::exists(sockets.socket(5000)));
}

BOOST_AUTO_TEST_CASE(a_folder_that_everybody_can_write_in_is_refused) {
  const Sockets sockets;
  fs::create_directories(sockets.home(5000));
  BOOST_REQUIRE(::chmod(sockets.home(5000).c_str(), 0777) == 0);
  const auto link = SocketLink::open(sockets.settings(5000), SocketLink::Role::serve);
  BOOST_REQUIRE(!link.has_value());
  BOOST_TEST((link.error().token == Token::permission));
}

BOOST_AUTO_TEST_CASE(a_path_longer_than_a_socket_address_is_reached) {
  const Sockets sockets;
  auto deep = sockets.folder / std::string(120, 'd');
  auto here = sockets.settings(5000);
  here.own_socket = deep / "socket";
  here.serving_lock = deep / "socket.lock";
  auto there = sockets.settings(5001);
  there.sockets[first_port] = *here.own_socket;
  const auto serving = SocketLink::open(std::move(here), SocketLink::Role::serve);
  const auto peer = SocketLink::open(std::move(there), SocketLink::Role::serve);
  BOOST_REQUIRE(serving.has_value());
  BOOST_REQUIRE(peer.has_value());
  BOOST_TEST(move_until({serving.value().get(), peer.value().get()},
                        [&] { return peer.value()->room_for(first_port).has_value(); }));
  auto too_long = sockets.settings(5002);
  too_long.own_socket = sockets.folder / std::string(120, 's');
  const auto refused = SocketLink::open(std::move(too_long), SocketLink::Role::serve);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().token == Token::io));
}

/// Another home may have the same address by mistake: the lock of a home says nothing of it.
BOOST_AUTO_TEST_CASE(the_socket_of_another_home_is_never_taken_over) {
  const Sockets sockets;
  const auto serving = sockets.open(5000);
  auto settings = sockets.settings(5000);
  settings.serving_lock = sockets.home(5009) / "serving.lock";
  const auto other = SocketLink::open(std::move(settings), SocketLink::Role::serve);
  BOOST_REQUIRE(other.has_error());
  BOOST_TEST((other.error().token == Token::io));
  const auto peer = sockets.open(5001);
  BOOST_TEST(move_until({serving.get(), peer.get()}, [&] { return peer->room_for(first_port).has_value(); }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

// What a hostile client can do to a socket link: strangers get nothing and hold nothing for long, and a peer that
// sends what cannot be loses its connection and nothing else.
#include <boost/test/unit_test.hpp>

#include "tests/transport/raw_client.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(socket_link_hostile)

BOOST_FIXTURE_TEST_CASE(what_does_not_begin_as_a_greeting_ends_the_connection, Listening) {
  for (const auto* text : {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "bookchain/1 mail\n", "bookchain/2 sock\n"}) {
    RawClient client(*this, *link);
    auto bytes = bytes_of(text);
    bytes.resize(greeting_size);
    client.give(bytes);
    BOOST_TEST(client.has_ended());
  }
  auto other = greeting();
  other.network.bytes[0] ^= 1U;
  RawClient foreign(*this, *link);
  foreign.give(write_greeting(other));
  BOOST_TEST(foreign.has_ended());
  auto unknown = greeting();
  unknown.from = PeerPort{4999};
  RawClient stranger(*this, *link);
  stranger.give(write_greeting(unknown));
  BOOST_TEST(stranger.has_ended());
  check_others_are_served();
}

/// Whoever keeps another network file than this peer's is told of here, and told so itself.
BOOST_FIXTURE_TEST_CASE(a_call_for_another_network_is_noted_in_the_name_of_the_caller_alone, Listening) {
  Bytes heard;
  const auto call = [&](const Greeting& said) {
    RawClient client(*this, *link);
    client.give(write_greeting(said));
    heard = client.take(greeting_size);
    BOOST_TEST(client.has_ended());
  };
  auto other = greeting();
  other.network.bytes[0] ^= 1U;
  for (const auto nobody : {PeerPort{4999}, self}) {
    auto said = other;
    said.from = nobody;
    call(said);
  }
  auto not_for_here = other;
  not_for_here.to = PeerPort{5003};
  call(not_for_here);
  BOOST_TEST(link->other_networks().empty());
  BOOST_TEST(heard.empty());
  call(other);
  BOOST_TEST(heard == write_other_network(world.genesis.id()));
  BOOST_TEST(link->other_networks().size() == 1U);
  BOOST_TEST((link->other_networks().at(liar) == other.network));
  auto third = other;
  third.network.bytes[0] ^= 2U;
  call(third);
  BOOST_TEST((link->other_networks().at(liar) == third.network));
  // The peer itself is here: whoever says something else is not it.
  RawClient peer(*this, *link);
  prove(peer);
  BOOST_TEST(link->other_networks().empty());
  call(other);
  BOOST_TEST(link->other_networks().empty());
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_only_calls_learns_of_the_other_network_where_it_calls, Listening) {
  auto terms = settings(5003);
  terms.terms.network.bytes[0] ^= 1U;
  terms.own_socket.reset();
  const auto caller = SocketLink::open(std::move(terms), SocketLink::Role::serve);
  BOOST_REQUIRE(caller.has_value());
  const auto& known = caller.value()->other_networks();
  BOOST_TEST(move_until({link.get(), caller.value().get()}, [&] { return known.contains(self); }));
  BOOST_TEST((known.at(self) == world.genesis.id()));
  BOOST_TEST(known.size() == 1U);
  check_others_are_served();
}

BOOST_FIXTURE_TEST_CASE(an_overheard_handshake_opens_nothing, Listening) {
  const auto said = write_greeting(greeting());
  Bytes proof;
  {
    RawClient overheard(*this, *link);
    BOOST_REQUIRE(overheard.give(said));
    proof = write_proof(channel, said, overheard.take(answer_size));
    BOOST_REQUIRE(overheard.give(proof));
    BOOST_REQUIRE(move_until({link.get()}, [&] { return link->room_for(liar).has_value(); }));
  }
  BOOST_REQUIRE(move_until({link.get()}, [&] { return !link->room_for(liar); }));
  RawClient replaying(*this, *link);
  BOOST_REQUIRE(replaying.give(said));
  BOOST_REQUIRE(replaying.take(answer_size).size() == answer_size);
  replaying.give(proof);
  BOOST_TEST(replaying.has_ended());
  BOOST_TEST(!link->room_for(liar));
}

BOOST_FIXTURE_TEST_CASE(a_frame_with_a_huge_length_ends_the_connection_at_its_head, Listening) {
  RawClient client(*this, *link);
  prove(client);
  client.give(Bytes{0xff, 0xff, 0xff, 0xff, 1});
  BOOST_TEST(client.has_ended());
  BOOST_TEST(link->count_waiting() == 0U);
  check_others_are_served();
}

BOOST_FIXTURE_TEST_CASE(half_a_frame_brings_nothing_and_a_lying_length_within_it_ends_the_connection, Listening) {
  {
    RawClient client(*this, *link);
    prove(client);
    Bytes frame;
    put_frame(frame, FrameKind::message, {envelope(1)});
    client.give(ByteView(frame).first(frame.size() / 2));
    link->wait(milliseconds(20));
    BOOST_TEST(link->count_waiting() == 0U);
  }
  RawClient client(*this, *link);
  prove(client);
  Bytes frame;
  put_packaged(frame, PackagedMessage{ExchangeId{}, envelope(1), envelope(2)});
  frame[frame_head_bytes + ExchangeId::size] = 0xff;
  client.give(frame);
  BOOST_TEST(client.has_ended());
  check_others_are_served();
}

/// One byte at a time, and silence, are borne until the deadline of the handshake.
BOOST_FIXTURE_TEST_CASE(who_does_not_end_its_handshake_is_put_out, Listening) {
  RawClient silent(*this, *link);
  RawClient slow(*this, *link);
  const auto said = write_greeting(greeting());
  const auto began = SteadyClock::now();
  std::size_t given = 0;
  bool ended = false;
  while (!ended && SteadyClock::now() < began + Connection::handshake_patience * 3) {
    if (given < said.size() / 2) slow.give(ByteView(said).subspan(given++, 1));
    ended = slow.has_ended(milliseconds(200));
  }
  BOOST_TEST(ended);
  BOOST_TEST((SteadyClock::now() - began > Connection::handshake_patience - milliseconds(500)));
  BOOST_TEST(silent.has_ended());
  check_others_are_served();
}

BOOST_FIXTURE_TEST_CASE(a_thousand_connections_that_say_nothing_keep_no_peer_out, Listening) {
  std::vector<std::unique_ptr<RawClient>> crowd;
  std::size_t open_ones = 0;
  for (int i = 0; i < 1000; ++i) {
    crowd.push_back(std::make_unique<RawClient>(*this, *link));
    if (i % 50 == 0) link->wait(milliseconds(1));
  }
  check_others_are_served();
  for (const auto& client : crowd) {
    if (!client->has_ended(milliseconds(0))) ++open_ones;
  }
  BOOST_TEST(open_ones <= SocketLink::max_strangers_of_a_user);
}

BOOST_FIXTURE_TEST_CASE(a_peer_has_a_bounded_number_of_connections, Listening) {
  std::vector<std::unique_ptr<RawClient>> many;
  for (std::size_t i = 0; i < SocketLink::max_connections_of_a_peer + 2; ++i) {
    many.push_back(std::make_unique<RawClient>(*this, *link));
    prove(*many.back());
    link->wait(milliseconds(5));
  }
  BOOST_TEST(many[0]->has_ended());
  BOOST_TEST(many[1]->has_ended());
  BOOST_TEST(!many.back()->has_ended(milliseconds(50)));
}

/// Packages that nobody asked for cost nothing, and parts of them are not written.
BOOST_FIXTURE_TEST_CASE(parts_that_were_not_asked_for_are_not_kept, Listening) {
  RawClient client(*this, *link);
  prove(client);
  Bytes frames;
  put_frame(frames, FrameKind::offer, PackageOffer{ExchangeId{{5}}, std::uint64_t{1} << 40U});
  put_part(frames, PackagePart{ExchangeId{{5}}, 0, envelope(1)});
  put_part(frames, PackagePart{ExchangeId{{6}}, 0, envelope(1)});
  BOOST_REQUIRE(client.give(frames));
  BOOST_REQUIRE(move_until({link.get()}, [&] { return !link->offers().empty(); }));
  BOOST_TEST(link->packages().empty());
  // Declined, as the courier does with what is not wanted.
  BOOST_REQUIRE(link->drop_package(liar, ExchangeId{{5}}).has_value());
  BOOST_TEST(client.take(frame_head_bytes + ExchangeId::size).size() == frame_head_bytes + ExchangeId::size);
  BOOST_TEST(link->offers().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

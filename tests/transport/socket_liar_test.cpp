// What a peer that has proven who it is can do with its connections: let one of two break, read nothing, talk without
// end, or flood. It may lose what is its own; it holds up nobody else, and no command.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <thread>

#include "tests/transport/raw_client.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(socket_liar)

const ExchangeId wanted{{42}};
constexpr std::size_t control_frame_bytes = frame_head_bytes + ExchangeId::size + 8;

template <class Body>
Bytes frame_of(FrameKind kind, const Body& body) {
  Bytes frame;
  put_frame(frame, kind, body);
  return frame;
}

Bytes frame_of(FrameKind kind, const Bytes& sealed) {
  Bytes frame;
  put_frame(frame, kind, {sealed});
  return frame;
}

Bytes part_of(const Bytes& package, std::size_t offset) {
  Bytes frame;
  put_part(frame, PackagePart{wanted, offset, ByteView(package).subspan(offset, max_part_bytes)});
  return frame;
}

// ---- one of two connections breaks ----

struct TwoLines : Listening {
  RawClient first{*this, *link};
  RawClient second{*this, *link};
  Bytes package = Bytes(2 * max_part_bytes, 7);

  TwoLines() {
    prove(first);
    prove(second);
    link->wait(milliseconds(5));
    offer_on(first);
    fetch_from(first, 0);
    BOOST_REQUIRE(first.give(part_of(package, 0)));
  }
  void offer_on(RawClient& client) { BOOST_REQUIRE(client.give(frame_of(FrameKind::offer, offer()))); }
  [[nodiscard]] PackageOffer offer() const { return {wanted, package.size()}; }
  /// As the courier does; the offer is answered on the connection on which it came, from there on.
  void fetch_from(RawClient& client, std::uint64_t offset) {
    BOOST_REQUIRE(move_until(
        {link.get()}, [&] { return !link->offers().empty(); }, milliseconds(2'000)));
    BOOST_TEST(link->offers().size() == 1U);
    BOOST_REQUIRE(link->fetch_package(link->offers().front()).has_value());
    BOOST_TEST((client.take(control_frame_bytes) == frame_of(FrameKind::want, PackageWant{wanted, offset})));
    BOOST_TEST(link->offers().empty());
  }
  void finish_on(RawClient& client) {
    BOOST_REQUIRE(client.give(part_of(package, max_part_bytes)));
    BOOST_TEST((client.take(frame_head_bytes + ExchangeId::size) == frame_of(FrameKind::no_further, wanted)));
    BOOST_TEST(link->open_package(liar, wanted).has_value());
  }
};

BOOST_FIXTURE_TEST_CASE(a_package_whose_connection_breaks_goes_on_over_the_other_one, TwoLines) {
  ::shutdown(first.descriptor(), SHUT_RDWR);
  BOOST_REQUIRE(first.has_ended());
  offer_on(second);
  fetch_from(second, max_part_bytes);
  finish_on(second);
}

/// The new offer may be read before the end of the old connection is.
BOOST_FIXTURE_TEST_CASE(an_offer_made_before_the_other_connection_breaks_is_taken_up_then, TwoLines) {
  offer_on(second);
  link->wait(milliseconds(5));
  BOOST_TEST(link->offers().empty(), "it comes on the first");
  ::shutdown(first.descriptor(), SHUT_RDWR);
  fetch_from(second, max_part_bytes);
  finish_on(second);
}

BOOST_FIXTURE_TEST_CASE(a_package_that_its_owner_offers_anew_on_the_same_connection_is_asked_for_anew, TwoLines) {
  offer_on(first);
  fetch_from(first, max_part_bytes);
  finish_on(first);
}

BOOST_FIXTURE_TEST_CASE(a_package_comes_on_the_connection_on_which_it_was_asked_for_and_no_other, TwoLines) {
  BOOST_REQUIRE(second.give(part_of(package, max_part_bytes)));
  BOOST_TEST(link->open_package(liar, wanted).has_error());
  finish_on(first);
  BOOST_TEST(second.take(1).empty(), "it is told nothing");
}

BOOST_FIXTURE_TEST_CASE(a_package_that_is_held_up_does_not_come_on, TwoLines) {
  const auto before = link->package_steps();
  for (std::uint8_t i = 0; i < 100; ++i) BOOST_REQUIRE(first.give(frame_of(FrameKind::all_answered, Mark{i})));
  Bytes drip;
  put_part(drip, PackagePart{wanted, max_part_bytes, ByteView(package).first(1)});
  BOOST_REQUIRE(first.give(drip));
  BOOST_TEST(link->package_steps() == before);
}

// ---- who reads nothing ----

/// Gives as much as is taken within a while; how much that was.
std::size_t give_at_most(const RawClient& client, SocketLink& link, ByteView bytes) {
  std::size_t given = 0;
  auto until = SteadyClock::now() + milliseconds(300);
  while (given < bytes.size() && SteadyClock::now() < until) {
    const auto sent = ::send(client.descriptor(), bytes.data() + given, bytes.size() - given, MSG_NOSIGNAL);
    if (sent > 0) {
      given += static_cast<std::size_t>(sent);
      until = SteadyClock::now() + milliseconds(300);
    }
    link.wait(std::chrono::microseconds(100));
    for (const auto& offer : link.offers()) BOOST_REQUIRE(link.drop_package(offer.from, offer.exchange).has_value());
    link.end_turn();
  }
  return given;
}

BOOST_FIXTURE_TEST_CASE(who_asks_without_end_and_reads_no_answer_is_not_read_either, Listening) {
  RawClient client(*this, *link);
  RawClient other(*this, *link);
  prove(client);
  prove(other);
  Bytes frames;
  for (std::uint32_t i = 0; frames.size() < (std::size_t{8} << 20U); ++i) {
    ExchangeId exchange;
    for (std::size_t byte = 0; byte < 4; ++byte) exchange.bytes[byte] = static_cast<std::uint8_t>(i >> (8 * byte));
    put_frame(frames, FrameKind::offer, PackageOffer{exchange, std::uint64_t{1} << 20U});
  }
  const auto given = give_at_most(client, *link, frames);
  BOOST_TEST(given < frames.size() / 2);
  BOOST_TEST(other.take(1).empty(), "what one connection asks costs the other nothing");
  check_others_are_served();
  // Once it reads, it is heard again.
  std::size_t read = 0;
  BOOST_TEST(move_until({link.get()}, [&] {
    std::uint8_t buffer[65'536];
    const auto got = ::recv(client.descriptor(), buffer, sizeof buffer, 0);
    if (got > 0) read += static_cast<std::size_t>(got);
    for (const auto& offer : link->offers()) (void)link->drop_package(offer.from, offer.exchange);
    return read / (frame_head_bytes + ExchangeId::size) >= given / control_frame_bytes;
  }));
}

// ---- who talks without end ----

/// A peer that listens, proves itself to one visitor, and then sends the same frame again and again, for some seconds
/// at most.
class Chatterer {
 public:
  Chatterer(const Sockets& sockets, Bytes frame)
      : channel_(Channel::make(sockets.world.genesis, sockets.world.identities[1], self).value()),
        place_(ListeningPlace::open(sockets.socket(liar.value), 0600).value()),
        listening_(place_.give_descriptor()),
        frame_(std::move(frame)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

 private:
  void run(const std::stop_token& stop) const {
    Descriptor visitor;
    while (!visitor && !stop.stop_requested()) {
      visitor = Descriptor(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!visitor) std::this_thread::sleep_for(milliseconds(1));
    }
    Bytes greeting(greeting_size);
    Bytes proof(proof_size);
    if (::recv(visitor.get(), greeting.data(), greeting.size(), MSG_WAITALL) <= 0) return;
    const auto answer = write_answer(channel_, greeting, Hash{{1}});
    if (::send(visitor.get(), answer.data(), answer.size(), MSG_NOSIGNAL) <= 0) return;
    if (::recv(visitor.get(), proof.data(), proof.size(), MSG_WAITALL) <= 0) return;
    for (int i = 0; i < 400 && !stop.stop_requested(); ++i) {
      if (::send(visitor.get(), frame_.data(), frame_.size(), MSG_NOSIGNAL) <= 0) return;
      std::this_thread::sleep_for(milliseconds(10));
    }
  }

  Channel channel_;
  ListeningPlace place_;
  Descriptor listening_;
  Bytes frame_;
  std::jthread thread_;
};

struct Visiting : Sockets {
  [[nodiscard]] std::unique_ptr<SocketLink> visit() const {
    auto visitor = open(self.value, SocketLink::Role::visit);
    for (int i = 0; i < 100 && !visitor->room_for(liar); ++i) visitor->meet(milliseconds(50));
    BOOST_REQUIRE(visitor->room_for(liar).has_value());
    BOOST_REQUIRE(visitor->send(liar, {envelope(1)}, {}).has_value());
    return visitor;
  }
};

BOOST_FIXTURE_TEST_CASE(who_talks_without_answering_keeps_no_visitor, Visiting) {
  const std::vector<Bytes> frames{frame_of(FrameKind::all_answered, Mark{999'999}),
                                  frame_of(FrameKind::offer, PackageOffer{wanted, 1}),
                                  frame_of(FrameKind::all_sent, Mark{1})};
  for (const auto& frame : frames) {
    const Chatterer chatterer(*this, frame);
    const auto visitor = visit();
    const auto began = SteadyClock::now();
    BOOST_TEST(!visitor->settle_up(milliseconds(200)));
    // Given up once, it costs nothing more.
    BOOST_TEST(!visitor->settle_up(milliseconds(2'000)));
    BOOST_TEST((SteadyClock::now() - began < milliseconds(1'500)));
  }
}

BOOST_FIXTURE_TEST_CASE(the_mark_of_one_peer_is_not_answered_by_another, Visiting) {
  // The first marks of a visitor are these.
  auto answers = frame_of(FrameKind::all_answered, Mark{1});
  const auto other = frame_of(FrameKind::all_answered, Mark{2});
  answers.insert(answers.end(), other.begin(), other.end());
  const Chatterer chatterer(*this, answers);
  const auto honest = open(5002);
  const auto visitor = visit();
  BOOST_TEST(move_until({honest.get(), visitor.get()}, [&] { return visitor->room_for(PeerPort{5002}).has_value(); }));
  const auto began = SteadyClock::now();
  BOOST_TEST(visitor->settle_up(milliseconds(300)), "the liar has answered its own");
  BOOST_TEST((SteadyClock::now() - began >= milliseconds(250)), "the other one was waited for");
}

// ---- who floods ----

BOOST_FIXTURE_TEST_CASE(a_flood_of_one_peer_delays_neither_the_messages_nor_the_marks_of_another, Listening) {
  RawClient client(*this, *link);
  prove(client);
  Bytes frames;
  const auto message = frame_of(FrameKind::message, envelope(1));
  for (int i = 0; i < 256 * 20; ++i) frames.insert(frames.end(), message.begin(), message.end());
  BOOST_REQUIRE(client.give(frames));
  BOOST_REQUIRE(move_until({link.get()}, [&] { return link->waiting()[liar] >= 20; }));
  RawClient honest(*this, *link);
  prove(honest, PeerPort{5002});
  BOOST_REQUIRE(honest.give(frame_of(FrameKind::message, envelope(8))));
  BOOST_REQUIRE(honest.give(frame_of(FrameKind::all_sent, Mark{77})));
  BOOST_REQUIRE(move_until({link.get()}, [&] { return link->waiting()[PeerPort{5002}] == 1; }));
  bool heard = false;
  const auto parcels = link->receive(2).value();
  for (const auto& parcel : parcels) {
    heard = heard || parcel.from == PeerPort{5002};
    BOOST_REQUIRE(link->acknowledge(parcel).has_value());
  }
  BOOST_TEST(heard);
  link->end_turn();
  const auto answer = frame_of(FrameKind::all_answered, Mark{77});
  BOOST_TEST((honest.take(answer.size()) == answer));
}

BOOST_FIXTURE_TEST_CASE(a_mark_is_answered_only_when_all_before_it_is_decided, Listening) {
  RawClient client(*this, *link);
  prove(client);
  BOOST_REQUIRE(client.give(frame_of(FrameKind::message, envelope(1))));
  BOOST_REQUIRE(client.give(frame_of(FrameKind::all_sent, Mark{5})));
  const auto parcels = link->receive(10).value();
  BOOST_REQUIRE(parcels.size() == 1U);
  link->end_turn();
  BOOST_TEST(client.take(1).empty());
  BOOST_REQUIRE(link->acknowledge(parcels.front()).has_value());
  link->end_turn();
  const auto answer = frame_of(FrameKind::all_answered, Mark{5});
  BOOST_TEST((client.take(answer.size()) == answer));
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_opened_ends_the_connection_it_came_on_and_no_other, Listening) {
  RawClient bad(*this, *link);
  RawClient good(*this, *link);
  prove(bad);
  prove(good);
  BOOST_REQUIRE(bad.give(frame_of(FrameKind::message, envelope(1))));
  BOOST_REQUIRE(good.give(frame_of(FrameKind::message, envelope(2))));
  BOOST_REQUIRE(move_until({link.get()}, [&] { return link->waiting()[liar] == 2; }));
  const auto parcels = link->receive(10).value();
  for (const auto& parcel : parcels) {
    if (parcel.envelopes.front() == envelope(1)) {
      BOOST_REQUIRE(link->put_aside(parcel, Error{Token::bad_message, "junk", {}, {}}).has_value());
    } else {
      BOOST_REQUIRE(link->acknowledge(parcel).has_value());
    }
  }
  BOOST_TEST(bad.has_ended());
  BOOST_TEST(!good.has_ended(milliseconds(50)));
  BOOST_TEST(link->count_waiting() == 0U);
}

// ---- small packages ----

/// They were kept as long as the process ran, in no bound and seen by nobody.
BOOST_FIXTURE_TEST_CASE(small_packages_that_nobody_takes_are_shown_until_they_are_dropped, Listening) {
  RawClient client(*this, *link);
  prove(client);
  Bytes frame;
  put_packaged(frame, PackagedMessage{wanted, envelope(3, 1000), envelope(1)});
  BOOST_REQUIRE(client.give(frame));
  const auto parcels = link->receive(10).value();
  BOOST_REQUIRE(parcels.size() == 1U);
  for (int kept = 0; kept < 2; ++kept) {
    const auto offers = link->offers();
    BOOST_REQUIRE(offers.size() == 1U);
    BOOST_TEST((offers.front().exchange == wanted && offers.front().size == 1000U));
    BOOST_TEST(offers.front().with_mail == (kept == 0));
    BOOST_REQUIRE(link->fetch_package(offers.front()).has_value());
    BOOST_TEST(!link->has_asked());
    BOOST_TEST(link->open_package(liar, wanted).has_value());
    if (kept == 0) BOOST_REQUIRE(link->acknowledge(parcels.front()).has_value());
  }
  BOOST_REQUIRE(link->drop_package(liar, wanted).has_value());
  BOOST_TEST(link->offers().empty());
  BOOST_TEST(link->open_package(liar, wanted).has_error());
}

BOOST_FIXTURE_TEST_CASE(the_small_packages_that_are_kept_have_a_bound, Listening) {
  RawClient client(*this, *link);
  prove(client);
  const auto package = envelope(3, max_small_package);
  for (std::uint8_t i = 0; i < 100; ++i) {
    Bytes frame;
    put_packaged(frame, PackagedMessage{ExchangeId{{i}}, package, envelope(1)});
    BOOST_REQUIRE(client.give(frame));
    (void)take_all(*link);
  }
  BOOST_TEST(link->offers().size() == (std::size_t{4} << 20U) / max_small_package);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

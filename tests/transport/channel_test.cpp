// Section 2, "Channel": what one peer seals only the other can open, and nothing about it can be changed.
#include "transport/channel.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/transport/pair.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(channel)

struct Pair {
  World world = make_world();
  Channel first = Channel::make(world.genesis, world.identities[0], PeerPort{5001}).value();
  Channel second = Channel::make(world.genesis, world.identities[1], PeerPort{5000}).value();
  Epoch epoch{};
  Hash fresh{};
};

BOOST_FIXTURE_TEST_CASE(what_one_seals_the_other_opens, Pair) {
  for (const std::size_t size : {0U, 1U, 1000U}) {
    const Bytes payload(size, 7);
    const auto envelope = first.seal(epoch, MessageNumber{3}, payload, fresh);
    const auto opened = second.open(envelope);
    BOOST_REQUIRE(opened.has_value());
    BOOST_TEST((opened.value().payload() == payload));
    BOOST_TEST((opened.value().header().number == MessageNumber{3}));
    BOOST_TEST(envelope.size() == size + seal_overhead);
  }
}

BOOST_FIXTURE_TEST_CASE(every_changed_bit_is_refused, Pair) {
  const auto envelope = first.seal(epoch, MessageNumber{1}, bytes_of("a message"), fresh);
  for (std::size_t i = 0; i < envelope.size() * 8; ++i) {
    auto changed = envelope;
    changed[i / 8] = static_cast<std::uint8_t>(changed[i / 8] ^ (1U << (i % 8)));
    BOOST_TEST(!second.open(changed).has_value(), "bit " << i);
  }
}

BOOST_FIXTURE_TEST_CASE(every_cut_and_every_addition_is_refused, Pair) {
  const auto envelope = first.seal(epoch, MessageNumber{1}, bytes_of("a message"), fresh);
  for (std::size_t size = 0; size < envelope.size(); ++size) {
    BOOST_TEST(!second.open(ByteView(envelope).first(size)).has_value());
  }
  auto longer = envelope;
  longer.push_back(0);
  BOOST_TEST(!second.open(longer).has_value());
}

/// Section 6, "a message resealed to somebody else": the header, and with it both ends, is sealed too.
BOOST_FIXTURE_TEST_CASE(a_message_resealed_to_somebody_else_is_refused, Pair) {
  const auto third = Channel::make(world.genesis, world.identities[2], PeerPort{5000}).value();
  auto envelope = first.seal(epoch, MessageNumber{1}, bytes_of("for 5001"), fresh);
  BOOST_TEST((third.open(envelope).error().token == Token::wrong_recipient));
  // The recipient in the header, rewritten: 1 version byte, 32 of the network, 2 of the sender.
  envelope[36] = static_cast<std::uint8_t>(envelope[36] + 1);
  BOOST_TEST((third.open(envelope).error().token == Token::bad_signature));
  // Sent back to who sealed it, under its own name or the other's.
  const auto own = first.seal(epoch, MessageNumber{1}, bytes_of("for 5001"), fresh);
  BOOST_TEST((first.open(own).error().token == Token::wrong_sender));
  BOOST_TEST(first.open_own(own).has_value());
  BOOST_TEST(!second.open_own(own).has_value());
}

/// Section 6, "replay of any message, also from another network".
BOOST_FIXTURE_TEST_CASE(a_message_of_another_network_is_refused, Pair) {
  auto fields = world.genesis.fields();
  fields.work_bits = 9;  // the same peers and keys, another network
  const auto other = Genesis::make(fields).value();
  const auto foreign = Channel::make(other, world.identities[0], PeerPort{5001}).value();
  const auto envelope = foreign.seal(epoch, MessageNumber{1}, bytes_of("hello"), fresh);
  BOOST_TEST((second.open(envelope).error().token == Token::wrong_network));
}

/// Section 6, "an older protocol version".
BOOST_FIXTURE_TEST_CASE(another_protocol_version_is_named_as_such, Pair) {
  auto envelope = first.seal(epoch, MessageNumber{1}, bytes_of("hello"), fresh);
  envelope[0] = 0;
  const auto refused = second.open(envelope);
  BOOST_TEST((refused.error().token == Token::bad_message));
  BOOST_TEST(refused.error().what.find("version") != std::string::npos);
}

/// "so that a cloned or seeded generator repeats none for two messages".
BOOST_FIXTURE_TEST_CASE(a_repeating_generator_repeats_no_nonce_for_two_messages, Pair) {
  const auto nonce_of = [](const Bytes& envelope) {
    return Bytes(envelope.begin() + header_size, envelope.begin() + header_size + 24);
  };
  const auto one = first.seal(epoch, MessageNumber{1}, bytes_of("one"), fresh);
  const auto other_text = first.seal(epoch, MessageNumber{1}, bytes_of("two"), fresh);
  const auto other_number = first.seal(epoch, MessageNumber{2}, bytes_of("one"), fresh);
  const auto other_way = second.seal(epoch, MessageNumber{1}, bytes_of("one"), fresh);
  BOOST_TEST((nonce_of(one) != nonce_of(other_text)));
  BOOST_TEST((nonce_of(one) != nonce_of(other_number)));
  BOOST_TEST((nonce_of(one) != nonce_of(other_way)));
  BOOST_TEST((one == first.seal(epoch, MessageNumber{1}, bytes_of("one"), fresh)));
}

BOOST_AUTO_TEST_CASE(a_peer_that_the_network_does_not_have_has_no_channel) {
  const auto world = make_world();
  BOOST_TEST((Channel::make(world.genesis, world.identities[0], PeerPort{6000}).error().token == Token::unknown_peer));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

// The handshake: only the two peers of a channel come through, each in its own part, and nothing that was said
// once is of use again.
#include "transport/handshake.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/transport/pair.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(handshake)

struct Ends {
  World world = make_world();
  Channel opener = Channel::make(world.genesis, world.identities[0], PeerPort{5001}).value();
  Channel listener = Channel::make(world.genesis, world.identities[1], PeerPort{5000}).value();
  Hash first{{1}};
  Hash second{{2}};

  [[nodiscard]] Greeting greeting() const {
    return {protocol_version, world.genesis.id(), PeerPort{5000}, PeerPort{5001}, first};
  }
  [[nodiscard]] std::string read(const Bytes& bytes) const {
    const auto got = read_greeting(bytes);
    if (!got) return std::string(name(got.error().token));
    const auto fits = check_greeting(got.value(), world.genesis.id(), PeerPort{5001});
    return fits ? "read" : std::string(name(fits.error().token));
  }
};

BOOST_FIXTURE_TEST_CASE(two_peers_of_one_network_come_through, Ends) {
  const auto said = write_greeting(greeting());
  BOOST_TEST(said.size() == greeting_size);
  BOOST_TEST(read(said) == "read");
  const auto answer = write_answer(listener, said, second);
  BOOST_TEST(answer.size() == answer_size);
  BOOST_TEST(is_answer(opener, said, answer));
  const auto proof = write_proof(opener, said, answer);
  BOOST_TEST(proof.size() == proof_size);
  BOOST_TEST(is_proof(listener, said, answer, proof));
}

BOOST_FIXTURE_TEST_CASE(a_greeting_for_somebody_else_or_of_another_kind_is_refused, Ends) {
  auto other = greeting();
  other.to = PeerPort{5002};
  BOOST_TEST(read(write_greeting(other)) == "wrong-recipient");
  other = greeting();
  other.network.bytes[5] ^= 1U;
  BOOST_TEST(read(write_greeting(other)) == "wrong-network");
  other = greeting();
  other.version = 2;
  BOOST_TEST(read(write_greeting(other)) == "bad-message");
  auto magic = write_greeting(greeting());
  magic[0] ^= 1U;
  BOOST_TEST(read(magic) == "bad-message");
}

BOOST_FIXTURE_TEST_CASE(every_changed_bit_of_the_proofs_is_refused, Ends) {
  const auto said = write_greeting(greeting());
  const auto answer = write_answer(listener, said, second);
  const auto proof = write_proof(opener, said, answer);
  for (std::size_t i = 0; i < answer.size() * 8; ++i) {
    auto changed = answer;
    changed[i / 8] = static_cast<std::uint8_t>(changed[i / 8] ^ (1U << (i % 8)));
    BOOST_TEST(!is_answer(opener, said, changed), "bit " << i);
  }
  for (std::size_t i = 0; i < proof.size() * 8; ++i) {
    auto changed = proof;
    changed[i / 8] = static_cast<std::uint8_t>(changed[i / 8] ^ (1U << (i % 8)));
    BOOST_TEST(!is_proof(listener, said, answer, changed), "bit " << i);
  }
}

BOOST_FIXTURE_TEST_CASE(a_listener_of_another_network_names_it_in_what_is_no_answer, Ends) {
  const auto said = write_greeting(greeting());
  const auto parting = write_other_network(world.genesis.id());
  BOOST_TEST(parting.size() == answer_size);
  BOOST_TEST((read_other_network(parting) == world.genesis.id()));
  BOOST_TEST(!is_answer(opener, said, parting));
  BOOST_TEST(!read_other_network(write_answer(listener, said, second)));
  for (std::size_t i = Hash::size; i < parting.size(); ++i) {
    auto changed = parting;
    changed[i] = 1;
    BOOST_TEST(!read_other_network(changed), "byte " << i);
  }
}

/// With other randomness of the listener, or another greeting, an old proof fits nothing.
BOOST_FIXTURE_TEST_CASE(a_handshake_that_was_overheard_is_of_no_use, Ends) {
  const auto said = write_greeting(greeting());
  const auto answer = write_answer(listener, said, second);
  const auto proof = write_proof(opener, said, answer);
  const auto again = write_answer(listener, said, Hash{{3}});
  BOOST_TEST(!is_proof(listener, said, again, proof));
  auto fresh = greeting();
  fresh.challenge = Hash{{4}};
  BOOST_TEST(!is_answer(opener, write_greeting(fresh), answer));
}

/// A listener that answers whoever asks must not make what it could be shown as a proof of its own.
BOOST_FIXTURE_TEST_CASE(an_answer_is_no_proof_and_no_peer_passes_for_another, Ends) {
  const auto said = write_greeting(greeting());
  const auto answer = write_answer(listener, said, second);
  BOOST_TEST(!is_proof(listener, said, answer, ByteView(answer).subspan(Hash::size)));
  BOOST_TEST(!is_answer(listener, said, answer), "its own answer, sent back");
  const auto third = Channel::make(world.genesis, world.identities[2], PeerPort{5001}).value();
  BOOST_TEST(!is_proof(listener, said, answer, write_proof(third, said, answer)));
  BOOST_TEST(!is_answer(third, said, answer));
  // The keys of another network.
  const auto foreign = make_world(9);
  const auto stranger = Channel::make(foreign.genesis, foreign.identities[0], PeerPort{5001}).value();
  BOOST_TEST(!is_proof(listener, said, answer, write_proof(stranger, said, answer)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

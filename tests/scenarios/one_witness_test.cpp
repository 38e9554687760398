// "With five peers and one witness dead or lying, every path still ends" (docs/protocol.md, claim 8): each path of an
// exchange beside each thing that one witness of three can do.
#include <array>
#include <memory>

#include "ledger/evidence.hpp"
#include "tests/scenarios/all_paths.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

struct Lie {
  const char* name;
  void (*tell)(Network&, PeerPort);
};

void be_dead(Network& network, PeerPort liar) { network.kill(liar); }

void withhold_votes(Network& network, PeerPort liar) {
  network.filter = [liar](const Envelope& envelope) {
    const bool vote = std::holds_alternative<AnswerMessage>(envelope.message) ||
                      std::holds_alternative<PrevoteMessage>(envelope.message) ||
                      std::holds_alternative<PrecommitMessage>(envelope.message);
    return envelope.from != liar || !vote;
  };
}

void say_no(Network& network, PeerPort liar) {
  network.filter = [&network, liar](const Envelope& envelope) {
    const auto* answer = std::get_if<IdAnswerMessage>(&envelope.message);
    if (envelope.from != liar || answer == nullptr || !answer->answer.body.yes) return true;
    auto body = answer->answer.body;
    body.yes = false;
    network.queue.push_back(Envelope{liar, envelope.to, IdAnswerMessage{network.sign(liar, body)}, std::nullopt});
    return false;
  };
}

void name_another_key(Network& network, PeerPort liar) {
  network.filter = [&network, liar](const Envelope& envelope) {
    const auto* answer = std::get_if<KeyAnswerMessage>(&envelope.message);
    if (envelope.from != liar || answer == nullptr) return true;
    auto body = answer->answer.body;
    if (body.key_commitment != network.record(liar, body.exchange).grant->body.key_commitment) return true;
    body.key_commitment.bytes[0] ^= 1U;
    network.queue.push_back(Envelope{liar, envelope.to, KeyAnswerMessage{network.sign(liar, body)}, std::nullopt});
    return false;
  };
}

void prevote_twice(Network& network, PeerPort liar) {
  const auto invented = std::make_shared<std::set<Hash>>();
  network.filter = [&network, liar, invented](const Envelope& envelope) {
    const auto* vote = std::get_if<PrevoteMessage>(&envelope.message);
    if (envelope.from != liar || vote == nullptr || invented->contains(vote->vote.body.block)) return true;
    auto body = vote->vote.body;
    body.block.bytes[0] ^= 1U;
    invented->insert(body.block);
    network.queue.push_back(Envelope{liar, envelope.to, PrevoteMessage{network.sign(liar, body)}, std::nullopt});
    return true;
  };
}

constexpr std::array lies{
    Lie{"is dead", be_dead},
    Lie{"says no about the id", say_no},
    Lie{"names another key", name_another_key},
    Lie{"withholds its votes", withhold_votes},
    Lie{"prevotes twice", prevote_twice},
};

void require_end(const Four& four, const Path& path, PeerPort liar) {
  const auto& network = four.network;
  const bool before_consent = !network.record(four.r, four.x).consent;
  BOOST_TEST((network.state_of(four.r, four.x) == path.end));
  BOOST_TEST(is_over(network.state_of(four.o, four.x)) == is_over(path.end));
  const auto book = network.record(four.r, four.x).request.body.book;
  const bool moved = path.end == ExchangeState::committed;
  BOOST_TEST(network.home(four.r).books.contains(book) == moved);
  for (const auto& peer : network.genesis().peers()) {
    if (peer.port == liar) continue;
    BOOST_TEST((network.owner_of_book(peer.port, book) == (moved ? four.r : four.o)), peer.port.value);
    if (!before_consent) BOOST_TEST((network.state_of(peer.port, four.x) == path.end), peer.port.value);
    BOOST_TEST(pending.all(network.state(peer.port)).empty(), peer.port.value);
  }
}

/// The faults of which an honest peer has evidence against the liar.
std::set<std::string> faults_of(const Network& network, PeerPort at, PeerPort liar) {
  std::set<std::string> found;
  for (const auto& [key, row] : evidence_rows.all(network.state(at), encode(liar))) {
    found.emplace(fault(row.evidence));
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(one_witness_of_three)

BOOST_AUTO_TEST_CASE(whatever_one_witness_does_every_path_comes_to_its_end) {
  for (const auto& path : all_paths()) {
    for (const auto& lie : lies) {
      BOOST_TEST_CONTEXT(path.name << ", and one witness " << lie.name) {
        Four four(Step::request, 5);
        auto& network = four.network;
        network.home(four.o).grants = false;
        const auto liar = four.w1;
        lie.tell(network, liar);
        path.take(four);
        require_end(four, path, liar);
        network.require_no_fork();
        // Only what is signed twice leaves evidence.
        const bool voted = network.head(four.r).height.value > 0;
        const std::set<std::string> expected{"two-prevotes"};
        const bool proven = lie.tell == prevote_twice && voted;
        BOOST_TEST((faults_of(network, four.w2, liar) == (proven ? expected : std::set<std::string>{})));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

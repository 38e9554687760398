// The first ballot of a height (docs/protocol.md, section 4), as a process that serves comes to it: at the end of a
// turn, once it has seen a block come.
#include <boost/test/unit_test.hpp>

#include "ledger/book.hpp"
#include "tests/transport/played_link.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(first_ballot)

/// The peer after the last miner, with a transaction that waits to be mined.
struct NextMiner : PatientPeer {
  Channel channel_of_third = Channel::make(genesis, identities[2], self).value();

  NextMiner() { stand_after(Height{1}); }
  /// The chain is as high, by the peer before this one.
  void stand_after(Height height) {
    change([&](Draft& draft) {
      head_fact.put(draft, Head{height, Hash{{std::uint8_t(height.value)}}, genesis.peers().back().port});
      pending.put(draft, 1, Transaction(Signed<Abort>{self, Abort{book(height.value), {}, {}}, {}}));
    });
  }
  [[nodiscard]] Signed<Book> book(std::uint64_t serial) const {
    return genesis.sign(self, identities[0].signing_key,
                        Book{serial, "7", std::string(value_media_type), 1, genesis.fields().chunk_size, {}});
  }
  void bring_something() { bring_message(WitnessId{ExchangeId{{1}}, {}}); }
  [[nodiscard]] static Message message_of(const Signed<Answer>& answer) { return AnswerMessage{answer, std::nullopt}; }
  [[nodiscard]] static Message message_of(const Signed<Prevote>& vote) { return PrevoteMessage{vote}; }
  [[nodiscard]] static Message message_of(const Signed<Precommit>& vote) { return PrecommitMessage{vote}; }
  /// What two others sign about the ballot that runs: with its own it is a quorum.
  template <class Body>
  Report answer(const Body& body) {
    for (const std::size_t place : {1U, 2U}) {
      const auto from = identities[place].port;
      const Message message = message_of(genesis.sign(from, identities[place].signing_key, body));
      const auto& sealing = place == 1 ? channel : channel_of_third;
      link.parcels.push_back(Parcel{from,
                                    "p" + std::to_string(++parcels_brought),
                                    {sealing.seal(Epoch{{2}}, MessageNumber{++numbers}, encode(message), Hash{{3}})},
                                    std::nullopt});
    }
    return turn(patient);
  }
  /// A block of its own becomes final, in a ballot that it opened.
  void lead_a_ballot() {
    bring_something();
    BOOST_TEST(types_of(turn(patient)) == three("new-round"), boost::test_tools::per_element());
    const auto opened = proposers.get(store, only_row).value();
    BOOST_TEST(types_of(answer(Answer{opened.height, opened.ballot, std::nullopt})) == three("propose"),
               boost::test_tools::per_element());
    const auto block = proposers.get(store, only_row)->block;
    BOOST_TEST(types_of(answer(Prevote{opened.height, opened.ballot, block})) == three("prevotes"),
               boost::test_tools::per_element());
    BOOST_TEST(types_of(answer(Precommit{opened.height, opened.ballot, block})) == three("commit"),
               boost::test_tools::per_element());
  }
  [[nodiscard]] static std::vector<std::string> types_of(const Report& report) {
    std::vector<std::string> types;
    for (const auto& each : report.sent) types.push_back(each.type);
    return types;
  }
  [[nodiscard]] static std::vector<std::string> three(const std::string& type) { return {type, type, type}; }
};

// Section 4: "[...] with all that a turn brings": the wishes of the user come after the mail, and before the proposal.
BOOST_FIXTURE_TEST_CASE(it_proposes_when_all_else_of_the_turn_is_decided, NextMiner) {
  lead_a_ballot();
  stand_after(Height{3});
  bring_something();
  const auto report = courier.turn({}, patient, {Wish{WishAddBook{book(9)}}});
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST(types_of(report.value()) ==
                 (std::vector<std::string>{"announce", "announce", "announce", "propose", "propose", "propose"}),
             boost::test_tools::per_element());
  const auto proposer = proposers.get(store, only_row);
  BOOST_REQUIRE(proposer.has_value());
  BOOST_TEST((proposer->ballot == Ballot{Round{0}, self}));
  BOOST_TEST(proposer->answers.empty());
  BOOST_TEST((proposer->retry_at == Time{}));
}

// Section 4: "so does a peer that serves until a ballot of its own has made a block final", whatever others make final.
BOOST_FIXTURE_TEST_CASE(a_process_of_whose_ballots_none_got_through_opens_one, NextMiner) {
  for (const std::uint64_t height : {1U, 2U, 3U}) {
    stand_after(Height{height});
    bring_something();
    BOOST_TEST(types_of(turn(patient)) == three("new-round"), boost::test_tools::per_element());
  }
  auto begun_anew = Courier::make({node, store, shelf, link, environment}).value();
  stand_after(Height{5});
  bring_something();
  const auto report = begun_anew.turn({}, patient);
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST(types_of(report.value()) == three("new-round"), boost::test_tools::per_element());
}

struct Quiet final : Tamper {
  void tamper(const State& /*state*/, std::vector<Outgoing>& /*leaving*/) override {}
};

BOOST_FIXTURE_TEST_CASE(a_liar_asks_so_that_it_has_answers_to_lie_about, NextMiner) {
  lead_a_ballot();
  stand_after(Height{3});
  Quiet liar;
  courier.set_tamper(&liar);
  bring_something();
  BOOST_TEST(types_of(turn(patient)) == three("new-round"), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(by_hand_a_ballot_is_opened, NextMiner) {
  lead_a_ballot();
  stand_after(Height{3});
  bring_something();
  BOOST_TEST(types_of(turn()) == three("new-round"), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

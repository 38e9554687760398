// A peer that asked and died before that was durable (docs/decisions/0021-questions-leave-before-the-commit.md). The
// answers come to one that does not know that it asked; then what led to the question comes again, and the question
// with it. Whoever is asked twice gives the same answer, and everything ends.
#include "tests/scenarios/four.hpp"

namespace bookchain::scenarios {

BOOST_AUTO_TEST_SUITE(forgotten_questions)

namespace {

struct Forgotten : Four {
  using Four::Four;

  template <class Kind>
  [[nodiscard]] std::vector<Bytes> all_queued() const {
    std::vector<Bytes> found;
    for (const auto& envelope : network.queue) {
      if (std::holds_alternative<Kind>(envelope.message)) found.push_back(encode(envelope.message));
    }
    return found;
  }
  /// What `peer` does within `ask` it forgets, and does again when the answers have come.
  template <class Question, class Answer>
  void forget_and_ask_again(PeerPort peer, const std::function<void()>& ask) {
    auto before = network.backup(peer);
    const auto led_to_it = network.queue;
    ask();
    const auto questions = all_queued<Question>();
    BOOST_REQUIRE(questions.size() == 3U - (std::is_same_v<Question, CheckId> || std::is_same_v<Question, CheckKey>));
    network.restore(peer, std::move(before));
    network.deliver_all<Question>();
    const auto answers = all_queued<Answer>();
    network.deliver_all<Answer>();
    network.queue.insert(network.queue.end(), led_to_it.begin(), led_to_it.end());
    ask();
    BOOST_TEST((all_queued<Question>() == questions));
    network.deliver_all<Question>();
    const auto again = all_queued<Answer>();
    BOOST_TEST(!again.empty());
    for (const auto& answer : again) BOOST_TEST((std::ranges::count(answers, answer) > 0));
    network.run();
    network.require_equal_chains(1);
    BOOST_TEST((network.owner_of_book(w1, book()) == r));
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_owner_that_forgot_that_it_asked_about_the_id_asks_again) {
  Forgotten four(Step::grant);
  four.network.take(four.r, four.x, Step::consent);
  four.forget_and_ask_again<CheckId, IdAnswerMessage>(four.o, [&] {
    four.network.deliver_all<ConsentMessage>();
    four.network.take(four.o, four.x, Step::check_id);
  });
}

BOOST_AUTO_TEST_CASE(a_requester_that_forgot_the_key_and_that_it_asked_about_it_asks_again) {
  Forgotten four(Step::check_id);
  four.network.take(four.o, four.x, Step::release);
  four.forget_and_ask_again<CheckKey, KeyAnswerMessage>(four.r, [&] {
    four.network.deliver_all<ReleaseMessage>();
    four.network.take(four.r, four.x, Step::open);
    four.network.take(four.r, four.x, Step::check_key);
  });
}

BOOST_AUTO_TEST_CASE(a_proposer_that_forgot_that_it_opened_a_ballot_opens_it_again) {
  Forgotten four(Step::check_key);
  four.forget_and_ask_again<NewRound, AnswerMessage>(four.r, [&] { four.network.take(four.r, four.x, Step::mine); });
}

BOOST_AUTO_TEST_CASE(a_proposer_that_forgot_that_it_showed_the_prevotes_shows_them_again) {
  Forgotten four(Step::check_key);
  four.network.take(four.r, four.x, Step::mine);
  four.network.deliver_all<NewRound>();
  four.network.deliver_all<AnswerMessage>();
  four.network.deliver_all<ProposeMessage>();
  four.forget_and_ask_again<PrevotesMessage, PrecommitMessage>(four.r,
                                                               [&] { four.network.deliver_all<PrevoteMessage>(); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::scenarios

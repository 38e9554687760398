// Golden transcripts: whole runs as text under tests/scenarios/golden. What the rules send today is what they sent
// yesterday, message for message; a change of the protocol shows in a difference. BOOKCHAIN_REGENERATE=1 writes them.
#include "tests/scenarios/transcript.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_transcripts)

// Section 3: the eight steps by hand.
BOOST_AUTO_TEST_CASE(a_whole_exchange) {
  Network network(4);
  Transcript transcript(network);
  transcript.remark("5001 adds the value book 7");
  const auto book = network.add_book(network.port(1), "7");
  network.deliver_until_quiet();
  transcript.remark("step 1: 5000 requests it");
  const auto x = network.request(network.port(0), network.port(1), book);
  network.deliver_until_quiet();
  const std::vector<std::pair<std::size_t, Step>> steps = {{1, Step::grant},   {0, Step::consent}, {1, Step::check_id},
                                                           {1, Step::release}, {0, Step::open},    {0, Step::check_key},
                                                           {0, Step::mine}};
  for (const auto& [peer, step] : steps) {
    transcript.remark("step " + std::to_string(static_cast<int>(step)) + ": " + std::string(name(step)) + " at " +
                      std::to_string(network.port(peer).value));
    network.take(network.port(peer), x, step);
    network.deliver_until_quiet();
  }
  transcript.standing_of(x);
  network.require_equal_chains(1);
  transcript.require_golden("whole_exchange");
}

// Section 3, step 1: "O refuses: … a book granted to another R in this turn".
BOOST_AUTO_TEST_CASE(a_refused_request) {
  Network network(4);
  Transcript transcript(network);
  const auto first = network.start(network.port(0), network.port(1), "7", Step::grant);
  transcript.remark("5002 requests the same book");
  const auto second =
      network.request(network.port(2), network.port(1), network.record(network.port(0), first).request.body.book);
  network.deliver_until_quiet();
  transcript.standing_of(second);
  transcript.require_golden("refused_request");
}

// Section 3, step 4, and section 5: a wrong id, and the ABORT that frees the turn.
BOOST_AUTO_TEST_CASE(a_wrong_id_and_its_abort) {
  Network network(4);
  Transcript transcript(network);
  const auto x = network.start(network.port(0), network.port(1), "7", Step::grant);
  transcript.remark("5000 consents with another id; 5001 aborts the turn");
  network.wish(network.port(0), WishConsent{x, network.draw<RequestId>()});
  network.run();
  transcript.standing_of(x);
  network.require_equal_chains(1);
  transcript.require_golden("wrong_id_and_abort");
}

// Section 4: two proposers at one height.
BOOST_AUTO_TEST_CASE(two_contending_proposers) {
  Network network(4);
  const auto first = network.start(network.port(0), network.port(2), "1", Step::check_key);
  const auto second = network.start(network.port(1), network.port(2), "2", Step::check_key);
  Transcript transcript(network);
  transcript.remark("5000 and 5001 mine at the same time");
  network.take(network.port(0), first, Step::mine);
  network.take(network.port(1), second, Step::mine);
  network.run();
  transcript.standing_of(first);
  transcript.standing_of(second);
  network.require_equal_chains(2);
  transcript.require_golden("contention");
}

BOOST_AUTO_TEST_SUITE_END()

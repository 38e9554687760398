// Who keeps the rules is never named, and who breaks them is, by whoever is shown two statements that exclude each
// other (docs/protocol.md, section 5): kept, told to all, and checked by each.
#include "ledger/evidence.hpp"

#include <algorithm>

#include "tests/scenarios/cheated.hpp"
#include "tests/scenarios/four.hpp"
#include "tests/scenarios/votes.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// The faults of one peer that another has evidence of.
std::vector<std::string> faults(const Network& network, PeerPort at, PeerPort accused) {
  std::vector<std::string> found;
  for (const auto& [key, record] : evidence_rows.all(network.state(at), encode(accused))) {
    BOOST_TEST(!examine(network.genesis(), record.evidence).failure.has_value());
    found.emplace_back(fault(record.evidence));
  }
  return found;
}

/// After all was delivered: each of the others has this evidence, and nothing about anybody else.
void only_evidence_is(Network& network, PeerPort accused, const std::string& what) {
  network.deliver_until_quiet();
  for (const auto& peer : network.genesis().peers()) {
    if (peer.port == accused) continue;
    BOOST_TEST_CONTEXT("at " << peer.port.value) {
      const auto found = faults(network, peer.port, accused);
      BOOST_TEST((found == std::vector<std::string>{what}), (found.empty() ? "nothing" : found.back()));
      BOOST_TEST(evidence_rows.all(network.state(peer.port)).size() == found.size());
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(evidence)

BOOST_AUTO_TEST_CASE(two_grants_of_one_exchange_are_told_to_all) {
  Four four(Step::grant);
  const auto record = four.network.record(four.o, four.x);
  const auto [grant, shares] = four.other_grant(record.request);
  BOOST_TEST(
      (four.network.give(four.o, four.w1, WitnessShare{record.request, grant, shares[0]}) == Token::equivocation));
  only_evidence_is(four.network, four.o, "two-grants");
}

BOOST_AUTO_TEST_CASE(a_second_grant_that_only_the_requester_sees_is_told_to_all) {
  Four four(Step::grant);
  const auto record = four.network.record(four.r, four.x);
  const auto [grant, shares] = four.other_grant(record.request);
  BOOST_TEST(
      (four.network.give(four.o, four.r, GrantMessage{record.request, grant, *record.book}) == Token::equivocation));
  only_evidence_is(four.network, four.o, "two-grants");
}

// An owner may sign any grant of the exchange and accuse itself with that, before the requester opens the book.
BOOST_AUTO_TEST_CASE(an_owner_that_accuses_itself_of_another_grant_does_not_keep_the_requesters_proof_out) {
  Cheated c(Step::release);
  auto& network = c.network;
  network.home(c.r).takes_steps = false;
  const auto record = network.record(c.r, c.x);
  auto other = record.grant->body;
  other.version = Version{9};
  const FalseBook accusing_itself{*record.book, record.request, network.sign(c.o, other), c.proof(1)};
  BOOST_TEST(!network.give(c.o, c.r, EvidenceMessage{accusing_itself}));
  BOOST_TEST((faults(network, c.r, c.o) == std::vector<std::string>{"bad-chunk"}));
  BOOST_TEST((network.refused_wish(c.r, WishDispute{c.x}) == Token::unexpected));
  (void)network.take_step(c.r, {c.x, Step::open});
  network.take(c.r, c.x, Step::dispute);
  network.run();
  BOOST_TEST(marks.all(network.state(c.r)).size() == 1U);
}

// What a disk made of the package is no fault of the owner.
BOOST_AUTO_TEST_CASE(a_package_that_changed_in_the_home_accuses_nobody) {
  Four four(Step::release);
  auto& network = four.network;
  network.home(four.r).packages.at(four.x).chunks[0][20] ^= 1U;
  const auto opened = network.take_step(four.r, {four.x, Step::open});
  BOOST_REQUIRE(!opened.has_value());
  BOOST_TEST((opened.error().token == Token::bad_file));
  BOOST_TEST(network.record(four.r, four.x).token.empty());
  BOOST_TEST(evidence_rows.all(network.state(four.r)).empty());
}

BOOST_AUTO_TEST_CASE(a_double_sale_is_found_by_the_witness_of_both) {
  Four four(Step::grant, 5);
  auto& network = four.network;
  const auto other = four.w1;
  const auto id = network.draw<RequestId>();
  const auto request = network.sign(other, Request{other, four.o, four.book(), request_id_hash(id)});
  const auto [grant, shares] = four.other_grant(request);
  const auto index = network.genesis().witness_index(other, four.o, four.w2);
  (void)network.give(four.o, four.w2, WitnessShare{request, grant, shares[*index]});
  only_evidence_is(network, four.o, "double-sale");
}

BOOST_AUTO_TEST_CASE(a_release_before_an_abort_is_found_by_the_requester_when_the_abort_is_proposed) {
  Four four(Step::release);
  auto& network = four.network;
  network.edit(four.o, [&](Draft& draft) {
    const TurnKey key{four.o, four.book(), {}, {}};
    auto turn = *turns.get(draft, key);
    turn.released = false;
    turns.put(draft, key, turn);
  });
  network.wish(four.o, WishAbort{four.x, {}});
  only_evidence_is(network, four.o, "release-and-abort");
}

BOOST_AUTO_TEST_CASE(a_release_after_an_abort_is_found_by_the_requester_in_its_chain) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto record = network.record(four.o, four.x);
  network.wish(four.o, WishAbort{four.x, {}});
  network.deliver_until_quiet();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::aborted));
  const auto release = network.sign(four.o, Release{four.x, network.genesis().id_of(*record.grant)});
  BOOST_TEST((network.give(four.o, four.r, ReleaseMessage{*record.key, {}, release}) == Token::exchange_over));
  only_evidence_is(network, four.o, "release-and-abort");
}

BOOST_AUTO_TEST_CASE(yes_and_no_to_one_consent_are_found_by_whoever_is_shown_both) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto consent = network.genesis().id_of(*network.record(four.r, four.x).consent);
  (void)network.give(four.w1, four.r, IdAnswerMessage{network.sign(four.w1, IdAnswer{four.x, consent, false})});
  only_evidence_is(network, four.w1, "two-id-answers");
}

BOOST_AUTO_TEST_CASE(consents_to_two_grants_of_one_exchange_are_found_by_the_owner) {
  Four four(Step::consent);
  auto& network = four.network;
  const auto record = network.record(four.r, four.x);
  const auto second = network.sign(four.r, Consent{four.x, network.draw<Hash>()});
  BOOST_TEST(
      (network.give(four.r, four.o, ConsentMessage{*record.request_id, second, record.acks}) == Token::bad_statement));
  only_evidence_is(network, four.r, "two-consents");
}

// The same words under another signature, or a new request for the same book, are no fault.
BOOST_AUTO_TEST_CASE(a_second_request_of_one_requester_and_its_grant_prove_nothing) {
  Four four(Step::consent);
  auto& network = four.network;
  const auto again = network.request(four.r, four.o, four.book());
  network.deliver_until_quiet();
  network.take(four.o, again, Step::grant);
  network.run();
  for (const auto& peer : network.genesis().peers()) {
    BOOST_TEST(evidence_rows.all(network.state(peer.port)).empty());
  }
}

BOOST_AUTO_TEST_CASE(two_proposals_in_one_ballot_are_found_by_a_voter_that_is_shown_both) {
  Votes v;
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), v.block(1))));
  BOOST_TEST((v.give(v.proposal(v.ballot(1), v.block(2))) == Token::equivocation));
  BOOST_TEST((faults(v.network, v.voter, v.liar) == std::vector<std::string>{"two-proposals"}));
}

BOOST_AUTO_TEST_CASE(votes_for_two_blocks_in_one_ballot_are_found_in_two_certificates) {
  Votes v;
  const auto first = v.block(1);
  const auto second = v.block(2);
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), first)));
  BOOST_TEST(!v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(first))}));
  BOOST_TEST((v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(second))}) == Token::equivocation));
  for (const auto i : v.quorum) {
    BOOST_TEST((faults(v.network, v.voter, v.network.port(i)) == std::vector<std::string>{"two-prevotes"}));
  }
}

BOOST_AUTO_TEST_CASE(an_answer_that_hides_a_lock_is_found_by_the_proposer_that_was_given_the_precommit) {
  Four four(Step::check_key);
  auto& network = four.network;
  // Ballot 1 of the requester gets one foreign precommit, and is given up.
  network.filter = [&](const Envelope& envelope) {
    const bool precommit = std::holds_alternative<PrecommitMessage>(envelope.message);
    return !precommit || envelope.from == four.w1;
  };
  network.wish(four.r, WishMine{four.x});
  network.deliver_until_quiet();
  const Ballot first{Round{1}, four.r};
  const Ballot second{Round{2}, four.o};
  std::vector<Signed<Answer>> answers;
  for (const auto port : {four.o, four.w1, four.w2}) {
    answers.push_back(network.sign(port, Answer{Height{1}, second, std::nullopt}));
  }
  BOOST_TEST((proposers.get(network.state(four.r), 0)->ballot == first));
  network.give(four.o, four.r, NewRound{Height{1}, second});
  network.give(four.o, four.r, Promised{Height{1}, Ballot{Round{5}, four.o}});
  network.filter = nullptr;
  network.pass(60'000'000);
  network.tick(four.r);  // opens another ballot, and remembers who precommitted in the first
  const auto record = network.record(four.o, four.x);
  const auto block = mine_block(network.genesis(), network.home(four.o).identity, network.head(four.r), Time{1},
                                {network.sign(four.o, Abort{*record.book, {}, {}})});
  const Ballot third{Round{9}, four.o};
  for (auto& answer : answers) answer = network.sign(answer.signer, Answer{Height{1}, third, std::nullopt});
  const auto hash = network.genesis().block_hash(block);
  (void)network.give(
      four.o, four.r,
      ProposeMessage{network.sign(four.o, Propose{Height{1}, third, hash}), answers, std::nullopt, block});
  BOOST_TEST((faults(network, four.r, four.w1) == std::vector<std::string>{"hidden-lock"}));
  BOOST_TEST(faults(network, four.r, four.w2).empty());
}

BOOST_AUTO_TEST_CASE(two_answers_and_votes_for_no_proposed_block_are_found_by_the_proposer) {
  Four four(Step::check_key);
  auto& network = four.network;
  const Ballot ballot{Round{1}, four.r};
  const auto other = network.draw<Hash>();
  network.wish(four.r, WishMine{four.x});
  (void)network.give(four.w1, four.r, AnswerMessage{network.sign(four.w1, Answer{Height{1}, ballot, {}}), {}});
  const Lock lock{Ballot{Round{0}, four.o}, other};
  (void)network.give(four.w1, four.r, AnswerMessage{network.sign(four.w1, Answer{Height{1}, ballot, lock}), {}});
  BOOST_TEST((faults(network, four.r, four.w1) == std::vector<std::string>{"two-answers"}));
  network.deliver_all<NewRound>();
  network.deliver_all<AnswerMessage>();
  BOOST_TEST((network.give(four.w2, four.r, PrevoteMessage{network.sign(four.w2, Prevote{Height{1}, ballot, other})}) ==
              Token::bad_statement));
  network.deliver_until_quiet();
  network.require_equal_chains(1);
  BOOST_TEST((faults(network, four.r, four.w2) == std::vector<std::string>{"two-prevotes"}));
  BOOST_TEST((faults(network, four.o, four.w2) == std::vector<std::string>{"two-prevotes"}));
}

// "Evidence … never names a peer that kept the rules and its memory": contention, repetition, any order.
BOOST_AUTO_TEST_CASE(contending_honest_peers_give_no_evidence_in_any_order) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Network network(5, seed);
    std::vector<ExchangeId> started;
    for (std::size_t i = 0; i < 3; ++i) {
      started.push_back(network.start(network.port(i), network.port(i + 1), std::to_string(i), Step::check_key));
    }
    for (std::size_t i = 0; i < started.size(); ++i) network.wish(network.port(i), WishMine{started[i]});
    network.run_shuffled(20);
    for (const auto& peer : network.genesis().peers()) {
      BOOST_TEST(evidence_rows.all(network.state(peer.port)).empty());
      BOOST_TEST(seen_votes.all(network.state(peer.port)).size() <= 16U);
    }
  }
}

BOOST_AUTO_TEST_CASE(told_evidence_is_checked_kept_once_and_bounded) {
  Four four(Step::consent);
  auto& network = four.network;
  const auto vote = [&](std::uint64_t round, std::uint8_t byte) {
    return network.sign(four.o, Prevote{Height{9}, Ballot{Round{round}, four.r}, Hash{{byte}}});
  };
  const auto told = [&](std::uint64_t round) {
    return EvidenceMessage{contradiction(network.genesis().id(), vote(round, 1), vote(round, 2))};
  };
  auto forged = told(1);
  std::get<Contradiction<Prevote>>(forged.evidence).second.signature.bytes[3] ^= 1U;
  BOOST_TEST((network.give(four.w1, four.r, forged) == Token::bad_signature));
  BOOST_TEST(faults(network, four.r, four.o).empty());
  for (std::uint64_t round = 1; round <= 40; ++round) {
    BOOST_TEST(!network.give(four.w1, four.r, told(round)));
    BOOST_TEST(!network.give(four.w2, four.r, told(round)));
  }
  BOOST_TEST(faults(network, four.r, four.o).size() == max_told_of_one_fault);
  BOOST_TEST(evidence_rows.all(network.state(four.r)).front().second.told_by.value == four.w1.value);
  // Told, not found: it is not told on.
  BOOST_TEST(count_queued<EvidenceMessage>(network) == 0U);
}

// One that accuses itself of faults that harm nobody must not keep out what it does to this peer afterwards.
BOOST_AUTO_TEST_CASE(self_accusations_keep_out_no_evidence_of_an_own_exchange_and_of_none_found_here) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto own_fault = [&](auto body, auto other) {
    const auto evidence =
        contradiction(network.genesis().id(), network.sign(four.o, body), network.sign(four.o, other));
    BOOST_TEST(!network.give(four.o, four.r, EvidenceMessage{evidence}));
  };
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const auto exchange = network.draw<ExchangeId>();
    Grant grant{exchange, {}, {}, network.draw<Hash>(), {}, {}};
    auto other = grant;
    other.ciphertext_root = network.draw<Hash>();
    own_fault(grant, other);
    own_fault(Consent{exchange, network.draw<Hash>()}, Consent{exchange, network.draw<Hash>()});
    const Ballot ballot{Round{i}, four.o};
    own_fault(Prevote{Height{9}, ballot, network.draw<Hash>()}, Prevote{Height{9}, ballot, network.draw<Hash>()});
    own_fault(Precommit{Height{9}, ballot, network.draw<Hash>()}, Precommit{Height{9}, ballot, network.draw<Hash>()});
    own_fault(Propose{Height{9}, ballot, network.draw<Hash>()}, Propose{Height{9}, ballot, network.draw<Hash>()});
  }
  BOOST_TEST(faults(network, four.r, four.o).size() == max_told_evidence);
  // A second grant to this requester: kept by it, and told to the others.
  const auto record = network.record(four.r, four.x);
  const auto [grant, shares] = four.other_grant(record.request);
  (void)network.give(four.o, four.r, GrantMessage{record.request, grant, *record.book});
  BOOST_TEST(std::ranges::count(faults(network, four.r, four.o), "two-grants") == max_told_of_one_fault + 1);
  network.deliver_until_quiet();
  for (const auto witness : {four.w1, four.w2}) {
    BOOST_TEST((faults(network, witness, four.o) == std::vector<std::string>{"two-grants"}));
  }
}

// Of an own exchange is kept what contradicts the statements that this peer holds. A witness or an owner can sign any
// number of others under the same X, and tell of them, or have a witness show them.
BOOST_AUTO_TEST_CASE(faults_without_end_under_an_own_exchange_are_bounded_like_others) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto& genesis = network.genesis();
  const auto told = [&](PeerPort by, PeerPort to, const Evidence& evidence) {
    BOOST_TEST(!network.give(by, to, EvidenceMessage{evidence}));
  };
  const auto yes_and_no = [&](const Hash& consent) {
    return contradiction(genesis.id(), network.sign(four.w1, IdAnswer{four.x, consent, true}),
                         network.sign(four.w1, IdAnswer{four.x, consent, false}));
  };
  const auto record = network.record(four.r, four.x);
  const auto request = network.sign(four.w2, Request{four.w2, four.o, four.book(), network.draw<Hash>()});
  for (std::uint64_t i = 1; i <= 40; ++i) {
    for (const auto victim : {four.r, four.o}) told(four.w1, victim, yes_and_no(network.draw<Hash>()));
    const auto grant = four.other_grant(record.request, Version{i}).first;
    const auto release = network.sign(four.o, Release{four.x, genesis.id_of(grant)});
    told(four.o, four.r,
         ReleaseAndAbort{record.request, grant, release, network.sign(four.o, Abort{*record.book, Version{i}, {}})});
    const auto sold = four.other_grant(request, Version{i}).first;
    told(four.o, four.r, two_grants(genesis.id(), record.request, grant, request, sold));
    const GrantConflict shown{four.x, record.request, grant, request, sold};
    BOOST_TEST(!network.give(four.w1, four.r, shown));
  }
  for (const auto victim : {four.r, four.o}) {
    BOOST_TEST(faults(network, victim, four.w1).size() == max_told_of_one_fault);
  }
  const auto of_owner = faults(network, four.r, four.o);
  BOOST_TEST(std::ranges::count(of_owner, "release-and-abort") == max_told_of_one_fault);
  BOOST_TEST(of_owner.size() <= 2 * max_told_of_one_fault + max_found_evidence);
  BOOST_TEST(count_queued<EvidenceMessage>(network) <= 3 * max_found_evidence);
  // What contradicts what they hold themselves is kept all the same.
  const auto real = yes_and_no(genesis.id_of(*record.consent));
  for (const auto victim : {four.r, four.o}) {
    told(four.w2, victim, real);
    BOOST_TEST(
        evidence_rows.get(network.state(victim), EvidenceKey{four.w1, accusation(genesis, real).id}).has_value());
  }
  const auto sold = four.other_grant(request).first;
  const auto sale = two_grants(genesis.id(), record.request, *record.grant, request, sold);
  told(four.w2, four.r, sale);
  BOOST_TEST(evidence_rows.get(network.state(four.r), EvidenceKey{four.o, accusation(genesis, sale).id}).has_value());
}

// The same where nothing is held yet, or the accused has no part in it: only what contradicts a statement at hand is
// kept whatever else there is.
BOOST_AUTO_TEST_CASE(faults_under_an_own_exchange_that_contradict_nothing_held_are_no_more_than_others) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto& network_id = network.genesis().id();
  const auto kept = [&](PeerPort victim, PeerPort accused, auto one, auto other) {
    const auto before = faults(network, victim, accused).size();
    const auto evidence = contradiction(network_id, network.sign(accused, one), network.sign(accused, other));
    BOOST_TEST(!network.give(four.w2, victim, EvidenceMessage{evidence}));
    return faults(network, victim, accused).size() > before;
  };
  const auto grant = network.record(four.r, four.x).grant->body;
  const auto grants_of = [&](PeerPort victim, PeerPort accused, const ExchangeId& exchange) {
    auto one = grant;
    one.exchange = exchange;
    auto other = one;
    other.ciphertext_root = network.draw<Hash>();
    return kept(victim, accused, one, other);
  };
  const auto consents_of = [&](PeerPort victim, PeerPort accused, const ExchangeId& exchange) {
    return kept(victim, accused, Consent{exchange, network.draw<Hash>()}, Consent{exchange, network.draw<Hash>()});
  };
  const auto answers_of = [&](PeerPort victim, PeerPort accused, const ExchangeId& exchange, const Hash& consent) {
    return kept(victim, accused, IdAnswer{exchange, consent, true}, IdAnswer{exchange, consent, false});
  };
  for (std::size_t i = 0; i < max_told_of_one_fault; ++i) {
    for (const auto accused : {four.w1, four.o}) {
      BOOST_TEST(grants_of(four.r, accused, network.draw<ExchangeId>()));
      BOOST_TEST(answers_of(four.r, accused, network.draw<ExchangeId>(), network.draw<Hash>()));
    }
    BOOST_TEST(consents_of(four.o, four.r, network.draw<ExchangeId>()));
  }
  // There is no CONSENT yet that the first two could contradict; the GRANT is the owner's, not the witness's.
  BOOST_TEST(!consents_of(four.o, four.r, four.x));
  BOOST_TEST(!answers_of(four.r, four.w1, four.x, network.draw<Hash>()));
  BOOST_TEST(!grants_of(four.r, four.w1, four.x));
  BOOST_TEST(grants_of(four.r, four.o, four.x));
  network.play(four.x, Step::consent);
  const auto consent = network.genesis().id_of(*network.record(four.r, four.x).consent);
  BOOST_TEST(!answers_of(four.r, four.o, four.x, consent), "an owner answers nothing");
  BOOST_TEST(answers_of(four.r, four.w1, four.x, consent));
  BOOST_TEST(!consents_of(four.o, four.r, four.x), "two others than the one that is held");
}

BOOST_AUTO_TEST_SUITE_END()

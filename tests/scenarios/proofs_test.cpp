// "Evidence is a file anyone can check offline, and never names a peer that kept the rules" (docs/protocol.md, section
// 5): of each kind of evidence every part is needed. With one of them off it proves nothing, and the failure says
// which.
#include "ledger/evidence.hpp"
#include "tests/scenarios/cheated.hpp"
#include "tests/scenarios/four.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

void require_holds(const Network& network, const Evidence& evidence) {
  const auto failure = examine(network.genesis(), evidence).failure;
  BOOST_TEST(!failure.has_value(), (failure ? failure->what + ": " + failure->subject : ""));
}

/// It does not hold: the token, and what is not so.
void require_fails(const Network& network, const Evidence& evidence, Token token, std::string_view what = {}) {
  const auto failure = examine(network.genesis(), evidence).failure;
  BOOST_REQUIRE(failure.has_value());
  BOOST_TEST(name(failure->token) == name(token));
  BOOST_TEST(failure->subject.find(what) != std::string::npos, failure->subject << " does not say: " << what);
}

template <class Body>
Signed<Body> forged(Signed<Body> statement) {
  statement.signature.bytes[9] ^= 1U;
  return statement;
}

/// Two different statements, and the same with either signature broken or by another signer.
template <class Body>
void require_both_signed(const Network& network, PeerPort accused, PeerPort other, const Body& one, const Body& two) {
  const auto& network_id = network.genesis().id();
  const auto good =
      std::get<Contradiction<Body>>(contradiction(network_id, network.sign(accused, one), network.sign(accused, two)));
  require_holds(network, good);
  require_fails(network, Contradiction<Body>{forged(good.first), good.second}, Token::bad_signature);
  require_fails(network, Contradiction<Body>{good.first, forged(good.second)}, Token::bad_signature);
  const Contradiction<Body> of_two{good.first, network.sign(other, good.second.body)};
  require_fails(network, of_two, Token::bad_statement, "signed by the same peer");
  require_fails(network, Contradiction<Body>{good.second, good.first}, Token::bad_statement,
                "two different statements");
  require_fails(network, Contradiction<Body>{good.first, good.first}, Token::bad_statement, "two different statements");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(proofs)

BOOST_AUTO_TEST_CASE(a_false_book_needs_the_key_and_the_paths_of_its_grant) {
  Cheated c(Step::release);
  const auto record = c.network.record(c.r, c.x);
  const auto with = [&](const BadChunk& proof) {
    return FalseBook{*record.book, record.request, *record.grant, proof};
  };
  require_holds(c.network, with(c.proof(1)));
  require_fails(c.network, with(c.proof(0)), Token::bad_statement, "is not what the BOOK registers");
  auto other_key = c.proof(1);
  other_key.key.bytes[0] ^= 1U;
  require_fails(c.network, with(other_key), Token::wrong_key, "the key is the one");
  auto other_leaf = c.proof(1);
  other_leaf.leaf = c.proof(0).leaf;
  require_fails(c.network, with(other_leaf), Token::bad_statement, "its leaf that of the BOOK");
  auto other_chunk = c.proof(1);
  other_chunk.ciphertext[0] ^= 1U;
  require_fails(c.network, with(other_chunk), Token::bad_statement, "is the one that the GRANT is bound to");
  auto unsigned_book = with(c.proof(1));
  unsigned_book.book = forged(unsigned_book.book);
  require_fails(c.network, unsigned_book, Token::bad_signature);
}

BOOST_AUTO_TEST_CASE(a_double_sale_needs_two_requesters_of_one_turn_and_one_owner) {
  Four four(Step::grant, 5);
  auto& network = four.network;
  const auto record = network.record(four.r, four.x);
  const auto ask = [&](PeerPort by, const BookId& book, PeerPort owner) {
    return network.sign(by, Request{by, owner, book, network.draw<Hash>()});
  };
  const auto with = [&](const Signed<Request>& request, const Signed<Grant>& grant) {
    return DoubleSale{record.request, *record.grant, request, grant};
  };
  const auto sold = ask(four.w1, four.book(), four.o);
  const auto grant = four.other_grant(sold).first;
  require_holds(network, with(sold, grant));
  require_fails(network, with(sold, forged(grant)), Token::bad_signature);
  require_fails(network, DoubleSale{record.request, forged(*record.grant), sold, grant}, Token::bad_signature);
  const auto of_another = ask(four.w1, four.book(), four.w2);
  require_fails(network, with(of_another, network.sign(four.w2, four.other_grant(of_another).first.body)),
                Token::bad_statement, "signed by the same peer");
  const auto other_book = ask(four.w1, network.draw<BookId>(), four.o);
  require_fails(network, with(other_book, four.other_grant(other_book).first), Token::bad_statement,
                "both are of the book");
  for (const auto& later : {four.other_grant(sold, Version{1}).first, four.other_grant(sold, {}, Turn{1}).first}) {
    require_fails(network, with(sold, later), Token::bad_statement, "of one version and turn");
  }
  // The same requester may be granted the book again; and the lower port comes first.
  const auto again = ask(four.r, four.book(), four.o);
  require_fails(network, with(again, four.other_grant(again).first), Token::bad_statement, "two requesters");
  require_fails(network, DoubleSale{sold, grant, record.request, *record.grant}, Token::bad_statement,
                "two requesters");
}

BOOST_AUTO_TEST_CASE(release_and_abort_need_one_owner_grant_and_turn) {
  Four four(Step::release);
  auto& network = four.network;
  const auto record = network.record(four.r, four.x);
  const auto abort_of = [&](Version version, Turn turn) {
    return network.sign(four.o, Abort{*record.book, version, turn});
  };
  const ReleaseAndAbort good{record.request, *record.grant, *record.release, abort_of({}, {})};
  require_holds(network, good);
  const auto fails = [&](const std::function<void(ReleaseAndAbort&)>& spoil, Token token, std::string_view what = {}) {
    auto spoiled = good;
    spoil(spoiled);
    require_fails(network, spoiled, token, what);
  };
  fails([](auto& held) { held.grant = forged(held.grant); }, Token::bad_signature);
  fails([](auto& held) { held.release = forged(held.release); }, Token::bad_signature);
  fails([](auto& held) { held.abort = forged(held.abort); }, Token::bad_signature);
  fails([&](auto& held) { held.release = network.sign(four.r, held.release.body); }, Token::bad_statement,
        "all of it is signed by the owner");
  fails([&](auto& held) { held.abort = network.sign(four.r, held.abort.body); }, Token::bad_statement,
        "all of it is signed by the owner");
  const auto grant = network.genesis().id_of(*record.grant);
  fails(
      [&](auto& held) {
        held.release = network.sign(four.o, Release{network.draw<ExchangeId>(), grant});
      },
      Token::bad_statement, "the RELEASE is of this GRANT");
  fails(
      [&](auto& held) {
        held.release = network.sign(four.o, Release{four.x, network.draw<Hash>()});
      },
      Token::bad_statement, "the RELEASE is of this GRANT");
  fails([&](auto& held) { held.abort = abort_of(Version{1}, {}); }, Token::bad_statement, "the ABORT is of the turn");
  fails([&](auto& held) { held.abort = abort_of({}, Turn{1}); }, Token::bad_statement, "the ABORT is of the turn");
  auto other_book = record.book->body;
  ++other_book.serial;
  fails(
      [&](auto& held) {
        held.abort = network.sign(four.o, Abort{network.sign(four.o, other_book), {}, {}});
      },
      Token::bad_statement, "the ABORT is of the turn");
}

BOOST_AUTO_TEST_CASE(two_statements_need_one_signer_and_to_be_about_one_thing) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto record = network.record(four.r, four.x);
  auto other_grant = record.grant->body;
  other_grant.ciphertext_root = network.draw<Hash>();
  require_both_signed(network, four.o, four.w1, record.grant->body, other_grant);
  require_both_signed(network, four.r, four.w1, Consent{four.x, network.draw<Hash>()},
                      Consent{four.x, network.draw<Hash>()});
  const auto consent = network.draw<Hash>();
  require_both_signed(network, four.w1, four.w2, IdAnswer{four.x, consent, true}, IdAnswer{four.x, consent, false});
  const Ballot ballot{Round{3}, four.o};
  const auto one = network.draw<Hash>();
  const auto two = network.draw<Hash>();
  require_both_signed(network, four.o, four.w1, Propose{Height{1}, ballot, one}, Propose{Height{1}, ballot, two});
  require_both_signed(network, four.w1, four.w2, Prevote{Height{1}, ballot, one}, Prevote{Height{1}, ballot, two});
  require_both_signed(network, four.w1, four.w2, Precommit{Height{1}, ballot, one}, Precommit{Height{1}, ballot, two});
  require_both_signed(network, four.w1, four.w2, Answer{Height{1}, ballot, std::nullopt},
                      Answer{Height{1}, ballot, Lock{Ballot{Round{1}, four.o}, one}});

  // About two things they are no contradiction.
  const auto& network_id = network.genesis().id();
  const auto of_two = [&](PeerPort by, const auto& first, const auto& second) {
    return contradiction(network_id, network.sign(by, first), network.sign(by, second));
  };
  require_fails(network, of_two(four.w1, IdAnswer{four.x, one, true}, IdAnswer{four.x, two, false}),
                Token::bad_statement, "both answer the same CONSENT");
  require_fails(network, of_two(four.w1, Prevote{Height{1}, ballot, one}, Prevote{Height{2}, ballot, two}),
                Token::bad_statement, "both are of height");
  require_fails(network,
                of_two(four.w1, Prevote{Height{1}, ballot, one}, Prevote{Height{1}, Ballot{Round{4}, four.o}, two}),
                Token::bad_statement, "both are of height");
  require_fails(network, of_two(four.r, Consent{four.x, one}, Consent{network.draw<ExchangeId>(), two}),
                Token::bad_statement, "both are of the exchange");
  auto of_other = other_grant;
  of_other.exchange = network.draw<ExchangeId>();
  require_fails(network, of_two(four.o, record.grant->body, of_other), Token::bad_statement,
                "both are of the exchange");
}

BOOST_AUTO_TEST_CASE(a_hidden_lock_needs_a_precommit_below_an_answer_that_names_nothing_as_high) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto block = network.draw<Hash>();
  const Ballot low{Round{3}, four.o};
  const Ballot high{Round{5}, four.o};
  const auto precommit = network.sign(four.w1, Precommit{Height{1}, low, block});
  const auto answer = [&](PeerPort by, Height height, Ballot ballot, std::optional<Lock> lock) {
    return network.sign(by, Answer{height, ballot, lock});
  };
  const auto hidden = answer(four.w1, Height{1}, high, std::nullopt);
  require_holds(network, HiddenLock{precommit, hidden});
  require_holds(network,
                HiddenLock{precommit, answer(four.w1, Height{1}, high, Lock{Ballot{Round{2}, four.o}, block})});
  require_fails(network, HiddenLock{forged(precommit), hidden}, Token::bad_signature);
  require_fails(network, HiddenLock{precommit, forged(hidden)}, Token::bad_signature);
  require_fails(network, HiddenLock{precommit, answer(four.w2, Height{1}, high, std::nullopt)}, Token::bad_statement,
                "signed by the same peer");
  require_fails(network, HiddenLock{precommit, answer(four.w1, Height{2}, high, std::nullopt)}, Token::bad_statement,
                "both are of height 1");
  require_fails(network, HiddenLock{precommit, answer(four.w1, Height{1}, low, std::nullopt)}, Token::bad_statement,
                "the ANSWER in a higher one");
  for (const auto round : {3U, 4U}) {
    const Lock named{Ballot{Round{round}, four.o}, block};
    require_fails(network, HiddenLock{precommit, answer(four.w1, Height{1}, high, named)}, Token::bad_statement,
                  "names no lock of that ballot or a higher one");
  }
}

BOOST_AUTO_TEST_SUITE_END()

#include "tests/sim/slander.hpp"

#include "ledger/merkle.hpp"
#include "ledger/records.hpp"
#include "tests/sim/checked_signature.hpp"

namespace bookchain::sim {

BadChunk shown_chunk(const Book& book, const Bytes& package, const Text& text, const BookKey& key,
                     std::uint64_t index) {
  std::vector<Hash> encrypted;
  std::vector<Hash> registered;
  Bytes ciphertext;
  for (std::uint64_t i = 0; i < chunk_count(book); ++i) {
    const auto from = package.begin() + static_cast<std::ptrdiff_t>(package_chunk_offset(book, i));
    const auto to = package.begin() + static_cast<std::ptrdiff_t>(package_chunk_offset(book, i + 1));
    const Bytes chunk(from, to);
    encrypted.push_back(leaf_hash(chunk));
    registered.push_back(chunk_leaf(text.salts[i], text.chunks[i]));
    if (i == index) ciphertext = chunk;
  }
  return BadChunk{key,
                  index,
                  std::move(ciphertext),
                  merkle_path(encrypted, index),
                  registered[index],
                  merkle_path(registered, index)};
}

namespace {

/// What two statements must both be about to exclude each other.
template <class Body>
Bytes subject(const Body& body) {
  if constexpr (requires { body.consent; }) {
    return encode(body.consent);
  } else if constexpr (requires { body.exchange; }) {
    return encode(body.exchange);
  } else {
    return encode_all(body.height, body.ballot);
  }
}

}  // namespace

std::optional<Evidence> Slander::evidence(std::size_t kind) {
  switch (kind) {
    case 0: return false_book();
    case 1: return false_shares();
    case 2: return two<Grant>();
    case 3: return double_sale();
    case 4: return release_and_abort();
    case 5: return two<Consent>();
    case 6: return two<IdAnswer>();
    case 7: return two<Answer>();
    case 8: return two<Propose>();
    case 9: return two<Prevote>();
    case 10: return two<Precommit>();
    default: return hidden_lock();
  }
}

bool Slander::is_honest(PeerPort port) const { return std::ranges::find(from_.honest, port) != from_.honest.end(); }

template <class Body, class Fits>
std::optional<Signed<Body>> Slander::one_that(Fits fits) {
  auto all = from_.spoken.all<Body>();
  std::erase_if(all, [&](const auto& one) { return !fits(one); });
  if (all.empty()) return std::nullopt;
  return chance_.pick(all);
}

template <class Body>
std::optional<Signed<Body>> Slander::honest_one() {
  return one_that<Body>([&](const auto& one) { return is_honest(one.signer); });
}

std::optional<Slander::Granted> Slander::honest_grant() {
  const auto grant = honest_one<Grant>();
  const auto* request = grant ? from_.spoken.request_of(*grant) : nullptr;
  if (request == nullptr) return std::nullopt;
  return Granted{*request, *grant};
}

template <class Body>
Signed<Body> Slander::own(Body body) const {
  return sign_statement(from_.genesis.id(), from_.liar.port, from_.liar.signing_key, std::move(body));
}

template <class Body>
Signed<Body> Slander::in_the_name_of(PeerPort port, Body body) {
  if (chance_.chance(500)) return sign_statement(from_.genesis.id(), port, from_.liar.signing_key, std::move(body));
  auto statement = own(std::move(body));
  statement.signer = port;
  return statement;
}

Signed<Grant> Slander::made_up_grant(const Signed<Request>& request) {
  Grant body{from_.genesis.exchange_of(request), {}, {}, chance_.draw<Hash>(), chance_.draw<Hash>(), {}};
  for (std::size_t i = 0; i < from_.genesis.witness_count(); ++i) {
    body.share_commitments.push_back(chance_.draw<Hash>());
  }
  return in_the_name_of(request.body.receiver_port, std::move(body));
}

Grant Slander::contrary(Grant body) {
  body.key_commitment = chance_.draw<Hash>();
  return body;
}
Consent Slander::contrary(Consent body) {
  body.grant = chance_.draw<Hash>();
  return body;
}
IdAnswer Slander::contrary(IdAnswer body) {
  body.yes = !body.yes;
  return body;
}
Answer Slander::contrary(Answer body) {
  body.lock = Lock{Ballot{Round{body.ballot.round.value - 1}, body.ballot.port}, chance_.draw<Hash>()};
  return body;
}
template <StatementType Type>
AboutBlock<Type> Slander::contrary(AboutBlock<Type> body) {
  body.block = chance_.draw<Hash>();
  return body;
}

/// Two statements of one kind: the true one comes with another that its signer never gave, or that says nothing else.
template <class Body>
std::optional<Evidence> Slander::two() {
  const auto one = honest_one<Body>();
  if (!one) return std::nullopt;
  const auto& network = from_.genesis.id();
  switch (chance_.below(5)) {
    case 0: return Contradiction<Body>{*one, *one};
    case 1: {
      auto again = *one;
      again.signature = malleable_twin(one->signature);
      return Contradiction<Body>{*one, again};
    }
    case 2: {
      const auto about = subject(one->body);
      const auto other = one_that<Body>(
          [&](const auto& another) { return another.signer == one->signer && subject(another.body) != about; });
      if (!other) return std::nullopt;
      return contradiction(network, *one, *other);
    }
    case 3: return Contradiction<Body>{*one, own(contrary(one->body))};
    default: return contradiction(network, *one, in_the_name_of(one->signer, contrary(one->body)));
  }
}

std::optional<Evidence> Slander::false_book() {
  const auto request = one_that<Request>([&](const auto& one) { return is_honest(one.body.receiver_port); });
  if (!request) return std::nullopt;
  const auto book = catalogue.get(from_.state, request->body.book);
  const auto text = from_.texts.find(request->body.book);
  if (!book || text == from_.texts.end()) return std::nullopt;
  // A false book that would be one, had the owner signed the GRANT.
  const auto exchange = from_.genesis.exchange_of(*request);
  const auto key = chance_.draw<BookKey>();
  auto package = make_package(text->second, exchange, key);
  const auto index = chance_.below(chunk_count(book->body));
  package[package_chunk_offset(book->body, index + 1) - 1] ^= 1U;
  auto grant = made_up_grant(*request);
  grant.body.ciphertext_root = ciphertext_root(book->body, package);
  grant.body.key_commitment = key_commitment(exchange, key);
  grant = in_the_name_of(grant.signer, grant.body);
  auto proof = shown_chunk(book->body, package, text->second, key, index);
  // Or the same under the GRANT that the owner did sign, which is bound to another key.
  const auto signed_one = one_that<Grant>([&](const auto& one) { return one.body.exchange == exchange; });
  if (signed_one && chance_.chance(300)) return FalseBook{*book, *request, *signed_one, std::move(proof)};
  return FalseBook{*book, *request, grant, std::move(proof)};
}

std::optional<Evidence> Slander::false_shares() {
  const auto request = one_that<Request>([&](const auto& one) { return is_honest(one.body.receiver_port); });
  if (!request) return std::nullopt;
  const auto exchange = from_.genesis.exchange_of(*request);
  const auto witnesses = from_.genesis.witnesses(request->signer, request->body.receiver_port);
  auto grant = made_up_grant(*request);
  BadDeal deal;
  for (std::uint32_t i = 0; i < from_.genesis.share_threshold(); ++i) {
    deal.shares.push_back({witnesses[i], chance_.draw<KeyShare>()});
    grant.body.share_commitments[i] = share_commitment(exchange, i, deal.shares.back().share);
  }
  grant = in_the_name_of(grant.signer, grant.body);
  // Or shares that are none of those that the owner is bound to.
  const auto signed_one = one_that<Grant>([&](const auto& one) { return one.body.exchange == exchange; });
  if (signed_one && chance_.chance(300)) return FalseShares{*request, *signed_one, std::move(deal)};
  return FalseShares{*request, grant, std::move(deal)};
}

std::optional<Evidence> Slander::double_sale() {
  auto one = honest_grant();
  if (!one) return std::nullopt;
  const auto& owner = one->grant.signer;
  const auto in_order = [](const Granted& first, const Granted& second) -> Evidence {
    const bool ordered = first.request.signer < second.request.signer;
    const auto& lower = ordered ? first : second;
    const auto& higher = ordered ? second : first;
    return DoubleSale{lower.request, lower.grant, higher.request, higher.grant};
  };
  const auto other_grant = one_that<Grant>([&](const auto& grant) {
    const auto* request = from_.spoken.request_of(grant);
    return grant.signer == owner && request != nullptr && request->signer != one->request.signer;
  });
  switch (chance_.below(4)) {
    case 0: return DoubleSale{one->request, one->grant, one->request, one->grant};
    case 1:
      // Of two requesters, and of two turns or books.
      if (!other_grant) return std::nullopt;
      return in_order(*one, {*from_.spoken.request_of(*other_grant), *other_grant});
    case 2: {
      // The GRANT of the one beside the REQUEST of the other.
      if (!other_grant) return std::nullopt;
      const auto& request = *from_.spoken.request_of(*other_grant);
      return in_order({one->request, *other_grant}, {request, one->grant});
    }
    default: {
      // Its own REQUEST for the same, with a GRANT that nobody gave it.
      if (one->request.signer == from_.liar.port) return std::nullopt;
      const auto request =
          own(Request{from_.liar.port, owner, one->request.body.book, request_id_hash(chance_.draw<RequestId>())});
      auto grant = made_up_grant(request).body;
      grant.version = one->grant.body.version;
      grant.turn = one->grant.body.turn;
      return in_order(*one, {request, in_the_name_of(owner, std::move(grant))});
    }
  }
}

std::optional<Evidence> Slander::release_and_abort() {
  const auto one = honest_grant();
  if (!one) return std::nullopt;
  const auto owner = one->grant.signer;
  const auto& grant = one->grant.body;
  const Release released{grant.exchange, from_.genesis.id_of(one->grant)};
  const auto release = one_that<Release>([&](const auto& other) { return other.signer == owner; });
  const auto abort = one_that<Abort>([&](const auto& other) { return other.signer == owner; });
  const auto book = catalogue.get(from_.state, one->request.body.book);
  if (!book) return std::nullopt;
  const Abort aborted{*book, grant.version, grant.turn};
  switch (chance_.below(4)) {
    case 0:
      // Both are the owner's, and not of one turn: an owner that keeps the rules signs no such pair.
      if (!release || !abort) return std::nullopt;
      return ReleaseAndAbort{one->request, one->grant, *release, *abort};
    case 1:
      if (!abort) return std::nullopt;
      return ReleaseAndAbort{one->request, one->grant, in_the_name_of(owner, released), *abort};
    case 2:
      return ReleaseAndAbort{one->request, one->grant, in_the_name_of(owner, released), in_the_name_of(owner, aborted)};
    default: return ReleaseAndAbort{one->request, one->grant, own(released), own(aborted)};
  }
}

std::optional<Evidence> Slander::hidden_lock() {
  const auto precommit = honest_one<Precommit>();
  if (!precommit) return std::nullopt;
  const auto& body = precommit->body;
  const Answer silent{body.height, Ballot{Round{body.ballot.round.value + 1}, body.ballot.port}, std::nullopt};
  switch (chance_.below(3)) {
    case 0: return HiddenLock{*precommit, own(silent)};
    case 1: {
      // An ANSWER of its own that it may well give: below, at another height, or with the lock in it.
      const auto answer = one_that<Answer>([&](const auto& other) { return other.signer == precommit->signer; });
      if (!answer) return std::nullopt;
      return HiddenLock{*precommit, *answer};
    }
    default: return HiddenLock{*precommit, in_the_name_of(precommit->signer, silent)};
  }
}

std::optional<GrantConflict> Slander::conflict(const Signed<Request>& request, const Signed<Grant>& grant) {
  const auto exchange = from_.genesis.exchange_of(request);
  const auto owner = grant.signer;
  if (!is_honest(owner) || !is_honest(request.signer)) return std::nullopt;
  switch (chance_.below(4)) {
    case 0: return GrantConflict{exchange, request, grant, request, grant};
    case 1: return GrantConflict{exchange, request, grant, request, in_the_name_of(owner, contrary(grant.body))};
    case 2: {
      const auto other = one_that<Grant>([&](const auto& one) {
        return one.signer == owner && one.body.exchange != exchange && from_.spoken.request_of(one) != nullptr;
      });
      if (!other) return std::nullopt;
      // As they are, which exclude each other in nothing; or the GRANT of the one beside the REQUEST of the other.
      const auto& second = *from_.spoken.request_of(*other);
      if (chance_.chance(500)) return GrantConflict{exchange, request, grant, second, *other};
      return GrantConflict{exchange, request, *other, second, grant};
    }
    default: {
      const auto second =
          own(Request{from_.liar.port, owner, request.body.book, request_id_hash(chance_.draw<RequestId>())});
      auto body = made_up_grant(second).body;
      body.version = grant.body.version;
      body.turn = grant.body.turn;
      return GrantConflict{exchange, request, grant, second, in_the_name_of(owner, std::move(body))};
    }
  }
}

}  // namespace bookchain::sim

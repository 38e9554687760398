#include "tests/formats/evidence_world.hpp"

#include <boost/test/unit_test.hpp>

namespace bookchain::golden {

namespace {

constexpr PeerPort owner{5003};

constexpr Height height{7};
constexpr Ballot ballot{Round{2}, p1};
constexpr Ballot higher{Round{3}, p0};

Hash block(std::uint64_t number) { return derived_hash("block", number); }

/// The statements that evidence is made of here.
struct Parts {
  const World& world;
  Exchange honest;
  Exchange other;  ///< of another requester, in the same turn
  Exchange false_book;
  Exchange false_shares;

  Parts(const World& in, const Content& content)
      : world(in),
        honest(make_exchange(in, content, p0, owner, {}, {})),
        other(make_exchange(in, content, p1, owner, {}, {})),
        false_book(make_exchange(in, content, p0, owner, {}, Turn{1}, Cheat{1, std::nullopt, false})),
        false_shares(make_exchange(in, content, p0, owner, {}, Turn{2}, Cheat{std::nullopt, std::nullopt, true})) {}

  template <class Body>
  [[nodiscard]] Evidence pair(const Signed<Body>& one, const Signed<Body>& two) const {
    return contradiction(world.genesis.id(), one, two);
  }
  [[nodiscard]] Signed<Grant> second_grant() const {
    auto body = honest.grant.body;
    body.ciphertext_root = derived_hash("another root", 0);
    return world.sign(owner, body);
  }
  [[nodiscard]] Signed<Consent> second_consent() const {
    return world.sign(p0, Consent{honest.id, world.genesis.id_of(second_grant())});
  }
  [[nodiscard]] Signed<IdAnswer> id_answer(bool yes) const {
    return world.sign(p2, IdAnswer{honest.id, world.genesis.id_of(honest.consent), yes});
  }
  [[nodiscard]] Signed<Abort> abort(Version version, Turn turn) const {
    return world.sign(owner, Abort{honest.content.book, version, turn});
  }
  template <class Vote>
  [[nodiscard]] Signed<Vote> vote(std::uint64_t number, Ballot in = ballot, PeerPort signer = p1,
                                  Height at = height) const {
    return world.sign(signer, Vote{at, in, block(number)});
  }
  [[nodiscard]] Signed<Answer> answer(std::optional<Lock> lock, Ballot in = ballot, Height at = height) const {
    return world.sign(p1, Answer{at, in, lock});
  }
  [[nodiscard]] FalseBook bad_book(const Exchange& from, std::uint64_t index) const {
    return FalseBook{from.content.book, from.request, from.grant, bad_chunk(from, index)};
  }
  [[nodiscard]] FalseShares bad_shares(const Exchange& from) const {
    return FalseShares{from.request, from.grant, bad_deal(world, from)};
  }
  [[nodiscard]] ReleaseAndAbort both(const Signed<Release>& release, const Signed<Abort>& abort) const {
    return ReleaseAndAbort{honest.request, honest.grant, release, abort};
  }
};

template <class Body>
Evidence turned(Evidence evidence) {
  auto& pair = std::get<Contradiction<Body>>(evidence);
  std::swap(pair.first, pair.second);
  return evidence;
}

template <class Statement>
Statement resigned(Statement statement) {
  statement.signature.bytes[1] ^= 1U;
  return statement;
}

}  // namespace

std::vector<NamedEvidence> good_evidence(const World& world, const Content& content) {
  const Parts parts(world, content);
  const auto& honest = parts.honest;
  return {
      {"an encrypted chunk that is another one", parts.bad_book(parts.false_book, 1), {}},
      {"shares of another key", parts.bad_shares(parts.false_shares), {}},
      {"two GRANTs of one exchange", parts.pair(honest.grant, parts.second_grant()), {}},
      {"GRANTs of one turn to two requesters",
       two_grants(world.genesis.id(), parts.other.request, parts.other.grant, honest.request, honest.grant),
       {}},
      {"RELEASE and ABORT of one turn", parts.both(honest.release, parts.abort({}, {})), {}},
      {"two CONSENTs of one exchange", parts.pair(honest.consent, parts.second_consent()), {}},
      {"yes and no to one CONSENT", parts.pair(parts.id_answer(true), parts.id_answer(false)), {}},
      {"two ANSWERs in one ballot",
       parts.pair(parts.answer(std::nullopt), parts.answer(Lock{Ballot{Round{1}, p0}, block(1)})),
       {}},
      {"two PROPOSEs in one ballot", parts.pair(parts.vote<Propose>(1), parts.vote<Propose>(2)), {}},
      {"two PREVOTEs in one ballot", parts.pair(parts.vote<Prevote>(1), parts.vote<Prevote>(2)), {}},
      {"two PRECOMMITs in one ballot", parts.pair(parts.vote<Precommit>(1), parts.vote<Precommit>(2)), {}},
      {"a lock that is hidden",
       HiddenLock{parts.vote<Precommit>(1), parts.answer(Lock{Ballot{Round{1}, p2}, block(3)}, higher)},
       {}},
  };
}

namespace {

std::vector<NamedEvidence> empty_evidence_of_owners(const Parts& parts) {
  const auto& world = parts.world;
  const auto& honest = parts.honest;
  const std::string no = "bad-statement";
  auto wrong_key = parts.bad_book(parts.false_book, 1);
  wrong_key.proof.key.bytes[0] ^= 1U;
  auto wrong_path = parts.bad_book(parts.false_book, 1);
  wrong_path.proof.index = 0;
  auto foreign_leaf = parts.bad_book(parts.false_book, 1);
  foreign_leaf.proof.leaf = parts.false_book.content.leaves()[0];
  auto unsigned_grant = parts.bad_book(parts.false_book, 1);
  unsigned_grant.grant = resigned(unsigned_grant.grant);
  auto other_book = parts.bad_book(parts.false_book, 1);
  other_book.book = world.sign(owner, [&] {
    auto body = other_book.book.body;
    body.serial += 1;
    return body;
  }());
  auto too_few = parts.bad_shares(parts.false_shares);
  too_few.proof.shares.pop_back();
  auto foreign_share = parts.bad_shares(parts.false_shares);
  foreign_share.proof.shares.front().share.bytes[0] ^= 1U;
  const auto again = make_exchange(world, honest.content, p0, owner, {}, Turn{9});
  auto same_turn = again;
  same_turn.grant.body.turn = Turn{0};
  sign_from_grant(world, same_turn, owner);
  const auto later = make_exchange(world, honest.content, p1, owner, {}, Turn{1});
  return {
      {"a chunk that is as it was registered", parts.bad_book(honest, 0), no},
      {"a key that the GRANT is not bound to", wrong_key, "wrong-key"},
      {"a path to another chunk", wrong_path, no},
      {"the leaf of another chunk", foreign_leaf, no},
      {"a GRANT with an altered signature", unsigned_grant, "bad-signature"},
      {"another BOOK than the one requested", other_book, no},
      {"shares that give the key", parts.bad_shares(honest), no},
      {"a share too few", too_few, no},
      {"a share that was not dealt", foreign_share, no},
      {"the same GRANT twice", Contradiction<Grant>{honest.grant, honest.grant}, no},
      {"one GRANT with two signatures", Contradiction<Grant>{honest.grant, resigned(honest.grant)}, "bad-signature"},
      {"two GRANTs in the wrong order", turned<Grant>(parts.pair(honest.grant, parts.second_grant())), no},
      {"GRANTs of two exchanges", parts.pair(honest.grant, parts.other.grant), no},
      {"two GRANTs to one requester in one turn",
       DoubleSale{honest.request, honest.grant, same_turn.request, same_turn.grant}, no},
      {"GRANTs of two turns", DoubleSale{honest.request, honest.grant, later.request, later.grant}, no},
      {"a double sale with a GRANT of another request",
       DoubleSale{honest.request, honest.grant, honest.request, parts.other.grant}, no},
      {"a double sale in the wrong order",
       DoubleSale{parts.other.request, parts.other.grant, honest.request, honest.grant}, no},
      {"an ABORT of another turn", parts.both(honest.release, parts.abort({}, Turn{1})), no},
      {"an ABORT of another version", parts.both(honest.release, parts.abort(Version{1}, {})), no},
      {"a RELEASE of another GRANT", parts.both(parts.other.release, parts.abort({}, {})), no},
      {"an ABORT by another peer", parts.both(honest.release, world.sign(p1, Abort{honest.content.book, {}, {}})), no},
  };
}

}  // namespace

std::vector<NamedEvidence> empty_evidence(const World& world, const Content& content) {
  const Parts parts(world, content);
  auto all = empty_evidence_of_owners(parts);
  const std::string no = "bad-statement";
  const auto add = [&](std::string name, Evidence evidence, std::string token = "bad-statement") {
    all.push_back({std::move(name), std::move(evidence), std::move(token)});
  };
  const auto& honest = parts.honest;
  add("CONSENTs to two exchanges", parts.pair(honest.consent, parts.false_book.consent));
  add("one CONSENT twice", Contradiction<Consent>{honest.consent, honest.consent});
  const auto other_consent = world.sign(p2, IdAnswer{honest.id, world.genesis.id_of(parts.second_consent()), false});
  add("answers to two CONSENTs", parts.pair(parts.id_answer(true), other_consent));
  const auto of_another = world.sign(p1, IdAnswer{honest.id, world.genesis.id_of(honest.consent), false});
  add("answers of two witnesses to one CONSENT", parts.pair(parts.id_answer(true), of_another));
  add("an answer about the id with an altered signature",
      parts.pair(parts.id_answer(true), resigned(parts.id_answer(false))), "bad-signature");
  add("ANSWERs in two ballots", parts.pair(parts.answer(std::nullopt), parts.answer(std::nullopt, higher)));
  add("ANSWERs at two heights", parts.pair(parts.answer(std::nullopt), parts.answer(std::nullopt, ballot, Height{8})));
  add("PROPOSEs in two ballots", parts.pair(parts.vote<Propose>(1), parts.vote<Propose>(2, higher)));
  add("PREVOTEs in two ballots", parts.pair(parts.vote<Prevote>(1), parts.vote<Prevote>(2, higher)));
  add("PREVOTEs of two peers", parts.pair(parts.vote<Prevote>(1), parts.vote<Prevote>(2, ballot, p2)));
  add("PRECOMMITs at two heights",
      parts.pair(parts.vote<Precommit>(1), parts.vote<Precommit>(2, ballot, p1, Height{8})));
  add("PRECOMMITs by no peer of the network",
      parts.pair(Signed<Precommit>{PeerPort{4999}, parts.vote<Precommit>(1).body, parts.vote<Precommit>(1).signature},
                 Signed<Precommit>{PeerPort{4999}, parts.vote<Precommit>(2).body, parts.vote<Precommit>(2).signature}),
      "unknown-peer");
  const auto precommit = parts.vote<Precommit>(1);
  add("an ANSWER that names the lock", HiddenLock{precommit, parts.answer(Lock{ballot, block(1)}, higher)});
  add("an ANSWER that names a higher lock",
      HiddenLock{precommit, parts.answer(Lock{higher, block(2)}, Ballot{Round{4}, p0})});
  add("an ANSWER below the PRECOMMIT", HiddenLock{precommit, parts.answer(std::nullopt, Ballot{Round{1}, p0})});
  add("an ANSWER in the ballot of the PRECOMMIT", HiddenLock{precommit, parts.answer(std::nullopt)});
  add("an ANSWER at another height", HiddenLock{precommit, parts.answer(std::nullopt, higher, Height{8})});
  return all;
}

}  // namespace bookchain::golden

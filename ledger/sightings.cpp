#include "ledger/sightings.hpp"

#include "ledger/consensus_parts.hpp"
#include "ledger/exchange_parts.hpp"

namespace bookchain::ledger {

// ---- evidence ----

namespace {

/// Whether evidence is about what this peer holds of an exchange in which it is requester or owner: about its very
/// GRANT, or its very CONSENT. There is one of each, so these faults are few; what else the accused can sign under the
/// same exchange has no end.
struct ConcernsOwn {
  const Context& context;

  [[nodiscard]] std::optional<ExchangeRecord> own(const ExchangeId& exchange) const {
    auto record = exchanges.get(context.draft, exchange);
    if (!record || record->role == Role::witness) return std::nullopt;
    return record;
  }
  [[nodiscard]] bool is_own(const Signed<Grant>& grant) const {
    const auto record = own(grant.body.exchange);
    return record && record->grant && record->grant->signer == grant.signer && record->grant->body == grant.body;
  }
  [[nodiscard]] bool is_own(const Signed<Consent>& consent) const {
    const auto record = own(consent.body.exchange);
    return record && record->consent && record->consent->body == consent.body;
  }

  bool operator()(const FalseBook& held) const { return is_own(held.grant); }
  bool operator()(const FalseShares& held) const { return is_own(held.grant); }
  bool operator()(const Contradiction<Grant>& held) const { return is_own(held.first) || is_own(held.second); }
  bool operator()(const DoubleSale& held) const { return is_own(held.first) || is_own(held.second); }
  bool operator()(const ReleaseAndAbort& held) const { return is_own(held.grant); }
  bool operator()(const Contradiction<Consent>& held) const { return is_own(held.first) || is_own(held.second); }
  bool operator()(const Contradiction<IdAnswer>& held) const {
    const auto record = own(held.first.body.exchange);
    return record && record->consent && held.first.body.consent == context.genesis.id_of(*record->consent) &&
           is_witness(context.genesis, *record, held.first.signer);
  }
  /// Votes are nobody's own.
  template <class Vote>
  bool operator()(const Contradiction<Vote>& /*held*/) const {
    return false;
  }
  bool operator()(const HiddenLock& /*held*/) const { return false; }
};
bool concerns_own(const Context& context, const Evidence& evidence) {
  return std::visit(ConcernsOwn{context}, evidence);
}

/// False if there is no use in keeping it: it is known, or the accused is known well enough.
bool is_wanted(const Context& context, const Accusation& about, const Evidence& evidence, PeerPort told_by) {
  if (const auto known = evidence_rows.get(context.draft, EvidenceKey{about.accused, about.id})) {
    // What this peer can prove of its own grant is worth more than what it was told of the same exchange: one that
    // accuses itself with another grant must not keep that out.
    return told_by == context.self() && known->told_by != told_by && known->evidence != evidence &&
           concerns_own(context, evidence);
  }
  if (concerns_own(context, evidence)) return true;
  std::size_t found = 0;
  std::size_t told = 0;
  std::size_t told_of_this_fault = 0;
  evidence_rows.each(context.draft, encode(about.accused), [&](const EvidenceKey&, const EvidenceRecord& row) {
    if (row.told_by == context.self()) {
      ++found;
    } else {
      ++told;
      if (row.evidence.index() == evidence.index()) ++told_of_this_fault;
    }
    return true;
  });
  if (told_by == context.self()) return found < max_found_evidence;
  return told < max_told_evidence && told_of_this_fault < max_told_of_one_fault;
}

void put(Context& context, const Accusation& about, const Evidence& evidence, PeerPort told_by) {
  evidence_rows.put(context.draft, EvidenceKey{about.accused, about.id},
                    EvidenceRecord{evidence, told_by, context.now});
  context.draft.note(Event{
      "evidence", about.exchange,
      std::to_string(about.accused.value) + " " + std::string(fault(evidence)) + " " + to_hex(about.id).substr(0, 12)});
}

}  // namespace

void keep_evidence(Context& context, const Evidence& evidence, PeerPort told_by) {
  const auto about = accusation(context.genesis, evidence);
  if (!is_wanted(context, about, evidence, told_by) || examine(context.genesis, evidence).failure) return;
  put(context, about, evidence, told_by);
}

void accuse(Context& context, const Evidence& evidence) {
  const auto about = accusation(context.genesis, evidence);
  // A home that was put back from a copy may find what it forgot.
  if (about.accused == context.self()) return;
  if (!is_wanted(context, about, evidence, context.self()) || examine(context.genesis, evidence).failure) return;
  put(context, about, evidence, context.self());
  context.send_to_others(EvidenceMessage{evidence});
}

Result<void> on_evidence(Context& context, PeerPort from, const EvidenceMessage& message) {
  const auto about = accusation(context.genesis, message.evidence);
  if (!is_wanted(context, about, message.evidence, from)) return success();
  if (auto failure = examine(context.genesis, message.evidence).failure) return *failure;
  put(context, about, message.evidence, from);
  return success();
}

// ---- votes ----

namespace {

std::vector<Signed<Answer>>& list_of(SeenVotes& seen, const Signed<Answer>& /*one*/) { return seen.answers; }
std::vector<Signed<Prevote>>& list_of(SeenVotes& seen, const Signed<Prevote>& /*one*/) { return seen.prevotes; }
std::vector<Signed<Precommit>>& list_of(SeenVotes& seen, const Signed<Precommit>& /*one*/) { return seen.precommits; }

/// Adds the first statement of a peer; a second one that differs is evidence.
template <class Vote>
void add(Context& context, SeenVotes& seen, const Signed<Vote>& vote) {
  const auto [first, is_new] = add_by_signer(list_of(seen, vote), vote);
  if (!is_new && first.body != vote.body) accuse(context, contradiction(context.genesis.id(), first, vote));
}

void add(Context& context, SeenVotes& seen, const Signed<Propose>& propose) {
  if (!seen.propose) {
    seen.propose = propose;
  } else if (seen.propose->body != propose.body) {
    accuse(context, contradiction(context.genesis.id(), *seen.propose, propose));
  }
}

/// A PRECOMMIT in a ballot and an ANSWER above it that names no lock as high, in all that was seen.
void find_hidden_locks(Context& context) {
  const auto rows = seen_votes.all(context.draft);
  for (const auto& [lower, voted] : rows) {
    for (const auto& [higher, answered] : rows) {
      if (!(lower < higher)) continue;
      for (const auto& precommit : voted.precommits) {
        const auto answer = std::ranges::find(answered.answers, precommit.signer, &Signed<Answer>::signer);
        const bool hidden =
            answer != answered.answers.end() && (!answer->body.lock || answer->body.lock->ballot < lower);
        if (hidden) accuse(context, HiddenLock{precommit, *answer});
      }
    }
  }
}

/// Forgets the lowest ballots: in those above, more of what is still to come can be held against something.
void bound_ballots(Context& context) {
  const auto rows = seen_votes.all(context.draft);
  for (std::size_t i = 0; i + max_seen_ballots < rows.size(); ++i) seen_votes.erase(context.draft, rows[i].first);
}

/// Changes what was seen of one ballot, and stores it if it is not what it was.
template <class Change>
void change(Context& context, const Ballot& ballot, Change&& changes) {
  auto seen = seen_votes.get(context.draft, ballot);
  const bool fresh = !seen;
  if (fresh) seen.emplace();
  const auto before = fresh ? Bytes{} : encode(*seen);
  changes(*seen);
  if (!fresh && encode(*seen) == before) return;
  seen_votes.put(context.draft, ballot, *seen);
  if (fresh) bound_ballots(context);
  find_hidden_locks(context);
}

template <class Vote>
void see_certificate(Context& context, const Certificate<Vote>& certificate) {
  change(context, certificate.vote.ballot, [&](SeenVotes& seen) {
    for (const auto& vote : certificate.votes) {
      add(context, seen, Signed<Vote>{vote.signer, certificate.vote, vote.signature});
    }
  });
}

}  // namespace

void see_proposal(Context& context, const ProposeMessage& message) {
  change(context, message.propose.body.ballot, [&](SeenVotes& seen) {
    add(context, seen, message.propose);
    for (const auto& answer : message.answers) add(context, seen, answer);
  });
}

void see_prevotes(Context& context, const PrevoteCertificate& certificate) { see_certificate(context, certificate); }

void see_precommits(Context& context, const CommitCertificate& certificate) { see_certificate(context, certificate); }

template <class Body>
void notice(Context& context, const Signed<Body>& statement) {
  const auto height = voting_height(context);
  const auto& ballot = statement.body.ballot;
  // Only of ballots that are known to run: else a liar would drive them out with ballots of its invention.
  const bool runs = ballot == proposer_at(context, height).ballot || seen_votes.get(context.draft, ballot);
  if (statement.body.height != height || !runs || !context.genesis.check(statement)) return;
  change(context, statement.body.ballot, [&](SeenVotes& seen) { add(context, seen, statement); });
}
template void notice(Context&, const Signed<Propose>&);
template void notice(Context&, const Signed<Answer>&);
template void notice(Context&, const Signed<Prevote>&);
template void notice(Context&, const Signed<Precommit>&);

template <class Vote>
void notice_second(Context& context, const Signed<Vote>& vote) {
  auto seen = seen_votes.get(context.draft, vote.body.ballot);
  if (seen && holds_from(list_of(*seen, vote), vote.signer)) notice(context, vote);
}
template void notice_second(Context&, const Signed<Prevote>&);
template void notice_second(Context&, const Signed<Precommit>&);

void close_height(Context& context, const CommitCertificate& certificate) {
  // In a height without contention only the one ballot was seen, and nothing can be held against it.
  const auto rows = seen_votes.all(context.draft);
  const bool alone = rows.empty() || (rows.size() == 1 && rows.front().first == certificate.vote.ballot &&
                                      rows.front().second.precommits.empty());
  if (!alone) see_precommits(context, certificate);
  for (const auto& [ballot, seen] : seen_votes.all(context.draft)) seen_votes.erase(context.draft, ballot);
}

void see_fork(Context& context, const CommitCertificate& one, const CommitCertificate& other) {
  if (one.vote.ballot != other.vote.ballot) return;
  for (const auto& vote : one.votes) {
    const auto again = std::ranges::find(other.votes, vote.signer, &VoteSignature::signer);
    if (again == other.votes.end()) continue;
    accuse(context, contradiction(context.genesis.id(), Signed<Precommit>{vote.signer, one.vote, vote.signature},
                                  Signed<Precommit>{vote.signer, other.vote, again->signature}));
  }
}

// ---- RELEASE and ABORT ----

void see_abort(Context& context, const Signed<Abort>& abort) {
  const auto book = context.genesis.book_of(abort.body.book);
  for (const auto& exchange : open_exchanges(context.draft, book)) {
    const auto record = exchanges.get(context.draft, exchange);
    if (!record || record->role != Role::requester || !record->grant || !record->release) continue;
    const auto& grant = record->grant->body;
    const bool of_turn =
        record->grant->signer == abort.signer && grant.version == abort.body.version && grant.turn == abort.body.turn;
    if (of_turn) accuse(context, ReleaseAndAbort{record->request, *record->grant, *record->release, abort});
  }
}

void see_late_release(Context& context, const ExchangeRecord& record, const Signed<Release>& release) {
  if (!record.grant || !record.height) return;
  const auto committed = blocks.get(context.draft, *record.height);
  if (!committed) return;
  for (const auto& transaction : committed->block.transactions) {
    // One that is not of this turn proves nothing, and is not kept.
    if (const auto* abort = std::get_if<Signed<Abort>>(&transaction)) {
      accuse(context, ReleaseAndAbort{record.request, *record.grant, release, *abort});
    }
  }
}

}  // namespace bookchain::ledger

// How a peer notices that another broke the rules, and what follows: evidence is kept and told to all. Remembers what
// others signed about the present height, as far as it came here, within bounds. Internal to the rules; decides
// nothing else: no vote depends on evidence, and no step but a DISPUTE, which is made of it.
#pragma once

#include "ledger/context.hpp"

namespace bookchain::ledger {

/// Ballots of one height of which statements are remembered, the highest ones.
inline constexpr std::size_t max_seen_ballots = 16;

/// Keeps evidence that this peer found, and tells everybody. Nothing if it is known, proves nothing, or is one too
/// many about one peer (max_found_evidence).
void accuse(Context& context, const Evidence& evidence);
/// The same for what everybody sees anyway: a DISPUTE in the chain.
void keep_evidence(Context& context, const Evidence& evidence, PeerPort told_by);
[[nodiscard]] Result<void> on_evidence(Context& context, PeerPort from, const EvidenceMessage& message);

// What was seen of a ballot at the present height. Precondition: every signature was checked.
void see_proposal(Context& context, const ProposeMessage& message);
void see_prevotes(Context& context, const PrevoteCertificate& certificate);
void see_precommits(Context& context, const CommitCertificate& certificate);

/// A statement about the present height that is taken for nothing else: remembered if its signature is good, and held
/// against what was seen before. For a vote that is not for the block that its receiver proposed, say.
template <class Body>
void notice(Context& context, const Signed<Body>& statement);
extern template void notice(Context&, const Signed<Propose>&);
extern template void notice(Context&, const Signed<Answer>&);
extern template void notice(Context&, const Signed<Prevote>&);
extern template void notice(Context&, const Signed<Precommit>&);

/// The same for a vote that is taken, too: only where another of this peer was seen in its ballot, so that who votes
/// once costs no second look at its signature.
template <class Vote>
void notice_second(Context& context, const Signed<Vote>& vote);
extern template void notice_second(Context&, const Signed<Prevote>&);
extern template void notice_second(Context&, const Signed<Precommit>&);

/// The height is committed: what was seen of it is held together once more, and forgotten.
void close_height(Context& context, const CommitCertificate& certificate);
/// Two commit certificates of one height for two blocks.
void see_fork(Context& context, const CommitCertificate& one, const CommitCertificate& other);

/// An ABORT that others can see, too: held against the RELEASEs that this peer was given. It need not be checked.
void see_abort(Context& context, const Signed<Abort>& abort);
/// A RELEASE that came after the turn was ended.
void see_late_release(Context& context, const ExchangeRecord& record, const Signed<Release>& release);

}  // namespace bookchain::ledger

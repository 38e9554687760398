// The exchange of one book (docs/protocol.md, sections 3 and 5) as a state machine: one function a
// message, one a wish. Called by Node; each returns the reason of a refusal. Never encrypts a book or
// touches a file: what was measured of files comes in with the input.
#pragma once

#include "ledger/context.hpp"

namespace bookchain::ledger {

[[nodiscard]] Result<void> on_announce(Context& context, PeerPort from, const Announce& message);
[[nodiscard]] Result<void> on_witness_id(Context& context, PeerPort from, const WitnessId& message);
[[nodiscard]] Result<void> on_request(Context& context, PeerPort from, const RequestMessage& message);
[[nodiscard]] Result<void> on_grant(Context& context, PeerPort from, const GrantMessage& message,
                                    const std::optional<ReceivedPackage>& package);
[[nodiscard]] Result<void> on_witness_share(Context& context, PeerPort from, const WitnessShare& message);
[[nodiscard]] Result<void> on_ack(Context& context, PeerPort from, const AckMessage& message);
[[nodiscard]] Result<void> on_grant_conflict(Context& context, PeerPort from, const GrantConflict& message);
[[nodiscard]] Result<void> on_consent(Context& context, PeerPort from, const ConsentMessage& message);
[[nodiscard]] Result<void> on_check_id(Context& context, PeerPort from, const CheckId& message);
[[nodiscard]] Result<void> on_id_answer(Context& context, PeerPort from, const IdAnswerMessage& message);
[[nodiscard]] Result<void> on_release(Context& context, PeerPort from, const ReleaseMessage& message);
[[nodiscard]] Result<void> on_check_key(Context& context, PeerPort from, const CheckKey& message);
[[nodiscard]] Result<void> on_key_answer(Context& context, PeerPort from, const KeyAnswerMessage& message);
[[nodiscard]] Result<void> on_over(Context& context, PeerPort from, const Over& message);
[[nodiscard]] Result<void> on_send_again(Context& context, PeerPort from, const SendAgain& message);
[[nodiscard]] Result<void> on_want_share(Context& context, PeerPort from, const WantShare& message);
[[nodiscard]] Result<void> on_share(Context& context, PeerPort from, const ShareMessage& message);
[[nodiscard]] Result<void> on_receipt(Context& context, PeerPort from, const ReceiptMessage& message);

[[nodiscard]] Result<void> on_want_own(Context& context, PeerPort from, const WantOwn& message);
[[nodiscard]] Result<void> on_own(Context& context, PeerPort from, const OwnMessage& message);

/// After a restore: asks all others for what this owner signed in open turns, and may have forgotten.
void ask_for_own_statements(Context& context);

/// Wishes of the user; a failure leaves everything as it was. Doing a done step again is no failure
/// and sends nothing.
[[nodiscard]] Result<void> do_wish(Context& context, const Wish& wish);

/// Called by consensus for each block that was appended, in order: ends exchanges, and says what is to
/// be done on the shelf of books.
void on_block_committed(Context& context, const CommittedBlock& committed);
/// Called by consensus for an own transaction that no block can hold: its exchange is not mined after all.
void on_transaction_dropped(Context& context, const Transaction& transaction, const Error& why);

}  // namespace bookchain::ledger

// What the wishes of a user share: where an exchange stands, why a step is not due, and the wishes that finish or give
// up an exchange. Internal to the rules.
#pragma once

#include "ledger/context.hpp"

namespace bookchain::ledger {

// exchange_due.cpp: where an exchange stands
/// The GRANT is here, and the encrypted book that belongs beside it is not.
[[nodiscard]] bool lacks_package(const ExchangeRecord& record);
/// Fewer witnesses than a majority have said yes about the id.
[[nodiscard]] bool lacks_yes(const Genesis& genesis, const ExchangeRecord& record);
[[nodiscard]] Error over_error(const ExchangeId& exchange, const ExchangeRecord& record);
/// As a command takes it, in hints: its first digits.
[[nodiscard]] std::string short_name(const ExchangeId& exchange);
/// The hint of what is over: the requester asks anew. Empty for the others.
[[nodiscard]] std::string new_request(const ExchangeRecord& record);
/// Token `waiting` where nothing but statements of others is missing for the step, else `wrong-step`; says what is due,
/// and at whom. What settles and claims lack is what Step::release lacks.
[[nodiscard]] Error not_due(const Context& context, const ExchangeId& exchange, const ExchangeRecord& record,
                            Step wanted);
/// What it means for requester and owner that a witness which is awaited does not answer: nothing passes, where every
/// witness of the network must acknowledge and answer about the id; or, of answers about the key, what goes on without
/// them. Empty where the others are enough.
[[nodiscard]] std::string silent_witness_hint(const Genesis& genesis, const ExchangeId& exchange,
                                              const ExchangeRecord& record);

// exchange_finish.cpp: steps 6 to 8, going on without the other side (section 5), giving up
[[nodiscard]] Result<void> do_open(Context& context, const WishOpen& wish, const ExchangeRecord& checked);
[[nodiscard]] Result<void> do_check_key(Context& context, const WishCheckKey& wish);
[[nodiscard]] Result<void> do_mine(Context& context, const WishMine& wish);
[[nodiscard]] Result<void> do_settle(Context& context, const WishSettle& wish);
[[nodiscard]] Result<void> do_claim(Context& context, const WishClaim& wish);
[[nodiscard]] Result<void> do_refuse(Context& context, const WishRefuse& wish);
[[nodiscard]] Result<void> do_abort(Context& context, const WishAbort& wish);
[[nodiscard]] Result<void> do_ask_again(Context& context, const WishAskAgain& wish);

// exchange_dispute.cpp
[[nodiscard]] Result<void> do_dispute(Context& context, const WishDispute& wish);
/// Accuses the owner of the chunk. False if that proves nothing: then what was opened is not what the GRANT is bound
/// to.
[[nodiscard]] bool keep_bad_chunk(Context& context, const ExchangeRecord& record, const std::optional<BadChunk>& found);

}  // namespace bookchain::ledger

#include "ledger/statement.hpp"

#include <algorithm>
#include <functional>

namespace bookchain::ledger {

namespace {

template <class... Parts>
Hash tagged_hash(std::string_view tag, const Parts&... parts) {
  const auto tag_bytes = view_of(tag);
  return sha256({tag_bytes, encode_all(parts...)});
}

}  // namespace

bool is_sound(const Receipt& receipt) {
  return !receipt.exchanges.empty() &&
         std::ranges::adjacent_find(receipt.exchanges, std::greater_equal<>{}) == receipt.exchanges.end();
}

std::string_view name(StatementType type) {
  switch (type) {
    case StatementType::book: return "BOOK";
    case StatementType::request: return "REQUEST";
    case StatementType::grant: return "GRANT";
    case StatementType::ack: return "ACK";
    case StatementType::consent: return "CONSENT";
    case StatementType::id_answer: return "ID-ANSWER";
    case StatementType::release: return "RELEASE";
    case StatementType::key_answer: return "KEY-ANSWER";
    case StatementType::receipt: return "RECEIPT";
    case StatementType::transfer: return "TRANSFER";
    case StatementType::abort: return "ABORT";
    case StatementType::dispute: return "DISPUTE";
    case StatementType::answer: return "ANSWER";
    case StatementType::propose: return "PROPOSE";
    case StatementType::prevote: return "PREVOTE";
    case StatementType::precommit: return "PRECOMMIT";
    case StatementType::block: return "BLOCK";
    case StatementType::card: return "CARD";
    case StatementType::batch: return "BATCH";
  }
  return "";
}

std::string_view name(TransferForm form) {
  switch (form) {
    case TransferForm::mined: return "mined";
    case TransferForm::settled: return "settled";
    case TransferForm::claimed: return "claimed";
  }
  return "";
}

Hash request_id_hash(const RequestId& id) { return tagged_hash("bookchain/1 request id", id); }

Hash key_commitment(const ExchangeId& exchange, const BookKey& key) {
  return tagged_hash("bookchain/1 key", exchange, key);
}

Hash share_commitment(const ExchangeId& exchange, std::uint32_t index, const KeyShare& share) {
  return tagged_hash("bookchain/1 share", exchange, index, share);
}

Hash transactions_hash(const std::vector<Transaction>& transactions) {
  return sha256(encode_with([&](auto& writer) { writer.list("transactions", transactions, max_block_transactions); }));
}

}  // namespace bookchain::ledger

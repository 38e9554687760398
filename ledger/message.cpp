#include "ledger/message.hpp"

namespace bookchain::ledger {

namespace {

/// Finds the exchange in whatever a kind of message carries.
struct ExchangeOf {
  const NetworkId& network;

  [[nodiscard]] ExchangeId of(const Signed<Request>& request) const {
    return rename<ExchangeId>(statement_id(network, request));
  }

  template <class M>
  std::optional<ExchangeId> operator()(const M& message) const {
    if constexpr (requires { message.exchange; }) {
      return message.exchange;
    } else if constexpr (requires { message.grant.body.exchange; }) {
      return message.grant.body.exchange;
    } else if constexpr (requires { message.request; }) {
      return of(message.request);
    } else if constexpr (requires { message.ack; }) {
      return message.ack.body.exchange;
    } else if constexpr (requires { message.consent; }) {
      return message.consent.body.exchange;
    } else if constexpr (requires { message.release; }) {
      return message.release.body.exchange;
    } else if constexpr (requires { message.receipt; }) {
      const auto& received = message.receipt.body.exchanges;
      return received.size() == 1 ? std::optional(received.front()) : std::nullopt;
    } else if constexpr (requires { message.answer.body.exchange; }) {
      return message.answer.body.exchange;
    } else {
      return std::nullopt;
    }
  }
};

/// The eight steps of the exchange, in the order of the protocol.
constexpr int step_of_kind(std::string_view kind) {
  if (kind == WitnessId::name || kind == RequestMessage::name) return 1;
  if (kind == GrantMessage::name || kind == WitnessShare::name || kind == AckMessage::name) return 2;
  if (kind == ConsentMessage::name) return 3;
  if (kind == CheckId::name || kind == IdAnswerMessage::name) return 4;
  if (kind == ReleaseMessage::name) return 5;
  if (kind == CheckKey::name || kind == KeyAnswerMessage::name) return 7;
  return 0;
}
constexpr int step_of_blocks = 8;

/// The block that comes with a message which proposes or commits it; null if none does.
const Block* block_in(const Message& message) {
  if (const auto* propose = std::get_if<ProposeMessage>(&message)) return &propose->block;
  const auto* commit = std::get_if<CommitMessage>(&message);
  return commit != nullptr && commit->block ? &*commit->block : nullptr;
}

}  // namespace

std::string_view name(const Message& message) {
  return std::visit([](const auto& held) { return std::decay_t<decltype(held)>::name; }, message);
}

std::optional<ExchangeId> exchange_of(const NetworkId& network, const Message& message) {
  return std::visit(ExchangeOf{network}, message);
}

int step_of(const Message& message) { return step_of_kind(name(message)); }

std::vector<ExchangeId> exchanges_moved_by(const NetworkId& network, const Block& block) {
  std::vector<ExchangeId> found;
  for (const auto& transaction : block.transactions) {
    if (const auto* transfer = std::get_if<Signed<Transfer>>(&transaction)) {
      found.push_back(ExchangeOf{network}.of(transfer->body.request));
    }
  }
  return found;
}

std::vector<ExchangeId> traced_exchanges_of(const NetworkId& network, const Message& message) {
  if (const auto exchange = exchange_of(network, message)) return {*exchange};
  if (const auto* told = std::get_if<ReceiptMessage>(&message)) {
    return is_sound(told->receipt.body) ? told->receipt.body.exchanges : std::vector<ExchangeId>{};
  }
  const auto* block = block_in(message);
  return block == nullptr ? std::vector<ExchangeId>{} : exchanges_moved_by(network, *block);
}

std::uint8_t traced_step_of(const Message& message) {
  const bool is_of_blocks =
      std::holds_alternative<ProposeMessage>(message) || std::holds_alternative<CommitMessage>(message);
  return static_cast<std::uint8_t>(is_of_blocks ? step_of_blocks : step_of(message));
}

bool answers_with_blocks(const Message& message) {
  const auto* answer = std::get_if<AnswerMessage>(&message);
  return std::holds_alternative<BlocksMessage>(message) || (answer != nullptr && answer->lock.has_value());
}

bool may_be_forgotten(const Message& message) {
  return std::holds_alternative<CheckId>(message) || std::holds_alternative<CheckKey>(message) ||
         std::holds_alternative<NewRound>(message) || std::holds_alternative<PrevotesMessage>(message);
}

}  // namespace bookchain::ledger

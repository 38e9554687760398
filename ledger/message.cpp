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
      return message.receipt.body.exchange;
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

}  // namespace

std::string_view name(const Message& message) {
  return std::visit([](const auto& held) { return std::decay_t<decltype(held)>::name; }, message);
}

std::optional<ExchangeId> exchange_of(const NetworkId& network, const Message& message) {
  return std::visit(ExchangeOf{network}, message);
}

int step_of(const Message& message) { return step_of_kind(name(message)); }

}  // namespace bookchain::ledger

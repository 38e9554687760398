// What a courier's report looks like: as JSON by the contract of the command line, and in words.
#pragma once

#include "cli/home.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

/// [{to, type}]; with `delivered` false what waits in the outbox because nobody listens at `unheard`
[[nodiscard]] Json sent_value(const std::vector<transport::SentReport>& sent,
                              const std::vector<ledger::PeerPort>& unheard);
/// [{id, from, type, exchange, result, token}]
[[nodiscard]] Json received_value(const std::vector<transport::ReceivedReport>& received);
/// {exchange, step, state, sent, next}, and `error` where the step failed
[[nodiscard]] Json step_value(const Session& session, Home& home, const transport::StepReport& step);

/// "sent   grant to 5000; witness-share to 5002, 5003", and on a line of its own what waits because nobody listens.
[[nodiscard]] std::string sent_text(const std::vector<transport::SentReport>& sent,
                                    const std::vector<ledger::PeerPort>& unheard);
/// One line a message.
[[nodiscard]] std::string received_text(const Report& report, const std::vector<transport::ReceivedReport>& received);
/// Whether an event is told at all: that of a peer's own request is not.
[[nodiscard]] bool is_told(const ledger::Event& event);
/// What came of it, for the peer: "committed", "exchange-over", "block", "equivocation" and the like.
[[nodiscard]] Json events_value(const std::vector<ledger::Event>& events);
/// A line each, or nothing where only -v would say it; `state` is what the peer knows after it.
[[nodiscard]] std::string event_text(const Report& report, const ledger::State& state, const ledger::Event& event);

/// What a step did, in a sentence for people.
[[nodiscard]] std::string step_text(ledger::Step step);
/// The same where some of what was sent waits in the outbox.
[[nodiscard]] std::string step_text(ledger::Step step, const std::vector<transport::SentReport>& sent,
                                    const std::vector<ledger::PeerPort>& unheard);

/// The failure that a command ends with if some of its messages could not be delivered: what it did stands,
/// and they wait in the outbox.
[[nodiscard]] std::optional<Error> delivery_failure(const transport::Report& report);

/// State of an exchange by its name; "" if the peer does not know it.
[[nodiscard]] std::string state_of(const ledger::State& state, const ledger::ExchangeId& exchange);

/// The failure of an exchange that is over, as the error a command ends with.
[[nodiscard]] std::optional<Error> over_error(const ledger::State& state, const ledger::ExchangeId& exchange);

}  // namespace bookchain::cli

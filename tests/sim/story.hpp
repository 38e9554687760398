// What happened in a simulated network, for the diagrams of a failure: the last of it, and all about one exchange.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/message.hpp"

namespace bookchain::sim {

using ledger::ExchangeId;
using ledger::PeerPort;

/// What a message is about, and a number of its bytes: of the same ones, sent again, only the times are told.
struct Subject {
  std::optional<ExchangeId> exchange;
  std::uint64_t bytes = 0;
};

[[nodiscard]] Subject subject_of(const ledger::NetworkId& network, const ledger::Message& message,
                                 ledger::ByteView bytes);

class Story {
 public:
  void message(PeerPort from, PeerPort to, std::string text, const Subject& subject = {});
  void note(PeerPort at, std::string text);
  void set_step(std::uint64_t step) { step_ = step; }

  /// The last things that happened. What was sent again while nothing new was is one line.
  [[nodiscard]] std::string mermaid() const;
  /// Everything about the exchange whose id is in hexadecimal in this text, or begins with what stands there; empty if
  /// none is, or nothing is known of it.
  [[nodiscard]] std::string mermaid_of_exchange(std::string_view text) const;

 private:
  struct Event {
    PeerPort from{};
    PeerPort to{};  ///< the same peer: a note
    std::string text;
    std::uint64_t bytes{};
    std::uint64_t step{};
    std::uint64_t last_step{};
    std::uint64_t times = 1;

    [[nodiscard]] bool is_note() const { return from == to; }
    [[nodiscard]] bool is_same(const Event& other) const;
    void again(std::uint64_t at);
    [[nodiscard]] std::string line() const;
  };
  struct Exchange {
    std::vector<Event> events;
    std::uint64_t left_out{};
  };
  void add(Event event);

  std::deque<Event> last_;
  std::map<ExchangeId, Exchange> exchanges_;
  std::uint64_t step_ = 0;
};

}  // namespace bookchain::sim

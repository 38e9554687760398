// RefusalLimit: how much `serve` says of what it refuses. One sender can bring what nobody can read as fast as it can
// write; a line for each would fill the disk of whoever keeps them. The first few of a while are told, the rest are
// counted and told as a number when that while is over.
#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "ledger/state.hpp"

namespace bookchain::cli {

class RefusalLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::uint64_t told_at_most = 10;
  static constexpr std::chrono::seconds period{10};

  /// Counts one more refusal of what `sender` brought; true if it is to be told by itself.
  [[nodiscard]] bool admit(ledger::PeerPort sender, Time now);

  struct Untold {
    ledger::PeerPort sender;
    std::uint64_t count{};
    friend bool operator==(const Untold&, const Untold&) = default;
  };
  /// What was counted and not told in periods that are over at `now`; each is given once.
  [[nodiscard]] std::vector<Untold> take_untold(Time now);
  /// The same of all periods, at the end.
  [[nodiscard]] std::vector<Untold> take_all_untold() { return take_untold(Time::max()); }

 private:
  struct Period {
    Time began;
    std::uint64_t count{};
  };
  std::map<ledger::PeerPort, Period> periods_;
};

/// BlameLimit: the same for what the rules note of a peer that breaks them, the events `evidence` and `equivocation`:
/// of each such peer and each of the two.
class BlameLimit {
 public:
  using Time = RefusalLimit::Time;

  /// True if the event is to be told by itself, as every event is that blames nobody.
  [[nodiscard]] bool admit(const ledger::Event& event, Time now);

  struct Untold {
    std::string event;
    ledger::PeerPort blamed;
    std::uint64_t count{};
    friend bool operator==(const Untold&, const Untold&) = default;
  };
  [[nodiscard]] std::vector<Untold> take_untold(Time now);
  [[nodiscard]] std::vector<Untold> take_all_untold() { return take_untold(Time::max()); }

 private:
  std::map<std::string, RefusalLimit, std::less<>> limits_;
};

}  // namespace bookchain::cli

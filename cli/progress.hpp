// What people and scripts see of long work, on stderr: a bar on a terminal, elsewhere a line now and then, with
// -o json an event a second; with -q nothing. Short work shows nothing at all. And Ctrl-C, which ends the work.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/interruption.hpp"
#include "cli/report.hpp"
#include "ledger/store/package_store.hpp"

namespace bookchain::cli {

/// What is counted.
enum class ProgressUnit : std::uint8_t { bytes, blocks };

/// When Ctrl-C ends the work: where nothing is half done, or at once, which is as good where nothing is written.
enum class Stop : std::uint8_t { between_pieces, at_once };

/// How far the work is, after some time.
struct Advance {
  std::uint64_t done{};
  std::uint64_t in_all{};  ///< 0 if that is not known
  std::chrono::duration<double> passed{};

  /// Units a second.
  [[nodiscard]] double rate() const;
  /// 0 to 1; nothing while the end is not known.
  [[nodiscard]] std::optional<double> part() const;
  [[nodiscard]] std::optional<double> seconds_left() const;
};

/// "encrypting [######......]  25 %  310 MiB/s  0:03 left", at most `columns` wide.
[[nodiscard]] std::string progress_bar(const std::string& what, ProgressUnit unit, const Advance& advance,
                                       std::size_t columns);
/// "encrypting: 256 MiB of 1.0 GiB (25 %), 310 MiB/s, 0:03 left".
[[nodiscard]] std::string progress_line(const std::string& what, ProgressUnit unit, const Advance& advance);
/// {"what", "unit", "done", "total", "rate", "seconds_left"}; total and seconds_left are null while not known.
[[nodiscard]] Json progress_value(const std::string& what, ProgressUnit unit, const Advance& advance);

class WorkProgress final : public ledger::Progress {
 public:
  /// `what` begins the line: "reading", "encrypting".
  WorkProgress(const Report& report, std::string what, ProgressUnit unit = ProgressUnit::bytes,
               Stop stop = Stop::between_pieces);
  ~WorkProgress() override;
  bool advanced(std::uint64_t done, std::uint64_t in_all) override;

 private:
  using Clock = std::chrono::steady_clock;
  void tell(const Advance& advance);

  const Report& report_;
  std::string what_;
  ProgressUnit unit_;
  Stop stop_;
  Interruption interruption_;
  bool drawn_ = false;
  bool told_ = false;
  Clock::time_point began_;
  Clock::time_point last_;
};

}  // namespace bookchain::cli

// What people see of long work: a bar on a terminal, nothing elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "cli/report.hpp"
#include "ledger/store/package_store.hpp"

namespace bookchain::cli {

class TerminalProgress final : public ledger::Progress {
 public:
  /// `what` begins the line: "reading", "encrypting".
  TerminalProgress(const Report& report, std::string what);
  ~TerminalProgress() override;
  bool advanced(std::uint64_t bytes_done, std::uint64_t bytes_in_all) override;

 private:
  bool shown_;
  bool drawn_ = false;
  std::string what_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace bookchain::cli

// Ctrl-C in a command that works for long: the work is told, ends where nothing is half done, and the command exits
// with 130. Outside of long work, and at the second Ctrl-C, the process ends at once, which is always safe.
#pragma once

namespace bookchain::cli {

/// While one of these lives SIGINT is handled so. One at a time, and none beside StopSignals.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// Long work begins or ends; from now on, until then, SIGINT is only noted.
  void set_working(bool working);
  [[nodiscard]] bool caught() const;
};

}  // namespace bookchain::cli

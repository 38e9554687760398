// Requests that come to a running `serve` as lines, "OWNER SELECTOR" each: from a file, a pipe or standard input.
// Read as they come and without waiting; a line that cannot be is told and passed over.
#pragma once

#include <optional>

#include "cli/files.hpp"
#include "ledger/types.hpp"

namespace bookchain::cli {

class RequestStream {
 public:
  /// "-" is standard input. Tokens: `no-such-file`, `permission`, `io`, `bad-file` (a directory).
  [[nodiscard]] static Result<RequestStream> open(const std::string& file);

  struct Wanted {
    ledger::PeerPort owner;
    std::string selector;
  };
  struct Line {
    std::uint64_t number;    ///< from 1
    Result<Wanted> request;  ///< tokens `usage`, and `io` where nothing more can be read
  };
  /// Up to `most` lines that have come.
  [[nodiscard]] std::vector<Line> take(std::size_t most);
  /// What became of a line; null: it is a request now.
  void count(const Error* refusal) {
    if (refusal == nullptr) ++made_;
    if (refusal != nullptr && !first_refusal_) first_refusal_ = *refusal;
  }
  /// The first refusal, if no line at all became a request.
  [[nodiscard]] std::optional<Error> all_refused() const { return made_ == 0 ? first_refusal_ : std::nullopt; }
  /// Can be read when more comes; -1 once all has come.
  [[nodiscard]] int descriptor() const { return ended_ || is_file_ ? -1 : file_.get(); }
  /// Whether there are lines to be taken at once.
  [[nodiscard]] bool has_waiting() const { return text_.find('\n') != std::string::npos || (is_file_ && !ended_); }
  /// Why nothing more can be read, if that is no end.
  [[nodiscard]] const std::optional<Error>& failure() const { return failed_; }
  /// Whether all has come and was taken.
  [[nodiscard]] bool has_ended() const { return ended_ && text_.empty(); }

 private:
  RequestStream(std::string name, ledger::Descriptor file);
  void read_more();

  std::string name_;
  ledger::Descriptor file_;
  std::string text_;  ///< what came and was not taken
  std::uint64_t lines_ = 0;
  std::uint64_t made_ = 0;
  std::optional<Error> first_refusal_;
  bool is_file_ = false;  ///< all of it is there, and nothing tells of more
  bool ended_ = false;
  std::optional<Error> failed_;
  bool failure_told_ = false;
};

}  // namespace bookchain::cli

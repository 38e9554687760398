// The check of a whole chain, block by block, and of an exported one, line by line: what cli/chain_file.hpp reads from
// a file or a store is judged here.
#pragma once

#include <functional>
#include <optional>

#include "cli/files.hpp"
#include "ledger/chain.hpp"
#include "ledger/store/memory_store.hpp"

namespace bookchain::cli {

/// What came of checking a chain.
struct ChainVerdict {
  ledger::Head head;                  ///< the last good block, or the network id at height 0
  std::optional<ledger::Height> bad;  ///< the first bad block, if it is a block that is bad
  std::optional<Error> failure;       ///< nothing: the chain is valid
};

/// The same error as one of that block, with a token of exit code 3.
[[nodiscard]] Error bad_block(const Error& error, ledger::Height height);

/// A chain in the making, checked block by block. What is kept of it is the head and who owns what; all else that
/// would be stored is only shown to `see`.
class ChainCheck {
 public:
  using See = std::function<void(const ledger::Write&)>;
  explicit ChainCheck(const ledger::Genesis& genesis, See see = {}) : genesis_(genesis), see_(std::move(see)) {}

  [[nodiscard]] ledger::Height next_height() const { return ledger::Height{head().height.value + 1}; }
  [[nodiscard]] ledger::Head head() const { return ledger::chain_head(genesis_, store_); }
  [[nodiscard]] const ledger::State& state() const { return store_; }

  /// Takes the next block if it keeps every rule; the tokens are those of verify_and_append. A failure changes nothing.
  [[nodiscard]] Result<void> append(const ledger::CommittedBlock& committed);

  [[nodiscard]] ChainVerdict verdict(std::optional<Error> failure) const {
    return ChainVerdict{head(), std::nullopt, std::move(failure)};
  }
  [[nodiscard]] ChainVerdict verdict_on_block(const Error& error) const {
    return ChainVerdict{head(), next_height(), bad_block(error, next_height())};
  }

 private:
  const ledger::Genesis& genesis_;
  See see_;
  ledger::MemoryStore store_;
};

/// An exported chain, checked line by line. The first line that is bad decides, whatever follows it.
class ChainFileCheck {
 public:
  /// `file` is what errors name.
  ChainFileCheck(const ledger::Genesis& genesis, path file)
      : genesis_(genesis), file_(std::move(file)), check_(genesis) {}

  /// The next line, without its line feed. Nothing if it is good; else the verdict on the file, and the check stands
  /// where it stood before.
  [[nodiscard]] std::optional<ChainVerdict> take(const std::string& line);
  /// The verdict on a file whose lines were all good and that ends here.
  [[nodiscard]] ChainVerdict at_end() const;
  /// The verdict on a file whose next line has no line feed or is longer than any block's.
  [[nodiscard]] ChainVerdict at_broken_line() const;

 private:
  [[nodiscard]] std::optional<ChainVerdict> check_header(const std::string& line) const;
  [[nodiscard]] std::optional<ChainVerdict> take_block(const std::string& line);

  const ledger::Genesis& genesis_;
  path file_;
  std::uint64_t lines_ = 0;  ///< that were good
  ChainCheck check_;
};

}  // namespace bookchain::cli

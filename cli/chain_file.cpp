#include "cli/chain_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 18U;

Error interrupted() { return Error{Token::interrupted, "interrupted", {}, {}}; }
bool goes_on(Progress* progress, std::uint64_t done, std::uint64_t in_all) {
  return progress == nullptr || progress->advanced(done, in_all);
}

}  // namespace

// ---- writing ----

std::string chain_header_line(const NetworkId& network) {
  return "{\"bookchain\":\"chain\",\"schema\":1,\"network\":\"" + to_hex(network) + "\"}\n";
}

std::string chain_block_line(const Genesis& genesis, const CommittedBlock& committed) {
  return "{\"height\":" + std::to_string(committed.block.header.body.height.value) + ",\"hash\":\"" +
         to_hex(genesis.block_hash(committed.block)) + "\",\"block\":\"" + to_hex(encode(committed.block)) +
         "\",\"certificate\":\"" + to_hex(encode(committed.certificate)) + "\"}\n";
}

Result<void> each_block(const State& state, Height from, const VisitBlock& visit) {
  auto expected = std::max<std::uint64_t>(from.value, 1);
  std::optional<Error> failure;
  state.scan(Table::blocks, {}, encode(Height{expected}), [&](ByteView key, ByteView value) {
    const auto height = decode<Height>(key);
    const auto committed = decode<CommittedBlock>(value);
    if (!height || height.value().value != expected) {
      failure = bad_block({Token::bad_chain, "a block is missing from the store", {}, {}}, Height{expected});
    } else if (!committed) {
      failure = bad_block(committed.error(), Height{expected});
    } else if (auto visited = visit(committed.value()); !visited) {
      failure = std::move(visited).error();
    }
    ++expected;
    return !failure;
  });
  if (failure) return std::move(*failure);
  return success();
}

Result<Head> write_chain(const Genesis& genesis, const State& state, int descriptor, const path& name) {
  auto text = chain_header_line(genesis.id());
  const auto flush = [&]() -> Result<void> {
    auto written = write_all(descriptor, view_of(text), name);
    text.clear();
    return written;
  };
  Head head{Height{0}, rename<Hash>(genesis.id()), {}};
  BOOKCHAIN_CHECK(each_block(state, Height{1}, [&](const CommittedBlock& committed) -> Result<void> {
    text += chain_block_line(genesis, committed);
    head = Head{committed.block.header.body.height, genesis.block_hash(committed.block), committed.block.header.signer};
    return text.size() < piece_bytes ? Result<void>(success()) : flush();
  }));
  BOOKCHAIN_CHECK(flush());
  return head;
}

// ---- reading ----

namespace {

/// Lines of a file, each within a bound.
class LineReader {
 public:
  LineReader(int descriptor, path name, std::size_t most)
      : descriptor_(descriptor), name_(std::move(name)), most_(most) {}

  struct Line {
    std::string text;      ///< without its line feed
    bool is_whole = true;  ///< false: too long, or without a line feed at the end of the file
  };
  /// Bytes of the file that were read so far.
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }
  /// Nothing at the end of the file.
  [[nodiscard]] Result<std::optional<Line>> next() {
    for (std::size_t looked_at = 0;;) {
      const auto end = buffer_.find('\n', begin_ + looked_at);
      if (end != std::string::npos && end - begin_ <= most_) {
        Line line{buffer_.substr(begin_, end - begin_)};
        begin_ = end + 1;
        return std::optional(std::move(line));
      }
      looked_at = buffer_.size() - begin_;
      if (looked_at > most_) return std::optional(Line{{}, false});
      BOOKCHAIN_TRY(const auto more, fill());
      if (more) continue;
      if (looked_at == 0) return std::optional<Line>{};
      return std::optional(Line{{}, false});
    }
  }

 private:
  [[nodiscard]] Result<bool> fill() {
    buffer_.erase(0, begin_);
    begin_ = 0;
    const auto old = buffer_.size();
    buffer_.resize(old + piece_bytes);
    auto* place = reinterpret_cast<std::uint8_t*>(buffer_.data() + old);
    BOOKCHAIN_TRY(const auto got, read_up_to(descriptor_, std::span(place, piece_bytes), name_));
    buffer_.resize(old + got);
    bytes_read_ += got;
    return got > 0;
  }

  int descriptor_;
  path name_;
  std::size_t most_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::uint64_t bytes_read_ = 0;
};

std::size_t max_line_bytes(const Genesis& genesis) {
  constexpr std::size_t certificate_bytes = 8192;
  constexpr std::size_t names_bytes = 512;
  return 2 * (genesis.fields().limits.block_bytes + certificate_bytes) + names_bytes;
}

Result<Descriptor> open_chain_file(const path& file) {
  auto opened = file == "-" ? Result<Descriptor>(Descriptor(::dup(STDIN_FILENO))) : open_file(file, O_RDONLY);
  if (!opened) return opened;
  struct stat facts {};
  if (::fstat(opened.value().get(), &facts) != 0) return system_error("cannot look at the file", file);
  if (S_ISDIR(facts.st_mode)) return Error{Token::bad_file, "a directory is no exported chain", file.string(), {}};
  return opened;
}

/// Bytes of a regular file; 0 of a pipe.
std::uint64_t size_of(int descriptor) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode)) return 0;
  return static_cast<std::uint64_t>(facts.st_size);
}

}  // namespace

Result<ChainVerdict> verify_chain_file(const Genesis& genesis, const path& file, Progress* progress) {
  BOOKCHAIN_TRY(const auto descriptor, open_chain_file(file));
  const auto in_all = size_of(descriptor.get());
  LineReader lines(descriptor.get(), file, max_line_bytes(genesis));
  ChainFileCheck check(genesis, file);
  for (;;) {
    BOOKCHAIN_TRY(const auto line, lines.next());
    if (!goes_on(progress, lines.bytes_read(), in_all)) return interrupted();
    if (!line) return check.at_end();
    if (!line->is_whole) return check.at_broken_line();
    if (auto verdict = check.take(line->text)) return std::move(*verdict);
  }
}

// ---- a peer's own chain ----

namespace {

/// What is stored about owners beside the blocks, held against what follows from them. A block may write a row of
/// `history` or `moved` that a later one writes again: each stored row is equal once, and all that are are counted.
class StoredOwners {
 public:
  explicit StoredOwners(const State& stored) : stored_(stored) {}

  void see(const Write& write) {
    if (write.table != Table::history && write.table != Table::moved) return;
    const auto row = stored_.get(write.table, write.key);
    if (!row) differing_.insert(write.table);
    if (row == write.value) ++rows_[write.table];
  }

  /// The first table that does not follow from the blocks.
  [[nodiscard]] std::optional<Table> difference(const State& computed) {
    compare_ownership(computed);
    for (const auto table : {Table::ownership, Table::history, Table::moved}) {
      if (differing_.contains(table) || count(stored_, table) != rows_[table]) return table;
    }
    return std::nullopt;
  }

 private:
  void compare_ownership(const State& computed) {
    rows_[Table::ownership] = count(computed, Table::ownership);
    computed.scan(Table::ownership, {}, {}, [&](ByteView key, ByteView value) {
      const auto row = stored_.get(Table::ownership, key);
      if (!row || !std::ranges::equal(*row, value)) differing_.insert(Table::ownership);
      return true;
    });
  }
  [[nodiscard]] static std::uint64_t count(const State& state, Table table) {
    std::uint64_t rows = 0;
    state.scan(table, {}, {}, [&](ByteView, ByteView) {
      ++rows;
      return true;
    });
    return rows;
  }

  const State& stored_;
  std::map<Table, std::uint64_t> rows_;
  std::set<Table> differing_;
};

std::optional<Error> difference(const Genesis& genesis, const State& stored, const ChainCheck& verification,
                                StoredOwners& owners) {
  const auto head = chain_head(genesis, stored);
  const auto computed = verification.head();
  if (head.height != computed.height || head.hash != computed.hash) {
    return Error{Token::bad_chain,
                 "the stored head is not that of the stored blocks",
                 "block " + std::to_string(head.height.value),
                 {}};
  }
  const auto table = owners.difference(verification.state());
  if (!table) return std::nullopt;
  return Error{Token::bad_chain,
               "what is stored about the owners of books does not follow from the blocks",
               std::string(name(*table)),
               {}};
}

}  // namespace

Result<ChainVerdict> verify_stored_chain(const Genesis& genesis, const State& state, Progress* progress) {
  StoredOwners owners(state);
  ChainCheck verification(genesis, [&](const Write& write) { owners.see(write); });
  const auto in_all = chain_head(genesis, state).height.value;
  bool stopped = !goes_on(progress, 0, in_all);
  const auto checked = each_block(state, Height{1}, [&](const CommittedBlock& committed) -> Result<void> {
    if (stopped) return interrupted();
    BOOKCHAIN_CHECK(verification.append(committed));
    stopped = !goes_on(progress, verification.head().height.value, in_all);
    return success();
  });
  if (stopped) return interrupted();
  if (!checked) return verification.verdict_on_block(checked.error());
  return verification.verdict(difference(genesis, state, verification, owners));
}

}  // namespace bookchain::cli

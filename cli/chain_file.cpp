#include "cli/chain_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "ledger/store/memory_store.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 18U;

Error bad_block(const Error& error, Height height) {
  const auto block = "block " + std::to_string(height.value);
  // Whatever is wrong with a block, the answer to "is it valid" is no: exit code 3.
  const auto token = info(error.token).exit_code == 3 ? error.token : Token::bad_chain;
  const bool names_it = error.subject.empty() || error.subject == block;
  return Error{token, error.what, names_it ? block : block + ": " + error.subject, {}};
}

Error interrupted() { return Error{Token::interrupted, "interrupted", {}, {}}; }
bool goes_on(Progress* progress, std::uint64_t done, std::uint64_t in_all) {
  return progress == nullptr || progress->advanced(done, in_all);
}

/// A chain in the making, checked block by block. What is kept of it is the head and who owns what; all else that
/// would be stored is only shown to `see`.
class Verification {
 public:
  using See = std::function<void(const Write&)>;
  explicit Verification(const Genesis& genesis, See see = {}) : genesis_(genesis), see_(std::move(see)) {}

  [[nodiscard]] Height next_height() const { return Height{head().height.value + 1}; }
  [[nodiscard]] Head head() const { return chain_head(genesis_, store_); }
  [[nodiscard]] const State& state() const { return store_; }

  [[nodiscard]] Result<void> append(const CommittedBlock& committed) {
    Draft draft(store_);
    BOOKCHAIN_CHECK(verify_and_append(genesis_, draft, committed, false));
    auto writes = draft.take_effects().writes;
    std::erase_if(writes, [&](const Write& write) {
      const bool needed = write.table == Table::facts || write.table == Table::ownership;
      if (!needed && see_) see_(write);
      return !needed;
    });
    BOOKCHAIN_CHECK(store_.begin());
    store_.apply(writes);
    return store_.commit();
  }

  [[nodiscard]] ChainVerdict verdict(std::optional<Error> failure) const {
    return ChainVerdict{head(), std::nullopt, std::move(failure)};
  }
  [[nodiscard]] ChainVerdict verdict_on_block(const Error& error) const {
    return ChainVerdict{head(), next_height(), bad_block(error, next_height())};
  }

 private:
  const Genesis& genesis_;
  See see_;
  MemoryStore store_;
};

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
  Head head{Height{0}, rename<Hash>(genesis.id())};
  BOOKCHAIN_CHECK(each_block(state, Height{1}, [&](const CommittedBlock& committed) -> Result<void> {
    text += chain_block_line(genesis, committed);
    head = Head{committed.block.header.body.height, genesis.block_hash(committed.block)};
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

/// Takes a line apart from the left; whatever is not exactly there sticks as a fault.
class LineParser {
 public:
  explicit LineParser(std::string_view line) : left_(line) {}

  void expect(std::string_view text) {
    if (left_.starts_with(text)) {
      left_.remove_prefix(text.size());
    } else {
      failed_ = true;
    }
  }
  [[nodiscard]] Bytes hex_until_quote() {
    const auto digits = left_.substr(0, left_.find('"'));
    left_.remove_prefix(digits.size());
    auto bytes = from_hex(digits);
    if (!bytes) failed_ = true;
    return bytes ? std::move(*bytes) : Bytes{};
  }
  [[nodiscard]] std::uint64_t number() {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), value);
    const auto length = static_cast<std::size_t>(end - left_.data());
    failed_ = failed_ || error != std::errc{} || (length > 1 && left_.front() == '0');
    left_.remove_prefix(length);
    return value;
  }
  [[nodiscard]] bool all_was_there() const { return !failed_ && left_.empty(); }

 private:
  std::string_view left_;
  bool failed_ = false;
};

struct BlockLine {
  Bytes block;
  Bytes certificate;
};

/// Nothing if the line does not have the form of a block's.
std::optional<BlockLine> parse_block_line(std::string_view line) {
  LineParser parser(line);
  BlockLine parsed;
  parser.expect("{\"height\":");
  (void)parser.number();
  parser.expect(",\"hash\":\"");
  const auto hash = parser.hex_until_quote();
  parser.expect("\",\"block\":\"");
  parsed.block = parser.hex_until_quote();
  parser.expect("\",\"certificate\":\"");
  parsed.certificate = parser.hex_until_quote();
  parser.expect("\"}");
  if (!parser.all_was_there() || hash.size() != Hash::size) return std::nullopt;
  return parsed;
}

/// The network that the first line names; nothing if it is not the first line of such a file.
std::optional<NetworkId> parse_header_line(std::string_view line) {
  LineParser parser(line);
  parser.expect("{\"bookchain\":\"chain\",\"schema\":1,\"network\":\"");
  const auto network = parser.hex_until_quote();
  parser.expect("\"}");
  if (!parser.all_was_there() || network.size() != NetworkId::size) return std::nullopt;
  NetworkId id;
  std::ranges::copy(network, id.bytes.begin());
  return id;
}

/// The block of a line that is byte for byte what this program would write for it.
Result<CommittedBlock> read_block_line(const Genesis& genesis, const BlockLine& parsed, const std::string& line) {
  BOOKCHAIN_TRY(auto block, decode<Block>(parsed.block));
  BOOKCHAIN_TRY(auto certificate, decode<CommitCertificate>(parsed.certificate));
  CommittedBlock committed{std::move(block), std::move(certificate)};
  if (chain_block_line(genesis, committed) != line + "\n") {
    return Error{Token::bad_chain, "height or hash in the file are not those of the block", {}, {}};
  }
  return committed;
}

std::size_t max_line_bytes(const Genesis& genesis) {
  constexpr std::size_t certificate_bytes = 8192;
  constexpr std::size_t names_bytes = 512;
  return 2 * (genesis.fields().limits.block_bytes + certificate_bytes) + names_bytes;
}

Error no_chain(std::string what, const path& file, std::uint64_t line) {
  return Error{Token::bad_file, std::move(what), file.string() + ":" + std::to_string(line),
               "verify-chain takes what export-chain writes, byte for byte"};
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
  Verification verification(genesis);
  BOOKCHAIN_TRY(const auto first, lines.next());
  const auto network = first && first->is_whole ? parse_header_line(first->text) : std::nullopt;
  if (!network) return verification.verdict(no_chain("the file is no exported chain", file, 1));
  if (*network != genesis.id()) {
    return verification.verdict(Error{Token::wrong_network, "the chain is of another network", to_hex(*network),
                                      "this network is " + to_hex(genesis.id())});
  }
  for (std::uint64_t number = 2;; ++number) {
    BOOKCHAIN_TRY(const auto line, lines.next());
    if (!goes_on(progress, lines.bytes_read(), in_all)) return interrupted();
    if (!line) return verification.verdict(std::nullopt);
    if (!line->is_whole) return verification.verdict(no_chain("a line is cut short or too long", file, number));
    const auto parsed = parse_block_line(line->text);
    if (!parsed) return verification.verdict(no_chain("a line is no block of an exported chain", file, number));
    const auto committed = read_block_line(genesis, *parsed, line->text);
    if (!committed) return verification.verdict_on_block(committed.error());
    if (const auto appended = verification.append(committed.value()); !appended) {
      return verification.verdict_on_block(appended.error());
    }
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

std::optional<Error> difference(const Genesis& genesis, const State& stored, const Verification& verification,
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
  Verification verification(genesis, [&](const Write& write) { owners.see(write); });
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

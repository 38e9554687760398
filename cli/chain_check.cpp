#include "cli/chain_check.hpp"

#include <algorithm>
#include <charconv>

#include "cli/chain_file.hpp"

namespace bookchain::cli {

using namespace ledger;

Error bad_block(const Error& error, Height height) {
  const auto block = "block " + std::to_string(height.value);
  // Whatever is wrong with a block, the answer to "is it valid" is no: exit code 3.
  const auto token = info(error.token).exit_code == 3 ? error.token : Token::bad_chain;
  const bool names_it = error.subject.empty() || error.subject == block;
  return Error{token, error.what, names_it ? block : block + ": " + error.subject, {}};
}

// ---- block by block ----

Result<void> ChainCheck::append(const CommittedBlock& committed) {
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

// ---- line by line ----

namespace {

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

Error no_chain(std::string what, const path& file, std::uint64_t line) {
  return Error{Token::bad_file, std::move(what), file.string() + ":" + std::to_string(line),
               "give it what export-chain writes, byte for byte"};
}

}  // namespace

std::optional<ChainVerdict> ChainFileCheck::take(const std::string& line) {
  auto bad = lines_ == 0 ? check_header(line) : take_block(line);
  if (!bad) ++lines_;
  return bad;
}

std::optional<ChainVerdict> ChainFileCheck::take_block(const std::string& line) {
  const auto parsed = parse_block_line(line);
  if (!parsed) return check_.verdict(no_chain("a line is no block of an exported chain", file_, lines_ + 1));
  const auto committed = read_block_line(genesis_, *parsed, line);
  if (!committed) return check_.verdict_on_block(committed.error());
  if (const auto appended = check_.append(committed.value()); !appended) {
    return check_.verdict_on_block(appended.error());
  }
  return std::nullopt;
}

std::optional<ChainVerdict> ChainFileCheck::check_header(const std::string& line) const {
  const auto network = parse_header_line(line);
  if (!network) return check_.verdict(no_chain("the file is no exported chain", file_, 1));
  if (*network == genesis_.id()) return std::nullopt;
  return check_.verdict(Error{Token::wrong_network, "the chain is of another network", to_hex(*network),
                              "this network is " + to_hex(genesis_.id())});
}

ChainVerdict ChainFileCheck::at_end() const {
  if (lines_ == 0) return at_broken_line();
  return check_.verdict(std::nullopt);
}

ChainVerdict ChainFileCheck::at_broken_line() const {
  const auto* what = lines_ == 0 ? "the file is no exported chain" : "a line is cut short or too long";
  return check_.verdict(no_chain(what, file_, lines_ + 1));
}

}  // namespace bookchain::cli

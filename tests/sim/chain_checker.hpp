// A second reading of the chain, from docs/formats.md alone. Shares nothing with the rules but hash and
// signature primitives: its own reader of the bytes, its own numbers of a network, its own fold of who
// owns what. Rule names (B1, T4, ...) are those of that page.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/types.hpp"

namespace bookchain::sim {

using ledger::Bytes;
using ledger::ByteView;

/// What the checker is told of a network.
struct CheckedNetwork {
  struct Member {
    std::uint16_t port{};
    ledger::VerifyKey verify_key;
  };
  ledger::NetworkId id;
  std::vector<Member> members;  ///< in the order of their ports
  std::uint32_t chunk_size{};
  std::uint8_t work_bits{};
  std::uint64_t book_bytes{};
  std::uint32_t block_bytes{};

  [[nodiscard]] std::size_t n() const { return members.size(); }
  [[nodiscard]] std::size_t m() const { return n() - 2; }
  [[nodiscard]] std::size_t f() const { return (n() - 1) / 3; }
  [[nodiscard]] std::size_t q() const { return (n() + f()) / 2 + 1; }
  [[nodiscard]] std::size_t a() const { return m() / 2 + 1; }
  [[nodiscard]] std::size_t acks() const { return std::max(a(), 2 * f() - 1); }
  [[nodiscard]] std::size_t t() const { return acks() - f() + 1; }
};

using Id = std::array<std::uint8_t, 32>;

/// Where a book stands after a block.
struct Standing {
  std::uint16_t owner{};
  std::uint64_t version{};
  std::uint64_t turn{};
  std::optional<Id> moved_by;
  friend bool operator==(const Standing&, const Standing&) = default;
};

/// How many transactions of each kind the chain holds.
struct Recorded {
  std::uint64_t mined{};
  std::uint64_t settled{};
  std::uint64_t claimed{};
  std::uint64_t aborts{};
  std::uint64_t disputes{};
  std::uint64_t false_deals{};  ///< of the disputes, those about shares
};

class ChainChecker {
 public:
  explicit ChainChecker(CheckedNetwork network) : network_(std::move(network)) {}

  /// Reads a committed block, block and certificate, on top of those before. Gives what is wrong, or nothing.
  [[nodiscard]] std::optional<std::string> append(ByteView committed);
  /// Whether another peer's copy of a known block is the same block, with a good certificate of its own.
  [[nodiscard]] std::optional<std::string> compare(std::uint64_t height, ByteView committed) const;

  [[nodiscard]] std::uint64_t height() const { return blocks_.size(); }
  /// The books that a block touched, as they stood after it.
  [[nodiscard]] const std::map<Id, Standing>& touched(std::uint64_t height) const {
    return blocks_.at(height - 1).touched;
  }
  /// As the book stands after all blocks; nothing if no block is about it.
  [[nodiscard]] std::optional<Standing> standing(const Id& book) const;
  /// Exchanges whose TRANSFER is in the chain.
  [[nodiscard]] const std::map<Id, std::uint64_t>& transfers() const { return transfers_; }
  [[nodiscard]] const Recorded& recorded() const { return recorded_; }

 private:
  struct Known {
    Bytes bytes;  ///< of the block, without its certificate
    Id hash{};
    std::map<Id, Standing> touched;
  };
  CheckedNetwork network_;
  std::vector<Known> blocks_;
  std::map<Id, Standing> books_;
  std::map<Id, std::uint64_t> transfers_;
  Recorded recorded_;
};

}  // namespace bookchain::sim

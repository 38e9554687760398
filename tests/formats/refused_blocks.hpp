// Blocks that break exactly one rule of docs/formats.md and are good otherwise: every signature that can
// be true is true, the work is done, a quorum has voted. Bytes that are changed at random never get this
// far. Each says the rule it breaks and the token by which the program refuses it.
#pragma once

#include <functional>

#include "tests/formats/golden_chains.hpp"

namespace bookchain::golden {

struct RefusedBlock {
  std::string name;
  std::string rule;   ///< of docs/formats.md
  Token token{};      ///< of the program
  std::size_t after;  ///< blocks of the chain of four peers below it
  Bytes block;
  Bytes certificate;
  std::string line;  ///< as an exported chain has it
};

class RefusedBlocks {
 public:
  explicit RefusedBlocks(const FourPeers& four) : four_(four), world_(four.world) {}
  [[nodiscard]] std::vector<RefusedBlock> all();

 private:
  using ChangeBlock = std::function<void(Block&)>;
  using ChangeVotes = std::function<void(CommitCertificate&)>;
  using ChangeExchange = std::function<void(Exchange&)>;
  using ChangeTransfer = std::function<void(Transfer&)>;

  // refused_blocks.cpp: blocks, certificates, encodings
  void blocks();
  void certificates();
  void encodings();
  // refused_transactions.cpp
  void books();
  void grants();
  void transfers();
  void places();
  void witnesses();
  void aborts_and_disputes();

  /// An exchange with all statements of a peer in one batch, but for what `change` does to the first ACK.
  void add_place(std::string name, const std::function<void(Exchange&, Signed<Ack>&)>& change);

  [[nodiscard]] Exchange exchange() const;
  [[nodiscard]] Block good_block() const;
  /// Does the work again and signs again.
  void seal(Block& block, PeerPort miner) const;
  void add(std::string name, std::string rule, Token token, std::size_t after, const Block& block,
           const ChangeVotes& change = {});
  void add_bytes(std::string name, std::string rule, std::size_t after, Bytes block, Bytes certificate);
  void add_block(std::string name, std::string rule, Token token, const ChangeBlock& change);
  void add_votes(std::string name, std::string rule, Token token, const ChangeVotes& change);
  void add_transaction(std::string name, std::string rule, Token token, std::size_t after, PeerPort miner,
                       Transaction transaction);
  /// The transfer of an exchange that was changed, mined by its requester.
  void add_exchange(std::string name, std::string rule, Token token, const ChangeExchange& change);
  void add_book(std::string name, std::string rule, Token token, const std::function<void(Book&)>& change);
  void add_transfer(std::string name, std::string rule, Token token, TransferForm form, PeerPort signer,
                    const ChangeTransfer& change);
  void add_dispute(std::string name, std::string rule, Token token, const Exchange& exchange,
                   std::variant<BadChunk, BadDeal> proof);

  const FourPeers& four_;
  const World& world_;
  std::vector<RefusedBlock> cases_;
};

}  // namespace bookchain::golden

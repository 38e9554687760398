// grown_chain NETWORK HEIGHT: grows the chain of every home below NETWORK to HEIGHT, as if that many blocks had been
// committed. grown_chain NETWORK --verify-rate: how many bare signatures this machine verifies in a second.
//
// The blocks are real, with their work, signatures and votes, and verify-chain takes them: each is an ABORT of a book
// by its owner, the cheapest transaction there is. One in a thousand is a TRANSFER with all its statements. What is
// written goes through the rules and the store, the same to each home.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "cli/peer_files.hpp"
#include "ledger/chain.hpp"
#include "ledger/store/numbered_store.hpp"
#include "ledger/store/sqlite_store.hpp"

namespace {

using namespace bookchain::ledger;  // NOLINT(google-build-using-namespace)
using bookchain::cli::load_peer_files;
using bookchain::cli::path;
using bookchain::cli::PeerFiles;

constexpr std::uint64_t blocks_a_commit = 5'000;
constexpr std::uint64_t blocks_a_transfer = 1'000;

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "grown_chain: %s: %s\n", error.what.c_str(), error.subject.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

struct Peer {
  std::unique_ptr<PeerFiles> files;
  std::unique_ptr<SqliteStore> file;
  std::unique_ptr<NumberedStore> store;  ///< over the file; there is no journal, since nobody has served
};

class Network {
 public:
  explicit Network(const path& folder) {
    for (int port = 5000; port < 5004; ++port) {
      Peer peer{must(load_peer_files(folder / std::to_string(port))), nullptr, nullptr};
      peer.file = must(SqliteStore::open(peer.files->state_file(), SqliteStore::Mode::read_write));
      peer.store = std::make_unique<NumberedStore>(*peer.file);
      peers_.push_back(std::move(peer));
    }
    // Not one of 5001, whose books are left to those who measure a request.
    catalogue.each(state(), {}, [&](const BookId&, const Signed<Book>& book) {
      book_ = book;
      return book.signer == PeerPort{5001};
    });
    if (book_.body.title.empty()) give_up(Error{Token::usage, "the network has no book", folder.string(), {}});
  }

  [[nodiscard]] const Genesis& genesis() const { return peers_.front().files->genesis; }
  [[nodiscard]] const State& state() const { return *peers_.front().store; }

  void grow(std::uint64_t height) {
    auto head = chain_head(genesis(), state());
    while (head.height.value < height) {
      for (auto& peer : peers_) must(peer.store->begin());
      const auto last = std::min(height, head.height.value + blocks_a_commit);
      while (head.height.value < last) head = append(head);
      for (auto& peer : peers_) must(peer.store->commit());
      std::fprintf(stderr, "\r%llu blocks", static_cast<unsigned long long>(head.height.value));
    }
    std::fprintf(stderr, "\n");
  }

 private:
  [[nodiscard]] const Identity& identity(PeerPort port) const {
    for (const auto& peer : peers_) {
      if (peer.files->port() == port) return peer.files->identity;
    }
    give_up(Error{Token::unknown_peer, "no such peer", std::to_string(port.value), {}});
  }
  template <class Body>
  [[nodiscard]] Signed<Body> sign(PeerPort port, Body body) const {
    return sign_statement(genesis().id(), port, identity(port).signing_key, std::move(body));
  }

  Head append(const Head& head) {
    const auto stand = standing(genesis(), state(), book_);
    const bool moves = (head.height.value + 1) % blocks_a_transfer == 0;
    auto transaction =
        moves ? Transaction(transfer(stand)) : Transaction(sign(stand.owner, Abort{book_, stand.version, stand.turn}));
    const auto miner = std::visit([](const auto& held) { return held.signer; }, transaction);
    CommittedBlock committed;
    committed.block = mine_block(genesis(), identity(miner), head, Time{1}, {std::move(transaction)});
    committed.certificate.vote =
        Precommit{committed.block.header.body.height, Ballot{Round{1}, miner}, genesis().block_hash(committed.block)};
    for (std::size_t i = 0; i < genesis().vote_quorum(); ++i) {
      const auto port = peers_[i].files->port();
      committed.certificate.votes.push_back(VoteSignature{port, sign(port, committed.certificate.vote).signature});
    }
    Draft draft(state());
    append_block(genesis(), draft, committed);
    const auto writes = draft.take_effects().writes;
    for (auto& peer : peers_) peer.store->apply(writes);
    return Head{committed.block.header.body.height, committed.certificate.vote.block, miner};
  }

  /// To the peer after the owner, with every statement that a mined exchange brings.
  [[nodiscard]] Signed<Transfer> transfer(const Ownership& stand) const {
    const auto owner = stand.owner;
    const PeerPort requester{static_cast<std::uint16_t>(owner.value == 5003 ? 5000 : owner.value + 1)};
    Transfer body;
    body.form = TransferForm::mined;
    body.book = book_;
    body.request = sign(requester, Request{requester, owner, genesis().book_of(book_), sha256(encode(stand))});
    const auto exchange = genesis().exchange_of(body.request);
    Grant grant;
    grant.exchange = exchange;
    grant.version = stand.version;
    grant.turn = stand.turn;
    grant.share_commitments.resize(genesis().witness_count());
    body.grant = sign(owner, grant);
    const auto grant_id = genesis().id_of(body.grant);
    body.consent = sign(requester, Consent{exchange, grant_id});
    for (const auto witness : genesis().witnesses(requester, owner)) {
      body.acks.push_back(sign(witness, Ack{exchange, grant_id}));
      body.id_answers.push_back(sign(witness, IdAnswer{exchange, genesis().id_of(body.consent), true}));
      body.key_answers.push_back(sign(witness, KeyAnswer{exchange, grant_id, grant.key_commitment}));
    }
    return sign(requester, std::move(body));
  }

  std::vector<Peer> peers_;
  Signed<Book> book_;
};

/// Signatures over messages of the size of a vote, verified for two seconds.
double verify_rate(const Network& network) {
  using Clock = std::chrono::steady_clock;
  const SigningKey key{};
  const auto known = verify_key(key);
  const auto message = unsigned_bytes(network.genesis().id(), PeerPort{5000}, Precommit{});
  const auto signature = sign(key, message);
  const auto began = Clock::now();
  std::uint64_t count = 0;
  while (Clock::now() - began < std::chrono::seconds(2)) {
    for (int i = 0; i < 100; ++i) count += verify(known, message, signature) ? 1 : 0;
  }
  return static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - began).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: grown_chain NETWORK HEIGHT|--verify-rate\n");
    return 2;
  }
  Network network(argv[1]);
  if (std::string(argv[2]) == "--verify-rate") {
    std::printf("%.0f\n", verify_rate(network));
    return 0;
  }
  network.grow(std::strtoull(argv[2], nullptr, 10));
  return 0;
}

// An exchange whose owner gives another book than the registered one, played up to a step.
#pragma once

#include "ledger/bad_chunk.hpp"
#include "tests/scenarios/network.hpp"

namespace bookchain::scenarios {

/// The owner encrypts another second chunk of a book of two chunks and keeps the right one; the list of leaves beside
/// it is the registered one, and returned.
inline std::vector<Hash> grant_another_book(Network& network, PeerPort owner, const ExchangeId& exchange,
                                            const BookId& book) {
  const auto honest = network.home(owner).books.at(book);
  network.home(owner).books.at(book).chunks[1][0] ^= 1U;
  const std::vector leaves{chunk_leaf(honest.salts[0], honest.chunks[0]),
                           chunk_leaf(honest.salts[1], honest.chunks[1])};
  network.take(owner, exchange, Step::grant);
  for (auto& envelope : network.queue) {
    if (envelope.package) envelope.package->leaves = leaves;
  }
  network.home(owner).books.at(book) = honest;
  return leaves;
}

/// A book of two chunks granted by an owner that cheats, with the requester's proof.
struct Cheated {
  explicit Cheated(Step last, std::size_t peers = 4, std::uint64_t seed = 1)
      : network(peers, seed), r(network.port(0)), o(network.port(1)) {
    book = network.add_text(o, "Two chunks", Bytes(1500, 'a'));
    network.deliver_until_quiet();
    x = network.request(r, o, book);
    network.deliver_until_quiet();
    honest = network.home(o).books.at(book);
    leaves = grant_another_book(network, o, x, book);
    network.play(x, last);
  }

  Network network;
  PeerPort r, o;
  BookId book;
  ExchangeId x;
  Text honest;
  std::vector<Hash> leaves;

  [[nodiscard]] BadChunk proof(std::size_t index) const {
    const auto& package = network.home(r).packages.at(x);
    std::vector<Hash> encrypted;
    for (const auto& chunk : package.chunks) encrypted.push_back(leaf_hash(chunk));
    return BadChunk{*network.record(o, x).key,     index,         package.chunks[index],
                    merkle_path(encrypted, index), leaves[index], merkle_path(leaves, index)};
  }
  [[nodiscard]] Signed<Dispute> dispute(std::variant<BadChunk, BadDeal> with) const {
    const auto record = network.record(r, x);
    return network.sign(r, Dispute{*record.book, record.request, *record.grant, std::move(with)});
  }
  [[nodiscard]] std::optional<Token> check(const Transaction& transaction, PeerPort miner) const {
    const auto checked = check_transaction(network.genesis(), network.state(network.port(2)), transaction, miner);
    if (checked) return std::nullopt;
    return checked.error().token;
  }
};

}  // namespace bookchain::scenarios

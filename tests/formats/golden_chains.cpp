#include "tests/formats/golden_chains.hpp"

namespace bookchain::golden {

FourPeers::FourPeers() {
  const auto first = make_exchange(world, number, p0, p1, Version{0}, Turn{0});
  chain.append(p0, {make_transfer(world, first, TransferForm::mined)}, {Round{1}, p0}, quorum(world));

  const auto second = make_exchange(world, other_number, p2, p3, Version{0}, Turn{0});
  chain.append(p3, {make_transfer(world, second, TransferForm::settled)}, {Round{1}, p3}, {p0, p1, p2, p3});

  // Finished by another proposer than its miner, in a later round.
  const auto third = make_exchange(world, number, p1, p0, Version{1}, Turn{0});
  chain.append(p1, {make_transfer(world, third, TransferForm::claimed)}, {Round{3}, p2}, {p1, p2, p3});

  const auto fourth = make_exchange(world, other_number, p1, p2, Version{1}, Turn{0});
  chain.append(
      p1, {world.sign(p1, Abort{number.book, Version{2}, Turn{0}}), make_transfer(world, fourth, TransferForm::mined)},
      {Round{2}, p1}, {p0, p1, p3});

  Cheat cheat;
  cheat.other_key_shared = true;
  const auto fifth = make_exchange(world, number, p0, p1, Version{2}, Turn{1}, cheat);
  chain.append(p0, {make_dispute(world, fifth, bad_deal(world, fifth))}, {Round{1}, p0}, quorum(world));

  cheat = {};
  cheat.other_chunk = 1;
  const auto sixth = make_exchange(world, story, p0, p3, Version{0}, Turn{0}, cheat);
  chain.append(p0, {make_transfer(world, sixth, TransferForm::mined)}, {Round{1}, p0}, quorum(world));
  // After its transfer: the book goes back to the owner as a new version.
  chain.append(p0, {make_dispute(world, sixth, bad_chunk(sixth, 1))}, {Round{1}, p0}, quorum(world));

  // Within the turn: the turn ends.
  cheat = {};
  cheat.broken_chunk = 2;
  const auto eighth = make_exchange(world, story, p2, p3, Version{2}, Turn{0}, cheat);
  chain.append(p2, {make_dispute(world, eighth, bad_chunk(eighth, 2))}, {Round{1}, p2}, quorum(world));

  // All of one peer under one signature, and the transactions of the block as well.
  auto ninth = make_exchange(world, story, p1, p3, Version{2}, Turn{1});
  auto tenth = make_exchange(world, empty, p1, p2, Version{0}, Turn{0});
  sign_together(world, {&ninth, &tenth});
  std::vector<Transaction> unsigned_transfers;
  for (const auto& exchange : {ninth, tenth}) {
    unsigned_transfers.emplace_back(
        Signed<Transfer>{p1, transfer_body(world, exchange, TransferForm::mined), Signature{}});
  }
  chain.append(p1, std::move(unsigned_transfers), {Round{1}, p1}, {p1, p2, p3});
}

ThirteenPeers::ThirteenPeers() {
  const PeerPort last{5012};
  Cheat cheat;
  cheat.other_key_shared = true;
  const auto first = make_exchange(world, number, p3, last, Version{0}, Turn{0}, cheat);
  chain.append(p3, {make_dispute(world, first, bad_deal(world, first))}, {Round{1}, p3}, quorum(world));
  const auto second = make_exchange(world, number, p2, last, Version{0}, Turn{1});
  chain.append(p2, {make_transfer(world, second, TransferForm::mined)}, {Round{1}, p2}, quorum(world));
  const auto third = make_exchange(world, number, p0, p2, Version{1}, Turn{0});
  chain.append(p0, {make_transfer(world, third, TransferForm::claimed)}, {Round{1}, p0}, quorum(world));
}

}  // namespace bookchain::golden

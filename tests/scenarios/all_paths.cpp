#include "tests/scenarios/all_paths.hpp"

#include "tests/scenarios/cheated.hpp"

namespace bookchain::scenarios {

namespace {

void play_whole(Four& four, Step last) {
  const auto book = four.network.add_book(four.o, "8");
  four.network.deliver_until_quiet();
  four.x = four.network.request(four.r, four.o, book);
  four.network.play(four.x, last);
}

void settle(Four& four) {
  play_whole(four, Step::release);
  four.network.wish(four.o, WishSettle{four.x});
  four.network.run();
}

/// The owner falls silent after its grant, until the requester has the answers of the witnesses.
void claim(Four& four) {
  auto& network = four.network;
  const auto before = network.filter;
  network.filter = [&four, before](const Envelope& envelope) {
    return (!before || before(envelope)) && (envelope.from != four.o || step_of(envelope.message) < 4);
  };
  play_whole(four, Step::grant);
  network.home(four.o).takes_steps = false;
  network.take(four.r, four.x, Step::consent);
  network.wish(four.r, WishClaim{four.x});
  network.deliver_until_quiet();
  network.filter = before;
  network.wish(four.r, WishClaim{four.x});
  network.run();
}

/// The requester finds another book than the registered one, before or after the owner has settled, and disputes it.
void dispute(Four& four, bool settled) {
  auto& network = four.network;
  const auto book = network.add_text(four.o, "8", Bytes(1500, '8'));
  network.deliver_until_quiet();
  four.x = network.request(four.r, four.o, book);
  network.deliver_until_quiet();
  grant_another_book(network, four.o, four.x, book);
  network.play(four.x, Step::release);
  if (settled) network.wish(four.o, WishSettle{four.x});
  network.deliver_until_quiet();
  (void)network.take_step(four.r, {four.x, Step::open});
  network.take(four.r, four.x, Step::dispute);
  network.run();
}

}  // namespace

const std::vector<Path>& all_paths() {
  static const std::vector<Path> all{
      {"mined", [](Four& four) { play_whole(four, Step::mine); }, ExchangeState::committed},
      {"settled", settle, ExchangeState::committed},
      {"claimed, the key from the witnesses", claim, ExchangeState::committed},
      {"ended by an ABORT after the consent",
       [](Four& four) {
         play_whole(four, Step::consent);
         four.network.wish(four.o, WishAbort{four.x, {}});
         four.network.run();
       },
       ExchangeState::aborted},
      {"ended by a DISPUTE of a false book", [](Four& four) { dispute(four, false); }, ExchangeState::invalid},
      {"settled, then given back by a DISPUTE", [](Four& four) { dispute(four, true); }, ExchangeState::invalid},
      {"claimed, then given back by a DISPUTE of false shares",
       [](Four& four) {
         four.network.home(four.o).deals = four.network.draw<BookKey>();
         claim(four);
       },
       ExchangeState::invalid},
      {"given up before the consent",
       [](Four& four) {
         play_whole(four, Step::grant);
         four.network.wish(four.r, WishAbort{four.x, {}});
         four.network.deliver_until_quiet();
       },
       ExchangeState::aborted},
  };
  return all;
}

}  // namespace bookchain::scenarios

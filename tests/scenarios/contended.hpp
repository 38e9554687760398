// A book of which two ends are on their way to the chain at once: how far its exchanges were played before, who begins
// what, and what every peer must see in the end, whichever came first.
#pragma once

#include <string>
#include <vector>

#include "tests/scenarios/cheated.hpp"

namespace bookchain::scenarios {

struct Contended {
  using Act = void (*)(Contended&);
  /// Plays the exchanges so far; from then on nobody takes steps by itself.
  Contended(std::size_t peers, std::uint64_t seed, Act plays);

  Network network;
  PeerPort r, o;
  PeerPort s;  ///< a witness, and the buyer where the requester sells the book on
  BookId book{};
  ExchangeId x{};
  ExchangeId y{};  ///< a second exchange of the book, where there is one
  Text text;       ///< the registered book
  std::set<PeerPort> liars{};
  /// How the first exchange stood at each peer before the race: what a liar goes back to.
  std::map<PeerPort, ExchangeRecord> before{};

  /// All deliveries in any order, then everything that is still due.
  void run_to_the_end();
};

// ---- how far it was played ----

/// The requester has consented and collected the answers about the id itself.
void consented(Contended& c);
/// All steps but the last are done.
void key_checked(Contended& c);
/// The requester has opened what is not the book.
void found_false(Contended& c);
/// Two grants of one turn: of the first all steps but the last are done, of the second the id is checked.
void granted_twice(Contended& c);
/// The same, and the second gave another book, which was found.
void granted_twice_and_falsely(Contended& c);
/// The false book was settled, and its requester, which keeps the proof, has sold it on; all steps but the last are
/// done.
void sold_on(Contended& c);

// ---- who begins what ----

void mine(Contended& c);
void settle(Contended& c);
void settle_second(Contended& c);
void claim(Contended& c);
void abort(Contended& c);
void dispute(Contended& c);
void dispute_second(Contended& c);
/// By the buyer.
void mine_sale(Contended& c);
/// An owner that lies, or forgot: an honest one signs no ABORT after its RELEASE.
void abort_after_release(Contended& c);
/// A requester that lies: an honest one does not mine what it found false.
void mine_falsely(Contended& c);
/// Liars that give up their own ballot for another end. Their votes are honest, so that a lock binds them as others.
void abort_instead(Contended& c);
void claim_instead(Contended& c);
void dispute_instead(Contended& c);

// ---- what came of it ----

/// The transactions of the whole chain: "settled DISPUTE".
[[nodiscard]] std::string ends_in_chain(const Network& network, PeerPort at);
/// Every peer sees what the chain says: chains and states are equal, the book lies on one shelf or, where it was given
/// back, on none, and nothing waits any more.
void require_ended_everywhere(const Contended& c);

}  // namespace bookchain::scenarios

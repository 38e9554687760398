#include "cli/stakes.hpp"

#include <algorithm>

#include "ledger/evidence.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/exchange_wish.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// What of the state beside the record is told of.
struct Known {
  bool opens;       ///< the step that is due here is open
  bool disputable;  ///< this peer can prove that the book or the shares are false
  bool proven;      ///< it keeps evidence against the owner, whether it can still be disputed or not
  bool marked;      ///< the chain holds the dispute
  bool moved;       ///< the chain holds the transfer
  bool stands;      ///< the book is as this exchange left it: nothing has moved it since
  bool is_past;     ///< the chain has left its turn behind, also where the exchange was over before that
};

class Words {
 public:
  Words(const Genesis& genesis, const ExchangeId& exchange, const ExchangeRecord& record, const Known& known)
      : genesis_(genesis),
        exchange_(exchange),
        record_(record),
        known_(known),
        requester_(std::to_string(requester_of(record).value)),
        owner_(std::to_string(owner_of(record).value)) {}

  [[nodiscard]] Stakes stakes() {
    if (known_.disputable || (record_.disputed && !is_over(record_.state))) {
      found_false();
      return std::move(stakes_);
    }
    switch (record_.state) {
      case ExchangeState::requested: requested(); break;
      case ExchangeState::granted: granted(); break;
      case ExchangeState::consented:
      case ExchangeState::id_checked: consented(); break;
      case ExchangeState::released:
      case ExchangeState::opened:
      case ExchangeState::key_checked: released(); break;
      case ExchangeState::mined: mined(); break;
      case ExchangeState::committed: committed(); break;
      case ExchangeState::refused:
      case ExchangeState::invalid:
      case ExchangeState::aborted: over(); break;
    }
    return std::move(stakes_);
  }

 private:
  [[nodiscard]] std::string witnesses(std::size_t count) const {
    const auto of = genesis_.witness_count();
    if (count == of && of == 2) return "both witnesses";
    return count == of ? "all " + std::to_string(of) + " witnesses"
                       : std::to_string(count) + " of " + std::to_string(of) + " witnesses";
  }
  [[nodiscard]] std::string without_one() const {
    const auto hint = silent_witness_hint(genesis_, exchange_, record_);
    return hint.empty() ? "" : "; " + hint;
  }
  [[nodiscard]] std::string voters() const {
    return std::to_string(genesis_.vote_quorum()) + " of " + std::to_string(genesis_.peer_count()) + " peers";
  }
  void sure(std::string text) { stakes_.guaranteed.push_back(std::move(text)); }
  void at_stake(std::string text) { stakes_.at_stake.push_back(std::move(text)); }
  void unsure(std::string text) { stakes_.not_guaranteed.push_back(std::move(text)); }

  /// Only the owner knows that it has not granted: to the others a GRANT may be under way.
  void requested() {
    const bool is_owner = record_.role == Role::owner;
    sure("the book is " + owner_ + "'s, and " + (is_owner ? "nobody has anything of it" : "nothing of it is here"));
    at_stake("nothing: either side may still go");
    unsure("that " + owner_ + " grants it" + (is_owner ? "" : ", or has not done so already"));
  }

  void granted() {
    const bool lacks_package = record_.role == Role::requester && !record_.package_arrived;
    sure(requester_ + (lacks_package ? " has no key" : " has the book encrypted and no key") + "; " + shares_below());
    sure("no block can make the book " + requester_ + "'s without its consent");
    at_stake("nothing: " + requester_ + " may abort, and so may " + owner_);
    at_stake(owner_ + " may grant the book to nobody else before it has aborted this turn on the chain");
    if (record_.acks.size() >= genesis_.ack_quorum()) {
      unsure("that " + requester_ + " consents");
    } else {
      unsure("that " + requester_ + " consents, or that " + witnesses(genesis_.ack_quorum()) + " acknowledge" +
             without_one());
    }
    if (lacks_package) unsure("that " + owner_ + " ever sends the encrypted book");
  }

  void consented() {
    sure("only the chain ends it now: by a transfer, or by an abort of " + owner_);
    sure(owner_ + " loses the book only by a block that makes it " + requester_ + "'s");
    sure("once that block is there, " + witnesses(genesis_.share_threshold()) + " give " + requester_ +
         " the key, or the proof that its shares are false, whatever " + owner_ + " does; " + shares_below());
    at_stake(requester_ + " cannot go back. If " + owner_ + " stays silent, it goes on without: mine --without-owner");
    at_stake(owner_ + " may abort as long as it has not released the key");
    if (lacks_yes(genesis_, record_)) {
      unsure("that " + witnesses(genesis_.witness_majority()) + " answer: without them no block can record it" +
             without_one());
    } else {
      unsure("which comes first in the chain, a transfer or an abort of " + owner_);
    }
  }

  void released() {
    sure(owner_ + " has signed that it gave the key: an abort now is proof against it");
    sure(owner_ + " can have the transfer recorded alone: mine --settle");
    sure(requester_ + " can have it recorded as well, without " + owner_ + ": mine --without-owner");
    if (record_.role == Role::requester && record_.plaintext_ready) {
      sure(requester_ + " has read the book: every byte is as it was registered");
    } else {
      sure("if the book is not the registered one, " + requester_ + " has the proof: open, then dispute");
    }
    at_stake(requester_ + " can read the book before the chain says that it is its own; if it never mines, " + owner_ +
             " settles and loses nothing by it");
    unsure("that " + owner_ + " forgets what it has read, or kept the key to itself");
    unsure("that no abort of " + owner_ + " comes first, if it lies");
    if (record_.state == ExchangeState::key_checked) {
      unsure("that the transfer is in the chain: that takes the votes of " + voters());
    } else {
      unsure("that " + witnesses(genesis_.witness_majority()) +
             " answer about the key: without them, mine --without-owner");
    }
  }

  /// Only the requester knows of it before the dispute is in the chain.
  void found_false() {
    const bool has_book = record_.state == ExchangeState::committed;
    sure(requester_ + " holds the proof that " + owner_ + " gave " +
         (record_.key ? "another book than the registered one" : "false shares of the key"));
    sure(has_book ? "on the chain the book is " + requester_ + "'s until a dispute gives it back to " + owner_
                  : "a dispute ends the turn, and the book stays " + owner_ + "'s");
    sure("with the dispute every peer holds a mark against " + owner_);
    at_stake(has_book ? requester_ + " can dispute as long as it has not passed the book on"
                      : owner_ + " may still settle; a dispute after that gives the book back");
    unsure("that " + requester_ + " ever gets the registered book: that takes a new request");
    unsure("that the dispute is in the chain: that takes the votes of " + voters());
  }

  void mined() {
    sure("once " + voters() + " have voted the transfer is final, and the same at all");
    sure("whoever proposes next finishes a block that may be final already, also if its miner is gone");
    at_stake("whose the book is: " + requester_ + "'s with the block, " + owner_ + "'s until then");
    unsure("that this block is the first: an abort, a dispute or another transfer of the turn may be");
  }

  void committed() {
    if (known_.stands) {
      sure("final: every peer that takes in the block has the book as " + requester_ + "'s, and no vote undoes that");
      sure("only " + requester_ + " could give it back, by a dispute that proves it false");
    } else {
      sure("final: the chain holds this transfer, and what moved the book on since: history");
    }
    const bool reads = record_.role != Role::requester || record_.plaintext_ready;
    if (reads) {
      at_stake("nothing any more");
    } else if (known_.opens) {
      at_stake(requester_ + " has what it needs to read it: open");
    } else {
      at_stake(requester_ + " cannot read it yet: it needs the key of " + owner_ + " or the shares of " +
               witnesses(genesis_.share_threshold()));
    }
    unsure("that " + owner_ + " forgets what it has read");
  }

  void over() {
    if (known_.marked) {
      if (known_.stands) sure("the book is " + owner_ + (known_.moved ? "'s again" : "'s still"));
      sure("the chain keeps a mark against " + owner_ + ", with the proof");
      if (known_.stands && known_.moved) sure(owner_ + " has no copy on its shelf: that went with the transfer");
      if (!known_.stands) sure("the book has moved on since: history");
    } else if (known_.proven) {
      sure("the proof that " + owner_ + " cheated is kept here: evidence list");
    }
    if (known_.is_past) {
      sure("the chain has ended it: nothing can record this exchange any more");
    } else if (record_.grant) {
      consent_is_unknown();
    } else if (record_.role == Role::owner) {
      sure("the book was not granted: nobody has anything of it");
    } else {
      sure("no grant has come here, and nothing of the book");
      consent_is_unknown();
    }
    at_stake(record_.grant && !known_.is_past
                 ? owner_ + " may grant the book to others once it has aborted the turn on the chain"
                 : "nothing any more");
    unsure("that a new request ends otherwise");
  }

  /// Whether it consented all the same, the requester alone knows.
  void consent_is_unknown() {
    if (record_.role == Role::requester) {
      sure("no block can record it, for " + requester_ + " has not consented");
    } else {
      sure("no block can record it, unless " + requester_ + " has lied and consents all the same");
      unsure("that " + requester_ + " does not: only an abort of " + owner_ + " on the chain ends the turn");
    }
  }

  [[nodiscard]] std::string shares_below() const {
    return "fewer than " + std::to_string(genesis_.share_threshold()) + " shares say nothing about it";
  }

  const Genesis& genesis_;
  const ExchangeId& exchange_;
  const ExchangeRecord& record_;
  Known known_;
  std::string requester_;
  std::string owner_;
  Stakes stakes_;
};

}  // namespace

namespace {

/// Whether this peer keeps evidence against the owner, about the exchange or about its book.
bool is_proven(const Genesis& genesis, const State& state, const ExchangeId& exchange, const ExchangeRecord& record) {
  if (kept_proof(genesis, state, record)) return true;
  const auto against_owner = evidence_rows.all(state, encode(owner_of(record)));
  return std::ranges::any_of(against_owner, [&](const auto& row) {
    if (const auto* sale = std::get_if<DoubleSale>(&row.second.evidence)) {
      return genesis.exchange_of(sale->first_request) == exchange ||
             genesis.exchange_of(sale->second_request) == exchange;
    }
    return accusation(genesis, row.second.evidence).exchange == exchange;
  });
}

/// Whether the book is where, and as often moved as, this exchange left it.
bool stands_as_left(const Genesis& genesis, const State& state, const ExchangeRecord& record, bool marked, bool moved) {
  if (!record.grant || !record.book) return true;
  const auto now = standing(genesis, state, *record.book);
  const std::uint64_t moves = (moved ? 1U : 0U) + (moved && marked ? 1U : 0U);
  const auto owner = moves == 1 ? requester_of(record) : owner_of(record);
  return now.owner == owner && now.version.value == record.grant->body.version.value + moves;
}

}  // namespace

Stakes stakes_of(const Reader& reader, const ExchangeView& view) {
  if (!view.record) return {};
  const auto& record = *view.record;
  const auto& state = reader.state();
  const bool marked = is_marked(state, view.id, record);
  const bool has_moved = moved.get(state, view.id).has_value();
  const Known known{reader.node().due_step(state, view.id) == Step::open,
                    is_disputable(reader.genesis(), state, record),
                    is_proven(reader.genesis(), state, view.id, record),
                    marked,
                    has_moved,
                    stands_as_left(reader.genesis(), state, record, marked, has_moved),
                    record.height || (record.grant && grant_age(state, record) == GrantAge::past)};
  return Words(reader.genesis(), view.id, record, known).stakes();
}

}  // namespace bookchain::cli

// What must always hold, looked at from outside: everything that a peer sends is opened and read before
// it leaves, every block that a peer appends is read by the checker, and what reports say is held
// against it. Throws Violation; changes nothing.
#pragma once

#include <set>

#include "ledger/node.hpp"
#include "tests/sim/chain_checker.hpp"
#include "tests/sim/sim_network.hpp"
#include "tests/sim/sim_store.hpp"
#include "tests/sim/story.hpp"
#include "transport/courier.hpp"

namespace bookchain::sim {

/// As ports stand in what is printed.
[[nodiscard]] inline std::string at_port(PeerPort port) { return std::to_string(port.value); }

struct Violation {
  std::string invariant;
  std::string detail;
};

/// What the checker is told of the network.
[[nodiscard]] CheckedNetwork checked(const Genesis& genesis);

class Watcher {
 public:
  Watcher(const Genesis& genesis, Counts& counts, Story& story);

  /// A liar, or a peer that lost its memory: what it signs about exchanges proves nothing against the rules.
  void set_villain(PeerPort peer) { villains_.insert(peer); }
  // watcher_recall.cpp
  /// From here on it knows what a copy of that height knew.
  void set_restored(PeerPort peer, std::uint64_t height, const SimStore& store);
  /// What an honest peer holds of the grants of the restored one: once it has told them, they are remembered.
  void set_held(PeerPort restored, const SimStore& copy, PeerPort by, const SimStore& store);
  /// Whether it may grant again. Before, it grants nothing; what it has been told it knows.
  [[nodiscard]] bool has_recalled(PeerPort peer, const SimStore& store);
  /// It has caught up: of exchanges it may still have forgotten these, which were known when it was put back, and
  /// answers for all others.
  void set_caught_up(PeerPort peer, std::set<ExchangeId> forgotten, const SimStore& store);
  /// Whether a peer was restored, and may have forgotten this exchange.
  [[nodiscard]] bool may_forget(PeerPort peer, const ExchangeId& exchange) const;
  /// Its requester has signed that it can read the book.
  [[nodiscard]] bool is_received(const ExchangeRecord& record, const ExchangeId& exchange) const {
    return receipts_.contains({record.request.signer, exchange});
  }
  [[nodiscard]] bool is_honest(PeerPort peer) const { return !villains_.contains(peer); }

  /// What an honest peer is about to send.
  void sending(PeerPort from, PeerPort to, const std::vector<Bytes>& envelopes, const SimStore& store,
               const transport::Channel& channel);
  /// What a liar sends: its votes count where it is asked whether a block was chosen.
  void liar_sends(PeerPort from, PeerPort to, const Message& message);
  /// After an event at an honest peer: its chain, and every row that changed of what it was told, owns or accuses.
  void looked_at(PeerPort peer, SimStore& store);
  /// What a peer has just decided, and is durable.
  void reported(PeerPort peer, const transport::Report& report);
  /// The same: how far the exchanges of a user are that it is told of.
  void told(PeerPort peer, const transport::Report& report, const SimStore& store);
  void told(PeerPort peer, const ExchangeId& exchange, const SimStore& store);
  /// After a crash and at the end: no exchange is where it was before its user was told that it was further.
  void check_told(PeerPort peer, const SimStore& store) const;
  /// After a crash and at the end: the shares that it acknowledged, and what it found out about others.
  void check_kept(PeerPort peer, const SimStore& store);
  /// At the end: whom the evidence and the marks that a peer keeps accuse.
  void check_blame(PeerPort peer, const SimStore& store) const;

  /// At the end: every block that a peer keeps, byte for byte.
  void compare_chain(PeerPort peer, const SimStore& store) const;

  [[nodiscard]] const ChainChecker& chain() const { return checker_; }
  [[nodiscard]] std::uint64_t height_of(PeerPort peer) const;

 private:
  friend struct StatementReader;
  static constexpr const char* lost = "acknowledged is never lost";
  void blamed(PeerPort by, PeerPort accused, const std::string& of) const;
  void check_evidence(PeerPort peer, const EvidenceKey& key, const EvidenceRecord& row) const;
  void check_mark(PeerPort peer, const MarkKey& key, const Mark& mark) const;
  struct Told;
  void check_told(PeerPort peer, const ExchangeId& exchange, const Told& known, const SimStore& store) const;
  void look_at_rows(PeerPort peer, const SimStore::Changed& changed, const std::set<BookId>& moved,
                    const SimStore& store);
  [[nodiscard]] std::set<BookId> look_at_chain(PeerPort peer, const SimStore& store);
  [[nodiscard]] bool may_be_guilty(PeerPort accused, const Evidence& evidence) const;
  void check_numbered(PeerPort from, const transport::Opened& opened, bool is_ahead, const SimStore& store);
  void check_note(PeerPort from, PeerPort to, ByteView payload, const SimStore& store);
  /// An ACK leaves only where the id, and a share that fits its commitment, are durable.
  void check_ack(PeerPort from, const AckMessage& message, const SimStore& store);
  // watcher_durable.cpp
  void check_kept_by_signer(PeerPort from, const Message& message, const SimStore& store) const;
  void check_waiting_ids(PeerPort peer, const SimStore& store) const;
  void check_share_kept(PeerPort peer, const ExchangeId& exchange, const SimStore& store) const;
  void found_out(PeerPort peer, Table table, const Bytes& key, const SimStore& store);
  void read_statements(const Message& message);
  /// A peer says `value` about `slot`; it may say nothing else about it, ever.
  void says(std::string_view what, PeerPort signer, Bytes slot, Bytes value);
  void opened_ballot(Height height, PeerPort proposer);
  void proposed_unasked(Height height, PeerPort proposer, bool justified);
  void voted(StatementType phase, PeerPort signer, Height height, const Ballot& ballot, const Hash& block);
  [[nodiscard]] bool is_justified(const ProposeMessage& message) const;
  [[nodiscard]] bool has_first_ballot(PeerPort proposer, const Hash& below) const;
  void check_precommit(Height height, PeerPort signer, const Ballot& ballot, const Hash& block) const;
  void answered(const Signed<Answer>& answer);
  void look_for_second_choice(Height height);
  void granted(const Signed<Request>& request, const Signed<Grant>& grant);
  void ended_turn(PeerPort owner, Bytes turn, bool by_release);
  [[nodiscard]] std::size_t quorum() const { return (genesis_.peer_count() + (genesis_.peer_count() - 1) / 3) / 2 + 1; }
  [[nodiscard]] bool may_forget_turn(PeerPort peer, const Bytes& turn) const;

  const Genesis& genesis_;
  Counts& counts_;
  Story& story_;
  ChainChecker checker_;
  std::set<PeerPort> villains_;
  struct Held {
    PeerPort by;
    ExchangeId exchange;
    PeerPort requester;
    BookId book;
    Version version;
    Turn turn;
    bool consented = false;
    bool released = false;
  };
  struct Forgotten {
    bool everything = true;  ///< until it has caught up
    bool recalled = false;
    std::set<ExchangeId> granted_in_copy;
    std::vector<Held> held;  ///< by honest peers, when it was put back, and not told yet
    std::set<ExchangeId> exchanges;
    std::set<Bytes> turns;
  };
  [[nodiscard]] bool is_past(const BookId& book, Version version, Turn turn) const;
  void check_remembered(PeerPort peer, const Held& held, const SimStore& store) const;
  std::map<PeerPort, Forgotten> restored_;
  std::map<PeerPort, std::uint64_t> heights_;
  std::map<std::tuple<std::string_view, PeerPort, Bytes>, Bytes> said_;
  std::map<PeerPort, std::set<MessageId>> taken_;
  struct Told {
    std::uint8_t rank{};
    bool granted = false;
    bool consented = false;
    bool released = false;
  };
  std::map<PeerPort, std::map<ExchangeId, Told>> told_;
  std::set<std::pair<PeerPort, ExchangeId>> acked_;              ///< by witnesses, with a share
  std::map<PeerPort, std::set<std::pair<Table, Bytes>>> found_;  ///< rows of evidence and marks
  std::set<Hash> read_payloads_;
  struct Votes {
    std::set<PeerPort> honest_proposers;
    std::set<std::pair<Ballot, Hash>> justified;  ///< what was proposed with all that it must bring
    std::map<std::pair<Ballot, Hash>, std::set<PeerPort>> prevotes;
    std::map<std::pair<Ballot, Hash>, std::set<PeerPort>> precommits;
    std::set<std::tuple<PeerPort, Ballot, Hash>> honest_prevotes;
    std::map<PeerPort, std::set<Ballot>> honest_precommits;
    std::map<PeerPort, std::map<Ballot, Ballot>> honest_answers;  ///< ballot -> that of the lock named
  };
  std::map<Height, Votes> votes_;
  std::map<Hash, PeerPort> miners_;  ///< of every block that was sent
  std::map<ExchangeId, Bytes> turn_of_;
  std::set<ExchangeId> released_;
  std::set<std::pair<PeerPort, ExchangeId>> receipts_;                     ///< and who signed them
  std::map<std::pair<PeerPort, Bytes>, std::pair<bool, bool>> turn_ends_;  ///< released, aborted
};

}  // namespace bookchain::sim

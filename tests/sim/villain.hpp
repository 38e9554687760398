// A peer that lies (docs/protocol.md, section 7): a real node and real channels, so that it takes part,
// and attacks laid over what it sends. It signs with its own key and nobody else's; everything that it
// received it may send again, to anybody.
#pragma once

#include "tests/sim/slander.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

class Villain {
 public:
  Villain(World& world, const Identity& identity);

  /// Takes in what waits, does what a peer would do, and what it should not.
  void turn();

 private:
  friend class World;
  /// What it would have recorded, and the attack that this is.
  struct Wanted {
    std::optional<Attack> attack;
    Transaction transaction;
  };

  // taking part
  void take_in(const Parcel& parcel);
  void take_message(PeerPort from, const Message& message);
  /// Whether anything left for it.
  bool decide(Cause what);
  void take_due_steps();
  void take_step(const Due& due);
  /// Gives the BOOK, which its own node may have refused.
  Signed<Book> add_book(bool announce, const std::string& title = "a book");
  void request_something();

  // sending
  void send(PeerPort to, const Message& message, std::optional<Bytes> package = std::nullopt);
  void send_raw(PeerPort to, Bytes envelope);
  void send_to_honest(const Message& message);
  void flush();

  // attacks on what leaves (villain_lies.cpp); false: the message stays here
  [[nodiscard]] bool twist(PeerPort to, Message& message, std::optional<Bytes>& package);
  void twist_grant(GrantMessage& message, std::optional<Bytes>& package);
  [[nodiscard]] bool deal_falsely(GrantMessage& message);
  void twist_package(GrantMessage& message, Bytes& package);
  void falsify(const ExchangeId& exchange, const std::optional<ExchangeRecord>& record, const BookId& id,
               const Book& book, Bytes& package);
  void stand_by(const ExchangeId& exchange, const Signed<Grant>& grant, std::vector<DealtShare> shares);
  void twist_share(PeerPort to, WitnessShare& message);
  void twist_answer(PeerPort to, IdAnswerMessage& message);
  [[nodiscard]] bool twist_malleable(Message& message);
  void hide_votes(Message& message);
  [[nodiscard]] Signed<Grant> second_grant(const Signed<Request>& request, const Signed<Grant>& grant);

  // attacks by votes (villain_votes.cpp)
  void vote_for_everything(PeerPort from, const Message& message);
  void vote_again(PeerPort from, const Message& message);
  void lose_memory();
  void forget_votes();
  void note_own(PeerPort to, const Message& message);
  void propose_two(const ProposeMessage& message);
  void propose_unjustified();
  void count_votes(const Message& message);
  void attack_rounds();
  void race_ballots();
  void lead_far();
  [[nodiscard]] Message promise_lie(const AnswerMessage& message);
  void false_certificates();
  void send_edge_numbers();

  // attacks on what a block must bring (villain_locks.cpp)
  struct OwnBlock {
    Block block;
    Ballot ballot;
    std::map<PeerPort, Signature> prevotes = {};
    std::map<PeerPort, Signature> precommits = {};
    bool prevotes_sent = false;
    bool commit_sent = false;
    bool kept_secret = false;  ///< it may become chosen, and nobody is told
    PeerPort left_out = {};    ///< then: this voter is told of no prevotes for it
  };
  [[nodiscard]] bool is_wild();
  void keep_secret(OwnBlock& own);
  [[nodiscard]] bool is_kept_secret(const Message& message) const;
  [[nodiscard]] bool is_left_out(PeerPort to, const Message& message) const;
  void open_above(const OwnBlock& own);
  void ignore_locks(const Message& message);
  void prove_falsely(const ProposeMessage& message);
  void send_late_prevotes(Height height, const Ballot& now);
  void pass_off_prevotes(const OwnBlock& own, const Prevote& vote);
  void pass_off_vote(PeerPort from, const Message& message);
  [[nodiscard]] PrevoteCertificate invent_lock(const Prevote& vote);
  /// One that its present chain takes; nothing if there is none.
  [[nodiscard]] std::vector<Transaction> one_transaction();
  [[nodiscard]] static std::vector<VoteSignature> signatures_of(const std::map<PeerPort, Signature>& votes);

  // attacks on exchanges and channels (villain_acts.cpp)
  void act();
  void abuse_exchanges();
  void abuse_exchange(const ExchangeId& exchange, const ExchangeRecord& record);
  void use_id(const ExchangeId& exchange, const ExchangeRecord& record, const RequestId& id);
  void request_falsely();
  void grant_to_two();
  void submit_transactions();
  [[nodiscard]] std::vector<Wanted> borrowing_claims();
  [[nodiscard]] std::vector<Wanted> stale_transactions();
  void propose_unchecked(const std::vector<Wanted>& wanted);
  void abuse_channel();
  void remember(PeerPort from, const Message& message);
  void send_garbage(PeerPort to);

  // frauds (villain_frauds.cpp)
  void pool_share(const Signed<Request>& request, const Grant& grant, const KeyShare& share);
  void pool_shares_in(const Message& message);
  [[nodiscard]] std::vector<Wanted> false_disputes();
  void accuse_falsely();
  [[nodiscard]] std::optional<BadDeal> true_deal(const ExchangeId& exchange, const ExchangeRecord& record);
  [[nodiscard]] const Text* text_of(const ExchangeId& exchange, const ExchangeRecord& record) const;
  [[nodiscard]] bool leaves_out(const Due& due);
  [[nodiscard]] bool keeps_block(PeerPort to, const Message& message);
  [[nodiscard]] bool keeps_share(PeerPort to, const Message& message);
  void speak_of_the_past();
  void speak_from_elsewhere();
  void announce_hostile_books();

  /// Whether it is to make an attack now; made() counts it where it is made.
  [[nodiscard]] bool wants(Attack attack, std::uint64_t in_a_thousand);
  void made(Attack attack);
  /// Both at once, for what cannot fail to be made.
  [[nodiscard]] bool does(Attack attack, std::uint64_t in_a_thousand);
  template <class Body>
  [[nodiscard]] Signed<Body> sign(Body body) const {
    return sign_statement(genesis_.id(), self(), identity_.signing_key, std::move(body));
  }
  [[nodiscard]] PeerPort self() const { return identity_.port; }
  [[nodiscard]] Height voting_height() const;
  [[nodiscard]] PeerPort any_other();

  static constexpr std::size_t most_heard = 60;
  static constexpr std::size_t most_answers = 200;

  World& world_;
  const Genesis& genesis_;
  Identity identity_;
  Node node_;
  SimStore store_;
  SimShelf shelf_;
  Random chance_;
  Epoch epoch_;
  std::map<PeerPort, std::uint64_t> numbers_;
  std::map<PeerPort, Flight> outgoing_;
  std::uint64_t serial_ = 1000;

  std::vector<std::pair<PeerPort, Message>> heard_;  ///< a sample of what was received
  Spoken spoken_;                                    ///< where it makes false evidence
  std::vector<std::pair<PeerPort, Bytes>> envelopes_;
  std::vector<std::pair<PeerPort, Bytes>> own_envelopes_;  ///< a sample of what it sent
  std::vector<Signed<Answer>> answers_;                    ///< to ballots of its own
  std::vector<Signed<IdAnswer>> id_answers_;               ///< of every exchange it is part of
  ExchangeId last_received_;                               ///< that it sent a RECEIPT about
  std::vector<Transaction> transactions_;                  ///< its own, old and new
  std::map<Hash, OwnBlock> own_blocks_;                    ///< of the present height
  Ballot locks_ignored_in_{};
  std::optional<PrevoteCertificate> known_lock_;
  Promised highest_told_{};  ///< the highest promise that it was told of, and where
  struct Led {
    Height height;
    PeerPort voter;
    Round round;
  };
  Led led_{};  ///< whom it leads up, and how far
  std::set<ExchangeId> requested_;
  std::set<std::pair<PeerPort, Height>> withheld_;  ///< blocks that these peers get from others only
  std::map<ExchangeId, Signed<Grant>> second_grants_;
  std::map<ExchangeId, ExchangeRecord> false_grants_;  ///< of another book, or of shares that give no key
  std::set<ExchangeId> false_deals_;
  std::map<std::tuple<BookId, Version, Turn>, std::set<PeerPort>> granted_;  ///< who was granted in a turn
  using VoteSlot = std::tuple<std::size_t, Height, Ballot>;                  ///< kind of message, and what it is about
  std::set<VoteSlot> voted_;
  std::set<VoteSlot> forgotten_votes_;
  std::optional<SimStore::Image> old_copy_;
  std::map<Hash, std::set<PeerPort>> other_half_;  ///< who is told of another block than this
  std::vector<std::pair<PeerPort, Bytes>> notes_;  ///< acknowledgements that it gave
  std::unique_ptr<Genesis> elsewhere_;             ///< another network of the same peers
};

}  // namespace bookchain::sim

// Courier: the one loop of a peer. Take in, decide, commit, acknowledge, send (docs/architecture.md); questions may
// leave before the commit. A crash between any two of these repeats work and loses nothing. A wish of the user enters
// by the same door as a message, and all that waits shares one commit. Keeps no state of the protocol: all of it is in
// the Store, so that several processes can take turns on one home.
#pragma once

#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "ledger/node.hpp"
#include "ledger/store/store.hpp"
#include "transport/channel.hpp"
#include "transport/delivery.hpp"
#include "transport/environment.hpp"
#include "transport/link.hpp"
#include "transport/postponed.hpp"
#include "transport/tamper.hpp"
#include "transport/trace.hpp"

namespace bookchain::transport {

/// Points at which a test kills the process or the simulator crashes it.
enum class KillPoint : std::uint8_t {
  before_commit,
  after_commit,
  before_acknowledge,
  after_acknowledge,
  before_send,
  after_send,
  before_shelf,
  after_shelf,
};
[[nodiscard]] std::string_view name(KillPoint point);

struct Report;

class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;
  virtual void reached(KillPoint point) = 0;
  /// What a call decided is durable: told at once, whatever becomes of the process and of the rest of the call.
  virtual void committed(const Report& /*report*/) {}
};

enum class ReceiveResult : std::uint8_t { accepted, refused, duplicate };
[[nodiscard]] std::string_view name(ReceiveResult result);

struct ReceivedReport {
  std::optional<ledger::MessageId> id;  ///< nothing for what cannot be opened
  std::optional<PeerPort> from;
  std::string type;  ///< empty for what cannot be opened
  std::optional<ExchangeId> exchange;
  ReceiveResult result{};
  std::optional<Error> error;
  std::optional<PeerPort> place = std::nullopt;  ///< of what cannot be opened: whose folder or connection it came by
  bool taken = false;  ///< its number is seen from here on: it is acknowledged, and never decided again
};

/// What came from that sender's folder or connection and cannot be opened or taken.
[[nodiscard]] ReceivedReport refused_from(PeerPort place, Error error,
                                          const std::optional<ExchangeId>& exchange = std::nullopt);

struct SentReport {
  PeerPort to;
  std::string type;
};

/// One step of an exchange that was taken, or why it was not.
struct StepReport {
  ExchangeId exchange;
  ledger::Step step{};
  std::vector<SentReport> sent;
  std::optional<Error> error;
};

/// What came of a wish that a turn decided.
struct WishReport {
  std::optional<ExchangeId> exchange;  ///< the one that it began
  std::optional<Error> error;          ///< it was refused, and changed nothing
};

/// What one call did. What lies in `sent` is durable when it returns; `undelivered` says which of it still waits here.
struct Report {
  std::vector<ReceivedReport> received;
  std::vector<SentReport> sent;
  std::vector<StepReport> steps;
  std::vector<WishReport> wishes;  ///< of turn(), in their order
  bool wishes_wait = false;        ///< of turn(): they were not decided, and are to be given again
  std::vector<ledger::Event> events;
  std::map<PeerPort, Error> undelivered;
  /// What the environment kept from being done, while the rest went on: a package that has no room, a delivery
  /// that cannot be removed.
  std::vector<Error> troubles;
  std::set<PeerPort> heard;    ///< of whom something could be opened, and be it a delivery note
  std::size_t deliveries = 0;  ///< how many were looked at
  bool more_waits = false;     ///< there may be more to take in
  bool sweeps = false;         ///< and packages to be removed, of a number that is known
};

/// What becomes of a request that could be granted.
struct GrantVerdict {
  enum class What : std::uint8_t { grant, wait, refuse };
  What what{};
  std::string reason;  ///< of a refusal
};

/// Which steps a turn takes by itself.
struct Policy {
  bool steps = false;     ///< false: only takes in, answers, votes
  bool grants = true;     ///< with steps: whether requests are granted
  bool one_each = false;  ///< with steps: at most one step of each exchange
  /// The next turn comes in time: see ledger::Input. Until then bookkeeping may wait: see Postponed.
  bool patient = false;
  /// After a turn with a step the rows say how far the outboxes were delivered, patient or not.
  bool shows_deliveries = true;
  /// Asked for each request that could be granted.
  using Judge = std::function<GrantVerdict(const ledger::ExchangeRecord&)>;
  /// With grants: gives the judge of one turn, by what this owner remembers then; without it all are granted.
  std::function<Judge(PeerPort owner, const ledger::State&)> judge = nullptr;
};

class Courier {
 public:
  struct Parts {
    const ledger::Node& node;
    ledger::Store& store;
    ledger::PackageStore& shelf;
    Link& link;
    Environment& environment;
    Observer* observer = nullptr;
    ledger::Progress* progress = nullptr;
    Tamper* tamper = nullptr;
  };
  /// Token `bad-value` if a channel cannot be made.
  [[nodiscard]] static Result<Courier> make(Parts parts);

  /// What is about exchanges waits so long for a vote to share its turn, in a patient turn while a ballot is under way:
  /// votes follow one another quickly then, and everybody waits for them.
  static constexpr std::uint64_t linger_us = 2'000;
  /// Where the last vote is older, nothing waits for the next one.
  static constexpr std::uint64_t ballot_rests_us = 20'000;
  /// What a patient turn decides and has nothing to say about waits so long for more, to share its commit.
  static constexpr std::uint64_t unsaid_us = 10'000;
  /// What one turn takes in at most. A delivery of which not every message was taken stays where it is.
  struct Intake {
    std::size_t deliveries = 64;
    std::size_t messages = std::numeric_limits<std::size_t>::max();
  };
  /// Takes in what waits, decides the wishes and, as `policy` says, the steps that are due then, all in one
  /// transaction; commits, acknowledges, delivers. A patient turn may leave all of that to one of the next, which
  /// next_wake() tells of: what is to be decided then is its mail, and the wishes that are given to it. Fails only for
  /// the environment.
  [[nodiscard]] Result<Report> turn(const Intake& intake, const Policy& policy,
                                    const std::vector<ledger::Wish>& wishes = {});

  /// The home was put back from a copy: everything leaves under new epochs, and the rules are told (WishRestore).
  [[nodiscard]] Result<Report> restore();
  /// Decides one wish, commits, delivers. Tokens: the rules', and the environment's.
  [[nodiscard]] Result<Report> wish(const ledger::Wish& wish);

  // Wishes that need randomness or the shelf; the rest go through wish().
  [[nodiscard]] ledger::WishRequest make_request(PeerPort owner, const ledger::BookId& book) {
    return {owner, book, parts_.environment.draw<ledger::RequestId>()};
  }
  struct Requested {
    ExchangeId exchange;
    Report report;
  };
  [[nodiscard]] Result<Requested> request(PeerPort owner, const ledger::BookId& book);
  /// Takes one step of the eight, or an abort that is due. What was done before succeeds and sends nothing.
  [[nodiscard]] Result<Report> take_step(const ledger::Due& due);

  /// Delivers what lies in the outbox and was never delivered, and all that was postponed; finishes tasks of the
  /// shelf. Part of all of the above; by itself for what a killed process left, and for a patient one that ends.
  [[nodiscard]] Result<Report> deliver();

  /// Whether patient turns left something for later.
  [[nodiscard]] bool has_postponed() const { return !postponed_.empty() || !traces_.empty(); }
  /// Whether the last turn took mail in and left it for the next one.
  [[nodiscard]] bool is_lingering() const { return lingering_.has_value(); }

  /// Takes what peers say they have taken, and leaves their messages for later: for a command that takes nothing
  /// in, at its end.
  [[nodiscard]] Result<void> take_notes();

  /// How many deliveries wait now.
  [[nodiscard]] std::size_t count_waiting() const { return parts_.link.count_waiting(); }

  /// When to look again if nothing comes: for a back-off, mail that waits, or what is to be sent again. Nothing: never.
  [[nodiscard]] std::optional<ledger::Time> next_wake() const;

  /// Null: an honest peer again.
  void set_tamper(Tamper* tamper) { parts_.tamper = tamper; }

  [[nodiscard]] const ledger::Node& node() const { return parts_.node; }
  [[nodiscard]] ledger::Store& store() { return parts_.store; }

 private:
  /// A message that was opened.
  struct Incoming {
    Header header;
    ledger::MessageId id;
    std::optional<ledger::Message> message;  ///< nothing: the payload is none
    std::uint64_t size{};
    std::size_t parcel{};
    bool late_package = false;  ///< the message was taken before; its package came only now
  };
  struct OpenedMail {
    std::vector<Incoming> messages;  ///< by sender and number
    std::vector<std::pair<PeerPort, DeliveryNote>> notes;
    std::set<std::size_t> unfit;       ///< parcels with something that cannot be opened
    std::set<std::size_t> unfinished;  ///< parcels with messages that were left for later
    /// Of votes, of blocks, and of all else that belongs to no exchange.
    [[nodiscard]] std::size_t count_votes() const;
    [[nodiscard]] bool is_within(std::size_t most_messages, std::uint64_t most_bytes) const;
  };
  /// Mail that was taken in and is not decided for good; none, where only wishes wait, which whoever wishes keeps.
  struct Lingering {
    std::vector<Parcel> parcels;
    OpenedMail mail;
    std::optional<ledger::Time> undecided;  ///< when the first of it came that was not decided at all
    std::optional<ledger::Time> unsaid;     ///< when the first of it came that was, and made nothing leave
    std::size_t times_unsaid = 0;           ///< how often it was
  };
  using Notes = std::map<PeerPort, DeliveryNote>;
  struct CopiedPackage {
    ExchangeId exchange;
    ledger::ReceivedPackage measured;
  };

  Courier(Parts parts, std::map<PeerPort, Channel> channels) : parts_(parts), channels_(std::move(channels)) {}

  void reach(KillPoint point) const {
    if (parts_.observer != nullptr) parts_.observer->reached(point);
  }
  [[nodiscard]] Header header_to(PeerPort to) const;
  [[nodiscard]] ledger::Height chain_height() const;
  /// What one step of the rules sends.
  struct Sending {
    std::vector<ledger::Outgoing> messages;
    PeerPort asker;  ///< whose message was decided, or none
    ledger::Time time;
    std::optional<std::size_t> step;  ///< which of the report's steps it is
  };
  struct Decision {
    std::optional<Error> refusal;  ///< see ledger::Outcome
  };
  /// One step of the rules, within the open transaction; its messages wait for the end of the turn.
  [[nodiscard]] Result<Decision> decide(ledger::Cause what, Report& report,
                                        std::optional<std::size_t> step = std::nullopt);
  void sign_turn();
  /// What the turn sends goes to the outboxes, signed. Gives whether it sends anything, and may forget all of that.
  [[nodiscard]] bool enqueue_all(Report& report);
  [[nodiscard]] std::vector<SentReport> enqueue_messages(const Sending& sending, Report& report);
  /// A turn that takes nothing in: `what` decides, within a transaction, then all follows that may only follow it.
  [[nodiscard]] Result<Report> turn_of_its_own(const std::function<Result<void>(Report&)>& what);
  [[nodiscard]] bool lies_in_outbox(PeerPort to, const Bytes& payload) const;
  [[nodiscard]] bool settle_request(const ExchangeId& exchange, const Policy& policy, Policy::Judge& judge,
                                    Report& report);
  [[nodiscard]] Result<StepReport> decide_step(const ledger::Due& due, Report& report);
  void take_wishes(const std::vector<ledger::Wish>& wishes, Report& report);
  [[nodiscard]] bool is_of_restore(const ledger::Bytes& fact) const;
  void note_touched(const std::vector<ledger::Write>& writes);
  [[nodiscard]] bool others_wrote() const;
  void choose_where_to_look(bool quiet, bool others_write);
  [[nodiscard]] std::vector<ledger::Due> take_candidates();
  void take_due_steps(const Policy& policy, Report& report);
  /// Nothing is left for later in this call.
  [[nodiscard]] bool postpones_nothing() const;
  [[nodiscard]] bool can_wait(const std::vector<Parcel>& parcels, const OpenedMail& mail, std::size_t wishes) const;
  [[nodiscard]] bool can_linger(const Lingering& held, std::size_t wishes) const;
  /// Until when held mail waits, if nothing comes. Not later either where the clock was put back.
  [[nodiscard]] std::optional<ledger::Time> lingers_until(ledger::Time now) const;
  [[nodiscard]] Report hold(Lingering held, const std::map<PeerPort, std::size_t>& waiting);
  [[nodiscard]] bool can_stay_unsaid(const Lingering& held) const;
  [[nodiscard]] bool says_nothing(const Report& report) const;
  void postpone_notes(const std::vector<Parcel>& parcels, OpenedMail& mail, Report& report);
  void write_down_postponed();
  [[nodiscard]] Result<void> write_postponed();
  void take_notes_of(const std::vector<std::pair<PeerPort, DeliveryNote>>& notes, ledger::Draft& draft);
  [[nodiscard]] Result<void> take_due_tick(Report& report);
  [[nodiscard]] Result<void> take_mail(OpenedMail& mail, Notes& notes, Report& report);
  /// Forgets the transaction and what was to follow it; all is as if the turn had not been.
  void forget_turn();
  /// The same after a failure: what it had looked at is to be looked at again.
  void roll_back();
  /// The peers of whom all was taken that waited when the turn began.
  [[nodiscard]] std::set<PeerPort> drained_peers(const std::map<PeerPort, std::size_t>& waiting,
                                                 const std::vector<Parcel>& parcels, const OpenedMail& mail) const;
  /// Tells the link that a parcel was taken; what it cannot remove is one more thing to tell.
  void acknowledge(const Parcel& parcel, Report& report);
  /// Commits, then everything that may only follow: acknowledges, tends the shelf, delivers. Messages that may be
  /// forgotten need not wait for the commit: a turn that sends nothing else delivers them first, if it is patient.
  [[nodiscard]] Result<void> finish(const std::vector<Parcel>& parcels, const OpenedMail& mail, const Notes& notes,
                                    const std::set<PeerPort>& drained, Report& report);

  void open_parcels(const std::vector<Parcel>& parcels, std::size_t first, OpenedMail& mail, Report& report) const;
  [[nodiscard]] Result<void> open_envelope(PeerPort from, ledger::ByteView envelope, std::size_t parcel,
                                           OpenedMail& mail) const;
  void leave_for_later(OpenedMail& mail, std::size_t most, Report& report) const;
  void add_late_packages(std::vector<Incoming>& messages) const;
  [[nodiscard]] Result<std::unique_ptr<ledger::PackageSource>> find_package(PeerPort from,
                                                                            const ExchangeId& exchange) const;
  [[nodiscard]] std::optional<CopiedPackage> copy_package(PeerPort from, const ledger::Message& message,
                                                          Report& report);
  [[nodiscard]] Result<void> settle_package(PeerPort from, const CopiedPackage& package);
  void drop_unwanted_package(PeerPort from, const std::optional<ExchangeId>& exchange);
  void sweep_packages(Report& report);
  void tell_swept(Report& report);
  void answer_offers(Report& report);
  [[nodiscard]] std::optional<Error> why_no_package(PeerPort from, const ExchangeId& exchange) const;
  [[nodiscard]] bool is_own_request(PeerPort from, const ExchangeId& exchange) const;
  [[nodiscard]] bool may_want_package(PeerPort from, const ExchangeId& exchange) const;
  [[nodiscard]] Result<void> take_message(Incoming arrival, Notes& notes, Report& report);

  void write_traces(const Report& report);

  [[nodiscard]] bool tend_rows();
  [[nodiscard]] Result<void> tend_shelf();
  void add_package(PeerPort to, const OutboxRecord& row, std::size_t envelope, std::vector<PackageFile>& packages,
                   Report& report);
  [[nodiscard]] Result<void> make_package_again(const ExchangeId& exchange, Report& report);
  /// Within the transaction of a turn that sends nothing but what may be forgotten.
  void deliver_ahead(Report& report);
  [[nodiscard]] Result<void> deliver_all(const Notes& notes, const std::set<PeerPort>& drained, Report& report);
  [[nodiscard]] ledger::MessageNumber end_of_window(PeerPort to, const OutgoingRecord& record);
  [[nodiscard]] std::vector<Bytes> seal_note(PeerPort to, const DeliveryNote& note);
  struct Delivering {
    bool drained = false;        ///< all was taken that waited from that peer
    bool renewed = false;        ///< it may have lost what was given for it
    bool note_may_wait = false;  ///< where there is no message to go with
  };
  /// What leaves for one peer, and what is known of it when it is sent.
  struct Leaving {
    Delivery delivery;
    std::vector<ledger::MessageNumber> numbers;  ///< of the envelopes behind the notes
    std::size_t notes = 0;
    bool again = false;  ///< from the oldest message on
    OutgoingRecord in_state;
    OutgoingRecord record;  ///< as it is once all that is sent
  };
  [[nodiscard]] std::optional<Leaving> seal_for(PeerPort to, const DeliveryNote& note, const Delivering& how,
                                                Report& report);
  void deliver_to_each(const std::function<std::optional<Leaving>(PeerPort)>& seal, Report& report);
  void send_together(Report& report);
  struct SentSoFar {
    std::size_t envelopes = 0;  ///< that many of the first
    std::optional<Error> failed;
  };
  [[nodiscard]] SentSoFar send_what_fits(const Delivery& delivery, Result<void> all);
  void note_sent(Leaving& what, PeerPort to, SentSoFar sent, Report& report);
  [[nodiscard]] bool is_due_again(PeerPort to, const OutgoingRecord& record) const;

  Parts parts_;
  std::map<PeerPort, Channel> channels_;
  std::vector<Leaving> together_;              ///< sealed, and not sent yet
  std::vector<Sending> leaving_;               ///< of the present turn
  std::vector<ledger::LeftUnsigned> to_sign_;  ///< likewise: see ledger::Effects
  TraceBook traces_;
  std::set<std::pair<PeerPort, ExchangeId>> dropped_packages_;  ///< to be removed after the commit
  std::set<std::pair<PeerPort, ExchangeId>> stray_packages_;    ///< of these, those of no request of this peer's
  std::set<ExchangeId> tried_packages_;                         ///< copied, or tried to be, in this turn
  std::optional<ledger::Time> swept_packages_;
  std::deque<std::pair<PeerPort, ExchangeId>> to_sweep_;  ///< found by the last sweep and not looked at yet
  std::map<PeerPort, std::size_t> strays_removed_;        ///< by that sweep, and not told yet
  bool patient_ = false;                                  ///< of the present call, as the next
  bool shows_deliveries_ = true;
  bool renewed_ = false;       ///< an epoch began in the present transaction: what leaves waits for the commit
  bool led_a_ballot_ = false;  ///< this process: one of its own has made a block final
  Postponed postponed_;
  std::optional<Lingering> lingering_;
  std::optional<ledger::Time> vote_came_;  ///< or a block, or whatever else is of the chain: the last one
  std::map<PeerPort, std::pair<ledger::Epoch, ledger::MessageNumber>>
      oldest_;  ///< that was kept, when it was looked for
  /// Exchanges in which a step may have become due since the last look at them.
  std::set<ExchangeId> touched_;
  std::set<ledger::BookId> touched_books_;  ///< or in one of them
  bool look_everywhere_ = true;
  std::optional<ledger::Time> looked_everywhere_;
  /// Something was put off, or failed, that a book which moves may bring on, whichever it is.
  bool waits_for_moves_ = false;
  std::uint64_t foreign_commits_ = 0;
  std::uint64_t busy_turns_ = 0;
  /// Under which number a message with a package was given to the outbox by this process, by the hash of the message.
  std::map<std::pair<PeerPort, ledger::Hash>, ledger::MessageNumber> packaged_;
  std::set<ExchangeId> remade_packages_;  ///< by this process: the first was handed over, this one is kept
};

}  // namespace bookchain::transport

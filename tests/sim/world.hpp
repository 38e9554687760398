// One simulated network from its first event to its end: real nodes and real couriers over a simulated
// disk, network, clock and source of chance. One event at a time, chosen from the seed; after each of
// them the watcher looks at what changed.
#pragma once

#include <memory>
#include <set>

#include "ledger/store/gathering_store.hpp"
#include "ledger/store/value_shelf.hpp"
#include "tests/sim/watcher.hpp"

namespace bookchain::sim {

class Villain;

/// One peer that keeps the rules, with the machine it runs on.
struct Home {
  Home(const Genesis& genesis, const Identity& who, SimNetwork& network, Misfortune& misfortune,
       const std::uint64_t& world_time, std::uint64_t seed);

  Identity identity;
  Node node;
  SimStore store;
  SimShelf shelf;
  std::optional<SimJournal> journal;  ///< of the process, as the next two
  std::optional<GatheringStore> gathering;
  std::optional<ValueShelf> value_shelf;
  SimEnvironment environment;
  SimLink link;
  std::optional<transport::Courier> courier;  ///< nothing while the process is down
  std::uint64_t starts = 0;                   ///< of the process
  std::uint64_t wakes_at = 0;                 ///< step at which a dead or paused process goes on
  bool restored = false;
  bool caught_up = false;          ///< after that
  bool restored_again = false;     ///< from the same copy
  std::set<ExchangeId> forgotten;  ///< that anybody knew of when it was restored
  bool dies_after_commit = false;  ///< as soon as what it commits is durable
  bool broken_for_good = false;    ///< its disk, in a planted bug only
  std::uint64_t full_until = 0;    ///< step up to which its disk has no room
  std::set<BookId> drafts;         ///< books that could not be registered, as far as their user knows
  struct Backup {
    SimStore::Image rows;
    SimShelf::Contents shelf;
    std::set<BookId> drafts;
    std::uint64_t height;
  };
  std::optional<Backup> backup;
};

class World final : private transport::Observer {
 public:
  explicit World(const Plan& plan);
  ~World() override;

  /// Runs it to its end. Throws Violation.
  void run();

  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_.value(); }
  [[nodiscard]] const Story& story() const { return story_; }
  [[nodiscard]] std::uint64_t step() const { return step_; }

 private:
  friend class Villain;
  struct Tracked {
    ExchangeId exchange;
    PeerPort requester;
    PeerPort owner;
    BookId book;
    bool late = false;  ///< made to help, after everything healed
  };
  [[nodiscard]] bool may_be_forgotten(const Tracked& tracked) const;

  void reached(transport::KillPoint point) override;
  void committed(const transport::Report& report) override;

  void make_network();
  void make_homes();
  void break_store(Home& home);
  void break_shelf(Home& home);
  void make_books();
  [[nodiscard]] WishAddBook make_book(Home& home);
  /// True if the user was told that it is registered.
  bool add_book(Home& home);
  [[nodiscard]] Home& home(PeerPort peer) { return *homes_.at(peer); }
  [[nodiscard]] Home& any_home();

  // events
  void one_event();
  void let_peer_act();
  void take_turn(Home& home);
  /// Some peers serve, let others go before them and leave for later what can wait; the others come and go.
  [[nodiscard]] static bool is_patient(PeerPort peer) { return peer.value % 2 == 0; }
  void user_acts();
  struct Wanted {
    BookId book;
    PeerPort owner;
  };
  [[nodiscard]] std::optional<Wanted> choose_book(const Home& home);
  bool request_book(Home& home, const Wanted& wanted);
  void request_by_several(Home& first);
  void user_meddles(Home& home);
  void check_undisturbed();
  void strike();
  [[nodiscard]] bool is_voting(const Home& home) const;
  [[nodiscard]] bool holds_a_lock(const Home& home) const;
  void back_up(Home& home);
  void restore(Home& home, bool declared);
  void restore_again(Home& home);
  void declare_restore(Home& home);
  void see_whether_caught_up(Home& home);
  [[nodiscard]] std::set<ExchangeId> known_exchanges() const;
  void check_whole(const Home& home) const;
  void start(Home& home);
  void crash(Home& home);
  void clear_drafts(Home& home);
  [[nodiscard]] bool dies_with_log(const Home& home, std::uint64_t in_a_thousand);
  [[nodiscard]] bool is_up(const Home& home) const { return home.courier && home.wakes_at <= step_; }
  /// Runs `act` at a peer as one event: crashes and errors of the environment are part of it.
  void event(Home& home, const std::function<void()>& act);
  void jump_to_next_wake();

  // the end
  void heal();
  void track_untold();
  void settle();
  void ask_for_lost_packages();
  void helping_hand(std::uint64_t attempt);
  void wake_up_laggards(std::uint64_t attempt);
  void help_in(const Tracked& tracked, PeerPort port, std::uint64_t attempt);
  [[nodiscard]] std::optional<PeerPort> lacking_blocks() const;
  [[nodiscard]] bool somebody_knows_nothing();
  [[nodiscard]] std::optional<std::string> unfinished();
  [[nodiscard]] std::optional<ExchangeRecord> record_of(const Tracked& tracked, PeerPort port);
  // world_fairness.cpp
  /// Something that an honest peer has not got yet, and the wish of its user that is to bring it, where there is one.
  struct Debt {
    std::string_view invariant;
    PeerPort port;
    ExchangeId exchange;
    std::string stands;
    std::optional<Wish> wish;
  };
  using Records = std::vector<std::pair<ExchangeId, ExchangeRecord>>;
  [[nodiscard]] std::vector<Debt> debts() const;
  [[nodiscard]] std::optional<Debt> debt_to_requester(const Home& home, const Records& all, const ExchangeId& exchange,
                                                      const ExchangeRecord& record) const;
  [[nodiscard]] std::optional<Debt> debt_to_owner(const Home& home, const Records& all, const ExchangeId& exchange,
                                                  const ExchangeRecord& record) const;
  [[nodiscard]] bool is_recorded(const Records& all, const ExchangeId& exchange, const ExchangeRecord& record) const;
  [[nodiscard]] bool is_false_book_proven(const Home& home, const ExchangeId& exchange,
                                          const ExchangeRecord& record) const;
  [[nodiscard]] bool is_proven_against_owner(const Home& home, const Records& all, const ExchangeId& exchange,
                                             const ExchangeRecord& record) const;
  void collect(const std::vector<Debt>& owed, bool once_more);
  // world_checks.cpp
  void check_end();
  void check_acknowledged();
  void check_shelves();
  [[nodiscard]] bool is_owed(const Home& home, const BookId& id) const;
  void check_kept();
  void check_exchanges();
  void check_recorded();
  void check_reading(const Home& home, const ExchangeId& exchange, const ExchangeRecord& record) const;
  void check_fairness();

  Plan plan_;
  Counts counts_;
  Story story_;
  TraceHash trace_;
  Misfortune misfortune_;
  Random chance_;
  std::uint64_t time_us_;
  std::uint64_t step_ = 0;
  SimNetwork network_;
  std::unique_ptr<Genesis> genesis_;
  std::map<PeerPort, Identity> identities_;
  std::map<std::pair<PeerPort, PeerPort>, transport::Channel> channels_;
  std::unique_ptr<Watcher> watcher_;
  std::map<PeerPort, std::unique_ptr<Home>> homes_;
  std::map<PeerPort, std::unique_ptr<Villain>> villains_;
  std::vector<PeerPort> honest_;
  Home* acting_ = nullptr;
  Home* last_acting_ = nullptr;
  std::map<BookId, Text> texts_;  ///< what the registered books really say
  std::map<PeerPort, std::uint64_t> serials_;
  std::vector<Tracked> tracked_;                             ///< exchanges that users of honest peers began
  std::set<ExchangeId> given_up_;                            ///< by one of the two users in the middle
  std::set<std::pair<PeerPort, ExchangeId>> collected_;      ///< what users tried to get at the end
  std::vector<std::pair<PeerPort, BookId>> registered_;      ///< of which the user was told
  std::map<ExchangeId, std::vector<NumberedShare>> pooled_;  ///< what all liars hold together
  std::size_t requests_left_ = 0;
  std::size_t restores_left_ = 0;
};

}  // namespace bookchain::sim

// SocketLink: a Link over Unix sockets. One process of a home serves: it listens, keeps a connection to every
// peer that can be reached, and calls the others again, later each time. Any other process of the home either
// leaves sending to it or, where none serves, visits the peers that listen and goes. What arrives waits in
// memory, within a bound for each peer, and large packages in files; all of it may be lost at any time, and the
// sender gives it again. One thread: sockets move only within wait(), meet(), settle_up() and the calls of Link.
#pragma once

#include <deque>
#include <list>
#include <random>

#include "transport/connection.hpp"
#include "transport/link.hpp"
#include "transport/package_inbox.hpp"
#include "transport/package_outbox.hpp"
#include "transport/socket_place.hpp"

namespace bookchain::transport {

/// How packages come on: so many bytes of them, or the end of one. What only drips does not come on.
class PackageProgress {
 public:
  static constexpr std::uint64_t bytes_of_a_step = std::uint64_t{64} << 10U;
  void add(std::uint64_t bytes) {
    bytes_ += bytes;
    steps_ += bytes_ / bytes_of_a_step;
    bytes_ %= bytes_of_a_step;
  }
  void end_one() { ++steps_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  std::uint64_t bytes_ = 0;
  std::uint64_t steps_ = 0;
};

/// What a SocketLink knows of a connection that is open.
struct LineState {
  struct Offer {
    std::uint64_t size{};
    bool wanted = false;  ///< and comes on this connection
  };
  PackageOutbox packages;
  std::map<ledger::ExchangeId, Offer> offers;  ///< packages that the other end has and brings if they are wanted
  PackageProgress progress;                    ///< of the packages that come and go here
  bool used = false;                           ///< messages were given to it
  bool given_up = false;                       ///< a visit waits for its answers no longer
};

class SocketLink final : public Link, private ConnectionOwner {
 public:
  struct Settings {
    ConnectionTerms terms;
    std::optional<boost::filesystem::path> own_socket;    ///< where this peer listens, if it does
    unsigned socket_mode = 0600;                          ///< of that socket
    boost::filesystem::path serving_lock;                 ///< held by the process that serves the home
    std::map<PeerPort, boost::filesystem::path> sockets;  ///< of the peers that listen
    boost::filesystem::path incoming;                     ///< for large packages
  };
  /// `serve`: listens and keeps connections. `visit`: does neither.
  enum class Role : std::uint8_t { serve, visit };

  /// Strangers from one user of the system at once, and in all.
  static constexpr std::size_t max_strangers_of_a_user = 32;
  static constexpr std::size_t max_strangers = 128;
  static constexpr std::size_t max_connections_of_a_peer = 4;
  /// Bytes that wait to be taken in from one peer, and to be written to one connection.
  static constexpr std::size_t max_waiting_bytes = std::size_t{32} << 20U;
  static constexpr std::size_t max_unwritten_bytes = std::size_t{8} << 20U;
  /// A connection on which this much of the answers was not read is not read from either.
  static constexpr std::size_t max_unread_answers = std::size_t{64} << 10U;
  /// What a visit spends in waiting for peers that bring and take no package.
  static constexpr std::chrono::seconds visit_patience{10};

  /// Precondition: the lock of the home is held. Where another process serves the home, it listens nowhere and
  /// reaches nobody. Tokens: `io`, `permission`, `disk-full`.
  [[nodiscard]] static Result<std::unique_ptr<SocketLink>> open(Settings settings, Role role);
  ~SocketLink() override;

  // ---- what serving needs ----

  /// Ends wait() when it can be read. The descriptor stays the caller's.
  void watch(int descriptor);
  /// Moves what can be moved until there is something to take in or to send, or the time is over.
  void wait(std::chrono::microseconds at_most);
  /// Grows while packages come and go; it stands still while one is held up.
  [[nodiscard]] std::uint64_t package_steps() const { return progress_.steps(); }

  // ---- what a visit needs ----

  /// Calls every peer, until each has answered or cannot be reached, or the time is over.
  void meet(std::chrono::milliseconds patience);
  /// Until everything given has been decided at the peers that were met, and their answers are here. A peer that does
  /// not come on with it for that long is given up, whatever else it sends, and so are all when `visit_patience` is
  /// spent. False if there are peers and all were given up.
  bool settle_up(std::chrono::milliseconds patience);
  /// Whether a package was asked for since the last settle_up(): it, and its message behind it, are still to come.
  [[nodiscard]] bool has_asked() const { return has_asked_; }
  /// Whether another process serves this home: it sends what lies in the outbox.
  [[nodiscard]] bool is_beside() const { return !serving_lock_ && beside_; }
  /// Whether anything was given to a connection.
  [[nodiscard]] bool has_sent() const { return has_sent_; }

  /// Peers in whose name somebody calls here for another network, and for which. A greeting proves nothing; it is
  /// forgotten once that peer itself is here.
  [[nodiscard]] const std::map<PeerPort, ledger::NetworkId>& other_networks() const { return other_networks_; }

  /// Whether a parcel of that name came over a socket.
  [[nodiscard]] static bool is_name_of_batch(std::string_view name);

  // ---- Link ----

  [[nodiscard]] Result<std::vector<Parcel>> receive_beside(const ParcelNames& held, std::size_t most) override;
  [[nodiscard]] std::map<PeerPort, std::size_t> waiting() const override;
  [[nodiscard]] Result<void> acknowledge(const Parcel& parcel) override;
  [[nodiscard]] Result<void> put_aside(const Parcel& parcel, const Error& reason) override;
  [[nodiscard]] Result<std::unique_ptr<ledger::PackageSource>> open_package(PeerPort from,
                                                                            const ExchangeId& exchange) override;
  [[nodiscard]] Result<void> drop_package(PeerPort from, const ExchangeId& exchange) override;
  [[nodiscard]] std::vector<std::pair<PeerPort, ExchangeId>> packages() const override { return inbox_.packages(); }
  [[nodiscard]] Result<void> send(PeerPort to, const std::vector<Bytes>& envelopes,
                                  const std::vector<PackageFile>& packages) override;
  [[nodiscard]] bool still_waiting_at(PeerPort to) const override;
  [[nodiscard]] std::optional<std::size_t> room_for(PeerPort to) const override;
  [[nodiscard]] std::vector<Error> take_troubles() override { return std::exchange(troubles_, {}); }
  [[nodiscard]] std::vector<PeerPort> take_renewed() override;
  [[nodiscard]] std::vector<OfferedPackage> offers() const override;
  [[nodiscard]] Result<void> fetch_package(const OfferedPackage& offer) override;
  [[nodiscard]] bool is_waited_for() const override;
  void end_turn() override;

 private:
  using Line = std::shared_ptr<Connection>;
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::local::stream_protocol>;
  /// Messages that came together and are acknowledged together.
  struct Batch {
    std::uint64_t number{};
    std::weak_ptr<Connection> line;  ///< on which all of it came
    std::string name;                ///< empty while more may be added
    std::vector<Bytes> envelopes;
    std::map<ExchangeId, Bytes> packages;
    std::size_t bytes = 0;
  };
  /// An end that asks to be told when all before was decided.
  struct AskedMark {
    std::weak_ptr<Connection> line;
    Mark mark;
    std::uint64_t after{};  ///< the last batch before it
  };
  struct PeerSide {
    std::optional<boost::filesystem::path> socket;
    std::vector<Line> lines;  ///< proven, the newest last
    Line calling;             ///< opened by this side, not proven yet
    SteadyClock::time_point next_call;
    std::chrono::milliseconds pause{};
    bool renewed = false;
    bool was_full = false;
    std::deque<Batch> batches;
    std::size_t waiting_bytes = 0;
    std::map<ExchangeId, Bytes> kept_packages;  ///< small, whose messages are acknowledged, and which nobody took
    std::size_t kept_bytes = 0;                 ///< of these, contained in `waiting_bytes`
    std::vector<AskedMark> marks;
  };
  /// A connection that a visit waits for.
  struct Awaited {
    Line line;
    std::uint64_t mark{};
    std::uint64_t written{};
    std::uint64_t steps{};
    SteadyClock::time_point until;
  };
  struct Watched {
    boost::asio::posix::stream_descriptor descriptor;
    bool armed = false;
  };

  SocketLink(Settings settings, Role role, PackageInbox inbox);
  /// Precondition: the connection is open.
  [[nodiscard]] LineState& state_of(const Connection& line) { return states_.at(&line); }
  [[nodiscard]] const LineState& state_of(const Connection& line) const { return states_.at(&line); }

  // socket_link.cpp: connections
  [[nodiscard]] Result<void> take_place();
  void close_all();
  void accept_next();
  void take_stranger(Connection::Socket socket);
  void call(PeerPort port, PeerSide& side);
  void put_off_call(PeerSide& side);
  void tend();
  [[nodiscard]] SteadyClock::time_point next_due() const;
  void run_ready();
  void arm_watches();

  // socket_visit.cpp
  [[nodiscard]] bool is_busy() const;
  void run_once(SteadyClock::time_point until);
  [[nodiscard]] std::vector<Awaited> ask_all(SteadyClock::time_point until);
  [[nodiscard]] bool has_answered(const Awaited& each) const;
  [[nodiscard]] bool await_answers(std::chrono::milliseconds patience);

  void proven(Connection& connection) override;
  void arrived(Connection& connection, Frame frame) override;
  void is_of_other_network(PeerPort from, const ledger::NetworkId& network) override;
  void written(Connection& connection) override;
  void closed(Connection& connection) override;

  // socket_receive.cpp, socket_send.cpp
  void take_message(Connection& connection, PeerSide& side, Bytes envelope);
  void take_packaged(Connection& connection, PeerSide& side, const Bytes& body);
  void take_part(Connection& connection, PeerSide& side, const Bytes& body);
  void take_offer(Connection& connection, const PackageOffer& offer);
  void take_mark(Connection& connection, PeerSide& side, Mark mark);
  void take_answer(Connection& connection, Mark mark);
  [[nodiscard]] Batch& batch_with_room(Connection& connection, PeerSide& side);
  void note_waiting(PeerSide& side, std::ptrdiff_t change);
  static void hold_if_due(PeerSide& side, Connection& line);
  template <class Body>
  static void answer(PeerSide& side, Connection& line, FrameKind kind, const Body& body) {
    line.answer(kind, body);
    hold_if_due(side, line);
  }
  Line forget_batch(const Parcel& parcel, bool keep_packages);
  [[nodiscard]] const Bytes* package_in_memory(PeerPort from, const ExchangeId& exchange) const;
  void release_message(Connection& connection, const ExchangeId& exchange);
  void tell_no_further(PeerSide& side, const ExchangeId& exchange);
  [[nodiscard]] Result<void> put_with_package(Connection& line, const PackageFile& package, const Bytes& envelope);
  void pump_packages(Connection& connection);

  Settings settings_;
  Role role_;
  PackageInbox inbox_;
  std::optional<ServingLock> serving_lock_;
  bool beside_ = false;
  SteadyClock::time_point next_try_;  ///< to serve in place of a process that ended
  boost::asio::io_context io_;
  std::optional<ListeningPlace> place_;
  std::optional<Acceptor> acceptor_;
  SteadyClock::time_point accept_after_;  ///< not before: descriptors had run out
  bool accepting_ = false;
  std::list<Line> strangers_;
  std::map<PeerPort, ledger::NetworkId> other_networks_;
  std::map<PeerPort, PeerSide> peers_;
  std::map<const Connection*, LineState> states_;  ///< of the connections that are open
  std::list<Watched> watched_;
  std::uint64_t last_batch_ = 0;
  std::size_t first_ = 0;  ///< whose batches are taken first: each peer in turn
  std::uint64_t next_mark_ = 1;
  std::map<std::uint64_t, std::weak_ptr<Connection>> awaited_;  ///< marks that were not answered yet
  SteadyClock::duration patience_left_ = visit_patience;
  PackageProgress progress_;     ///< of all packages
  bool stirred_ = false;         ///< there is something for a turn
  std::vector<Error> troubles_;  ///< packages that could not be sent
  bool has_sent_ = false;
  bool has_asked_ = false;
  std::minstd_rand jitter_;  ///< spreads calls; nothing depends on it
};

}  // namespace bookchain::transport

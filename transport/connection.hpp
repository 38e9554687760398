// One connection over a Unix socket, from the handshake to its end. A stranger costs a fixed few hundred
// bytes until it has proven who it is; after that frames are read as they come and written from one buffer.
// Knows nothing of messages: its owner is told of frames.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>

#include "transport/asio.hpp"
#include "transport/framing.hpp"
#include "transport/handshake.hpp"

namespace bookchain::transport {

using SteadyClock = std::chrono::steady_clock;

/// What all connections of a peer share.
struct ConnectionTerms {
  ledger::NetworkId network;
  ledger::PeerPort self;
  std::map<ledger::PeerPort, Channel> channels;  ///< with every other peer
  std::size_t max_envelope_bytes{};
  std::function<void(std::span<std::uint8_t>)> entropy;  ///< fresh randomness for challenges
};

class Connection;

class ConnectionOwner {
 public:
  ConnectionOwner() = default;
  ConnectionOwner(const ConnectionOwner&) = delete;
  ConnectionOwner& operator=(const ConnectionOwner&) = delete;

  /// The other end is `peer()` for certain; frames may be sent.
  virtual void proven(Connection& connection) = 0;
  virtual void arrived(Connection& connection, Frame frame) = 0;
  /// Whoever is at the other end passes for that peer in another network; the last call but closed().
  virtual void is_of_other_network(ledger::PeerPort from, const ledger::NetworkId& network) = 0;
  /// Everything that was to be written is with the system.
  virtual void written(Connection& connection) = 0;
  /// The last call for this connection.
  virtual void closed(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr std::chrono::seconds handshake_patience{5};
  static constexpr std::chrono::seconds frame_patience{30};
  static constexpr std::chrono::seconds write_patience{60};
  static constexpr std::chrono::minutes idle_patience{10};

  using Socket = boost::asio::local::stream_protocol::socket;
  /// Keeps references: both outlive the connection, or close() comes first.
  Connection(Socket socket, const ConnectionTerms& terms, ConnectionOwner& owner)
      : socket_(std::move(socket)), terms_(terms), owner_(owner), since_(SteadyClock::now()), user_(user_of(socket_)) {}

  /// As the one who opened the connection.
  void greet(ledger::PeerPort to);
  /// As the one who listens.
  void await_greeting();

  [[nodiscard]] bool is_open() const { return stage_ == Stage::open; }
  /// Whether the other end has said nothing yet that a peer would say.
  [[nodiscard]] bool is_silent() const { return stage_ == Stage::greeting; }
  [[nodiscard]] ledger::PeerPort peer() const { return peer_; }
  /// The user of the system at the other end.
  [[nodiscard]] uid_t user() const { return user_; }
  /// When it is to be closed if nothing happens before.
  [[nodiscard]] SteadyClock::time_point deadline() const;

  /// Frames are appended here, then flushed.
  [[nodiscard]] ledger::Bytes& out() { return pending_; }
  void flush();
  [[nodiscard]] std::size_t unwritten() const { return pending_.size() + writing_.size() - written_; }
  /// How much the other end has taken so far.
  [[nodiscard]] std::uint64_t written_in_all() const { return written_in_all_; }
  /// Appends and flushes a frame that the other end brought about by one of its own. Whoever asks without end and
  /// never reads makes unread_answers() grow.
  template <class Body>
  void answer(FrameKind kind, const Body& body) {
    const auto before = pending_.size();
    put_frame(pending_, kind, body);
    pending_answers_ += pending_.size() - before;
    flush();
  }
  [[nodiscard]] std::size_t unread_answers() const { return pending_answers_ + writing_answers_; }
  /// While held nothing is read: the other end has to wait.
  void hold(bool held);
  void close();

 private:
  enum class Stage : std::uint8_t { greeting, answering, proving, parting, open, closed };
  template <std::size_t size>
  void read_exactly(void (Connection::*then)(ledger::ByteView));
  void take_greeting(ledger::ByteView bytes);
  void take_answer(ledger::ByteView bytes);
  void take_proof(ledger::ByteView bytes);
  void part_from_other_network(ledger::PeerPort from, const ledger::NetworkId& network);
  void begin_frames();
  void read_frames();
  void take_bytes(ledger::ByteView bytes);
  void write_some();
  [[nodiscard]] ledger::Hash draw() const;
  [[nodiscard]] static uid_t user_of(Socket& socket);

  Socket socket_;
  const ConnectionTerms& terms_;
  ConnectionOwner& owner_;
  Stage stage_ = Stage::greeting;
  ledger::PeerPort peer_{};
  std::array<std::uint8_t, greeting_size> hand_{};  ///< the largest piece of the handshake
  ledger::Bytes greeting_;
  ledger::Bytes answer_;
  std::optional<FrameReader> reader_;
  ledger::Bytes incoming_;
  ledger::Bytes pending_;
  ledger::Bytes writing_;
  std::size_t written_ = 0;
  std::uint64_t written_in_all_ = 0;
  std::size_t pending_answers_ = 0;  ///< bytes of answers in `pending_`
  std::size_t writing_answers_ = 0;  ///< and in `writing_`
  bool held_ = false;
  bool reading_ = false;
  SteadyClock::time_point since_;        ///< of the last stage, frame or complete write
  SteadyClock::time_point frame_since_;  ///< of the frame that has begun
  SteadyClock::time_point write_since_;  ///< of the last bytes that the other end took
  uid_t user_;
};

}  // namespace bookchain::transport

#include "transport/connection.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace bookchain::transport {

using namespace ledger;
using boost::system::error_code;

namespace {

constexpr std::size_t read_bytes = std::size_t{64} << 10U;
/// A buffer that has grown above this is given back when it is empty.
constexpr std::size_t kept_buffer_bytes = std::size_t{1} << 20U;

}  // namespace

Hash Connection::draw() const {
  Hash fresh;
  terms_.entropy(fresh.bytes);
  return fresh;
}

uid_t Connection::user_of(Socket& socket) {
  ucred who{};
  socklen_t size = sizeof who;
  // Who cannot be named shares the limits of all such.
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) {
    return static_cast<uid_t>(-1);
  }
  return who.uid;
}

SteadyClock::time_point Connection::deadline() const {
  if (!is_open()) return since_ + handshake_patience;
  auto due = since_ + idle_patience;
  if (!held_ && reader_->within_frame()) due = std::min(due, frame_since_ + frame_patience);
  if (!writing_.empty()) due = std::min(due, write_since_ + write_patience);
  return due;
}

// ---- the handshake ----

template <std::size_t size>
void Connection::read_exactly(void (Connection::*then)(ByteView)) {
  static_assert(size <= greeting_size);
  boost::asio::async_read(socket_, boost::asio::buffer(hand_.data(), size),
                          [self = shared_from_this(), then](const error_code& error, std::size_t /*read*/) {
                            if (self->stage_ == Stage::closed) return;
                            if (error) return self->close();
                            ((*self).*then)(ByteView(self->hand_).first(size));
                          });
}

void Connection::greet(PeerPort to) {
  peer_ = to;
  greeting_ = write_greeting(Greeting{protocol_version, terms_.network, terms_.self, to, draw()});
  stage_ = Stage::answering;
  pending_ = greeting_;
  flush();
  if (stage_ == Stage::answering) read_exactly<answer_size>(&Connection::take_answer);
}

void Connection::take_answer(ByteView bytes) {
  if (const auto network = read_other_network(bytes)) {
    if (*network != terms_.network) owner_.is_of_other_network(peer_, *network);
    return close();
  }
  const auto& channel = terms_.channels.at(peer_);
  if (!is_answer(channel, greeting_, bytes)) return close();
  pending_ = write_proof(channel, greeting_, bytes);
  begin_frames();
}

void Connection::await_greeting() { read_exactly<greeting_size>(&Connection::take_greeting); }

void Connection::take_greeting(ByteView bytes) {
  const auto greeting = read_greeting(bytes);
  const auto channel = greeting ? terms_.channels.find(greeting.value().from) : terms_.channels.end();
  if (channel == terms_.channels.end()) return close();
  if (const auto fits = check_greeting(greeting.value(), terms_.network, terms_.self); !fits) {
    if (fits.error().token != Token::wrong_network) return close();
    return part_from_other_network(channel->first, greeting.value().network);
  }
  peer_ = channel->first;
  greeting_.assign(bytes.begin(), bytes.end());
  answer_ = write_answer(channel->second, greeting_, draw());
  stage_ = Stage::proving;
  pending_ = answer_;
  flush();
  if (stage_ == Stage::proving) read_exactly<proof_size>(&Connection::take_proof);
}

/// The other end is told as well: it may be one that only calls.
void Connection::part_from_other_network(PeerPort from, const NetworkId& network) {
  owner_.is_of_other_network(from, network);
  stage_ = Stage::parting;
  pending_ = write_other_network(terms_.network);
  flush();
}

void Connection::take_proof(ByteView bytes) {
  if (!is_proof(terms_.channels.at(peer_), greeting_, answer_, bytes)) return close();
  begin_frames();
}

// ---- frames ----

void Connection::begin_frames() {
  stage_ = Stage::open;
  since_ = SteadyClock::now();
  greeting_.clear();
  answer_.clear();
  reader_.emplace(terms_.max_envelope_bytes);
  incoming_.resize(read_bytes);
  owner_.proven(*this);
  flush();
  read_frames();
}

void Connection::hold(bool held) {
  if (held_ == held) return;
  held_ = held;
  frame_since_ = SteadyClock::now();
  read_frames();
}

void Connection::read_frames() {
  if (held_ || reading_ || !is_open()) return;
  reading_ = true;
  socket_.async_read_some(boost::asio::buffer(incoming_),
                          [self = shared_from_this()](const error_code& error, std::size_t size) {
                            self->reading_ = false;
                            if (self->stage_ == Stage::closed) return;
                            if (error) return self->close();
                            self->take_bytes(ByteView(self->incoming_).first(size));
                            self->read_frames();
                          });
}

void Connection::take_bytes(ByteView bytes) {
  if (!reader_->within_frame()) frame_since_ = SteadyClock::now();
  while (!bytes.empty() && is_open()) {
    auto frame = reader_->take(bytes);
    if (!frame) return close();
    if (!frame.value()) continue;
    since_ = frame_since_ = SteadyClock::now();
    owner_.arrived(*this, std::move(*frame.value()));
  }
}

// ---- writing ----

void Connection::flush() {
  if (!writing_.empty() || pending_.empty() || stage_ == Stage::closed) return;
  writing_.swap(pending_);
  writing_answers_ = std::exchange(pending_answers_, 0);
  written_ = 0;
  write_since_ = SteadyClock::now();
  write_some();
}

void Connection::write_some() {
  socket_.async_write_some(boost::asio::buffer(writing_) + written_,
                           [self = shared_from_this()](const error_code& error, std::size_t size) {
                             if (self->stage_ == Stage::closed) return;
                             if (error) return self->close();
                             self->written_ += size;
                             self->written_in_all_ += size;
                             self->write_since_ = SteadyClock::now();
                             if (self->written_ < self->writing_.size()) return self->write_some();
                             self->written_ = 0;
                             self->writing_.clear();
                             self->writing_answers_ = 0;
                             if (self->writing_.capacity() > kept_buffer_bytes) Bytes().swap(self->writing_);
                             self->since_ = self->write_since_;
                             if (self->stage_ == Stage::parting) return self->close();
                             if (self->is_open()) self->owner_.written(*self);
                             self->flush();
                           });
}

void Connection::close() {
  if (stage_ == Stage::closed) return;
  const auto self = shared_from_this();
  error_code ignored;
  socket_.close(ignored);
  stage_ = Stage::closed;
  owner_.closed(*this);
}

}  // namespace bookchain::transport

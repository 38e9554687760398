// The other end of a socket link, byte by byte, for tests of what a hostile peer can do.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include "tests/transport/sockets.hpp"
#include "tests/transport/tested.hpp"

namespace bookchain::transport::tests {

inline constexpr PeerPort liar{5001};

/// The other end of a connection, byte by byte.
class RawClient {
 public:
  RawClient(const Sockets& sockets, SocketLink& link) : link_(link) {
    auto made = connect_to(sockets.socket(self.value));
    BOOST_REQUIRE(made.has_value());
    descriptor_ = std::move(made).value();
  }
  /// Gives as much as is taken, moving the link in between; false if the connection has ended.
  bool give(ByteView bytes) {
    for (int tries = 0; !bytes.empty() && tries < 10'000; ++tries) {
      const auto sent = ::send(descriptor_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return false;
      if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
      link_.wait(std::chrono::microseconds(200));
    }
    return bytes.empty();
  }
  /// That many bytes, or fewer if the connection ends or nothing comes for a while.
  [[nodiscard]] Bytes take(std::size_t size) {
    Bytes bytes(size);
    std::size_t got = 0;
    for (int tries = 0; got < size && tries < 500; ++tries) {
      const auto read = ::recv(descriptor_.get(), bytes.data() + got, size - got, 0);
      if (read == 0) break;
      if (read > 0) got += static_cast<std::size_t>(read);
      link_.wait(std::chrono::microseconds(200));
    }
    bytes.resize(got);
    return bytes;
  }
  [[nodiscard]] bool has_ended(milliseconds at_most = milliseconds(2'000)) {
    return move_until(
        {&link_},
        [&] {
          std::uint8_t byte = 0;
          const auto read = ::recv(descriptor_.get(), &byte, 1, 0);
          return read == 0 || (read < 0 && errno != EAGAIN);
        },
        at_most);
  }
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }

 private:
  SocketLink& link_;
  Descriptor descriptor_;
};

struct Listening : Sockets {
  std::unique_ptr<SocketLink> link = open(5000);
  Channel channel = channel_of(liar);

  [[nodiscard]] Channel channel_of(PeerPort port) const {
    return Channel::make(world.genesis, world.identities[port.value - 5000U], self).value();
  }
  [[nodiscard]] Greeting greeting(PeerPort from = liar) const {
    return {protocol_version, world.genesis.id(), from, self, Hash{{9}}};
  }
  /// Whoever has the keys of a peer comes through the handshake.
  void prove(RawClient& client, PeerPort port = liar) const {
    const auto said = write_greeting(greeting(port));
    BOOST_REQUIRE(client.give(said));
    const auto answer = client.take(answer_size);
    BOOST_REQUIRE(answer.size() == answer_size);
    BOOST_REQUIRE(client.give(write_proof(channel_of(port), said, answer)));
    BOOST_REQUIRE(move_until({link.get()}, [&] { return link->room_for(port).has_value(); }));
  }
  /// An honest peer still gets its message through.
  void check_others_are_served() const {
    const auto honest = open(5002);
    BOOST_REQUIRE(move_until({link.get(), honest.get()}, [&] { return honest->room_for(self).has_value(); }));
    BOOST_REQUIRE(honest->send(self, {envelope(8)}, {}).has_value());
    BOOST_TEST(move_until({link.get(), honest.get()}, [&] { return link->count_waiting() > 0; }));
    BOOST_TEST((take_all(*link) == std::vector<Bytes>{envelope(8)}));
  }
};

}  // namespace bookchain::transport::tests

// Two peers of a small network, for tests of what travels between them.
#pragma once

#include <boost/filesystem/operations.hpp>

#include "ledger/genesis.hpp"
#include "ledger/node.hpp"
#include "transport/channel.hpp"
#include "transport/environment.hpp"

namespace bookchain::transport::tests {

using namespace ledger;  // NOLINT(google-build-using-namespace)

/// Counts instead of drawing: two draws are never equal, and every run is the same.
class CountingEnvironment final : public Environment {
 public:
  Time time{1'000'000'000};
  [[nodiscard]] Time now() override { return time; }
  void random(std::span<std::uint8_t> out) override {
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<std::uint8_t>(i < 8 ? (drawn_ >> (8 * i)) & 0xffU : 0x5aU);
    }
    ++drawn_;
  }

 private:
  std::uint64_t drawn_ = 1;
};

struct World {
  Genesis genesis;
  std::vector<Identity> identities;
};

/// `salt` makes another network with other keys.
inline World make_world(std::uint8_t salt = 1) {
  std::vector<Identity> identities;
  GenesisFields fields;
  for (std::uint16_t port = 5000; port < 5004; ++port) {
    Identity identity{PeerPort{port}, {}, {}};
    identity.signing_key.bytes.fill(static_cast<std::uint8_t>(salt + port % 100));
    identity.agreement_key.bytes.fill(static_cast<std::uint8_t>(salt + 50 + port % 100));
    fields.peers.push_back(Peer{identity.port, verify_key(identity.signing_key),
                                agreement_point(identity.agreement_key), "spool:" + std::to_string(port) + "/spool"});
    identities.push_back(identity);
  }
  return World{Genesis::make(std::move(fields)).value(), std::move(identities)};
}

inline Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }

/// What could be a sealed message by its size, for links, which open none.
inline Bytes envelope_of(std::string_view text) {
  auto bytes = bytes_of(text);
  bytes.resize(std::max(bytes.size(), seal_overhead));
  return bytes;
}

/// A directory of the test's own.
class Folder {
 public:
  Folder()
      : path_(boost::filesystem::temp_directory_path() / boost::filesystem::unique_path("bookchain-%%%%%%%%%%%%")) {
    boost::filesystem::create_directories(path_);
  }
  ~Folder() {
    boost::system::error_code ignored;
    boost::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] boost::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  boost::filesystem::path path_;
};

}  // namespace bookchain::transport::tests

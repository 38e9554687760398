// What the unit tests share: bytes written as hex, a folder that goes away again, networks whose keys are
// derived from their ports, and the one way in which a failure's token is compared.
#pragma once

#include <boost/filesystem/operations.hpp>
#include <boost/filesystem/path.hpp>
#include <boost/test/unit_test.hpp>
#include <random>
#include <string>
#include <string_view>

#include "ledger/genesis.hpp"
#include "ledger/store/files.hpp"

namespace bookchain::unit {

using namespace ledger;  // NOLINT(google-build-using-namespace)
using boost::filesystem::path;

/// Bytes from hex digits; a digit that is none ends the test.
[[nodiscard]] inline Bytes hex(std::string_view digits) {
  auto bytes = from_hex(digits);
  BOOST_REQUIRE_MESSAGE(bytes, "not hex: " << digits);
  return *bytes;
}

template <class Fixed>
[[nodiscard]] Fixed fixed(std::string_view digits) {
  const auto value = fixed_from_hex<Fixed>(digits);
  BOOST_REQUIRE_MESSAGE(value, "not " << Fixed::size << " bytes of hex: " << digits);
  return *value;
}

/// A value whose bytes all are `byte`.
template <class Fixed>
[[nodiscard]] Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

[[nodiscard]] inline Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }
[[nodiscard]] inline std::string text_of(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

/// The name of the token of a failure, "success" if it is none.
template <class T>
[[nodiscard]] std::string token_of(const Result<T>& result) {
  return result.has_value() ? "success" : std::string(name(result.error().token));
}

template <class T>
void require_success(const Result<T>& result) {
  if (result.has_value()) return;
  const auto& error = result.error();
  BOOST_FAIL(name(error.token) << ": " << error.what << ": " << error.subject);
}
/// What `result` holds; a failure ends the test and is printed.
template <class T>
[[nodiscard]] T value_of(Result<T> result) {
  require_success(result);
  return std::move(result).value();
}

/// Bytes that look random and are the same in every run.
[[nodiscard]] inline Bytes scrambled(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(generator() >> 56U);
  return bytes;
}

class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(boost::filesystem::temp_directory_path() / boost::filesystem::unique_path("bookchain-unit-%%%%%%%%%%")) {
    boost::filesystem::create_directory(path_);
  }
  ~TemporaryFolder() {
    boost::system::error_code ignored;
    boost::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const unit::path& path() const { return path_; }
  [[nodiscard]] unit::path operator/(std::string_view name) const { return path_ / std::string(name); }

 private:
  unit::path path_;
};

inline void write_file(const path& file, ByteView bytes, unsigned mode = 0600) {
  require_success(write_file_durably(file, bytes, mode));
}
[[nodiscard]] inline Bytes read_file(const path& file) {
  return value_of(read_small_file(file, std::size_t{1} << 24U));
}

[[nodiscard]] inline SigningKey signing_key_of(PeerPort port) {
  return rename<SigningKey>(sha256(encode_all(std::uint8_t{1}, port)));
}
[[nodiscard]] inline AgreementKey agreement_key_of(PeerPort port) {
  return rename<AgreementKey>(sha256(encode_all(std::uint8_t{2}, port)));
}

/// Fields of a network of that many peers, with ports from 5000 on.
[[nodiscard]] inline GenesisFields network_fields(std::size_t peers) {
  GenesisFields fields;
  fields.chunk_size = min_chunk_size;
  for (std::size_t i = 0; i < peers; ++i) {
    const PeerPort port{static_cast<std::uint16_t>(5000 + i)};
    fields.peers.push_back(Peer{port, verify_key(signing_key_of(port)), agreement_point(agreement_key_of(port)),
                                "spool:" + std::to_string(port.value) + "/spool"});
  }
  return fields;
}
[[nodiscard]] inline Genesis network_of(std::size_t peers) { return value_of(Genesis::make(network_fields(peers))); }

template <class Body>
[[nodiscard]] Signed<Body> signed_by(const Genesis& genesis, PeerPort port, Body body) {
  return sign_statement(genesis.id(), port, signing_key_of(port), std::move(body));
}

}  // namespace bookchain::unit

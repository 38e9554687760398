// The only source of chance in the simulator: a generator whose whole stream follows from one number
// (xoshiro256**, seeded by splitmix64; both are public domain and the same on every machine). Each use
// has a stream of its own, so that switching one fault off does not change what the others do.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bookchain::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) word = split(seed);
  }
  /// The stream of one use within a seed.
  Random(std::uint64_t seed, std::string_view use) : Random(seed ^ number_of(use)) {}

  std::uint64_t next() {
    const auto result = rotate(state_[1] * 5, 7) * 9;
    const auto shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  /// From 0 to bound - 1. Precondition: bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + below(most - least + 1); }
  bool chance(std::uint64_t in_a_thousand) { return below(1000) < in_a_thousand; }
  void fill(std::span<std::uint8_t> out) {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(next() >> 32U);
  }
  template <class Fixed>
  Fixed draw() {
    Fixed value;
    fill(value.bytes);
    return value;
  }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }
  template <class T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  static std::uint64_t rotate(std::uint64_t value, unsigned bits) { return (value << bits) | (value >> (64U - bits)); }
  static std::uint64_t split(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15U;
    auto mixed = state;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }
  static std::uint64_t number_of(std::string_view use) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char letter : use) hash = (hash ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3U;
    return hash;
  }

  std::array<std::uint64_t, 4> state_{};
};

/// FNV-1a over everything that happens: two runs of one seed must end with the same value.
class TraceHash {
 public:
  void add(std::span<const std::uint8_t> bytes) {
    for (const auto byte : bytes) value_ = (value_ ^ byte) * 0x100000001b3U;
  }
  void add(std::uint64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8) value_ = (value_ ^ ((number >> shift) & 0xffU)) * 0x100000001b3U;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

}  // namespace bookchain::sim

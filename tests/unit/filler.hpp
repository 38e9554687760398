// Fills any value that has a canonical layout with data that looks random, through the very `visit` that
// writes and reads it: a type that gets a new field is covered without a change here.
#pragma once

#include <random>

#include "ledger/codec.hpp"

namespace bookchain::unit {

using namespace ledger;  // NOLINT(google-build-using-namespace)

class Filler {
 public:
  explicit Filler(std::uint64_t seed) : generator_(seed) {}

  template <class T>
  void operator()(std::string_view /*name*/, T& value) {
    fill(value);
  }
  /// Up to three items; what names its signer is put in port order, as the format wants it.
  template <class T>
  void list(std::string_view /*name*/, std::vector<T>& values, std::size_t most) {
    values.resize(below(std::min<std::size_t>(most, 3) + 1));
    std::uint16_t port = 5000;
    for (auto& value : values) {
      fill(value);
      if constexpr (SignedItem<T>) value.signer.value = port++;
    }
  }
  void text(std::string_view /*name*/, std::string& value, std::size_t most) {
    static constexpr std::array<std::string_view, 5> letters{"a", "7", "é", "→", "😀"};
    value.clear();
    for (auto count = below(6); count > 0 && value.size() + 4 <= most; --count) value += letters[below(letters.size())];
  }
  void blob(std::string_view /*name*/, Bytes& value, std::size_t most) {
    value.resize(below(std::min<std::size_t>(most, 20) + 1));
    for (auto& byte : value) byte = static_cast<std::uint8_t>(below(256));
  }

  template <class T>
  void fill(T& value) {
    if constexpr (std::same_as<T, bool>) {
      value = below(2) == 1;
    } else if constexpr (std::unsigned_integral<T>) {
      value = static_cast<T>(generator_());
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(below(static_cast<std::size_t>(EnumBounds<T>::last) + 1));
    } else if constexpr (codec_detail::StrongNumber<T>) {
      value.value = static_cast<typename T::integer>(generator_());
    } else if constexpr (codec_detail::Fixed<T>) {
      for (auto& byte : value.bytes) byte = static_cast<std::uint8_t>(below(256));
    } else if constexpr (codec_detail::is_optional<T>::value) {
      value.reset();
      if (below(2) == 1) fill(value.emplace());
    } else if constexpr (codec_detail::is_variant<T>::value) {
      alternative(below(std::variant_size_v<T>), value);
    } else {
      T::visit(value, *this);
    }
  }

  /// Alternative number `index` of a variant, filled.
  template <std::size_t Index = 0, class... Ts>
  void alternative(std::size_t index, std::variant<Ts...>& value) {
    if constexpr (Index < sizeof...(Ts)) {
      if (index != Index) return alternative<Index + 1>(index, value);
      fill(value.template emplace<Index>());
    }
  }

 private:
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(generator_() % bound); }

  std::mt19937_64 generator_;
};

template <class T>
[[nodiscard]] T filled_value(std::uint64_t seed) {
  T value{};
  Filler(seed).fill(value);
  return value;
}

}  // namespace bookchain::unit

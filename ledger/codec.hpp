// Canonical bytes (docs/formats.md): the one encoding of every value that is signed, hashed, stored
// or sent. A type lists its fields once, in a static `visit`, and that list serves writing, bounded
// reading and printing, so the three cannot drift apart.
//
// Integers are big-endian and of fixed width; bool is 0 or 1; an enum is one byte within its bounds;
// text and bytes carry a 32-bit length, lists a 32-bit count, optionals a 0 or 1, variants a one-byte
// tag. Never allocates more than the bytes at hand justify, but for the first items of a list.
#pragma once

#include <algorithm>
#include <array>
#include <boost/endian/conversion.hpp>
#include <cassert>
#include <concepts>
#include <cstring>
#include <type_traits>
#include <utility>
#include <variant>

#include "ledger/error.hpp"
#include "ledger/types.hpp"

namespace bookchain::ledger {

/// Bounds of an enum on the wire: specialise with `static constexpr E last`; the first is 0.
template <class E>
struct EnumBounds;

/// True for well-formed UTF-8 without surrogates or overlong forms (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

/// Lists that are sets name their key by a `signer`: they are strictly ascending on the wire.
template <class T>
concept SignedItem = requires(const T& item) {
  item.signer.value;
};

namespace codec_detail {
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_variant : std::false_type {};
template <class... Ts>
struct is_variant<std::variant<Ts...>> : std::true_type {};
template <class T>
concept StrongNumber = requires {
  typename T::integer;
};
template <class T>
concept Fixed = requires(T value) {
  { T::size } -> std::convertible_to<std::size_t>;
  value.bytes;
};

/// Where a Writer only counts.
class Count {
 public:
  void raw(ByteView bytes) { size_ += bytes.size(); }
  template <std::unsigned_integral I>
  void integer(I /*value*/) {
    size_ += sizeof(I);
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};

/// Where it writes: there is room for all that comes.
class Room {
 public:
  explicit Room(std::uint8_t* at) : at_(at) {}

  void raw(ByteView bytes) {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  template <std::unsigned_integral I>
  void integer(I value) {
    boost::endian::endian_store<I, sizeof(I), boost::endian::order::big>(at_, value);
    at_ += sizeof(I);
  }
  [[nodiscard]] const std::uint8_t* at() const { return at_; }

 private:
  std::uint8_t* at_;
};

}  // namespace codec_detail

/// Writes canonical bytes to a place of codec_detail; see encode_with().
template <class Place>
class Writer {
 public:
  explicit Writer(Place& place) : place_(place) {}

  template <class T>
  void operator()(std::string_view /*name*/, const T& value) {
    write(value);
  }
  template <class T>
  void list(std::string_view /*name*/, const std::vector<T>& values, std::size_t /*most*/) {
    place_.integer(static_cast<std::uint32_t>(values.size()));
    for (const auto& value : values) write(value);
  }
  void text(std::string_view /*name*/, const std::string& value, std::size_t /*most*/) { counted(view_of(value)); }
  void blob(std::string_view /*name*/, ByteView value, std::size_t /*most*/) { counted(value); }

  void raw(ByteView bytes) { place_.raw(bytes); }

  template <class T>
  void write(const T& value);

 private:
  void counted(ByteView value) {
    place_.integer(static_cast<std::uint32_t>(value.size()));
    raw(value);
  }
  template <class... Ts>
  void alternative(const std::variant<Ts...>& value) {
    place_.integer(static_cast<std::uint8_t>(value.index()));
    std::visit([&](const auto& held) { write(held); }, value);
  }

  Place& place_;
};

/// Reads what Writer wrote. The first fault sticks: after it every read gives a default value, and
/// `fault()` says what was wrong.
class Reader {
 public:
  explicit Reader(ByteView bytes) : left_(bytes) {}

  template <class T>
  void operator()(std::string_view name, T& value) {
    read(name, value);
  }
  template <class T>
  void list(std::string_view name, std::vector<T>& values, std::size_t most) {
    const auto count = integer<std::uint32_t>(name);
    if (count > most) return fail(name, "has too many items");
    if constexpr (codec_detail::Fixed<T>) {
      const auto bytes = take(name, count * T::size);
      values.resize(bytes.size() / T::size);
      for (std::size_t i = 0; i < values.size(); ++i) {
        std::memcpy(values[i].bytes.data(), bytes.data() + i * T::size, T::size);
      }
      return;
    }
    values.reserve(std::min(count, reserved_items));
    for (std::uint32_t i = 0; i < count && !failed(); ++i) {
      T item{};
      read(name, item);
      if constexpr (SignedItem<T>) {
        if (!values.empty() && !(values.back().signer < item.signer)) fail(name, "is not in port order");
      }
      values.push_back(std::move(item));
    }
  }
  void text(std::string_view name, std::string& value, std::size_t most) {
    const auto bytes = counted(name, most);
    value.assign(bytes.begin(), bytes.end());
    if (!is_utf8(value)) fail(name, "is not UTF-8");
  }
  void blob(std::string_view name, Bytes& value, std::size_t most) {
    const auto bytes = counted(name, most);
    value.assign(bytes.begin(), bytes.end());
  }

  /// A blob where it lies: points into the bytes that are read.
  [[nodiscard]] ByteView view(std::string_view name, std::size_t most) { return counted(name, most); }

  [[nodiscard]] bool failed() const { return !fault_.empty(); }
  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] bool at_end() const { return left_.empty(); }

  template <class T>
  void read(std::string_view name, T& value);

 private:
  void fail(std::string_view name, std::string_view what);
  /// Nothing if so many are not left, as after a fault.
  [[nodiscard]] ByteView take(std::string_view name, std::size_t size) {
    if (left_.size() < size) {
      fail(name, "is cut short");
      return {};
    }
    const auto taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  [[nodiscard]] ByteView counted(std::string_view name, std::size_t most);

  template <std::unsigned_integral I>
  [[nodiscard]] I integer(std::string_view name) {
    const auto bytes = take(name, sizeof(I));
    if (bytes.empty()) return I{};
    return boost::endian::endian_load<I, sizeof(I), boost::endian::order::big>(bytes.data());
  }
  template <std::size_t Index = 0, class... Ts>
  void alternative(std::string_view name, std::size_t tag, std::variant<Ts...>& value) {
    if constexpr (Index < sizeof...(Ts)) {
      if (tag != Index) return alternative<Index + 1>(name, tag, value);
      read(name, value.template emplace<Index>());
    } else {
      fail(name, "has an unknown tag");
    }
  }

  /// For so many items of a list there is room at once: those of a network of four peers.
  static constexpr std::uint32_t reserved_items = 4;

  ByteView left_;
  std::string fault_;
};

template <class Place>
template <class T>
void Writer<Place>::write(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    place_.integer(static_cast<std::uint8_t>(value ? 1 : 0));
  } else if constexpr (std::unsigned_integral<T>) {
    place_.integer(value);
  } else if constexpr (std::is_enum_v<T>) {
    place_.integer(static_cast<std::uint8_t>(value));
  } else if constexpr (codec_detail::StrongNumber<T>) {
    place_.integer(value.value);
  } else if constexpr (codec_detail::Fixed<T>) {
    raw(value.view());
  } else if constexpr (codec_detail::is_optional<T>::value) {
    place_.integer(static_cast<std::uint8_t>(value ? 1 : 0));
    if (value) write(*value);
  } else if constexpr (codec_detail::is_variant<T>::value) {
    alternative(value);
  } else {
    T::visit(value, *this);
  }
}

template <class T>
void Reader::read(std::string_view name, T& value) {
  if constexpr (std::same_as<T, bool>) {
    const auto byte = integer<std::uint8_t>(name);
    if (byte > 1) fail(name, "is not a truth value");
    value = byte == 1;
  } else if constexpr (std::unsigned_integral<T>) {
    value = integer<T>(name);
  } else if constexpr (std::is_enum_v<T>) {
    const auto byte = integer<std::uint8_t>(name);
    if (byte > static_cast<std::uint8_t>(EnumBounds<T>::last)) return fail(name, "has an unknown value");
    value = static_cast<T>(byte);
  } else if constexpr (codec_detail::StrongNumber<T>) {
    value.value = integer<typename T::integer>(name);
  } else if constexpr (codec_detail::Fixed<T>) {
    const auto bytes = take(name, T::size);
    if (bytes.size() == T::size) std::memcpy(value.bytes.data(), bytes.data(), T::size);
  } else if constexpr (codec_detail::is_optional<T>::value) {
    bool present = false;
    read(name, present);
    if (present && !failed()) read(name, value.emplace());
  } else if constexpr (codec_detail::is_variant<T>::value) {
    alternative(name, integer<std::uint8_t>(name), value);
  } else {
    T::visit(value, *this);
  }
}

/// Appends what `write` writes to the Writer that it is given. It is called twice, to count and to write, and writes
/// the same both times.
template <class Write>
void append_with(Bytes& bytes, const Write& write) {
  codec_detail::Count count;
  Writer counter(count);
  write(counter);
  const auto before = bytes.size();
  bytes.resize(before + count.size());
  codec_detail::Room room(bytes.data() + before);
  Writer writer(room);
  write(writer);
  assert(room.at() == bytes.data() + bytes.size());
}

/// Several values and raw bytes, one after another.
template <class Write>
[[nodiscard]] Bytes encode_with(const Write& write) {
  Bytes bytes;
  append_with(bytes, write);
  return bytes;
}

template <class T>
[[nodiscard]] Bytes encode(const T& value) {
  return encode_with([&](auto& writer) { writer.write(value); });
}

/// How many bytes encode() gives.
template <class T>
[[nodiscard]] std::size_t encoded_size(const T& value) {
  codec_detail::Count count;
  Writer(count).write(value);
  return count.size();
}

/// Several values, one after another: keys of the store, hashed tuples.
template <class... Ts>
[[nodiscard]] Bytes encode_all(const Ts&... values) {
  return encode_with([&](auto& writer) { (writer.write(values), ...); });
}

/// Token `bad-message` if `bytes` is not exactly the canonical encoding of a T.
template <class T>
[[nodiscard]] Result<T> decode(ByteView bytes) {
  Reader reader(bytes);
  T value{};
  reader.read("", value);
  if (reader.failed()) return Error{Token::bad_message, "not in canonical form", reader.fault(), {}};
  if (!reader.at_end()) return Error{Token::bad_message, "not in canonical form", "bytes left over", {}};
  return value;
}

}  // namespace bookchain::ledger

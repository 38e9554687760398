// Golden files below tests/vectors/formats: compared byte for byte, or written anew where the
// environment has BOOKCHAIN_REGENERATE=1, so that a change of format shows as a diff of these files. Also
// prints any value of the ledger as JSON by the list of fields that encodes it.
#pragma once

#include <nlohmann/json.hpp>

#include "ledger/codec.hpp"

namespace bookchain::golden {

/// Compares with the file of that name and reports the first line that differs.
void check_golden(const std::string& name, const std::string& text);
/// With one space of indentation.
void check_golden(const std::string& name, const nlohmann::ordered_json& json);

[[nodiscard]] std::string read_golden(const std::string& name);

template <class T>
[[nodiscard]] nlohmann::ordered_json json_of(const T& value);

/// A visitor like Writer: hex for bytes, numbers for numbers and enums, null for an absent optional.
class JsonWriter {
 public:
  template <class T>
  void operator()(std::string_view name, const T& value) {
    out_[std::string(name)] = json_of(value);
  }
  template <class T>
  void list(std::string_view name, const std::vector<T>& values, std::size_t /*most*/) {
    auto items = nlohmann::ordered_json::array();
    for (const auto& value : values) items.push_back(json_of(value));
    out_[std::string(name)] = std::move(items);
  }
  void text(std::string_view name, const std::string& value, std::size_t /*most*/) { out_[std::string(name)] = value; }
  void blob(std::string_view name, const ledger::Bytes& value, std::size_t /*most*/) {
    out_[std::string(name)] = ledger::to_hex(value);
  }
  [[nodiscard]] nlohmann::ordered_json take() { return std::move(out_); }

 private:
  nlohmann::ordered_json out_ = nlohmann::ordered_json::object();
};

template <class T>
nlohmann::ordered_json json_of(const T& value) {
  if constexpr (std::same_as<T, bool> || std::unsigned_integral<T>) {
    return value;
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<unsigned>(value);
  } else if constexpr (ledger::codec_detail::StrongNumber<T>) {
    return value.value;
  } else if constexpr (ledger::codec_detail::Fixed<T>) {
    return ledger::to_hex(value);
  } else if constexpr (ledger::codec_detail::is_optional<T>::value) {
    return value ? json_of(*value) : nlohmann::ordered_json();
  } else if constexpr (ledger::codec_detail::is_variant<T>::value) {
    return {{"tag", value.index()}, {"value", std::visit([](const auto& held) { return json_of(held); }, value)}};
  } else {
    JsonWriter writer;
    T::visit(value, writer);
    return writer.take();
  }
}

}  // namespace bookchain::golden

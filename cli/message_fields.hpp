// Every field of a message as JSON, for show-message: walks the same `visit` that writing and reading of
// the canonical bytes use, so no field can be forgotten. Hashes, ids and keys are hex, ports and heights
// numbers, claimed times text; statements carry the name of their type.
#pragma once

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "transport/delivery.hpp"

namespace bookchain::cli {

/// The fields of one value, an object.
template <class T>
[[nodiscard]] Json fields_of(const T& value);

class FieldWriter {
 public:
  template <class T>
  void operator()(std::string_view name, const T& value) {
    fields_[std::string(name)] = json_of(value);
  }
  template <class T>
  void list(std::string_view name, const std::vector<T>& values, std::size_t /*most*/) {
    auto& items = fields_[std::string(name)] = Json::array();
    for (const auto& value : values) items.push_back(json_of(value));
  }
  void text(std::string_view name, const std::string& value, std::size_t /*most*/) {
    fields_[std::string(name)] = value;
  }
  void blob(std::string_view name, const ledger::Bytes& value, std::size_t /*most*/) {
    fields_[std::string(name)] = ledger::to_hex(value);
  }
  [[nodiscard]] Json take() { return std::move(fields_); }

 private:
  template <class T>
  struct is_signed : std::false_type {};
  template <class Body>
  struct is_signed<ledger::Signed<Body>> : std::true_type {};

  /// Which of several things stands here, where that is not said by a statement's type.
  static constexpr std::string_view kind_of(const ledger::BadChunk& /*proof*/) { return "bad-chunk"; }
  static constexpr std::string_view kind_of(const ledger::BadDeal& /*proof*/) { return "bad-deal"; }
  template <class Proof>
  static std::string_view kind_of(const Proof& proof) {
    return ledger::fault(ledger::Evidence(proof));
  }

  template <class T>
  static Json alternative(const T& held) {
    if constexpr (is_signed<T>::value) {
      return json_of(held);
    } else {
      Json value{{"kind", kind_of(held)}};
      value.update(fields_of(held));
      return value;
    }
  }

  template <class T>
  static Json json_of(const T& value) {
    namespace detail = ledger::codec_detail;
    if constexpr (std::same_as<T, bool> || std::unsigned_integral<T>) {
      return value;
    } else if constexpr (std::is_enum_v<T>) {
      return name(value);
    } else if constexpr (std::same_as<T, ledger::Time>) {
      return write_iso_time(value);
    } else if constexpr (detail::StrongNumber<T>) {
      return value.value;
    } else if constexpr (detail::Fixed<T>) {
      return ledger::to_hex(value);
    } else if constexpr (detail::is_optional<T>::value) {
      return value ? json_of(*value) : Json(nullptr);
    } else if constexpr (detail::is_variant<T>::value) {
      return std::visit([](const auto& held) { return alternative(held); }, value);
    } else if constexpr (is_signed<T>::value) {
      Json statement{{"statement", name(decltype(value.body)::type)}};
      statement.update(fields_of(value));
      return statement;
    } else {
      return fields_of(value);
    }
  }

  Json fields_ = Json::object();
};

template <class T>
Json fields_of(const T& value) {
  FieldWriter writer;
  T::visit(value, writer);
  return writer.take();
}

/// The fields of whatever kind of message it is.
[[nodiscard]] Json message_fields(const ledger::Message& message);
[[nodiscard]] Json note_fields(const transport::DeliveryNote& note);

/// Fields as indented lines for people, everything printable; `indent` columns to the left.
[[nodiscard]] std::string fields_text(const Json& fields, std::size_t indent);

}  // namespace bookchain::cli

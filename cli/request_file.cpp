#include "cli/request_file.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "ledger/book.hpp"
#include "ledger/codec.hpp"

namespace bookchain::cli {

using ledger::Error;
using ledger::Result;
using ledger::Token;

namespace {

constexpr std::array<std::string_view, 3> keys{"sender_port", "receiver_port", "book_value"};

/// Takes the parser's events one by one, so that a repeated key is seen and depth costs nothing.
class RequestReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit RequestReader(const std::string& file) : file_(file) {}

  bool null() override { return wrong_type(); }
  bool boolean(bool /*value*/) override { return wrong_type(); }
  bool number_integer(number_integer_t /*value*/) override { return wrong_type(); }  // the negative ones
  bool number_unsigned(number_unsigned_t value) override { return take(std::to_string(value)); }
  bool number_float(number_float_t /*value*/, const string_t& text) override { return take(text); }  // huge ones, too
  bool string(string_t& value) override { return take(value); }
  bool binary(binary_t& /*value*/) override { return wrong_type(); }
  bool start_object(std::size_t /*size*/) override {
    if (depth_++ > 0) return wrong_type();
    return true;
  }
  bool end_object() override { return true; }
  bool start_array(std::size_t /*size*/) override { return wrong_type(); }
  bool end_array() override { return true; }

  bool key(string_t& name) override {
    const auto found = std::ranges::find(keys, name);
    if (found == keys.end()) return fail(Token::unknown_key, "a key is not known here", name);
    current_ = static_cast<std::size_t>(found - keys.begin());
    if (values_[current_]) return fail(Token::repeated_key, "a key stands twice", name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    if (!fault_)
      fault_ = Error{Token::bad_json, "the text is not JSON", file_ + ": byte " + std::to_string(position), {}};
    return false;
  }

  [[nodiscard]] Result<RequestFile> finish() {
    if (fault_) return *fault_;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!values_[i]) return fault(Token::missing_key, "a required key is missing", keys[i]);
    }
    BOOKCHAIN_TRY(const auto sender, port(0));
    BOOKCHAIN_TRY(const auto receiver, port(1));
    return RequestFile{sender, receiver, *values_[2]};
  }

 private:
  [[nodiscard]] Error fault(Token token, std::string what, std::string_view name) const {
    return Error{token, std::move(what), file_ + ": " + std::string(name), {}};
  }
  bool fail(Token token, std::string what, std::string_view name) {
    if (!fault_) fault_ = fault(token, std::move(what), name);
    return false;
  }
  bool wrong_type() {
    if (depth_ == 0) return fail(Token::bad_type, "a JSON object is wanted", "the whole file");
    return fail(Token::bad_type, "a whole decimal number is wanted, as text or number", keys[current_]);
  }
  /// The value of the current key: digits alone, and no needless zeros before them.
  bool take(const std::string& text) {
    const bool digits = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (depth_ == 0 || !digits || (text.size() > 1 && text.front() == '0')) return wrong_type();
    if (!ledger::is_value(text)) return fail(Token::bad_value, "a number is out of range", keys[current_]);
    values_[current_] = text;
    return true;
  }
  [[nodiscard]] Result<ledger::PeerPort> port(std::size_t index) const {
    const auto& text = *values_[index];
    const unsigned long number = text.size() > 5 ? 0 : std::stoul(text);
    if (number < 1 || number > 65535) return fault(Token::bad_value, "a port is from 1 to 65535", keys[index]);
    return ledger::PeerPort{static_cast<std::uint16_t>(number)};
  }

  const std::string& file_;
  int depth_ = 0;
  std::size_t current_ = 0;
  std::array<std::optional<std::string>, keys.size()> values_;
  std::optional<Error> fault_;
};

}  // namespace

Result<RequestFile> read_request_file(const std::string& file, const std::string& text) {
  if (!ledger::is_utf8(text)) return Error{Token::bad_json, "the text is not JSON", file + ": not UTF-8", {}};
  RequestReader reader(file);
  // Strict: nothing may follow the object. Events return false at the first fault, which ends parsing.
  nlohmann::json::sax_parse(text, &reader, nlohmann::json::input_format_t::json, true);
  return reader.finish();
}

}  // namespace bookchain::cli

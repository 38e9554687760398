#include "cli/strict_yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "cli/printable.hpp"
#include "ledger/codec.hpp"

namespace bookchain::cli {

using ledger::Error;
using ledger::Result;
using ledger::success;
using ledger::Token;

namespace {

constexpr std::size_t max_depth = 16;

/// Builds the tree from yaml-cpp's events, which still know of anchors, aliases, tags and repeated keys.
/// The first fault sticks and the rest of the text is passed over.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file) : file_(file) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) fail(Token::bad_config, "there is more than one document", mark, {});
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // A value that was left out is marked where the next token stands: its place is that of its key.
    auto place_of_key = mark;
    if (!levels_.empty() && levels_.back().key) place_of_key.line = levels_.back().key_line;
    add_scalar(place_of_key, "?", anchor, {});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    fail(Token::bad_config, "aliases are not allowed", mark, {});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    add_scalar(mark, tag, anchor, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  void fail(Token token, std::string what, const YAML::Mark& mark, const std::string& key) {
    if (fault_) return;
    auto subject = file_ + ":" + std::to_string(mark.line + 1);
    if (!key.empty()) subject += ": " + key;
    fault_ = Error{token, std::move(what), std::move(subject), {}};
  }

  [[nodiscard]] Result<YamlNode> take() {
    if (fault_) return *fault_;
    if (documents_ == 0) return Error{Token::bad_config, "the file is empty", file_, {}};
    return std::move(root_);
  }

 private:
  /// A map or list that is being filled; `key` is set between a key and its value.
  struct Level {
    YamlNode node;
    std::optional<std::string> key;
    int key_line{};  ///< as yaml-cpp counts, from 0
  };

  bool refused(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) fail(Token::bad_config, "anchors are not allowed", mark, {});
    if (!tag.empty() && tag != "?" && tag != "!") fail(Token::bad_config, "tags are not allowed", mark, {});
    return fault_.has_value();
  }

  void add_scalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, std::string value) {
    if (refused(mark, tag, anchor)) return;
    const bool is_key = !levels_.empty() && levels_.back().node.kind == YamlNode::Kind::map && !levels_.back().key;
    if (is_key) {
      const auto& fields = levels_.back().node.fields;
      const bool known = std::ranges::any_of(fields, [&](const auto& field) { return field.name == value; });
      if (known) return fail(Token::repeated_key, "a key stands twice", mark, value);
      levels_.back().key = std::move(value);
      levels_.back().key_line = mark.line;
      return;
    }
    place(YamlNode{YamlNode::Kind::scalar, mark.line + 1, tag == "!", std::move(value), {}, {}});
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (refused(mark, tag, anchor)) return;
    const bool as_key = !levels_.empty() && levels_.back().node.kind == YamlNode::Kind::map && !levels_.back().key;
    if (as_key) return fail(Token::bad_config, "a key must be a word", mark, {});
    if (levels_.size() >= max_depth) return fail(Token::bad_config, "values are nested too deep", mark, {});
    levels_.push_back(Level{YamlNode{kind, mark.line + 1, false, {}, {}, {}}, std::nullopt, 0});
  }

  void close() {
    if (fault_) return;
    auto node = std::move(levels_.back().node);
    levels_.pop_back();
    place(std::move(node));
  }

  void place(YamlNode node) {
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& level = levels_.back();
    if (level.node.kind == YamlNode::Kind::list) {
      level.node.items.push_back(std::move(node));
    } else {
      level.node.fields.push_back({std::move(*level.key), std::move(node)});
      level.key.reset();
    }
  }

  const std::string& file_;
  int documents_ = 0;
  std::vector<Level> levels_;
  YamlNode root_;
  std::optional<Error> fault_;
};

const YamlNode* find(const YamlNode& node, std::string_view key) {
  for (const auto& [name, value] : node.fields) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string below(const std::string& key, std::string_view name) {
  return key.empty() ? std::string(name) : key + "." + std::string(name);
}

}  // namespace

Result<YamlNode> parse_strict_yaml(const std::string& file, const std::string& text) {
  // A zero byte is no text either: yaml-cpp would guess UTF-16 from it, and read other characters than these.
  const bool is_text = ledger::is_utf8(text) && text.find('\0') == std::string::npos;
  if (!is_text) return Error{Token::bad_config, "the file is not UTF-8 text", file, {}};
  TreeBuilder builder(file);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    builder.fail(Token::bad_config, "the file is not YAML: " + printable(error.msg), error.mark, {});
  }
  return builder.take();
}

Error YamlView::fault(Token token, std::string what) const {
  auto subject = *file_ + ":" + std::to_string(node_->line);
  if (!key_.empty()) subject += ": " + key_;
  return Error{token, std::move(what), std::move(subject), {}};
}

Result<void> YamlView::check_keys(std::initializer_list<std::string_view> known) const {
  if (node_->kind != YamlNode::Kind::map) return fault(Token::bad_type, "keys with values are wanted here");
  for (const auto& [name, value] : node_->fields) {
    if (std::ranges::find(known, name) == known.end()) {
      return YamlView(*file_, value, below(key_, name)).fault(Token::unknown_key, "a key is not known here");
    }
  }
  return success();
}

bool YamlView::has(std::string_view key) const { return find(*node_, key) != nullptr; }

Result<YamlView> YamlView::at(std::string_view key) const {
  if (node_->kind != YamlNode::Kind::map) return fault(Token::bad_type, "keys with values are wanted here");
  const auto* value = find(*node_, key);
  if (value == nullptr) {
    return YamlView(*file_, *node_, below(key_, key)).fault(Token::missing_key, "a required key is missing");
  }
  return YamlView(*file_, *value, below(key_, key));
}

Result<std::vector<YamlView>> YamlView::list() const {
  if (node_->kind != YamlNode::Kind::list) return fault(Token::bad_type, "a list is wanted here");
  std::vector<YamlView> views;
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    views.emplace_back(*file_, node_->items[i], key_ + "[" + std::to_string(i) + "]");
  }
  return views;
}

Result<std::vector<std::pair<std::string, YamlView>>> YamlView::map() const {
  if (node_->kind != YamlNode::Kind::map) return fault(Token::bad_type, "keys with values are wanted here");
  std::vector<std::pair<std::string, YamlView>> views;
  for (const auto& [name, value] : node_->fields) {
    views.emplace_back(name, YamlView(*file_, value, below(key_, name)));
  }
  return views;
}

Result<std::uint64_t> YamlView::number(std::uint64_t least, std::uint64_t most) const {
  const auto& text = node_->text;
  const bool digits = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const bool canonical = digits && (text.size() == 1 || text.front() != '0');
  if (node_->kind != YamlNode::Kind::scalar || node_->quoted || !canonical) {
    return fault(Token::bad_type, "a whole decimal number is wanted here");
  }
  std::uint64_t value = 0;
  for (const char digit : text) {
    const auto unit = static_cast<std::uint64_t>(digit - '0');
    const bool too_large = value > (std::numeric_limits<std::uint64_t>::max() - unit) / 10;
    if (too_large) return fault(Token::bad_value, "a number is out of range");
    value = value * 10 + unit;
  }
  if (value < least || value > most) {
    return fault(Token::bad_value,
                 "a number is out of range (" + std::to_string(least) + " to " + std::to_string(most) + ")");
  }
  return value;
}

Result<bool> YamlView::truth() const {
  if (node_->kind == YamlNode::Kind::scalar && !node_->quoted) {
    if (node_->text == "true") return true;
    if (node_->text == "false") return false;
  }
  return fault(Token::bad_type, "true or false is wanted here");
}

Result<std::string> YamlView::text() const {
  if (node_->kind != YamlNode::Kind::scalar) return fault(Token::bad_type, "text is wanted here");
  if (node_->text.find('\0') != std::string::npos) return fault(Token::bad_value, "the text holds a zero byte");
  // Plain words that YAML takes for something else are no text; whoever means the word quotes it.
  const bool other = !node_->quoted && (node_->text.empty() || node_->text == "~" || node_->text == "null" ||
                                        node_->text == "true" || node_->text == "false");
  if (other) return fault(Token::bad_type, "text is wanted here");
  return node_->text;
}

std::string in_quotes(std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x20U || byte == 0x7fU) {
      out += {'\\', 'x', digits[byte >> 4U], digits[byte & 15U]};
      continue;
    }
    if (letter == '"' || letter == '\\') out.push_back('\\');
    out.push_back(letter);
  }
  return out + "\"";
}

}  // namespace bookchain::cli

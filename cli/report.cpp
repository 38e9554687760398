#include "cli/report.hpp"

#include <unistd.h>
#include <yaml-cpp/emitter.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "ledger/store/files.hpp"

namespace bookchain::cli {

using ledger::Error;

namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool colors_on(const GlobalOptions& global, int descriptor) {
  switch (global.color) {
    case Color::always: return true;
    case Color::never: return false;
    case Color::automatic: break;
  }
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return ::isatty(descriptor) == 1 && !is_set("NO_COLOR") && !dumb;
}

/// A bar needs a terminal that knows where the line begins; one that wants no colours has no bar drawn over it either.
ProgressStyle style_of_progress(const GlobalOptions& global) {
  if (global.quiet) return ProgressStyle::none;
  if (global.format == Format::json) return ProgressStyle::events;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  return terminal && colors_on(global, STDERR_FILENO) ? ProgressStyle::bar : ProgressStyle::lines;
}

void print_error(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

void emit(YAML::Emitter& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      out << YAML::BeginMap;
      for (const auto& [key, field] : value.items()) {
        out << YAML::Key << key << YAML::Value;
        emit(out, field);
      }
      out << YAML::EndMap;
      return;
    case Json::value_t::array:
      if (value.empty()) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const auto& item : value) emit(out, item);
      out << YAML::EndSeq;
      return;
    case Json::value_t::string: out << YAML::DoubleQuoted << value.get_ref<const std::string&>(); return;
    case Json::value_t::boolean: out << (value.get<bool>() ? "true" : "false"); return;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float: out << value.dump(); return;
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded: out << YAML::Null; return;
  }
}

}  // namespace

std::string to_json_line(const Json& value) { return value.dump(-1, ' ', true, Json::error_handler_t::replace); }

std::string to_yaml(const Json& value) {
  YAML::Emitter out;
  out.SetOutputCharset(YAML::EscapeNonAscii);
  emit(out, value);
  return std::string(out.c_str(), out.size()) + "\n";
}

std::string sentence(const Error& error) {
  auto text = printable(error.what);
  if (error.subject.empty()) return text;
  text += ": \"";
  for (const char c : printable(error.subject)) text += c == '"' ? std::string("\\\"") : std::string(1, c);
  return text + "\"";
}

std::string without_quotes(std::string words) {
  std::ranges::replace(words, '"', '\'');
  return words;
}

Report::Report(const GlobalOptions& global)
    : format_(global.format),
      quiet_(global.quiet),
      verbose_(global.verbose),
      colors_(global.format == Format::text && colors_on(global, STDOUT_FILENO)),
      error_colors_(colors_on(global, STDERR_FILENO)),
      progress_(style_of_progress(global)) {}

std::string Report::paint(const char* code, const std::string& text) const {
  if (!colors_ || text.empty()) return text;
  return std::string("\x1b[") + code + "m" + text + "\x1b[0m";
}

/// Not through stdio, which takes a signal for a failed write.
bool Report::print(const std::string& text) const {
  if (failure_of_stdout_) return false;
  if (held_ != nullptr) {
    *held_ += text;
    return true;
  }
  const ledger::ByteView bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  const auto written = ledger::write_all(STDOUT_FILENO, bytes, "standard output");
  if (!written) failure_of_stdout_ = written.error().token;
  return written.has_value();
}

Error Report::unwritten(const char* what) const {
  const bool full = failure_of_stdout_ == ledger::Token::disk_full;
  return Error{full ? ledger::Token::disk_full : ledger::Token::io, what, "standard output", {}};
}

bool Report::result(const Answer& answer) const {
  if (answer.printed) return !failure_of_stdout_;
  Json value = Json::object();
  value["schema"] = 1;
  for (const auto& [key, field] : answer.value.items()) value[key] = field;
  switch (format_) {
    case Format::text: return print(quiet_ ? answer.brief.value_or(answer.text) : answer.text);
    case Format::json: return print(to_json_line(value) + "\n");
    case Format::yaml: return print(to_yaml(value));
  }
  return false;
}

bool Report::event(const Json& value, const std::string& text) const {
  return event_from([&] { return value; }, [&] { return text; });
}

bool Report::event_from(const std::function<Json()>& value, const std::function<std::string()>& text) const {
  switch (format_) {
    case Format::text: {
      const auto line = quiet_ ? std::string() : text();
      return print(line.empty() ? "" : line + "\n");
    }
    case Format::json: {
      Json line = Json::object();
      line["schema"] = 1;
      line.update(value());
      return print(to_json_line(line) + "\n");
    }
    case Format::yaml: return print("---\n" + to_yaml(value()));
  }
  return false;
}

void Report::error(const Error& error) const {
  if (format_ == Format::json) {
    Json line;
    line["schema"] = 1;
    line["error"]["token"] = ledger::name(error.token);
    line["error"]["message"] = sentence(error);
    line["error"]["hint"] = error.hint.empty() ? Json(nullptr) : Json(printable(error.hint));
    return print_error(to_json_line(line) + "\n");
  }
  const std::string mark = error_colors_ ? "\x1b[31merror:\x1b[0m " : "error: ";
  print_error("bookchain: " + mark + sentence(error) + " [" + std::string(ledger::name(error.token)) + "]\n");
  if (!error.hint.empty()) print_error("bookchain: hint: " + printable(error.hint) + "\n");
}

void Report::warning(const std::string& text) const { print_error("bookchain: warning: " + printable(text) + "\n"); }

void Report::note(const std::string& text) const {
  if (quiet_ || format_ != Format::text) return;
  print_error("bookchain: " + printable(text) + "\n");
}

std::string TextTable::draw(const Report& report) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows_[r].size(); ++i) {
      const auto& cell = rows_[r][i];
      const std::string filling(widths[i] - width(cell), ' ');
      const bool right = std::ranges::find(right_, i) != right_.end();
      const bool last = i + 1 == rows_[r].size();
      if (right) {
        line += filling + cell;
      } else {
        line += last ? cell : cell + filling;
      }
      if (!last) line += "  ";
    }
    text += (r == 0 ? report.faint(line) : line) + "\n";
  }
  return text;
}

std::string write_size(std::uint64_t bytes) {
  static constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double scaled = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // What would be rounded to 1024 or to 10.0 is written as the next step has it.
  while (scaled >= 1023.5 && unit + 1 < units.size()) {
    scaled /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), scaled < 9.95 ? "%.1f %s" : "%.0f %s", scaled, units[unit]);
  return text.data();
}

}  // namespace bookchain::cli

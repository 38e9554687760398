// All printing of the program: results on stdout as text, JSON or YAML, everything else on stderr.
// One command gives one JSON object; `serve` gives one a line. Text of others is made printable here
// or by the command that puts it into its own lines.
#pragma once

#include <functional>
#include <string>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "ledger/types.hpp"

namespace bookchain::cli {

/// How long work is shown on stderr.
enum class ProgressStyle : std::uint8_t { none, bar, lines, events };

/// The first 12 digits of an id, as commands and tables name it.
template <class Fixed>
[[nodiscard]] std::string short_id(const Fixed& id) {
  return ledger::to_hex(id).substr(0, 12);
}

class Report {
 public:
  /// Looks at the two streams and the environment once, for colours and progress bars.
  explicit Report(const GlobalOptions& global);

  /// Prints a result in the format asked for. False if stdout takes no more.
  [[nodiscard]] bool result(const Answer& answer) const;
  /// One line of `serve`, at once: a JSON object, or the text unless it is empty or -q is given. False if stdout takes
  /// no more.
  [[nodiscard]] bool event(const Json& value, const std::string& text) const;
  /// The same for what every turn tells: only what is printed is made.
  [[nodiscard]] bool event_from(const std::function<Json()>& value, const std::function<std::string()>& text) const;
  /// What is printed while it lives is written together.
  class Together {
   public:
    explicit Together(const Report& report) : report_(report) { report_.held_ = &text_; }
    Together(const Together&) = delete;
    Together& operator=(const Together&) = delete;
    ~Together() { (void)write(); }
    /// Writes it now, at the latest at its end. False if stdout takes no more.
    bool write() {
      report_.held_ = nullptr;
      return report_.print(std::exchange(text_, {}));
    }

   private:
    const Report& report_;
    std::string text_;
  };
  /// Why stdout takes no more, after one of the two said so: `disk-full` or `io`.
  [[nodiscard]] ledger::Error unwritten(const char* what) const;
  void error(const ledger::Error& error) const;
  void warning(const std::string& text) const;
  /// What only matters to people watching; nothing with -q or in other formats.
  void note(const std::string& text) const;

  [[nodiscard]] Format format() const { return format_; }
  [[nodiscard]] bool quiet() const { return quiet_; }
  [[nodiscard]] bool verbose() const { return verbose_; }
  [[nodiscard]] ProgressStyle progress() const { return progress_; }

  /// An id in text for people: its first digits, with -v all of them.
  template <class Fixed>
  [[nodiscard]] std::string id(const Fixed& id) const {
    return verbose_ ? ledger::to_hex(id) : short_id(id);
  }

  // Colours for text on stdout; the text itself where there are none.
  [[nodiscard]] std::string bold(const std::string& text) const { return paint("1", text); }
  [[nodiscard]] std::string faint(const std::string& text) const { return paint("2", text); }
  [[nodiscard]] std::string good(const std::string& text) const { return paint("32", text); }
  [[nodiscard]] std::string bad(const std::string& text) const { return paint("31", text); }

 private:
  [[nodiscard]] std::string paint(const char* code, const std::string& text) const;
  /// Writes all of it to stdout, unless that took no more before.
  [[nodiscard]] bool print(const std::string& text) const;

  Format format_;
  bool quiet_;
  bool verbose_;
  bool colors_;
  bool error_colors_;
  ProgressStyle progress_;
  mutable std::optional<ledger::Token> failure_of_stdout_;  ///< of the first write that failed
  mutable std::string* held_ = nullptr;                     ///< gathers what is printed together
};

/// One line of JSON in ASCII, so that no terminal is harmed by what stands in it.
[[nodiscard]] std::string to_json_line(const Json& value);
[[nodiscard]] std::string to_yaml(const Json& value);

/// "what: \"subject\"", both printable, as it stands in errors; quotes within the subject are written \".
[[nodiscard]] std::string sentence(const ledger::Error& error);
/// Words of others, for the part of an error that stands outside its quotes.
[[nodiscard]] std::string without_quotes(std::string words);

/// A table for people: columns aligned, two spaces between them, no rules.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// Columns named here are aligned to the right.
  void align_right(std::size_t column) { right_.push_back(column); }
  [[nodiscard]] std::string draw(const Report& report) const;
  [[nodiscard]] bool empty() const { return rows_.size() == 1; }

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> right_;
};

/// "1.5 MiB", "17 B".
[[nodiscard]] std::string write_size(std::uint64_t bytes);

}  // namespace bookchain::cli

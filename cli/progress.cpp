#include "cli/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace bookchain::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds bar_begins{300};
constexpr milliseconds between_bars{100};
constexpr milliseconds between_lines{5'000};
constexpr milliseconds between_events{1'000};
constexpr std::size_t bar_width = 24;

std::string amount(ProgressUnit unit, std::uint64_t count) {
  switch (unit) {
    case ProgressUnit::bytes: return write_size(count);
    case ProgressUnit::blocks: return std::to_string(count) + (count == 1 ? " block" : " blocks");
  }
  return {};
}

std::string rate_text(ProgressUnit unit, const Advance& advance) {
  return amount(unit, static_cast<std::uint64_t>(std::llround(advance.rate()))) + "/s";
}

std::string percent(double part) { return std::to_string(static_cast<int>(part * 100)) + " %"; }

std::string left_text(double seconds) {
  constexpr double most = 359'999;  // 99:59:59
  const auto whole = static_cast<unsigned>(std::lround(std::min(seconds, most)));
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%u:%02u:%02u left", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%u:%02u left", whole / 60, whole % 60);
  }
  return text;
}

std::size_t terminal_columns() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : std::size_t{80};
}

}  // namespace

double Advance::rate() const { return passed.count() > 0 ? static_cast<double>(done) / passed.count() : 0; }

std::optional<double> Advance::part() const {
  if (in_all == 0) return std::nullopt;
  return std::min(static_cast<double>(done) / static_cast<double>(in_all), 1.0);
}

std::optional<double> Advance::seconds_left() const {
  if (in_all == 0 || done == 0) return std::nullopt;
  return static_cast<double>(in_all - std::min(done, in_all)) / rate();
}

std::string progress_bar(const std::string& what, ProgressUnit unit, const Advance& advance, std::size_t columns) {
  const auto part = advance.part();
  const auto left = advance.seconds_left();
  const auto numbers = (part ? "  " + percent(*part) : "  " + amount(unit, advance.done)) + "  " +
                       rate_text(unit, advance) + (left ? "  " + left_text(*left) : std::string());
  const auto full = static_cast<std::size_t>(part.value_or(0) * bar_width);
  auto bar = " [" + std::string(full, '#') + std::string(bar_width - full, '.') + "]";
  // A line that is wrapped could not be drawn over.
  if (!part || what.size() + bar.size() + numbers.size() >= columns) bar.clear();
  return (what + bar + numbers).substr(0, columns > 0 ? columns - 1 : 0);
}

std::string progress_line(const std::string& what, ProgressUnit unit, const Advance& advance) {
  auto text = what + ": " + amount(unit, advance.done);
  if (const auto part = advance.part()) text += " of " + amount(unit, advance.in_all) + " (" + percent(*part) + ")";
  text += ", " + rate_text(unit, advance);
  if (const auto left = advance.seconds_left()) text += ", " + left_text(*left);
  return text;
}

Json progress_value(const std::string& what, ProgressUnit unit, const Advance& advance) {
  const auto left = advance.seconds_left();
  Json value;
  value["what"] = what;
  value["unit"] = unit == ProgressUnit::bytes ? "bytes" : "blocks";
  value["done"] = advance.done;
  value["total"] = advance.in_all == 0 ? Json(nullptr) : Json(advance.in_all);
  value["rate"] = std::llround(advance.rate());
  value["seconds_left"] = left ? Json(std::llround(*left)) : Json(nullptr);
  return value;
}

WorkProgress::WorkProgress(const Report& report, std::string what, ProgressUnit unit, Stop stop)
    : report_(report), what_(std::move(what)), unit_(unit), stop_(stop), began_(Clock::now()), last_(began_) {}

WorkProgress::~WorkProgress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

bool WorkProgress::advanced(std::uint64_t done, std::uint64_t in_all) {
  const auto now = Clock::now();
  if (done == 0) began_ = last_ = now;
  const bool complete = in_all != 0 && done >= in_all;
  interruption_.set_working(!complete && stop_ == Stop::between_pieces);
  const auto passed = now - began_;
  const auto since = now - last_;
  bool due = false;
  switch (report_.progress()) {
    case ProgressStyle::none: break;
    case ProgressStyle::bar: due = passed >= bar_begins && since >= between_bars; break;
    case ProgressStyle::lines: due = since >= between_lines; break;
    case ProgressStyle::events: due = since >= between_events || (complete && told_); break;
  }
  if (due) {
    last_ = now;
    tell(Advance{done, in_all, passed});
  }
  return !interruption_.caught();
}

void WorkProgress::tell(const Advance& advance) {
  told_ = true;
  switch (report_.progress()) {
    case ProgressStyle::none: return;
    case ProgressStyle::bar:
      drawn_ = true;
      std::fprintf(stderr, "\r%s\x1b[K", progress_bar(what_, unit_, advance, terminal_columns()).c_str());
      break;
    case ProgressStyle::lines:
      std::fprintf(stderr, "bookchain: %s\n", progress_line(what_, unit_, advance).c_str());
      break;
    case ProgressStyle::events: {
      Json line;
      line["schema"] = 1;
      line["progress"] = progress_value(what_, unit_, advance);
      std::fprintf(stderr, "%s\n", to_json_line(line).c_str());
      break;
    }
  }
  std::fflush(stderr);
}

}  // namespace bookchain::cli

#include "cli/progress.hpp"

#include <cmath>
#include <cstdio>

namespace bookchain::cli {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds between_drawings{100};
constexpr std::chrono::milliseconds before_first{300};
constexpr std::size_t bar_width = 24;

std::string time_left(double seconds) {
  const auto whole = static_cast<unsigned>(std::lround(seconds));
  char text[32];
  std::snprintf(text, sizeof text, "%u:%02u left", whole / 60, whole % 60);
  return text;
}

}  // namespace

TerminalProgress::TerminalProgress(const Report& report, std::string what)
    : shown_(report.shows_progress()), what_(std::move(what)), began_(Clock::now()), last_(began_) {}

TerminalProgress::~TerminalProgress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

bool TerminalProgress::advanced(std::uint64_t bytes_done, std::uint64_t bytes_in_all) {
  const auto now = Clock::now();
  if (!shown_ || now - began_ < before_first || now - last_ < between_drawings || bytes_in_all == 0) return true;
  last_ = now;
  drawn_ = true;
  const double part = static_cast<double>(bytes_done) / static_cast<double>(bytes_in_all);
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const double rate = static_cast<double>(bytes_done) / seconds;
  const auto full = static_cast<std::size_t>(part * bar_width);
  const std::string bar = std::string(full, '#') + std::string(bar_width - full, '.');
  std::fprintf(stderr, "\r%s [%s] %3.0f %%  %s/s  %s\x1b[K", what_.c_str(), bar.c_str(), part * 100,
               write_size(static_cast<std::uint64_t>(rate)).c_str(),
               time_left((static_cast<double>(bytes_in_all - bytes_done)) / rate).c_str());
  std::fflush(stderr);
  return true;
}

}  // namespace bookchain::cli

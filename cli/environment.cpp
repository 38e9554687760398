#include "cli/environment.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "ledger/codec.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

std::optional<std::uint64_t> seconds_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

}  // namespace

void draw_random(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const auto got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw NoRandomness(system_error("the operating system gives no randomness", "getrandom"));
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

void DrawnAhead::fill(std::span<std::uint8_t> out) {
  if (out.size() > largest_piece) return draw_random(out);
  if (out.size() > left_) {
    left_ = 0;
    draw_random(bytes_);
    left_ = bytes_.size();
  }
  std::ranges::copy(std::span(bytes_).last(left_).first(out.size()), out.begin());
  left_ -= out.size();
}

Hash derive(ByteView seed, std::string_view purpose) {
  static constexpr std::string_view salt = "bookchain/1 seed";
  const auto bytes = hkdf_sha256(seed, view_of(salt), view_of(purpose), Hash::size);
  Hash value;
  std::copy(bytes.begin(), bytes.end(), value.bytes.begin());
  return value;
}

Result<std::optional<Time>> fixed_clock() {
  const char* set = std::getenv("BOOKCHAIN_CLOCK");
  if (set == nullptr || *set == '\0') return std::optional<Time>{};
  const std::string text = set;
  const Error unreadable{Token::bad_value, "BOOKCHAIN_CLOCK is no time", text,
                         "write it as 2026-01-31T12:00:00Z, or as seconds since 1970"};
  constexpr std::uint64_t most_seconds = std::uint64_t{1} << 40U;
  if (const auto seconds = seconds_of(text)) {
    if (*seconds > most_seconds) return unreadable;
    return std::optional(Time{*seconds * 1'000'000});
  }
  std::tm parts{};
  const char* end = ::strptime(set, "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return unreadable;
  const auto day = parts.tm_mday;
  const auto seconds = ::timegm(&parts);
  if (parts.tm_mday != day) return unreadable;  // the calendar has no 30 February
  if (seconds < 0 || static_cast<std::uint64_t>(seconds) > most_seconds) return unreadable;
  return std::optional(Time{static_cast<std::uint64_t>(seconds) * 1'000'000});
}

std::string write_time(Time time) {
  const auto seconds = static_cast<std::time_t>(time.value / 1'000'000);
  std::tm parts{};
  // A time is only claimed by whoever wrote it: it may be too large for any calendar.
  if (time.value / 1'000'000 > (std::uint64_t{1} << 40U) || ::gmtime_r(&seconds, &parts) == nullptr) {
    return std::to_string(time.value) + " us";
  }
  std::array<char, 64> day{};
  std::array<char, 96> text{};
  std::strftime(day.data(), day.size(), "%Y-%m-%d %H:%M:%S", &parts);
  std::snprintf(text.data(), text.size(), "%s.%06u", day.data(), static_cast<unsigned>(time.value % 1'000'000));
  return text.data();
}

std::string write_iso_time(Time time) {
  auto text = write_time(time);
  const auto between = text.find(' ');
  // A time that no calendar has stays as it is written.
  if (text.find(':') == std::string::npos) return text;
  text[between] = 'T';
  return text + "Z";
}

Time system_time() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Time{static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since).count())};
}

ProcessEnvironment::ProcessEnvironment(std::optional<Hash> seed, path counter, std::optional<Time> fixed)
    : seed_(seed), counter_(std::move(counter)), fixed_(fixed) {}

Time ProcessEnvironment::now() { return fixed_ ? *fixed_ : system_time(); }

void ProcessEnvironment::put_forward(std::chrono::microseconds duration) {
  if (fixed_) fixed_->value += static_cast<std::uint64_t>(duration.count());
}

void ProcessEnvironment::random(std::span<std::uint8_t> out) {
  if (!seed_) return system_.fill(out);
  if (!turn_key_) start_turn();
  while (!out.empty()) {
    const auto block = hmac_sha256(turn_key_->view(), {encode(drawn_++)});
    const auto size = std::min(out.size(), block.bytes.size());
    std::copy_n(block.bytes.begin(), size, out.begin());
    out = out.subspan(size);
  }
}

/// Counts the turns of this home in a file before anything is drawn, so that a killed process's
/// successor does not draw the same again. Called under the lock of the home.
void ProcessEnvironment::start_turn() {
  const auto file = open_file(counter_, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (!file) throw NoRandomness(file.error());
  std::array<char, 32> text{};
  ssize_t got = 0;
  do got = ::pread(file.value().get(), text.data(), text.size() - 1, 0);
  while (got < 0 && errno == EINTR);
  if (got < 0) throw NoRandomness(system_error("the count of draws cannot be read", counter_));
  const std::uint64_t turn = std::strtoull(text.data(), nullptr, 10) + 1;
  const auto size = static_cast<std::size_t>(
      std::snprintf(text.data(), text.size(), "%020llu\n", static_cast<unsigned long long>(turn)));
  // Reading did not move from the beginning. Cut short, it is still no smaller than it was: all digits stand
  // where they stood, and those of the new number come first.
  if (const auto written = write_all(file.value().get(), view_of({text.data(), size}), counter_); !written) {
    throw NoRandomness(written.error());
  }
  turn_key_ = hmac_sha256(seed_->view(), {encode(turn)});
  drawn_ = 0;
}

}  // namespace bookchain::cli

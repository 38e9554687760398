#include "cli/request_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "cli/options.hpp"

namespace bookchain::cli {

namespace {

/// What is read ahead of those that are taken; the rest waits where it comes from.
constexpr std::size_t max_waiting_bytes = std::size_t{1} << 20U;

Result<RequestStream::Wanted> parse(const std::string& line) {
  const auto space = line.find(' ');
  if (space == std::string::npos || space + 1 == line.size()) {
    return usage_error("a request is OWNER SELECTOR, one a line", line);
  }
  BOOKCHAIN_TRY(const auto owner, whole_number("OWNER", line.substr(0, space), 1, 65535));
  return RequestStream::Wanted{ledger::PeerPort{static_cast<std::uint16_t>(owner)}, line.substr(space + 1)};
}

}  // namespace

RequestStream::RequestStream(std::string name, ledger::Descriptor file)
    : name_(std::move(name)), file_(std::move(file)) {
  struct stat facts {};
  is_file_ = ::fstat(file_.get(), &facts) == 0 && S_ISREG(facts.st_mode);
}

Result<RequestStream> RequestStream::open(const std::string& file) {
  if (file == "-") return RequestStream("standard input", ledger::Descriptor(::fcntl(0, F_DUPFD_CLOEXEC, 0)));
  BOOKCHAIN_TRY(auto descriptor, ledger::open_file(file, O_RDONLY | O_NONBLOCK));
  struct stat facts {};
  if (::fstat(descriptor.get(), &facts) == 0 && S_ISDIR(facts.st_mode)) {
    return Error{Token::bad_file, "requests come from a file or a pipe, and this is a directory", file, {}};
  }
  return RequestStream(file, std::move(descriptor));
}

/// Only what is there is read: standard input may be anybody's, so its mode is left as it is.
void RequestStream::read_more() {
  std::array<char, 1U << 16U> buffer;  // NOLINT(*-member-init): what is read fills as much of it as is used
  while (!ended_ && text_.size() < max_waiting_bytes) {
    pollfd ready{file_.get(), POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) return;
    const auto got = ::read(file_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got < 0) failed_ = ledger::system_error("the requests cannot be read any further", name_);
    if (got <= 0) {
      ended_ = true;
      // A last line needs no end.
      if (!text_.empty() && text_.back() != '\n') text_ += '\n';
      return;
    }
    text_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::vector<RequestStream::Line> RequestStream::take(std::size_t most) {
  if (text_.find('\n') == std::string::npos) read_more();
  std::vector<Line> lines;
  std::size_t begin = 0;
  while (lines.size() < most) {
    const auto end = text_.find('\n', begin);
    if (end == std::string::npos) break;
    ++lines_;
    // Where lines end in CR LF, the one of them is no part of the line.
    const auto length = end - begin - (end > begin && text_[end - 1] == '\r' ? 1 : 0);
    if (length > 0) lines.push_back(Line{lines_, parse(text_.substr(begin, length))});
    begin = end + 1;
  }
  text_.erase(0, begin);
  if (failed_ && !failure_told_) {
    failure_told_ = true;
    lines.push_back(Line{lines_ + 1, *failed_});
  }
  // Without an end within the bound it is no line.
  if (text_.size() >= max_waiting_bytes && text_.find('\n') == std::string::npos) {
    lines.push_back(Line{++lines_, usage_error("a line of requests does not end", name_)});
    text_.clear();
    ended_ = true;
  }
  return lines;
}

}  // namespace bookchain::cli

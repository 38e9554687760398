#include "tests/cli/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace bookchain::tests {

namespace fs = boost::filesystem;

std::string program_under_test() {
  const char* named = std::getenv("BOOKCHAIN_PROGRAM");
  if (named == nullptr) throw std::runtime_error("BOOKCHAIN_PROGRAM does not name the program to test");
  return named;
}

namespace {

/// In the child: never returns, and throws nothing, which would go on with the tests there.
[[noreturn]] void become_program(std::string file, const Words& words, const RunOptions& options,
                                 const path& folder) noexcept {
  const auto out = folder / "out";
  const auto err = folder / "err";
  const auto in = folder / "in";
  const int input = ::open(in.c_str(), O_RDONLY);
  const int output = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int errors = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(errors, 2);
  for (int descriptor = 3; descriptor < 256; ++descriptor) ::close(descriptor);
  if (options.user) {
    const auto user = *options.user;
    if (::setgroups(0, nullptr) != 0 || ::setgid(user) != 0 || ::setuid(user) != 0) ::_exit(125);
  }
  if (options.folder && ::chdir(options.folder->c_str()) != 0) ::_exit(126);
  std::map<std::string, std::string> variables{
      {"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}, {"ASAN_OPTIONS", "detect_leaks=1"}};
  for (const auto& [name, value] : options.environment) variables[name] = value;
  std::vector<std::string> words_of_environment;
  for (const auto& [name, value] : variables) words_of_environment.push_back(name + "=" + value);
  std::vector<char*> environment;
  for (auto& word : words_of_environment) environment.push_back(word.data());
  environment.push_back(nullptr);
  auto arguments_text = words;
  std::vector<char*> arguments{file.data()};
  for (auto& word : arguments_text) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execve(file.c_str(), arguments.data(), environment.data());
  ::_exit(127);
}

pid_t start(const Words& words, const RunOptions& options, const path& folder) {
  write_file(folder / "in", options.input);
  auto file = options.program.empty() ? program_under_test() : options.program;
  const pid_t pid = ::fork();
  if (pid == 0) become_program(std::move(file), words, options, folder);
  if (pid < 0) throw std::runtime_error("fork failed");
  return pid;
}

Ended collect(pid_t pid, const path& folder) {
  int status = 0;
  struct rusage usage {};
  while (::wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  Ended ended;
  ended.peak_kib = usage.ru_maxrss;
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ended.out = read_file(folder / "out");
  ended.err = read_file(folder / "err");
  return ended;
}

}  // namespace

namespace {

/// Where TMPDIR says, else in memory if there is room: thousands of small files are made, synced and removed, which
/// disks are slow at. A killed process loses nothing that it wrote, on a disk or in memory, so memory shows the same.
path folder_of_tests() {
  const path memory = "/dev/shm";
  boost::system::error_code ignored;
  const auto space = fs::space(memory, ignored);
  const bool has_room = !ignored && space.available > (std::uintmax_t{1} << 30U);
  return std::getenv("TMPDIR") == nullptr && has_room ? memory : fs::temp_directory_path();
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (folder_of_tests() / "bookchain-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory can be made");
  folder_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  boost::system::error_code ignored;
  fs::remove_all(folder_, ignored);
}

Json Ended::json() const {
  auto value = Json::parse(out, nullptr, false);
  BOOST_REQUIRE_MESSAGE(value.is_object(), "stdout is no JSON object: " << out << err);
  return value;
}

std::string Ended::token() const {
  std::istringstream lines(err);
  std::string found;
  for (std::string line; std::getline(lines, line);) {
    const auto value = Json::parse(line, nullptr, false);
    if (value.is_object() && value.contains("error")) {
      found = value["error"]["token"];
    } else if (line.starts_with("bookchain: error: ") && line.ends_with("]")) {
      found = line.substr(line.rfind('[') + 1);
      found.pop_back();
    }
  }
  return found;
}

Json Ended::error() const {
  auto value = Json::parse(err.substr(std::min(err.rfind("{\"schema\""), err.size())), nullptr, false);
  BOOST_REQUIRE_MESSAGE(value.is_object() && value.contains("error"), "stderr does not end with a JSON error: " << err);
  return value["error"];
}

std::string Ended::hint() const {
  const auto found = error()["hint"];
  BOOST_REQUIRE_MESSAGE(found.is_string(), "there is no hint: " << err);
  return found;
}

Ended run(const Words& words, const RunOptions& options) {
  const TemporaryDirectory folder;
  return collect(start(words, options, folder.get()), folder.get());
}

Background::Background(const Words& words, const RunOptions& options) : pid_(start(words, options, folder_.get())) {}

Background::~Background() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Background::signal(int number) const { ::kill(pid_, number); }

Ended Background::wait() {
  auto ended = collect(pid_, folder_.get());
  pid_ = -1;
  return ended;
}

std::string Background::out_so_far() const { return read_file(folder_ / "out"); }

std::string read_file(const path& file) {
  std::ifstream in(file.string(), std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

void write_file(const path& file, const std::string& content) {
  std::ofstream out(file.string(), std::ios::binary | std::ios::trunc);
  out << content;
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const auto place = text.find(part);
  BOOST_REQUIRE_MESSAGE(place != std::string::npos, part << " is not in " << text);
  return text.replace(place, part.size(), by);
}

std::string with_one_bit_changed(std::string bytes, std::size_t place) {
  bytes[place] = static_cast<char>(bytes[place] ^ (1 << (place % 8)));
  return bytes;
}

unsigned mode_of(const path& file) {
  struct stat facts {};
  BOOST_REQUIRE_MESSAGE(::lstat(file.c_str(), &facts) == 0, file.string());
  return facts.st_mode & 07777U;
}

std::map<std::string, std::string> snapshot(const path& folder) {
  std::map<std::string, std::string> found;
  for (fs::recursive_directory_iterator entry(folder), end; entry != end; ++entry) {
    const auto type = entry->symlink_status().type();
    const auto* what = type == fs::directory_file ? "folder" : type == fs::symlink_file ? "link" : "special";
    found[entry->path().lexically_relative(folder).string()] =
        type == fs::regular_file ? "file " + read_file(entry->path()) : what;
  }
  return found;
}

void copy_folder(const path& from, const path& to) {
  fs::create_directory(to);
  fs::permissions(to, fs::status(from).permissions());
  for (const auto& entry : fs::directory_iterator(from)) {
    const auto target = to / entry.path().filename();
    if (fs::is_directory(entry.symlink_status())) {
      copy_folder(entry.path(), target);
    } else {
      fs::copy_file(entry.path(), target);
    }
  }
}

}  // namespace bookchain::tests

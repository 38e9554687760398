#include "tests/cli/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace bookchain::tests {

namespace fs = boost::filesystem;

namespace {

std::string program() {
  const char* named = std::getenv("BOOKCHAIN_PROGRAM");
  if (named == nullptr) throw std::runtime_error("BOOKCHAIN_PROGRAM does not name the program to test");
  return named;
}

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
  auto file = options.program.empty() ? program() : options.program;
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

const std::vector<StepOfExchange>& steps_after_request() {
  static const std::vector<StepOfExchange> steps{
      {"grant", true, "granted"},    {"consent", false, "consented"}, {"check-id", true, "consented"},
      {"release", true, "released"}, {"open", false, "opened"},       {"check-key", false, "opened"},
      {"mine", false, "mined"},
  };
  return steps;
}

// ---- networks ----

Network::Network(Words init_options, std::vector<int> ports) : ports_(std::move(ports)) {
  std::string list;
  for (const int port : ports_) list += (list.empty() ? "" : ",") + std::to_string(port);
  Words words{"init", folder().string(), "--ports", list, "--work-bits", "4"};
  words.insert(words.end(), init_options.begin(), init_options.end());
  const auto made = run(words);
  BOOST_REQUIRE_MESSAGE(made.exit_code == 0, made.err);
}

Ended Network::at(int port, Words words, const RunOptions& options) const {
  Words all{"-n", folder().string(), "-p", std::to_string(port), "-o", "json"};
  all.insert(all.end(), words.begin(), words.end());
  return run(all, options);
}

Json Network::ok(int port, const Words& words) const {
  const auto ended = at(port, words);
  BOOST_REQUIRE_MESSAGE(ended.exit_code == 0,
                        words.front() << " at " << port << ": exit " << ended.exit_code << ": " << ended.err);
  return ended.json();
}

Json Network::ok(const Words& words) const {
  Words all{"-n", folder().string(), "-o", "json"};
  all.insert(all.end(), words.begin(), words.end());
  const auto ended = run(all);
  BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, words.front() << ": exit " << ended.exit_code << ": " << ended.err);
  return ended.json();
}

void Network::refused(int port, const Words& words, int exit_code, const std::string& token) const {
  const auto ended = at(port, words);
  BOOST_TEST_CONTEXT(words.front() << " at " << port << ": " << ended.err) {
    BOOST_TEST(ended.exit_code == exit_code);
    BOOST_TEST(ended.token() == token);
  }
}

Ended Network::shell(const std::string& lines) const {
  const auto bin = scratch("bin");
  fs::create_directories(bin);
  if (!fs::exists(fs::symlink_status(bin / "bookchain"))) fs::create_symlink(program(), bin / "bookchain");
  RunOptions options;
  options.program = "/bin/sh";
  options.environment["PATH"] = bin.string() + ":/usr/bin:/bin";
  return run({"-ec", lines}, options);
}

void Network::receive_all() const {
  for (const int port : ports_) ok(port, {"receive"});
}

void Network::settle(int rounds) const {
  for (int round = 0; round < rounds; ++round) {
    bool moved = false;
    for (const int port : ports_) {
      const auto ended = at(port, {"step"});
      const auto result = ended.json();
      moved = moved || !result["received"].empty() || !result["steps"].empty();
    }
    if (!moved) return;
  }
  BOOST_ERROR("the network does not settle");
}

void Network::settle_all_exchanges() const {
  for (int round = 0; round < 200; ++round) {
    settle();
    const auto none_open = [&](int port) { return ok(port, {"list-exchanges", "--open"})["exchanges"].empty(); };
    if (std::ranges::all_of(ports_, none_open)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  BOOST_ERROR("exchanges stay open");
}

void Network::receive_until_quiet(int rounds) const {
  for (int round = 0; round < rounds; ++round) {
    bool moved = false;
    for (const int port : ports_) moved = !ok(port, {"receive"})["received"].empty() || moved;
    if (!moved) return;
  }
  BOOST_ERROR("the network does not become quiet");
}

std::string Network::book_of(int owner, std::size_t place) const {
  const auto books = ok(owner, {"list-books"})["books"];
  BOOST_REQUIRE(books.size() > place);
  return books[place]["book"];
}

bool Network::on_shelf(int port, const std::string& book) const {
  const auto books = ok(port, {"list-books"})["books"];  // a copy: the whole answer is gone after this line
  return std::ranges::any_of(books, [&](const auto& each) { return each["book"] == book; });
}

std::string Network::value_of(int owner, std::size_t place) const {
  const auto books = ok(owner, {"list-books"})["books"];
  BOOST_REQUIRE(books.size() > place);
  return books[place]["value"];
}

std::string Network::exchange(int requester, int owner, const std::string& book, int last) const {
  const std::string id = ok(requester, {"request", "--from", std::to_string(owner), "--book", book})["exchange"];
  const auto others_receive = [&](int but) {
    for (const int port : ports_) {
      if (port != but) ok(port, {"receive"});
    }
    ok(but, {"receive"});
  };
  struct Each {
    int number;
    int port;
    const char* step;
  };
  for (const auto& [number, port, step] :
       {Each{2, owner, "grant"}, Each{3, requester, "consent"}, Each{4, owner, "check-id"}, Each{5, owner, "release"},
        Each{6, requester, "open"}, Each{7, requester, "check-key"}, Each{8, requester, "mine"}}) {
    if (number > last) return id;
    others_receive(port);
    ok(port, {step, id});
  }
  vote(requester);
  return id;
}

void Network::vote(int proposer) const {
  // NEWROUND, PROPOSE, prevotes, commit: a round of messages each.
  for (int phase = 0; phase < 5; ++phase) {
    for (const int port : ports_) {
      if (port != proposer) ok(port, {"receive"});
    }
    ok(proposer, {"receive"});
  }
}

Json Network::show(int port, const std::string& exchange) const { return ok(port, {"show-exchange", exchange}); }

std::string Network::state(int port, const std::string& exchange) const { return show(port, exchange)["state"]; }

int Network::equal_chains() const {
  std::string first;
  int height = -1;
  for (const int port : ports_) {
    const auto verified = ok(port, {"verify-chain"});
    BOOST_TEST(verified["valid"] == true);
    height = verified["height"];
    const auto file = scratch("chain-" + std::to_string(port));
    ok(port, {"export-chain", file.string()});
    const auto bytes = read_file(file);
    if (first.empty()) first = bytes;
    BOOST_TEST((bytes == first), "the chain of " << port << " differs");
  }
  return height;
}

}  // namespace bookchain::tests

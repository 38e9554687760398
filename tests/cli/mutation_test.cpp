// One byte changed at a time: of messages of every type as they lie in a spool, and of an exported chain.
// Each is refused with a token, never a crash, and the queue goes on.
#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <set>

#include "cli/chain_file.hpp"
#include "cli/network_file.hpp"
#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t frame_bytes = 4;
constexpr std::string_view magic = "bookchain/1 mail\n";
constexpr std::size_t magic_bytes = magic.size();
constexpr std::size_t each_type = 3;

/// One message as it lies in a spool, by itself in a file.
struct Mail {
  int to;
  int from;
  std::string bytes;
};

std::size_t frame_size(const std::string& bytes, std::size_t place) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < frame_bytes; ++i) size = (size << 8U) | static_cast<unsigned char>(bytes[place + i]);
  return size;
}

/// docs/formats.md, the spool file: magic, then each envelope with its size before it.
std::vector<std::string> single_mails(const std::string& file) {
  std::vector<std::string> mails;
  BOOST_REQUIRE(file.size() > magic_bytes + frame_bytes);
  for (auto place = magic_bytes; place < file.size();) {
    const auto size = frame_bytes + frame_size(file, place);
    mails.push_back(file.substr(0, magic_bytes) + file.substr(place, size));
    place += size;
  }
  return mails;
}

/// Exchanges, refusals, aborts and new books, with every message kept before it was taken in.
class Collected {
 public:
  Collected() {
    for (int time = 0; time < 3; ++time) {
      const int requester = 5000 + time;
      const int owner = requester + 1;
      play_exchange(requester, owner);
      for (const auto& end : {Words{"refuse"}, Words{"abort"}}) {
        const auto book = network_.book_of(5003);
        const std::string id = network_.ok(5000, {"request", "--from", "5003", "--book", book})["exchange"];
        deliver();
        network_.ok(end.front() == "refuse" ? 5003 : 5000, {end.front(), id});
        deliver();
      }
      const auto file = network_.scratch("page");
      write_file(file, "page " + std::to_string(time));
      network_.ok(owner, {"add-book", file.string()});
      deliver();
    }
  }

  [[nodiscard]] const Network& network() const { return network_; }
  [[nodiscard]] const std::map<std::string, std::vector<Mail>>& mails() const { return mails_; }
  [[nodiscard]] path spool(int to, int from) const {
    return network_.home(to) / "spool" / std::to_string(from) / "new";
  }

 private:
  void play_exchange(int requester, int owner) {
    const std::string id = network_.ok(
        requester, {"request", "--from", std::to_string(owner), "--book", network_.book_of(owner)})["exchange"];
    deliver();
    for (const auto& step : steps_after_request()) {
      network_.ok(step.by_owner ? owner : requester, {step.name, id});
      deliver();
    }
    BOOST_TEST(network_.state(5003, id) == "committed");
  }

  /// Everybody receives until nothing comes; what waits is kept first.
  void deliver() {
    for (bool moved = true; moved;) {
      moved = false;
      for (const int to : network_.ports()) {
        for (const int from : network_.ports()) {
          if (to != from) keep(to, from);
        }
        moved = !network_.ok(to, {"receive"})["received"].empty() || moved;
      }
    }
  }

  void keep(int to, int from) {
    for (const auto& entry : fs::directory_iterator(spool(to, from))) {
      const auto bytes = read_file(entry.path());
      if (!bytes.starts_with(magic)) continue;  // a package
      for (const auto& mail : single_mails(bytes)) {
        const auto file = network_.scratch("mail");
        write_file(file, mail);
        const std::string type = network_.ok(to, {"show-message", file.string()})["type"];
        auto& kept = mails_[type];
        if (kept.size() < each_type) kept.push_back({to, from, mail});
      }
    }
  }

  Network network_;
  std::map<std::string, std::vector<Mail>> mails_;
};

/// One for all cases: what they deliver is refused, so that they do not meet.
const Collected& all_collected() {
  static const Collected collected;
  return collected;
}

std::string changed(std::string bytes, std::size_t place) {
  bytes[place] = static_cast<char>(bytes[place] ^ (1 << (place % 8)));
  return bytes;
}

/// The changed copies of some messages lie in the spools at once, each in a file of its own, and a good
/// message beside them. All at one recipient are taken in by one receive.
class Batch {
 public:
  explicit Batch(const Collected& collected) : collected_(collected) {}

  void add(const Mail& mail, const std::string& bytes) {
    write_file(collected_.spool(mail.to, mail.from) / ("changed-" + std::to_string(waiting_[mail.to]++)), bytes);
    ++total_;
    if (waiting_[mail.to] >= most_files) take_in(mail.to);
  }
  void finish() {
    for (const int port : collected_.network().ports()) {
      if (waiting_[port] > 0) take_in(port);
    }
  }
  [[nodiscard]] std::size_t total() const { return total_; }
  [[nodiscard]] const std::set<std::string>& tokens() const { return tokens_; }

 private:
  void take_in(int port) {
    const auto& network = collected_.network();
    const auto before = network.at(port, {"list-exchanges"}).out;
    const int sender = port == 5000 ? 5001 : 5000;
    network.ok(sender, {"add-book", "--value", std::to_string(++good_)});
    const auto ended = network.at(port, {"receive"});
    BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, ended.err.substr(0, 500));
    const auto received = ended.json()["received"];
    std::size_t refused = 0;
    std::size_t announced = 0;
    for (const auto& each : received) {
      if (each["result"] == "refused" && each["token"].is_string() && each["id"].is_null() && each["from"].is_null()) {
        ++refused;
        tokens_.insert(each["token"]);
      } else if (each["result"] == "accepted" && each["type"] == "announce") {
        announced += each["from"] == sender ? 1U : 0U;  // books of earlier batches come as well
      } else {
        BOOST_ERROR("a changed message was taken for good: " << each.dump());
      }
    }
    BOOST_TEST(refused == waiting_[port]);
    BOOST_TEST(announced >= 1U, "the good message beside them was taken in");
    BOOST_TEST(network.at(port, {"list-exchanges"}).out == before);
    BOOST_TEST(network.ok(port, {"inbox"})["messages"].empty());
    waiting_[port] = 0;
  }

  static constexpr std::size_t most_files = 3000;
  const Collected& collected_;
  std::map<int, std::size_t> waiting_;
  std::set<std::string> tokens_;
  std::size_t total_ = 0;
  inline static int good_ = 1000;  ///< every batch makes other books
};

}  // namespace

BOOST_AUTO_TEST_SUITE(mutated_messages)

BOOST_AUTO_TEST_CASE(every_byte_of_a_message_of_every_type_is_under_seal) {
  const auto& collected = all_collected();
  std::set<std::string> rare;
  for (const auto& [type, mails] : collected.mails()) {
    std::string sizes;
    for (const auto& mail : mails) sizes += " " + std::to_string(mail.bytes.size());
    BOOST_TEST_MESSAGE(type << ":" << sizes << " bytes");
    if (mails.size() < each_type) rare.insert(type);
  }
  for (const auto* type :
       {"witness-id", "request",  "grant",     "witness-share", "ack",       "consent",  "check-id",
        "id-answer",  "release",  "check-key", "key-answer",    "new-round", "answer",   "propose",
        "prevote",    "prevotes", "precommit", "commit",        "over",      "announce", "delivery-note"}) {
    BOOST_TEST(collected.mails().contains(type), type << " was never sent");
    BOOST_TEST(!rare.contains(type), type << " was sent too seldom");
  }
  Batch batch(collected);
  const auto began = Clock::now();
  for (const auto& [type, mails] : collected.mails()) {
    for (const auto& mail : mails) {
      for (std::size_t place = 0; place < mail.bytes.size(); ++place) batch.add(mail, changed(mail.bytes, place));
    }
  }
  batch.finish();
  const std::chrono::duration<double> took = Clock::now() - began;
  BOOST_TEST_MESSAGE(batch.total() << " changed messages in " << took.count() << " s");
  for (const auto& token : batch.tokens()) BOOST_TEST_MESSAGE("refused as " << token);
  BOOST_TEST(batch.total() > 10'000);
  collected.network().receive_until_quiet();
  collected.network().equal_chains();
}

BOOST_AUTO_TEST_CASE(a_message_cut_short_or_made_longer_is_refused) {
  const auto& collected = all_collected();
  Batch batch(collected);
  for (const auto& [type, mails] : collected.mails()) {
    const auto& mail = mails.front();
    for (std::size_t size = 0; size < mail.bytes.size(); size += 1 + mail.bytes.size() / 40) {
      batch.add(mail, mail.bytes.substr(0, size));
    }
    batch.add(mail, mail.bytes + std::string(1, '\0'));
    batch.add(mail, mail.bytes.substr(0, magic_bytes) + std::string("\xff\xff\xff\xff", 4) +
                        mail.bytes.substr(magic_bytes + frame_bytes));
  }
  batch.finish();
  BOOST_TEST(batch.total() > 400);
}

// Section 6: a message resealed to somebody else, or put into another's folder.
BOOST_AUTO_TEST_CASE(a_message_in_the_folder_of_another_sender_or_recipient_is_refused) {
  const auto& collected = all_collected();
  Batch batch(collected);
  for (const auto& [type, mails] : collected.mails()) {
    for (const auto& mail : mails) {
      for (const int port : collected.network().ports()) {
        if (port != mail.to && port != mail.from) batch.add({mail.to, port, {}}, mail.bytes);
        if (port != mail.from && port != mail.to) batch.add({port, mail.from, {}}, mail.bytes);
      }
      batch.add({mail.from, mail.to, {}}, mail.bytes);
    }
  }
  batch.finish();
  BOOST_TEST(batch.total() > 200);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// Ten exchanges in a row, each block with one transfer.
std::string ten_blocks(const Network& network) {
  std::vector<std::unique_ptr<Background>> served;
  for (const int port : network.ports()) {
    served.push_back(
        std::make_unique<Background>(Words{"-n", network.folder().string(), "-p", std::to_string(port), "serve"}));
  }
  const auto book = network.book_of(5000);
  int at = 5000;
  for (int height = 1; height <= 10; ++height) {
    const int to = 5000 + (at - 5000 + 1 + height % 3) % 4;
    network.ok(to, {"request", "--from", std::to_string(at), "--book", book, "--wait=100"});
    at = to;
  }
  const auto file = network.scratch("chain");
  network.ok(at, {"export-chain", file.string()});
  return read_file(file);
}

/// Changes `count` bytes one at a time, evenly from `first` on; each must be refused.
void change_evenly(std::size_t count, std::size_t part, std::size_t parts) {
  const Network network;
  const auto chain = ten_blocks(network);
  BOOST_REQUIRE(std::ranges::count(chain, '\n') == 11);
  const auto genesis = bookchain::cli::load_network(network.folder() / "network.yaml");
  BOOST_REQUIRE(genesis.has_value());
  const auto file = network.scratch("changed");
  write_file(file, chain);
  const auto good = bookchain::cli::verify_chain_file(genesis.value(), file);
  BOOST_REQUIRE((good.has_value() && !good.value().failure && good.value().head.height.value == 10));
  std::map<std::string, std::size_t> tokens;
  const auto began = Clock::now();
  for (std::size_t i = part; i < count * parts; i += parts) {
    const auto place = i * chain.size() / (count * parts);
    write_file(file, changed(chain, place));
    const auto verdict = bookchain::cli::verify_chain_file(genesis.value(), file);
    BOOST_REQUIRE(verdict.has_value());
    const auto& failure = verdict.value().failure;
    BOOST_REQUIRE_MESSAGE(failure, "byte " << place << " of " << chain.size() << " may be changed");
    const auto exit_code = bookchain::ledger::exit_code(failure->token);
    BOOST_TEST((exit_code == 3 || exit_code == 6), place);
    ++tokens[std::string(bookchain::ledger::name(failure->token))];
  }
  const std::chrono::duration<double> took = Clock::now() - began;
  BOOST_TEST_MESSAGE(count << " changes of a chain of " << chain.size() << " bytes in " << took.count() << " s");
  for (const auto& [token, times] : tokens) BOOST_TEST_MESSAGE(token << ": " << times);
}

}  // namespace

// In this process: the rules and the reader are the program's own, and one process for each change would
// take many times as long. mutated_chain_by_program shows that the command says the same. Four suites, so
// that they run side by side.
BOOST_AUTO_TEST_SUITE(mutated_chain_first)

BOOST_AUTO_TEST_CASE(every_fourth_place_of_a_chain_of_ten_blocks_may_not_be_changed) { change_evenly(5'000, 0, 4); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutated_chain_second)

BOOST_AUTO_TEST_CASE(nor_the_places_after_those) { change_evenly(5'000, 1, 4); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutated_chain_third)

BOOST_AUTO_TEST_CASE(nor_those_after_them) { change_evenly(5'000, 2, 4); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutated_chain_fourth)

BOOST_AUTO_TEST_CASE(nor_the_rest) { change_evenly(5'000, 3, 4); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutated_chain_by_program)

BOOST_AUTO_TEST_CASE(the_command_refuses_changed_bytes_with_a_token_and_names_the_block) {
  const Network network;
  const auto chain = ten_blocks(network);
  const auto file = network.scratch("changed");
  constexpr std::size_t count = 300;
  for (std::size_t i = 0; i < count; ++i) {
    const auto place = i * chain.size() / count + i % 7;
    if (place >= chain.size()) break;
    write_file(file, changed(chain, place));
    const auto ended = network.at(5000, {"verify-chain", file.string()});
    BOOST_TEST((ended.exit_code == 3 || ended.exit_code == 6), place << ": " << ended.err);
    BOOST_TEST(!ended.token().empty());
    const auto line = std::count(chain.begin(), chain.begin() + static_cast<std::ptrdiff_t>(place), '\n');
    if (ended.exit_code == 3) BOOST_TEST(ended.json()["height"] < std::max<std::ptrdiff_t>(line, 1), place);
  }
  write_file(file, chain);
  BOOST_TEST(network.at(5000, {"verify-chain", file.string()}).exit_code == 0);
}

BOOST_AUTO_TEST_SUITE_END()

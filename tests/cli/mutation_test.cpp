// One byte changed at a time of messages of every type as they lie in a spool. Each is refused with a token,
// never a crash, and the queue goes on.
#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <set>

#include "cli/peer_files.hpp"
#include "ledger/message.hpp"
#include "tests/cli/process.hpp"
#include "tests/unit/filler.hpp"
#include "transport/channel.hpp"

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
        const std::string id = network_.request(5000, 5003, book);
        deliver();
        network_.ok(end.front() == "refuse" ? 5003 : 5000, {end.front(), id});
        deliver();
      }
      const auto file = network_.scratch("page");
      write_file(file, "page " + std::to_string(time));
      network_.ok(owner, {"add-book", file.string()});
      deliver();
    }
    for (std::size_t type = 0; type < std::variant_size_v<bookchain::ledger::Message>; ++type) seal_rare(type);
  }

  [[nodiscard]] const Network& network() const { return network_; }
  [[nodiscard]] const std::map<std::string, std::vector<Mail>>& mails() const { return mails_; }
  [[nodiscard]] path spool(int to, int from) const {
    return network_.home(to) / "spool" / std::to_string(from) / "new";
  }

 private:
  void play_exchange(int requester, int owner) {
    const std::string id = network_.request(requester, owner, network_.book_of(owner));
    deliver();
    for (const auto& step : steps_after_request()) {
      network_.ok(step.by_owner ? owner : requester, {step.name, id});
      deliver();
    }
    BOOST_TEST(network_.state(5003, id) == "committed");
  }

  /// Messages of catching up and of conflicts do not come up in exchanges that go well: where some of a type are
  /// missing, 5000 seals such ones, with any content, for 5001.
  void seal_rare(std::size_t type) {
    namespace ledger = bookchain::ledger;
    const auto files = bookchain::cli::load_peer_files(network_.home(5000));
    BOOST_REQUIRE(files.has_value());
    const auto channel = bookchain::transport::Channel::make(files.value()->genesis, files.value()->identity, {5001});
    BOOST_REQUIRE(channel.has_value());
    for (std::uint64_t seed = 1;; ++seed) {
      ledger::Message message;
      bookchain::unit::Filler(seed).alternative(type, message);
      auto& kept = mails_[std::string(ledger::name(message))];
      if (kept.size() >= each_type) return;
      const auto envelope = channel.value().seal({}, {seed}, ledger::encode(message), {});
      auto bytes = std::string(magic) + std::string(frame_bytes, '\0');
      for (std::size_t i = 0; i < frame_bytes; ++i) {
        bytes[magic_bytes + i] = static_cast<char>(envelope.size() >> (8 * (frame_bytes - 1 - i)));
      }
      kept.push_back({5001, 5000, bytes + std::string(envelope.begin(), envelope.end())});
    }
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
  BOOST_TEST(rare.empty(), "sent too seldom: " << *rare.begin());
  // The delivery note goes in an envelope of its own kind.
  BOOST_TEST(collected.mails().size() == std::variant_size_v<bookchain::ledger::Message> + 1);
  BOOST_TEST(collected.mails().contains("delivery-note"));
  Batch batch(collected);
  const auto began = Clock::now();
  for (const auto& [type, mails] : collected.mails()) {
    for (const auto& mail : mails) {
      for (std::size_t place = 0; place < mail.bytes.size(); place += one_in)
        batch.add(mail, with_one_bit_changed(mail.bytes, place));
    }
  }
  batch.finish();
  const std::chrono::duration<double> took = Clock::now() - began;
  BOOST_TEST_MESSAGE(batch.total() << " changed messages in " << took.count() << " s");
  for (const auto& token : batch.tokens()) BOOST_TEST_MESSAGE("refused as " << token);
  BOOST_TEST(batch.total() > 10'000 / one_in);
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

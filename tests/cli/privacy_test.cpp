// Who may know what, and when (docs/protocol.md, section 3): all bytes of the homes are searched after every
// command. The owner's home never holds the request id before step 3, the requester's never the key before
// step 5, no witness's home ever the key or the book, and what a peer can open is opened first.
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/cli/process.hpp"
#include "tests/cli/roles.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

/// A network of a seed shows what its peers hold, so that the test can learn what to search for.
class WatchedExchange {
 public:
  WatchedExchange() {
    // Bytes that occur nowhere else, longer than one chunk, so that a part of any chunk is found.
    std::mt19937_64 random(4711);
    for (std::size_t i = 0; i < 150'000; ++i) content_ += static_cast<char>(random());
    const auto file = network_.scratch("book");
    write_file(file, content_);
    book_ = network_.ok(owner, {"add-book", file.string()})["book"];
    network_.receive_until_quiet();
  }

  Json take(int port, const Words& words) {
    auto result = network_.ok(port, words);
    if (words.front() == "request") exchange_ = result["exchange"];
    learn();
    look();
    return result;
  }

  void all_receive() {
    for (int round = 0; round < 2; ++round) {
      for (const int port : network_.ports()) take(port, {"receive"});
    }
  }

  [[nodiscard]] const Network& network() const { return network_; }
  [[nodiscard]] const std::string& book() const { return book_; }
  [[nodiscard]] bool id_at(int port) const { return holds_secret(port, request_id_); }
  [[nodiscard]] bool key_at(int port) const { return holds_secret(port, key_); }
  [[nodiscard]] bool content_at(int port) const {
    const auto everything = all_bytes(port);
    for (std::size_t place = 100; place + 64 < content_.size(); place += 20'000) {
      if (mentions(everything, content_.substr(place, 64))) return true;
    }
    return false;
  }
  /// From here the owner may know the request id, or the requester the key.
  void allow_id_at_owner() { id_at_owner_ = true; }
  void allow_key_at_requester() { key_at_requester_ = true; }
  [[nodiscard]] int looks() const { return looks_; }

 private:
  /// The id is the requester's, the key the owner's: they show them when they have made them.
  void learn() {
    if (request_id_.empty()) {
      const auto shown = network_.ok(requester, {"show-exchange", exchange_, "--reveal"});
      if (shown["request_id"].is_string()) request_id_ = shown["request_id"];
    }
    if (key_.empty()) {
      const auto list = network_.ok(owner, {"list-exchanges"})["exchanges"];
      if (list.empty()) return;
      const auto shown = network_.ok(owner, {"show-exchange", exchange_, "--reveal"});
      if (shown["key"].is_string()) key_ = shown["key"];
    }
  }

  /// Every file of the home as it lies there, and in words whatever this peer's key opens of its messages.
  [[nodiscard]] std::string all_bytes(int port) const {
    std::string everything;
    for (const auto& [name, content] : snapshot(network_.home(port))) everything += name + "\n" + content + "\n";
    for (const auto* box : {"inbox", "outbox"}) {
      const auto messages = network_.ok(port, {box})["messages"];
      for (const auto& message : messages) {
        BOOST_REQUIRE(message["id"].is_string());
        everything += network_.ok(port, {"show-message", message["id"]}).dump() + "\n";
      }
    }
    if (!exchange_.empty()) {
      everything += network_.at(port, {"show-exchange", exchange_, "--reveal"}).out;
      everything += network_.at(port, {"trace", exchange_}).out;
    }
    return everything;
  }

  [[nodiscard]] bool holds_secret(int port, const std::string& hex) const {
    BOOST_REQUIRE(hex.size() == 64);
    const auto everything = all_bytes(port);
    return mentions(everything, hex) || mentions(everything, bytes_of_hex(hex));
  }

  void look() {
    ++looks_;
    if (!id_at_owner_) BOOST_TEST(!id_at(owner), "the owner holds the request id before step 3");
    for (const int port : {witness, other_witness}) {
      if (!key_.empty()) BOOST_TEST(!key_at(port), "a witness holds the key");
      BOOST_TEST(!content_at(port), "a witness holds the book");
    }
    if (!key_.empty() && !key_at_requester_) {
      BOOST_TEST(!key_at(requester), "the requester holds the key before step 5");
      BOOST_TEST(!content_at(requester), "the requester holds the book before step 5");
    }
  }

  Network network_{{"--seed", "privacy"}};
  std::string content_;
  std::string book_;
  std::string exchange_;
  std::string request_id_;
  std::string key_;
  bool id_at_owner_ = false;
  bool key_at_requester_ = false;
  int looks_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(privacy)

BOOST_AUTO_TEST_CASE(nobody_holds_what_is_not_due_to_it_at_any_stage) {
  WatchedExchange watched;
  watched.take(requester, {"request", "--from", std::to_string(owner), "--book", watched.book()});
  BOOST_TEST(watched.id_at(requester));
  watched.all_receive();
  BOOST_TEST(watched.id_at(witness), "the search finds what is there");
  watched.take(owner, {"grant"});
  BOOST_TEST(watched.key_at(owner));
  BOOST_TEST(watched.content_at(owner), "the search finds what is there");
  watched.all_receive();
  watched.allow_id_at_owner();
  watched.take(requester, {"consent"});
  watched.all_receive();
  BOOST_TEST(watched.id_at(owner));
  watched.take(owner, {"check-id"});
  watched.all_receive();
  watched.allow_key_at_requester();
  watched.take(owner, {"release"});
  watched.all_receive();
  BOOST_TEST(watched.key_at(requester));
  watched.take(requester, {"open"});
  BOOST_TEST(watched.content_at(requester));
  watched.take(requester, {"check-key"});
  watched.all_receive();
  watched.take(requester, {"mine"});
  for (int phase = 0; phase < 3; ++phase) watched.all_receive();
  BOOST_TEST(watched.network().equal_chains() == 1);
  BOOST_TEST(!watched.content_at(owner), "the giver's copy has left its home");
  // Section 3: no id goes on the chain, nor a key without a dispute.
  BOOST_TEST(watched.looks() > 50);
}

// Section 3, step 8: "No id goes on the chain."
BOOST_AUTO_TEST_CASE(the_chain_holds_neither_id_nor_key) {
  const Network network({"--seed", "chain"});
  const auto id = network.exchange(requester, owner, network.book_of(owner));
  const auto shown = network.ok(requester, {"show-exchange", id, "--reveal"});
  const auto file = network.scratch("chain");
  network.ok({"export-chain", file.string()});
  const auto chain = read_file(file);
  for (const auto* secret : {"request_id", "key"}) {
    const std::string hex = shown[secret];
    BOOST_TEST(hex.size() == 64);
    BOOST_TEST(!mentions(chain, hex));
    BOOST_TEST(!mentions(chain, bytes_of_hex(hex)));
  }
}

BOOST_AUTO_TEST_CASE(secrets_are_shown_on_test_networks_only) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 2);
  network.refused(requester, {"show-exchange", id, "--reveal"}, 3, "not-a-test-network");
}

BOOST_AUTO_TEST_SUITE_END()

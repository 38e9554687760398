// What each path of an exchange costs, and how it ends for those who are left when one peer is gone for good after any
// step (docs/protocol.md, section 6). The tables of that page are what these tests count and see.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/scenarios/all_paths.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// The rows stand on the page, one below the other.
void require_on_page(const std::vector<std::string>& rows) {
  const char* source = std::getenv("BOOKCHAIN_SOURCE");
  BOOST_REQUIRE(source != nullptr);
  std::ifstream file(std::string(source) + "/docs/protocol.md");
  std::ostringstream page;
  page << file.rdbuf();
  std::string table;
  for (const auto& row : rows) table += row + "\n";
  BOOST_CHECK_MESSAGE(page.str().find(table) != std::string::npos, "docs/protocol.md does not hold this:\n" << table);
}

/// Collects every signature in a message by the lists of fields that encode it.
class SignatureFinder {
 public:
  explicit SignatureFinder(std::set<Signature>& found) : found_(found) {}

  template <class T>
  void operator()(std::string_view /*name*/, const T& value) {
    look(value);
  }
  template <class T>
  void list(std::string_view /*name*/, const std::vector<T>& values, std::size_t /*most*/) {
    for (const auto& value : values) look(value);
  }
  void text(std::string_view /*name*/, const std::string& /*value*/, std::size_t /*most*/) {}
  void blob(std::string_view /*name*/, const Bytes& /*value*/, std::size_t /*most*/) {}

  template <class T>
  void look(const T& value) {
    if constexpr (std::same_as<T, Signature>) {
      found_.insert(value);
    } else if constexpr (codec_detail::is_optional<T>::value) {
      if (value) look(*value);
    } else if constexpr (codec_detail::is_variant<T>::value) {
      std::visit([this](const auto& held) { this->look(held); }, value);
    } else if constexpr (std::is_class_v<T> && !codec_detail::Fixed<T> && !codec_detail::StrongNumber<T>) {
      T::visit(value, *this);
    }
  }

 private:
  std::set<Signature>& found_;
};

struct Cost {
  std::size_t messages = 0;
  std::set<Signature> signatures;
};

/// Counts what is delivered from here on. The BOOK was signed and announced before.
std::shared_ptr<Cost> count(Network& network) {
  auto cost = std::make_shared<Cost>();
  network.watch = [cost](const Envelope& envelope, const std::optional<Error>&) {
    ++cost->messages;
    SignatureFinder(cost->signatures).look(envelope.message);
  };
  return cost;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(paths)

BOOST_AUTO_TEST_CASE(what_each_path_costs_is_what_the_page_says) {
  std::vector<std::string> rows;
  for (const auto& path : all_paths()) {
    std::string row = std::string("| ") + path.name + " |";
    for (const std::size_t peers : {4U, 7U}) {
      Four four(Step::request, peers);
      four.network.home(four.o).grants = false;
      const auto book_cost = four.network.genesis().peer_count() - 1;  // announcements, one signature
      const auto cost = count(four.network);
      path.take(four);
      four.network.watch = nullptr;
      row +=
          " " + std::to_string(cost->messages - book_cost) + " | " + std::to_string(cost->signatures.size() - 1) + " |";
    }
    rows.push_back(row);
  }
  require_on_page(rows);
}

namespace {

using Victim = PeerPort Four::*;

/// Who takes a step.
bool is_owners(Step step) { return step == Step::grant || step == Step::check_id || step == Step::release; }

/// The victim is gone for good from the moment in which the step is taken: what it sent by then is delivered, and it
/// takes nothing in any more.
Four play_until(std::size_t peers, Step last, Victim victim) {
  Four four(Step::request, peers);
  auto& network = four.network;
  if (last == Step::request) {
    network.kill(four.*victim);
    return four;
  }
  network.play(four.x, static_cast<Step>(static_cast<int>(last) - 1));
  network.take(is_owners(last) ? four.o : four.r, four.x, last);
  network.kill(four.*victim);
  return four;
}

/// What those who are left do: their steps, then what each can do alone; and who can still give it up does.
void finish(Four& four) {
  auto& network = four.network;
  network.run();
  for (int again = 0; again < 6; ++again) {
    for (const auto peer : {four.r, four.o}) {
      if (!network.home(peer).alive || !network.knows(peer, four.x)) continue;
      const auto recovery = network.node(peer).recovery(network.state(peer), four.x);
      if (recovery) (void)network.input(peer, recovery->wish);
      network.run();
    }
  }
  for (const auto peer : {four.r, four.o}) {
    if (network.home(peer).alive && network.knows(peer, four.x)) (void)network.input(peer, Wish{WishAbort{four.x, {}}});
  }
  network.run();
}

/// How it ended, by the chain and the shelves of those who are left; what must hold of every end is checked.
std::string end_of(Four& four) {
  auto& network = four.network;
  const auto witness = four.w2;
  const auto book = four.book();
  const bool moved = network.owner_of_book(witness, book) == four.r;
  const bool r_left = network.home(four.r).alive;
  const bool o_left = network.home(four.o).alive;
  if (r_left) BOOST_TEST(network.home(four.r).books.contains(book) == moved);
  if (o_left) BOOST_TEST(network.home(four.o).books.contains(book) != moved);
  if (moved) {
    const auto form = std::string(name(transfer_in(network.chain(witness).front()).form));
    return form + (r_left ? ": R has the book" : ": O has the record");
  }
  const auto state = network.state_of(r_left ? four.r : four.o, four.x);
  const bool on_chain = network.head(witness).height.value > 0;
  BOOST_TEST((state == ExchangeState::aborted || state == ExchangeState::invalid));
  return on_chain ? "ABORT: O keeps the book" : "given up: O keeps the book";
}

/// Who was gone comes back: it finds what the chain says, and no more than that.
void come_back(Four& four, Victim victim, bool moved) {
  auto& network = four.network;
  network.revive(four.*victim);
  for (const auto& committed : network.chain(four.w2)) network.give(four.w2, four.*victim, CommitMessage{committed});
  network.run();
  const auto book = four.book();
  BOOST_TEST(network.home(four.r).books.contains(book) == moved);
  BOOST_TEST(network.home(four.o).books.contains(book) == !moved);
  network.require_no_fork();
  if (!network.knows(four.*victim, four.x)) return;
  const auto state = network.state_of(four.*victim, four.x);
  // A request without a GRANT waits on: its owner may still make one.
  BOOST_TEST((has_ended(state) || (state == ExchangeState::requested && !moved)), name(state));
  BOOST_TEST((state == ExchangeState::committed) == moved);
}

/// A row a step: how it ends when requester, owner or a witness is gone after it.
std::vector<std::string> table_of_the_vanished(std::size_t peers) {
  std::vector<std::string> rows;
  for (auto step = Step::request; step <= Step::mine; step = static_cast<Step>(static_cast<int>(step) + 1)) {
    std::string row = "| " + std::to_string(static_cast<int>(step)) + ", " + std::string(name(step)) + " |";
    for (const Victim victim : {&Four::r, &Four::o, &Four::w1}) {
      BOOST_TEST_CONTEXT(peers << " peers, " << name(step) << ", victim " << row.size()) {
        auto four = play_until(peers, step, victim);
        finish(four);
        const auto end = end_of(four);
        row += " " + end + " |";
        come_back(four, victim, four.network.owner_of_book(four.w2, four.book()) == four.r);
      }
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

BOOST_AUTO_TEST_CASE(whoever_is_gone_after_any_step_the_others_end_as_the_page_says) {
  for (const std::size_t peers : {5U, 4U}) require_on_page(table_of_the_vanished(peers));
}

// A witness may go on taking everything in, and say nothing any more.
BOOST_AUTO_TEST_CASE(a_witness_that_falls_silent_after_any_step_changes_no_end) {
  for (auto step = Step::request; step <= Step::mine; step = static_cast<Step>(static_cast<int>(step) + 1)) {
    BOOST_TEST_CONTEXT("silent after " << name(step)) {
      auto four = play_until(5, step, &Four::w1);
      auto& network = four.network;
      network.revive(four.w1);
      network.filter = [&](const Envelope& envelope) { return envelope.from != four.w1; };
      finish(four);
      BOOST_TEST(end_of(four) == "mined: R has the book");
      // It said nothing that it could not stand by later.
      network.filter = nullptr;
      come_back(four, &Four::w1, true);
      for (const auto& peer : network.genesis().peers()) {
        BOOST_TEST(evidence_rows.all(network.state(peer.port)).empty());
      }
    }
  }
}

// "With five peers and one witness dead or lying every path still ends"; with four, none does that lacks its ACK, and
// none gives anything away.
BOOST_AUTO_TEST_CASE(with_four_peers_and_a_dead_witness_no_exchange_passes_and_nothing_is_given_away) {
  Four four(Step::request);
  auto& network = four.network;
  network.kill(four.w1);
  finish(four);
  BOOST_TEST((network.owner_of_book(four.w2, four.book()) == four.o));
  BOOST_TEST(!network.record(four.r, four.x).consent.has_value());
  BOOST_TEST(!network.record(four.r, four.x).key.has_value());
}

BOOST_AUTO_TEST_SUITE_END()

// What a peer that serves keeps in the journal of its state (ledger/store/journal_store.hpp), as other commands of the
// same home see it: beside it, after it was killed, and once it has ended or rests.
#include <boost/test/unit_test.hpp>
#include <csignal>

#include "ledger/store/sqlite_store.hpp"
#include "ledger/store/strip.hpp"
#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace ledger = bookchain::ledger;

std::unique_ptr<ledger::Store> open_state(const Network& network, int port) {
  auto opened = ledger::SqliteStore::open(network.home(port) / "state.sqlite", ledger::SqliteStore::Mode::read_only);
  BOOST_REQUIRE(opened.has_value());
  return std::move(opened).value();
}

/// Rows of a table as they lie in the file, not as they are read with the journal.
std::size_t rows_of(const Network& network, int port, ledger::Table table) {
  std::size_t rows = 0;
  open_state(network, port)->scan(table, {}, {}, [&](ledger::ByteView, ledger::ByteView) { return ++rows > 0; });
  return rows;
}

bool has_journal(const Network& network, int port) {
  return !ledger::Strip(ledger::Table::journal).read(*open_state(network, port)).empty();
}

/// Four peers that serve, and an exchange that has just been committed at all of them.
struct Serving {
  Network network;
  Served served{network, network.ports()};
  std::string id;

  Serving() {
    const auto book = network.book_of(5001);
    const auto ended = served.request(5000, 5001, book)->wait();
    BOOST_REQUIRE(ended.exit_code == 0);
    BOOST_REQUIRE(served.all_reach(1, 30));
    id = network.ok(5000, {"list-exchanges"})["exchanges"][0]["exchange"];
    // A server writes traces down after the commits they tell of, and a kill may take the end of one.
    BOOST_REQUIRE(becomes_true(20, [&] { return trace_is_whole(); }));
  }
  /// The last that the requester sends of an exchange is its RECEIPT.
  [[nodiscard]] bool trace_is_whole() const {
    return std::ranges::any_of(network.ok(5000, {"trace", id})["messages"],
                               [](const auto& message) { return message["type"] == "receipt"; });
  }
  void check_all() const {
    for (const int port : {5000, 5001}) BOOST_TEST(network.state(port, id) == "committed");
    BOOST_TEST(network.equal_chains() == 1);
    BOOST_TEST(trace_is_whole());
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(journal)

BOOST_FIXTURE_TEST_CASE(others_read_it_beside_the_server_and_after_it_was_killed, Serving) {
  check_all();
  std::size_t journals = 0;
  for (std::size_t i = 0; i < network.ports().size(); ++i) {
    served.process(i).signal(SIGKILL);
    if (has_journal(network, network.ports()[i])) ++journals;
  }
  BOOST_TEST(journals > 0U);
  check_all();
  // The first that writes settles it.
  for (const int port : network.ports()) {
    (void)network.ok(port, {"receive"});
    BOOST_TEST(!has_journal(network, port), port);
    BOOST_TEST(rows_of(network, port, ledger::Table::blocks) == 1U, port);
  }
  check_all();
}

BOOST_FIXTURE_TEST_CASE(it_is_empty_when_the_server_rests_or_has_ended, Serving) {
  const auto all_are_empty = [&] {
    return std::ranges::none_of(network.ports(), [&](int port) { return has_journal(network, port); });
  };
  BOOST_TEST(becomes_true(20, all_are_empty));
  check_all();
  (void)network.ok(5000, {"request", "--from", "5002", "--book", network.book_of(5002)});
  served.stop();
  BOOST_TEST(all_are_empty());
}

BOOST_AUTO_TEST_SUITE_END()

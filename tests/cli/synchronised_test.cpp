// Peers on two hosts whose spools a program copies back and forth, with all that such programs do to files.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>
#include <thread>

#include "tests/cli/two_hosts.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// Whether all peers came to one chain.
bool heads_are_equal(const TwoHosts& hosts) {
  std::set<std::string> heads;
  for (const int port : {5000, 5001, 5002, 5003}) heads.insert(hosts.ok(port, {"status"})["head"]);
  return heads.size() == 1;
}

/// Books of several chunks that `owner` puts on its shelf, with their texts, by id.
std::map<std::string, std::string> add_files(const TwoHosts& hosts, const TemporaryDirectory& files, int owner,
                                             int number) {
  std::map<std::string, std::string> texts;
  for (int i = 0; i < number; ++i) {
    const auto file = files / ("page-" + std::to_string(i));
    const auto text = std::string(300'000 + static_cast<std::size_t>(i), static_cast<char>('a' + i));
    write_file(file, text);
    texts[hosts.ok(owner, {"add-book", file.string()})["book"]] = text;
  }
  return texts;
}

void check_texts(const TwoHosts& hosts, const TemporaryDirectory& files, int owner,
                 const std::map<std::string, std::string>& texts) {
  for (const auto& [book, text] : texts) {
    const auto got = files / ("got-" + book.substr(0, 8));
    hosts.ok(owner, {"get-book", book, "--to", got.string()});
    BOOST_TEST((read_file(got) == text));
  }
}

/// Looks every few rounds of the copying program; false if it has not come true in that time.
bool comes_true_while_copying(TwoHosts& hosts, int seconds, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (int round = 1; std::chrono::steady_clock::now() < end; ++round) {
    hosts.carry();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (round % 20 == 0 && condition()) return true;
  }
  return condition();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(synchronised)

BOOST_AUTO_TEST_CASE(exchanges_are_committed_although_every_file_comes_late_twice_or_in_any_order) {
  TwoHosts hosts;
  std::vector<std::string> open;
  // Books whose packages are of several chunks, beside the value books.
  const TemporaryDirectory files;
  const auto texts = add_files(hosts, files, 5001, 6);
  while (hosts.rounds() < 100 && hosts.at(5000, {"list-books", "--all"}).json()["books"].size() < 46) hosts.round();
  for (const int owner : {5001, 5003}) {
    const auto books = hosts.at(owner, {"list-books"}).json()["books"];
    for (const auto& book : books) {
      const auto made = hosts.at(5000, {"request", "--from", std::to_string(owner), "--book", book["book"]});
      BOOST_REQUIRE_MESSAGE(made.exit_code == 0, made.err);
      open.push_back(made.json()["exchange"]);
    }
  }
  BOOST_TEST(open.size() == 26);
  const auto is_open = [&](const std::string& id) {
    return hosts.at(5000, {"show-exchange", id}).json()["state"] != "committed";
  };
  while (hosts.rounds() < 600 && !open.empty()) {
    for (int i = 0; i < 5; ++i) hosts.round();
    std::erase_if(open, [&](const auto& id) { return !is_open(id); });
  }
  BOOST_TEST(open.empty(), open.size() << " are not committed after " << hosts.rounds() << " rounds");
  for (const auto* fault : {"partial", "conflict", "hidden", "returned"}) BOOST_TEST(hosts.faults[fault] > 10, fault);
  for (const auto* fault : {"partial package", "conflict of a package"}) BOOST_TEST(hosts.faults[fault] > 0, fault);
  check_texts(hosts, files, 5000, texts);
  // The last blocks are still on their way to some, and answers to questions that came twice.
  for (int more = 0; more < 20 && !(heads_are_equal(hosts) && hosts.waiting().empty()); ++more) {
    for (int i = 0; i < 5; ++i) hosts.round();
  }
  BOOST_TEST(heads_are_equal(hosts));
  // Copies and what came back are not left lying.
  BOOST_TEST(hosts.waiting().empty(), hosts.waiting());
  BOOST_TEST_MESSAGE("26 exchanges took " << hosts.rounds() << " rounds");
}

/// The same with `serve` everywhere, which sees files while they are being written, and takes many at once.
BOOST_AUTO_TEST_CASE(peers_that_serve_commit_exchanges_although_every_file_comes_late_twice_or_in_any_order) {
  TwoHosts hosts(CopyingFaults{10, 10, 10, 30});
  hosts.serve();
  const TemporaryDirectory files;
  const auto texts = add_files(hosts, files, 5001, 4);
  BOOST_REQUIRE(comes_true_while_copying(hosts, 60, [&] {
    return hosts.ok(5000, {"list-books", "--all"})["books"].size() == 44;
  }));
  for (const int owner : {5001, 5003}) {
    const auto books = hosts.ok(5000, {"list-books", "--all"})["books"];
    for (const auto& book : books) {
      if (book["owner"] == owner) hosts.ok(5000, {"request", "--from", std::to_string(owner), "--book", book["book"]});
    }
  }
  const auto committed = [&] {
    const auto all = hosts.ok(5000, {"list-exchanges"})["exchanges"];
    return std::ranges::count_if(all, [](const auto& each) { return each["state"] == "committed"; });
  };
  BOOST_TEST(comes_true_while_copying(hosts, 150, [&] { return committed() == 24; }), committed()
                                                                                          << " of 24 are committed");
  check_texts(hosts, files, 5000, texts);
  for (const auto* fault : {"partial", "conflict", "hidden", "returned"}) BOOST_TEST(hosts.faults[fault] > 3, fault);
  BOOST_TEST(comes_true_while_copying(hosts, 60, [&] { return heads_are_equal(hosts); }));
  // Long after the exchange is over, a package and a message come back.
  int packages = 0;
  int messages = 0;
  for (auto& each : hosts.carried()) {
    packages += each.bring_back(".package") ? 1 : 0;
    messages += each.bring_back("") ? 1 : 0;
  }
  BOOST_TEST(packages > 0);
  BOOST_TEST(messages > 0);
  const auto head = hosts.ok(5000, {"status"})["head"];
  hosts.stop_serving();
  // Who begins to serve removes packages that nobody wants; who goes on does so once a minute.
  hosts.serve();
  BOOST_TEST(comes_true_while_copying(hosts, 100, [&] { return hosts.waiting().empty(); }), hosts.waiting());
  BOOST_TEST(heads_are_equal(hosts));
  BOOST_TEST(hosts.ok(5000, {"status"})["head"] == head);
  hosts.stop_serving();
}

BOOST_AUTO_TEST_SUITE_END()

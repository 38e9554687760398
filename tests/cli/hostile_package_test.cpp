// What other peers can put beside a peer's messages: packages that belong elsewhere, that are none, or for
// which there is no room. The exchange that is meant waits at most; nothing else of the peer does.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <thread>

#include "cli/peer_files.hpp"
#include "ledger/records.hpp"
#include "ledger/store/journals.hpp"
#include "ledger/store/numbered_store.hpp"
#include "ledger/store/shelf.hpp"
#include "ledger/store/sqlite_store.hpp"
#include "tests/cli/abuse.hpp"
#include "transport/delivery.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace ledger = bookchain::ledger;
namespace transport = bookchain::transport;
namespace fs = boost::filesystem;

ledger::ExchangeId id_of(const std::string& text) { return *ledger::fixed_from_hex<ledger::ExchangeId>(text); }

path package_in_spool(const Network& network, int to, int from, const std::string& exchange) {
  return network.home(to) / "spool" / std::to_string(from) / "new" / (exchange + ".package");
}

/// A book whose package is a file, which everybody knows of.
std::string file_book(const Network& network, int port) {
  const auto file = network.scratch("book of " + std::to_string(port));
  write_file(file, std::string(3000, 'b') + std::to_string(port));
  const std::string book = network.ok(port, {"add-book", file.string()})["book"];
  network.receive_until_quiet();
  return book;
}

/// A book of two MiB that 5001 has granted to 5000, whose package waits there.
struct LargeGrant {
  Network network{{"--auto-books", "0"}};
  path file = network.scratch("book");
  std::string book = [this] {
    write_file(file, std::string(std::size_t{2} << 20U, 'x'));
    const std::string added = network.ok(5001, {"add-book", file.string(), "--title", "large"})["book"];
    network.receive_until_quiet();
    return added;
  }();
  std::string id = network.exchange(5000, 5001, book, 2);
  path package = package_in_spool(network, 5000, 5001, id);
};

/// A liar's GRANT of the request `bait` that names another exchange, with a package of the bait's book under
/// that name. It goes out with the liar's next command.
void grant_naming_another(const Network& network, int liar, int victim, const std::string& bait,
                          const std::string& named) {
  const auto files = bookchain::cli::load_peer_files(network.home(liar));
  BOOST_REQUIRE(files.has_value());
  const auto& own = *files.value();
  const auto opened = ledger::SqliteStore::open(own.state_file(), ledger::SqliteStore::Mode::read_write);
  BOOST_REQUIRE(opened.has_value());
  ledger::Journals journals(*opened.value());
  ledger::NumberedStore store(journals.store());
  const auto record = ledger::exchanges.get(store, id_of(bait));
  BOOST_REQUIRE(record.has_value());
  auto shelf = ledger::Shelf::open(own.home);
  BOOST_REQUIRE(shelf.has_value());
  const auto root = shelf.value().write_package(record->request.body.book, record->book->body, id_of(bait), {});
  BOOST_REQUIRE(root.has_value());
  fs::copy_file(shelf.value().package_path(id_of(bait)), package_in_spool(network, victim, liar, named),
                fs::copy_option::overwrite_if_exists);
  ledger::Grant grant;
  grant.exchange = id_of(named);
  grant.ciphertext_root = root.value();
  grant.share_commitments.resize(2);
  const auto signed_grant =
      ledger::sign_statement(own.genesis.id(), own.identity.port, own.identity.signing_key, grant);
  ledger::Draft draft(store);
  const ledger::PeerPort to{static_cast<std::uint16_t>(victim)};
  const ledger::Message message = ledger::GrantMessage{record->request, signed_grant, *record->book};
  transport::enqueue(draft, {transport::protocol_version, own.genesis.id(), own.identity.port, to, {}, {}},
                     transport::OutboxRecord{ledger::encode(message), false, ledger::Time{1}, false}, {});
  BOOST_REQUIRE(store.begin().has_value());
  store.apply(draft.take_effects().writes);
  BOOST_REQUIRE(store.commit().has_value());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hostile_packages)

BOOST_AUTO_TEST_CASE(a_grant_that_names_another_exchange_replaces_no_package) {
  const Network network;
  const auto target = network.exchange(5000, 5001, file_book(network, 5001), 3);
  network.receive_all();
  const auto kept = network.home(5000) / "exchanges" / target / "package";
  const auto before = read_file(kept);
  const auto bait = network.exchange(5000, 5003, file_book(network, 5003), 1);
  network.receive_all();
  grant_naming_another(network, 5003, 5000, bait, target);
  network.ok(5003, {"receive"});
  const auto received = network.ok(5000, {"receive"})["received"];
  BOOST_TEST(read_file(kept) == before);
  BOOST_TEST(std::any_of(received.begin(), received.end(),
                         [](const Json& each) { return each["type"] == "grant" && each["result"] == "refused"; }));
  network.settle_all_exchanges();
  BOOST_TEST(network.state(5000, target) == "committed");
}

BOOST_AUTO_TEST_CASE(what_lies_where_a_package_should_be_stops_nothing_but_its_exchange) {
  const Network network({"--auto-books", "5"});
  for (int kind = 0; kind < 4; ++kind) {
    const auto book = network.book_of(5001);
    const auto id = network.exchange(5000, 5001, book, 2);
    const auto package = package_in_spool(network, 5000, 5001, id);
    const auto real = network.scratch("real" + std::to_string(kind));
    fs::rename(package, real);
    if (kind == 0) fs::create_symlink("/etc/passwd", package);
    if (kind == 1) fs::create_symlink(package, package);
    if (kind == 2) BOOST_REQUIRE(::mkfifo(package.c_str(), 0666) == 0);
    if (kind == 3) fs::create_directories(package / "deep");
    for (const int port : {5002, 5003}) network.ok(port, {"receive"});
    BOOST_TEST(refused_in(network.ok(5000, {"receive"})["received"]) == 1U, kind);
    BOOST_TEST(network.state(5000, id) == "granted");
    BOOST_TEST(!fs::exists(fs::symlink_status(package)), "it is out of the way");
    BOOST_TEST(network.ok(5000, {"receive"})["received"].empty(), "it is told once");
    fs::rename(real, package);
    network.settle();
    BOOST_TEST(network.state(5000, id) == "committed");
    network.ok(5000, {"receive"});
  }
}

BOOST_AUTO_TEST_CASE(a_package_that_has_no_room_waits_and_the_rest_is_taken_in) {
  const Network network({"--auto-books", "0"});
  const auto file = network.scratch("book");
  write_file(file, std::string(std::size_t{5} << 20U, 'x'));
  const std::string book = network.ok(5001, {"add-book", file.string(), "--title", "large"})["book"];
  network.receive_until_quiet();
  const auto id = network.exchange(5000, 5001, book, 2);
  // What others may write is copied; what nobody else can reach needs no room.
  fs::permissions(package_in_spool(network, 5000, 5001, id), fs::add_perms | fs::group_write);
  // In units of 512 bytes: 3 MiB.
  const auto ended =
      network.shell("ulimit -f 6144; exec bookchain -o json -n " + network.folder().string() + " -p 5000 receive");
  BOOST_TEST(ended.exit_code == 1);
  BOOST_TEST(ended.token() == "io");
  BOOST_TEST(network.state(5000, id) == "granted", "the rest was taken in: " << ended.out);
  BOOST_TEST(!fs::exists(network.home(5000) / "exchanges" / id / "package.new"));
  BOOST_TEST(fs::exists(package_in_spool(network, 5000, 5001, id)));
  network.settle();
  BOOST_TEST(network.state(5000, id) == "committed");
}

BOOST_AUTO_TEST_CASE(a_package_that_is_taken_cannot_be_changed_by_its_sender_any_more) {
  const LargeGrant granted;
  const auto& [network, file, book, id, package] = granted;
  // A name and an open file that the sender keeps.
  fs::create_hard_link(package, network.scratch("name"));
  std::ofstream open_file(package.string(), std::ios::binary | std::ios::in | std::ios::out);
  network.ok(5000, {"receive"});
  open_file.seekp(1'000'000);
  open_file << "changed" << std::flush;
  write_file(network.scratch("name"), "changed");
  network.settle();
  BOOST_TEST(network.state(5000, id) == "committed");
  network.ok(5000, {"get-book", book, "--to", network.scratch("got").string()});
  BOOST_TEST((read_file(network.scratch("got")) == read_file(file)));
}

/// Cut off, changed and made whole again all the time that it is copied.
BOOST_AUTO_TEST_CASE(a_package_that_changes_while_it_is_read_is_taken_whole_or_not_at_all) {
  const LargeGrant granted;
  const auto& [network, file, book, id, package] = granted;
  // What others may write is copied; what nobody else can reach would be moved.
  fs::permissions(package, fs::add_perms | fs::group_write);
  const auto whole = read_file(package);
  std::fstream writing(package.string(), std::ios::binary | std::ios::in | std::ios::out);
  std::atomic<bool> stop = false;
  std::thread writer([&writing, &stop, &whole, &package = granted.package] {
    for (std::size_t i = 0; !stop; ++i) {
      boost::system::error_code ignored;
      if (i % 3 == 0) fs::resize_file(package, whole.size() / 2, ignored);
      writing.seekp(i % 3 == 1 ? static_cast<std::streamoff>(whole.size() / 4) : 0);
      writing << (i % 3 == 1 ? "changed" : whole) << std::flush;
    }
  });
  for (int i = 0; i < 5; ++i) BOOST_TEST(network.at(5000, {"receive"}).exit_code == 0);
  stop = true;
  writer.join();
  writing.close();
  network.settle();
  const auto state = network.state(5000, id);
  if (state != "committed") {
    // A copy that is none ended it; one that was too short at each look waits for the rest.
    BOOST_TEST((state == "invalid" || state == "granted"), state);
    if (state == "granted") network.ok(5000, {"abort", id});
    network.settle();
    const auto again = network.exchange(5000, 5001, book, 2);
    network.settle();
    BOOST_TEST(network.state(5000, again) == "committed");
  }
  network.ok(5000, {"get-book", book, "--to", network.scratch("got").string()});
  BOOST_TEST((read_file(network.scratch("got")) == read_file(file)));
}

/// The package itself was handed over: the owner has no other, and makes the same again.
BOOST_AUTO_TEST_CASE(a_package_that_was_lost_with_its_grant_is_made_again) {
  const Network network({"--seed", "lost"});
  const auto at = [](const char* time) {
    RunOptions options;
    options.environment["BOOKCHAIN_CLOCK"] = time;
    return options;
  };
  const auto id = network.exchange(5000, 5001, file_book(network, 5001), 1);
  BOOST_TEST(network.at(5001, {"receive"}, at("1000000000")).exit_code == 0);
  BOOST_TEST(network.at(5001, {"grant", id}, at("1000000000")).exit_code == 0);
  const auto spool = network.home(5000) / "spool" / "5001" / "new";
  const auto package = package_in_spool(network, 5000, 5001, id);
  const auto before = read_file(package);
  BOOST_TEST(!fs::exists(network.home(5001) / "exchanges" / id / "package"));
  for (const auto& each : fs::directory_iterator(spool)) fs::remove(each.path());
  BOOST_TEST(network.at(5001, {"receive"}, at("1000000100")).exit_code == 0);
  BOOST_REQUIRE(fs::exists(package));
  BOOST_TEST((read_file(package) == before));
  network.settle();
  BOOST_TEST(network.state(5000, id) == "committed");
}

BOOST_AUTO_TEST_CASE(packages_that_nothing_will_name_again_are_removed) {
  const Network network;
  const auto unknown = package_in_spool(network, 5000, 5001, std::string(64, 'a'));
  write_file(unknown, "rubbish");
  const auto id = network.exchange(5000, 5001, network.book_of(5001), 1);
  const auto wanted = package_in_spool(network, 5000, 5001, id);
  write_file(wanted, "it may come before its grant");
  network.ok(5000, {"receive"});
  BOOST_TEST(!fs::exists(unknown));
  BOOST_TEST(fs::exists(wanted));
  network.settle();
  BOOST_TEST(network.state(5000, id) == "committed");
  write_file(wanted, "left by a process that was killed");
  network.ok(5000, {"receive"});
  BOOST_TEST(!fs::exists(wanted));
}

BOOST_AUTO_TEST_CASE(receive_ends_although_somebody_sends_without_end) {
  const Network network;
  const auto spool = network.home(5001) / "spool" / "5000" / "new";
  const auto rubbish = network.scratch("rubbish");
  write_file(rubbish, "rubbish");
  // Links are made faster than they can be taken in, and there are never many more than the backlog.
  constexpr std::size_t backlog = 500;
  std::size_t made = 0;
  const auto name = [&](std::size_t number) { return spool / ("rubbish-" + std::to_string(1'000'000 + number)); };
  const auto add_one = [&] { fs::create_hard_link(rubbish, name(made++)); };
  while (made < backlog) add_one();
  std::atomic<bool> stop{false};
  std::atomic<bool> gave_up{false};
  std::thread flood([&] {
    const auto began = std::chrono::steady_clock::now();
    while (!stop && !gave_up) {
      while (!stop && fs::exists(name(made - backlog))) std::this_thread::yield();
      add_one();
      gave_up = std::chrono::steady_clock::now() - began > std::chrono::seconds(20);
    }
  });
  const auto ended = network.at(5001, {"receive"});
  const bool still_sending = !gave_up;
  stop = true;
  flood.join();
  BOOST_TEST(ended.exit_code == 0);
  BOOST_TEST(still_sending, "it ended only when nothing came any more");
}

BOOST_AUTO_TEST_SUITE_END()

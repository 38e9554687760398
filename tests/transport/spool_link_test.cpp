// The spool: what is delivered arrives whole, and nothing that lies there leads anybody elsewhere.
#include "transport/spool_link.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <set>

#include "tests/transport/spools.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;

BOOST_AUTO_TEST_SUITE(spool_link)

BOOST_FIXTURE_TEST_CASE(a_delivery_arrives_whole_and_stays_until_it_is_acknowledged, Spools) {
  BOOST_REQUIRE(first->send(PeerPort{5001}, {envelope_of("one"), envelope_of("two")}, {}).has_value());
  for (int again = 0; again < 2; ++again) {
    const auto parcels = receive();
    BOOST_REQUIRE(parcels.size() == 1U);
    BOOST_TEST((parcels[0].envelopes == std::vector<Bytes>{envelope_of("one"), envelope_of("two")}));
    BOOST_TEST((parcels[0].from == PeerPort{5000}));
  }
  BOOST_TEST(first->still_waiting_at(PeerPort{5001}));
  BOOST_REQUIRE(second->acknowledge(receive().front()).has_value());
  BOOST_TEST(receive().empty());
  BOOST_TEST(!first->still_waiting_at(PeerPort{5001}));
}

BOOST_FIXTURE_TEST_CASE(what_the_caller_holds_is_not_given_and_keeps_nothing_newer_back, Spools) {
  const auto send = [&](const std::string& text) {
    BOOST_REQUIRE(first->send(PeerPort{5001}, {envelope_of(text)}, {}).has_value());
  };
  send("one");
  const auto held = receive();
  BOOST_REQUIRE(held.size() == 1U);
  const ParcelNames names{{held[0].from, {held[0].name}}};
  BOOST_TEST(second->receive_beside(names, 100).value().empty());
  send("two");
  const auto newer = second->receive_beside(names, 100).value();
  BOOST_REQUIRE(newer.size() == 1U);
  BOOST_TEST((newer[0].envelopes == std::vector<Bytes>{envelope_of("two")}));
  // What lies beside is counted once it was looked at, however much of it was taken.
  for (int i = 0; i < 5; ++i) send("more");
  BOOST_TEST(second->receive_beside(ParcelNames{{held[0].from, {held[0].name, newer[0].name}}}, 2).value().size() ==
             2U);
  BOOST_TEST(second->count_waiting() == 7U);
  for (const auto& parcel : {held[0], newer[0]}) BOOST_REQUIRE(second->acknowledge(parcel).has_value());
  BOOST_TEST(receive().size() == 5U);
}

// Each look costs a listing of every folder: what came since the last one is counted by the next.
BOOST_FIXTURE_TEST_CASE(what_waits_is_counted_as_it_was_seen_last, Spools) {
  using Counts = std::map<PeerPort, std::size_t>;
  const auto send = [&] { BOOST_REQUIRE(first->send(PeerPort{5001}, {envelope_of("one")}, {}).has_value()); };
  BOOST_TEST(second->seen_waiting().empty());
  for (int i = 0; i < 3; ++i) send();
  const auto parcels = receive(1);
  BOOST_TEST((second->seen_waiting() == Counts{{PeerPort{5000}, 3}}));
  BOOST_REQUIRE(second->acknowledge(parcels[0]).has_value());
  BOOST_TEST((second->seen_waiting() == Counts{{PeerPort{5000}, 2}}));
  for (const auto& parcel : receive()) BOOST_REQUIRE(second->acknowledge(parcel).has_value());
  send();
  BOOST_TEST(second->seen_waiting().empty());
  BOOST_TEST(second->count_waiting() == 1U);
  BOOST_TEST(receive().size() == 1U);
  BOOST_TEST((second->seen_waiting() == Counts{{PeerPort{5000}, 1}}));
}

// Another process of this peer may have taken it in meanwhile.
BOOST_FIXTURE_TEST_CASE(a_delivery_that_is_gone_is_acknowledged_all_the_same, Spools) {
  BOOST_REQUIRE(first->send(PeerPort{5001}, {envelope_of("one")}, {}).has_value());
  const auto parcels = receive();
  BOOST_REQUIRE(parcels.size() == 1U);
  BOOST_REQUIRE(open(5001, 5000)->acknowledge(parcels[0]).has_value());
  BOOST_TEST(second->acknowledge(parcels[0]).has_value());
  BOOST_TEST(receive().empty());
}

BOOST_FIXTURE_TEST_CASE(many_messages_share_files_up_to_a_size, Spools) {
  const std::vector<Bytes> many(1000, Bytes(4000, 1));
  BOOST_REQUIRE(first->send(PeerPort{5001}, many, {}).has_value());
  std::size_t arrived = 0;
  const auto parcels = receive();
  for (const auto& parcel : parcels) arrived += parcel.envelopes.size();
  BOOST_TEST(arrived == many.size());
  BOOST_TEST(parcels.size() == 4U);
}

BOOST_FIXTURE_TEST_CASE(a_package_lies_there_before_its_message, Spools) {
  ExchangeId exchange;
  exchange.bytes.fill(7);
  write(folder / "package", "encrypted");
  BOOST_REQUIRE(
      first->send(PeerPort{5001}, {envelope_of("grant")}, {PackageFile{exchange, folder / "package"}}).has_value());
  BOOST_TEST(receive().size() == 1U);
  auto source = second->open_package(PeerPort{5000}, exchange);
  BOOST_REQUIRE(source.has_value());
  Bytes content(9);
  BOOST_TEST(source.value()->read(content).value() == 9U);
  BOOST_TEST((content == bytes_of("encrypted")));
  // Sent again while it lies there, and dropped twice: neither is a failure.
  BOOST_REQUIRE(
      first->send(PeerPort{5001}, {envelope_of("grant")}, {PackageFile{exchange, folder / "package"}}).has_value());
  BOOST_REQUIRE(second->drop_package(PeerPort{5000}, exchange).has_value());
  BOOST_REQUIRE(second->drop_package(PeerPort{5000}, exchange).has_value());
  BOOST_TEST((second->open_package(PeerPort{5000}, exchange).error().token == Token::no_such_file));
}

BOOST_FIXTURE_TEST_CASE(a_package_that_may_be_moved_is_handed_over, Spools) {
  ExchangeId exchange;
  exchange.bytes.fill(7);
  write(folder / "package", "encrypted");
  BOOST_TEST(!first->package_waits_at(PeerPort{5001}, exchange));
  BOOST_REQUIRE(
      first->send(PeerPort{5001}, {envelope_of("grant")}, {PackageFile{exchange, folder / "package", 0, true}})
          .has_value());
  BOOST_TEST(!fs::exists(folder / "package"));
  BOOST_TEST(first->package_waits_at(PeerPort{5001}, exchange));
  auto source = second->open_package(PeerPort{5000}, exchange);
  BOOST_REQUIRE(source.has_value());
  BOOST_TEST(source.value()->move_to(folder / "taken"));
  BOOST_TEST(fs::exists(folder / "taken"));
  BOOST_TEST(!first->package_waits_at(PeerPort{5001}, exchange));
}

std::string framed(std::size_t size, std::size_t count) {
  const auto length = encode(static_cast<std::uint32_t>(size));
  const auto frame = std::string(length.begin(), length.end()) + std::string(size, 'x');
  std::string mail(mail_magic);
  for (std::size_t i = 0; i < count; ++i) mail += frame;
  return mail;
}

/// Of frames without content millions fit into a file, and each became a message, an error and a line.
BOOST_FIXTURE_TEST_CASE(a_delivery_has_messages_that_can_be_sealed_and_no_more_than_fit, Spools) {
  const auto messages_of = [](const std::string& mail) {
    const auto parsed = parse_mail(bytes_of(mail), most);
    return parsed ? parsed.value().size() : 0;
  };
  BOOST_TEST(messages_of(framed(0, 5)) == 0U);
  BOOST_TEST(messages_of(framed(seal_overhead - 1, 1)) == 0U);
  BOOST_TEST(messages_of(framed(seal_overhead, 1)) == 1U);
  BOOST_TEST(messages_of(framed(most, 1)) == 1U);
  BOOST_TEST(messages_of(framed(most + 1, 1)) == 0U);
  BOOST_TEST(messages_of(framed(seal_overhead, max_mail_messages)) == max_mail_messages);
  BOOST_TEST(messages_of(framed(seal_overhead, max_mail_messages + 1)) == 0U);
  // The smallest messages are written so that a reader takes them all.
  const std::vector<Bytes> many(3 * max_mail_messages, envelope_of("x"));
  BOOST_REQUIRE(first->send(PeerPort{5001}, many, {}).has_value());
  std::size_t arrived = 0;
  for (std::size_t turns = 0; arrived < many.size() && turns < 4; ++turns) {
    for (const auto& parcel : receive()) {
      BOOST_TEST(!parcel.fault.has_value());
      arrived += parcel.envelopes.size();
      BOOST_REQUIRE(second->acknowledge(parcel).has_value());
    }
  }
  BOOST_TEST(arrived == many.size());
}

BOOST_AUTO_TEST_CASE(a_sender_that_floods_does_not_starve_the_others) {
  const Folder folder;
  CountingEnvironment environment;
  const auto link = SpoolLink::open(
      {PeerPort{5001}, folder / "5001", {{PeerPort{5000}, folder / "5000"}, {PeerPort{5002}, folder / "5002"}}, most},
      environment);
  BOOST_REQUIRE(link.has_value());
  for (int i = 0; i < 500; ++i) Spools::write(folder / "5001" / "5000" / "new" / std::to_string(i), "x");
  Spools::write(folder / "5001" / "5002" / "new" / "zzz", "x");
  bool heard = false;
  const auto parcels = link.value()->receive(10).value();
  for (const auto& parcel : parcels) heard = heard || parcel.from == PeerPort{5002};
  BOOST_TEST(heard);
}

BOOST_FIXTURE_TEST_CASE(a_folder_is_taken_in_parts_each_file_once_and_what_came_meanwhile_as_well, Spools) {
  std::set<std::string> written;
  const auto put = [&](const std::string& name) {
    write(inbox() / name, "x");
    written.insert(name);
  };
  for (int i = 10; i < 40; ++i) put(std::to_string(i));
  std::multiset<std::string> taken;
  for (bool is_first = true;; is_first = false) {
    const auto parcels = receive(7);
    if (parcels.empty()) break;
    BOOST_TEST(parcels.size() <= 7U);
    for (const auto& parcel : parcels) taken.insert(parcel.name);
    if (is_first) {
      put("05");
      put("99");
    }
  }
  BOOST_TEST((taken == std::multiset<std::string>(written.begin(), written.end())));
}

BOOST_FIXTURE_TEST_CASE(a_spool_that_everybody_can_write_is_refused, Spools) {
  fs::permissions(folder / "5001", fs::perms(0777));
  const auto refused =
      SpoolLink::open({PeerPort{5001}, folder / "5001", {{PeerPort{5000}, folder / "5000"}}, most}, environment);
  BOOST_TEST((refused.error().token == Token::permission));
  BOOST_TEST(refused.error().hint.find("chmod o-w") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_missing_spool_is_a_failure_of_the_environment, Spools) {
  fs::remove_all(folder / "5001");
  const auto failed = first->send(PeerPort{5001}, {envelope_of("one")}, {});
  BOOST_TEST((failed.error().token == Token::io));
  BOOST_TEST(!first->still_waiting_at(PeerPort{5001}));
}

BOOST_FIXTURE_TEST_CASE(what_a_killed_process_left_in_tmp_is_cleared, Spools) {
  const auto tmp = folder / "5001" / "5000" / "tmp";
  const std::string delivery = "0123456789abcdef-" + std::string(32, 'a');
  const std::string package = std::string(64, 'b') + ".package";
  for (const auto& name : {delivery, package, std::string("of-another-program")}) write(tmp / name, "half a deliv");
  BOOST_REQUIRE(open(5000, 5001)->send(PeerPort{5001}, {envelope_of("one")}, {}).has_value());
  BOOST_TEST(!fs::exists(tmp / delivery));
  BOOST_TEST(!fs::exists(tmp / package));
  BOOST_TEST(fs::exists(tmp / "of-another-program"));
}

/// A receiver made its spool point at the sender's home: what was swept there were the sender's own files.
BOOST_FIXTURE_TEST_CASE(a_sender_follows_no_link_in_another_peers_spool, Spools) {
  const auto home = folder / "home";
  const auto own_looking = "0123456789abcdef-" + std::string(32, 'a');
  for (const auto* part : {"tmp", "new"}) {
    fs::create_directories(home / part);
    for (const auto& name : {std::string("keys.yaml"), own_looking}) {
      write(home / name, "mine");
      write(home / part / name, "mine");
    }
  }
  const auto spool = folder / "5001" / "5000";
  for (const std::string swapped : {"tmp", "new", ""}) {
    const auto place = swapped.empty() ? spool : spool / swapped;
    fs::rename(place, folder / "moved");
    fs::create_symlink(home, place);
    const auto sent = open(5000, 5001)->send(PeerPort{5001}, {envelope_of("one")}, {});
    BOOST_TEST((sent.has_error() && sent.error().token == Token::io), swapped);
    fs::remove(place);
    fs::rename(folder / "moved", place);
    std::size_t files = 0;
    for (fs::recursive_directory_iterator entry(home), end; entry != end; ++entry) files += fs::is_regular_file(*entry);
    BOOST_TEST(files == 6U, swapped);
  }
  BOOST_REQUIRE(open(5000, 5001)->send(PeerPort{5001}, {envelope_of("one")}, {}).has_value());
  BOOST_TEST(receive().size() == 1U);
}

/// The same the other way: a sender that may write in its folder cannot make the receiver move its own files.
BOOST_FIXTURE_TEST_CASE(a_receiver_follows_no_link_in_its_spool_and_hears_the_others, Spools) {
  const auto home = folder / "home";
  fs::create_directories(home);
  write(home / "keys.yaml", "mine");
  const auto third = folder / "5001" / "5002";
  fs::create_directories(third / "tmp");
  fs::create_directories(third / "bad");
  fs::create_symlink(home, third / "new");
  auto link = SpoolLink::open(
      {PeerPort{5001}, folder / "5001", {{PeerPort{5000}, folder / "5000"}, {PeerPort{5002}, folder / "5002"}}, most},
      environment);
  BOOST_REQUIRE(link.has_value());
  BOOST_REQUIRE(first->send(PeerPort{5001}, {envelope_of("one")}, {}).has_value());
  const auto parcels = link.value()->receive(100).value();
  BOOST_TEST(parcels.size() == 2U);
  std::size_t faults = 0;
  for (const auto& parcel : parcels) faults += parcel.fault ? 1U : 0U;
  BOOST_TEST(faults == 1U);
  BOOST_TEST(link.value()->receive(100).value().size() == 1U, "the fault is told once");
  BOOST_TEST(fs::exists(home / "keys.yaml"));
}

BOOST_FIXTURE_TEST_CASE(a_package_that_is_no_file_is_told_from_one_that_is_missing_and_can_be_dropped, Spools) {
  ExchangeId exchange;
  exchange.bytes.fill(7);
  const auto package = inbox() / (to_hex(exchange) + ".package");
  for (int kind = 0; kind < 4; ++kind) {
    if (kind == 0) fs::create_symlink("/etc/passwd", package);
    if (kind == 1) fs::create_symlink(package, package);
    if (kind == 2) BOOST_REQUIRE(::mkfifo(package.c_str(), 0600) == 0);
    if (kind == 3) fs::create_directories(package / "deep" / "deeper");
    BOOST_TEST((second->open_package(PeerPort{5000}, exchange).error().token == Token::bad_file), kind);
    BOOST_TEST((second->packages() == std::vector{std::pair(PeerPort{5000}, exchange)}), kind);
    BOOST_TEST(second->drop_package(PeerPort{5000}, exchange).has_value(), kind);
    BOOST_TEST(!fs::exists(fs::symlink_status(package)), kind);
  }
  BOOST_TEST((second->open_package(PeerPort{5000}, exchange).error().token == Token::no_such_file));
  BOOST_TEST(second->packages().empty());
}

/// One exchange has one package: what lies there whole is not copied again, however often it is asked for.
BOOST_FIXTURE_TEST_CASE(a_package_that_waits_is_not_placed_again, Spools) {
  ExchangeId exchange;
  exchange.bytes.fill(7);
  const auto send = [&] {
    const PackageFile package{exchange, folder / "package", 0, false};
    BOOST_REQUIRE(
        first->send(PeerPort{5001}, {envelope_of("grant"), envelope_of("grant")}, {package, package}).has_value());
  };
  const auto file = inbox() / (to_hex(exchange) + ".package");
  const auto content = [&] {
    std::string text;
    std::ifstream(file.string()) >> text;
    return text;
  };
  write(folder / "package", "encrypted");
  send();
  fs::remove(folder / "package");
  write(folder / "package", "otherwise");
  send();
  BOOST_TEST(content() == "encrypted");
  // One that is cut short is replaced.
  fs::remove(file);
  write(file, "enc");
  send();
  BOOST_TEST(content() == "otherwise");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

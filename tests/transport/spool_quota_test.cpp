// What one sender may have waiting: it holds back what would be more, and one sender's load delays no other.
#include "transport/spool_quota.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <ctime>
#include <fstream>
#include <set>

#include "tests/transport/quota_spools.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;

BOOST_AUTO_TEST_SUITE(spool_quota)

BOOST_FIXTURE_TEST_CASE(what_is_above_the_number_of_files_is_held_back_until_some_are_taken, QuotaSpools) {
  open({1000, 3});
  for (int i = 0; i < 3; ++i) BOOST_TEST(send(10) == "sent");
  BOOST_TEST(send(10) == "over-quota");
  BOOST_TEST(receiver->count_waiting() == 3U);
  take_one();
  BOOST_TEST(send(10) == "sent");
  BOOST_TEST(send(10) == "over-quota");
}

// What lies there and cannot be removed by its name waits for the next call, however much of it is in hand.
BOOST_FIXTURE_TEST_CASE(what_is_above_the_quota_and_stays_is_seen_to_wait, QuotaSpools) {
  open({1000, 3});
  const auto inbox = folder / "5001" / "5000" / "new";
  for (int i = 0; i < 5; ++i) fs::create_directories(inbox / std::to_string(i) / "deep");
  BOOST_TEST(receiver->receive(64).value().size() == 3U);
  BOOST_TEST(receiver->seen_waiting()[PeerPort{5000}] > 64U);
  BOOST_TEST(receiver->receive(64).value().size() == 2U);
  BOOST_TEST(receiver->seen_waiting().empty());
  BOOST_TEST(fs::is_empty(inbox));
}

// Each is heard, also where there are more senders than descriptors.
BOOST_FIXTURE_TEST_CASE(many_senders_are_heard_with_few_descriptors, QuotaSpools) {
  std::vector<std::uint16_t> senders;
  for (std::uint16_t port = 5100; port < 5140; ++port) senders.push_back(port);
  receiver = link(5001, senders, {});
  for (const auto port : senders) {
    BOOST_REQUIRE(link(port, {5001}, {})->send(PeerPort{5001}, {Bytes(10, 1)}, {}).has_value());
  }
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const Descriptor next(::open("/", O_RDONLY | O_CLOEXEC));
  const rlimit few{static_cast<rlim_t>(next.get()) + 16, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  const auto parcels = receiver->receive(100);
  BOOST_TEST(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  BOOST_REQUIRE(parcels.has_value());
  BOOST_TEST(parcels.value().size() == senders.size());
}

BOOST_FIXTURE_TEST_CASE(what_is_above_the_bytes_is_held_back_unless_nothing_waits, QuotaSpools) {
  open({1000, 100});
  BOOST_TEST(send(5000) == "sent");
  BOOST_TEST(send(1) == "over-quota");
  take_one();
  BOOST_TEST(send(500) == "sent");
  BOOST_TEST(send(600) == "over-quota");
  BOOST_TEST(send(300) == "sent");
}

BOOST_FIXTURE_TEST_CASE(one_book_may_always_be_under_way, QuotaSpools) {
  open({1000, 100});
  BOOST_TEST(send(100) == "sent");
  BOOST_TEST(send(100, {package(1, 50'000)}) == "sent");
  // The same again is no second one.
  BOOST_TEST(send(100, {package(1, 50'000)}) == "sent");
  BOOST_TEST(send(100, {package(2, 40'000)}) == "over-quota");
  ExchangeId first;
  first.bytes.fill(1);
  BOOST_REQUIRE(receiver->drop_package(PeerPort{5000}, first).has_value());
  BOOST_TEST(send(100, {package(2, 40'000)}) == "sent");
}

BOOST_FIXTURE_TEST_CASE(the_quota_that_a_receiver_states_is_the_one_that_a_sender_keeps, QuotaSpools) {
  open({5000, 7});
  const auto spool = SpoolFolder::open(folder / "5001");
  BOOST_TEST((quota_of(spool.value()) == Quota{5000, 7}));
  receiver = link(5001, {5000}, {});
  BOOST_TEST((quota_of(spool.value()) == Quota{}));
  // What is no such file says nothing.
  for (const auto* text : {"", "bookchain/1 quota\nbytes 1\nfiles 1", "bookchain/1 quota\nbytes 01\nfiles 1\n",
                           "bookchain/1 quota\nbytes -1\nfiles 1\n", "bookchain/1 quota\nbytes 1\nfiles 1\nmore\n",
                           "bookchain/1 quota\nbytes 18446744073709551616\nfiles 1\n"}) {
    std::ofstream((folder / "5001" / "quota").string(), std::ios::binary | std::ios::trunc) << text;
    BOOST_TEST((quota_of(spool.value()) == Quota{}), text);
  }
  BOOST_TEST((read_quota(write_quota({1, 2})) == Quota{1, 2}));
}

// Two with large files in each turn: whoever comes after them must not wait for ever.
BOOST_FIXTURE_TEST_CASE(senders_of_large_files_do_not_starve_the_last_one, QuotaSpools) {
  receiver = link(5001, {4000, 4001, 5002}, {});
  const std::vector<Bytes> large(3, Bytes(std::size_t{1} << 24U, 1));
  for (const auto port : {std::uint16_t{4000}, std::uint16_t{4001}}) {
    BOOST_REQUIRE(link(port, {5001}, {})->send(PeerPort{5001}, large, {}).has_value());
  }
  BOOST_REQUIRE(link(5002, {5001}, {})->send(PeerPort{5001}, {Bytes(10, 1)}, {}).has_value());
  bool heard = false;
  for (int turn = 0; turn < 3 && !heard; ++turn) {
    const auto parcels = receiver->receive(64);
    BOOST_REQUIRE(parcels.has_value());
    for (const auto& parcel : parcels.value()) heard = heard || parcel.from == PeerPort{5002};
  }
  BOOST_TEST(heard);
}

// A program that carries files may leave such names for ever, and nobody takes them.
BOOST_FIXTURE_TEST_CASE(hidden_files_hold_nothing_back_and_are_bounded, QuotaSpools) {
  open({1000, 100});
  const auto inbox = folder / "5001" / "5000" / "new";
  const auto put = [&](const fs::path& file, std::size_t size, int age) {
    std::ofstream(file.string(), std::ios::binary) << std::string(size, 'h');
    fs::last_write_time(file, std::time(nullptr) - age);
  };
  put(inbox / ".syncthing.one.tmp", 900, 30);
  BOOST_TEST(send(5000) == "sent");
  take_one();
  BOOST_TEST(!sender->still_waiting_at(PeerPort{5001}));
  // The oldest go, the largest may be a package on its way; what is not hidden is taken as a delivery.
  put(inbox / ".syncthing.two.tmp", 800, 20);
  put(inbox / ".syncthing.three.tmp", 50'000, 10);
  const auto unfinished = folder / "5001" / "5000" / "tmp";
  put(unfinished / "old", 4096, 20);
  put(unfinished / "new", 50'000, 10);
  receiver = link(5001, {5000}, {4096, 100});
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST(fs::exists(inbox / ".syncthing.one.tmp"));
  BOOST_TEST(fs::exists(unfinished / "old"));
  receiver = link(5001, {5000}, {1000, 100});
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST(!fs::exists(inbox / ".syncthing.one.tmp"));
  BOOST_TEST(fs::exists(inbox / ".syncthing.two.tmp"));
  BOOST_TEST(fs::exists(inbox / ".syncthing.three.tmp"));
  BOOST_TEST(!fs::exists(unfinished / "old"));
  BOOST_TEST(fs::exists(unfinished / "new"));
  // What came after it does not cut a package off that is on its way.
  put(inbox / ".syncthing.mail.tmp", 100, 1);
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST(fs::exists(inbox / ".syncthing.three.tmp"));
  // Larger than any book is nothing that may be on its way.
  receiver = link(5001, {5000}, {1000, 100}, 40'000);
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST(!fs::exists(inbox / ".syncthing.three.tmp"));
  BOOST_TEST(!fs::exists(unfinished / "new"));
}

// Nobody looks there for deliveries, so nobody would ever take it away.
BOOST_FIXTURE_TEST_CASE(what_lies_beside_deliveries_is_bounded_with_whole_trees, QuotaSpools) {
  open({1000, 100});
  const auto of_sender = folder / "5001" / "5000";
  const auto put = [&](const fs::path& file, std::size_t size, int age) {
    fs::create_directories(file.parent_path());
    std::ofstream(file.string(), std::ios::binary) << std::string(size, 'h');
    fs::last_write_time(file, std::time(nullptr) - age);
    if (file.parent_path().filename() == "tree") fs::last_write_time(file.parent_path(), std::time(nullptr) - age);
  };
  for (const auto* place : {"beside", "cur/copy", ".marker", "tmp/tree/leaf", "cur/tree/leaf", "new/.tree/leaf"}) {
    put(of_sender / place, 4'000, 20);
  }
  for (const auto* place : {"tree/leaf", "cur/other", "tmp/whole"}) put(of_sender / place, 50'000, 10);
  const auto lie_there = [&] {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(of_sender)) {
      if (fs::is_regular_file(entry.path())) names.insert(fs::relative(entry.path(), of_sender).string());
    }
    return names;
  };
  const auto all = lie_there();
  BOOST_TEST(all.size() == 9U);
  receiver = link(5001, {5000}, {1'000'000, 100});
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST((lie_there() == all));
  // A tree and the folder around it take blocks of their own.
  receiver = link(5001, {5000}, {13'000, 100});
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST((lie_there() == std::set<std::string>{"beside", ".marker", "cur/copy", "cur/tree/leaf", "new/.tree/leaf",
                                                   "tmp/tree/leaf", "tmp/whole"}));
  receiver = link(5001, {5000}, {1'000, 100});
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST((lie_there() == std::set<std::string>{"tmp/whole"}),
             "the largest file in tmp may be a package on its way");
  // The number of files in a tree counts like any other.
  for (int i = 0; i < 40; ++i) put(of_sender / "many" / std::to_string(i), 0, 5);
  receiver = link(5001, {5000}, {1'000'000, 41});
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST(fs::exists(of_sender / "many" / "39"));
  receiver = link(5001, {5000}, {1'000'000, 40});
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST(!fs::exists(of_sender / "many"));
  // One that is too deep to be looked through goes a piece at a time.
  fs::create_directories(of_sender / "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d");
  put(of_sender / "d" / "leaf", 50'000, 5);
  receiver = link(5001, {5000}, {1'000'000, 100});
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST(!fs::exists(of_sender / "d" / "leaf"));
}

BOOST_FIXTURE_TEST_CASE(what_anybody_leaves_in_a_drop_box_is_bounded_and_senders_and_quota_stay, QuotaSpools) {
  const auto spool = folder / "5001";
  fs::create_directories(spool / "5000" / "new");
  BOOST_REQUIRE(::chmod(spool.c_str(), 03777) == 0);
  open({1'000, 100});
  for (const auto* name : {"5000/new/mail", "rubbish", "4000/new/mail", ".not-1/tree/leaf"}) {
    fs::create_directories((spool / name).parent_path());
    std::ofstream((spool / name).string(), std::ios::binary) << std::string(50'000, 'x');
  }
  BOOST_REQUIRE(fs::exists(spool / "quota"));
  receiver = link(5001, {5000}, {1'000'000, 100});
  BOOST_TEST(receiver->receive(0).has_value());
  for (const auto* name : {"quota", "5000/new/mail", "rubbish", "4000/new/mail", ".not-1/tree/leaf"}) {
    BOOST_TEST(fs::exists(spool / name), name);
  }
  receiver = link(5001, {5000}, {1'000, 100});
  BOOST_TEST(receiver->receive(0).has_value());
  for (const auto* name : {"quota", "5000/new/mail"}) BOOST_TEST(fs::exists(spool / name), name);
  for (const auto* name : {"rubbish", "4000", ".not-1"}) BOOST_TEST(!fs::exists(spool / name), name);
}

BOOST_FIXTURE_TEST_CASE(what_is_put_aside_takes_no_more_than_the_quota, QuotaSpools) {
  open({13'000, 100});
  const auto inbox = folder / "5001" / "5000" / "new";
  const auto bad = folder / "5001" / "5000" / "bad";
  for (const auto* name : {"1", "2", "3", "4"}) {
    std::ofstream((inbox / name).string(), std::ios::binary) << std::string(name[0] == '3' ? 20'000 : 4'000, 'x');
  }
  fs::create_directories(inbox / "5");
  std::ofstream((inbox / "5" / "inside").string(), std::ios::binary) << std::string(50'000, 'x');
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST(fs::is_empty(inbox));
  for (const auto* name : {"1", "2", "4"}) BOOST_TEST(fs::exists(bad / name), name);
  for (const auto* name : {"3", "5"}) BOOST_TEST(!fs::exists(bad / name), name);
  for (const auto* name : {"1", "2", "3", "4", "5"})
    BOOST_TEST(fs::exists(bad / (std::string(name) + ".reason")), name);
  std::ofstream((inbox / "6").string(), std::ios::binary) << std::string(4'000, 'x');
  BOOST_TEST(receiver->receive(10).has_value());
  BOOST_TEST(!fs::exists(bad / "1"));
  BOOST_TEST(fs::exists(bad / "6"));
}

std::size_t entries_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

/// Moved to bad/ they would lie there until they were gone a few at a time.
BOOST_FIXTURE_TEST_CASE(trees_are_removed_at_once_and_a_few_in_each_turn, QuotaSpools) {
  open({1'000'000, 10'000});
  const auto inbox = folder / "5001" / "5000" / "new";
  const auto bad = folder / "5001" / "5000" / "bad";
  constexpr std::size_t trees = 120;
  for (std::size_t i = 0; i < trees; ++i) {
    const auto tree = inbox / std::to_string(i);
    fs::create_directories(tree / "deep");
    for (const auto* name : {"one", "two", "deep/three"}) {
      std::ofstream((tree / name).string(), std::ios::binary) << std::string(30'000, 'x');
    }
  }
  BOOST_REQUIRE(send(5000) == "sent");
  std::size_t told = 0;
  std::size_t good = 0;
  for (auto left = trees; left > 0; left = std::min(left - 1, entries_in(inbox))) {
    const auto parcels = receiver->receive(64);
    BOOST_REQUIRE(parcels.has_value());
    std::size_t of_this_turn = 0;
    for (const auto& parcel : parcels.value()) ++(parcel.fault ? of_this_turn : good);
    BOOST_TEST(of_this_turn <= 8U);
    told += of_this_turn;
    std::uintmax_t kept = 0;
    for (const auto& entry : fs::recursive_directory_iterator(bad)) {
      if (fs::is_regular_file(entry.path())) kept += fs::file_size(entry.path());
    }
    BOOST_TEST(kept <= 1'000'000U);
    BOOST_TEST(entries_in(bad) <= 200U);
    for (const auto& parcel : parcels.value()) {
      if (!parcel.fault) BOOST_REQUIRE(receiver->acknowledge(parcel).has_value());
    }
  }
  BOOST_TEST(told == trees);
  BOOST_TEST(good == 1U);
  BOOST_TEST(fs::is_empty(inbox));
}

BOOST_FIXTURE_TEST_CASE(what_is_removed_beside_deliveries_is_told_in_one_line, QuotaSpools) {
  open({1'000, 100});
  const auto of_sender = folder / "5001" / "5000";
  for (const auto* place : {"beside", "cur/one", "cur/tree/leaf", "tmp/one", "tmp/two", "new/.one", "new/.two"}) {
    fs::create_directories((of_sender / place).parent_path());
    std::ofstream((of_sender / place).string(), std::ios::binary) << std::string(50'000, 'x');
  }
  const auto parcels = receiver->receive(10);
  BOOST_REQUIRE((parcels.has_value() && parcels.value().size() == 1));
  const auto& told = parcels.value().front();
  BOOST_TEST((told.from == PeerPort{5000}));
  BOOST_REQUIRE(told.fault.has_value());
  // One in tmp and one in new may be packages on their way.
  BOOST_TEST(told.fault->what == "5 things that nobody takes were removed");
  BOOST_TEST(receiver->receive(10).value().empty());
}

// Half of them have names of packages, which count like all others.
BOOST_FIXTURE_TEST_CASE(more_files_than_the_quota_are_removed_unread_in_turns_of_a_bounded_number, QuotaSpools) {
  open({1'000'000, 100});
  const auto inbox = folder / "5001" / "5000" / "new";
  constexpr std::size_t files = 25'000;
  for (std::size_t i = 0; i < files; ++i) {
    ExchangeId exchange;
    exchange.bytes.fill(7);
    for (std::size_t k = 0; k < 3; ++k) exchange.bytes[k] = static_cast<std::uint8_t>(i >> (8 * k));
    const auto name = i % 2 == 0 ? package_name(exchange) : std::to_string(i);
    BOOST_REQUIRE(::mknod((inbox / name).c_str(), S_IFREG | 0600, 0) == 0);
  }
  BOOST_TEST(receiver->receive(10).value().size() <= 11U);
  const auto after_one = entries_in(inbox);
  BOOST_TEST(after_one >= files - 20'000 - 10);
  BOOST_TEST(after_one < files);
  BOOST_TEST(receiver->packages().size() <= 100U);
  while (!receiver->receive(64).value().empty()) {
  }
  BOOST_TEST(entries_in(inbox) <= 100U);
  BOOST_TEST(receiver->packages().size() == entries_in(inbox));
}

// Its mark stands before the end of the name.
BOOST_FIXTURE_TEST_CASE(a_conflict_copy_of_a_package_is_put_aside, QuotaSpools) {
  open({1000, 100});
  const auto inbox = folder / "5001" / "5000" / "new";
  const auto whole = std::string(64, 'a') + ".package";
  const auto copy = std::string(64, 'a') + ".sync-conflict-20260131-120000-ABCDEFG.package";
  for (const auto& name : {whole, copy}) std::ofstream((inbox / name).string(), std::ios::binary) << "p";
  const auto parcels = receiver->receive(10);
  BOOST_REQUIRE((parcels.has_value() && parcels.value().size() == 1));
  BOOST_TEST(parcels.value().front().fault.has_value());
  BOOST_TEST(fs::exists(inbox / whole));
  BOOST_TEST(!fs::exists(inbox / copy));
}

/// Both lie in a folder in which others may write.
BOOST_FIXTURE_TEST_CASE(what_lies_in_the_way_of_a_quota_does_not_keep_it_from_being_stated, QuotaSpools) {
  fs::create_directories(folder / "5001" / "quota.new" / std::string("d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d"));
  fs::create_directories(folder / "5001" / "quota" / "inside");
  open({5000, 7});
  BOOST_TEST((quota_of(SpoolFolder::open(folder / "5001").value()) == Quota{5000, 7}));
}

BOOST_AUTO_TEST_SUITE_END()

// Of its own: only root can run it, and skipping it must not hide how the others end.
BOOST_AUTO_TEST_SUITE(spool_quota_of_another_user)

/// It was taken for the own one if its numbers fitted, and the senders went by the default.
BOOST_FIXTURE_TEST_CASE(a_quota_that_another_user_stated_is_replaced, QuotaSpools) {
  if (::geteuid() != 0) {
    BOOST_TEST_MESSAGE("SKIPPED: only root can give a file to another user");
    return;
  }
  fs::create_directories(folder / "5001");
  const auto file = folder / "5001" / "quota";
  std::ofstream(file.string(), std::ios::binary) << write_quota({5000, 7});
  BOOST_REQUIRE(::chown(file.c_str(), 12'345, 12'345) == 0);
  const auto spool = SpoolFolder::open(folder / "5001");
  BOOST_TEST((quota_of(spool.value()) == Quota{}));
  open({5000, 7});
  BOOST_TEST((quota_of(spool.value()) == Quota{5000, 7}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

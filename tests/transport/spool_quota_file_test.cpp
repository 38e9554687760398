// The file that states a quota, which its owner writes and others read: whatever stands in its place, a sender waits
// for nothing, reads little, and goes by the default.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "tests/things.hpp"
#include "tests/transport/spools.hpp"

namespace bookchain::transport::tests {

using bookchain::tests::all_things;
using bookchain::tests::make_thing;

BOOST_AUTO_TEST_SUITE(spool_quota_file)

BOOST_FIXTURE_TEST_CASE(what_is_no_file_states_no_quota_and_holds_no_sender_up, Spools) {
  const auto file = folder / "5001" / "quota";
  const auto stated = folder / "stated";
  write(stated, write_quota({1, 0}));
  const auto spool = SpoolFolder::open(folder / "5001").value();
  for (const auto thing : all_things) {
    fs::remove(file);
    if (!make_thing(thing, file, stated)) continue;
    BOOST_TEST((quota_of(spool) == Quota{}), thing);
    BOOST_TEST(first->send(PeerPort{5001}, {envelope_of("one")}, {}).has_value(), thing);
  }
  fs::remove(file);
  fs::create_directories(file / "deep");
  BOOST_TEST((quota_of(spool) == Quota{}));
  BOOST_TEST(first->send(PeerPort{5001}, {envelope_of("one")}, {}).has_value());
  // The file itself counts, and the next byte makes it none.
  fs::remove_all(file);
  write(file, write_quota({1, 0}));
  BOOST_TEST((quota_of(spool) == Quota{1, 0}));
  BOOST_TEST((first->send(PeerPort{5001}, {envelope_of("one")}, {}).error().token == Token::over_quota));
  fs::resize_file(file, std::uint64_t{1} << 40U);
  BOOST_TEST((quota_of(spool) == Quota{}));
}

BOOST_FIXTURE_TEST_CASE(a_receiver_replaces_whatever_stands_where_it_states_its_quota, Spools) {
  const auto elsewhere = folder / "elsewhere";
  write(elsewhere, "not to be written");
  const auto spool = SpoolFolder::open(folder / "5001").value();
  std::uint64_t files = 0;
  for (const auto* name : {"quota", "quota.new"}) {
    for (const auto thing : all_things) {
      fs::remove(folder / "5001" / name);
      if (!make_thing(thing, folder / "5001" / name, elsewhere)) continue;
      const Quota quota{1'000, ++files};
      BOOST_TEST(publish_quota(spool, quota).has_value(), name << " is a " << thing);
      BOOST_TEST((quota_of(spool) == quota), name << " is a " << thing);
      BOOST_TEST(!fs::exists(fs::symlink_status(folder / "5001" / "quota.new")));
    }
  }
  std::string content;
  std::getline(std::ifstream(elsewhere.string()), content);
  BOOST_TEST(content == "not to be written");
}

/// Written over in place, which no receiver does: what is read is one of what stood there, or nothing.
BOOST_FIXTURE_TEST_CASE(of_a_quota_that_changes_while_it_is_read_a_sender_believes_no_mixture_that_is_none, Spools) {
  const auto file = folder / "5001" / "quota";
  const std::vector<Quota> quotas{{1'111'111'111, 11}, {2'222'222'222, 22}, {33, 33}};
  std::atomic<bool> stop = false;
  // It rests between two, so that on a busy machine, too, a reader comes by when one is whole.
  std::thread writer([&] {
    while (!stop) {
      for (const auto& quota : quotas) {
        write(file, write_quota(quota));
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    }
  });
  const auto spool = SpoolFolder::open(folder / "5001").value();
  std::set<std::uint64_t> seen;
  const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (seen.size() < quotas.size() + 1 && std::chrono::steady_clock::now() < last) {
    const auto quota = quota_of(spool);
    // Cut to nothing before it is written anew, it says nothing.
    const bool is_one = quota == Quota{} || std::ranges::find(quotas, quota) != quotas.end();
    BOOST_TEST(is_one, quota.bytes << " bytes, " << quota.files << " files");
    seen.insert(quota.files);
  }
  stop = true;
  writer.join();
  BOOST_TEST(seen.size() > 2U, "only " << seen.size() << " different ones were read");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

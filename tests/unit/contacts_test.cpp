// The file beside the state that says when the others were heard: whole or not there, and written seldom.
#include "cli/contacts.hpp"

#include <sys/stat.h>

#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)
using bookchain::cli::Contacts;
namespace fs = boost::filesystem;

constexpr PeerPort ben{5001};
constexpr PeerPort cleo{5002};

struct Noted {
  TemporaryFolder home;
  Contacts contacts{home.path()};
  bookchain::unit::path file = home / "contacts";

  void note(std::uint64_t at_us, const std::set<PeerPort>& heard, const std::map<PeerPort, NetworkId>& others = {}) {
    contacts.note(heard, others, Time{at_us});
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(contacts)

BOOST_FIXTURE_TEST_CASE(what_was_noted_is_read_by_another_process, Noted) {
  note(5'000'000, {ben}, {{cleo, filled<NetworkId>(7)}});
  const auto read = Contacts(home.path()).load();
  BOOST_TEST(read.size() == 2U);
  BOOST_TEST((read.at(ben).heard == Time{5'000'000}));
  BOOST_TEST((read.at(cleo).other_network == filled<NetworkId>(7)));
  note(7'000'000, {cleo});
  BOOST_TEST(!Contacts(home.path()).load().at(cleo).other_network);
}

// Whoever has the old file open, or looks at the name, sees the one or the other.
BOOST_FIXTURE_TEST_CASE(a_new_file_takes_the_place_of_the_old_one_and_never_changes_it, Noted) {
  note(5'000'000, {ben});
  const auto before = read_file(file);
  fs::create_hard_link(file, home / "old");
  note(7'000'000, {ben, cleo});
  BOOST_TEST(read_file(home / "old") == before);
  BOOST_TEST(read_file(file) != before);
  BOOST_TEST(!fs::exists(home / "contacts.new"));
  struct stat facts {};
  BOOST_REQUIRE(::stat(file.c_str(), &facts) == 0);
  BOOST_TEST((facts.st_mode & 0777U) == 0600U);
}

BOOST_FIXTURE_TEST_CASE(what_a_killed_process_left_is_replaced_and_what_cannot_be_written_leaves_the_old, Noted) {
  write_file(home / "contacts.new", bytes_of("half"), 0644);
  note(5'000'000, {ben});
  BOOST_TEST(Contacts(home.path()).load().size() == 1U);
  const auto before = read_file(file);
  fs::create_directory(home / "contacts.new");
  note(7'000'000, {ben, cleo});
  BOOST_TEST(read_file(file) == before);
}

BOOST_FIXTURE_TEST_CASE(a_torn_or_strange_file_is_as_none_and_the_next_note_makes_it_whole, Noted) {
  note(5'000'000, {ben}, {{cleo, filled<NetworkId>(7)}});
  const auto whole = read_file(file);
  auto strange = std::vector<Bytes>{bytes_of("rubbish"), Bytes(8192, 0xff), Bytes(100'000, 0)};
  for (auto end = whole.begin(); end != whole.end(); ++end) strange.emplace_back(whole.begin(), end);
  strange.push_back(whole);
  strange.back().push_back(0);
  for (const auto& bytes : strange) {
    write_file(file, bytes);
    BOOST_TEST(contacts.load().empty());
  }
  note(7'000'000, {ben});
  BOOST_TEST(contacts.load().size() == 1U);
  fs::remove(file);
  fs::create_directory(file);
  BOOST_TEST(contacts.load().empty());
  note(9'000'000, {ben});
  BOOST_TEST(contacts.load().empty());
  BOOST_TEST(!fs::exists(home / "contacts.new"));
  fs::remove(file);
  BOOST_REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  BOOST_TEST(contacts.load().empty());
}

// Somebody may call in the name of a peer as often as it likes, for another network each time.
BOOST_FIXTURE_TEST_CASE(calls_for_ever_other_networks_are_written_once_a_second_and_peer, Noted) {
  constexpr std::uint64_t begin = 5'000'000;
  note(begin, {}, {{ben, filled<NetworkId>(1)}});
  const auto before = read_file(file);
  for (std::uint8_t i = 1; i < 200; ++i) {
    note(begin + std::uint64_t{i} * 4'000, {}, {{ben, filled<NetworkId>(i)}});
    BOOST_REQUIRE(read_file(file) == before);
  }
  note(begin + 900'000, {}, {{ben, filled<NetworkId>(9)}, {cleo, filled<NetworkId>(8)}});
  BOOST_TEST((contacts.load().at(ben).other_network == filled<NetworkId>(1)));
  BOOST_TEST((contacts.load().at(cleo).other_network == filled<NetworkId>(8)));
  note(begin + 1'000'000, {}, {{ben, filled<NetworkId>(9)}});
  BOOST_TEST((contacts.load().at(ben).other_network == filled<NetworkId>(9)));
  // A clock that was set back holds nothing up.
  note(begin - 3'000'000, {}, {{ben, filled<NetworkId>(5)}});
  BOOST_TEST((contacts.load().at(ben).other_network == filled<NetworkId>(5)));
}

BOOST_AUTO_TEST_SUITE_END()

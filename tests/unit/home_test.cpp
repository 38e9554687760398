// The files and the lock of a peer's home, and the clock and randomness of a process.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <set>
#include <thread>

#include "cli/environment.hpp"
#include "cli/home_lock.hpp"
#include "cli/network_file.hpp"
#include "cli/peer_files.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::cli;   // NOLINT(google-build-using-namespace)
using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

using namespace std::chrono_literals;

constexpr PeerPort own_port{5001};

/// A network folder with the home of one peer.
struct Place {
  TemporaryFolder folder;
  bookchain::unit::path home = folder / "5001";

  explicit Place(bool test_network = false) {
    auto fields = network_fields(4);
    fields.test_network = test_network;
    write("network.yaml", write_network(value_of(Genesis::make(fields))));
    require_success(make_directory(home));
    write("5001/config.yaml", write_config({own_port, "../network.yaml", {}, {}, {}}));
    write("5001/keys.yaml", write_keys({identity(), std::nullopt}));
  }
  static Identity identity(PeerPort port = own_port) {
    return Identity{port, signing_key_of(port), agreement_key_of(port)};
  }
  void write(const char* file, const std::string& text, unsigned mode = 0600) const {
    require_success(write_text_file(folder / file, text, mode));
  }
  [[nodiscard]] std::string token() const { return token_of(load_peer_files(home)); }
};

/// Sets BOOKCHAIN_CLOCK for the life of this object.
class ClockVariable {
 public:
  explicit ClockVariable(const char* value) { ::setenv("BOOKCHAIN_CLOCK", value, 1); }
  ~ClockVariable() { ::unsetenv("BOOKCHAIN_CLOCK"); }
  ClockVariable(const ClockVariable&) = delete;
  ClockVariable& operator=(const ClockVariable&) = delete;
};

/// Returns once somebody else holds the turnstile of a lock. Until it does the holder may well win again.
void wait_for_one_at(const bookchain::unit::path& turnstile) {
  const auto file = value_of(open_file(turnstile, O_RDWR));
  while (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
    ::flock(file.get(), LOCK_UN);
    std::this_thread::sleep_for(1ms);
  }
}

Hash draw(ProcessEnvironment& environment) {
  Hash value;
  environment.random(value.bytes);
  return value;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(home_lock)

BOOST_AUTO_TEST_CASE(one_of_two_holds_the_lock_at_any_time) {
  TemporaryFolder folder;
  std::atomic<int> holders{0};
  std::atomic<bool> shared{false};
  const auto work = [&] {
    auto lock = HomeLock::open(folder.path());
    for (int i = 0; i < 50 && lock; ++i) {
      if (!lock.value().take()) return;
      if (++holders != 1) shared = true;
      std::this_thread::yield();
      --holders;
      lock.value().release();
    }
  };
  std::thread first(work);
  std::thread second(work);
  first.join();
  second.join();
  BOOST_TEST(!shared);
}

// A busy `serve` takes the lock again and again; a command that waits must have its turn in between.
BOOST_AUTO_TEST_CASE(whoever_waits_has_its_turn_before_the_holder_takes_the_lock_again) {
  TemporaryFolder folder;
  auto busy = value_of(HomeLock::open(folder.path()));
  std::atomic<bool> served{false};
  require_success(busy.take());
  std::thread other([&] {
    auto lock = HomeLock::open(folder.path());
    if (!lock || !lock.value().take()) return;
    served = true;
    lock.value().release();
  });
  wait_for_one_at(folder / "lock.turn");
  BOOST_TEST(!served);
  busy.release();
  require_success(busy.take());
  BOOST_TEST(served);
  busy.release();
  other.join();
}

BOOST_AUTO_TEST_CASE(the_lock_knows_whether_it_is_held) {
  TemporaryFolder folder;
  auto lock = value_of(HomeLock::open(folder.path()));
  BOOST_TEST(!lock.held());
  require_success(lock.take());
  BOOST_TEST(lock.held());
  lock.release();
  BOOST_TEST(!lock.held());
}

BOOST_AUTO_TEST_CASE(the_lock_ends_with_its_holder) {
  TemporaryFolder folder;
  {
    auto gone = value_of(HomeLock::open(folder.path()));
    require_success(gone.take());
  }
  auto lock = value_of(HomeLock::open(folder.path()));
  const auto began = std::chrono::steady_clock::now();
  require_success(lock.take());
  BOOST_TEST((std::chrono::steady_clock::now() - began < HomeLock::patience));
}

BOOST_AUTO_TEST_CASE(patience_ends_with_the_token_locked) {
  TemporaryFolder folder;
  auto holder = value_of(HomeLock::open(folder.path()));
  require_success(holder.take());
  auto lock = value_of(HomeLock::open(folder.path()));
  const auto began = std::chrono::steady_clock::now();
  BOOST_TEST(token_of(lock.take()) == "locked");
  BOOST_TEST(!lock.held());
  BOOST_TEST((std::chrono::steady_clock::now() - began >= HomeLock::patience));
  holder.release();
  require_success(lock.take());  // whoever gave up keeps no turnstile
}

BOOST_AUTO_TEST_CASE(a_home_that_is_missing_cannot_be_locked) {
  TemporaryFolder folder;
  BOOST_TEST(token_of(HomeLock::open(folder / "none")) == "no-such-file");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peer_files)

BOOST_AUTO_TEST_CASE(a_home_is_read_as_it_was_written) {
  const Place place;
  const auto files = value_of(load_peer_files(place.home));
  BOOST_TEST(files->port().value == own_port.value);
  BOOST_TEST((files->identity.signing_key == signing_key_of(own_port)));
  BOOST_TEST((files->identity.agreement_key == agreement_key_of(own_port)));
  BOOST_TEST(files->network_file == place.folder / "network.yaml");
  BOOST_TEST(!files->seed);
  BOOST_TEST(files->addresses.empty());
}

BOOST_AUTO_TEST_CASE(keys_that_others_can_reach_are_refused) {
  for (const unsigned mode : {0640U, 0604U, 0660U, 0610U}) {
    const Place place;
    BOOST_REQUIRE(::chmod((place.home / "keys.yaml").c_str(), mode) == 0);
    BOOST_TEST(place.token() == "permission");
  }
  const Place place;
  boost::filesystem::rename(place.home / "keys.yaml", place.home / "elsewhere.yaml");
  boost::filesystem::create_symlink("elsewhere.yaml", place.home / "keys.yaml");
  BOOST_TEST(place.token() != "success");
}

BOOST_AUTO_TEST_CASE(keys_that_are_not_those_of_the_network_are_refused) {
  const Place place;
  place.write("5001/keys.yaml", write_keys({Place::identity(PeerPort{5002}), std::nullopt}));
  BOOST_TEST(place.token() == "bad-config");
  auto mixed = Place::identity();
  mixed.agreement_key = agreement_key_of(PeerPort{5002});
  place.write("5001/keys.yaml", write_keys({mixed, std::nullopt}));
  BOOST_TEST(place.token() == "bad-config");
  mixed = Place::identity();
  mixed.signing_key = signing_key_of(PeerPort{5002});
  place.write("5001/keys.yaml", write_keys({mixed, std::nullopt}));
  BOOST_TEST(place.token() == "bad-config");
}

// Real owners' keys never come from a seed: it could be guessed.
BOOST_AUTO_TEST_CASE(a_seed_is_for_test_networks_only) {
  const auto keys = write_keys({Place::identity(), filled<Hash>(7)});
  const Place real;
  real.write("5001/keys.yaml", keys);
  BOOST_TEST(real.token() == "bad-config");
  const Place rehearsal(true);
  rehearsal.write("5001/keys.yaml", keys);
  BOOST_TEST((value_of(load_peer_files(rehearsal.home))->seed == std::optional(filled<Hash>(7))));
}

BOOST_AUTO_TEST_CASE(addresses_are_named_by_canonical_ports_of_the_network) {
  struct Case {
    const char* addresses;
    std::string_view token;
  };
  for (const auto& [addresses, token] : {
           Case{"  5002: \"spool:/elsewhere\"\n", "success"},
           Case{"  6000: \"spool:/elsewhere\"\n", "unknown-peer"},
           Case{"  05002: \"spool:/elsewhere\"\n", "bad-type"},
           Case{"  0: \"spool:/elsewhere\"\n", "bad-type"},
           Case{"  65536: \"spool:/elsewhere\"\n", "bad-type"},
           Case{"  x: \"spool:/elsewhere\"\n", "bad-type"},
           Case{"  \"\": \"spool:/elsewhere\"\n", "bad-type"},
           Case{"  99999999999999999999: \"spool:/x\"\n", "bad-type"},
           Case{"  5002: \"spool:\"\n", "bad-value"},
           Case{"  5002: \"/elsewhere\"\n", "bad-value"},
           Case{"  5002: \"spool:a\"\n  5002: \"spool:b\"\n", "repeated-key"},
       }) {
    const Place place;
    place.write("5001/config.yaml",
                write_config({own_port, "../network.yaml", {}, {}, {}}) + "addresses:\n" + addresses);
    BOOST_TEST(place.token() == token, addresses);
  }
}

BOOST_AUTO_TEST_CASE(a_home_that_is_missing_or_of_no_peer_is_refused_with_its_token) {
  const Place place;
  BOOST_TEST(token_of(load_peer_files(place.folder / "5002")) == "home-missing");
  place.write("5001/config.yaml", write_config({PeerPort{6000}, "../network.yaml", {}, {}, {}}));
  BOOST_TEST(place.token() == "unknown-peer");
  place.write("5001/config.yaml", write_config({PeerPort{5002}, "../network.yaml", {}, {}, {}}));
  BOOST_TEST(place.token() == "bad-config");
  place.write("5001/config.yaml", write_config({own_port, "../none.yaml", {}, {}, {}}));
  BOOST_TEST(place.token() == "home-missing");
  place.write("5001/config.yaml", write_config({own_port, "../network.yaml", {}, {}, {}}) + "more: 1\n");
  BOOST_TEST(place.token() == "unknown-key");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(environment)

BOOST_AUTO_TEST_CASE(what_a_seed_gives_depends_on_seed_and_purpose) {
  BOOST_TEST((derive(bytes_of("1"), "a") == derive(bytes_of("1"), "a")));
  BOOST_TEST((derive(bytes_of("1"), "a") != derive(bytes_of("1"), "b")));
  BOOST_TEST((derive(bytes_of("1"), "a") != derive(bytes_of("2"), "a")));
}

// On a test network a process killed in the middle of its turn must not draw again what it drew before.
BOOST_AUTO_TEST_CASE(a_seeded_home_repeats_itself_as_a_whole_and_never_within) {
  TemporaryFolder folder;
  const auto draws = [&](const char* counter) {
    std::vector<Hash> drawn;
    for (int process = 0; process < 3; ++process) {
      ProcessEnvironment one(filled<Hash>(1), folder / counter, std::nullopt);
      for (int turn = 0; turn < 2; ++turn) {
        one.begin_turn();
        for (int i = 0; i < 3; ++i) drawn.push_back(draw(one));
      }
    }
    return drawn;
  };
  const auto first = draws("counter");
  BOOST_TEST(std::set<Hash>(first.begin(), first.end()).size() == first.size());
  BOOST_TEST((draws("another") == first));
  BOOST_TEST((draws("counter") != first));  // it goes on where it was
}

BOOST_AUTO_TEST_CASE(a_seeded_home_that_cannot_count_draws_nothing) {
  TemporaryFolder folder;
  ProcessEnvironment one(filled<Hash>(1), folder / "", std::nullopt);
  const auto names_it = [&](const NoRandomness& none) {
    return none.error().token == Token::io && none.error().subject == (folder / "").string();
  };
  BOOST_CHECK_EXCEPTION((void)draw(one), NoRandomness, names_it);
  BOOST_CHECK_EXCEPTION((void)draw(one), NoRandomness, names_it);
}

BOOST_AUTO_TEST_CASE(without_a_seed_nothing_repeats) {
  TemporaryFolder folder;
  ProcessEnvironment real(std::nullopt, folder / "counter", std::nullopt);
  BOOST_TEST((draw(real) != draw(real)));
  BOOST_TEST(!boost::filesystem::exists(folder / "counter"));
}

BOOST_AUTO_TEST_CASE(what_is_drawn_ahead_is_given_whole_and_once) {
  DrawnAhead system;
  Bytes given;
  for (std::size_t i = 0; i < 1'000; ++i) {
    Bytes piece(i % (2 * DrawnAhead::largest_piece));
    system.fill(piece);
    given.insert(given.end(), piece.begin(), piece.end());
  }
  constexpr std::size_t window = 8;
  std::set<Bytes> windows{Bytes(window)};  // what was left as it was
  for (auto at = given.begin(); at + window <= given.end(); ++at) windows.emplace(at, at + window);
  BOOST_TEST(windows.size() == given.size() - window + 2);
}

BOOST_AUTO_TEST_CASE(a_fixed_clock_is_a_date_or_seconds) {
  const auto clock = [](const char* value) {
    const ClockVariable set(value);
    return fixed_clock();
  };
  BOOST_TEST(value_of(clock("2026-01-31T12:00:00Z"))->value == 1'769'860'800'000'000U);
  BOOST_TEST(value_of(clock("0"))->value == 0U);
  BOOST_TEST(value_of(clock("7"))->value == 7'000'000U);
  BOOST_TEST(!value_of(clock("")).has_value());
  for (const auto* bad : {"now", "-1", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00Zx", "1.5",
                          "2026-02-30T12:00:00Z", "1960-01-01T00:00:00Z", "18446744073709551615", " 7"}) {
    BOOST_TEST(token_of(clock(bad)) == "bad-value", bad);
  }
}

BOOST_AUTO_TEST_CASE(a_fixed_clock_stands_until_it_is_put_forward_and_no_other_can_be) {
  TemporaryFolder folder;
  ProcessEnvironment one(filled<Hash>(1), folder / "counter", Time{1'000'000});
  BOOST_TEST(one.now().value == 1'000'000U);
  std::this_thread::sleep_for(2ms);
  BOOST_TEST(one.now().value == 1'000'000U);
  one.put_forward(500ms);
  BOOST_TEST(one.now().value == 1'500'000U);
  ProcessEnvironment other(filled<Hash>(1), folder / "counter", std::nullopt);
  const auto before = system_time();
  other.put_forward(1h);
  BOOST_TEST(other.now().value < before.value + 3'600'000'000U);
}

BOOST_AUTO_TEST_CASE(a_time_is_written_as_people_read_it_however_large) {
  BOOST_TEST(write_time(Time{1'769'860'800'000'007}) == "2026-01-31 12:00:00.000007");
  BOOST_TEST(write_time(Time{0}) == "1970-01-01 00:00:00.000000");
  const auto most = std::numeric_limits<std::uint64_t>::max();
  BOOST_TEST(write_time(Time{most}) == std::to_string(most) + " us");
}

BOOST_AUTO_TEST_SUITE_END()

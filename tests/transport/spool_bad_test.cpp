// What cannot be a delivery goes to bad/, as often as it comes and whatever it is named, and stops nothing.
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

BOOST_AUTO_TEST_SUITE(spool_bad)

/// A folder that many levels deep; gives the lowest.
fs::path make_deep(const fs::path& top, int levels) {
  auto place = top;
  for (int i = 0; i < levels; ++i) place /= "d";
  fs::create_directories(place);
  return place;
}

/// "Bad files are moved to bad/ with the reason, counted, and never stop the queue."
BOOST_FIXTURE_TEST_CASE(what_is_no_delivery_goes_to_bad_and_the_queue_goes_on, Spools) {
  write(inbox() / "a-text", "hello");
  write(inbox() / "b-empty", "");
  write(inbox() / "c-magic-alone", std::string(mail_magic));
  write(inbox() / "d-cut-short", std::string(mail_magic) + std::string("\0\0\0\x05"
                                                                       "ab",
                                                                       6));
  write(inbox() / "e-too-large-a-message", std::string(mail_magic) + std::string("\x7f\xff\xff\xff", 4));
  fs::create_directories(inbox() / "f-folder" / "inside");
  BOOST_REQUIRE(::mkfifo((inbox() / "g-pipe").c_str(), 0600) == 0);
  fs::create_symlink("/etc/passwd", inbox() / "h-link");
  write(inbox() / "i-huge", "");
  fs::resize_file(inbox() / "i-huge", std::uintmax_t{1} << 40U);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = (folder / "s").string();
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  BOOST_REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  fs::rename(name, inbox() / "j-socket");
  ::close(socket);
  BOOST_REQUIRE(first->send(PeerPort{5001}, {envelope_of("good")}, {}).has_value());

  const auto parcels = receive();
  BOOST_TEST(parcels.size() == 11U);
  std::size_t faults = 0;
  for (const auto& parcel : parcels) {
    if (parcel.fault) {
      ++faults;
      BOOST_TEST((parcel.fault->token == Token::bad_file), parcel.name);
      BOOST_TEST(fs::exists(bad() / (parcel.name + ".reason")), parcel.name);
    } else {
      BOOST_TEST((parcel.envelopes.front() == envelope_of("good")));
    }
  }
  BOOST_TEST(faults == 10U);
  BOOST_TEST(receive().size() == 1U);  // each is reported once
}

BOOST_FIXTURE_TEST_CASE(bad_files_are_kept_up_to_a_number, Spools) {
  for (std::size_t i = 0; i < max_bad_files + 40; ++i) write(inbox() / ("rubbish-" + std::to_string(1000 + i)), "x");
  while (!receive(50).empty()) {
  }
  std::size_t kept = 0;
  for (fs::directory_iterator entry(bad()), end; entry != end; ++entry) ++kept;
  BOOST_TEST(kept == 2 * max_bad_files);  // each with its reason
}

/// A delivery with the name of a reason was taken for one, and kept for ever.
BOOST_FIXTURE_TEST_CASE(deliveries_named_like_reasons_are_counted_too, Spools) {
  for (std::size_t i = 0; i < max_bad_files + 40; ++i) {
    write(inbox() / ("rubbish-" + std::to_string(1000 + i) + ".reason"), "x");
  }
  while (!receive(50).empty()) {
  }
  std::size_t kept = 0;
  for (fs::directory_iterator entry(bad()), end; entry != end; ++entry) ++kept;
  BOOST_TEST(kept == 2 * max_bad_files);
}

/// Removed by recursion, one of some thousand levels ran out of descriptors, or out of stack.
BOOST_FIXTURE_TEST_CASE(a_package_that_is_a_deep_folder_goes_to_bad_in_one_piece, Spools) {
  ExchangeId exchange;
  exchange.bytes.fill(7);
  const auto name = to_hex(exchange) + ".package";
  for (int again = 0; again < 2; ++again) {
    make_deep(inbox() / name, 40);
    BOOST_TEST((second->open_package(PeerPort{5000}, exchange).error().token == Token::bad_file));
    BOOST_TEST(second->drop_package(PeerPort{5000}, exchange).has_value());
    BOOST_TEST(!fs::exists(inbox() / name));
    BOOST_TEST(second->packages().empty());
  }
  BOOST_TEST(fs::exists(bad() / name));
  BOOST_TEST(fs::exists(bad() / (name + ".reason")));
}

BOOST_FIXTURE_TEST_CASE(a_tree_that_is_too_deep_is_named_by_its_top_alone, Spools) {
  const auto folder_of_sender = SpoolFolder::open(inbox()).value();
  make_deep(inbox() / "shallow", 10);
  BOOST_TEST(folder_of_sender.remove("shallow").has_value());
  BOOST_TEST(!fs::exists(inbox() / "shallow"));
  const auto lowest = make_deep(inbox() / "deep", 40);
  const auto removed = folder_of_sender.remove("deep");
  BOOST_REQUIRE(removed.has_error());
  BOOST_TEST((removed.error().token == Token::bad_file));
  BOOST_TEST(removed.error().subject == (inbox() / "deep").string());
  BOOST_TEST(fs::exists(lowest));
}

/// In bad/ the names of what lies there are the sender's choice.
BOOST_FIXTURE_TEST_CASE(what_has_the_name_of_a_folder_in_bad_or_a_very_long_one_is_put_aside_too, Spools) {
  make_deep(bad() / "taken", 40);
  write(inbox() / "taken", "no delivery");
  write(inbox() / std::string(255, 'n'), "no delivery");
  BOOST_TEST(receive().size() == 2U);
  BOOST_TEST(fs::is_empty(inbox()));
  std::size_t reasons = 0;
  for (fs::directory_iterator entry(bad()), last; entry != last; ++entry) {
    reasons += entry->path().string().ends_with(".reason") ? 1U : 0U;
  }
  BOOST_TEST(reasons == 2U);
}

BOOST_FIXTURE_TEST_CASE(what_is_moved_out_of_the_way_gets_a_name_that_cannot_be_taken_before_and_is_pruned, Spools) {
  const auto spool = SpoolFolder::open(folder / "5001").value();
  const auto others = spool.names().size();
  for (int i = 0; i < 1100; ++i) fs::create_directories(folder / "5001" / (".not-stranger-" + std::to_string(i)));
  make_deep(folder / "5001" / "stranger", 3);
  BOOST_TEST(spool.move_out_of_the_way("stranger").has_value());
  BOOST_TEST(!fs::exists(folder / "5001" / "stranger"));
  BOOST_TEST(spool.names().size() == others + 10);
  BOOST_TEST((spool.move_out_of_the_way("stranger").error().token == Token::no_such_file));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

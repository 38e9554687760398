// Files that are deliveries by their form, and are made so that reading them takes many times what they hold: as many
// messages as fit, as small as they can be. What is told and held stays in proportion.
#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "tests/cli/abuse.hpp"
#include "transport/mail_file.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
using bookchain::transport::header_size;
using bookchain::transport::mail_frame_bytes;
using bookchain::transport::mail_magic;
using bookchain::transport::max_mail_bytes;
using bookchain::transport::max_mail_messages;
using bookchain::transport::seal_overhead;
namespace fs = boost::filesystem;

/// What a network allows if `init` is told nothing else.
constexpr std::size_t largest_message = std::size_t{16} << 20U;
constexpr std::size_t largest_file = max_mail_bytes(largest_message + seal_overhead);

std::string frame_of(const std::string& message) {
  std::string frame;
  for (int shift = 24; shift >= 0; shift -= 8)
    frame += static_cast<char>(message.size() >> static_cast<unsigned>(shift));
  return frame + message;
}

std::string mail_of(const std::string& frame, std::size_t count) {
  std::string mail(mail_magic);
  mail.reserve(mail.size() + count * frame.size());
  for (std::size_t i = 0; i < count; ++i) mail += frame;
  return mail;
}

std::string full_of(const std::string& frame) {
  return mail_of(frame, (largest_file - mail_magic.size()) / frame.size());
}

/// The only delivery that waits there.
path waiting_in(const path& spool) {
  BOOST_REQUIRE(std::distance(fs::directory_iterator(spool), fs::directory_iterator()) == 1);
  return fs::directory_iterator(spool)->path();
}

void check_all_commands(const Network& network, std::string mail, std::size_t copies = 1) {
  const auto spool = spool_of(network, 5001, 5002);
  for (std::size_t i = 0; i < copies; ++i) write_file(spool / ("rubbish-" + std::to_string(i)), mail);
  std::string().swap(mail);  // what this process holds would count as held by those that it starts
  const auto inbox = run_within_bounds(network, 5001, "inbox").json()["messages"];
  BOOST_TEST(!inbox.empty());
  BOOST_TEST(inbox.size() <= 11 * copies);
  const auto shown = run_within_bounds(network, 5001, "show-message " + (spool / "rubbish-0").string());
  BOOST_TEST((shown.exit_code == 0 || shown.token() == "bad-file"), shown.err);
  BOOST_TEST(shown.out.size() < 10'000U);
  BOOST_TEST(run_within_bounds(network, 5001, "step --dry-run").json()["received"].size() <= 11 * copies);
  BOOST_TEST(refused_in(receive_within_bounds(network, 5001)) == copies);
  BOOST_TEST(receive_within_bounds(network, 5001).empty(), "nothing of it is told again");
  BOOST_TEST(fs::is_empty(spool));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(abuse_by_mail)

BOOST_AUTO_TEST_CASE(a_file_of_empty_messages_is_one_fault) {
  const Network network;
  check_all_commands(network, mail_of(frame_of(""), 1));
  check_all_commands(network, full_of(frame_of("")));
  check_all_commands(network, full_of(frame_of(std::string(seal_overhead - 1, 'x'))));
}

BOOST_AUTO_TEST_CASE(a_file_of_rubbish_that_could_be_messages_is_one_fault) {
  const Network network;
  const auto smallest = frame_of(std::string(seal_overhead, 'x'));
  check_all_commands(network, mail_of(smallest, max_mail_messages));
  check_all_commands(network, mail_of(smallest, max_mail_messages + 1));
  check_all_commands(network, full_of(smallest));
  check_all_commands(network, mail_of(smallest, max_mail_messages), 20);
}

BOOST_AUTO_TEST_CASE(messages_in_the_name_of_a_sender_that_it_has_not_sealed_are_one_fault) {
  const Network network;
  network.ok(5002, {"request", "--from", "5001", "--book", network.book_of(5001)});
  const auto mail = waiting_in(spool_of(network, 5001, 5002));
  auto message = read_file(mail).substr(mail_magic.size() + mail_frame_bytes, header_size);
  message.resize(seal_overhead, 'x');
  fs::remove(mail);
  check_all_commands(network, mail_of(frame_of(message), max_mail_messages), 4);
}

BOOST_AUTO_TEST_CASE(large_files_are_not_held_all_at_once) {
  const Network network;
  check_all_commands(network, mail_of(frame_of(std::string(largest_message, 'x')), 1), 4);
  check_all_commands(network, mail_of(frame_of(std::string(largest_message - (std::size_t{1} << 18U), 'x')), 1), 4);
}

BOOST_AUTO_TEST_CASE(good_messages_before_and_after_bad_ones_are_taken) {
  const Network network;
  const auto spool = spool_of(network, 5001, 5000);
  std::string frames[2];
  for (std::size_t i = 0; i < 2; ++i) {
    network.ok(5000, {"request", "--from", "5001", "--book", network.book_of(5001, i)});
    const auto mail = waiting_in(spool);
    frames[i] = read_file(mail).substr(mail_magic.size());
    fs::remove(mail);
  }
  const auto rubbish = frame_of(std::string(seal_overhead, 'x'));
  std::string between;
  for (int i = 0; i < 50; ++i) between += rubbish;
  write_file(spool / "mixed", std::string(mail_magic) + frames[0] + between + frames[1]);
  const Json listed = network.ok(5001, {"inbox"})["messages"];
  // Both, ten of the rubbish, and one for the others.
  BOOST_TEST(listed.size() == 13U);
  BOOST_TEST(std::ranges::count_if(listed, [](const Json& each) { return !each["id"].is_null(); }) == 2);
  BOOST_TEST(std::ranges::count_if(listed, [](const Json& each) { return each.value("more", 0) == 39; }) == 1);
  const auto received = receive_within_bounds(network, 5001);
  BOOST_TEST(refused_in(received) == 1U);
  BOOST_TEST(std::ranges::count_if(received, [](const Json& each) { return each["result"] == "accepted"; }) == 2);
  BOOST_TEST(mentions(received.dump(), "and 49 more of this delivery cannot be opened"), received.dump());
}

BOOST_AUTO_TEST_SUITE_END()

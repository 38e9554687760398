// What one connection has offered of large packages, and the other end wants: in parts, each in turn.
#include "transport/package_outbox.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>

#include "tests/transport/pair.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;

BOOST_AUTO_TEST_SUITE(package_outbox)

constexpr std::uint8_t packages = 40;

ExchangeId number(std::uint8_t of) { return ExchangeId{{of}}; }

Bytes content_of(std::uint8_t of) {
  Bytes bytes(max_part_bytes * 2 + of);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>((i * of + i / 251) & 0xffU);
  return bytes;
}

std::size_t open_files() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

struct Offering {
  Folder folder;
  PackageOutbox outbox;
  std::map<ExchangeId, Bytes> sent;
  std::vector<ExchangeId> order;
  std::size_t most_open = 0;

  [[nodiscard]] fs::path file(std::uint8_t of) const { return folder / std::to_string(of); }
  void offer(std::uint8_t of) {
    const auto content = content_of(of);
    std::ofstream(file(of).string(), std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    outbox.offer(number(of), file(of), Bytes(10));
  }
  /// False if nothing is to go.
  bool send_one() {
    Bytes out;
    const bool any = outbox.put_next_part(out).has_value();
    most_open = std::max(most_open, open_files());
    if (!any) return false;
    FrameReader reader(1000);
    ByteView rest(out);
    const auto frame = reader.take(rest).value().value();
    const auto part = read_part(frame.body);
    auto& bytes = sent[part.exchange];
    BOOST_REQUIRE(part.offset <= bytes.size());
    bytes.resize(part.offset);
    bytes.insert(bytes.end(), part.bytes.begin(), part.bytes.end());
    order.push_back(part.exchange);
    return true;
  }
};

BOOST_FIXTURE_TEST_CASE(whoever_wants_many_packages_at_once_gets_each_in_turn_from_one_open_file, Offering) {
  for (std::uint8_t of = 1; of <= packages; ++of) offer(of);
  const auto before = open_files();
  for (std::uint8_t of = 1; of <= packages; ++of) outbox.want({number(of), 0});
  BOOST_TEST(open_files() == before);
  while (send_one()) continue;
  BOOST_TEST(most_open <= before + 1);
  BOOST_TEST(open_files() == before);
  for (std::uint8_t of = 1; of <= packages; ++of) {
    BOOST_TEST((sent[number(of)] == content_of(of)));
    BOOST_TEST((order[of - 1U] == number(of)), "all have begun before one goes on");
  }
}

BOOST_FIXTURE_TEST_CASE(a_package_goes_on_from_where_it_is_wanted_also_while_it_goes, Offering) {
  offer(1);
  outbox.want({number(1), 0});
  BOOST_TEST(send_one());
  BOOST_TEST(send_one());
  outbox.want({number(1), 100});
  while (send_one()) continue;
  BOOST_TEST((sent[number(1)] == content_of(1)));
}

BOOST_FIXTURE_TEST_CASE(a_package_that_is_gone_is_given_up_and_the_others_go_on, Offering) {
  for (std::uint8_t of = 1; of <= 3; ++of) offer(of);
  for (std::uint8_t of = 1; of <= 3; ++of) outbox.want({number(of), 0});
  BOOST_TEST(send_one());
  fs::remove(file(2));
  while (send_one()) continue;
  BOOST_TEST(!outbox.has(number(2)));
  BOOST_TEST(outbox.held_bytes() == 20U);
  BOOST_TEST((sent[number(1)] == content_of(1)));
  BOOST_TEST((sent[number(3)] == content_of(3)));
}

BOOST_FIXTURE_TEST_CASE(of_a_package_that_is_finished_no_file_stays_open, Offering) {
  offer(1);
  const auto before = open_files();
  outbox.want({number(1), 0});
  BOOST_TEST(send_one());
  BOOST_TEST(open_files() == before + 1);
  BOOST_TEST(outbox.finish(number(1)).has_value());
  BOOST_TEST(open_files() == before);
  BOOST_TEST(!send_one());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

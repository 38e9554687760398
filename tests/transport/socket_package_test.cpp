// Packages over sockets: small ones come with their message; large ones before it, in parts, and after a break
// from where it was.
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/transport/sockets.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;

BOOST_AUTO_TEST_SUITE(socket_package)

constexpr PeerPort owner{5000};
constexpr PeerPort requester{5001};
const ExchangeId exchange{{42}};

Bytes content_of(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>((i * 7 + i / 65'537) & 0xffU);
  return bytes;
}

Bytes read_whole(PackageSource& source) {
  Bytes bytes(source.size().value().value());
  BOOST_REQUIRE(source.read(bytes).value() == bytes.size());
  return bytes;
}

struct Exchanging : Sockets {
  std::unique_ptr<SocketLink> from = open(5000);
  std::unique_ptr<SocketLink> to = open(5001);
  fs::path file = folder / "package";
  std::size_t most_there = 0;

  void write(const Bytes& content) const {
    std::ofstream(file.string(), std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  }
  [[nodiscard]] std::vector<SocketLink*> both() const { return {from.get(), to.get()}; }
  void meet() const {
    BOOST_REQUIRE(move_until(both(), [&] { return from->room_for(requester) && to->room_for(owner); }));
    BOOST_TEST(from->take_renewed().size() == 1U);
  }
  void send() const {
    BOOST_REQUIRE(from->send(requester, {envelope(1), envelope(2)}, {PackageFile{exchange, file, 1}}).has_value());
  }
  /// As the courier does: fetches what is offered.
  void fetch() const {
    for (const auto& offer : to->offers()) {
      BOOST_TEST((offer.exchange == exchange));
      BOOST_REQUIRE(to->fetch_package(offer).has_value());
    }
  }
  [[nodiscard]] std::uint64_t part_size() const {
    boost::system::error_code none;
    const auto size = fs::file_size(home(5001) / "incoming" / "5000" / (to_hex(exchange) + ".part"), none);
    return none ? 0 : size;
  }
};

BOOST_FIXTURE_TEST_CASE(a_small_package_comes_with_its_message_and_lies_in_no_file, Exchanging) {
  const auto content = content_of(1000);
  write(content);
  meet();
  send();
  std::size_t messages = 0;
  BOOST_REQUIRE(move_until(both(), [&] {
    messages = 0;
    const auto parcels = to->receive(10).value();
    for (const auto& parcel : parcels) messages += parcel.envelopes.size();
    return messages == 2;
  }));
  BOOST_TEST((read_whole(*to->open_package(owner, exchange).value()) == content));
  BOOST_TEST(to->packages().empty());
  BOOST_REQUIRE(to->drop_package(owner, exchange).has_value());
  BOOST_TEST((to->open_package(owner, exchange).error().token == Token::no_such_file));
}

BOOST_FIXTURE_TEST_CASE(a_large_package_comes_before_its_message_and_holds_up_no_other, Exchanging) {
  const auto content = content_of(std::size_t{5} << 20U);
  write(content);
  meet();
  send();
  BOOST_REQUIRE(move_until(both(), [&] { return !to->offers().empty() && to->count_waiting() > 0; }));
  BOOST_TEST((take_all(*to) == std::vector<Bytes>{envelope(1)}), "the message of the package waits");
  std::vector<Bytes> came;
  BOOST_REQUIRE(move_until(both(), [&] {
    fetch();
    came = take_all(*to);
    return !came.empty();
  }));
  BOOST_TEST((came == std::vector<Bytes>{envelope(2)}));
  BOOST_TEST((read_whole(*to->open_package(owner, exchange).value()) == content));
  BOOST_REQUIRE(to->drop_package(owner, exchange).has_value());
  BOOST_TEST(to->packages().empty());
}

BOOST_FIXTURE_TEST_CASE(a_package_that_is_declined_lets_its_message_through, Exchanging) {
  write(content_of(std::size_t{1} << 20U));
  meet();
  send();
  std::vector<Bytes> came;
  BOOST_REQUIRE(move_until(both(), [&] {
    for (const auto& offer : to->offers()) BOOST_REQUIRE(to->drop_package(offer.from, offer.exchange).has_value());
    for (auto& each : take_all(*to)) came.push_back(std::move(each));
    return came.size() == 2;
  }));
  BOOST_TEST((came == std::vector<Bytes>{envelope(1), envelope(2)}));
}

BOOST_FIXTURE_TEST_CASE(after_a_break_a_package_goes_on_where_it_was, Exchanging) {
  const auto content = content_of(std::size_t{24} << 20U);
  write(content);
  meet();
  send();
  BOOST_REQUIRE(move_until(both(), [&] {
    fetch();
    return part_size() > content.size() / 4;
  }));
  to.reset();
  const auto kept = part_size();
  BOOST_TEST(kept >= content.size() / 4);
  BOOST_TEST(kept < content.size());
  to = open(5001);
  BOOST_TEST((to->packages() == std::vector<std::pair<PeerPort, ExchangeId>>{{owner, exchange}}));
  BOOST_REQUIRE(move_until(both(), [&] { return !from->take_renewed().empty(); }));
  send();
  bool went_back = false;
  std::vector<Bytes> came;
  BOOST_REQUIRE(move_until(both(), [&] {
    fetch();
    const auto there = part_size();
    went_back = went_back || (there != 0 && there < kept);
    for (auto& each : take_all(*to)) came.push_back(std::move(each));
    return came.size() == 2;
  }));
  BOOST_TEST(!went_back);
  BOOST_TEST((read_whole(*to->open_package(owner, exchange).value()) == content));
}

// Here a folder is in the way; a disk that fails does the same.
BOOST_FIXTURE_TEST_CASE(a_whole_package_that_cannot_be_named_is_asked_for_again, Exchanging) {
  const auto content = content_of(std::size_t{1} << 20U);
  write(content);
  const auto in_the_way = home(5001) / "incoming" / "5000" / (to_hex(exchange) + ".package");
  fs::create_directories(in_the_way / "something");
  meet();
  send();
  BOOST_REQUIRE(move_until(both(), [&] { return !to->offers().empty(); }));
  fetch();
  BOOST_TEST(to->offers().empty());
  BOOST_REQUIRE(move_until(both(), [&] { return part_size() == content.size() && !to->offers().empty(); }));
  fs::remove_all(in_the_way);
  std::vector<Bytes> came;
  BOOST_REQUIRE(move_until(both(), [&] {
    fetch();
    for (auto& each : take_all(*to)) came.push_back(std::move(each));
    return came.size() == 2;
  }));
  BOOST_TEST((read_whole(*to->open_package(owner, exchange).value()) == content));
}

/// After a loss of power a file may have its length and not its bytes.
BOOST_FIXTURE_TEST_CASE(what_an_earlier_boot_of_the_machine_left_is_not_gone_on_from, Exchanging) {
  to.reset();
  const auto folder_of_owner = home(5001) / "incoming" / "5000";
  fs::create_directories(folder_of_owner);
  std::ofstream((folder_of_owner / (to_hex(exchange) + ".part")).string()) << "whatever";
  std::ofstream((home(5001) / "incoming" / "boot").string()) << "another boot";
  to = open(5001);
  BOOST_TEST(to->packages().empty());
  BOOST_TEST(part_size() == 0U);
}

/// It held up all that was to go with it and after it, each time again.
BOOST_FIXTURE_TEST_CASE(a_package_that_cannot_be_read_holds_up_its_own_message_alone, Exchanging) {
  write(content_of(1000));
  meet();
  const auto missing = folder / "missing";
  BOOST_REQUIRE(from->send(requester, {envelope(1), envelope(2), envelope(3), envelope(4)},
                           {PackageFile{ExchangeId{{1}}, missing, 1}, PackageFile{exchange, file, 2}})
                    .has_value());
  BOOST_TEST(from->take_troubles().size() == 1U);
  BOOST_TEST(from->take_troubles().empty());
  std::vector<Bytes> came;
  BOOST_TEST(move_until(both(), [&] {
    for (auto& each : take_all(*to)) came.push_back(std::move(each));
    return came.size() == 3;
  }));
  BOOST_TEST((came == std::vector<Bytes>{envelope(1), envelope(3), envelope(4)}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

// A peer that is reached by folders and sockets at once: what comes either way is taken in, what goes takes the way
// of its recipient, and a flood on one way holds up nobody on the other.
#include "transport/mixed_link.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/transport/sockets.hpp"
#include "tests/transport/tested.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;

BOOST_AUTO_TEST_SUITE(mixed_link)

constexpr PeerPort by_socket{5001};
constexpr PeerPort by_spool{5002};

struct Mixed : Sockets {
  CountingEnvironment environment;
  std::unique_ptr<SocketLink> other = open(by_socket.value);
  std::unique_ptr<MixedLink> link = mixed(SocketLink::Role::serve);

  [[nodiscard]] fs::path spool(std::uint16_t port) const { return home(port) / "spool"; }
  [[nodiscard]] std::unique_ptr<SpoolLink> spool_link(std::uint16_t port, std::uint16_t towards) {
    auto made = SpoolLink::open({PeerPort{port}, spool(port), {{PeerPort{towards}, spool(towards)}}, max_envelope},
                                environment);
    BOOST_REQUIRE(made.has_value());
    return std::move(made).value();
  }
  [[nodiscard]] std::unique_ptr<MixedLink> mixed(SocketLink::Role role) {
    return std::make_unique<MixedLink>(spool_link(self.value, by_spool.value), open(self.value, role),
                                       std::set<PeerPort>{by_socket});
  }
  Mixed() {
    BOOST_REQUIRE(move_until({&link->sockets(), other.get()}, [&] { return other->room_for(self).has_value(); }));
  }
  void send_over_socket(std::size_t messages) const {
    BOOST_REQUIRE(other->send(self, std::vector<Bytes>(messages, envelope(1)), {}).has_value());
  }
  [[nodiscard]] bool comes(std::size_t batches) {
    return move_until({&link->sockets(), other.get()}, [&] { return link->waiting()[by_socket] >= batches; });
  }
  void write_files(int count) const {
    for (int i = 0; i < count; ++i) {
      std::ofstream((spool(self.value) / "5002" / "new" / std::to_string(1000 + i)).string()) << "no delivery";
    }
  }
  [[nodiscard]] std::map<PeerPort, std::size_t> taken(std::size_t most) const {
    std::map<PeerPort, std::size_t> counts;
    const auto parcels = link->receive(most).value();
    BOOST_TEST(parcels.size() <= most);
    for (const auto& parcel : parcels) ++counts[parcel.from];
    return counts;
  }
};

constexpr std::size_t messages_of_a_batch = 256;

BOOST_FIXTURE_TEST_CASE(what_comes_either_way_is_taken_in_and_acknowledged_where_it_came, Mixed) {
  send_over_socket(1);
  BOOST_REQUIRE(spool_link(by_spool.value, self.value)->send(self, {envelope(2), envelope(3)}, {}).has_value());
  BOOST_REQUIRE(comes(1));
  BOOST_TEST(link->count_waiting() == 2U);
  std::map<PeerPort, std::vector<Bytes>> came;
  const auto parcels = link->receive(10).value();
  BOOST_TEST((link->seen_waiting() == std::map<PeerPort, std::size_t>{{by_socket, 1}, {by_spool, 1}}));
  for (const auto& parcel : parcels) {
    came[parcel.from] = parcel.envelopes;
    BOOST_REQUIRE(link->acknowledge(parcel).has_value());
  }
  BOOST_TEST((came[by_socket] == std::vector<Bytes>{envelope(1)}));
  BOOST_TEST((came[by_spool] == std::vector<Bytes>{envelope(2), envelope(3)}));
  BOOST_TEST(link->seen_waiting().empty());
  BOOST_TEST(link->count_waiting() == 0U);
}

BOOST_FIXTURE_TEST_CASE(what_the_caller_holds_is_not_given_again_whichever_way_it_came, Mixed) {
  send_over_socket(1);
  const auto spooled = spool_link(by_spool.value, self.value);
  BOOST_REQUIRE(spooled->send(self, {envelope(2)}, {}).has_value());
  BOOST_REQUIRE(comes(1));
  ParcelNames held;
  const auto given = link->receive(10).value();
  for (const auto& parcel : given) held[parcel.from].insert(parcel.name);
  BOOST_REQUIRE(held.size() == 2U);  // senders
  BOOST_TEST(link->receive_beside(held, 10).value().empty());
  send_over_socket(1);
  BOOST_REQUIRE(spooled->send(self, {envelope(3)}, {}).has_value());
  BOOST_REQUIRE(comes(2));
  std::set<PeerPort> from;
  const auto newer = link->receive_beside(held, 10).value();
  for (const auto& parcel : newer) from.insert(parcel.from);
  BOOST_TEST((from == std::set<PeerPort>{by_socket, by_spool}));
  BOOST_TEST(link->receive(10).value().size() == 4U);
}

BOOST_FIXTURE_TEST_CASE(of_what_goes_together_each_takes_the_way_of_its_recipient, Mixed) {
  const auto spooled = spool_link(by_spool.value, self.value);
  const std::vector<Delivery> deliveries{
      {by_spool, {envelope(4)}, {}}, {PeerPort{5003}, {envelope(6)}, {}}, {by_socket, {envelope(5)}, {}}};
  const auto sent = link->send_all(Deliveries(deliveries.begin(), deliveries.end()));
  BOOST_REQUIRE(sent.size() == 3U);
  BOOST_TEST(sent[0].has_value());
  BOOST_TEST(!sent[1].has_value(), "there is no way to it");
  BOOST_TEST(sent[2].has_value());
  const auto parcels = spooled->receive(10).value();
  BOOST_REQUIRE(parcels.size() == 1U);
  BOOST_TEST((parcels.front().envelopes == std::vector<Bytes>{envelope(4)}));
  BOOST_REQUIRE(move_until({&link->sockets(), other.get()}, [&] { return other->count_waiting() > 0; }));
  BOOST_TEST((take_all(*other) == std::vector<Bytes>{envelope(5)}));
}

BOOST_FIXTURE_TEST_CASE(what_goes_takes_the_way_of_its_recipient, Mixed) {
  const auto spooled = spool_link(by_spool.value, self.value);
  BOOST_REQUIRE(link->send(by_spool, {envelope(4)}, {}).has_value());
  BOOST_REQUIRE(link->send(by_socket, {envelope(5)}, {}).has_value());
  BOOST_TEST(link->still_waiting_at(by_spool));
  const auto parcels = spooled->receive(10).value();
  BOOST_REQUIRE(parcels.size() == 1U);
  BOOST_TEST((parcels.front().envelopes == std::vector<Bytes>{envelope(4)}));
  BOOST_REQUIRE(move_until({&link->sockets(), other.get()}, [&] { return other->count_waiting() > 0; }));
  BOOST_TEST((take_all(*other) == std::vector<Bytes>{envelope(5)}));
}

BOOST_FIXTURE_TEST_CASE(a_flood_over_a_socket_leaves_half_of_a_turn_to_the_folders, Mixed) {
  send_over_socket(20 * messages_of_a_batch);
  BOOST_REQUIRE(comes(20));
  write_files(1);
  auto counts = taken(16);
  BOOST_TEST(counts[by_spool] == 1U);
  BOOST_TEST(counts[by_socket] == 15U, "what the folders do not use is not lost");
}

BOOST_FIXTURE_TEST_CASE(a_flood_of_files_leaves_half_of_a_turn_to_the_sockets, Mixed) {
  send_over_socket(20 * messages_of_a_batch);
  BOOST_REQUIRE(comes(20));
  write_files(100);
  auto counts = taken(16);
  BOOST_TEST(counts[by_spool] == 8U);
  BOOST_TEST(counts[by_socket] == 8U);
  // One at a time, they take turns.
  counts = taken(1);
  const auto next = taken(1);
  for (const auto& [from, count] : next) counts[from] += count;
  BOOST_TEST(counts[by_spool] == 1U);
  BOOST_TEST(counts[by_socket] == 1U);
}

BOOST_FIXTURE_TEST_CASE(beside_a_process_that_serves_nothing_is_taken_in, Mixed) {
  write_files(1);
  const auto beside = mixed(SocketLink::Role::visit);
  BOOST_TEST(beside->receive(10).value().empty());
  BOOST_TEST(beside->count_waiting() == 0U);
  BOOST_TEST(link->receive(10).value().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_package_is_found_and_dropped_whichever_way_it_came, Mixed) {
  const ExchangeId exchange{{9}};
  std::ofstream((folder / "package").string()) << "encrypted";
  BOOST_REQUIRE(other->send(self, {envelope(1)}, {PackageFile{exchange, folder / "package"}}).has_value());
  BOOST_REQUIRE(spool_link(by_spool.value, self.value)
                    ->send(self, {envelope(2)}, {PackageFile{exchange, folder / "package"}})
                    .has_value());
  BOOST_REQUIRE(comes(1));
  (void)link->receive(10).value();
  for (const auto from : {by_socket, by_spool}) {
    BOOST_TEST(link->open_package(from, exchange).has_value());
    BOOST_REQUIRE(link->drop_package(from, exchange).has_value());
    BOOST_TEST((link->open_package(from, exchange).error().token == Token::no_such_file));
  }
  BOOST_TEST(link->offers().empty());
  BOOST_TEST(link->packages().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

// What leaves for several peers at once: nothing appears that is not durable, and what becomes of one delivery is
// nothing to the others.
#include "transport/spool_delivery.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <boost/test/data/test_case.hpp>

#include "tests/transport/spools.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(spool_delivery)

constexpr std::array<std::uint16_t, 3> others{5001, 5002, 5003};

/// 5000 delivers to three others.
struct ThreeReceivers {
  Folder folder;
  CountingEnvironment environment;
  std::map<std::uint16_t, std::unique_ptr<SpoolLink>> receivers;
  std::unique_ptr<SpoolLink> sender;

  ThreeReceivers() {
    SpoolLink::Settings settings{PeerPort{5000}, folder / "5000", {}, most};
    settings.syncs_at_once = 3;
    for (const auto port : others) {
      settings.spools[PeerPort{port}] = folder / std::to_string(port);
      receivers[port] =
          opened({PeerPort{port}, folder / std::to_string(port), {{PeerPort{5000}, folder / "5000"}}, most});
    }
    sender = opened(std::move(settings));
  }
  [[nodiscard]] std::unique_ptr<SpoolLink> opened(SpoolLink::Settings settings) {
    auto link = SpoolLink::open(std::move(settings), environment);
    BOOST_REQUIRE(link.has_value());
    return std::move(link).value();
  }
  [[nodiscard]] static std::vector<Delivery> one_for_each() {
    std::vector<Delivery> deliveries;
    for (const auto port : others)
      deliveries.push_back({PeerPort{port}, {envelope_of("for " + std::to_string(port))}, {}});
    return deliveries;
  }
  [[nodiscard]] fs::path inbox(std::uint16_t port, const std::string& part) const {
    return folder / std::to_string(port) / "5000" / part;
  }
  [[nodiscard]] std::vector<Result<void>> send(const std::vector<Delivery>& deliveries) const {
    return sender->send_all(Deliveries(deliveries.begin(), deliveries.end()));
  }
  /// What lies there for a peer, which takes it.
  [[nodiscard]] std::vector<Bytes> received(std::uint16_t port) const {
    std::vector<Bytes> all;
    const auto parcels = receivers.at(port)->receive(100).value();
    for (const auto& parcel : parcels) {
      all.insert(all.end(), parcel.envelopes.begin(), parcel.envelopes.end());
      BOOST_TEST(receivers.at(port)->acknowledge(parcel).has_value());
    }
    return all;
  }
};

ExchangeId exchange_of(std::uint8_t number) {
  ExchangeId exchange;
  exchange.bytes.fill(number);
  return exchange;
}

BOOST_FIXTURE_TEST_CASE(each_has_what_is_for_it, ThreeReceivers) {
  for (int round = 0; round < 20; ++round) {
    const auto deliveries = one_for_each();
    const auto sent = send(deliveries);
    BOOST_REQUIRE(sent.size() == deliveries.size());
    for (const auto& each : sent) BOOST_TEST(each.has_value());
    for (const auto& each : deliveries) {
      BOOST_TEST_INFO(round << " " << each.to.value);
      BOOST_TEST((received(each.to.value) == each.envelopes));
      BOOST_TEST(fs::is_empty(inbox(each.to.value, "tmp")));
    }
  }
  BOOST_TEST(send({}).empty());
}

BOOST_FIXTURE_TEST_CASE(one_that_cannot_be_reached_keeps_nothing_from_the_others, ThreeReceivers) {
  fs::rename(folder / "5002", folder / "elsewhere");
  const auto sent = send(one_for_each());
  BOOST_REQUIRE(sent.size() == 3U);
  BOOST_TEST(sent[0].has_value());
  BOOST_REQUIRE(!sent[1].has_value());
  BOOST_TEST((sent[1].error().token == Token::io));
  BOOST_TEST(sent[1].error().what == "the spool of peer 5002 is not there");
  BOOST_TEST(sent[2].has_value());
  BOOST_TEST(received(5001).size() == 1U);
  BOOST_TEST(received(5003).size() == 1U);
}

// The receiver put something in its place.
BOOST_FIXTURE_TEST_CASE(where_a_package_cannot_appear_its_message_does_not_and_nothing_stays_behind, ThreeReceivers) {
  const auto exchange = exchange_of(7);
  fs::create_directories(inbox(5002, "new") / package_name(exchange) / "in the way");
  auto deliveries = one_for_each();
  for (auto& each : deliveries) each.packages.push_back({exchange, {}, 0, false, bytes_of("encrypted")});
  const auto sent = send(deliveries);
  BOOST_TEST(sent[0].has_value());
  BOOST_REQUIRE(!sent[1].has_value());
  BOOST_TEST(sent[1].error().what.find("cannot deliver a package") == 0U);
  BOOST_TEST(sent[2].has_value());
  BOOST_TEST(received(5001).size() == 1U);
  BOOST_TEST(received(5002).empty());
  for (const auto port : others) BOOST_TEST(fs::is_empty(inbox(port, "tmp")));
}

// Which only somebody brings about who knew it before: names are random.
struct SameNames final : Environment {
  std::uint8_t drawn = 0;
  [[nodiscard]] Time now() override { return Time{1'000'000'000}; }
  void random(std::span<std::uint8_t> out) override { std::ranges::fill(out, static_cast<std::uint8_t>(drawn++ / 2)); }
};

BOOST_FIXTURE_TEST_CASE(a_name_that_is_taken_is_not_taken_away, ThreeReceivers) {
  SameNames names;
  const auto link =
      SpoolLink::open({PeerPort{5000}, folder / "5000", {{PeerPort{5001}, folder / "5001"}}, most}, names);
  BOOST_REQUIRE(link.has_value());
  BOOST_REQUIRE(link.value()->send(PeerPort{5001}, {envelope_of("first")}, {}).has_value());
  BOOST_REQUIRE(link.value()->send(PeerPort{5001}, {envelope_of("second")}, {}).has_value());
  BOOST_TEST(names.drawn == 3U);
  BOOST_TEST((received(5001) == std::vector<Bytes>{envelope_of("first"), envelope_of("second")}));
  BOOST_TEST(fs::is_empty(inbox(5001, "tmp")));
}

BOOST_FIXTURE_TEST_CASE(more_packages_than_descriptors_go_together, ThreeReceivers) {
  auto deliveries = one_for_each();
  for (auto& each : deliveries) {
    for (std::uint8_t i = 0; i < 40; ++i) each.packages.push_back({exchange_of(i), {}, 0, false, Bytes(100, i)});
  }
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const Descriptor next(::open("/", O_RDONLY | O_CLOEXEC));
  const rlimit few{static_cast<rlim_t>(next.get()) + 45, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  const auto sent = send(deliveries);
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  for (const auto& each : sent) BOOST_TEST(each.has_value());
  for (const auto port : others) {
    BOOST_TEST(received(port).size() == 1U);
    BOOST_TEST(receivers[port]->packages().size() == 40U);
  }
}

// A book is not copied again for each message that could not be written.
BOOST_FIXTURE_TEST_CASE(a_package_in_a_file_appears_before_anything_else_is_written, ThreeReceivers) {
  const auto exchange = exchange_of(7);
  Spools::write(folder / "package", "encrypted");
  auto deliveries = one_for_each();
  deliveries[0].packages.push_back({exchange, folder / "package"});
  fs::create_directories(inbox(5001, "new") / package_name(exchange_of(8)));
  deliveries[0].packages.push_back({exchange_of(8), folder / "package"});
  deliveries[0].packages.push_back({exchange_of(9), folder / "package"});
  const auto sent = send(deliveries);
  BOOST_TEST(!sent[0].has_value());
  BOOST_TEST(sent[1].has_value());
  BOOST_TEST(sender->package_waits_at(PeerPort{5001}, exchange));
  BOOST_TEST(!sender->package_waits_at(PeerPort{5001}, exchange_of(9)), "nor what comes after one that cannot");
  BOOST_TEST(received(5001).empty());
  BOOST_TEST(fs::is_empty(inbox(5001, "tmp")));
}

// ---- where the disk fails ----

/// Two deliveries, of two messages, and of a package and its message, with a third to a peer that is not there.
struct FailingDisk {
  Folder folder;
  std::vector<std::string> stages;  ///< what had appeared when each was synced

  [[nodiscard]] SpoolTarget target(const std::string& of) const {
    for (const auto* part : {"tmp", "new"}) fs::create_directories(folder / of / part);
    return {SpoolFolder::open(folder / of / "tmp").value(), SpoolFolder::open(folder / of / "new").value(), false, {}};
  }
  [[nodiscard]] std::string appeared() const {
    std::string all;
    for (const auto* of : {"a", "b"}) {
      all += of;
      for (const auto& name : SpoolFolder::open(folder / of / "new").value().names()) {
        all += " " + (exchange_in_name(name) ? "package" : name);
      }
      all += of == std::string("a") ? ", " : "";
    }
    return all;
  }
  /// Brings them, and the `item`th sync of a stage fails. Gives the outcomes, one letter each.
  [[nodiscard]] std::string bring(std::size_t failing_stage, std::size_t item) {
    std::vector<Result<SpoolDelivery>> deliveries;
    deliveries.emplace_back(SpoolDelivery(target("a")));
    deliveries.back().value().add_mail("1", bytes_of("first"));
    deliveries.back().value().add_mail("2", bytes_of("second"));
    deliveries.emplace_back(Error{Token::io, "no such spool", {}, {}});
    deliveries.emplace_back(SpoolDelivery(target("b")));
    deliveries.back().value().add_package({exchange_of(7), {}, 0, false, bytes_of("encrypted")});
    deliveries.back().value().add_mail("3", bytes_of("grant"));
    const auto sync = [&](const std::vector<JointSync::Item>& items) {
      std::vector<Result<void>> results(items.size(), success());
      if (stages.size() == failing_stage) results.at(item) = Error{Token::disk_full, "no room", {}, {}};
      stages.push_back(appeared());
      return results;
    };
    std::string outcomes;
    for (const auto& each : SpoolDelivery::bring(deliveries, sync, [] { return std::string("fresh"); })) {
      outcomes += each ? 'y' : each.error().token == Token::disk_full ? 'f' : 'n';
    }
    return outcomes;
  }
};

BOOST_FIXTURE_TEST_CASE(nothing_appears_before_all_of_it_is_durable, FailingDisk) {
  BOOST_TEST(bring(2, 0) == "yny");
  BOOST_TEST((stages == std::vector<std::string>{"a, b", "a 1 2, b package 3"}));
}

struct Failure {
  std::size_t stage;
  std::size_t item;
  const char* outcomes;
  const char* appeared;
};
std::ostream& operator<<(std::ostream& out, const Failure& failure) {
  return out << failure.stage << ":" << failure.item;
}
const auto failures = boost::unit_test::data::make(std::vector<Failure>{{0, 0, "fny", "a, b package 3"},
                                                                        {0, 1, "fny", "a 1, b package 3"},
                                                                        {0, 2, "ynf", "a 1 2, b"},
                                                                        {0, 3, "ynf", "a 1 2, b package"},
                                                                        {1, 0, "fny", "a 1 2, b package 3"},
                                                                        {1, 1, "ynf", "a 1 2, b package 3"}});

BOOST_DATA_TEST_CASE_F(FailingDisk, a_sync_that_fails_is_laid_to_its_delivery_alone, failures, failure) {
  BOOST_TEST(bring(failure.stage, failure.item) == failure.outcomes);
  BOOST_TEST(appeared() == failure.appeared);
  for (const auto* of : {"a", "b"}) BOOST_TEST(fs::is_empty(folder / of / "tmp"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

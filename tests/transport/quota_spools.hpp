// Spools with a quota that the receiver states.
#pragma once

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/transport/pair.hpp"
#include "transport/spool_link.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;

struct QuotaSpools {
  Folder folder;
  CountingEnvironment environment;
  std::unique_ptr<SpoolLink> sender;
  std::unique_ptr<SpoolLink> receiver;

  void open(const Quota& quota) {
    receiver = link(5001, {5000, 5002}, quota);
    sender = link(5000, {5001}, {});
  }
  std::unique_ptr<SpoolLink> link(std::uint16_t self, const std::vector<std::uint16_t>& others, const Quota& quota,
                                  std::uint64_t max_package_bytes = 1'000'000) {
    std::map<PeerPort, fs::path> spools;
    for (const auto other : others) spools[PeerPort{other}] = folder / std::to_string(other);
    auto made = SpoolLink::open({PeerPort{self},
                                 folder / std::to_string(self),
                                 spools,
                                 std::size_t{1} << 24U,
                                 {},
                                 {},
                                 quota,
                                 max_package_bytes},
                                environment);
    BOOST_REQUIRE(made.has_value());
    return std::move(made).value();
  }
  [[nodiscard]] std::string send(std::size_t size, const std::vector<PackageFile>& packages = {}) const {
    const auto sent = sender->send(PeerPort{5001}, {Bytes(size, 1)}, packages);
    return sent ? "sent" : std::string(name(sent.error().token));
  }
  void take_one() const {
    const auto parcels = receiver->receive(1);
    BOOST_REQUIRE((parcels.has_value() && parcels.value().size() == 1));
    BOOST_REQUIRE(receiver->acknowledge(parcels.value().front()).has_value());
  }
  [[nodiscard]] PackageFile package(std::uint8_t number, std::size_t size) const {
    PackageFile package{{}, folder / ("package" + std::to_string(number))};
    package.exchange.bytes.fill(number);
    std::ofstream(package.path.string(), std::ios::binary) << std::string(size, 'p');
    return package;
  }
};

}  // namespace bookchain::transport::tests

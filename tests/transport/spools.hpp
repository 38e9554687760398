// Two peers and the spools between them.
#pragma once

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/transport/pair.hpp"
#include "transport/spool_link.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;

inline constexpr std::size_t most = 4096;

struct Spools {
  Folder folder;
  CountingEnvironment environment;
  std::unique_ptr<SpoolLink> first = open(5000, 5001);
  std::unique_ptr<SpoolLink> second = open(5001, 5000);

  std::unique_ptr<SpoolLink> open(std::uint16_t self, std::uint16_t other) {
    auto link = SpoolLink::open(
        {PeerPort{self}, folder / std::to_string(self), {{PeerPort{other}, folder / std::to_string(other)}}, most},
        environment);
    BOOST_REQUIRE(link.has_value());
    return std::move(link).value();
  }
  /// Where 5000 delivers to 5001.
  [[nodiscard]] fs::path inbox() const { return folder / "5001" / "5000" / "new"; }
  [[nodiscard]] fs::path bad() const { return folder / "5001" / "5000" / "bad"; }
  static void write(const fs::path& file, const std::string& content) {
    std::ofstream(file.string(), std::ios::binary) << content;
  }
  [[nodiscard]] std::vector<Parcel> receive(std::size_t count = 100) const { return second->receive(count).value(); }
};

}  // namespace bookchain::transport::tests

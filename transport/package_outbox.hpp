// What one connection has offered of large packages: each with the message that stays behind until the other
// end has the package or declines it. Reads a part at a time, of each package in turn, so that a large book
// holds up nothing else; and has one file open at most, so that an end that wants everything at once leaves files to be
// opened for the others.
#pragma once

#include <map>

#include "ledger/store/files.hpp"
#include "transport/framing.hpp"

namespace bookchain::transport {

class PackageOutbox {
 public:
  void offer(const ledger::ExchangeId& exchange, boost::filesystem::path file, ledger::Bytes envelope);
  [[nodiscard]] bool has(const ledger::ExchangeId& exchange) const { return offered_.contains(exchange); }
  [[nodiscard]] bool empty() const { return offered_.empty(); }
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

  /// The other end wants it from there on.
  void want(const PackageWant& want);
  /// Appends the next part of a package that is wanted; gives how much of it went for the first time. Nothing if no
  /// part is to go. What cannot be read is given up: its message is sent again later.
  [[nodiscard]] std::optional<std::uint64_t> put_next_part(ledger::Bytes& out);
  /// No more of it is wanted: gives its message. Nothing if it was not offered.
  [[nodiscard]] std::optional<ledger::Bytes> finish(const ledger::ExchangeId& exchange);

 private:
  struct Offered {
    boost::filesystem::path file;
    ledger::Bytes envelope;
    bool wanted = false;  ///< parts are to be sent
    std::uint64_t offset{};
    std::uint64_t reached{};  ///< the highest offset so far
  };
  /// The file of that package, read up to its offset.
  struct OpenFile {
    ledger::ExchangeId exchange;
    ledger::Descriptor file;
  };
  /// Null if it cannot be opened. Closes the file of another package.
  [[nodiscard]] const ledger::Descriptor* open(const ledger::ExchangeId& exchange, const Offered& offered);
  void close(const ledger::ExchangeId& exchange);

  std::map<ledger::ExchangeId, Offered> offered_;
  std::optional<OpenFile> open_;
  std::optional<ledger::ExchangeId> last_sent_;
  std::size_t held_bytes_ = 0;
};

}  // namespace bookchain::transport

// A package that lies in a file, with the descriptor it is read from.
#pragma once

#include "ledger/store/shelf.hpp"

namespace bookchain::transport {

class OpenPackageFile final : public ledger::PackageSource {
 public:
  explicit OpenPackageFile(ledger::Descriptor file) : file_(std::move(file)), source_(file_.get()) {}
  [[nodiscard]] ledger::Result<std::optional<std::uint64_t>> size() override { return source_.size(); }
  [[nodiscard]] ledger::Result<std::size_t> read(std::span<std::uint8_t> bytes) override { return source_.read(bytes); }

 private:
  ledger::Descriptor file_;
  ledger::PackageFileSource source_;
};

}  // namespace bookchain::transport

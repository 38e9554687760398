// A package that lies in a file, with the descriptor it is read from.
#pragma once

#include <fcntl.h>

#include <cstdio>

#include "ledger/store/files.hpp"
#include "ledger/store/shelf.hpp"

namespace bookchain::transport {

class OpenPackageFile final : public ledger::PackageSource {
 public:
  /// `file` is that of `name` in an open folder; without one the name is a path of its own.
  OpenPackageFile(ledger::Descriptor file, ledger::Descriptor folder, std::string name)
      : file_(std::move(file)), source_(file_.get()), folder_(std::move(folder)), name_(std::move(name)) {}
  [[nodiscard]] ledger::Result<std::optional<std::uint64_t>> size() override { return source_.size(); }
  [[nodiscard]] ledger::Result<std::size_t> read(std::span<std::uint8_t> bytes) override { return source_.read(bytes); }
  [[nodiscard]] bool move_to(const boost::filesystem::path& target) override {
    const int folder = folder_ ? folder_.get() : AT_FDCWD;
    return ledger::is_ours_alone(file_.get()) && ::renameat(folder, name_.c_str(), AT_FDCWD, target.c_str()) == 0;
  }

 private:
  ledger::Descriptor file_;
  ledger::PackageFileSource source_;
  ledger::Descriptor folder_;
  std::string name_;
};

}  // namespace bookchain::transport

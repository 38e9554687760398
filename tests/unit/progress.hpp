// Listeners of long work: one that stops it, one that checks what it is told.
#pragma once

#include <boost/test/unit_test.hpp>

#include "ledger/store/package_store.hpp"

namespace bookchain::unit {

using ledger::Progress;

class StopAtOnce final : public Progress {
 public:
  bool advanced(std::uint64_t /*done*/, std::uint64_t /*all*/) override { return false; }
};

class Count final : public Progress {
 public:
  bool advanced(std::uint64_t done, std::uint64_t all) override {
    BOOST_TEST(done >= last_);
    BOOST_TEST(done <= all);
    last_ = done;
    all_ = all;
    return true;
  }
  [[nodiscard]] bool complete() const { return last_ == all_; }

 private:
  std::uint64_t last_{};
  std::uint64_t all_{1};
};

}  // namespace bookchain::unit

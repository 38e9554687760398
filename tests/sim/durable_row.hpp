// A row as the disk of a simulated peer gives it back whatever happens now.
#pragma once

#include "tests/sim/sim_store.hpp"

namespace bookchain::sim {

template <class Record>
[[nodiscard]] std::optional<Record> durable_row(const SimStore& store, Table table, const Bytes& key) {
  const auto row = store.durable(table, key);
  auto record = row ? decode<Record>(*row) : Result<Record>(Error{});
  return record ? std::optional(std::move(record).value()) : std::nullopt;
}

}  // namespace bookchain::sim

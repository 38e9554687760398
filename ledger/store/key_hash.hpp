// Keys in maps by hash: which can be asked for a view of bytes.
#pragma once

#include <algorithm>
#include <functional>
#include <string_view>

#include "ledger/state.hpp"

namespace bookchain::ledger {

struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(ByteView key) const {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(key.data()), key.size()});
  }
};

struct KeyEqual {
  using is_transparent = void;
  bool operator()(ByteView left, ByteView right) const { return std::ranges::equal(left, right); }
};

}  // namespace bookchain::ledger

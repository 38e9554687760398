// Lists with one entry of each signer, in the order of ports. Everything that is counted is kept so: a second signature
// of one peer is no second peer.
#pragma once

#include <algorithm>

#include "ledger/types.hpp"

namespace bookchain::ledger {

template <class Entry>
struct AddedEntry {
  Entry& held;  ///< the entry of that signer in the list
  bool is_new;  ///< false: one stood there already, and stays
};

/// Adds an entry in its place, unless there is one of its signer.
template <class Entry>
AddedEntry<Entry> add_by_signer(std::vector<Entry>& list, const Entry& entry) {
  const auto place = std::ranges::lower_bound(list, entry.signer, {}, &Entry::signer);
  if (place != list.end() && place->signer == entry.signer) return {*place, false};
  return {*list.insert(place, entry), true};
}

template <class Entry>
[[nodiscard]] bool holds_from(const std::vector<Entry>& list, PeerPort signer) {
  return std::ranges::binary_search(list, signer, {}, &Entry::signer);
}

}  // namespace bookchain::ledger

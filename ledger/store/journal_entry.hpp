// What a journal says of rows, one after another: table (1 byte), key (a blob), and a kind (1 byte): 0, the row is
// gone; 1, its value (a blob); 2, the part of its value that changed: how many bytes before it (4) and after it (4)
// stay as they are, and what is between them now (a blob; docs/formats.md says what that is); 3, its value has that of
// another row in it, as that is then: table (1) and key (a blob) of the other row, and what stands before it and after
// it (a blob each). A record changes a dozen times, and each time in little of it; and a block is checked, goes to each
// voter, and into the chain.
#pragma once

#include "ledger/state.hpp"

namespace bookchain::ledger {

/// A row as it is from now on.
struct RowChange {
  enum class Kind : std::uint8_t { gone = 0, whole = 1, part = 2, around = 3 };

  Table table{};
  ByteView key;
  Kind kind{};
  ByteView bytes;            ///< the value, or what is between the parts that stay, or what is before the other row's
  std::uint32_t before = 0;  ///< bytes that stay, at the begin and at the end of the value
  std::uint32_t after = 0;
  Table other_table{};  ///< of the row whose value is in this one's
  ByteView other_key{};
  ByteView behind{};  ///< what is after it
};

/// How `value` comes about, from what is known of it: null if nothing is. Points into all that is given.
[[nodiscard]] RowChange change_of(Table table, ByteView key, const std::optional<Bytes>& value, const Bytes* known);
/// The same change in less bytes, if `change` says a whole value and the other row's value stands in that one. Points
/// into what it is given, too.
[[nodiscard]] std::optional<RowChange> change_around(const RowChange& change, Table other_table, ByteView other_key,
                                                     ByteView other);
void append_change(Bytes& entry, const RowChange& change);
/// The fault, if there is one, is the reader's.
[[nodiscard]] RowChange read_change(Reader& reader);
/// The value that a change leaves. Precondition: the row is not gone. Nothing if that is no part of what is known, of
/// this row or of the other one that the change names.
[[nodiscard]] std::optional<Bytes> value_after(const RowChange& change, const Bytes* known, const Bytes* other);

}  // namespace bookchain::ledger

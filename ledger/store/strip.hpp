// Bytes that grow at their end and are cleared as a whole, kept in rows of a table of their own. All rows have one
// size, and after a clearing they are written over from the first: a store of pages does that in place, where a row
// that comes or goes changes its tree and the list of its free pages as well. A row fills a page of the state.
//
// Row 0 holds the number at which the strip begins (8 bytes), or is not there, which is 0. Row i, from 1 on, has a
// number (8 bytes), the count of its bytes (4), these, and zeros up to its size. The number of a row of the strip is
// that of the beginning and i; one that was cleared has none above the beginning, since a strip begins anew behind them
// all, and one that was made beforehand has 0. The last row that counts is the one before such a row.
#pragma once

#include "ledger/state.hpp"

namespace bookchain::ledger {

class Strip {
 public:
  /// Of every row but row 0. With its key, and what SQLite keeps beside them, it fills a leaf of 8 KiB, and no more.
  static constexpr std::size_t row_bytes = 8128;

  explicit Strip(Table place) : place_(place) {}

  /// Reads what lies there, and gives it. Throws DamagedState if it is no strip.
  [[nodiscard]] Bytes read(const State& below);
  /// Adds the writes that put `bytes` behind what was read, or was added last. They go into the last row if they fit
  /// there whole, and begin a new one else: a few bytes write one row. Where there is no next row, several are made.
  void append(ByteView bytes, std::vector<Write>& writes);
  /// Adds the write that clears it, if there is anything.
  void clear(std::vector<Write>& writes);

 private:
  void write_row(std::uint64_t place, std::uint64_t number, ByteView content, std::vector<Write>& writes) const;
  void write_last(std::vector<Write>& writes);

  Table place_;
  std::uint64_t first_ = 0;
  std::uint64_t rows_ = 0;   ///< beside row 0
  std::uint64_t there_ = 0;  ///< rows that the table has beside it, cleared ones among them
  Bytes last_;               ///< what the last of them holds
};

}  // namespace bookchain::ledger

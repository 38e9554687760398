// A book in the making: BOOK signed by its registrar, and its content: that of a file as a named draft of the shelf,
// that of a value for the state. The state hears of both from the caller, so that a book is announced only when its
// files are durable; then the caller has the shelf keep the draft.
#pragma once

#include "ledger/genesis.hpp"
#include "ledger/node.hpp"
#include "ledger/store/shelf.hpp"
#include "transport/environment.hpp"

namespace bookchain::cli {

struct BookWords {
  std::string title;
  std::string media_type;
};

/// Reads a file chunk by chunk onto the shelf. `serial` is the registrar's next. Tokens: `no-such-file`,
/// `bad-file`, `book-too-large`, `bad-statement` (title or media type), `io`, `disk-full`, `permission`.
[[nodiscard]] ledger::Result<ledger::Signed<ledger::Book>> make_file_book(
    ledger::Shelf& shelf, transport::Environment& environment, const ledger::Genesis& genesis,
    const ledger::Identity& registrar, const boost::filesystem::path& file, BookWords words, std::uint64_t serial,
    ledger::Progress* progress);

struct ValueBook {
  ledger::Signed<ledger::Book> book;
  ledger::ValueText text;
};
/// A value as in the original system: its decimal digits are title and content. Precondition: is_value.
[[nodiscard]] ledger::Result<ValueBook> make_value_book(transport::Environment& environment,
                                                        const ledger::Genesis& genesis,
                                                        const ledger::Identity& registrar, const std::string& value,
                                                        std::uint64_t serial);

/// By the ending of a file's name; "application/octet-stream" where it says nothing.
[[nodiscard]] std::string media_type_of(const boost::filesystem::path& file);

}  // namespace bookchain::cli

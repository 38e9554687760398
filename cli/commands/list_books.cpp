#include <algorithm>
#include <limits>

#include "cli/commands/commands.hpp"
#include "cli/home.hpp"
#include "cli/readers.hpp"
#include "ledger/book.hpp"
#include "ledger/chain.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::size_t title_columns = 40;

struct Row {
  BookId id;
  Signed<Book> book;
  Ownership standing;
  std::optional<std::uint64_t> order;  ///< on this peer's shelf
};

/// On the shelf in the order in which they came there; in the catalogue by registrar and serial.
void sort_rows(std::vector<Row>& rows, bool all) {
  std::ranges::sort(rows, {}, [&](const Row& row) {
    const auto order = all ? 0 : row.order.value_or(std::numeric_limits<std::uint64_t>::max());
    return std::tuple(order, row.book.signer, row.book.body.serial, row.id);
  });
}

std::vector<Row> rows_of(const Reader& reader, bool all) {
  std::vector<Row> rows;
  catalogue.each(reader.state(), {}, [&](const BookId& id, const Signed<Book>& book) {
    const auto shelved = shelf.get(reader.state(), id);
    if (!all && !shelved) return true;
    rows.push_back(Row{id, book, standing(reader.genesis(), reader.state(), book),
                       shelved ? std::optional(shelved->order) : std::nullopt});
    return true;
  });
  sort_rows(rows, all);
  return rows;
}

Json value_of(const Row& row) {
  Json value;
  value["book"] = to_hex(row.id);
  value["title"] = row.book.body.title;
  if (const auto digits = book_value(row.book.body)) value["value"] = *digits;
  value["media_type"] = row.book.body.media_type;
  value["size"] = row.book.body.size;
  value["owner"] = row.standing.owner.value;
  value["registrar"] = row.book.signer.value;
  value["version"] = row.standing.version.value;
  value["held"] = row.order.has_value();
  return value;
}

std::string nothing_to_list(const Session& session, const Reader& reader, bool all) {
  const auto add = session.command_at(reader.port(), "add-book FILE");
  if (all) return "no books in the catalogue yet; register one: " + add + "\n";
  return "no books on the shelf of " + std::to_string(reader.port().value) + "; register one: " + add + "\n";
}

std::string table_of(const Report& report, const std::vector<Row>& rows) {
  TextTable table({"BOOK", "TITLE", "TYPE", "SIZE", "OWNER", "REGISTRAR", "VERSION", "HELD"});
  for (const std::size_t column : {3U, 4U, 5U, 6U}) table.align_right(column);
  for (const auto& row : rows) {
    const auto& book = row.book.body;
    table.add({report.id(row.id), printable(book.title, title_columns),
               book_value(book) ? std::string("value") : printable(book.media_type, title_columns),
               write_size(book.size), std::to_string(row.standing.owner.value), std::to_string(row.book.signer.value),
               std::to_string(row.standing.version.value), row.order ? "yes" : "no"});
  }
  return table.draw(report);
}

Result<Answer> run_list_books(Session& session, const Arguments& arguments) {
  const bool all = arguments.has("all");
  if (!all && !session.names_a_peer()) return std::move(session.peer()).as_failure();
  BOOKCHAIN_TRY(const auto reader, any_reader(session));
  const auto rows = rows_of(*reader, all);
  BOOKCHAIN_CHECK(reader->state().status());
  Answer answer;
  answer.value["port"] = reader->port().value;
  answer.value["books"] = Json::array();
  for (const auto& row : rows) answer.value["books"].push_back(value_of(row));
  answer.text = rows.empty() ? nothing_to_list(session, *reader, all) : table_of(session.report(), rows);
  return answer;
}

}  // namespace

Command list_books_command() {
  return Command{"list-books",
                 "the books on this peer's shelf, or of the whole network",
                 "Lists the books whose plaintext this peer keeps, in the order in which they came to its shelf.\n"
                 "With --all: every book that was announced to this peer, by registrar, with the owner that the\n"
                 "chain names. VERSION counts how often the chain has moved the book; HELD says whether its\n"
                 "plaintext is on this peer's shelf. Without -p, --all shows the catalogue of the lowest port here.\n"
                 "\n"
                 "Exit codes: 2 no peer is named, 4 there is no such home.\n"
                 "\n"
                 "Example: bookchain -n library -p 5000 list-books --all",
                 {},
                 {{"all", 'a', OptionKind::flag, "", "the catalogue of the whole network"}},
                 run_list_books};
}

}  // namespace bookchain::cli

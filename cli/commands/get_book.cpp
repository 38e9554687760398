#include <unistd.h>

#include <algorithm>

#include "cli/commands/commands.hpp"
#include "cli/files.hpp"
#include "cli/home.hpp"
#include "cli/next_steps.hpp"
#include "cli/progress.hpp"
#include "cli/selection.hpp"
#include "cli/session.hpp"
#include "ledger/chain.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/store/value_shelf.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// It was put there, and nothing that is still to be done brings it.
bool was_on_shelf(const State& state, const BookId& id) {
  const auto tasks = shelf_tasks.all(state);
  return shelf.get(state, id) && std::ranges::none_of(tasks, [&](const auto& row) { return row.second.book == id; });
}

/// The chain says that it is here, and the content is not: what its last exchange waits for.
Error not_on_shelf(const Session& session, const Reader& reader, const BookId& id, const std::string& title) {
  if (was_on_shelf(reader.state(), id)) {
    return Error{Token::no_such_file, "the content of the book is gone from this home", title,
                 "put it back from a backup: " + (reader.files().home / "books" / to_hex(id)).string()};
  }
  std::optional<std::pair<ExchangeId, ExchangeRecord>> last;
  exchanges.each(reader.state(), {}, [&](const ExchangeId& exchange, const ExchangeRecord& record) {
    const bool brought =
        record.role == Role::requester && record.request.body.book == id && record.state == ExchangeState::committed;
    if (brought && (!last || last->second.height < record.height)) last.emplace(exchange, record);
    return true;
  });
  const auto here = [&](const std::string& words) { return session.command_at(reader.port(), words); };
  Error error{Token::waiting, "the book is owned, but its content is not on the shelf yet", title, here("receive")};
  if (!last || last->second.plaintext_ready) return error;
  const auto& [exchange, record] = *last;
  if (const auto due = reader.node().due_step(reader.state(), exchange)) {
    error.hint = here(std::string(name(*due)) + " " + short_id(exchange));
  } else {
    error.what += "; the key of " + std::to_string(owner_of(record).value) + " is awaited, or its shares from " +
                  ports_text(witnesses_of(reader.genesis(), record));
  }
  return error;
}

Result<Answer> run_get_book(Session& session, const Arguments& arguments) {
  const auto target = arguments.get("to");
  if (!target) return usage_error("an option is missing", "--to FILE", "name the file to write; - is standard output");
  if (target->empty()) return usage_error("an option needs a value", "--to");
  const bool to_stdout = *target == "-";
  if (to_stdout && session.report().format() != Format::text) {
    return usage_error("standard output cannot take the book and a report", "--to -", "leave out -o");
  }
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  const auto is_own = [&](const Signed<Book>& book) {
    return standing(reader->genesis(), reader->state(), book).owner == reader->port();
  };
  BOOKCHAIN_TRY(const auto id, select_book(reader->state(), *arguments.at(0), is_own));
  const auto book = catalogue.get(reader->state(), id);
  const auto owner = standing(reader->genesis(), reader->state(), *book).owner;
  if (owner != reader->port()) {
    return Error{Token::not_owner, "peer " + std::to_string(reader->port().value) + " does not own the book",
                 book->body.title, "by the chain it is at " + std::to_string(owner.value)};
  }
  BOOKCHAIN_TRY(const auto shelf, Shelf::open(reader->files().home));
  const bool is_value = book_value(book->body).has_value();
  const bool is_here = is_value ? value_books.get(reader->state(), id).has_value() : shelf.has_book(id);
  if (!is_here) return not_on_shelf(session, *reader, id, book->body.title);
  WorkProgress progress(session.report(), "writing", ProgressUnit::bytes,
                        to_stdout ? Stop::at_once : Stop::between_pieces);
  const auto write = [&](int descriptor) -> Result<void> {
    if (!is_value) return shelf.read_book(id, book->body, descriptor, &progress);
    BOOKCHAIN_TRY(const auto value, value_on_shelf(reader->state(), id, book->body));
    return write_all(descriptor, value.text, *target);
  };
  BOOKCHAIN_CHECK(to_stdout ? write(STDOUT_FILENO) : replace_file(*target, write));
  Answer answer;
  answer.printed = to_stdout;
  answer.value["book"] = to_hex(id);
  answer.value["file"] = *target;
  answer.value["size"] = book->body.size;
  answer.brief = "";
  answer.text = "wrote \"" + printable(book->body.title) + "\" (" + write_size(book->body.size) +
                ", every chunk checked) to " + printable(*target) + "\n";
  return answer;
}

}  // namespace

Command get_book_command() {
  return Command{"get-book",
                 "write the plaintext of a book this peer owns",
                 "Every chunk is checked against the registered book while it is written. The file appears under\n"
                 "its name only when it is complete; a file that is there already is replaced. BOOK is an id, the\n"
                 "first 6 or more digits of it, or a title.\n"
                 "\n"
                 "Example: bookchain -n library -p 5000 get-book 3f2a90c1d0e4 --to moby-dick.txt",
                 {{"BOOK", true}},
                 {{"to", 0, OptionKind::value, "FILE", "where to write it; - is standard output"}},
                 run_get_book};
}

}  // namespace bookchain::cli

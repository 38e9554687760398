#include <limits>

#include "cli/book_making.hpp"
#include "cli/commands/commands.hpp"
#include "cli/home.hpp"
#include "cli/outgoing.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/turn_report.hpp"
#include "ledger/book.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::size_t longest_default_title = max_title_bytes;

/// The file's own name, if it can be a title.
std::string title_of(const path& file) {
  auto name = file.filename().string();
  if (!is_utf8(name)) name = printable(name);
  while (name.size() > longest_default_title || !is_utf8(name)) name.pop_back();
  return name.empty() ? "untitled" : name;
}

Result<WishAddBook> make(Home& home, const Arguments& arguments, Progress* progress) {
  const auto serial = next_serial_fact.get(home.store()).value_or(1);
  const auto& identity = home.files().identity;
  if (const auto value = arguments.get("value")) {
    BOOKCHAIN_TRY(auto made, make_value_book(home.environment(), home.genesis(), identity, *value, serial));
    return WishAddBook{std::move(made.book), std::move(made.text)};
  }
  const path file(*arguments.at(0));
  BookWords words{arguments.get("title").value_or(title_of(file)),
                  arguments.get("media-type").value_or(media_type_of(file))};
  BOOKCHAIN_TRY(auto book, make_file_book(home.shelf(), home.environment(), home.genesis(), identity, file,
                                          std::move(words), serial, progress));
  return WishAddBook{std::move(book)};
}

Result<void> check(const Arguments& arguments) {
  const auto value = arguments.get("value");
  if (value && arguments.at(0))
    return usage_error("a file and a value are two books", *arguments.at(0), "name one of them");
  if (!value && !arguments.at(0))
    return usage_error("an argument is missing", "FILE", "name a file, or a value with --value");
  if (value && (arguments.has("title") || arguments.has("media-type"))) {
    return usage_error("a value book is titled by its value", *value, "leave out --title and --media-type");
  }
  if (value && !is_value(*value)) {
    return Error{Token::bad_value,
                 "a value is a whole decimal number without leading zeros, at most " +
                     std::to_string(std::numeric_limits<std::uint64_t>::max()),
                 *value,
                 {}};
  }
  if (arguments.at(0) == "-") {
    return usage_error("a book is read from a file, not from standard input", "-",
                       "write it to a file first; a file of that name is ./-");
  }
  if (const auto title = arguments.get("title"); title && !is_title(*title)) {
    return Error{Token::bad_value, "a title is UTF-8 text of 1 to 255 bytes", *title, {}};
  }
  if (const auto type = arguments.get("media-type"); type && !is_media_type(*type)) {
    return Error{Token::bad_value, "a media type has 1 to 127 printable ASCII characters", *type, {}};
  }
  if (const auto type = arguments.get("media-type"); type && *type == value_media_type) {
    return Error{Token::bad_value, "this media type is kept for value books", *type, "use --value"};
  }
  return success();
}

Result<Answer> run_add_book(Session& session, const Arguments& arguments) {
  BOOKCHAIN_CHECK(check(arguments));
  BOOKCHAIN_TRY(auto files, session.peer());
  WorkProgress progress(session.report(), "reading");
  BOOKCHAIN_TRY(const auto home, Home::open(std::move(files), &progress));
  BOOKCHAIN_TRY(const auto wish, make(*home, arguments, &progress));
  BOOKCHAIN_TRY(const auto report, home->courier().wish(wish));
  const auto& book = wish.book;
  const auto id = home->genesis().book_of(book);
  if (!wish.value) BOOKCHAIN_CHECK(home->shelf().keep_draft(to_hex(id), id));
  Answer answer;
  answer.value["book"] = to_hex(id);
  answer.value["title"] = book.body.title;
  answer.value["size"] = book.body.size;
  answer.text = "added \"" + printable(book.body.title) + "\" to the shelf of " + std::to_string(home->port().value) +
                "\n" + "book  " + session.report().bold(short_id(id)) + "  " + write_size(book.body.size) + "\n" +
                "next, at each other peer: receive; then one of them may request it:\n";
  for (const auto& peer : home->genesis().peers()) {
    if (peer.port == home->port()) continue;
    answer.text += "  " + session.command_at(peer.port, "receive") + "\n  " +
                   session.command_at(
                       peer.port, "request --from " + std::to_string(home->port().value) + " --book " + short_id(id)) +
                   "\n";
    break;
  }
  answer.brief = to_hex(id) + "\n";
  answer.shown_by = "list-books";
  answer.failure = delivery_failure(report);
  note_unheard(session, *home);
  return answer;
}

}  // namespace

Command add_book_command() {
  return Command{"add-book",
                 "put a file or a value on this peer's shelf and announce it",
                 "Copies FILE, of any type and size, onto the shelf and registers it under this peer's name: from\n"
                 "then on it can be handed over. The other peers hear of it when they receive. With --value a value\n"
                 "as in the original system is added. Two equal files added twice are two copies.\n"
                 "\n"
                 "Example: bookchain -n library -p 5001 add-book moby-dick.txt --title 'Moby Dick'",
                 {{"FILE", false}},
                 {{"value", 0, OptionKind::value, "V", "add a value (a whole decimal number) instead of a file"},
                  {"title", 0, OptionKind::value, "TEXT", "what others see; default: the file's name"},
                  {"media-type", 0, OptionKind::value, "TYPE", "such as text/plain; default: by the file's ending"}},
                 run_add_book};
}

}  // namespace bookchain::cli

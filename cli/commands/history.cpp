#include <algorithm>

#include "cli/commands/commands.hpp"
#include "cli/home.hpp"
#include "cli/marks.hpp"
#include "cli/readers.hpp"
#include "cli/selection.hpp"
#include "ledger/chain.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

struct Owned {
  Version version;
  Move move;
};

/// Every owner by the chain, the registrar first: it owns the book at version 0, before any block.
std::vector<Owned> owners_of(const State& state, const BookId& id, const Signed<Book>& book) {
  std::vector<Owned> owners{{Version{0}, Move{book.signer, Height{0}}}};
  history.each(state, encode(id), [&](const MoveKey& key, const Move& move) {
    if (key.version.value > 0) owners.push_back({key.version, move});
    return true;
  });
  return owners;
}

std::vector<std::pair<MarkKey, Mark>> marks_of(const State& state, const BookId& book) {
  auto all = marks.all(state);
  std::erase_if(all, [&](const auto& mark) { return mark.second.book != book; });
  return all;
}

Result<Answer> run_history(Session& session, const Arguments& arguments) {
  BOOKCHAIN_TRY(const auto reader, any_reader(session));
  const auto any = [](const Signed<Book>&) { return true; };
  BOOKCHAIN_TRY(const auto id, select_book(reader->state(), *arguments.at(0), any));
  const auto book = catalogue.get(reader->state(), id);
  Answer answer;
  answer.value["book"] = to_hex(id);
  answer.value["title"] = book->body.title;
  answer.value["history"] = Json::array();
  TextTable table({"VERSION", "OWNER", "BLOCK"});
  for (const std::size_t column : {0U, 1U}) table.align_right(column);
  const auto book_marks = marks_of(reader->state(), id);
  // Whether a dispute gave the book back, and not a transfer.
  const auto given_back = [&](const Move& move) {
    return std::ranges::any_of(book_marks, [&](const auto& mark) {
      return mark.first.height == move.height && mark.first.port == move.owner;
    });
  };
  for (const auto& [version, move] : owners_of(reader->state(), id, *book)) {
    Json entry{{"version", version.value}, {"owner", move.owner.value}, {"height", move.height.value}};
    const bool disputed = given_back(move);
    if (disputed) entry["dispute"] = true;
    answer.value["history"].push_back(std::move(entry));
    table.add({std::to_string(version.value), std::to_string(move.owner.value),
               (move.height.value == 0 ? std::string("registered") : std::to_string(move.height.value)) +
                   (disputed ? ", given back by a dispute" : "")});
  }
  BOOKCHAIN_CHECK(reader->state().status());
  answer.text = "\"" + printable(book->body.title) + "\" " + to_hex(id) + "\n" + table.draw(session.report());
  answer.value["marks"] = Json::array();
  for (const auto& [key, mark] : book_marks) {
    answer.value["marks"].push_back(mark_value(key, mark));
    answer.text += "mark: " + mark_text(key, mark) + "\n";
  }
  return answer;
}

}  // namespace

Command history_command() {
  return Command{
      "history",
      "the owners of a book, by the chain",
      "Lists who owned a book, from its registrar on, with the block that made each the owner. BOOK is an\n"
      "id, the first 6 or more digits of it, or a title. Without -p the chain of the lowest port that can be read.\n"
      "In JSON the height of the registration is 0: it is in no block; `dispute` stands where a dispute gave\n"
      "the book back; `marks` are of the owners that gave it falsely: {port, height, exchange, kind}.\n"
      "\n"
      "Exit codes: 4 no such book, 6 the name fits more than one.\n"
      "\n"
      "Example: bookchain -n library history 81c0de",
      {{"BOOK", true}},
      {},
      run_history};
}

}  // namespace bookchain::cli

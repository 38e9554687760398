#include <algorithm>

#include "cli/commands/commands.hpp"
#include "cli/exchange_view.hpp"
#include "cli/next_steps.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::size_t title_width = 32;

/// "grant at 5001", "receive at 5003" where its answer is missing, "votes", or "-" where it is committed or over.
std::string next_word(const Guidance& guidance) {
  if (guidance.commands.empty() || guidance.spreading) return "-";
  const auto* step = next_step(guidance);
  if (step == nullptr && guidance.repeat) return "votes";
  const auto& awaited = guidance.waiting_for;
  const bool others_first =
      !awaited.empty() && (step == nullptr || std::ranges::find(awaited, step->port) == awaited.end());
  if (others_first) return "receive at " + ports_text(awaited);
  return step == nullptr ? "-" : step_word(*step) + " at " + std::to_string(step->port.value);
}

std::string table_of(const Report& report, const Reader& reader, const std::vector<ExchangeView>& views) {
  TextTable table({"EXCHANGE", "ROLE", "REQUESTER", "OWNER", "BOOK", "STATE", "NEXT"});
  for (const auto& view : views) {
    const auto* request = view.record ? &view.record->request.body : nullptr;
    const auto sender = request != nullptr ? std::optional(request->sender_port) : view.witness_id_from;
    table.add({report.id(view.id), std::string(name(view.role())), sender ? std::to_string(sender->value) : "?",
               request != nullptr ? std::to_string(request->receiver_port.value) : "?",
               printable(title_of(reader, view).value_or("?"), title_width), std::string(name(view.state())),
               next_word(guide(reader.node(), reader.state(), view.id))});
  }
  return table.draw(report);
}

Result<Answer> run_list_exchanges(Session& session, const Arguments& arguments) {
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  const bool only_open = arguments.has("open");
  const auto views = exchange_views(*reader, only_open ? Among::open : Among::all);
  Answer answer;
  answer.value["exchanges"] = Json::array();
  for (const auto& view : views) answer.value["exchanges"].push_back(exchange_value(session, *reader, view));
  answer.text = table_of(session.report(), *reader, views);
  BOOKCHAIN_CHECK(reader->state().status());
  if (views.empty()) {
    answer.text = (only_open ? "no exchange is open; make one: " : "no exchanges yet; make one: ") +
                  session.command_at(reader->port(), "request --from PORT --book BOOK") + "\n";
  }
  return answer;
}

}  // namespace

Command list_exchanges_command() {
  return Command{"list-exchanges",
                 "all exchanges this peer takes part in, and where they stand",
                 "One line an exchange, the oldest first: this peer's role in it, who requests which book of whom,\n"
                 "its state, and the step that is due next and at which peer. A ? is what this peer cannot know\n"
                 "yet: a witness learns owner and book only with the grant. With -o json each has the fields of\n"
                 "show-exchange.\n"
                 "\n"
                 "Exit codes: 2 no peer is named, 4 there is no such home.\n"
                 "\n"
                 "Example: bookchain -n library -p 5000 list-exchanges --open",
                 {},
                 {{"open", 0, OptionKind::flag, "", "leave out those that have ended"}},
                 run_list_exchanges};
}

}  // namespace bookchain::cli

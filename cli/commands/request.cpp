#include "cli/commands/commands.hpp"
#include "cli/guidance.hpp"
#include "cli/next_steps.hpp"
#include "cli/outgoing.hpp"
#include "cli/request_file.hpp"
#include "cli/selection.hpp"
#include "cli/serving.hpp"
#include "cli/turn_report.hpp"
#include "cli/waiting.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

struct Wanted {
  PeerPort owner;
  std::string selector;
  std::optional<PeerPort> sender;  ///< where the request file names one
};

Result<Wanted> read_file(const std::string& file) {
  BOOKCHAIN_TRY(const auto text, read_text_file(file, max_request_file_bytes, true));
  const auto name = file == "-" ? std::string("standard input") : file;
  BOOKCHAIN_TRY(auto request, read_request_file(name, text));
  return Wanted{request.receiver_port, request.book_value, request.sender_port};
}

Result<Wanted> read_wanted(const Arguments& arguments) {
  const auto file = arguments.get("file");
  const auto from = arguments.get("from");
  const auto book = arguments.get("book");
  if (file && (from || book)) return usage_error("a request comes from a file or from options, not both", *file);
  if (file) return read_file(*file);
  if (!from || !book) {
    return usage_error("an option is missing", from ? "--book SELECTOR" : "--from PORT", "bookchain request --help");
  }
  BOOKCHAIN_TRY(const auto port, whole_number("--from", *from, 1, 65535));
  return Wanted{PeerPort{static_cast<std::uint16_t>(port)}, *book, std::nullopt};
}

/// The peer that asks: the one named, or the sender of the file; they must be the same.
Result<std::unique_ptr<PeerFiles>> asking_peer(const Session& session, const Wanted& wanted) {
  if (!wanted.sender || session.names_a_peer()) {
    BOOKCHAIN_TRY(auto files, session.peer());
    if (wanted.sender && *wanted.sender != files->port()) {
      return Error{Token::wrong_sender, "the sender of the request is not the peer that acts",
                   std::to_string(wanted.sender->value),
                   session.command_at(*wanted.sender, "request --from " + std::to_string(wanted.owner.value) +
                                                          " --book " + shell_word(wanted.selector))};
    }
    return files;
  }
  return session.peer_or(*wanted.sender);
}

Json describe(const Session& session, Home& home, const ExchangeId& exchange, const transport::Report& report,
              const Guidance& guidance) {
  const auto record = exchanges.get(home.store(), exchange);
  Json value;
  value["exchange"] = to_hex(exchange);
  value["step"] = "request";
  value["state"] = name(record->state);
  value["sender_port"] = home.port().value;
  value["receiver_port"] = record->request.body.receiver_port.value;
  value["book"] = to_hex(record->request.body.book);
  value["sent"] = sent_value(report.sent, unreached_peers(home.files(), home.store()));
  value["next"] = next_value(session, guidance);
  if (!record->reason.empty()) value["reason"] = record->reason;
  return value;
}

struct Wait {
  std::optional<std::chrono::microseconds> at_most;
};

Result<std::optional<Wait>> read_wait(const Arguments& arguments) {
  const auto text = arguments.get("wait");
  if (!text) return std::optional<Wait>{};
  if (text->empty()) return std::optional(Wait{});
  BOOKCHAIN_TRY(const auto time, seconds_to_microseconds("--wait", *text));
  return std::optional(Wait{std::chrono::microseconds(time)});
}

/// Serves until the exchange has ended and, where the book is ours, lies on the shelf; false if a signal came
/// before. A failure says how it ended otherwise.
Result<bool> wait_for_end(const Session& session, Home& home, const ExchangeId& exchange, const Wait& wait) {
  const StopSignals signals;
  ServePlan plan;
  plan.at_most = wait.at_most;
  plan.done = [&] {
    const auto record = exchanges.get(home.store(), exchange);
    return is_over(record->state) || (record->state == ExchangeState::committed && record->plaintext_ready);
  };
  WaitTeller waits(home, [&](const Waiting& found) {
    if (found.exchange == exchange) session.report().note("waiting: " + wait_text(found));
    return true;
  });
  plan.tell = [&](const transport::Report&) { return waits.look(); };
  BOOKCHAIN_TRY(const auto end, serve_home(session, home, signals, plan));
  if (end == ServeEnd::done) {
    if (auto over = over_error(home.store(), exchange)) return std::move(*over);
    return true;
  }
  if (end != ServeEnd::timed_out) return false;
  const auto missing = awaited(session, home, exchange);
  return Error{Token::timeout, "the exchange has not ended in the time given; it stands as it is" + missing.what,
               to_hex(exchange), missing.hint};
}

Result<Answer> run_request(Session& session, const Arguments& arguments) {
  BOOKCHAIN_TRY(const auto wanted, read_wanted(arguments));
  BOOKCHAIN_TRY(const auto wait, read_wait(arguments));
  BOOKCHAIN_TRY(auto files, asking_peer(session, wanted));
  BOOKCHAIN_TRY(const auto home, Home::open(std::move(files), nullptr, wait ? Home::Role::serve : Home::Role::visit));
  BOOKCHAIN_TRY(const auto book,
                book_to_request(home->genesis(), home->store(), home->port(), wanted.owner, wanted.selector));
  BOOKCHAIN_TRY(const auto requested, home->courier().request(wanted.owner, book));
  const auto& exchange = requested.exchange;
  Answer answer;
  answer.brief = to_hex(exchange) + "\n";
  answer.shown_by = "show-exchange " + short_id(exchange);
  answer.failure = delivery_failure(requested.report);
  if (wait) {
    answer.failure.reset();
    session.report().note("waiting for the exchange to end");
    auto ended = wait_for_end(session, *home, exchange, *wait);
    if (!ended) {
      answer.failure = std::move(ended).error();
    } else if (!ended.value()) {
      answer.failure = Error{Token::interrupted, "interrupted; the exchange stands as it is", to_hex(exchange),
                             session.command_at(home->port(), "show-exchange " + short_id(exchange))};
    }
  }
  const auto title = printable(catalogue.get(home->store(), book)->body.title);
  const auto& sent = requested.report.sent;
  const auto unheard = unreached_peers(home->files(), home->store());
  answer.text = session.report().bold("request " + short_id(exchange)) + ": \"" + title + "\" from " +
                std::to_string(wanted.owner.value) + "; " + step_text(Step::request, sent, unheard) + "\n";
  answer.text += sent_text(sent, unheard);
  if (!wait) note_unheard(session, *home);
  auto guidance = guide(*home, exchange);
  // The others voted on it while this command waited: they serve, and take in the block as well.
  if (guidance.spreading) guidance = {};
  // What came before it was made says nothing of it.
  if (!wait) guidance.first.reset();
  answer.value = describe(session, *home, exchange, requested.report, guidance);
  answer.text += "state  " + state_of(home->store(), exchange) + "\n" + next_text(session, guidance);
  if (const auto record = exchanges.get(home->store(), exchange)) {
    answer.text += reading_text(session, home->port(), *record);
  }
  return answer;
}

}  // namespace

Command request_command() {
  return Command{
      "request",
      "step 1, requester: ask an owner for a book",
      "Draws a request id, gives it to the witnesses and the request to the owner. SELECTOR is the id of a\n"
      "book (6 or more digits), else a value, else a title. The request of the original system works as it\n"
      "stands: --file REQUEST.json with {\"sender_port\": \"5000\", \"receiver_port\": \"5001\", \"book_value\": "
      "\"1\"};\n"
      "its sender is then the peer that asks. With --wait it goes on until the exchange has ended.\n"
      "\n"
      "Example: bookchain -n library -p 5000 request --from 5001 --book 1",
      {},
      {{"from", 0, OptionKind::value, "PORT", "the owner"},
       {"book", 0, OptionKind::value, "SELECTOR", "which book"},
       {"file", 0, OptionKind::value, "FILE", "a request as JSON; - is standard input"},
       {"wait", 0, OptionKind::optional_value, "SECONDS", "serve until the exchange has ended; exit 5 after SECONDS"}},
      run_request};
}

}  // namespace bookchain::cli

// inbox, outbox and show-message: the messages themselves, opened where this peer's key opens them.
#include <boost/filesystem/operations.hpp>

#include "cli/commands/commands.hpp"
#include "cli/mailbox.hpp"
#include "cli/message_fields.hpp"
#include "cli/selection.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

std::string port_or_unknown(const std::optional<PeerPort>& port) { return port ? std::to_string(port->value) : "?"; }

std::string type_text(const Letter& letter) { return letter.type.empty() ? std::string("unreadable") : letter.type; }

std::string exchange_text(const Report& report, const Letter& letter) {
  return letter.exchange ? report.id(*letter.exchange) : "-";
}

std::string id_text(const Report& report, const Letter& letter) { return letter.id ? report.id(*letter.id) : "-"; }

Result<Answer> run_inbox(Session& session, const Arguments& /*arguments*/) {
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  BOOKCHAIN_TRY(const auto mailbox, Mailbox::open(*reader));
  Answer answer;
  auto& messages = answer.value["messages"] = Json::array();
  TextTable table({"MESSAGE", "FROM", "TYPE", "EXCHANGE", "SIZE", "REMARK"});
  table.align_right(4);
  mailbox.each_in_inbox([&](const Letter& letter) {
    auto value = letter_value(letter);
    value["file"] = letter.file.string();
    messages.push_back(std::move(value));
    table.add({id_text(session.report(), letter), port_or_unknown(letter.from), type_text(letter),
               exchange_text(session.report(), letter), write_size(letter.size), remark_on(letter)});
    return true;
  });
  BOOKCHAIN_CHECK(reader->state().status());
  const auto port = std::to_string(reader->port().value);
  answer.text = table.empty() ? "no messages are waiting at " + port + "\n"
                              : table.draw(session.report()) +
                                    "take them in: " + session.command_at(reader->port(), "receive") + "\n";
  return answer;
}

Result<Answer> run_outbox(Session& session, const Arguments& /*arguments*/) {
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  BOOKCHAIN_TRY(const auto mailbox, Mailbox::open(*reader));
  Answer answer;
  auto& messages = answer.value["messages"] = Json::array();
  TextTable table({"MESSAGE", "TO", "TYPE", "EXCHANGE", "SIZE", "WAITS FOR"});
  table.align_right(4);
  mailbox.each_in_outbox([&](const Letter& letter) {
    auto value = letter_value(letter);
    value["delivered"] = letter.delivered;
    messages.push_back(std::move(value));
    table.add({id_text(session.report(), letter), port_or_unknown(letter.to), type_text(letter),
               exchange_text(session.report(), letter), write_size(letter.size),
               letter.delivered ? "an acknowledgement" : "delivery"});
    return true;
  });
  BOOKCHAIN_CHECK(reader->state().status());
  answer.text = table.empty() ? "everything that " + std::to_string(reader->port().value) + " sent is acknowledged\n"
                              : table.draw(session.report());
  return answer;
}

// ---- show-message ----

Json full_value(const Letter& letter) {
  auto value = letter_value(letter);
  value["fields"] = nullptr;
  if (letter.message) value["fields"] = message_fields(*letter.message);
  if (letter.note) value["fields"] = note_fields(*letter.note);
  return value;
}

std::string full_text(const Report& report, const Letter& letter) {
  if (!letter.id) {
    return report.bold("a message of " + write_size(letter.size)) + ": " +
           (letter.error ? remark_on(letter) : std::string("it cannot be opened")) + "\n";
  }
  auto text = report.bold(type_text(letter)) + " from " + port_or_unknown(letter.from) + " to " +
              port_or_unknown(letter.to) + ", " + write_size(letter.size) + "\n";
  text += "id        " + to_hex(*letter.id) + "\n";
  if (letter.exchange) text += "exchange  " + to_hex(*letter.exchange) + "\n";
  if (letter.error) text += "fault     " + sentence(*letter.error) + "\n";
  if (letter.message) text += fields_text(message_fields(*letter.message), 2);
  if (letter.note) text += fields_text(note_fields(*letter.note), 2);
  return text;
}

bool may_be_id(const std::string& text) {
  return text.size() >= min_prefix_digits && text.size() <= 2 * MessageId::size &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<Letter> find_by_id(const Mailbox& mailbox, const std::string& prefix) {
  std::map<MessageId, Letter> found;
  const auto look = [&](Letter letter) {
    if (letter.id && to_hex(*letter.id).starts_with(prefix)) found.try_emplace(*letter.id, std::move(letter));
    return true;
  };
  mailbox.each_in_inbox(look);
  mailbox.each_in_outbox(look);
  if (found.size() == 1) return std::move(found.begin()->second);
  if (found.empty()) {
    return Error{Token::unknown_message,
                 "no such message waits at this peer, and what was taken in and acknowledged is not kept", prefix,
                 "inbox"};
  }
  std::string ids = "one of ";
  for (const auto& [id, letter] : found) ids += (id == found.begin()->first ? "" : ", ") + short_id(id);
  return Error{Token::ambiguous, "the name fits more than one message", prefix, ids};
}

Result<std::vector<Letter>> find_letters(const Mailbox& mailbox, const std::string& named) {
  boost::system::error_code ignored;
  if (boost::filesystem::exists(boost::filesystem::symlink_status(named, ignored)) || !may_be_id(named)) {
    return mailbox.read_file(named);
  }
  BOOKCHAIN_TRY(auto letter, find_by_id(mailbox, named));
  std::vector<Letter> letters;
  letters.push_back(std::move(letter));
  return letters;
}

Result<Answer> run_show_message(Session& session, const Arguments& arguments) {
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  BOOKCHAIN_TRY(const auto mailbox, Mailbox::open(*reader));
  BOOKCHAIN_TRY(const auto letters, find_letters(mailbox, *arguments.at(0)));
  BOOKCHAIN_CHECK(reader->state().status());
  Answer answer;
  answer.value = full_value(letters.front());
  if (letters.size() > 1) {
    auto& all = answer.value["messages"] = Json::array();
    for (const auto& letter : letters) all.push_back(full_value(letter));
  }
  for (const auto& letter : letters) {
    answer.text += (answer.text.empty() ? "" : "\n") + full_text(session.report(), letter);
  }
  return answer;
}

}  // namespace

Command inbox_command() {
  return Command{"inbox",
                 "messages that wait to be taken in",
                 "Lists what lies in this peer's spool, opened with its key; nothing is changed. A message that\n"
                 "cannot be opened has neither id nor sender, and says why. Ten such of one file are listed and 1,000\n"
                 "of one sender; the last stands for the others, which are counted (JSON: `more`). Acknowledgements\n"
                 "of other peers are listed as delivery-note.\n"
                 "\n"
                 "Exit codes: 2 no peer is named, 4 there is no such home.\n"
                 "\n"
                 "Example: bookchain -n library -p 5001 inbox",
                 {},
                 {},
                 run_inbox};
}

Command outbox_command() {
  return Command{"outbox",
                 "messages that this peer keeps until they are acknowledged",
                 "Lists what this peer sent and has no acknowledgement for yet. What waits for delivery could not\n"
                 "be put into the recipient's spool and will be tried again with the next command.\n"
                 "\n"
                 "Exit codes: 2 no peer is named, 4 there is no such home.\n"
                 "\n"
                 "Example: bookchain -n library -p 5000 outbox",
                 {},
                 {},
                 run_outbox};
}

Command show_message_command() {
  return Command{"show-message",
                 "one message with all its fields",
                 "Shows a message that waits in the inbox or outbox, named by its id or the first 6 or more digits\n"
                 "of it, or the messages of a spool file. A file with several shows them all (JSON: `messages`).\n"
                 "A message that this peer's key does not open has no fields; why stands in its reason. Whoever\n"
                 "may read this output learns what is in the message, request ids and keys included.\n"
                 "\n"
                 "Exit codes: 4 no such message or file, 6 the file is no delivery, or the name fits more than one.\n"
                 "\n"
                 "Example: bookchain -n library -p 5001 show-message 77b2d1",
                 {{"FILE|ID", true}},
                 {},
                 run_show_message};
}

}  // namespace bookchain::cli

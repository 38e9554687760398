#include "cli/next_steps.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace bookchain::cli {

using namespace ledger;

namespace {

struct Line {
  std::string words;     ///< empty where nothing can be typed here
  bool is_whole = true;  ///< false: a part is for others alone to type
};

void join_to(Line& line, const char* between, const std::optional<std::string>& typed) {
  // What others have to do at a home that is not known here is theirs alone to type.
  if (typed) line.words += (line.words.empty() ? "" : between) + *typed;
  line.is_whole = line.is_whole && typed;
}

Line typed_line(const Session& session, const Guidance& guidance) {
  Line line;
  if (guidance.commands.empty()) return line;
  const auto typed = [&](const CommandAt& command) { return session.command_line_at(command.port, command.words); };
  if (guidance.first) {
    join_to(line, "", typed(*guidance.first));
    return line;
  }
  for (const auto peer : guidance.unheard) join_to(line, " & ", session.command_line_at(peer, "serve"));
  if (!guidance.unheard.empty()) return line;
  for (const auto& command : guidance.commands) join_to(line, " && ", typed(command));
  // Only where one of those fails: what others do in time, or may still do at their own homes, needs no other way.
  if (guidance.alone && line.is_whole) join_to(line, " || ", typed(*guidance.alone));
  return line;
}

}  // namespace

Json next_value(const Session& session, const Guidance& guidance) {
  const auto line = typed_line(session, guidance).words;
  return line.empty() ? Json(nullptr) : Json(line);
}

std::string go_on_hint(const Session& session, const Guidance& guidance) {
  const auto line = typed_line(session, guidance);
  // To give up is for those that learn that nothing else may be left.
  const auto& left = guidance.alone || guidance.hint.empty() ? guidance.alone : guidance.give_up;
  if (!left || guidance.first || !guidance.unheard.empty()) return line.words;
  auto alone = session.command_at(left->port, left->words);
  // Without what the others have to do, this peer's part of it fails once more.
  if (!line.is_whole) return alone;
  return guidance.alone ? line.words : line.words + " || " + alone;
}

Json waiting_value(const Guidance& guidance) {
  Json ports = Json::array();
  for (const auto port : guidance.waiting_for) ports.push_back(port.value);
  return ports;
}

const CommandAt* next_step(const Guidance& guidance) {
  // Taking in is no step of the exchange.
  const auto found =
      std::ranges::find_if(guidance.commands, [](const CommandAt& command) { return command.words != "receive"; });
  return found == guidance.commands.end() ? nullptr : &*found;
}

std::string step_word(const CommandAt& command) { return command.words.substr(0, command.words.find(' ')); }

Json due_next_value(const Guidance& guidance) {
  const auto* step = next_step(guidance);
  return step == nullptr ? Json(nullptr) : Json(step_word(*step));
}

namespace {

/// How often the commands of a vote are to be run.
std::string how_often(const Guidance& guidance) {
  static constexpr std::array phases{"propose", "prevote", "precommit", "commit"};
  if (guidance.rounds == 0 || guidance.rounds > phases.size()) return "again and again until the block is committed";
  std::string left;
  for (auto i = phases.size() - guidance.rounds; i < phases.size(); ++i)
    left += (left.empty() ? "" : ", ") + std::string(phases[i]);
  return std::to_string(guidance.rounds) + " times until all have the block (" + left + ")";
}

/// Lists of commands under a heading each: "next" and then "then".
class Lists {
 public:
  explicit Lists(const Session& session) : session_(session) {}
  void add(const std::string& heading, std::span<const CommandAt> commands) {
    if (commands.empty()) return;
    text_ += (text_.empty() ? "next" : "then") + heading + "\n";
    for (const auto& command : commands) {
      text_ += "  " + printable(session_.command_at(command.port, command.words)) + "\n";
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  const Session& session_;
  std::string text_;
};

std::string alone_text(const Session& session, const Guidance& guidance) {
  if (!guidance.alone) return {};
  return "or, without " + ports_text(guidance.waiting_for) + ":\n  " +
         printable(session.command_at(guidance.alone->port, guidance.alone->words)) + "\n";
}

/// Over sockets what is sent to a peer needs somebody who listens there.
std::string serve_text(const Session& session, const Guidance& guidance) {
  std::string text = "nobody listens at " + ports_text(guidance.unheard) + "\nnext, each in a terminal of its own:\n";
  auto peers = guidance.unheard;
  for (const auto& command : guidance.commands) {
    if (std::ranges::find(peers, command.port) == peers.end()) peers.push_back(command.port);
  }
  for (const auto peer : peers) text += "  " + printable(session.command_at(peer, "serve")) + "\n";
  return text + alone_text(session, guidance);
}

}  // namespace

std::string next_text(const Session& session, const Guidance& guidance) {
  if (guidance.commands.empty()) return {};
  if (!guidance.unheard.empty()) return serve_text(session, guidance);
  std::string text;
  if (!guidance.waiting_for.empty()) text += "waiting for " + ports_text(guidance.waiting_for) + "\n";
  Lists lists(session);
  if (guidance.first) lists.add(", with what was delivered here:", {&*guidance.first, 1});
  const std::span commands(guidance.commands);
  const auto once = guidance.repeat ? guidance.repeat_from : commands.size();
  lists.add(guidance.spreading ? ", at each other peer: receive" : ":", commands.first(once));
  lists.add(", " + how_often(guidance) + ":", commands.subspan(once));
  return text + lists.text() + alone_text(session, guidance);
}

std::string reading_text(const Session& session, PeerPort port, const ExchangeRecord& record) {
  if (record.role != Role::requester || record.state != ExchangeState::committed || !record.plaintext_ready) return {};
  return "the book is on the shelf:\n  " +
         session.command_at(port, "get-book " + short_id(record.request.body.book) + " --to FILE") + "\n";
}

std::string ports_text(const std::vector<PeerPort>& ports) {
  std::string text;
  for (const auto port : ports) text += (text.empty() ? "" : ", ") + std::to_string(port.value);
  return text;
}

}  // namespace bookchain::cli

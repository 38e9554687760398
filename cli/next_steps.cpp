#include "cli/next_steps.hpp"

#include <algorithm>
#include <array>

namespace bookchain::cli {

using namespace ledger;

Json next_value(const Session& session, const Guidance& guidance) {
  if (guidance.commands.empty()) return nullptr;
  std::string line;
  if (!guidance.unheard.empty()) {
    const auto typed = session.command_line_at(guidance.unheard.front(), "serve");
    return typed ? Json(*typed) : Json(nullptr);
  }
  bool all_typed = true;
  for (const auto& command : guidance.commands) {
    // What others have to do at a home that is not known here is theirs alone to type.
    const auto typed = session.command_line_at(command.port, command.words);
    if (typed) line += (line.empty() ? "" : " && ") + *typed;
    all_typed = all_typed && typed;
  }
  if (guidance.alone && all_typed) {
    // Only where one of those fails: what others do in time, or may still do at their own homes, needs no other way.
    const auto typed = session.command_line_at(guidance.alone->port, guidance.alone->words);
    if (typed) line += (line.empty() ? "" : " || ") + *typed;
  }
  return line.empty() ? Json(nullptr) : Json(line);
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

std::string heading(const Guidance& guidance) {
  if (guidance.spreading) return "next, at each other peer: receive\n";
  if (!guidance.repeat) return "next:\n";
  static constexpr std::array phases{"propose", "prevote", "precommit", "commit"};
  if (guidance.rounds == 0 || guidance.rounds > phases.size()) {
    return "next, again and again until the block is committed:\n";
  }
  std::string left;
  for (auto i = phases.size() - guidance.rounds; i < phases.size(); ++i)
    left += (left.empty() ? "" : ", ") + std::string(phases[i]);
  return "next, " + std::to_string(guidance.rounds) + " times until all have the block (" + left + "):\n";
}

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
  text += heading(guidance);
  for (const auto& command : guidance.commands) {
    text += "  " + printable(session.command_at(command.port, command.words)) + "\n";
  }
  return text + alone_text(session, guidance);
}

std::string ports_text(const std::vector<PeerPort>& ports) {
  std::string text;
  for (const auto port : ports) text += (text.empty() ? "" : ", ") + std::to_string(port.value);
  return text;
}

}  // namespace bookchain::cli

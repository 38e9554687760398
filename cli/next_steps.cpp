#include "cli/next_steps.hpp"

#include <algorithm>

namespace bookchain::cli {

using namespace ledger;

Json next_value(const Session& session, const Guidance& guidance) {
  if (guidance.commands.empty()) return nullptr;
  std::string line;
  for (const auto& command : guidance.commands) {
    line += (line.empty() ? "" : " && ") + session.command_at(command.port, command.words);
  }
  return line;
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

std::string next_text(const Session& session, const Guidance& guidance) {
  if (guidance.commands.empty()) return {};
  std::string text;
  if (!guidance.waiting_for.empty()) text += "waiting for " + ports_text(guidance.waiting_for) + "\n";
  text += guidance.repeat ? "next, again and again until the block is committed:\n" : "next:\n";
  for (const auto& command : guidance.commands) {
    text += "  " + printable(session.command_at(command.port, command.words)) + "\n";
  }
  return text;
}

std::string ports_text(const std::vector<PeerPort>& ports) {
  std::string text;
  for (const auto port : ports) text += (text.empty() ? "" : ", ") + std::to_string(port.value);
  return text;
}

}  // namespace bookchain::cli

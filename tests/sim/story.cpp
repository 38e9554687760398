#include "tests/sim/story.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

namespace bookchain::sim {

namespace {

constexpr std::size_t longest_story = 80;
/// So many are kept, so that there are other things among them than one that is sent again and again.
constexpr std::size_t most_kept = 2000;
constexpr std::size_t longest_story_of_exchange = 120;
constexpr std::size_t short_id_digits = 8;
constexpr std::string_view first_line = "sequenceDiagram\n";

std::string port_of(PeerPort port) { return std::to_string(port.value); }

}  // namespace

Subject subject_of(const ledger::NetworkId& network, const ledger::Message& message, ledger::ByteView bytes) {
  const std::string_view letters(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return {exchange_of(network, message), std::hash<std::string_view>{}(letters)};
}

bool Story::Event::is_same(const Event& other) const {
  return bytes == other.bytes && from == other.from && to == other.to && text == other.text;
}

void Story::Event::again(std::uint64_t at) {
  ++times;
  last_step = at;
}

std::string Story::Event::line() const {
  auto line = is_note() ? "  Note over " + port_of(from) : "  " + port_of(from) + "->>" + port_of(to);
  line += ": " + std::to_string(step) + " " + text;
  if (times > 1) line += " (" + std::to_string(times) + " times until " + std::to_string(last_step) + ")";
  return line + "\n";
}

void Story::add(Event event) {
  event.step = event.last_step = step_;
  last_.push_back(std::move(event));
  if (last_.size() > most_kept) last_.pop_front();
}

void Story::message(PeerPort from, PeerPort to, std::string text, const Subject& subject) {
  Event event{from, to, std::move(text), subject.bytes, step_, step_};
  if (subject.exchange) {
    auto& [events, left_out] = exchanges_[*subject.exchange];
    const auto before = std::ranges::find_if(events, [&](const Event& one) { return one.is_same(event); });
    if (before != events.end()) {
      before->again(step_);
    } else if (events.size() < longest_story_of_exchange) {
      events.push_back(event);
    } else {
      ++left_out;
    }
  }
  add(std::move(event));
}

void Story::note(PeerPort at, std::string text) { add({at, at, std::move(text)}); }

std::string Story::mermaid() const {
  struct Told {
    std::size_t line;      ///< the last one that tells it
    std::size_t new_then;  ///< how many new things there had been when it happened last
  };
  std::vector<Event> lines;
  std::map<std::tuple<PeerPort, PeerPort, std::string_view, std::uint64_t>, Told> told;
  std::size_t new_things = 0;
  for (const auto& event : last_) {
    const auto [place, is_new] =
        told.try_emplace({event.from, event.to, event.text, event.bytes}, Told{lines.size(), new_things});
    auto& before = place->second;
    if (is_new || event.is_note()) ++new_things;
    const bool is_again = !is_new && !event.is_note() && before.new_then == new_things;
    if (is_again) {
      lines[before.line].again(event.step);
    } else {
      before.line = lines.size();
      lines.push_back(event);
    }
    before.new_then = new_things;
  }
  std::string text(first_line);
  const auto left_out = lines.size() - std::min(lines.size(), longest_story);
  for (auto at = left_out; at < lines.size(); ++at) text += lines[at].line();
  return text;
}

std::string Story::mermaid_of_exchange(std::string_view text) const {
  const auto named = std::ranges::find_if(exchanges_, [&](const auto& exchange) {
    return text.find(ledger::to_hex(exchange.first).substr(0, short_id_digits)) != std::string_view::npos;
  });
  if (named == exchanges_.end()) return {};
  std::string story(first_line);
  for (const auto& event : named->second.events) story += event.line();
  if (const auto left_out = named->second.left_out; left_out > 0)
    story += "  %% " + std::to_string(left_out) + " more messages\n";
  return story;
}

}  // namespace bookchain::sim

#include "cli/commands/commands.hpp"
#include "cli/home.hpp"
#include "cli/mailbox.hpp"
#include "cli/session.hpp"
#include "ledger/chain.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// How far another peer's chain is, where its home can be read from here.
struct PeerHeight {
  PeerPort port;
  std::optional<Head> head;
};

std::vector<PeerHeight> peer_heights(const Session& session, const Reader& self) {
  std::map<PeerPort, Head> heads;
  heads[self.port()] = chain_head(self.genesis(), self.state());
  if (auto readable = session.readable_peers()) {
    for (auto& files : readable.value()) {
      if (files->port() == self.port() || files->genesis.id() != self.genesis().id()) continue;
      const auto reader = Reader::open(std::move(files));
      if (!reader) continue;
      const auto head = chain_head(reader.value()->genesis(), reader.value()->state());
      if (reader.value()->state().status()) heads[reader.value()->port()] = head;
    }
  }
  std::vector<PeerHeight> heights;
  for (const auto& peer : self.genesis().peers()) {
    const auto head = heads.find(peer.port);
    heights.push_back({peer.port, head == heads.end() ? std::nullopt : std::optional(head->second)});
  }
  return heights;
}

struct Counts {
  std::size_t inbox = 0;
  std::size_t outbox = 0;
  std::map<PeerPort, std::size_t> undelivered;
};

Counts count_mail(const Mailbox& mailbox) {
  Counts counts;
  mailbox.each_in_inbox([&](const Letter&) {
    ++counts.inbox;
    return true;
  });
  mailbox.each_in_outbox([&](const Letter& letter) {
    ++counts.outbox;
    if (!letter.delivered) ++counts.undelivered[*letter.to];
    return true;
  });
  return counts;
}

Json undelivered_value(const Counts& counts) {
  Json list = Json::array();
  for (const auto& [port, count] : counts.undelivered) list.push_back({{"port", port.value}, {"messages", count}});
  return list;
}

std::string line(const std::string& name, const std::string& value) {
  constexpr std::size_t name_columns = 9;
  return name + std::string(name_columns - name.size(), ' ') + value + "\n";
}

Result<Answer> run(Session& session, const Arguments& /*arguments*/) {
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  BOOKCHAIN_TRY(const auto mailbox, Mailbox::open(*reader));
  const auto head = chain_head(reader->genesis(), reader->state());
  const auto mute_until = mute_until_fact.get(reader->state());
  const auto due = reader->node().due(reader->state());
  const auto counts = count_mail(mailbox);
  const auto heights = peer_heights(session, *reader);
  BOOKCHAIN_CHECK(reader->state().status());

  Answer answer;
  auto& value = answer.value;
  value["port"] = reader->port().value;
  value["network"] = to_hex(reader->genesis().id());
  value["test_network"] = reader->genesis().fields().test_network;
  value["height"] = head.height.value;
  value["head"] = to_hex(head.hash);
  value["due"] = Json::array();
  for (const auto& each : due) {
    value["due"].push_back({{"exchange", to_hex(each.exchange)}, {"step", name(each.step)}});
  }
  value["inbox"] = counts.inbox;
  value["outbox"] = counts.outbox;
  value["undelivered"] = undelivered_value(counts);
  value["mute_until"] = mute_until ? Json(mute_until->value) : Json(nullptr);
  value["peers"] = Json::array();
  TextTable peers({"PEER", "HEIGHT", "HEAD"});
  peers.align_right(1);
  for (const auto& each : heights) {
    const auto number = std::to_string(each.port.value) + (each.port == reader->port() ? "*" : "");
    value["peers"].push_back({{"port", each.port.value},
                              {"height", each.head ? Json(each.head->height.value) : Json(nullptr)},
                              {"head", each.head ? Json(to_hex(each.head->hash)) : Json(nullptr)}});
    peers.add({number, each.head ? std::to_string(each.head->height.value) : "?",
               each.head ? short_id(each.head->hash) : "its home cannot be read from here"});
  }

  answer.text = line("peer", std::to_string(reader->port().value));
  answer.text += line("network", to_hex(reader->genesis().id()) + (reader->genesis().fields().test_network
                                                                       ? " (a test network: its keys can be guessed)"
                                                                       : std::string()));
  answer.text += line("chain", std::to_string(head.height.value) + (head.height.value == 1 ? " block" : " blocks") +
                                   ", head " + short_id(head.hash));
  answer.text += line("inbox", std::to_string(counts.inbox) + " waiting to be taken in");
  answer.text += line("outbox", std::to_string(counts.outbox) + " waiting to be acknowledged");
  for (const auto& [port, count] : counts.undelivered) {
    answer.text +=
        line("", std::to_string(count) + " could not be delivered to " + std::to_string(port.value) + " yet");
  }
  if (mute_until) {
    answer.text += line("votes", "none up to block " + std::to_string(mute_until->value) +
                                     ": this home was restored and may have voted before");
  }
  if (due.empty()) answer.text += line("due", "nothing");
  for (std::size_t i = 0; i < due.size(); ++i) {
    const auto words = std::string(name(due[i].step)) + " " + short_id(due[i].exchange);
    answer.text += line(i == 0 ? "due" : "", printable(session.command_at(reader->port(), words)));
  }
  answer.text += "\n" + peers.draw(session.report());
  return answer;
}

}  // namespace

Command status_command() {
  return Command{"status",
                 "this peer at a glance: chain, what is due, what waits",
                 "Shows the height and head of this peer's chain, the steps that are due here, and how many\n"
                 "messages wait to be taken in and to be acknowledged; then the heights of the other peers, where\n"
                 "their homes can be read from here.\n"
                 "\n"
                 "Exit codes: 2 no peer is named, 4 there is no such home.\n"
                 "\n"
                 "Example: bookchain -n library -p 5000 status",
                 {},
                 {},
                 run};
}

}  // namespace bookchain::cli

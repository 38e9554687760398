#include <limits>

#include "cli/commands/commands.hpp"
#include "cli/fingerprint.hpp"
#include "cli/home.hpp"
#include "cli/mailbox.hpp"
#include "cli/marks.hpp"
#include "cli/next_steps.hpp"
#include "cli/peer_view.hpp"
#include "cli/session.hpp"
#include "ledger/chain.hpp"
#include "ledger/consensus.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

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

std::string status_line(const std::string& name, const std::string& value) {
  constexpr std::size_t name_columns = 9;
  return name + std::string(name_columns - name.size(), ' ') + value + "\n";
}

/// Whether this peer votes. A home that was put back does not, up to and including a height that the others tell it.
struct Voting {
  bool votes = true;
  std::optional<Height> mute_until;  ///< nothing while it has not heard it, and once that height is passed
  std::vector<PeerPort> awaited;     ///< who has not said yet what the home needs to know
};

Voting voting_of(const Reader& reader, Height head) {
  Voting voting;
  voting.awaited = awaited_after_restore(reader.genesis(), reader.state(), reader.port());
  voting.votes = may_vote(reader.state(), Height{head.value + 1});
  if (voting.votes) return voting;
  const auto mute_until = mute_until_fact.get(reader.state());
  const bool known = mute_until && mute_until->value != std::numeric_limits<std::uint64_t>::max();
  if (known) voting.mute_until = mute_until;
  return voting;
}

struct Status {
  Head head;
  Voting voting;
  std::vector<Due> due;
  Counts counts;
  std::vector<PeerLine> peers;
  std::vector<std::pair<MarkKey, Mark>> marks;  ///< against the owners of disputed grants
  std::size_t evidence = 0;                     ///< how many pieces this peer has
};

Json value_of(const Reader& reader, const Status& status) {
  Json value;
  value["port"] = reader.port().value;
  value["network"] = to_hex(reader.genesis().id());
  value["fingerprint"] = fingerprint(reader.genesis().id());
  value["test_network"] = reader.genesis().fields().test_network;
  value["height"] = status.head.height.value;
  value["head"] = to_hex(status.head.hash);
  value["due"] = Json::array();
  for (const auto& each : status.due) {
    value["due"].push_back({{"exchange", to_hex(each.exchange)}, {"step", name(each.step)}});
  }
  value["inbox"] = status.counts.inbox;
  value["outbox"] = status.counts.outbox;
  value["undelivered"] = undelivered_value(status.counts);
  value["votes"] = status.voting.votes;
  value["awaited"] = Json::array();
  for (const auto port : status.voting.awaited) value["awaited"].push_back(port.value);
  value["mute_until"] = status.voting.mute_until ? Json(status.voting.mute_until->value) : Json(nullptr);
  value["marks"] = Json::array();
  for (const auto& [key, mark] : status.marks) value["marks"].push_back(mark_value(key, mark));
  value["evidence"] = status.evidence;
  value["peers"] = peers_value(status.peers, reader.port());
  return value;
}

std::string text_of(const Session& session, const Reader& reader, const Status& status, Time now) {
  const auto blocks = std::to_string(status.head.height.value) + (status.head.height.value == 1 ? " block" : " blocks");
  const bool test = reader.genesis().fields().test_network;
  auto text = status_line("peer", std::to_string(reader.port().value));
  text += status_line("network",
                      to_hex(reader.genesis().id()) + (test ? " (a test network: its keys can be guessed)" : ""));
  text += status_line("", "fingerprint " + fingerprint(reader.genesis().id()));
  text += status_line("chain", blocks + ", head " + session.report().id(status.head.hash));
  text += status_line("inbox", std::to_string(status.counts.inbox) + " waiting to be taken in");
  text += status_line("outbox", std::to_string(status.counts.outbox) + " waiting to be acknowledged");
  for (const auto& [port, count] : status.counts.undelivered) {
    text +=
        status_line("", std::to_string(count) + " could not be delivered to " + std::to_string(port.value) + " yet");
  }
  if (!status.voting.votes) {
    const auto& until = status.voting.mute_until;
    text += status_line("votes", until ? "none up to block " + std::to_string(until->value) +
                                             ": this home was restored and may have voted before"
                                       : "none until enough of the others have answered: this home was restored");
  }
  if (!status.voting.awaited.empty()) {
    text += status_line("awaited", ports_text(status.voting.awaited) + ": what this home forgot when it was restored");
  }
  for (const auto& [key, mark] : status.marks) text += status_line("mark", mark_text(key, mark));
  if (status.evidence > 0) {
    text += status_line("evidence", std::to_string(status.evidence) + " that others broke the rules: " +
                                        printable(session.command_at(reader.port(), "evidence list")));
  }
  if (status.due.empty()) text += status_line("due", "nothing");
  for (const auto& each : status.due) {
    const auto words = std::string(name(each.step)) + " " + short_id(each.exchange);
    text += status_line("due", printable(session.command_at(reader.port(), words)));
  }
  return text + "\n" + peers_text(session.report(), status.peers, reader.port(), now);
}

Result<Answer> run_status(Session& session, const Arguments& /*arguments*/) {
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  BOOKCHAIN_TRY(const auto mailbox, Mailbox::open(*reader));
  const auto head = chain_head(reader->genesis(), reader->state());
  const Status status{head,
                      voting_of(*reader, head.height),
                      reader->node().due(reader->state()),
                      count_mail(mailbox),
                      view_peers(session, *reader),
                      marks.all(reader->state()),
                      evidence_rows.all(reader->state()).size()};
  BOOKCHAIN_CHECK(reader->state().status());
  Answer answer;
  answer.value = value_of(*reader, status);
  std::optional<Time> clock;
  if (reader->files().seed) {
    BOOKCHAIN_TRY(clock, fixed_clock());
  }
  answer.text = text_of(session, *reader, status, clock.value_or(system_time()));
  return answer;
}

}  // namespace

Command status_command() {
  return Command{"status",
                 "this peer at a glance: chain, what is due, what waits",
                 "Shows the height and head of this peer's chain, the steps that are due here, and how many\n"
                 "messages wait to be taken in and to be acknowledged; then the other peers: their heights, where\n"
                 "their homes can be read from here, when each was heard last, the fingerprints of their cards,\n"
                 "and which of them do not answer or may be in another network. Peers that had nothing to tell\n"
                 "each other yet, such as two witnesses, have never heard each other: that is no fault.\n"
                 "\n"
                 "Exit codes: 2 no peer is named, 4 there is no such home.\n"
                 "\n"
                 "Example: bookchain -n library -p 5000 status",
                 {},
                 {},
                 run_status};
}

}  // namespace bookchain::cli

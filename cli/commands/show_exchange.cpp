#include "cli/commands/commands.hpp"
#include "cli/exchange_view.hpp"
#include "cli/next_steps.hpp"
#include "cli/stakes.hpp"
#include "cli/wrapping.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string line(const std::string& name, const std::string& value) {
  constexpr std::size_t name_columns = 11;
  return name + std::string(name.size() < name_columns ? name_columns - name.size() : 1, ' ') + value + "\n";
}

/// What each peer holds, and on a line of its own what it may still do.
std::string peers_text(const Report& report, const std::vector<PeerView>& peers, PeerPort self) {
  if (peers.empty()) return {};
  constexpr std::size_t indent = 18;
  auto text = "\n" + report.faint("who holds what, as far as this peer (*) can know") + "\n";
  for (const auto& peer : peers) {
    auto head = std::to_string(peer.port.value) + (peer.port == self ? "*" : "");
    head.resize(7, ' ');
    head += name(peer.role);
    head.resize(indent, ' ');
    text += head + wrapped(peer.holds.empty() ? "nothing that shows here" : joined(peer.holds, "; "), indent) + "\n";
    if (peer.may.empty()) continue;
    text += std::string(indent, ' ') + report.faint("may ") + joined(peer.may, ", ") + "\n";
  }
  return text;
}

/// What is guaranteed, at stake, and not promised; a heading and lines below it.
std::string stakes_text(const Report& report, const Genesis& genesis, const Stakes& stakes) {
  std::string text;
  const auto bound = std::to_string(genesis.faults_borne()) + " of " + std::to_string(genesis.peer_count());
  const auto add = [&](const std::string& heading, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    text += "\n" + report.faint(heading) + "\n";
    for (const auto& each : lines) text += "  " + wrapped(each, 2) + "\n";
  };
  add("guaranteed now, while at most " + bound + " peers are faulty or gone", stakes.guaranteed);
  add("who could still gain or lose", stakes.at_stake);
  add("not guaranteed", stakes.not_guaranteed);
  return text;
}

Json peers_value(const std::vector<PeerView>& peers) {
  Json list = Json::array();
  for (const auto& peer : peers) {
    list.push_back({{"port", peer.port.value}, {"role", name(peer.role)}, {"holds", peer.holds}, {"may", peer.may}});
  }
  return list;
}

std::string state_text(const Report& report, const ExchangeView& view) {
  auto state = std::string(name(view.state()));
  if (is_over(view.state())) return report.bad(state) + ": a new request is needed";
  if (view.state() != ExchangeState::committed) return state;
  return report.good(state) + (view.record && view.record->height
                                   ? " in block " + std::to_string(view.record->height->value) + " of the chain"
                                   : std::string());
}

std::string text_of(const Session& session, const Reader& reader, const ExchangeView& view) {
  const auto& report = session.report();
  auto text = line("exchange", to_hex(view.id));
  text += line("role", std::string(name(view.role())) + " (this is peer " + std::to_string(reader.port().value) + ")");
  if (view.record) {
    const auto& request = view.record->request.body;
    text += line("requester", std::to_string(request.sender_port.value));
    text += line("owner", std::to_string(request.receiver_port.value));
    const auto title = title_of(reader, view);
    text += line("book", (title ? "\"" + printable(*title) + "\" " : std::string()) + report.id(request.book));
  } else {
    text += line("requester", view.witness_id_from ? std::to_string(view.witness_id_from->value)
                                                   : std::string("not known: several peers gave an id"));
    text += line("owner", "not known to a witness before the grant, nor is the book");
  }
  text += line("state", state_text(report, view));
  const auto reason = reason_of(view);
  const auto token = token_of(view).value_or("");
  if (reason) {
    text += line("reason", printable(*reason) + (token.empty() ? std::string() : " [" + printable(token) + "]"));
  }
  text += peers_text(report, peer_views(reader, view), reader.port());
  text += stakes_text(report, reader.genesis(), stakes_of(reader, view));
  const auto next = next_text(session, guide(reader, view.id));
  return next.empty() ? text : text + "\n" + next;
}

Result<Answer> run_show_exchange(Session& session, const Arguments& arguments) {
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  const bool reveal = arguments.has("reveal");
  if (reveal && !reader->genesis().fields().test_network) {
    return Error{Token::not_a_test_network, "secrets are shown on test networks only", "--reveal",
                 "bookchain init DIR --seed S makes a test network"};
  }
  BOOKCHAIN_TRY(const auto view, select_exchange_view(*reader, arguments.at(0)));
  Answer answer;
  answer.value = exchange_value(session, *reader, view);
  answer.value["peers"] = peers_value(peer_views(*reader, view));
  const auto stakes = stakes_of(*reader, view);
  answer.value["guaranteed"] = stakes.guaranteed;
  answer.value["at_stake"] = stakes.at_stake;
  answer.value["not_guaranteed"] = stakes.not_guaranteed;
  answer.text = text_of(session, *reader, view);
  BOOKCHAIN_CHECK(reader->state().status());
  if (!reveal) return answer;
  std::optional<RequestId> id = view.record ? view.record->request_id : std::nullopt;
  if (view.witness_id) id = view.witness_id->request_id;
  const auto key = view.record ? view.record->key : std::nullopt;
  answer.value["request_id"] = id ? Json(to_hex(*id)) : Json(nullptr);
  answer.value["key"] = key ? Json(to_hex(*key)) : Json(nullptr);
  answer.text += "\n" + line("request id", id ? to_hex(*id) : "not held by this peer");
  answer.text += line("key", key ? to_hex(*key) : "not held by this peer");
  return answer;
}

}  // namespace

Command show_exchange_command() {
  return Command{
      "show-exchange",
      "where an exchange stands, who holds what, and how it goes on",
      "Shows the state of an exchange as this peer knows it, why it is over if it is, what each peer holds\n"
      "and may still do; what is guaranteed as it stands, who could still gain or lose what, and what nobody\n"
      "promises; who is awaited, and the commands that go on, ready to be typed. EXCHANGE is an id\n"
      "or the first 6 or more digits of it; without one, the only exchange that has not ended.\n"
      "\n"
      "Exit codes: 0 also for an exchange that is over; 3 --reveal where it is not a test network; 4 this\n"
      "peer knows no such exchange; 6 the name fits more than one.\n"
      "\n"
      "Example: bookchain -n library -p 5001 show-exchange 3f2a90",
      {{"EXCHANGE", false}},
      {{"reveal", 0, OptionKind::flag, "", "test networks only: show the request id and the key this peer holds"}},
      run_show_exchange};
}

}  // namespace bookchain::cli

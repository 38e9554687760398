#include "tests/cli/one_liar.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace bookchain::tests::liars {

namespace {
std::set<std::string> kinds_served;
}

std::set<std::string> take_kinds_served() { return std::exchange(kinds_served, {}); }

void Stage::note_kind(const Words& options) {
  const auto option = std::ranges::find(options, "--misbehave");
  if (option != options.end()) kinds_served.insert(*std::next(option));
}

void convince_a_stranger(const Stage& stage, int port, int accused) {
  const auto list = stage.network.ok(port, {"evidence", "list"})["evidence"];
  for (const auto& each : list) {
    const auto file = stage.network.scratch("proof.evidence").string();
    stage.network.ok(port, {"evidence", "export", each["id"], "--to", file});
    const auto genesis = (stage.network.folder() / "network.yaml").string();
    const auto verified = run({"-o", "json", "evidence", "verify", file, "--network-file", genesis});
    BOOST_TEST(verified.exit_code == 0, each["fault"] << ": " << verified.err);
    BOOST_TEST(verified.json()["accused"] == accused);
    BOOST_TEST(verified.json()["fault"] == each["fault"]);
    BOOST_TEST(verified.json()["checks"].size() >= 3U);
  }
}

bool is_over(const std::string& state) { return state == "invalid" || state == "aborted" || state == "refused"; }

std::string form_of_last_transfer(const Stage& stage, int at) {
  std::string form;
  const auto chain = stage.network.ok(at, {"show-chain"});
  for (const auto& block : chain["blocks"]) {
    for (const auto& one : block["transactions"]) {
      if (one["type"] == "transfer") form = one["form"];
    }
  }
  return form;
}

namespace {

void check_end(const Stage& stage, const Case& each, const std::string& id, int looker) {
  const auto state = [&] { return stage.state(looker, id); };
  switch (each.end) {
    case End::committed: {
      BOOST_TEST(Stage::becomes_true([&] { return state() == "committed"; }), state());
      BOOST_TEST(stage.network.ok(looker, {"history", stage.book})["history"].back()["owner"] == requester);
      const auto read = [&] { return each.liar == requester || stage.network.on_shelf(requester, stage.book); };
      BOOST_TEST(Stage::becomes_true(read));
      if (*each.form != '\0') BOOST_TEST(form_of_last_transfer(stage, looker) == each.form);
      return;
    }
    case End::over: BOOST_TEST(Stage::becomes_true([&] { return is_over(state()); }), state()); return;
    case End::open:
      std::this_thread::sleep_for(std::chrono::milliseconds(2500));
      BOOST_TEST((state() != "committed" && !is_over(state())), state());
      // Nothing was given away: the book is its owner's, and lies on no other shelf.
      BOOST_TEST(!stage.network.on_shelf(requester, stage.book));
      BOOST_TEST(stage.network.on_shelf(owner, stage.book));
      return;
  }
}

/// What the lie leaves to be seen by another peer where nobody can prove it.
struct Trace {
  std::set<std::string> sent;
  std::set<std::string> withheld;
  bool voted;  ///< for the first block
};

const std::map<std::pair<std::string, int>, Trace> traces{
    {{"silent", lying_witness}, {{}, {"ack", "id-answer", "key-answer"}, false}},
    {{"silent-after-grant", lying_witness}, {{"ack"}, {"id-answer", "key-answer"}, false}},
    {{"silent-after-check-id", lying_witness}, {{"ack", "id-answer"}, {"key-answer"}, false}},
    {{"silent-after-mine", lying_witness}, {{"ack", "id-answer", "key-answer"}, {}, false}},
    {{"withheld-votes", lying_witness}, {{"ack", "id-answer", "key-answer"}, {}, false}},
    {{"silent-after-release", owner}, {{"grant", "release"}, {}, false}},
};

/// What honest peers refuse of the lie, by message and token.
const std::map<std::string, std::pair<std::string, std::string>> refusals{
    {"wrong-id", {"consent", "wrong-id"}},
    {"two-owners", {"request", "wrong-recipient"}},
    {"false-dispute", {"propose", "wrong-key"}},
    {"too-few-answers", {"propose", "no-quorum"}},
    {"wrong-key", {"release", "wrong-key"}},
    {"wrong-id-first", {"check-id", "wrong-id"}},
    {"used-id", {"consent", "wrong-sender"}},
    {"other-network", {"ack", "bad-signature"}},
    {"wrong-type", {"ack", "bad-signature"}},
    {"malleable", {"ack", "bad-signature"}},
    {"largest-round", {"new-round", "bad-value"}},
    {"borrowed-answers", {"propose", "bad-statement"}},
    {"false-certificate", {"prevotes", "no-quorum"}},
};

/// The messages that serve at a peer told of, in order.
std::vector<Json> messages_told(const Background& server) {
  std::vector<Json> found;
  std::istringstream events(server.out_so_far());
  for (std::string line; std::getline(events, line);) {
    auto event = Json::parse(line, nullptr, false);
    if (event.is_object() && event["event"] == "received") found.push_back(std::move(event));
  }
  return found;
}

/// Whether a lying witness had all questions of the exchange before it heard of the end. The others are a majority
/// without it: on a busy machine they may be done before its questions come, and then it has nothing to say.
bool had_its_say(const Stage& stage, int liar) {
  if (liar != lying_witness) return true;
  const auto ports = stage.network.ports();
  const auto place = std::ranges::find(ports, liar) - ports.begin();
  std::set<std::string> questions{"witness-share", "check-id", "check-key"};
  for (const auto& told : messages_told(*stage.servers.at(static_cast<std::size_t>(place)))) {
    if (told["type"] == "commit" || told["type"] == "blocks") break;
    if (told["type"].is_string()) questions.erase(told["type"]);
  }
  return questions.empty();
}

/// serve at one of the others tells that it refused such a message of the liar.
bool tells_of_refusal(const Background& server, int liar, const std::string& type, const std::string& token) {
  return std::ranges::any_of(messages_told(server), [&](const Json& told) {
    return told["from"] == liar && told["type"] == type && told["result"] == "refused" && told["token"] == token;
  });
}

void check_refusal(const Stage& stage, const Case& each) {
  const auto found = refusals.find(each.kind);
  if (found == refusals.end()) return;
  const auto& type = found->second.first;
  const auto& token = found->second.second;
  const auto told = [&] {
    return std::ranges::any_of(stage.servers,
                               [&](const auto& server) { return tells_of_refusal(*server, each.liar, type, token); });
  };
  BOOST_TEST(Stage::becomes_true(told, 50), "nobody refused a " << type << " with " << token);
}

void check_trace(const Stage& stage, const Case& each, const std::string& id) {
  const auto& network = stage.network;
  const auto holds = network.show(requester, id)["peers"][0]["holds"].dump();
  const std::string kind = each.kind;
  // "No" to a right key is no answer that counts, and 5004 cannot acknowledge a grant whose id it was never given.
  if (kind == "lying-answers") BOOST_TEST(mentions(holds, "key answers of 5002, 5004"), holds);
  if (kind == "two-ids") BOOST_TEST(mentions(holds, "ACKs of 5002, 5003\""), holds);
  const bool no_ack = kind == "other-network" || kind == "wrong-type" || kind == "malleable";
  if (no_ack) BOOST_TEST(mentions(holds, "ACKs of 5002, 5004\""), holds);
  if (kind == "withheld-answers") BOOST_TEST(!mentions(holds, "5003"), holds);
  const auto found = traces.find({kind, each.liar});
  if (found == traces.end()) return;
  const auto& [unused, withheld, voted] = found->second;
  std::set<std::string> seen;
  // Who serves writes its traces down a little later.
  const auto has_all = [&] {
    const auto messages = network.ok(requester, {"trace", id})["messages"];
    for (const auto& message : messages) {
      if (message["from"] == each.liar) seen.insert(message["type"]);
    }
    return std::ranges::all_of(found->second.sent, [&](const auto& type) { return seen.contains(type); });
  };
  BOOST_TEST(Stage::becomes_true(has_all));
  for (const auto& type : withheld) BOOST_TEST(!seen.contains(type), type);
  const auto voters = network.ok(requester, {"show-chain"})["blocks"][0]["certificate"]["ports"];
  BOOST_TEST((std::find(voters.begin(), voters.end(), Json(each.liar)) != voters.end()) == voted, voters.dump());
}

/// A vote that comes when the block is final already is held against nothing: then other blocks follow.
void more_exchanges(const Stage& stage, const Case& each, int looker) {
  const auto found = [&] { return stage.faults(looker, each.liar).contains(each.evidence); };
  for (int again = 0; again < 4 && !Stage::becomes_true(found, 10); ++again) {
    const auto id = stage.request(looker, stage.network.book_of(owner));
    BOOST_TEST(Stage::becomes_true([&] {
      const auto state = stage.state(owner, id);
      return state == "committed" || is_over(state);
    }));
  }
}

/// False where the liar had no say, and nothing of its lie could be seen.
bool play_once(const Case& each) {
  Stage stage;
  // Where nobody needs to be gone on without, nobody is, however slow the machine.
  const bool as_ever = each.end == End::committed && each.form == std::string_view("mined");
  if (as_ever) stage.honest_recover_after = "60";
  std::string id;
  const std::string kind = each.kind;
  if (kind == "two-ids" || kind == "two-owners") {
    id = stage.all_serve_one_request(each.kind);
  } else {
    stage.all_serve(each.liar, each.kind);
    id = stage.request(requester);
  }
  const int looker = each.liar == requester ? owner : requester;
  check_end(stage, each, id, looker);
  if (!had_its_say(stage, each.liar)) return false;
  check_trace(stage, each, id);
  check_refusal(stage, each);
  const std::string fault = each.evidence;
  if (!fault.empty() && each.liar == lying_witness) more_exchanges(stage, each, looker);
  for (const int port : stage.honest(each.liar)) {
    if (fault.empty()) BOOST_TEST(stage.faults(port, each.liar).empty());
    const auto known = [&] { return fault.empty() || stage.faults(port, each.liar).contains(fault); };
    BOOST_TEST(Stage::becomes_true(known, 80), port << " has no evidence");
  }
  if (!fault.empty()) convince_a_stranger(stage, stage.honest(each.liar).back(), each.liar);
  return true;
}

}  // namespace

void play(const Case& each) {
  constexpr int most_tries = 5;
  BOOST_TEST_CONTEXT(each.kind << " at " << each.liar) {
    int tries = 0;
    bool is_seen = false;
    for (; !is_seen && tries < most_tries; ++tries) is_seen = play_once(each);
    BOOST_TEST(is_seen, "the liar is always too late to lie");
    if (tries > 1) BOOST_TEST_MESSAGE(each.kind << " at " << each.liar << ": " << tries << " tries");
  }
}

}  // namespace bookchain::tests::liars

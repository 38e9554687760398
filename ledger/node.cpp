#include "ledger/node.hpp"

#include "ledger/book.hpp"
#include "ledger/consensus.hpp"
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

namespace {

/// Gives a message to its handler. One line a kind: the compiler finds a kind that is missing.
struct Dispatch {
  Context& context;
  PeerPort from;
  const std::optional<ReceivedPackage>& package;

  Result<void> operator()(const Announce& m) const { return on_announce(context, from, m); }
  Result<void> operator()(const WitnessId& m) const { return on_witness_id(context, from, m); }
  Result<void> operator()(const RequestMessage& m) const { return on_request(context, from, m); }
  Result<void> operator()(const GrantMessage& m) const { return on_grant(context, from, m, package); }
  Result<void> operator()(const WitnessShare& m) const { return on_witness_share(context, from, m); }
  Result<void> operator()(const AckMessage& m) const { return on_ack(context, from, m); }
  Result<void> operator()(const GrantConflict& m) const { return on_grant_conflict(context, from, m); }
  Result<void> operator()(const ConsentMessage& m) const { return on_consent(context, from, m); }
  Result<void> operator()(const CheckId& m) const { return on_check_id(context, from, m); }
  Result<void> operator()(const IdAnswerMessage& m) const { return on_id_answer(context, from, m); }
  Result<void> operator()(const ReleaseMessage& m) const { return on_release(context, from, m); }
  Result<void> operator()(const CheckKey& m) const { return on_check_key(context, from, m); }
  Result<void> operator()(const KeyAnswerMessage& m) const { return on_key_answer(context, from, m); }
  Result<void> operator()(const Over& m) const { return on_over(context, from, m); }
  Result<void> operator()(const SendAgain& m) const { return on_send_again(context, from, m); }
  Result<void> operator()(const WantShare& m) const { return on_want_share(context, from, m); }
  Result<void> operator()(const ShareMessage& m) const { return on_share(context, from, m); }
  Result<void> operator()(const ReceiptMessage& m) const { return on_receipt(context, from, m); }
  Result<void> operator()(const NewRound& m) const { return on_new_round(context, from, m); }
  Result<void> operator()(const AnswerMessage& m) const { return on_answer(context, from, m); }
  Result<void> operator()(const Promised& m) const { return on_promised(context, from, m); }
  Result<void> operator()(const ProposeMessage& m) const { return on_propose(context, from, m); }
  Result<void> operator()(const PrevoteMessage& m) const { return on_prevote(context, from, m); }
  Result<void> operator()(const PrevotesMessage& m) const { return on_prevotes(context, from, m); }
  Result<void> operator()(const PrecommitMessage& m) const { return on_precommit(context, from, m); }
  Result<void> operator()(const CommitMessage& m) const { return on_commit(context, from, m); }
  Result<void> operator()(const WantBlocks& m) const { return on_want_blocks(context, from, m); }
  Result<void> operator()(const BlocksMessage& m) const { return on_blocks(context, from, m); }
  Result<void> operator()(const WantVotes& m) const { return on_want_votes(context, from, m); }
  Result<void> operator()(const VotesMessage& m) const { return on_votes(context, from, m); }
  Result<void> operator()(const EvidenceMessage& m) const { return on_evidence(context, from, m); }
  Result<void> operator()(const WantOwn& m) const { return on_want_own(context, from, m); }
  Result<void> operator()(const OwnMessage& m) const { return on_own(context, from, m); }
};

/// A proposer is a voter too: what a peer sends itself is handled within the same step, until all is
/// quiet. Ends because every answer to oneself moves a ballot forward by a phase.
void handle_own_messages(Context& context) {
  static const std::optional<ReceivedPackage> no_package;
  for (;;) {
    advance_proposer(context);
    const auto own = context.draft.take_outgoing_to(context.self());
    if (own.empty()) return;
    for (const auto& message : own) {
      // A refusal by oneself is answered like any other, by a message to oneself; nobody needs the reason.
      (void)std::visit(Dispatch{context, context.self(), no_package}, message);
    }
  }
}

std::optional<Step> due_of_owner(const Genesis& genesis, const State& state, const ExchangeRecord& record) {
  const bool turn_is_present = record.grant && grant_age(state, record) == GrantAge::present;
  if (record.grant) {
    const auto turn = turns.get(state, turn_of(record));
    const bool can_abort = turn_is_present && !record.abort_sent && !(turn && (turn->released || turn->abort_signed));
    const bool failed = is_over(record.state) || (record.state == ExchangeState::consented &&
                                                  (record.consent_refused || yes_out_of_reach(genesis, record)));
    if (failed) return can_abort ? std::optional(Step::abort) : std::nullopt;
    if (record.abort_sent || (turn && turn->abort_signed)) return std::nullopt;
    // A grant that this home forgot, as others told it: its key is gone, and with it the steps.
    if (!record.key) return std::nullopt;
  }
  const bool can_check_id = record.request_id && !record.id_check_sent;
  if (record.state == ExchangeState::consented && can_check_id) return Step::check_id;
  if (record.state == ExchangeState::id_checked) return Step::release;
  return std::nullopt;
}

/// A restored owner signs nothing about a turn before it has caught up.
std::optional<Step> may_sign_now(const Genesis& genesis, const State& state, PeerPort self, std::optional<Step> step) {
  const bool signs = step == Step::release || step == Step::abort;
  return signs && !check_caught_up(genesis, state, self) ? std::nullopt : step;
}

std::optional<Step> due_of_requester(const Genesis& genesis, const State& state, const ExchangeRecord& record) {
  if (is_disputable(genesis, state, record)) return Step::dispute;
  const bool can_open = record.key && !record.plaintext_ready && !found_wrong(record);
  switch (record.state) {
    case ExchangeState::granted: {
      const bool ready = record.package_arrived && record.acks.size() >= genesis.ack_quorum() &&
                         grant_age(state, record) == GrantAge::present &&
                         standing(genesis, state, *record.book).owner == owner_of(record);
      return ready ? std::optional(Step::consent) : std::nullopt;
    }
    case ExchangeState::released:
    case ExchangeState::committed: return can_open ? std::optional(Step::open) : std::nullopt;
    case ExchangeState::opened: return record.key_check_sent ? std::nullopt : std::optional(Step::check_key);
    case ExchangeState::key_checked: {
      // It asks the witnesses for answers that are missing once, and then waits; what no block took it tries by hand.
      const bool waits = record.claiming && yes_answers(record) < genesis.witness_majority();
      return waits || !record.token.empty() ? std::nullopt : std::optional(Step::mine);
    }
    case ExchangeState::requested:
    case ExchangeState::consented:
    case ExchangeState::id_checked:
    case ExchangeState::mined:
    case ExchangeState::refused:
    case ExchangeState::invalid:
    case ExchangeState::aborted: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(Step step) {
  switch (step) {
    case Step::request: return "request";
    case Step::grant: return "grant";
    case Step::consent: return "consent";
    case Step::check_id: return "check-id";
    case Step::release: return "release";
    case Step::open: return "open";
    case Step::check_key: return "check-key";
    case Step::mine: return "mine";
    case Step::abort: return "abort";
    case Step::dispute: return "dispute";
  }
  return "";
}

Result<Outcome> Node::step(const State& state, const Input& input) const {
  Draft draft(state);
  Context context{genesis_,      identity_,         draft,           input.now, input.random,
                  input.patient, input.signs_later, input.goes_first};
  Outcome outcome;
  if (const auto* received = std::get_if<Received>(&input.what)) {
    auto handled = std::visit(Dispatch{context, received->from, received->package}, received->message);
    if (!handled) outcome.refusal = std::move(handled).error();
  } else if (const auto* wish = std::get_if<Wish>(&input.what)) {
    BOOKCHAIN_CHECK(do_wish(context, *wish));
    // The only wish that fails and is remembered: what was found wrong with a book stays found.
    if (const auto* open = std::get_if<WishOpen>(wish)) outcome.refusal = open->failure;
  }
  // Where Ticks come in time, they alone tell it: what wishes bring shares a ballot then.
  const bool is_of_user = std::holds_alternative<Wish>(input.what) && !input.patient;
  if (is_of_user || std::holds_alternative<Tick>(input.what)) let_time_pass(context);
  handle_own_messages(context);
  outcome.effects = draft.take_effects();
  return outcome;
}

std::optional<Step> Node::due_step(const State& state, const ExchangeId& exchange) const {
  const auto record = exchanges.get(state, exchange);
  return record ? due_step_of(state, exchange, *record) : std::nullopt;
}

std::optional<Step> Node::due_step_of(const State& state, const ExchangeId& exchange,
                                      const ExchangeRecord& record) const {
  switch (record.role) {
    case Role::requester: return due_of_requester(genesis_, state, record);
    case Role::owner:
      if (record.state == ExchangeState::requested) {
        return may_grant(state, exchange) ? std::optional(Step::grant) : std::nullopt;
      }
      return may_sign_now(genesis_, state, identity_.port, due_of_owner(genesis_, state, record));
    case Role::witness: return std::nullopt;
  }
  return std::nullopt;
}

std::vector<Due> Node::due(const State& state) const { return due_among(state, open_exchanges(state)); }

std::vector<Due> Node::due_among(const State& state, const std::vector<ExchangeId>& among) const {
  std::vector<std::pair<Time, Due>> found;
  for (const auto& exchange : among) {
    const auto record = exchanges.get(state, exchange);
    if (!record || !is_open(state, record->request.body.book, exchange)) continue;
    const auto step = due_step_of(state, exchange, *record);
    if (!step) continue;
    found.emplace_back(record->began, Due{exchange, *step});
  }
  std::ranges::stable_sort(found, {}, [](const auto& entry) { return entry.first; });
  std::vector<Due> steps;
  steps.reserve(found.size());
  for (const auto& [began, due] : found) steps.push_back(due);
  return steps;
}

std::optional<WantedPackage> Node::wanted_package(const State& state, PeerPort from, const Message& message) const {
  const auto* grant = std::get_if<GrantMessage>(&message);
  if (grant == nullptr) return std::nullopt;
  const auto exchange = genesis_.exchange_of(grant->request);
  const auto record = exchanges.get(state, exchange);
  const bool ours = record && record->role == Role::requester && owner_of(*record) == from &&
                    !has_ended(record->state) && !record->package_arrived &&
                    genesis_.book_of(grant->book) == record->request.body.book;
  // The request beside a grant is not the one that it names unless that is looked at.
  const bool of_this_request = grant->grant.signer == from && grant->grant.body.exchange == exchange;
  if (!ours || !of_this_request || !check_book_unless_known(genesis_, state, grant->book) ||
      !genesis_.check(grant->grant)) {
    return std::nullopt;
  }
  return WantedPackage{exchange, grant->book.body};
}

bool Node::owes_package(const State& state, const ExchangeId& exchange) const {
  const auto record = exchanges.get(state, exchange);
  return record && ledger::owes_package(state, exchange, *record);
}

std::optional<Time> Node::next_tick(const State& state, std::optional<Time> now) const {
  return wakes_at(state, genesis_, now);
}

bool Node::is_backing_off(const State& state) const { return ledger::is_backing_off(state, genesis_); }

bool Node::has_ballot_under_way(const State& state) const { return ledger::has_ballot_under_way(state); }

}  // namespace bookchain::ledger

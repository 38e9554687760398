// The end of a turn's decisions: what they stated is signed, and what they send goes to the outboxes.
#include "ledger/batch_signing.hpp"
#include "transport/courier.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

constexpr std::size_t max_remembered_packaged = 4096;

}  // namespace

/// Whoever asks for a package again and again has it sent once: the one that lies here is on its way.
bool Courier::lies_in_outbox(PeerPort to, const Bytes& payload) const {
  const auto known = packaged_.find({to, sha256(payload)});
  const auto row =
      known == packaged_.end() ? std::nullopt : outbox_rows.get(parts_.store, OutboxKey{to, known->second});
  return row && row->with_package && row->payload == payload;
}

/// Signs what the decisions of the turn left unsigned, in their messages and in the records of their exchanges.
void Courier::sign_turn() {
  if (to_sign_.empty()) return;
  BatchSigner signer(parts_.node.genesis(), parts_.node.identity());
  std::set<ExchangeId> of;
  for (auto& [exchange, statement] : std::exchange(to_sign_, {})) {
    of.insert(exchange);
    signer.add(std::move(statement));
  }
  signer.sign();
  Draft draft(parts_.store);
  for (const auto& exchange : of) {
    auto record = exchanges.get(parts_.store, exchange);
    if (!record) continue;
    signer.fill(*record);
    exchanges.put(draft, exchange, *record);
  }
  parts_.store.hand_over(draft.take_effects().writes);
  for (auto& sending : leaving_) {
    for (auto& one : sending.messages) signer.fill(one.message);
  }
}

bool Courier::enqueue_all(Report& report) {
  sign_turn();
  bool may_all_be_forgotten = true;
  for (auto& sending : std::exchange(leaving_, {})) {
    if (parts_.tamper != nullptr) parts_.tamper->tamper(parts_.store, sending.messages);
    may_all_be_forgotten &= std::ranges::all_of(sending.messages, may_be_forgotten, &Outgoing::message);
    auto sent = enqueue_messages(sending, report);
    report.sent.insert(report.sent.end(), sent.begin(), sent.end());
    if (sending.step) report.steps[*sending.step].sent = std::move(sent);
  }
  return may_all_be_forgotten && !report.sent.empty();
}

std::vector<SentReport> Courier::enqueue_messages(const Sending& sending, Report& report) {
  Draft draft(parts_.store);
  std::vector<SentReport> sent;
  std::optional<Precommit> committed_by;  // of the last COMMIT, which goes to several
  std::vector<ExchangeId> committed;
  for (const auto& leaving : sending.messages) {
    const auto before = outgoing_rows.get(draft, leaving.to);
    const bool full = before && before->kept_bytes > max_bytes_with_blocks;
    if (full && answers_with_blocks(leaving.message)) continue;
    const auto epoch = before ? Epoch{} : parts_.environment.draw<Epoch>();
    renewed_ |= !before;
    const auto header = header_to(leaving.to);
    auto payload = encode(leaving.message);
    // Nobody would open it, so nobody would ever acknowledge it, and what comes after it would wait for good.
    if (payload.size() > parts_.node.genesis().fields().limits.message_bytes) {
      report.troubles.push_back(Error{Token::bad_message,
                                      "a message is larger than the network allows, and is not sent",
                                      std::string(ledger::name(leaving.message)),
                                      {}});
      continue;
    }
    if (leaving.with_package && lies_in_outbox(leaving.to, payload)) continue;
    const auto size = payload.size();
    if (packaged_.size() >= max_remembered_packaged) packaged_.clear();
    if (leaving.with_package) packaged_[{leaving.to, sha256(payload)}] = before ? before->next : MessageNumber{1};
    const bool answer = sending.asker == leaving.to;
    const auto id =
        enqueue(draft, header, OutboxRecord{std::move(payload), leaving.with_package, sending.time, answer}, epoch);
    auto traced = trace_of(parts_.node.genesis(), leaving.message, header, id, sending.time, size);
    if (const auto vote = vote_without_block(leaving.message)) {
      if (vote != committed_by) {
        committed_by = vote;
        committed = exchanges_committed_by(parts_.node.genesis(), draft, *vote);
      }
      traced.exchanges = committed;
    }
    traces_.passed(std::move(traced));
    sent.push_back(SentReport{leaving.to, std::string(ledger::name(leaving.message))});
  }
  parts_.store.hand_over(draft.take_effects().writes);
  return sent;
}

}  // namespace bookchain::transport

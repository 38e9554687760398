#include "tests/sim/watcher.hpp"

#include <algorithm>
#include <array>

#include "ledger/records.hpp"
#include "tests/sim/durable_row.hpp"

namespace bookchain::sim {

CheckedNetwork checked(const Genesis& genesis) {
  CheckedNetwork network;
  network.id = genesis.id();
  for (const auto& peer : genesis.peers()) network.members.push_back({peer.port.value, peer.verify_key});
  network.chunk_size = genesis.fields().chunk_size;
  network.work_bits = genesis.fields().work_bits;
  network.book_bytes = genesis.fields().limits.book_bytes;
  network.block_bytes = genesis.fields().limits.block_bytes;
  return network;
}

// ---- what is sent ----

Watcher::Watcher(const Genesis& genesis, Counts& counts, Story& story)
    : genesis_(genesis), counts_(counts), story_(story), checker_(checked(genesis)) {}

namespace {

/// What need not be durable before it is sent: it asks, or shows what others signed, and this peer before.
bool binds_nobody(const Message& message) {
  static constexpr std::array kinds = {CheckId::name, CheckKey::name, NewRound::name, PrevotesMessage::name};
  return std::ranges::find(kinds, ledger::name(message)) != kinds.end();
}

}  // namespace

void Watcher::sending(PeerPort from, PeerPort to, const std::vector<Bytes>& envelopes, const SimStore& store,
                      const transport::Channel& channel) {
  for (const auto& envelope : envelopes) {
    const auto opened = channel.open_own(envelope);
    if (!opened) throw Violation{"an honest peer's seal opens", at_port(from) + " to " + at_port(to)};
    if (opened.value().header().number == MessageNumber{0}) {
      check_note(from, to, opened.value().payload(), store);
      continue;
    }
    const auto message = decode<Message>(opened.value().payload());
    if (!message) throw Violation{"an honest peer's message decodes", at_port(from)};
    const bool is_ahead = store.in_transaction() && binds_nobody(message.value());
    if (is_ahead) counts_.add(Work::sent_before_commit);
    check_numbered(from, opened.value(), is_ahead, store);
    ++counts_.messages;
    story_.message(from, to, std::string(ledger::name(message.value())),
                   subject_of(genesis_.id(), message.value(), opened.value().payload()));
    // Each time: what is sent again after a crash says as much as before.
    check_kept_by_signer(from, message.value(), store);
    if (const auto* ack = std::get_if<AckMessage>(&message.value())) check_ack(from, *ack, store);
    if (!read_payloads_.insert(sha256({encode(from), opened.value().payload()})).second) continue;
    read_statements(message.value());
  }
}

/// That the disk holds it; of one that is sent ahead of its commit, the epoch alone.
void Watcher::check_numbered(PeerPort from, const transport::Opened& opened, bool is_ahead, const SimStore& store) {
  const auto& header = opened.header();
  const auto row = store.durable(Table::outbox, encode(transport::OutboxKey{header.to, header.number}));
  const auto record = row ? decode<transport::OutboxRecord>(*row) : Result<transport::OutboxRecord>(Error{});
  const auto outgoing_row = store.durable(Table::outgoing, encode(header.to));
  const auto outgoing =
      outgoing_row ? decode<transport::OutgoingRecord>(*outgoing_row) : Result<transport::OutgoingRecord>(Error{});
  const bool is_held = record && record.value().payload == opened.payload();
  if ((!is_held && !is_ahead) || !outgoing || outgoing.value().epoch != header.epoch) {
    throw Violation{"nothing is sent that is not durable", at_port(from) + " sends number " +
                                                               std::to_string(header.number.value) + " to " +
                                                               at_port(header.to) + ", which its disk does not hold"};
  }
}

void Watcher::check_note(PeerPort from, PeerPort to, ByteView payload, const SimStore& store) {
  const auto note = decode<transport::DeliveryNote>(payload);
  if (!note) throw Violation{"an honest peer's message decodes", at_port(from) + " sends a bad note"};
  for (const auto& entry : note.value().taken) {
    const auto row =
        durable_row<transport::SeenMessages>(store, Table::seen, encode(transport::seen_key(to, entry.number)));
    const auto* seen = row ? row->find(entry.number) : nullptr;
    const bool retired = store.durable(Table::retired, encode(transport::RetiredKey{to, entry.epoch})).has_value();
    if ((seen != nullptr && *seen == entry.id) || retired) continue;
    throw Violation{"acknowledged is durable", at_port(from) + " acknowledges number " +
                                                   std::to_string(entry.number.value) + " of " + at_port(to)};
  }
}

void Watcher::check_ack(PeerPort from, const AckMessage& message, const SimStore& store) {
  const auto& exchange = message.ack.body.exchange;
  if (may_forget(from, exchange)) return;
  const auto row = store.durable(Table::exchanges, encode(exchange));
  const auto record = row ? decode<ExchangeRecord>(*row) : Result<ExchangeRecord>(Error{});
  // Both in one turn: its end, and the ACK before it.
  const bool is_done = record && (is_over(record.value().state) || is_received(record.value(), exchange));
  if (is_done && record.value().shares.empty()) return;
  bool fits = false;
  if (record && record.value().grant && record.value().request_id && !record.value().shares.empty()) {
    std::uint32_t index = 0;
    for (const auto& peer : genesis_.peers()) {
      if (peer.port == from) break;
      const auto& request = record.value().request.body;
      index += peer.port == request.sender_port || peer.port == request.receiver_port ? 0 : 1;
    }
    static constexpr std::string_view tag = "bookchain/1 share";
    const ByteView tag_bytes(reinterpret_cast<const std::uint8_t*>(tag.data()), tag.size());
    const auto& share = record.value().shares.front().share;
    const auto commitment = sha256({tag_bytes, exchange.view(), encode(index), share.view()});
    const auto& commitments = record.value().grant->body.share_commitments;
    fits = index < commitments.size() && commitments[index] == commitment;
  }
  if (!fits) throw Violation{"an ACK says that a fitting share is durable", at_port(from)};
  acked_.emplace(from, exchange);
}

void Watcher::liar_sends(PeerPort from, PeerPort to, const Message& message) {
  ++counts_.messages;
  const auto payload = encode(message);
  story_.message(from, to, "(liar) " + std::string(ledger::name(message)), subject_of(genesis_.id(), message, payload));
  if (read_payloads_.insert(sha256({encode(from), payload})).second) read_statements(message);
}

// ---- what is signed ----

void Watcher::says(std::string_view what, PeerPort signer, Bytes slot, Bytes value) {
  if (!is_honest(signer)) return;
  const auto [place, first] = said_.try_emplace(std::tuple(what, signer, std::move(slot)), value);
  if (!first && place->second != value) {
    throw Violation{"no honest key signs two different statements of one kind about one thing",
                    at_port(signer) + " signed two: " + std::string(what)};
  }
}

void Watcher::granted(const Signed<Request>& request, const Signed<Grant>& grant) {
  if (!genesis_.check(request) || !genesis_.check(grant)) return;
  const auto exchange = genesis_.exchange_of(request);
  if (grant.body.exchange != exchange || grant.signer != request.body.receiver_port)
    return;  // a liar put them together
  const auto turn = encode_all(request.body.book, grant.body.version, grant.body.turn);
  turn_of_[exchange] = turn;
  if (may_forget(grant.signer, exchange) || may_forget_turn(grant.signer, turn)) return;
  says("grant of one exchange", grant.signer, encode(exchange), encode(grant.body));
  says("grant of one turn", grant.signer, turn, encode(request.signer));
}

void Watcher::ended_turn(PeerPort owner, Bytes turn, bool by_release) {
  if (!is_honest(owner) || may_forget_turn(owner, turn)) return;
  auto& ends = turn_ends_[{owner, std::move(turn)}];
  (by_release ? ends.first : ends.second) = true;
  if (ends.first && ends.second) throw Violation{"RELEASE and ABORT are never both signed in one turn", at_port(owner)};
}

/// Finds every statement in a message.
struct StatementReader {
  Watcher& watcher;

  void operator()(const GrantMessage& m) const { watcher.granted(m.request, m.grant); }
  void operator()(const WitnessShare& m) const { watcher.granted(m.request, m.grant); }
  void operator()(const GrantConflict& m) const {
    watcher.granted(m.first_request, m.first);
    watcher.granted(m.second_request, m.second);
  }
  void operator()(const OwnMessage& m) const {
    for (const auto& one : m.grants) watcher.granted(one.request, one.grant);
  }
  void operator()(const ReceiptMessage& m) const {
    if (!good(m.receipt)) return;
    for (const auto& exchange : m.receipt.body.exchanges) watcher.receipts_.emplace(m.receipt.signer, exchange);
  }
  void operator()(const AckMessage& m) const { read(m.ack); }
  void operator()(const ConsentMessage& m) const { read(m.consent); }
  void operator()(const CheckId& m) const {
    watcher.granted(m.request, m.grant);
    read(m.consent);
  }
  void operator()(const IdAnswerMessage& m) const { read(m.answer); }
  void operator()(const ReleaseMessage& m) const {
    for (const auto& answer : m.id_answers) read(answer);
    if (!good(m.release)) return;
    watcher.released_.insert(m.release.body.exchange);
    const auto turn = watcher.turn_of_.find(m.release.body.exchange);
    if (turn != watcher.turn_of_.end()) watcher.ended_turn(m.release.signer, turn->second, true);
  }
  void operator()(const KeyAnswerMessage& m) const { read(m.answer); }
  void operator()(const AnswerMessage& m) const {
    if (good(m.answer)) watcher.answered(m.answer);
    if (m.lock) certificate(m.lock->certificate);
  }
  void operator()(const ProposeMessage& m) const {
    const auto& body = m.propose.body;
    if (good(m.propose)) {
      watcher.says("propose", m.propose.signer, encode_all(body.height, body.ballot), encode(body.block));
      const bool justified = watcher.is_justified(m);
      if (justified) watcher.votes_[body.height].justified.emplace(body.ballot, body.block);
      if (body.ballot.round == Round{0}) watcher.proposed_unasked(body.height, m.propose.signer, justified);
    }
    for (const auto& answer : m.answers) {
      if (watcher.genesis_.check(answer)) watcher.answered(answer);
    }
    if (m.highest_lock) certificate(*m.highest_lock);
    block(m.block);
  }
  void operator()(const NewRound& m) const { watcher.opened_ballot(m.height, m.ballot.port); }
  void operator()(const PrevoteMessage& m) const { vote(m.vote); }
  void operator()(const PrevotesMessage& m) const { certificate(m.certificate); }
  void operator()(const PrecommitMessage& m) const { vote(m.vote); }
  void operator()(const CommitMessage& m) const {
    if (m.block) {
      committed(CommittedBlock{*m.block, m.certificate});
    } else {
      certificate(m.certificate);
    }
  }
  void operator()(const BlocksMessage& m) const {
    for (const auto& one : m.blocks) committed(one);
  }
  void operator()(const VotesMessage& m) const {
    if (m.commit) certificate(*m.commit);
    if (m.prevotes) certificate(*m.prevotes);
  }
  template <class Other>
  void operator()(const Other& /*nothing signed that could contradict*/) const {}

  void read(const Signed<Ack>& ack) const {
    if (binds(ack)) watcher.says("ack", ack.signer, encode(ack.body.exchange), encode(ack.body));
  }
  void read(const Signed<Consent>& consent) const {
    if (binds(consent)) watcher.says("consent", consent.signer, encode(consent.body.exchange), encode(consent.body));
  }
  void read(const Signed<IdAnswer>& answer) const {
    if (binds(answer)) watcher.says("id-answer", answer.signer, encode(answer.body.consent), encode(answer.body));
  }
  void read(const Signed<KeyAnswer>& answer) const {
    if (binds(answer)) watcher.says("key-answer", answer.signer, encode(answer.body.exchange), encode(answer.body));
  }
  template <class Body>
  [[nodiscard]] bool good(const Signed<Body>& statement) const {
    return watcher.genesis_.check(statement).has_value();
  }
  /// What a restored peer said about exchanges before, it may have forgotten.
  template <class Body>
  [[nodiscard]] bool binds(const Signed<Body>& statement) const {
    return !watcher.may_forget(statement.signer, statement.body.exchange) && good(statement);
  }
  template <class Vote>
  void vote(const Signed<Vote>& signed_vote) const {
    if (!good(signed_vote)) return;
    const auto& body = signed_vote.body;
    watcher.voted(Vote::type, signed_vote.signer, body.height, body.ballot, body.block);
  }
  template <class Vote>
  void certificate(const Certificate<Vote>& held) const {
    for (const auto& one : held.votes) vote(Signed<Vote>{one.signer, held.vote, one.signature});
  }
  void committed(const CommittedBlock& one) const {
    certificate(one.certificate);
    block(one.block);
  }
  void block(const Block& one) const {
    watcher.miners_[watcher.genesis_.block_hash(one)] = one.header.signer;
    for (const auto& transaction : one.transactions) {
      if (const auto* abort = std::get_if<Signed<Abort>>(&transaction)) {
        if (!good(*abort)) continue;
        const auto book = watcher.genesis_.book_of(abort->body.book);
        watcher.ended_turn(abort->signer, encode_all(book, abort->body.version, abort->body.turn), false);
      }
      if (const auto* transfer = std::get_if<Signed<Transfer>>(&transaction)) {
        if (!good(*transfer)) continue;
        watcher.granted(transfer->body.request, transfer->body.grant);
        for (const auto& answer : transfer->body.key_answers) read(answer);
        for (const auto& ack : transfer->body.acks) read(ack);
        for (const auto& answer : transfer->body.id_answers) read(answer);
        read(transfer->body.consent);
      }
      if (const auto* dispute = std::get_if<Signed<Dispute>>(&transaction)) {
        if (good(*dispute)) watcher.granted(dispute->body.request, dispute->body.grant);
      }
    }
  }
};

void Watcher::read_statements(const Message& message) { std::visit(StatementReader{*this}, message); }

// ---- what is kept ----

void Watcher::looked_at(PeerPort peer, SimStore& store) {
  const auto changed = store.take_changed();
  if (!is_honest(peer)) return;
  const auto moved = look_at_chain(peer, store);
  look_at_rows(peer, changed, moved, store);
}

/// Gives the books that new blocks are about.
std::set<BookId> Watcher::look_at_chain(PeerPort peer, const SimStore& store) {
  const auto head = head_fact.get(store);
  const auto height = head ? head->height.value : 0;
  auto& known = heights_[peer];
  if (height < known)
    throw Violation{
        lost, at_port(peer) + " fell back from height " + std::to_string(known) + " to " + std::to_string(height)};
  if (height == known) return {};
  std::map<Id, Standing> touched;
  for (auto at = known + 1; at <= height; ++at) {
    const auto bytes = store.get(Table::blocks, encode(Height{at}));
    if (!bytes) throw Violation{"a chain has no holes", at_port(peer) + " lacks block " + std::to_string(at)};
    const bool newest = at == checker_.height() + 1;
    if (at > checker_.height() + 1) throw Violation{"a chain has no holes", at_port(peer)};
    const auto wrong = newest ? checker_.append(*bytes) : checker_.compare(at, *bytes);
    if (wrong) throw Violation{"agreement and validity", at_port(peer) + ": " + *wrong};
    if (newest) ++counts_.blocks;
    for (const auto& [book, standing] : checker_.touched(at)) touched[book] = standing;
  }
  known = height;
  std::set<BookId> moved;
  for (const auto& [book, standing] : touched) {
    moved.insert(BookId{book});
    const auto row = ownership.get(store, BookId{book});
    const bool same = row && row->owner.value == standing.owner && row->version.value == standing.version &&
                      row->turn.value == standing.turn &&
                      (row->moved_by ? std::optional<Id>(row->moved_by->bytes) : std::nullopt) == standing.moved_by;
    if (!same)
      throw Violation{"exactly one owner of a book and version",
                      at_port(peer) + " at height " + std::to_string(height)};
  }
  return moved;
}

void Watcher::compare_chain(PeerPort peer, const SimStore& store) const {
  std::uint64_t height = 0;
  store.scan(Table::blocks, {}, {}, [&](ByteView key, ByteView committed) {
    ++height;
    const bool known = std::ranges::equal(key, encode(Height{height})) && height <= checker_.height();
    const auto wrong = known ? checker_.compare(height, committed) : std::optional<std::string>("one block too many");
    if (wrong) throw Violation{"all chains are equal byte for byte", at_port(peer) + ": " + *wrong};
    return true;
  });
  if (height != checker_.height()) {
    throw Violation{"all chains are equal byte for byte", at_port(peer) + " keeps " + std::to_string(height)};
  }
}

std::uint64_t Watcher::height_of(PeerPort peer) const {
  const auto found = heights_.find(peer);
  return found == heights_.end() ? 0 : found->second;
}

}  // namespace bookchain::sim

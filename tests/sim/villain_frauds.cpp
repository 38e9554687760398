// What a liar does about exchanges that it need not break into: false accusations, shares laid together,
// steps left out, votes about what is over, statements of another network.
#include <algorithm>
#include <limits>

#include "ledger/chain.hpp"
#include "ledger/records.hpp"
#include "tests/sim/villain.hpp"

namespace bookchain::sim {

/// Every share that comes to a liar lies with those of all others, whether or not they mean to use them. Fewer than
/// the threshold give no key; and where one of them is the requester, of an honest owner, there are never as many
/// before the transfer is recorded.
void Villain::pool_share(const Signed<Request>& request, const Grant& grant, const KeyShare& share) {
  // Liars that keep their shares to themselves lay none together.
  if (world_.plan_.has(Attack::few_shares) && !world_.plan_.has(Attack::pooled_shares)) return;
  const auto exchange = genesis_.exchange_of(request);
  auto& pool = world_.pooled_[exchange];
  for (std::uint32_t index = 0; index < grant.share_commitments.size(); ++index) {
    if (share_commitment(exchange, index, share) != grant.share_commitments[index]) continue;
    if (std::ranges::find(pool, index, &NumberedShare::index) == pool.end()) pool.push_back({index, share});
    break;
  }
  if (pool.empty()) return;
  if (pool.size() > 1) (void)does(Attack::pooled_shares, 1000);
  const bool fits = key_commitment(exchange, combine(pool)) == grant.key_commitment;
  if (pool.size() < genesis_.share_threshold()) {
    if (fits) throw Violation{"shares below the threshold give no key", to_hex(exchange)};
    return;
  }
  const bool is_theirs =
      world_.villains_.contains(request.signer) && !world_.villains_.contains(request.body.receiver_port);
  if (is_theirs && !world_.watcher_->chain().transfers().contains(exchange.bytes)) {
    throw Violation{"a requester that lies has no key before the transfer", to_hex(exchange)};
  }
}

void Villain::pool_shares_in(const Message& message) {
  if (const auto* dealt = std::get_if<WitnessShare>(&message)) {
    pool_share(dealt->request, dealt->grant.body, dealt->share);
  }
  if (const auto* given = std::get_if<ShareMessage>(&message)) {
    const auto record = exchanges.get(store_, given->exchange);
    if (record && record->grant) pool_share(record->request, record->grant->body, given->share);
  }
}

/// Disputes against an owner that did nothing wrong: each would be good but for the one thing that is false.
std::vector<Villain::Wanted> Villain::false_disputes() {
  std::vector<Wanted> disputes;
  for (const auto& [exchange, record] : exchanges.all(store_)) {
    // Over or not: after its transfer a DISPUTE would give the book back.
    if (record.role != Role::requester || !record.grant || !record.book) continue;
    const auto accuse = [&disputes, &record = record, this](Attack attack, std::variant<BadChunk, BadDeal> proof) {
      disputes.push_back({attack, sign(Dispute{*record.book, record.request, *record.grant, std::move(proof)})});
    };
    if (wants(Attack::false_deal, 600)) {
      const auto witnesses = genesis_.witnesses(self(), record.request.body.receiver_port);
      BadDeal deal;
      for (std::size_t i = 0; i < genesis_.share_threshold(); ++i) {
        deal.shares.push_back({witnesses[i], chance_.draw<KeyShare>()});
      }
      accuse(Attack::false_deal, std::move(deal));
      if (auto dealt = true_deal(exchange, record)) accuse(Attack::false_deal, std::move(*dealt));
    }
    const auto package = shelf_.contents.packages.find(exchange);
    const auto* text = text_of(exchange, record);
    if (!record.key || package == shelf_.contents.packages.end() || text == nullptr) continue;
    const auto& book = record.book->body;
    const auto show = [&, &record = record](std::uint64_t chunk) {
      return shown_chunk(book, package->second, *text, *record.key, chunk);
    };
    const auto index = chance_.below(chunk_count(book));
    const auto other = (index + 1) % chunk_count(book);
    auto proof = show(index);
    if (wants(Attack::two_paths, 1000)) {
      auto two = proof;
      two.leaf = show(other).leaf;
      two.leaf_path = show(other).leaf_path;
      accuse(Attack::two_paths, two);
      auto moved = proof;
      moved.index = other;
      accuse(Attack::two_paths, moved);
      accuse(Attack::two_paths, proof);
    }
    if (wants(Attack::false_salt, 1000)) {
      proof.leaf = chunk_leaf(chance_.draw<Salt>(), text->chunks[index]);
      accuse(Attack::false_salt, proof);
    }
  }
  return disputes;
}

/// Evidence against those that did nothing wrong, told to all of them; and two GRANTs that do not exclude each other,
/// told to a requester by its witness.
void Villain::accuse_falsely() {
  if (!wants(Attack::false_evidence, 300)) return;
  Slander slander({genesis_, identity_, store_, spoken_, world_.honest_, world_.texts_}, chance_);
  if (const auto evidence = slander.evidence(chance_.below(evidence_count))) {
    made(Attack::false_evidence);
    send_to_honest(EvidenceMessage{*evidence});
  }
  const auto known = exchanges.all(store_);
  if (known.empty()) return;
  const auto& record = known[chance_.below(known.size())].second;
  if (record.role != Role::witness || !record.grant) return;
  if (const auto conflict = slander.conflict(record.request, *record.grant)) {
    made(Attack::false_evidence);
    send(record.request.signer, *conflict);
  }
}

/// Shares as they were dealt, which give the key: those that liars have laid together. Of what is recorded it asks for
/// all.
std::optional<BadDeal> Villain::true_deal(const ExchangeId& exchange, const ExchangeRecord& record) {
  auto pool = world_.pooled_[exchange];
  if (pool.size() < genesis_.share_threshold()) {
    send_to_honest(WantShare{exchange});
    return std::nullopt;
  }
  std::ranges::sort(pool, {}, &NumberedShare::index);
  pool.resize(genesis_.share_threshold());
  const auto witnesses = genesis_.witnesses(self(), record.request.body.receiver_port);
  BadDeal deal;
  for (const auto& [index, share] : pool) deal.shares.push_back({witnesses[index], share});
  return deal;
}

/// The book as it was opened, or as it lies on the shelf since.
const Text* Villain::text_of(const ExchangeId& exchange, const ExchangeRecord& record) const {
  if (const auto opened = shelf_.contents.plaintexts.find(exchange); opened != shelf_.contents.plaintexts.end()) {
    return &opened->second;
  }
  const auto kept = shelf_.contents.books.find(record.request.body.book);
  return kept == shelf_.contents.books.end() ? nullptr : &kept->second;
}

/// What the protocol gives it to do and it does not.
bool Villain::leaves_out(const Due& due) {
  if (due.step == Step::mine) return does(Attack::never_mining, 1000);
  if (due.step == Step::release) return false_deals_.contains(due.exchange) || does(Attack::never_releasing, 1000);
  return false;
}

/// A share that few shall have is dealt to every liar and to as few others as it takes to be consented to; afterwards
/// no liar tells the key or gives a share back. Where the liars are at most f, those few others are enough.
bool Villain::keeps_share(PeerPort to, const Message& message) {
  const bool gives_key =
      std::holds_alternative<ReleaseMessage>(message) || std::holds_alternative<ShareMessage>(message);
  if (gives_key) return does(Attack::few_shares, 1000);
  const auto* dealt = std::get_if<WitnessShare>(&message);
  if (dealt == nullptr) return false;
  auto chosen = genesis_.witnesses(dealt->request.signer, self());
  std::stable_partition(chosen.begin(), chosen.end(),
                        [&](PeerPort witness) { return world_.villains_.contains(witness); });
  const auto place = static_cast<std::size_t>(std::ranges::find(chosen, to) - chosen.begin());
  return place >= genesis_.ack_quorum() && does(Attack::few_shares, 1000);
}

/// Votes and ballots about a height that is committed, and about the one before the first.
void Villain::speak_of_the_past() {
  if (!does(Attack::stale_view, 100)) return;
  const auto present = voting_height();
  const Height past{present.value - 1 - chance_.below(present.value)};
  const Ballot ballot{Round{chance_.between(1, 9)}, self()};
  send_to_honest(NewRound{past, ballot});
  send(any_other(), PrevoteMessage{sign(Prevote{past, ballot, chance_.draw<Hash>()})});
  send(any_other(), PrecommitMessage{sign(Precommit{past, ballot, chance_.draw<Hash>()})});
  const auto block = blocks.get(store_, past);
  if (block) {
    send_to_honest(CommitMessage{*block});
    auto other = *block;
    other.certificate.vote.ballot.round = Round{ballot.round.value + 100};
    send(any_other(), CommitMessage{other});
  }
  send(any_other(), WantBlocks{past});
}

/// A network of the same peers and keys that is another one: its seals and signatures mean nothing here.
void Villain::speak_from_elsewhere() {
  if (!does(Attack::other_network, 80)) return;
  if (!elsewhere_) {
    auto fields = genesis_.fields();
    fields.work_bits = static_cast<std::uint8_t>(fields.work_bits + 1);
    elsewhere_ = std::make_unique<Genesis>(Genesis::make(std::move(fields)).value());
  }
  const auto to = any_other();
  const auto height = voting_height();
  const Ballot ballot{Round{chance_.between(1, 5)}, self()};
  const auto foreign = [&](auto body) {
    return sign_statement(elsewhere_->id(), self(), identity_.signing_key, std::move(body));
  };
  const auto answer = foreign(Answer{height, ballot, std::nullopt});
  send(to, AnswerMessage{answer, std::nullopt});
  send(to, PrevoteMessage{foreign(Prevote{height, ballot, chance_.draw<Hash>()})});
  send(to, PrecommitMessage{foreign(Precommit{height, ballot, chance_.draw<Hash>()})});
  const auto channel = transport::Channel::make(*elsewhere_, identity_, to);
  if (!channel) return;
  send_raw(to, channel.value().seal(epoch_, MessageNumber{++numbers_[to]}, encode(Message{WantVotes{}}),
                                    chance_.draw<Hash>()));
  if (envelopes_.empty()) return;
  auto renamed = envelopes_[chance_.below(envelopes_.size())].second;
  renamed[1] ^= 1U;
  send_raw(to, renamed);
}

/// Books that are none: titles that are paths, hold terminal escapes or are no UTF-8, sizes beyond every limit.
void Villain::announce_hostile_books() {
  if (does(Attack::hostile_title, 30)) {
    static const std::vector<std::string> titles{"../../../etc/passwd", "/dev/null", "\x1b[2J\x1b[31mred",
                                                 "a\nb\r\tc",           ".",         "-rf"};
    add_book(true, chance_.pick(titles));
    // What is no text at all its own node refuses, unless it takes what it must not.
    static const std::vector<std::string> no_text{
        "\xff", "caf\xe9", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "cut \xe2\x82", "\x80"};
    send_to_honest(Announce{add_book(true, chance_.pick(no_text))});
  }
  if (!does(Attack::oversized, 15)) return;
  const auto most = std::numeric_limits<std::uint64_t>::max();
  for (const auto size : {genesis_.fields().limits.book_bytes + 1, most}) {
    send_to_honest(Announce{sign(Book{++serial_, "large", "text/plain", size, min_chunk_size, chance_.draw<Hash>()})});
  }
  send_to_honest(Announce{sign(Book{++serial_, "other chunks", "text/plain", 9, 1, chance_.draw<Hash>()})});
}

}  // namespace bookchain::sim

#include "cli/exchange_view.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "cli/next_steps.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/open_exchanges.hpp"

namespace bookchain::cli {

using namespace ledger;

Role ExchangeView::role() const { return record ? record->role : Role::witness; }

ExchangeState ExchangeView::state() const {
  if (record) return record->state;
  if (!witness_id || !witness_id->over) return ExchangeState::requested;
  // With one of these an owner declines: what the requester finds wrong has others, and to give up has none.
  static constexpr std::array of_owner{Token::book_busy, Token::not_owner, Token::unknown_book, Token::self_exchange};
  const bool declined = std::ranges::any_of(of_owner, [&](Token token) { return name(token) == witness_id->token; });
  return declined ? ExchangeState::refused : ExchangeState::aborted;
}

Time ExchangeView::began() const {
  if (record) return record->began;
  return witness_id ? witness_id->began : Time{};
}

namespace {

ExchangeView view_from(const State& state, const ExchangeId& id, ExchangeRecord record) {
  ExchangeView view{id, std::move(record), std::nullopt, std::nullopt};
  if (view.record->role == Role::witness) {
    const auto requester = requester_of(*view.record);
    view.witness_id = witness_ids.get(state, WitnessIdKey{requester, id});
    if (view.witness_id) view.witness_id_from = requester;
  }
  return view;
}

/// Exchanges of which this peer was given nothing but an id.
std::map<ExchangeId, ExchangeView> views_by_id_alone(const State& state) {
  std::map<ExchangeId, ExchangeView> views;
  witness_ids.each(state, {}, [&](const WitnessIdKey& key, const WitnessIdRecord& given) {
    if (exchanges.get(state, key.exchange)) return true;
    const auto [place, is_new] =
        views.try_emplace(key.exchange, ExchangeView{key.exchange, std::nullopt, given, key.requester});
    // Only the requester could say whose it is, and more than one peer claims to be that.
    if (!is_new) place->second.witness_id_from.reset();
    return true;
  });
  return views;
}

std::vector<ExchangeView> open_views(const State& state) {
  std::vector<ExchangeView> views;
  for (const auto& id : open_exchanges(state)) {
    if (auto record = exchanges.get(state, id)) views.push_back(view_from(state, id, std::move(*record)));
  }
  for (auto& [id, view] : views_by_id_alone(state)) views.push_back(std::move(view));
  // Of an exchange that ended something may remain to be done here.
  std::erase_if(views, [](const auto& view) { return has_ended(view.state()); });
  return views;
}

/// So many of those with a record, or all, and those of which this peer has the id alone.
std::vector<ExchangeView> some_views(const State& state, std::size_t most = std::numeric_limits<std::size_t>::max()) {
  std::vector<ExchangeView> views;
  exchanges.each(state, {}, [&](const ExchangeId& id, ExchangeRecord record) {
    views.push_back(view_from(state, id, std::move(record)));
    return views.size() < most;
  });
  for (auto& [id, view] : views_by_id_alone(state)) views.push_back(std::move(view));
  return views;
}

Error ambiguous(const std::optional<std::string>& prefix, const std::vector<ExchangeView>& found) {
  std::vector<std::string> ids;
  ids.reserve(found.size());
  for (const auto& view : found) ids.push_back(short_id(view.id));
  return Error{Token::ambiguous, prefix ? "the name fits more than one" : "there is more than one exchange",
               prefix.value_or("EXCHANGE"), one_of(ids)};
}

}  // namespace

std::vector<ExchangeView> exchange_views(const Reader& reader, Among among) {
  auto views = among == Among::open ? open_views(reader.state()) : some_views(reader.state());
  std::ranges::stable_sort(views, {}, &ExchangeView::began);
  return views;
}

Result<ExchangeView> select_exchange_view(const Reader& reader, const std::optional<std::string>& prefix) {
  std::vector<ExchangeView> found;
  if (prefix) {
    auto named = select_exchange(reader.state(), *prefix);
    if (named) return view_from(reader.state(), named.value(), *exchanges.get(reader.state(), named.value()));
    if (named.error().token != Token::unknown_exchange || prefix->size() < min_prefix_digits) return named.error();
    for (auto& [id, view] : views_by_id_alone(reader.state())) {
      if (to_hex(id).starts_with(*prefix)) found.push_back(std::move(view));
    }
    if (found.empty()) return named.error();
  } else {
    found = exchange_views(reader, Among::open);
    if (found.empty()) found = some_views(reader.state(), most_listed_ids + 1);
  }
  if (found.size() == 1) return std::move(found.front());
  if (!found.empty()) return ambiguous(prefix, found);
  return Error{Token::unknown_exchange, "there is no exchange yet", std::to_string(reader.port().value), "receive"};
}

std::optional<std::string> title_of(const Reader& reader, const ExchangeView& view) {
  if (!view.record) return std::nullopt;
  if (view.record->book) return view.record->book->body.title;
  const auto book = catalogue.get(reader.state(), view.record->request.body.book);
  return book ? std::optional(book->body.title) : std::nullopt;
}

std::optional<std::string> token_of(const ExchangeView& view) {
  if (!view.record) {
    const bool has_one = view.witness_id && view.witness_id->over && !view.witness_id->token.empty();
    return has_one ? std::optional(view.witness_id->token) : std::nullopt;
  }
  const auto& record = *view.record;
  if (!record.token.empty()) return record.token;
  // Found wrong, and not over: only the chain can end what was consented to.
  if (has_ended(record.state)) return std::nullopt;
  if (record.consent_refused) return std::string(ledger::name(Token::wrong_id));
  if (record.wrong_key_seen) return std::string(ledger::name(Token::wrong_key));
  return std::nullopt;
}

std::optional<std::string> reason_of(const ExchangeView& view) {
  const bool by_id_alone = !view.record && view.witness_id && view.witness_id->over;
  if (!view.record && !by_id_alone) return std::nullopt;
  const auto token = token_of(view).value_or("");
  const auto& reason = by_id_alone ? view.witness_id->reason : view.record->reason;
  if (!reason.empty()) return reason;
  const auto known = std::ranges::find(all_tokens(), token, &TokenInfo::name);
  if (known != all_tokens().end()) return std::string(known->meaning);
  return token.empty() ? std::nullopt : std::optional(token);
}

Json exchange_value(const Session& session, const Reader& reader, const ExchangeView& view) {
  const auto guidance = guide(reader, view.id);
  const auto* record = view.record ? &*view.record : nullptr;
  const auto or_null = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  Json value;
  value["exchange"] = to_hex(view.id);
  value["role"] = name(view.role());
  value["sender_port"] = nullptr;
  if (view.witness_id_from) value["sender_port"] = view.witness_id_from->value;
  if (record != nullptr) value["sender_port"] = requester_of(*record).value;
  value["receiver_port"] = record != nullptr ? Json(owner_of(*record).value) : Json(nullptr);
  value["book"] = record != nullptr ? Json(to_hex(record->request.body.book)) : Json(nullptr);
  value["title"] = or_null(title_of(reader, view));
  value["state"] = name(view.state());
  value["step"] = due_next_value(guidance);
  value["due"] = guidance.due ? Json(name(*guidance.due)) : Json(nullptr);
  value["waiting_for"] = waiting_value(guidance);
  value["next"] = next_value(session, guidance);
  value["token"] = or_null(token_of(view));
  value["reason"] = or_null(reason_of(view));
  value["height"] = record != nullptr && record->height ? Json(record->height->value) : Json(nullptr);
  value["began"] = write_iso_time(view.began());
  value["changed"] = record != nullptr ? Json(write_iso_time(record->changed)) : Json(nullptr);
  return value;
}

// ---- what each peer holds and may still do ----

namespace {

class Holdings {
 public:
  Holdings(const Reader& reader, const ExchangeView& view) : reader_(reader), view_(view), record_(*view.record) {}

  [[nodiscard]] std::vector<PeerView> all() const {
    std::vector<PeerView> peers{requester(), owner()};
    for (const auto port : witnesses_of(reader_.genesis(), record_)) peers.push_back(witness(port));
    return peers;
  }

 private:
  [[nodiscard]] bool is_self(PeerPort port) const { return port == reader_.port(); }
  [[nodiscard]] bool ended() const { return has_ended(record_.state); }

  template <class Body>
  static void add_statements(std::vector<std::string>& holds, const std::string& what,
                             const std::vector<Signed<Body>>& statements) {
    if (statements.empty()) return;
    std::vector<PeerPort> ports;
    ports.reserve(statements.size());
    for (const auto& statement : statements) ports.push_back(statement.signer);
    holds.push_back(what + " of " + ports_text(ports));
  }

  /// A "no" is no answer that a transfer can hold.
  void add_id_answers(std::vector<std::string>& holds) const {
    auto yes = record_.id_answers;
    auto no = yes;
    std::erase_if(yes, [](const auto& answer) { return !answer.body.yes; });
    std::erase_if(no, [](const auto& answer) { return answer.body.yes; });
    add_statements(holds, "id answers (yes)", yes);
    add_statements(holds, "id answers (no)", no);
  }

  [[nodiscard]] PeerView requester() const {
    PeerView peer{requester_of(record_), Role::requester, {}, {}};
    const bool self = is_self(peer.port);
    const bool committed = record_.state == ExchangeState::committed;
    auto& holds = peer.holds;
    holds.emplace_back("request id");
    if (self ? record_.package_arrived : record_.consent.has_value()) holds.emplace_back("encrypted book");
    if (self) add_statements(holds, "ACKs", record_.acks);
    if (self) add_id_answers(holds);
    if (self ? record_.key.has_value() : record_.release.has_value()) holds.emplace_back("key");
    if (self) add_statements(holds, "key answers", record_.key_answers);
    if (self && record_.plaintext_ready) holds.emplace_back("plaintext");
    if (committed && stands(peer.port, 1)) holds.emplace_back("the book, by the chain");
    if (!ended()) peer.may = requester_may();
    return peer;
  }

  [[nodiscard]] std::vector<std::string> requester_may() const {
    switch (record_.state) {
      case ExchangeState::requested: return {"abort"};
      case ExchangeState::granted: return {"consent", "abort"};
      case ExchangeState::consented:
      case ExchangeState::id_checked:
        if (record_.claiming || record_.wrong_key_seen) return {"mine --without-owner"};
        return {"wait for the key: it cannot go back", "mine --without-owner, if the owner stays silent"};
      case ExchangeState::released:
        if (record_.disputed) return {"vote on its dispute"};
        if (found_wrong(record_)) return {"dispute"};
        return {"open"};
      case ExchangeState::opened:
        return {record_.key_check_sent ? "wait for the answers about the key" : "check-key", "mine --without-owner"};
      case ExchangeState::key_checked: return {"mine", "mine --without-owner"};
      case ExchangeState::mined: return {"vote"};
      case ExchangeState::committed:
      case ExchangeState::refused:
      case ExchangeState::invalid:
      case ExchangeState::aborted: break;
    }
    return {};
  }

  [[nodiscard]] PeerView owner() const {
    PeerView peer{owner_of(record_), Role::owner, {}, {}};
    const bool self = is_self(peer.port);
    auto& holds = peer.holds;
    const bool on_shelf = self && shelf.get(reader_.state(), record_.request.body.book);
    if (given_back()) {
      holds.emplace_back(on_shelf ? "the book again" : "the book again, by the chain; no copy on its shelf");
    } else if (self ? on_shelf : record_.state != ExchangeState::committed) {
      holds.emplace_back("the book");
    }
    if (record_.grant) holds.emplace_back("key and all its shares");
    if (self ? record_.request_id.has_value() : record_.consent.has_value()) holds.emplace_back("request id");
    if (self) add_statements(holds, "ACKs", record_.acks);
    if (record_.consent) holds.emplace_back("consent");
    if (self) add_id_answers(holds);
    if (!ended()) peer.may = owner_may();
    return peer;
  }

  /// Whether the book is with that peer, so many moves after the grant.
  [[nodiscard]] bool stands(PeerPort port, std::uint64_t moves) const {
    if (!record_.grant || !record_.book) return false;
    const auto now = standing(reader_.genesis(), reader_.state(), *record_.book);
    return now.owner == port && now.version.value == record_.grant->body.version.value + moves;
  }

  /// By a DISPUTE that came after the transfer: the copy went with that.
  [[nodiscard]] bool given_back() const {
    if (!is_marked(reader_.state(), view_.id, record_) || !moved.get(reader_.state(), view_.id)) return false;
    return stands(owner_of(record_), 2);
  }

  [[nodiscard]] std::vector<std::string> owner_may() const {
    if (record_.abort_sent) return {"vote on its abort"};
    switch (record_.state) {
      case ExchangeState::requested: return {"grant", "refuse"};
      case ExchangeState::granted: return {"abort"};
      case ExchangeState::consented:
        if (record_.consent_refused || record_.id_check_sent) return {"abort"};
        return {"check-id", "abort"};
      case ExchangeState::id_checked: return {"release", "abort", "mine --settle"};
      case ExchangeState::released:
      case ExchangeState::opened:
      case ExchangeState::key_checked: return {"mine --settle"};
      case ExchangeState::mined:
        if (record_.release) return {"vote"};
        return {"vote", "abort"};
      case ExchangeState::committed:
      case ExchangeState::refused:
      case ExchangeState::invalid:
      case ExchangeState::aborted: break;
    }
    return {};
  }

  /// Of another witness, an ACK that came here says that it holds id and share.
  [[nodiscard]] PeerView witness(PeerPort port) const {
    PeerView peer{port, Role::witness, {}, {}};
    const bool self = is_self(port);
    const bool acknowledged = holds_from(record_.acks, port);
    if (self ? view_.witness_id.has_value() : acknowledged) peer.holds.emplace_back("request id");
    if (self ? !record_.shares.empty() : acknowledged) peer.holds.emplace_back("its share of the key");
    if (acknowledged) peer.holds.emplace_back(self ? "its ACK" : "its ACK is here");
    if (const auto answer = std::ranges::find(record_.id_answers, port, &Signed<IdAnswer>::signer);
        answer != record_.id_answers.end()) {
      peer.holds.emplace_back(answer->body.yes ? "answered check-id: yes" : "answered check-id: no");
    }
    if (holds_from(record_.key_answers, port)) peer.holds.emplace_back("answered check-key");
    if (!ended()) peer.may = {"answer what it is asked", "vote"};
    return peer;
  }

  const Reader& reader_;
  const ExchangeView& view_;
  const ExchangeRecord& record_;
};

}  // namespace

std::vector<PeerView> peer_views(const Reader& reader, const ExchangeView& view) {
  if (!view.record) return {};
  return Holdings(reader, view).all();
}

}  // namespace bookchain::cli

// The steps that a courier takes by itself: which are due, and what each needs of the shelf and of chance.
#include "transport/courier.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

/// Of more exchanges than these, looking at all open ones is as quick.
constexpr std::size_t most_touched = 4096;
/// A peer that serves looks no sooner again for steps that nothing points to, and after that long in busy turns, too.
constexpr std::uint64_t look_again_us = 100'000;
constexpr std::uint64_t look_anyway_us = 1'000'000;

/// The wish behind a step that needs neither randomness nor the shelf.
Wish plain_wish(const Due& due) {
  switch (due.step) {
    case Step::consent: return WishConsent{due.exchange, std::nullopt};
    case Step::check_id: return WishCheckId{due.exchange};
    case Step::release: return WishRelease{due.exchange, std::nullopt};
    case Step::check_key: return WishCheckKey{due.exchange};
    case Step::mine: return WishMine{due.exchange};
    case Step::abort: return WishAbort{due.exchange, {}};
    case Step::dispute: return WishDispute{due.exchange};
    case Step::request:
    case Step::grant:
    case Step::open: break;
  }
  return WishAskAgain{due.exchange};
}

}  // namespace

Result<StepReport> Courier::decide_step(const Due& due, Report& report) {
  StepReport step{due.exchange, due.step, {}, std::nullopt};
  auto wish = plain_wish(due);
  if (due.step == Step::grant) {
    BOOKCHAIN_TRY(const auto record, parts_.node.may_grant(parts_.store, due.exchange));
    if (record.state != ExchangeState::requested) return step;
    // No GRANT names the key of a package that was begun and not finished, so it is as good as a fresh one.
    const auto begun = parts_.shelf.begun_key(due.exchange);
    const auto key = begun ? *begun : parts_.environment.draw<BookKey>();
    Bytes coefficients(KeyShare::size * (parts_.node.genesis().share_threshold() - 1));
    parts_.environment.random(coefficients);
    BOOKCHAIN_TRY(const auto root, parts_.shelf.write_package(record.request.body.book, record.book->body, due.exchange,
                                                              key, parts_.progress));
    wish = WishGrant{due.exchange, key, std::move(coefficients), root};
  } else if (due.step == Step::open) {
    BOOKCHAIN_TRY(const auto record, parts_.node.may_open(parts_.store, due.exchange));
    if (record.plaintext_ready) return step;
    BOOKCHAIN_TRY(auto opened,
                  parts_.shelf.open_package(record.book->body, due.exchange, *record.key, parts_.progress));
    WishOpen open{due.exchange, std::move(opened.failure)};
    if (open.failure) {
      BOOKCHAIN_TRY(open.bad_chunk, parts_.shelf.prove_bad_chunk(record.book->body, due.exchange, *record.key));
    }
    wish = std::move(open);
  }
  // What is wrong with a book is remembered like any other outcome; the step failed all the same.
  BOOKCHAIN_TRY(auto decision, decide(std::move(wish), report, report.steps.size()));
  step.error = std::move(decision.refusal);
  return step;
}

/// Whether it is to be granted now. A request that the policy refuses is over at once.
bool Courier::settle_request(const ExchangeId& exchange, const Policy& policy, Policy::Judge& judge, Report& report) {
  if (!policy.grants || !policy.judge) return policy.grants;
  if (!judge) judge = policy.judge(parts_.node.identity().port, parts_.store);
  const auto record = exchanges.get(parts_.store, exchange);
  if (!record) return false;
  auto verdict = judge(*record);
  if (verdict.what == GrantVerdict::What::refuse) {
    // Only for the environment does it fail, and then the commit tells.
    (void)decide(Wish{WishRefuse{exchange, std::move(verdict.reason)}}, report);
  }
  if (verdict.what == GrantVerdict::What::wait) waits_for_moves_ = true;
  return verdict.what == GrantVerdict::What::grant;
}

/// Whether a row of facts may say that a restored home has caught up: it does so when the head is far enough.
bool Courier::is_of_restore(const Bytes& fact) const {
  if (fact == encode(recall_fact.number) || fact == encode(mute_until_fact.number)) return true;
  return fact == encode(head_fact.number) && mute_until_fact.get(parts_.store).has_value();
}

/// Remembers in which exchanges a step may have become due: those of `writes`, those about a book that a block moved or
/// that came in, or any, if a restored home has caught up.
void Courier::note_touched(const std::vector<Write>& writes) {
  for (const auto& write : writes) {
    if (write.table == Table::ownership || write.table == Table::shelf) {
      const auto book = decode<BookId>(write.key);
      if (book) touched_books_.insert(book.value());
      if (!book || std::exchange(waits_for_moves_, false)) look_everywhere_ = true;
    }
    if (write.table == Table::facts && is_of_restore(write.key)) look_everywhere_ = true;
    if (write.table != Table::exchanges) continue;
    if (const auto exchange = decode<ExchangeId>(write.key)) touched_.insert(exchange.value());
  }
  // Where nobody asks for steps, they are not remembered without end.
  if (touched_.size() + touched_books_.size() > most_touched) {
    touched_.clear();
    touched_books_.clear();
    look_everywhere_ = true;
  }
}

/// A turn that nothing came for has time for what others do only when something points to it.
void Courier::choose_where_to_look(bool quiet, bool others_write) {
  foreign_commits_ = parts_.store.foreign_commits();
  const auto has_not_looked_for = [&](std::uint64_t microseconds) {
    return !looked_everywhere_ || has_passed(*looked_everywhere_, parts_.environment.now(), microseconds);
  };
  const bool looks = quiet ? !patient_ || has_not_looked_for(look_again_us) : has_not_looked_for(look_anyway_us);
  if (looks || others_write) look_everywhere_ = true;
}

std::vector<Due> Courier::take_candidates() {
  auto touched = std::exchange(touched_, {});
  const auto books = std::exchange(touched_books_, {});
  if (std::exchange(look_everywhere_, false)) {
    looked_everywhere_ = parts_.environment.now();
    return parts_.node.due(parts_.store);
  }
  for (const auto& exchange : open_exchanges(parts_.store, books)) touched.insert(exchange);
  return parts_.node.due_among(parts_.store, std::vector<ExchangeId>(touched.begin(), touched.end()));
}

void Courier::take_due_steps(const Policy& policy, Report& report) {
  std::set<std::pair<ExchangeId, Step>> tried;
  Policy::Judge judge;  // made when the first request is to be judged
  for (bool progress = true; progress;) {
    progress = false;
    for (const auto& due : take_candidates()) {
      if (due.step == Step::grant && !settle_request(due.exchange, policy, judge, report)) continue;
      const auto key = std::pair(due.exchange, policy.one_each ? Step::request : due.step);
      if (!tried.insert(key).second) continue;
      auto step = decide_step(due, report);
      if (!step) {
        step = StepReport{due.exchange, due.step, {}, std::move(step).error()};
        waits_for_moves_ = true;
      }
      report.steps.push_back(std::move(step).value());
      progress = true;
    }
  }
}

}  // namespace bookchain::transport

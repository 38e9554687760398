// What the users of honest peers do in a simulated network: they register and request books, several of them the
// same one at once, and meddle.
#include "ledger/chain.hpp"
#include "ledger/records.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

/// A book that somebody else owns, as far as this peer knows.
std::optional<World::Wanted> World::choose_book(const Home& home) {
  std::vector<Wanted> wanted;
  for (const auto& [id, book] : catalogue.all(home.store)) {
    const auto owner = standing(*genesis_, home.store, book).owner;
    if (owner != home.identity.port) wanted.push_back({id, owner});
  }
  if (wanted.empty()) return std::nullopt;
  return chance_.pick(wanted);
}

/// True if the user was told that the request is made.
bool World::request_book(Home& home, const Wanted& wanted) {
  bool made = false;
  event(home, [&] {
    const auto requested = home.courier->request(wanted.owner, wanted.book);
    if (!requested) return;
    made = true;
    ++counts_.exchanges;
    tracked_.push_back({requested.value().exchange, home.identity.port, wanted.owner, wanted.book});
    story_.note(home.identity.port, "requests a book of " + std::to_string(wanted.owner.value));
  });
  return made;
}

/// Several peers want the same book at once: the shortest way to contending grants and miners.
void World::request_by_several(Home& first) {
  const auto wanted = choose_book(first);
  if (!wanted) return;
  std::vector<PeerPort> asking;
  for (const auto port : honest_) {
    if (port != first.identity.port && port != wanted->owner) asking.push_back(port);
  }
  chance_.shuffle(asking);
  asking.insert(asking.begin(), first.identity.port);
  asking.resize(std::min<std::size_t>(asking.size(), chance_.between(2, 3)));
  std::uint64_t made = 0;
  for (const auto port : asking) {
    auto& acting = home(port);
    const bool knows = catalogue.get(acting.store, wanted->book).has_value();
    if (requests_left_ == 0 || !is_up(acting) || !knows) continue;
    --requests_left_;
    if (request_book(acting, *wanted)) ++made;
  }
  if (made > 1) counts_.add(Work::contended_requests, made);
}

/// A user who gives up, claims, settles, refuses or asks again where nothing of it is called for.
void World::user_meddles(Home& home) {
  const auto open = open_exchanges(home.store);
  if (open.empty()) return;
  const auto& exchange = open[chance_.below(open.size())];
  Wish wish = WishAskAgain{exchange};
  switch (chance_.below(8)) {
    case 0: wish = WishAbort{exchange, {}}; break;
    case 1: wish = WishRefuse{exchange, {}}; break;
    case 2: wish = WishSettle{exchange}; break;
    case 3: wish = WishClaim{exchange}; break;
    default: break;
  }
  event(home, [&] {
    const bool done = home.courier->wish(wish).has_value();
    if (done && std::holds_alternative<WishAbort>(wish)) counts_.add(Work::user_aborts);
    const bool ends_it = std::holds_alternative<WishAbort>(wish) || std::holds_alternative<WishRefuse>(wish);
    if (done && ends_it) given_up_.insert(exchange);
  });
}

void World::user_acts() {
  auto& acting = any_home();
  if (!is_up(acting)) return;
  const auto what = chance_.below(100);
  if (what < 55) {
    if (requests_left_ == 0) return;
    if (chance_.chance(250)) return request_by_several(acting);
    --requests_left_;
    if (const auto wanted = choose_book(acting)) (void)request_book(acting, *wanted);
    return;
  }
  if (what < 60) {
    if (add_book(acting)) counts_.add(Work::new_books);
    return;
  }
  if (what < 75) return user_meddles(acting);
}

/// Where nothing goes wrong and nobody lies, an exchange that neither user gave up, about a book that nobody else asked
/// for, has no reason to be over without its transfer: a network in which everything is given up ends as well.
void World::check_undisturbed() {
  if (plan_.faults.any() || plan_.villains > 0) return;
  std::map<BookId, std::size_t> requests;
  for (const auto& tracked : tracked_) ++requests[tracked.book];
  for (const auto& tracked : tracked_) {
    if (requests.at(tracked.book) > 1 || given_up_.contains(tracked.exchange)) continue;
    if (!watcher_->chain().transfers().contains(tracked.exchange.bytes))
      throw Violation{"an exchange that nothing disturbs is committed", to_hex(tracked.exchange)};
    counts_.add(Work::undisturbed);
  }
}

}  // namespace bookchain::sim

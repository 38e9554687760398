#include "tests/sim/world.hpp"

#include <algorithm>

#include "ledger/chain.hpp"
#include "ledger/consensus.hpp"
#include "ledger/records.hpp"
#include "tests/sim/planted.hpp"
#include "tests/sim/running_plan.hpp"
#include "tests/sim/villain.hpp"

namespace bookchain::sim {

namespace {

constexpr std::uint64_t start_of_time_us = 1'767'225'600'000'000;
constexpr std::size_t most_parcels = 16;

template <class Fixed>
Fixed derived(std::string_view purpose, std::uint64_t number) {
  const ByteView text(reinterpret_cast<const std::uint8_t*>(purpose.data()), purpose.size());
  return Fixed{sha256({text, encode(number)}).bytes};
}

}  // namespace

Home::Home(const Genesis& genesis, const Identity& who, SimNetwork& network, Misfortune& misfortune,
           const std::uint64_t& world_time, std::uint64_t seed)
    : identity(who),
      node(genesis, identity),
      shelf(who.port),
      environment(world_time, Random(seed, "entropy of " + std::to_string(who.port.value))),
      link(who.port, network, misfortune, shelf, Random(seed, "link of " + std::to_string(who.port.value))) {}

World::World(const Plan& plan)
    : plan_(plan),
      misfortune_(plan_, counts_),
      chance_(plan.seed, "world"),
      time_us_(start_of_time_us),
      network_(misfortune_, Random(plan.seed, "network")),
      requests_left_(plan.exchanges),
      restores_left_(plan.may_restore() && plan.villains < plan.faults_borne() ? 1 : 0) {
  forget_good_signatures();  // no run knows what another one verified
  make_network();
  make_homes();
  make_books();
}

World::~World() = default;

void World::make_network() {
  GenesisFields fields;
  fields.chunk_size = min_chunk_size;
  fields.work_bits = 1;
  fields.limits = Limits{std::uint64_t{4} * min_chunk_size, std::uint32_t{1} << 20U, std::uint32_t{1} << 18U};
  for (std::size_t i = 0; i < plan_.peers; ++i) {
    const PeerPort port{static_cast<std::uint16_t>(5000 + i)};
    const Identity identity{port, derived<SigningKey>("sim signing", port.value),
                            derived<AgreementKey>("sim agreement", port.value)};
    fields.peers.push_back(Peer{port, verify_key(identity.signing_key), agreement_point(identity.agreement_key),
                                "spool:" + std::to_string(port.value)});
    identities_.emplace(port, identity);
  }
  auto made = Genesis::make(std::move(fields));
  if (!made) throw Violation{"the simulator's own network is valid", made.error().subject};
  genesis_ = std::make_unique<Genesis>(std::move(made).value());
  watcher_ = std::make_unique<Watcher>(*genesis_, counts_, story_);
  for (const auto& [from, identity] : identities_) {
    for (const auto& [to, unused] : identities_) {
      if (from != to) channels_.emplace(std::pair(from, to), transport::Channel::make(*genesis_, identity, to).value());
    }
  }
}

void World::make_homes() {
  std::vector<PeerPort> ports;
  for (const auto& [port, identity] : identities_) ports.push_back(port);
  auto order = ports;
  chance_.shuffle(order);
  const std::set<PeerPort> liars(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(plan_.villains));
  for (const auto port : ports) {
    if (liars.contains(port)) {
      watcher_->set_villain(port);
      villains_.emplace(port, std::make_unique<Villain>(*this, identities_.at(port)));
      continue;
    }
    honest_.push_back(port);
    auto made = std::make_unique<Home>(*genesis_, identities_.at(port), network_, misfortune_, time_us_, plan_.seed);
    auto* at = made.get();
    at->link.watch = [this, at](PeerPort to, const std::vector<Bytes>& envelopes) {
      for (const auto& envelope : envelopes) trace_.add(envelope);
      watcher_->sending(at->identity.port, to, envelopes, at->store, channels_.at({at->identity.port, to}));
    };
    at->link.between_sends = [this] { reached(transport::KillPoint::after_send); };
    break_store(*at);
    break_shelf(*at);
    if (misfortune_.happens(Fault::clock_skew, 600)) {
      at->environment.offset_us =
          static_cast<std::int64_t>(misfortune_.chance(Fault::clock_skew).below(7'200'000'000)) - 3'600'000'000;
    }
    homes_.emplace(port, std::move(made));
    start(*at);
  }
}

void World::make_books() {
  for (const auto port : honest_) {
    for (std::size_t i = 0; i < plan_.books; ++i) add_book(home(port));
  }
}

Home& World::any_home() { return home(chance_.pick(honest_)); }

void World::event(Home& home, const std::function<void()>& act) {
  acting_ = &home;
  // All share what is remembered of signatures, also that they made them. In some runs nobody does, as in processes.
  if (plan_.seed % 4 == 0 && std::exchange(last_acting_, &home) != &home) forget_good_signatures();
  try {
    act();
    // A commit after which the process was to die, and that nobody was told of.
    if (home.dies_after_commit) throw Crashed{};
    if (dies_with_log(home, 200)) {
      counts_.add(DeathPlace::at_the_end_of_a_turn);
      throw Crashed{};
    }
  } catch (const Crashed&) {
    crash(home);
  }
  acting_ = nullptr;
  if (watcher_->height_of(home.identity.port) < watcher_->chain().height())
    planted::before_it_is_looked_at(home.store, *genesis_, identities_, Height{watcher_->chain().height()});
  watcher_->looked_at(home.identity.port, home.store);
  see_whether_caught_up(home);
}

// ---- what peers do ----

void World::take_turn(Home& home) {
  event(home, [&] {
    const transport::Courier::Intake intake{chance_.chance(200) ? chance_.between(1, 3) : most_parcels,
                                            std::numeric_limits<std::size_t>::max()};
    const transport::Policy policy{!chance_.chance(100), true, chance_.chance(100), is_patient(home.identity.port)};
    (void)home.courier->turn(intake, policy);
    // Who serves and has nothing to do settles its journals.
    constexpr std::uint64_t turns_to_rest = 64;
    if (step_ % turns_to_rest == 0) (void)home.journal->journals().settle();
  });
}

void World::let_peer_act() {
  std::vector<PeerPort> with_mail;
  for (const auto& [port, identity] : identities_) {
    if (network_.at(port).parcels.empty()) continue;
    if (villains_.contains(port) || is_up(home(port))) with_mail.push_back(port);
  }
  const auto port =
      !with_mail.empty() && !chance_.chance(100)
          ? chance_.pick(with_mail)
          : std::next(identities_.begin(), static_cast<std::ptrdiff_t>(chance_.below(identities_.size())))->first;
  trace_.add(port.value);
  if (const auto villain = villains_.find(port); villain != villains_.end()) {
    last_acting_ = nullptr;
    return villain->second->turn();
  }
  auto& acting = home(port);
  if (acting.wakes_at > step_) return;
  if (!acting.courier) start(acting);
  take_turn(acting);
}

// ---- what befalls them ----

/// Whether a peer has given a vote at a height that it does not know to be committed.
bool World::is_voting(const Home& home) const {
  const auto voter = voters.get(home.store, 0);
  return voter && voter->height.value == chain_head(*genesis_, home.store).height.value + 1;
}

/// Whether it has precommitted there.
bool World::holds_a_lock(const Home& home) const { return is_voting(home) && voters.get(home.store, 0)->lock; }

void World::strike() {
  std::vector<PeerPort> ports;
  for (const auto& [port, identity] : identities_) ports.push_back(port);
  network_.disturb(step_, ports);
  auto& struck = any_home();
  if (restores_left_ > 0) {
    // The copy is taken at any moment and put back a while later; most likely so that votes lie between.
    const bool has_voted = holds_a_lock(struck);
    const bool has_promised = !has_voted && is_voting(struck);
    if (chance_.chance(has_voted ? 2 : has_promised ? 250 : 10)) {
      back_up(struck);
    } else if (struck.backup && is_up(struck)) {
      const auto likely = has_voted ? 400U : 4U;
      const bool declared = misfortune_.happens(Fault::restore, likely);
      if (declared || misfortune_.happens(Fault::undeclared_restore, likely)) {
        --restores_left_;
        restore(struck, declared);
        if (!declared) return;
      }
    }
  }
  if (!is_up(struck)) return;
  if (struck.caught_up && struck.backup && !struck.restored_again && chance_.chance(holds_a_lock(struck) ? 300 : 10)) {
    return restore_again(struck);
  }
  if (misfortune_.happens(Fault::crash, 3)) {
    counts_.add(DeathPlace::between_turns);
    return crash(struck);
  }
  if (misfortune_.happens(Fault::full_disk, 3)) {
    struck.full_until = step_ + misfortune_.chance(Fault::full_disk).between(20, 200);
  }
  if (misfortune_.happens(Fault::pause, 4)) {
    struck.wakes_at = step_ + misfortune_.chance(Fault::pause).between(20, 120);
    return;
  }
  if (misfortune_.happens(Fault::clock_jump, 5)) {
    struck.environment.offset_us +=
        static_cast<std::int64_t>(misfortune_.chance(Fault::clock_jump).below(1'200'000'000)) - 600'000'000;
  }
}

void World::jump_to_next_wake() {
  std::optional<std::uint64_t> next;
  for (const auto port : honest_) {
    auto& at = home(port);
    if (!is_up(at)) continue;
    const auto wake = at.courier->next_wake();
    if (!wake) continue;
    const auto now = at.environment.now().value;
    const auto left = wake->value > now ? wake->value - now : 1;
    if (!next || left < *next) next = left;
  }
  time_us_ += next ? *next : 1'000'000;
}

void World::one_event() {
  ++step_;
  ++counts_.steps;
  story_.set_step(step_);
  set_running_step(step_);
  time_us_ += 1 + chance_.below(chance_.chance(20) ? 6'000'000 : 20'000);
  trace_.add(step_);
  const auto what = chance_.below(100);
  strike();
  if (what < 8) return user_acts();
  if (what < 55) {
    // About as much moves as one turn sends, in networks of every size.
    const auto files = chance_.between(1, plan_.peers - 1);
    bool moved = false;
    for (std::uint64_t i = 0; i < files; ++i) moved = network_.move_one(step_) || moved;
    if (moved) return;
    // Nothing moves and nobody has mail: only time can bring anything.
    const auto has_mail = [&](const auto& one) { return !network_.at(one.first).parcels.empty(); };
    if (std::ranges::none_of(identities_, has_mail)) jump_to_next_wake();
  }
  let_peer_act();
}

void World::run() {
  while (step_ < plan_.steps) one_event();
  heal();
  settle();
  check_undisturbed();
  check_end();
}

}  // namespace bookchain::sim

#include "cli/ceremony.hpp"

#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include "cli/card_file.hpp"
#include "cli/home.hpp"
#include "cli/network_file.hpp"
#include "cli/new_peer.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/spool_access.hpp"
#include "ledger/store/sqlite_store.hpp"

namespace bookchain::cli {

using namespace ledger;
namespace fs = boost::filesystem;

namespace {

/// The state of a home that is being made; it takes its own name when it is complete.
constexpr std::string_view new_state_name = "state.new";

path in(const path& home, std::string_view name) { return home / std::string(name); }

/// The same place under one name, whether it is there yet or not.
path whole(const path& place) {
  boost::system::error_code failed;
  const auto here = fs::current_path(failed);
  const auto full = place.is_absolute() || failed ? place : here / place;
  auto found = fs::weakly_canonical(full, failed);
  return failed ? full.lexically_normal() : found;
}

/// The same, but what stands at the place itself is not followed if it is a link.
path whole_but_last(const path& place) {
  auto plain = place.lexically_normal();
  while (plain.has_parent_path() && (plain.filename() == "." || plain.filename() == "/")) plain = plain.parent_path();
  const auto parent = plain.has_parent_path() ? plain.parent_path() : path(".");
  const bool has_a_name = plain.has_relative_path() && plain.filename() != "..";
  return has_a_name ? whole(parent) / plain.filename() : whole(plain);
}

Error taken(std::string what, const path& where, std::string hint) {
  return Error{Token::home_exists, std::move(what), where.string(), std::move(hint)};
}

Error no_keys(const path& home) {
  return Error{Token::home_missing, "there are no keys of a peer here", home.string(),
               "make them: bookchain keygen --home " + shell_word(home.string()) + " --port N"};
}

// ---- keys ----

/// The keys of the plan, those that are there or new ones.
Result<PeerKeys> keys_for(const KeyPlan& plan, bool& made) {
  const auto file = in(plan.home, keys_file_name);
  auto wanted = make_peer_keys(plan.port, plan.seed);
  if (!is_there(file)) {
    if (is_there(in(plan.home, card_file_name)) || is_there(in(plan.home, config_file_name))) {
      return taken("the home of a peer is here, but its keys are not", plan.home,
                   "put keys.yaml back from a backup, or choose another directory");
    }
    BOOKCHAIN_CHECK(write_text_file(file, write_keys(wanted), 0600));
    made = true;
    return wanted;
  }
  BOOKCHAIN_TRY(auto keys, load_keys(plan.home));
  const bool same_seed = keys.seed == wanted.seed;
  if (keys.identity.port != plan.port || !same_seed) {
    return taken("other keys are here already, of peer " + std::to_string(keys.identity.port.value), plan.home,
                 "choose another directory, or give the options they were made with");
  }
  return keys;
}

std::string address_for(const KeyPlan& plan) {
  return plan.address.value_or("spool:" + (whole(plan.home) / "spool").string());
}

/// The card of these keys, as it is there or new.
Result<Signed<Card>> card_for(const KeyPlan& plan, const PeerKeys& keys, bool& replaces) {
  const auto file = in(plan.home, card_file_name);
  const auto& [port, signing_key, agreement_key] = keys.identity;
  auto card = sign_card(port, signing_key, agreement_key, address_for(plan), keys.seed.has_value());
  if (is_there(file)) {
    BOOKCHAIN_TRY(auto before, load_card(file));
    if (before == card || !plan.address) return before;
    if (is_there(in(plan.home, config_file_name))) {
      return taken("the peer has joined a network with another address", plan.home,
                   "the others can give it another one in their config.yaml, under addresses");
    }
    replaces = true;
  }
  BOOKCHAIN_CHECK(check_card(card));
  BOOKCHAIN_CHECK(write_text_file(file, write_card(card), 0644));
  return card;
}

// ---- joining ----

/// That the network has this very card: what another would put there in its place is refused.
Result<void> check_own_card(const path& home, const PeerKeys& keys, const Genesis& genesis) {
  const auto port = std::to_string(keys.identity.port.value);
  const auto* peer = genesis.find(keys.identity.port);
  if (peer == nullptr) {
    return Error{Token::unknown_peer, "the network has no peer of this home's port", port,
                 "give " + in(home, card_file_name).string() + " to whoever makes the network file"};
  }
  const auto wrong = [&](std::string what) {
    return Error{Token::wrong_network, std::move(what), port,
                 "do not use this network file: the one who made it had another card than yours"};
  };
  if (peer->verify_key != verify_key(keys.identity.signing_key) ||
      peer->agreement_point != agreement_point(keys.identity.agreement_key)) {
    return wrong("the network file has other keys for this peer than its own");
  }
  if (genesis.fields().test_network != keys.seed.has_value()) {
    return wrong(keys.seed ? "the keys come from a seed, and this is no test network"
                           : "this is a test network, and the keys of this peer come from no seed");
  }
  const auto card_file = in(home, card_file_name);
  if (!is_there(card_file)) return success();
  BOOKCHAIN_TRY(const auto card, load_card(card_file));
  if (card_id(card) != card_id(genesis, *peer)) {
    return wrong("the network file has another address for this peer than its card");
  }
  return success();
}

/// What is in the home if it has joined this network before; nothing if it has joined none.
Result<std::optional<Joined>> joined_before(const JoinPlan& plan, const Genesis& genesis) {
  if (!is_there(in(plan.home, config_file_name))) {
    if (!is_there(in(plan.home, state_file_name))) return std::optional<Joined>{};
    // A join that was cut short leaves a state that nobody worked with. Any other holds what the peer signed.
    BOOKCHAIN_TRY(const auto is_new, is_new_state(in(plan.home, state_file_name)));
    if (is_new) return std::optional<Joined>{};
    return taken("the home has the state of a peer, but no config.yaml", plan.home,
                 "put config.yaml and network.yaml back from a backup");
  }
  BOOKCHAIN_TRY(const auto files, load_peer_files(plan.home));
  if (files->genesis.id() != genesis.id()) {
    return taken("the home has joined another network", plan.home, "a peer of another network needs a home of its own");
  }
  if (plan.spool && whole(*plan.spool) != whole(files->spool)) {
    return taken("the peer has joined with another spool", files->spool, "the spool stands in config.yaml");
  }
  const auto had = files->access.value_or(Access{Access::To::nobody, {}});
  if (plan.access && *plan.access != had) {
    return taken(
        "the peer has joined with access for others: " + write_access(had), plan.home,
        "say access: \"" + write_access(*plan.access) + "\" in its config.yaml, then join without that option");
  }
  BOOKCHAIN_CHECK(reopen_spool(*files, plan.trust_group));
  return std::optional(Joined{files->genesis, files->port(), whole(files->spool), false});
}

/// The spool that the card names, unless another way to it is given.
path spool_for(const JoinPlan& plan, const Peer& self, const path& address_base) {
  if (plan.spool) return whole_but_last(*plan.spool);
  return whole_but_last(spool_at(self.address, address_base).value_or(plan.home / "spool"));
}

/// What SQLite keeps beside a file that is open, or could not be closed as it should be.
bool has_rest(const path& state) {
  return is_there(path(state.string() + "-wal")) || is_there(path(state.string() + "-shm"));
}

/// Makes state.sqlite, whole or not at all. One that is there is kept: joined_before has seen that it is new.
Result<void> make_new_state(const path& home, const Genesis& genesis) {
  if (is_there(in(home, state_file_name))) return success();
  const auto unfinished = in(home, new_state_name);
  for (const auto* rest : {"", "-wal", "-shm"}) BOOKCHAIN_CHECK(remove_tree(path(unfinished.string() + rest)));
  BOOKCHAIN_CHECK(make_state(unfinished, genesis, {}, {}));
  // SQLite moves its log into the file when that is closed, and tells nobody where it cannot. Under another name the
  // file would be without its log; once opened and closed again, it mostly is whole.
  if (has_rest(unfinished)) BOOKCHAIN_CHECK(SqliteStore::open(unfinished, SqliteStore::Mode::read_write));
  if (has_rest(unfinished)) {
    return Error{Token::io, "the state of the new home cannot be completed", unfinished.string(),
                 "give the command again"};
  }
  return rename_durably(unfinished, in(home, state_file_name));
}

/// config.yaml comes last: with it the home is complete.
Result<Joined> make_home(const JoinPlan& plan, const Genesis& genesis, PeerPort port) {
  const auto address_base = whole(plan.network_file).parent_path();
  const auto spool = spool_for(plan, *genesis.find(port), address_base);
  const auto access = plan.access.value_or(Access{});
  const bool alone = access.to == Access::To::nobody;
  if (alone) BOOKCHAIN_CHECK(make_spool(spool, genesis, port));
  BOOKCHAIN_CHECK(open_spool(plan.home, spool, access, false, plan.trust_group));
  BOOKCHAIN_CHECK(write_text_file(in(plan.home, network_file_name), write_network(genesis), 0600));
  BOOKCHAIN_CHECK(make_new_state(plan.home, genesis));
  HomeConfig config{port, std::string(network_file_name), address_base.string(), std::nullopt, access};
  if (spool != whole(plan.home / "spool")) config.spool = spool.string();
  BOOKCHAIN_CHECK(write_text_file(in(plan.home, config_file_name), write_config(config), 0600));
  return Joined{genesis, port, spool, true};
}

}  // namespace

Result<MadeKeys> make_keys(const KeyPlan& plan) {
  BOOKCHAIN_CHECK(make_directory(plan.home));
  BOOKCHAIN_CHECK(check_home_is_own(plan.home));
  BOOKCHAIN_TRY(auto lock, HomeLock::open(plan.home));
  BOOKCHAIN_CHECK(lock.take());
  bool made = false;
  BOOKCHAIN_TRY(const auto keys, keys_for(plan, made));
  bool replaces = false;
  BOOKCHAIN_TRY(auto card, card_for(plan, keys, replaces));
  return MadeKeys{in(plan.home, card_file_name), std::move(card), made, replaces};
}

Result<AssembledNetwork> assemble_network(const path& folder, const std::vector<path>& cards, std::uint8_t work_bits) {
  std::vector<Signed<Card>> read;
  for (const auto& file : cards) {
    BOOKCHAIN_TRY(auto card, load_card(file));
    read.push_back(std::move(card));
  }
  BOOKCHAIN_TRY(auto genesis, network_of_cards(std::move(read), work_bits));
  const auto file = in(folder, network_file_name);
  if (is_there(file)) {
    BOOKCHAIN_TRY(const auto there, load_network(file));
    if (there.id() == genesis.id()) return AssembledNetwork{file, there, false};
    return taken("another network is there", file, "choose another directory");
  }
  BOOKCHAIN_CHECK(make_directory(folder, 0755));
  BOOKCHAIN_CHECK(write_text_file(file, write_network(genesis), 0644));
  return AssembledNetwork{file, std::move(genesis), true};
}

Result<Joined> join_network(const JoinPlan& plan) {
  BOOKCHAIN_CHECK(check_home_is_own(plan.home));
  auto keys = load_keys(plan.home);
  if (!keys) {
    if (keys.error().token == Token::no_such_file) return no_keys(plan.home);
    return std::move(keys).as_failure();
  }
  if (plan.port && *plan.port != keys.value().identity.port) {
    return usage_error("the home is of another peer", plan.home.string(), "its port is in card.yaml");
  }
  BOOKCHAIN_TRY(const auto text, read_text_file(plan.network_file, max_network_file_bytes));
  BOOKCHAIN_TRY(const auto genesis, read_network(plan.network_file.string(), text));
  BOOKCHAIN_TRY(auto lock, HomeLock::open(plan.home));
  BOOKCHAIN_CHECK(lock.take());
  BOOKCHAIN_TRY(const auto before, joined_before(plan, genesis));
  if (before) return *before;
  BOOKCHAIN_CHECK(check_own_card(plan.home, keys.value(), genesis));
  return make_home(plan, genesis, keys.value().identity.port);
}

}  // namespace bookchain::cli

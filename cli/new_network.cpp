#include "cli/new_network.hpp"

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <numeric>

#include "cli/book_making.hpp"
#include "cli/network_file.hpp"
#include "cli/new_peer.hpp"

namespace bookchain::cli {

using namespace ledger;
namespace {

/// What the network was made with, so that making it again is seen to be the same.
constexpr std::string_view plan_name = ".bookchain-init";
/// Stands there while the network is being made: what lies beside it is unfinished.
constexpr std::string_view unfinished_name = ".bookchain-init.unfinished";

std::string describe(const NetworkPlan& plan) {
  std::string text = "ports";
  for (const auto port : plan.ports) text += " " + std::to_string(port.value);
  text += "\ntransport " + plan.transport + "\nauto-books " + std::to_string(plan.auto_books);
  text += "\nwork-bits " + std::to_string(plan.work_bits);
  // Not the seed itself: a copy of it in a second file serves nobody.
  text += "\nseed " +
          (plan.seed ? to_hex(derive(view_of(*plan.seed), "fingerprint")).substr(0, 16) : std::string("none")) + "\n";
  return text;
}

Error taken(const path& what) {
  return Error{Token::home_exists, "something is there already that this command did not make", what.string(),
               "choose another directory, or remove it"};
}

/// Of a network that was made, whatever became of it since.
Error gone(const path& what) {
  return Error{Token::home_missing, "the network was made, and a part of it is gone", what.string(),
               "put it back from a backup; to begin anew, remove the directory"};
}

struct NewPeer {
  PeerKeys keys;
  std::vector<ValueBook> books;

  [[nodiscard]] PeerPort port() const { return keys.identity.port; }
};

/// Values 0 to 9, distinct as long as there are enough of them, in an order drawn at random.
std::vector<std::string> draw_values(std::uint64_t count, transport::Environment& environment) {
  std::vector<std::string> values;
  std::vector<unsigned> left;
  while (values.size() < count) {
    if (left.empty()) {
      left.resize(10);
      std::iota(left.begin(), left.end(), 0U);
    }
    // 250 is the greatest multiple of ten in a byte: no value is likelier than another.
    std::uint8_t byte = 255;
    while (byte >= 250 - 250 % left.size()) environment.random({&byte, 1});
    const auto place = static_cast<std::ptrdiff_t>(byte % left.size());
    values.push_back(std::to_string(left[static_cast<std::size_t>(place)]));
    left.erase(left.begin() + place);
  }
  return values;
}

/// Home, keys, shelf with the first books. The state comes later, when the books of all are known.
Result<void> make_home(const path& home, NewPeer& peer, const Genesis& genesis, const NetworkPlan& plan) {
  BOOKCHAIN_CHECK(make_directory(home));
  const auto network_file = (path("..") / std::string(network_file_name)).string();
  const HomeConfig config{peer.port(), network_file, std::nullopt, std::nullopt, std::nullopt};
  BOOKCHAIN_CHECK(write_text_file(home / std::string(config_file_name), write_config(config), 0600));
  BOOKCHAIN_CHECK(write_text_file(home / std::string(keys_file_name), write_keys(peer.keys), 0600));
  ProcessEnvironment environment(peer.keys.seed, home / "draws", std::nullopt);
  BOOKCHAIN_CHECK(Shelf::open(home));
  for (const auto& value : draw_values(plan.auto_books, environment)) {
    BOOKCHAIN_TRY(auto book, make_value_book(environment, genesis, peer.keys.identity, value, peer.books.size() + 1));
    peer.books.push_back(std::move(book));
  }
  return success();
}

Result<Genesis> plan_genesis(const std::vector<NewPeer>& peers, const NetworkPlan& plan) {
  GenesisFields fields;
  fields.work_bits = plan.work_bits;
  fields.test_network = plan.seed.has_value();
  for (const auto& peer : peers) {
    const auto& identity = peer.keys.identity;
    const bool sockets = plan.transport == "socket";
    const auto address =
        (sockets ? "socket:" : "spool:") + std::to_string(identity.port.value) + (sockets ? "/socket" : "/spool");
    fields.peers.push_back(
        Peer{identity.port, verify_key(identity.signing_key), agreement_point(identity.agreement_key), address});
  }
  return Genesis::make(std::move(fields));
}

/// What an earlier try left, if its mark is there; everything else is somebody's.
Result<void> clear_ground(const path& folder, const NetworkPlan& plan) {
  const bool unfinished = is_there(folder / std::string(unfinished_name));
  for (const auto port : plan.ports) {
    const auto home = folder / std::to_string(port.value);
    if (!is_there(home)) continue;
    if (!unfinished) return taken(home);
    BOOKCHAIN_CHECK(remove_tree(home));
  }
  const auto network = folder / std::string(network_file_name);
  if (!is_there(network)) return success();
  if (!unfinished) return taken(network);
  return remove_tree(network);
}

Result<std::optional<MadeNetwork>> made_before(const path& folder, const NetworkPlan& plan) {
  if (!is_there(folder / std::string(plan_name))) return std::optional<MadeNetwork>{};
  BOOKCHAIN_TRY(const auto text, read_text_file(folder / std::string(plan_name), 4096));
  if (text != describe(plan)) {
    return Error{Token::home_exists, "the directory holds a network made with other options", folder.string(),
                 "choose another directory, or give the options it was made with"};
  }
  const auto network = folder / std::string(network_file_name);
  if (!is_there(network)) return gone(network);
  BOOKCHAIN_TRY(const auto genesis, load_network(network));
  MadeNetwork made{genesis.id(), plan.ports, false, {}};
  for (const auto port : plan.ports) {
    const auto parts = parts_of_home(folder / std::to_string(port.value));
    if (parts.any && parts.missing) return gone(*parts.missing);
    if (!parts.any) made.elsewhere.push_back(port);
  }
  return std::optional(std::move(made));
}

}  // namespace

Result<MadeNetwork> make_network(const path& folder, const NetworkPlan& plan) {
  BOOKCHAIN_TRY(const auto before, made_before(folder, plan));
  if (before) return *before;
  std::vector<NewPeer> peers;
  for (const auto port : plan.ports) peers.push_back(NewPeer{make_peer_keys(port, plan.seed), {}});
  BOOKCHAIN_TRY(const auto genesis, plan_genesis(peers, plan));
  BOOKCHAIN_CHECK(make_directory(folder, 0755));
  BOOKCHAIN_CHECK(clear_ground(folder, plan));
  const auto unfinished = folder / std::string(unfinished_name);
  BOOKCHAIN_CHECK(write_text_file(unfinished, describe(plan), 0600));
  // Every catalogue holds every book from the start; nothing is waiting.
  std::vector<Signed<Book>> books;
  for (auto& peer : peers) {
    BOOKCHAIN_CHECK(make_home(folder / std::to_string(peer.port().value), peer, genesis, plan));
    for (const auto& each : peer.books) books.push_back(each.book);
  }
  for (const auto& peer : peers) {
    const auto home = folder / std::to_string(peer.port().value);
    BOOKCHAIN_CHECK(make_state(home / std::string(state_file_name), genesis, books, peer.books));
    if (plan.transport != "socket") BOOKCHAIN_CHECK(make_spool(home / "spool", genesis, peer.port()));
  }
  BOOKCHAIN_CHECK(write_text_file(folder / std::string(network_file_name), write_network(genesis), 0644));
  BOOKCHAIN_CHECK(rename_durably(unfinished, folder / std::string(plan_name)));
  return MadeNetwork{genesis.id(), plan.ports, true, {}};
}

}  // namespace bookchain::cli

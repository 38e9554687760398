#include "cli/contacts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "ledger/codec.hpp"
#include "ledger/genesis.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::uint64_t noted_every_us = 1'000'000;
constexpr std::size_t max_file_bytes = 8192;

struct Entry {
  PeerPort port;
  Contact contact;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("port", self.port);
    visitor("contact", self.contact);
  }
};

struct Entries {
  std::vector<Entry> entries;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("entries", self.entries, max_peers);
  }
};

/// Whoever is heard within the network is in no other one.
bool note_heard(Contact& contact, Time now) {
  const bool lately = contact.heard && *contact.heard <= now && now.value - contact.heard->value < noted_every_us;
  if (lately && !contact.other_network) return false;
  contact = Contact{now, std::nullopt};
  return true;
}

bool note_other(Contact& contact, const NetworkId& network) {
  if (contact.other_network == network) return false;
  contact.other_network = network;
  return true;
}

bool note_all(std::map<PeerPort, Contact>& contacts, const std::set<PeerPort>& heard,
              const std::map<PeerPort, NetworkId>& other_networks, Time now) {
  bool changed = false;
  for (const auto& [port, network] : other_networks) {
    if (!heard.contains(port)) changed = note_other(contacts[port], network) || changed;
  }
  for (const auto port : heard) changed = note_heard(contacts[port], now) || changed;
  return changed;
}

}  // namespace

Contacts::Contacts(const path& home) : file_(home / "contacts") {}

std::map<PeerPort, Contact> Contacts::load() const {
  std::map<PeerPort, Contact> contacts;
  const auto bytes = read_small_file(file_, max_file_bytes);
  const auto list = bytes ? decode<Entries>(bytes.value()) : Result<Entries>(bytes.error());
  if (!list) return contacts;
  for (const auto& each : list.value().entries) contacts[each.port] = each.contact;
  return contacts;
}

void Contacts::note(const std::set<PeerPort>& heard, const std::map<PeerPort, NetworkId>& other_networks, Time now) {
  if (!note_all(noted_, heard, other_networks, now)) return;
  // Another process of this home may have written since.
  auto contacts = load();
  if (note_all(contacts, heard, other_networks, now)) save(contacts);
}

/// In one call and in its place, so that a reader finds it as it was or as it is.
void Contacts::save(const std::map<PeerPort, Contact>& contacts) const {
  Entries list;
  for (const auto& [port, contact] : contacts) list.entries.push_back(Entry{port, contact});
  const auto bytes = encode(list);
  const auto file = open_file(file_, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
  if (file && write_at(file.value().get(), bytes, 0, file_)) {
    (void)!::ftruncate(file.value().get(), static_cast<off_t>(bytes.size()));
  }
}

}  // namespace bookchain::cli

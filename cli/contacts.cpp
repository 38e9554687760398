#include "cli/contacts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "ledger/codec.hpp"
#include "ledger/genesis.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::uint64_t noted_every_us = 1'000'000;
constexpr const char* next_contacts = "contacts.new";
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

bool is_lately(Time time, Time now) { return !has_passed(time, now, noted_every_us); }

/// Whoever is heard within the network is in no other one.
bool note_heard(Contact& contact, Time now) {
  if (contact.heard && is_lately(*contact.heard, now) && !contact.other_network) return false;
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

Contacts::Contacts(const path& home) : file_(home / "contacts"), unfinished_(home / next_contacts) {}

std::map<PeerPort, Contact> Contacts::load() const {
  std::map<PeerPort, Contact> contacts;
  const auto bytes = read_small_file(file_, max_file_bytes);
  const auto list = bytes ? decode<Entries>(bytes.value()) : Result<Entries>(bytes.error());
  if (!list) return contacts;
  for (const auto& each : list.value().entries) contacts[each.port] = each.contact;
  return contacts;
}

/// Whoever calls in the name of a peer may name another network each time.
std::map<PeerPort, NetworkId> Contacts::due_to_be_noted(const std::map<PeerPort, NetworkId>& other_networks, Time now) {
  std::map<PeerPort, NetworkId> due;
  for (const auto& [port, network] : other_networks) {
    const auto noted = noted_.find(port);
    if (noted != noted_.end() && noted->second.other_network == network) continue;
    const auto last = other_noted_at_.find(port);
    if (last != other_noted_at_.end() && is_lately(last->second, now)) continue;
    other_noted_at_[port] = now;
    due.emplace(port, network);
  }
  return due;
}

void Contacts::note(const std::set<PeerPort>& heard, const std::map<PeerPort, NetworkId>& other_networks, Time now) {
  const auto others = due_to_be_noted(other_networks, now);
  if (!note_all(noted_, heard, others, now)) return;
  // Another process of this home may have written since.
  auto contacts = load();
  if (note_all(contacts, heard, others, now)) save(contacts);
}

/// By way of a new file, so that a reader finds the old one or this one, and whole.
void Contacts::save(const std::map<PeerPort, Contact>& contacts) const {
  Entries list;
  for (const auto& [port, contact] : contacts) list.entries.push_back(Entry{port, contact});
  // A killed process may have left one; the lock of the home is held, so nobody is at it.
  const auto file = open_file(unfinished_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  if (!file) return;
  const bool is_whole = write_all(file.value().get(), encode(list), unfinished_).has_value();
  if (!is_whole || ::rename(unfinished_.c_str(), file_.c_str()) != 0) ::unlink(unfinished_.c_str());
}

}  // namespace bookchain::cli

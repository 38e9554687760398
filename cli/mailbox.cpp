#include "cli/mailbox.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "cli/report.hpp"
#include "transport/spool_link.hpp"

namespace bookchain::cli {

using namespace ledger;
using transport::Channel;
using transport::Header;

namespace {

/// What a sender delivered. It can write there: no part of it is reached through a link.
Result<transport::SpoolFolder> waiting_from(const PeerFiles& files, PeerPort from) {
  BOOKCHAIN_TRY(const auto spool, transport::SpoolFolder::open(files.spool));
  BOOKCHAIN_TRY(const auto of_sender, spool.inside(std::to_string(from.value)));
  return of_sender.inside("new");
}

bool is_delivery(const std::string& name) {
  return !name.ends_with(transport::package_suffix) && !name.starts_with('.');
}

Letter unopened(std::size_t size, Error error) {
  Letter letter;
  letter.size = size;
  letter.error = std::move(error);
  return letter;
}

/// Lets through what was opened. Of what was not, the first `most` are let through and the rest only counted: one who
/// fills a file or a folder with rubbish does not fill the memory and the screen of whoever looks at it.
class UnopenedLimit {
 public:
  UnopenedLimit(std::size_t most, const VisitLetter& visit) : most_(most), visit_(visit) {}

  [[nodiscard]] bool pass_on(Letter letter) {
    if (letter.id) return visit_(std::move(letter));
    if (told_ < most_) {
      ++told_;
      return visit_(std::move(letter));
    }
    if (!rest_) {
      rest_ = std::move(letter);
      return true;
    }
    rest_->more += 1 + letter.more;
    return true;
  }
  [[nodiscard]] bool tell_rest() { return !rest_ || visit_(std::move(*rest_)); }

 private:
  std::size_t most_;
  std::size_t told_ = 0;
  const VisitLetter& visit_;
  std::optional<Letter> rest_;
};

constexpr std::size_t most_unopened_of_a_file = 10;
constexpr std::size_t most_unopened_of_a_sender = 1'000;

}  // namespace

Result<Mailbox> Mailbox::open(const Reader& reader) {
  std::map<PeerPort, Channel> channels;
  for (const auto& peer : reader.genesis().peers()) {
    if (peer.port == reader.port()) continue;
    BOOKCHAIN_TRY(auto channel, Channel::make(reader.genesis(), reader.files().identity, peer.port));
    channels.emplace(peer.port, std::move(channel));
  }
  return Mailbox(reader, std::move(channels));
}

std::size_t Mailbox::max_envelope_bytes() const {
  return reader_.genesis().fields().limits.message_bytes + transport::seal_overhead;
}

/// Only the channel's opened payloads and this peer's own outbox come here.
void Mailbox::describe(Letter& letter, const Header& header, const Bytes& payload) const {
  letter.from = header.from;
  letter.to = header.to;
  letter.id = transport::message_id(header, payload);
  letter.size = payload.size();
  if (header.number.value == 0) {
    letter.type = delivery_note_type;
    auto note = decode<transport::DeliveryNote>(payload);
    if (note) {
      letter.note = std::move(note).value();
    } else {
      letter.error = std::move(note).error();
    }
    return;
  }
  auto message = decode<Message>(payload);
  if (!message) {
    letter.error = std::move(message).error();
    return;
  }
  letter.type = name(message.value());
  letter.exchange = exchange_of(reader_.genesis().id(), message.value());
  letter.message = std::move(message).value();
}

Letter Mailbox::open_from(PeerPort from, ByteView envelope) const {
  const auto opened = channels_.at(from).open(envelope);
  if (!opened) return unopened(envelope.size(), opened.error());
  Letter letter;
  describe(letter, opened.value().header(), opened.value().payload());
  return letter;
}

/// The header of an envelope only claims whose it is; the seal of that pair decides.
Letter Mailbox::open_any(ByteView envelope) const {
  const auto header = decode<Header>(envelope.first(std::min(envelope.size(), transport::header_size)));
  if (!header) return unopened(envelope.size(), header.error());
  const auto self = reader_.port();
  const bool own = header.value().from == self;
  const auto other = channels_.find(own ? header.value().to : header.value().from);
  if (other == channels_.end() || (!own && header.value().to != self)) {
    return unopened(envelope.size(), Error{Token::wrong_recipient,
                                           "the message is sealed for another peer",
                                           std::to_string(header.value().to.value),
                                           {}});
  }
  const auto opened = own ? other->second.open_own(envelope) : other->second.open(envelope);
  if (!opened) return unopened(envelope.size(), opened.error());
  Letter letter;
  describe(letter, opened.value().header(), opened.value().payload());
  return letter;
}

void Mailbox::each_in_inbox(const VisitLetter& visit) const {
  for (const auto& [from, channel] : channels_) {
    const auto folder = waiting_from(reader_.files(), from);
    if (!folder) continue;
    UnopenedLimit limit(most_unopened_of_a_sender, visit);
    const auto pass_on = [&](Letter letter) { return limit.pass_on(std::move(letter)); };
    for (const auto& name : folder.value().names()) {
      if (is_delivery(name) && !each_in_file(from, folder.value(), name, pass_on)) return;
    }
    if (!limit.tell_rest()) return;
  }
}

bool Mailbox::each_in_file(PeerPort from, const transport::SpoolFolder& folder, const std::string& name,
                           const VisitLetter& visit) const {
  const VisitLetter pass_on = [&](Letter letter) {
    letter.file = folder / name;
    return visit(std::move(letter));
  };
  const auto envelopes = transport::read_mail(folder, name, max_envelope_bytes());
  if (!envelopes) {
    // Another process of this peer may have taken it in meanwhile.
    if (envelopes.error().token == Token::no_such_file) return true;
    const auto facts = folder.facts_of(name);
    return pass_on(unopened(facts ? facts->bytes : 0, envelopes.error()));
  }
  UnopenedLimit limit(most_unopened_of_a_file, pass_on);
  for (const auto& envelope : envelopes.value()) {
    if (!limit.pass_on(open_from(from, envelope))) return false;
  }
  return limit.tell_rest();
}

void Mailbox::each_in_outbox(const VisitLetter& visit) const {
  std::map<PeerPort, transport::OutgoingRecord> towards;
  for (auto& [to, record] : transport::outgoing_rows.all(reader_.state())) towards[to] = record;
  transport::outbox_rows.each(reader_.state(), {},
                              [&](const transport::OutboxKey& key, const transport::OutboxRecord& row) {
                                const auto& outgoing = towards[key.to];
                                Header header;
                                header.network = reader_.genesis().id();
                                header.from = reader_.port();
                                header.to = key.to;
                                header.epoch = outgoing.epoch;
                                header.number = key.number;
                                Letter letter;
                                describe(letter, header, row.payload);
                                letter.delivered = key.number < outgoing.fresh_from;
                                return visit(std::move(letter));
                              });
}

Result<std::vector<Letter>> Mailbox::read_file(const path& file) const {
  BOOKCHAIN_TRY(const auto envelopes, transport::read_mail(file, max_envelope_bytes()));
  std::vector<Letter> letters;
  const VisitLetter keep = [&](Letter letter) {
    letter.file = file;
    letters.push_back(std::move(letter));
    return true;
  };
  UnopenedLimit limit(most_unopened_of_a_file, keep);
  for (const auto& envelope : envelopes) (void)limit.pass_on(open_any(envelope));
  (void)limit.tell_rest();
  return letters;
}

bool mail_waits(const PeerFiles& files) {
  constexpr std::size_t a_few = 64;  // a delivery is among them, unless that many packages lie there
  return std::ranges::any_of(files.genesis.peers(), [&](const Peer& peer) {
    const auto folder = waiting_from(files, peer.port);
    // What a sender lets nobody remove, receive passes over.
    if (!folder || ::faccessat(folder.value().get(), ".", W_OK, AT_EACCESS) != 0) return false;
    const auto some = folder.value().names(a_few);
    if (std::ranges::any_of(some, is_delivery)) return true;
    return some.size() >= a_few && std::ranges::any_of(folder.value().names(), is_delivery);
  });
}

Json letter_value(const Letter& letter) {
  Json value;
  value["id"] = letter.id ? Json(to_hex(*letter.id)) : Json(nullptr);
  value["from"] = letter.from ? Json(letter.from->value) : Json(nullptr);
  value["to"] = letter.to ? Json(letter.to->value) : Json(nullptr);
  value["type"] = letter.type.empty() ? Json(nullptr) : Json(letter.type);
  value["exchange"] = letter.exchange ? Json(to_hex(*letter.exchange)) : Json(nullptr);
  value["size"] = letter.size;
  if (letter.error) {
    value["token"] = ledger::name(letter.error->token);
    value["reason"] = sentence(*letter.error);
  }
  if (letter.more > 0) value["more"] = letter.more;
  return value;
}

std::string remark_on(const Letter& letter) {
  if (!letter.error) return {};
  auto text = sentence(*letter.error);
  if (letter.more > 0) text += ", and " + std::to_string(letter.more) + " more that cannot be opened";
  return text;
}

}  // namespace bookchain::cli

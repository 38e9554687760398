// A courier whose link a test plays.
#pragma once

#include <boost/test/unit_test.hpp>

#include "ledger/store/memory_store.hpp"
#include "ledger/store/shelf.hpp"
#include "tests/transport/pair.hpp"
#include "tests/transport/tested.hpp"
#include "transport/courier.hpp"

namespace bookchain::transport::tests {

inline constexpr PeerPort other{5001};
inline constexpr PeerPort third{5002};

class PlayedLink final : public Link {
 public:
  std::map<PeerPort, std::size_t> left_waiting;  ///< beyond what receive() gives
  std::vector<Parcel> parcels;
  std::map<PeerPort, std::size_t> sent;
  std::vector<std::size_t> together;  ///< how many deliveries each call had
  std::vector<std::pair<PeerPort, ExchangeId>> lying;
  std::vector<std::pair<PeerPort, ExchangeId>> dropped;
  std::vector<OfferedPackage> offered;
  Result<void> dropping = success();
  std::size_t acknowledged = 0;
  std::map<PeerPort, std::size_t> given;  ///< and neither acknowledged nor put aside
  ParcelNames held;                       ///< that whoever asked last had already
  bool somebody_waits = false;
  std::size_t refusals = 0;  ///< so many times yet the quota of whoever is sent to keeps all from it

  [[nodiscard]] Result<std::vector<Parcel>> receive_beside(const ParcelNames& names, std::size_t /*most*/) override {
    held = names;
    for (const auto& parcel : parcels) given[parcel.from] += parcel.fault ? 0U : 1U;
    return std::exchange(parcels, {});
  }
  [[nodiscard]] std::map<PeerPort, std::size_t> waiting() const override {
    auto counts = left_waiting;
    for (const auto& parcel : parcels) ++counts[parcel.from];
    for (const auto& [from, count] : given) counts[from] += count;
    return counts;
  }
  [[nodiscard]] Result<void> acknowledge(const Parcel& parcel) override {
    ++acknowledged;
    --given[parcel.from];
    return success();
  }
  [[nodiscard]] Result<void> put_aside(const Parcel& parcel, const Error& /*reason*/) override {
    --given[parcel.from];
    return success();
  }
  [[nodiscard]] Result<std::unique_ptr<PackageSource>> open_package(PeerPort /*from*/,
                                                                    const ExchangeId& /*x*/) override {
    return Error{Token::no_such_file, "there is none", {}, {}};
  }
  [[nodiscard]] Result<void> drop_package(PeerPort from, const ExchangeId& of) override {
    dropped.emplace_back(from, of);
    return dropping;
  }
  [[nodiscard]] std::vector<std::pair<PeerPort, ExchangeId>> packages() const override { return lying; }
  [[nodiscard]] std::vector<OfferedPackage> offers() const override { return offered; }
  [[nodiscard]] Result<void> send(PeerPort to, const std::vector<Bytes>& envelopes,
                                  const std::vector<PackageFile>& /*packages*/) override {
    if (refusals > 0) {
      --refusals;
      return Error{Token::over_quota, "there is no room", {}, {}};
    }
    sent[to] += envelopes.size();
    return success();
  }
  [[nodiscard]] std::vector<Result<void>> send_all(const Deliveries& deliveries) override {
    together.push_back(deliveries.size());
    return Link::send_all(deliveries);
  }
  [[nodiscard]] bool still_waiting_at(PeerPort /*to*/) const override { return false; }
  [[nodiscard]] bool is_waited_for() const override { return somebody_waits; }
};

struct Peer : World {
  Folder folder;
  MemoryStore store;
  CountingEnvironment environment;
  PlayedLink link;
  Node node;
  Shelf shelf;
  Courier courier;

  Peer()
      : World(make_world()),
        node(genesis, identities[0]),
        shelf(Shelf::open(folder / "home").value()),
        courier(Courier::make({node, store, shelf, link, environment}).value()) {}

  void change(const std::function<void(Draft&)>& how) {
    Draft draft(store);
    how(draft);
    BOOST_REQUIRE(store.begin().has_value());
    store.apply(draft.take_effects().writes);
    BOOST_REQUIRE(store.commit().has_value());
  }
  void put_into_outbox(PeerPort to, const Bytes& payload = bytes_of("message"), bool with_package = false) {
    change([&](Draft& draft) {
      enqueue(draft, Header{protocol_version, genesis.id(), self, to, {}, {}},
              OutboxRecord{payload, with_package, environment.time}, Epoch{{1}});
    });
  }
  Report turn(const Policy& policy = {}) {
    auto report = courier.turn({}, policy);
    BOOST_REQUIRE(report.has_value());
    return std::move(report).value();
  }
};

/// A peer that serves, and is brought mail by `other`.
struct PatientPeer : Peer {
  Policy patient;
  Channel channel = Channel::make(genesis, identities[1], self).value();
  std::uint64_t numbers = 0;
  std::size_t parcels_brought = 0;

  PatientPeer() { patient.patient = true; }

  void bring(const Bytes& payload, Epoch epoch, MessageNumber number) {
    link.parcels.push_back(Parcel{other,
                                  "p" + std::to_string(++parcels_brought),
                                  {channel.seal(epoch, number, payload, Hash{{3}})},
                                  std::nullopt});
  }
  void bring_payload(const Bytes& payload) { bring(payload, Epoch{{2}}, MessageNumber{++numbers}); }
  void bring_message(const Message& message) { bring_payload(encode(message)); }
  /// About the first message of put_into_outbox().
  void bring_note_about_first() {
    const Header header{protocol_version, genesis.id(), self, other, Epoch{{1}}, MessageNumber{1}};
    const DeliveryNote note{{NoteEntry{header.epoch, header.number, message_id(header, bytes_of("message"))}}, {}};
    bring(encode(note), Epoch{}, MessageNumber{0});
  }
  void bring_vote(std::uint64_t round) { bring_message(NewRound{Height{1}, Ballot{Round{round}, other}}); }

  [[nodiscard]] static bool is_decided(const Report& report) { return !report.received.empty(); }
};

}  // namespace bookchain::transport::tests

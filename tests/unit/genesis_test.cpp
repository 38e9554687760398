// The network and its numbers (docs/protocol.md, section 2 "Network", "Numbers"), and certificates, which
// are counted by their signers.
#include "ledger/genesis.hpp"

#include <algorithm>
#include <functional>

#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

struct Numbers {
  std::size_t peers;
  std::size_t faults;
  std::size_t quorum;
  std::size_t majority;
  std::size_t acks;
  std::size_t threshold;
};
/// As section 2 lists them.
constexpr std::array numbers{Numbers{4, 1, 3, 2, 2, 2}, Numbers{5, 1, 4, 2, 2, 2},  Numbers{6, 1, 4, 3, 3, 3},
                             Numbers{7, 2, 5, 3, 3, 2}, Numbers{10, 3, 7, 5, 5, 3}, Numbers{13, 4, 9, 6, 7, 4}};

const std::vector<Peer>& all_peers() {
  static const auto fields = network_fields(max_peers);
  return fields.peers;
}
/// Keys of sixty-four peers are made once.
Genesis first_peers(std::size_t count) {
  GenesisFields fields;
  fields.peers.assign(all_peers().begin(), all_peers().begin() + static_cast<std::ptrdiff_t>(count));
  return value_of(Genesis::make(std::move(fields)));
}

/// What make() says of a network of four with one thing changed: "" if it takes it.
std::string refusal(const std::function<void(GenesisFields&)>& change) {
  GenesisFields fields;
  fields.peers.assign(all_peers().begin(), all_peers().begin() + 4);
  change(fields);
  const auto genesis = Genesis::make(std::move(fields));
  if (genesis) return "";
  BOOST_TEST(token_of(genesis) == "bad-value");
  return genesis.error().subject;
}

constexpr std::array ports{PeerPort{5000}, PeerPort{5001}, PeerPort{5002}, PeerPort{5003}};
const Precommit vote{Height{3}, Ballot{Round{1}, ports[0]}, filled<Hash>(7)};

CommitCertificate certificate_of(const Genesis& genesis, const std::vector<PeerPort>& signers) {
  CommitCertificate certificate{vote, {}};
  for (const auto port : signers) {
    certificate.votes.push_back(VoteSignature{port, signed_by(genesis, port, vote).signature});
  }
  return certificate;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(genesis)

BOOST_AUTO_TEST_CASE(the_numbers_are_those_that_section_2_lists) {
  for (const auto& row : numbers) {
    const auto network = first_peers(row.peers);
    BOOST_TEST_CONTEXT("n = " << row.peers) {
      BOOST_TEST(network.witness_count() == row.peers - 2);
      BOOST_TEST(network.faults_borne() == row.faults);
      BOOST_TEST(network.vote_quorum() == row.quorum);
      BOOST_TEST(network.witness_majority() == row.majority);
      BOOST_TEST(network.ack_quorum() == row.acks);
      BOOST_TEST(network.share_threshold() == row.threshold);
    }
  }
}

// Why the numbers are what they are, for every size that a network can have.
BOOST_AUTO_TEST_CASE(the_numbers_hold_what_section_2_says_of_them_at_every_size) {
  for (std::size_t n = min_peers; n <= max_peers; ++n) {
    const auto network = first_peers(n);
    const auto f = network.faults_borne();
    const auto q = network.vote_quorum();
    const auto m = network.witness_count();
    const auto a = network.witness_majority();
    const auto acks = network.ack_quorum();
    const auto t = network.share_threshold();
    BOOST_TEST_CONTEXT("n = " << n) {
      BOOST_TEST(3 * f < n);
      BOOST_TEST(n <= 3 * (f + 1));    // f is the most that is borne
      BOOST_TEST(2 * q >= n + f + 1);  // two quorums share an honest peer
      BOOST_TEST(q <= n - f);          // the honest are a quorum
      BOOST_TEST(2 * a > m);           // strictly more than half
      BOOST_TEST(2 * (a - 1) <= m);    // and no more than that takes
      BOOST_TEST(acks >= a);
      BOOST_TEST(acks <= m);            // reachable
      BOOST_TEST(acks - (f - 1) >= t);  // O and f - 1 lying witnesses leave t honest shares
      BOOST_TEST(f - 1 < t);            // R and f - 1 are one short at least
      BOOST_TEST(t <= m);
    }
  }
}

BOOST_AUTO_TEST_CASE(witnesses_are_all_others_in_port_order) {
  const auto network = first_peers(7);
  const auto witnesses = network.witnesses(PeerPort{5003}, PeerPort{5000});
  const std::vector expected{PeerPort{5001}, PeerPort{5002}, PeerPort{5004}, PeerPort{5005}, PeerPort{5006}};
  BOOST_TEST((witnesses == expected));
  BOOST_TEST((network.witnesses(PeerPort{5000}, PeerPort{5003}) == expected));
  for (std::uint32_t i = 0; i < expected.size(); ++i) {
    BOOST_TEST((network.witness_index(PeerPort{5003}, PeerPort{5000}, expected[i]) == std::optional(i)));
  }
  for (const auto none : std::array<std::uint16_t, 4>{5000, 5003, 5007, 0}) {
    BOOST_TEST(!network.witness_index(PeerPort{5003}, PeerPort{5000}, PeerPort{none}));
  }
}

BOOST_AUTO_TEST_CASE(a_peer_is_found_by_its_port_alone) {
  const auto network = first_peers(7);
  for (const auto& peer : network.peers()) BOOST_TEST(network.find(peer.port)->port.value == peer.port.value);
  for (const auto none : std::array<std::uint16_t, 4>{0, 4999, 5007, 65535})
    BOOST_TEST(network.find(PeerPort{none}) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_network_has_4_to_64_peers) {
  BOOST_TEST(refusal([](GenesisFields& fields) { fields.peers.pop_back(); }).starts_with("peers: a network has 4"));
  BOOST_TEST(refusal([](GenesisFields& fields) { fields.peers.clear(); }).starts_with("peers: a network has 4"));
  BOOST_TEST(refusal([](GenesisFields& fields) { fields.peers = all_peers(); }) == "");
  BOOST_TEST(refusal([](GenesisFields& fields) {
               fields.peers = network_fields(max_peers + 1).peers;
             }).starts_with("peers: a network has 4"));
}

BOOST_AUTO_TEST_CASE(ports_that_repeat_are_0_or_out_of_order_are_refused) {
  const auto with_ports = [](std::array<std::uint16_t, 4> chosen) {
    return refusal([&](GenesisFields& fields) {
      for (std::size_t i = 0; i < 4; ++i) fields.peers[i].port = PeerPort{chosen[i]};
    });
  };
  BOOST_TEST(with_ports({1, 2, 3, 65535}) == "");
  BOOST_TEST(with_ports({0, 1, 2, 3}) == "peers: port 0 is 0, repeated or out of order");
  BOOST_TEST(with_ports({1, 2, 2, 3}) == "peers: port 2 is 0, repeated or out of order");
  BOOST_TEST(with_ports({1, 3, 2, 4}) == "peers: port 2 is 0, repeated or out of order");
}

BOOST_AUTO_TEST_CASE(keys_that_repeat_or_are_unsound_are_refused) {
  BOOST_TEST(refusal([](GenesisFields& fields) { fields.peers[3].verify_key = fields.peers[0].verify_key; }) ==
             "peers: a key of port 5003 is used twice");
  BOOST_TEST(refusal([](GenesisFields& fields) {
               fields.peers[2].agreement_point = fields.peers[1].agreement_point;
             }) == "peers: a key of port 5002 is used twice");
  BOOST_TEST(refusal([](GenesisFields& fields) {
               fields.peers[1].agreement_point = rename<AgreementPoint>(fields.peers[1].verify_key);
             }) == "peers: a key of port 5001 is used twice");
  BOOST_TEST(refusal([](GenesisFields& fields) { fields.peers[1].verify_key = VerifyKey{{1}}; }) ==
             "peers: the Ed25519 key of port 5001 is unsound");
  BOOST_TEST(refusal([](GenesisFields& fields) { fields.peers[1].agreement_point = AgreementPoint{}; }) ==
             "peers: the X25519 key of port 5001 is unsound");
}

BOOST_AUTO_TEST_CASE(addresses_and_sizes_are_within_their_bounds) {
  struct Case {
    std::function<void(GenesisFields&)> change;
    std::string_view begins;  ///< of the refusal; empty: it is taken
  };
  const std::vector<Case> cases{
      {[](GenesisFields& fields) { fields.peers[0].address.clear(); }, "peers: the address of port 5000"},
      {[](GenesisFields& fields) { fields.peers[0].address = std::string(255, 'a'); }, ""},
      {[](GenesisFields& fields) { fields.peers[0].address = std::string(256, 'a'); }, "peers: the address"},
      {[](GenesisFields& fields) { fields.peers[0].address = "spool:\xff"; }, "peers: the address"},
      {[](GenesisFields& fields) { fields.chunk_size = 1024; }, ""},
      {[](GenesisFields& fields) { fields.chunk_size = 1023; }, "chunk_size"},
      {[](GenesisFields& fields) { fields.chunk_size = 1U << 20U; }, ""},
      {[](GenesisFields& fields) { fields.chunk_size = (1U << 20U) + 1; }, "chunk_size"},
      {[](GenesisFields& fields) { fields.work_bits = 0; }, ""},
      {[](GenesisFields& fields) { fields.work_bits = 24; }, ""},
      {[](GenesisFields& fields) { fields.work_bits = 25; }, "work_bits"},
      {[](GenesisFields& fields) { fields.limits.book_bytes = 0; }, "book_bytes"},
      {[](GenesisFields& fields) { fields.limits.book_bytes = std::uint64_t{1} << 40U; }, ""},
      {[](GenesisFields& fields) { fields.limits.book_bytes = (std::uint64_t{1} << 40U) + 1; }, "book_bytes"},
      {[](GenesisFields& fields) { fields.limits.message_bytes = (1U << 20U) - 1; }, "message_bytes"},
      {[](GenesisFields& fields) { fields.limits.message_bytes = (1U << 26U) + 1; }, "message_bytes"},
      {[](GenesisFields& fields) { fields.limits.block_bytes = (1U << 18U) - 1; }, "block_bytes: 2^18"},
      {[](GenesisFields& fields) { fields.limits.block_bytes = fields.limits.message_bytes / 2; }, ""},
      {[](GenesisFields& fields) { fields.limits.block_bytes = fields.limits.message_bytes / 2 + 1; },
       "block_bytes: 2^18"},
      {[](GenesisFields& fields) {
         fields.chunk_size = 1U << 20U;
         fields.limits.block_bytes = (1U << 20U) + 65535;
       },
       "block_bytes: at least chunk_size"},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto told = refusal(cases[i].change);
    const bool as_expected = cases[i].begins.empty() ? told.empty() : told.starts_with(cases[i].begins);
    BOOST_TEST(as_expected, "case " << i << ": " << told);
  }
}

// Section 2: the network id "is inside everything that is signed or sealed", so it must name everything.
BOOST_AUTO_TEST_CASE(the_network_id_changes_with_every_field) {
  const auto id_with = [](const std::function<void(GenesisFields&)>& change) {
    GenesisFields fields;
    fields.peers.assign(all_peers().begin(), all_peers().begin() + 4);
    change(fields);
    return value_of(Genesis::make(std::move(fields))).id();
  };
  std::vector<NetworkId> ids{
      id_with([](GenesisFields&) {}),
      id_with([](GenesisFields& fields) { fields.peers.push_back(all_peers()[4]); }),
      id_with([](GenesisFields& fields) { fields.peers[3].port = PeerPort{5004}; }),
      id_with([](GenesisFields& fields) { fields.peers[3].verify_key = all_peers()[5].verify_key; }),
      id_with([](GenesisFields& fields) { fields.peers[3].agreement_point = all_peers()[5].agreement_point; }),
      id_with([](GenesisFields& fields) { fields.peers[3].address += "x"; }),
      id_with([](GenesisFields& fields) { fields.chunk_size += 1; }),
      id_with([](GenesisFields& fields) { fields.work_bits += 1; }),
      id_with([](GenesisFields& fields) { fields.test_network = true; }),
      id_with([](GenesisFields& fields) { fields.limits.book_bytes += 1; }),
      id_with([](GenesisFields& fields) { fields.limits.message_bytes += 1; }),
      id_with([](GenesisFields& fields) { fields.limits.block_bytes += 1; }),
  };
  std::ranges::sort(ids);
  BOOST_TEST((std::ranges::adjacent_find(ids) == ids.end()));
}

BOOST_AUTO_TEST_CASE(a_certificate_needs_a_quorum_of_good_votes) {
  const auto network = first_peers(4);
  BOOST_TEST(token_of(network.check_certificate(certificate_of(network, {ports[0], ports[1]}))) == "no-quorum");
  BOOST_TEST(token_of(network.check_certificate(certificate_of(network, {ports[0], ports[2], ports[3]}))) == "success");
  BOOST_TEST(token_of(network.check_certificate(certificate_of(network, {ports[0], ports[1], ports[2], ports[3]}))) ==
             "success");
  BOOST_TEST(token_of(network.check_certificate(CommitCertificate{vote, {}})) == "no-quorum");
}

// Keyed by the signer, not by (signer, signature): else one peer with two signatures is a quorum.
BOOST_AUTO_TEST_CASE(one_signer_twice_is_no_quorum) {
  const auto network = first_peers(4);
  auto certificate = certificate_of(network, {ports[0], ports[1], ports[1]});
  BOOST_TEST(token_of(network.check_certificate(certificate)) == "no-quorum");
  certificate = certificate_of(network, {ports[0], ports[1], ports[1], ports[2]});
  BOOST_TEST(token_of(network.check_certificate(certificate)) == "no-quorum");
  certificate = certificate_of(network, {ports[1], ports[0], ports[2]});
  BOOST_TEST(token_of(network.check_certificate(certificate)) == "no-quorum");
}

BOOST_AUTO_TEST_CASE(a_certificate_with_any_bad_vote_is_refused) {
  const auto network = first_peers(4);
  const std::vector all(ports.begin(), ports.end());
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto certificate = certificate_of(network, all);
    certificate.votes[i].signature.bytes[0] ^= 1U;
    BOOST_TEST(token_of(network.check_certificate(certificate)) == "bad-signature");
  }
  auto certificate = certificate_of(network, {ports[0], ports[1], ports[2], PeerPort{6000}});
  BOOST_TEST(token_of(network.check_certificate(certificate)) == "unknown-peer");
  certificate = certificate_of(network, all);
  certificate.vote.ballot.round.value += 1;
  BOOST_TEST(token_of(network.check_certificate(certificate)) == "bad-signature");
}

// Section 6: "a statement of one type passed off as another".
BOOST_AUTO_TEST_CASE(prevotes_are_no_commit_certificate) {
  const auto network = first_peers(4);
  CommitCertificate certificate{vote, {}};
  for (const auto port : ports) {
    const auto prevote = signed_by(network, port, Prevote{vote.height, vote.ballot, vote.block});
    certificate.votes.push_back(VoteSignature{port, prevote.signature});
  }
  BOOST_TEST(token_of(network.check_certificate(certificate)) == "bad-signature");
}

/// Good signatures are remembered; nothing else is taken for one.
BOOST_AUTO_TEST_CASE(a_statement_that_was_checked_once_is_refused_with_any_bit_changed) {
  const auto genesis = network_of(4);
  const Ack ack{filled<ExchangeId>(1), filled<Hash>(2)};
  const auto good = signed_by(genesis, ports[0], ack);
  for (int again = 0; again < 2; ++again) require_success(genesis.check(good));
  for (std::size_t bit = 0; bit < Signature::size * 8; ++bit) {
    auto changed = good;
    changed.signature.bytes[bit / 8] = static_cast<std::uint8_t>(changed.signature.bytes[bit / 8] ^ (1U << (bit % 8)));
    for (int again = 0; again < 2; ++again) BOOST_TEST(token_of(genesis.check(changed)) == "bad-signature", bit);
  }
  auto other = good;
  other.body.grant.bytes[0] ^= 1U;
  BOOST_TEST(token_of(genesis.check(other)) == "bad-signature");
  other = good;
  other.signer = ports[1];
  BOOST_TEST(token_of(genesis.check(other)) == "bad-signature");
}

/// What a peer signed itself is remembered as well, as signed with its own key, whatever port it writes above it.
BOOST_AUTO_TEST_CASE(what_a_peer_signed_in_the_name_of_another_is_refused_by_itself_too) {
  const auto genesis = network_of(4);
  const Ack ack{filled<ExchangeId>(3), filled<Hash>(4)};
  const auto own = genesis.sign(ports[0], signing_key_of(ports[0]), ack);
  BOOST_TEST((own == signed_by(genesis, ports[0], ack)));
  const auto forged = genesis.sign(ports[1], signing_key_of(ports[0]), ack);
  for (int again = 0; again < 2; ++again) {
    require_success(genesis.check(own));
    BOOST_TEST(token_of(genesis.check(forged)) == "bad-signature");
    forget_good_signatures();
  }
}

BOOST_AUTO_TEST_SUITE_END()

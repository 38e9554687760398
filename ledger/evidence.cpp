#include "ledger/evidence.hpp"

#include <algorithm>

#include "ledger/genesis.hpp"

namespace bookchain::ledger {

namespace {

/// Names of a kind of evidence: one line a kind, in the order of the variant.
struct Names {
  std::string_view fault;
  std::string_view kind;
  std::string_view part;
};
constexpr std::string_view equivocation = "equivocation";
constexpr std::array<Names, std::variant_size_v<Evidence>> names{{
    {"bad-chunk", "bad-chunk", "owner"},
    {"bad-deal", "bad-deal", "owner"},
    {"two-grants", equivocation, "owner"},
    {"double-sale", equivocation, "owner"},
    {"release-and-abort", equivocation, "owner"},
    {"two-consents", equivocation, "requester"},
    {"two-id-answers", equivocation, "witness"},
    {"two-answers", equivocation, "voter"},
    {"two-proposals", equivocation, "proposer"},
    {"two-prevotes", equivocation, "voter"},
    {"two-precommits", equivocation, "voter"},
    {"hidden-lock", equivocation, "voter"},
}};

/// Who is accused and of what, for each kind: the bytes in `subject` make the id.
struct Accuse {
  const Genesis& genesis;
  Accusation about;
  Bytes subject;

  void of_exchange(PeerPort accused, const ExchangeId& exchange) {
    about.accused = accused;
    about.exchange = exchange;
    subject = encode(exchange);
  }
  void of_turn(const Signed<Request>& request, const Signed<Grant>& grant) {
    about.accused = grant.signer;
    about.exchange = grant.body.exchange;
    about.book = request.body.book;
    subject = encode_all(request.body.book, grant.body.version, grant.body.turn);
  }
  void of_ballot(PeerPort accused, Height height, const Ballot& ballot) {
    about.accused = accused;
    about.height = height;
    subject = encode_all(height, ballot);
  }

  void operator()(const FalseBook& held) {
    of_exchange(held.grant.signer, held.grant.body.exchange);
    about.book = held.request.body.book;
  }
  void operator()(const FalseShares& held) {
    of_exchange(held.grant.signer, held.grant.body.exchange);
    about.book = held.request.body.book;
  }
  void operator()(const Contradiction<Grant>& held) { of_exchange(held.first.signer, held.first.body.exchange); }
  void operator()(const DoubleSale& held) { of_turn(held.first_request, held.first); }
  void operator()(const ReleaseAndAbort& held) { of_turn(held.request, held.grant); }
  void operator()(const Contradiction<Consent>& held) { of_exchange(held.first.signer, held.first.body.exchange); }
  void operator()(const Contradiction<IdAnswer>& held) {
    of_exchange(held.first.signer, held.first.body.exchange);
    subject = encode(held.first.body.consent);
  }
  template <class Vote>
  void operator()(const Contradiction<Vote>& held) {
    of_ballot(held.first.signer, held.first.body.height, held.first.body.ballot);
  }
  void operator()(const HiddenLock& held) {
    of_ballot(held.precommit.signer, held.precommit.body.height, held.precommit.body.ballot);
  }
};

constexpr std::string_view id_tag = "bookchain/1 evidence";

}  // namespace

std::string_view fault(const Evidence& evidence) { return names[evidence.index()].fault; }
std::string_view kind(const Evidence& evidence) { return names[evidence.index()].kind; }
std::string_view part(const Evidence& evidence) { return names[evidence.index()].part; }

Accusation accusation(const Genesis& genesis, const Evidence& evidence) {
  Accuse accuse{genesis, {}, {}};
  std::visit(accuse, evidence);
  const auto number = static_cast<std::uint8_t>(evidence.index());
  const auto head = encode_all(genesis.id(), number, accuse.about.accused);
  accuse.about.id = rename<EvidenceId>(sha256({view_of(id_tag), head, accuse.subject}));
  return accuse.about;
}

Evidence two_grants(const NetworkId& network, const Signed<Request>& one_request, const Signed<Grant>& one,
                    const Signed<Request>& other_request, const Signed<Grant>& other) {
  if (one.body.exchange == other.body.exchange) return contradiction(network, one, other);
  if (one_request.signer < other_request.signer) return DoubleSale{one_request, one, other_request, other};
  return DoubleSale{other_request, other, one_request, one};
}

Evidence evidence_of(const Dispute& dispute) {
  if (const auto* chunk = std::get_if<BadChunk>(&dispute.proof)) {
    return FalseBook{dispute.book, dispute.request, dispute.grant, *chunk};
  }
  return FalseShares{dispute.request, dispute.grant, std::get<BadDeal>(dispute.proof)};
}

// ---- the file ----

Bytes write_evidence(const NetworkId& network, const Evidence& evidence) {
  return encode_with([&](auto& writer) {
    writer.raw(view_of(evidence_magic));
    writer.write(evidence_version);
    writer.write(network);
    writer.write(evidence);
  });
}

Result<Evidence> read_evidence(const NetworkId& network, ByteView bytes) {
  const auto no_file = [](std::string what, std::string subject = {}) {
    return Error{Token::bad_file, std::move(what), std::move(subject), {}};
  };
  const auto magic = view_of(evidence_magic);
  if (bytes.size() < magic.size() || !std::ranges::equal(bytes.first(magic.size()), magic)) {
    return no_file("the file is no evidence of this program");
  }
  auto rest = bytes.subspan(magic.size());
  if (rest.empty() || rest.front() != evidence_version) {
    return no_file("the file is evidence in another version", rest.empty() ? "none" : std::to_string(rest.front()));
  }
  rest = rest.subspan(1);
  if (rest.size() < NetworkId::size) return no_file("the evidence is cut short");
  if (!std::ranges::equal(rest.first(NetworkId::size), network.view())) {
    return Error{Token::wrong_network, "the evidence is from another network", to_hex(rest.first(NetworkId::size)), {}};
  }
  auto evidence = decode<Evidence>(rest.subspan(NetworkId::size));
  if (!evidence) return no_file("the evidence is not in canonical form", evidence.error().subject);
  return evidence;
}

}  // namespace bookchain::ledger

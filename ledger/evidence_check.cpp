// Whether evidence holds: each kind is a list of checks, the last of which is the fault itself.
#include "ledger/evidence.hpp"
#include "ledger/fraud.hpp"

namespace bookchain::ledger {

namespace {

class Examiner {
 public:
  explicit Examiner(const Genesis& genesis) : genesis_(genesis) {}

  void operator()(const FalseBook& held) {
    const auto owner = held.grant.signer;
    if (!passes("BOOK, REQUEST and GRANT are signed and name each other; the GRANT is of " + text_of(owner),
                check_granted(genesis_, held.book, held.request, held.grant))) {
      return;
    }
    const auto exchange = genesis_.exchange_of(held.request);
    const auto chunk = "chunk " + std::to_string(held.proof.index);
    (void)(passes("the key is the one that the GRANT is bound to",
                  check_key_of_proof(exchange, held.grant.body, held.proof.key)) &&
           passes("the encrypted " + chunk + " is the one that the GRANT is bound to, its leaf that of the BOOK",
                  check_paths_of_proof(held.book.body, held.grant.body, held.proof)) &&
           passes("decrypted, " + chunk + " is not what the BOOK registers",
                  check_chunk_is_false(exchange, held.book.body, held.proof)));
  }

  void operator()(const FalseShares& held) {
    if (!granted("REQUEST", held.request, held.grant)) return;
    const auto exchange = genesis_.exchange_of(held.request);
    const auto key = key_of_shares(genesis_, exchange, held.request.body, held.grant.body, held.proof);
    if (!passes(std::to_string(held.proof.shares.size()) +
                    " shares of different witnesses are those that the GRANT is bound to",
                key)) {
      return;
    }
    (void)holds("they give another key than the one that the GRANT is bound to",
                key_commitment(exchange, key.value()) != held.grant.body.key_commitment);
  }

  void operator()(const Contradiction<Grant>& held) {
    (void)(both_signed(held) &&
           holds("both are of the exchange " + to_hex(held.first.body.exchange),
                 held.first.body.exchange == held.second.body.exchange) &&
           differ(held));
  }

  void operator()(const DoubleSale& held) {
    (void)(granted("first REQUEST", held.first_request, held.first) &&
           granted("second REQUEST", held.second_request, held.second) &&
           holds("both GRANTs are signed by the same peer", held.first.signer == held.second.signer) &&
           holds("both are of the book " + to_hex(held.first_request.body.book),
                 held.first_request.body.book == held.second_request.body.book) &&
           holds("both are of one version and turn of it", held.first.body.version == held.second.body.version &&
                                                               held.first.body.turn == held.second.body.turn) &&
           holds("they are to two requesters, " + text_of(held.first_request.signer) + " and " +
                     text_of(held.second_request.signer),
                 held.first_request.signer < held.second_request.signer));
  }

  void operator()(const ReleaseAndAbort& held) {
    const auto& grant = held.grant.body;
    (void)(granted("REQUEST", held.request, held.grant) && is_signed("RELEASE", held.release) &&
           is_signed("ABORT", held.abort) &&
           holds("all of it is signed by the owner",
                 held.release.signer == held.grant.signer && held.abort.signer == held.grant.signer) &&
           holds("the RELEASE is of this GRANT", held.release.body.exchange == grant.exchange &&
                                                     held.release.body.grant == genesis_.id_of(held.grant)) &&
           holds("the ABORT is of the turn of this GRANT",
                 genesis_.book_of(held.abort.body.book) == held.request.body.book &&
                     held.abort.body.version == grant.version && held.abort.body.turn == grant.turn));
  }

  void operator()(const Contradiction<Consent>& held) {
    (void)(both_signed(held) &&
           holds("both are of the exchange " + to_hex(held.first.body.exchange),
                 held.first.body.exchange == held.second.body.exchange) &&
           differ(held));
  }

  void operator()(const Contradiction<IdAnswer>& held) {
    (void)(both_signed(held) &&
           holds("both answer the same CONSENT", held.first.body.consent == held.second.body.consent) && differ(held));
  }

  template <class Vote>
  void operator()(const Contradiction<Vote>& held) {
    const auto& first = held.first.body;
    const auto& second = held.second.body;
    (void)(both_signed(held) &&
           holds("both are of height " + std::to_string(first.height.value) + " and ballot " + text_of(first.ballot),
                 first.height == second.height && first.ballot == second.ballot) &&
           differ(held));
  }

  void operator()(const HiddenLock& held) {
    const auto& precommit = held.precommit.body;
    const auto& answer = held.answer.body;
    (void)(is_signed("PRECOMMIT", held.precommit) && is_signed("ANSWER", held.answer) &&
           holds("both are signed by the same peer", held.precommit.signer == held.answer.signer) &&
           holds("both are of height " + std::to_string(precommit.height.value), precommit.height == answer.height) &&
           holds("the PRECOMMIT is in ballot " + text_of(precommit.ballot) + ", the ANSWER in a higher one, " +
                     text_of(answer.ballot),
                 precommit.ballot < answer.ballot) &&
           holds("the ANSWER names no lock of that ballot or a higher one",
                 !answer.lock || answer.lock->ballot < precommit.ballot));
  }

  [[nodiscard]] Examination take() { return std::move(out_); }

 private:
  static std::string text_of(const Ballot& ballot) {
    return std::to_string(ballot.round.value) + "/" + std::to_string(ballot.port.value);
  }
  static std::string text_of(PeerPort port) { return std::to_string(port.value); }

  template <class Value>
  bool passes(std::string what, const Result<Value>& result) {
    if (!result) {
      out_.failure = result.error();
      if (out_.failure->subject.empty()) out_.failure->subject = std::move(what);
      return false;
    }
    out_.passed.push_back(std::move(what));
    return true;
  }
  bool holds(std::string what, bool condition) {
    if (!condition) {
      out_.failure =
          Error{Token::bad_statement, "the evidence proves nothing, for this is not so", std::move(what), {}};
      return false;
    }
    out_.passed.push_back(std::move(what));
    return true;
  }
  template <class Body>
  bool is_signed(const std::string& which, const Signed<Body>& statement) {
    return passes("the " + which + " is signed by " + text_of(statement.signer), genesis_.check(statement));
  }
  bool granted(const std::string& which, const Signed<Request>& request, const Signed<Grant>& grant) {
    return passes("the " + which + " of " + text_of(request.signer) + " and its GRANT by " + text_of(grant.signer) +
                      " are signed and name each other",
                  check_request_and_grant(genesis_, request, grant));
  }
  template <class Body>
  bool both_signed(const Contradiction<Body>& held) {
    const std::string type(name(Body::type));
    return is_signed("first " + type, held.first) && is_signed("second " + type, held.second) &&
           holds("both are signed by the same peer", held.first.signer == held.second.signer);
  }
  /// Another signature under the same words is no other statement: the ids are compared.
  template <class Body>
  bool differ(const Contradiction<Body>& held) {
    return holds("they are two different statements, in the order of their ids",
                 genesis_.id_of(held.first) < genesis_.id_of(held.second));
  }

  const Genesis& genesis_;
  Examination out_;
};

}  // namespace

Examination examine(const Genesis& genesis, const Evidence& evidence) {
  Examiner examiner(genesis);
  std::visit(examiner, evidence);
  return examiner.take();
}

}  // namespace bookchain::ledger

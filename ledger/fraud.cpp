#include "ledger/fraud.hpp"

#include "ledger/book.hpp"

namespace bookchain::ledger {

namespace {

Error no_proof(std::string what) { return Error{Token::bad_statement, std::move(what), {}, {}}; }

}  // namespace

Result<void> check_request_form(const Genesis& genesis, const Signed<Request>& request) {
  const auto& body = request.body;
  if (body.sender_port != request.signer) {
    return Error{Token::wrong_sender,
                 "a request names a sender that did not sign it",
                 std::to_string(body.sender_port.value),
                 {}};
  }
  if (body.sender_port == body.receiver_port) {
    return Error{
        Token::self_exchange, "a peer cannot request a book from itself", std::to_string(body.sender_port.value), {}};
  }
  if (genesis.find(body.receiver_port) == nullptr) {
    return Error{Token::unknown_peer,
                 "a request names a peer that the network does not have",
                 std::to_string(body.receiver_port.value),
                 {}};
  }
  return success();
}

Result<ExchangeId> check_request_and_grant(const Genesis& genesis, const Signed<Request>& request,
                                           const Signed<Grant>& grant) {
  BOOKCHAIN_CHECK(genesis.check(request));
  BOOKCHAIN_CHECK(genesis.check(grant));
  const auto& body = request.body;
  if (auto formed = check_request_form(genesis, request); !formed) return no_proof(formed.error().what);
  const auto exchange = genesis.exchange_of(request);
  if (grant.signer != body.receiver_port || grant.body.exchange != exchange ||
      grant.body.share_commitments.size() != genesis.witness_count()) {
    return no_proof("a grant does not fit its request");
  }
  return exchange;
}

Result<ExchangeId> check_grant_of(const Genesis& genesis, const Signed<Book>& book, const Signed<Request>& request,
                                  const Signed<Grant>& grant) {
  BOOKCHAIN_TRY(const auto exchange, check_request_and_grant(genesis, request, grant));
  if (request.body.book != genesis.book_of(book)) return no_proof("a request is for another book");
  return exchange;
}

Result<ExchangeId> check_granted(const Genesis& genesis, const Signed<Book>& book, const Signed<Request>& request,
                                 const Signed<Grant>& grant) {
  BOOKCHAIN_CHECK(check_book(genesis, book));
  return check_grant_of(genesis, book, request, grant);
}

Result<void> check_key_of_proof(const ExchangeId& exchange, const Grant& grant, const BookKey& key) {
  if (key_commitment(exchange, key) == grant.key_commitment) return success();
  return Error{Token::wrong_key, "the key of a dispute does not fit the commitment in the grant", {}, {}};
}

Result<void> check_paths_of_proof(const Book& book, const Grant& grant, const BadChunk& proof) {
  const auto count = chunk_count(book);
  const bool lead =
      merkle_verify(leaf_hash(proof.ciphertext), proof.index, count, proof.ciphertext_path, grant.ciphertext_root) &&
      merkle_verify(proof.leaf, proof.index, count, proof.leaf_path, book.root);
  if (!lead) return no_proof("the paths of a dispute do not lead to the roots");
  return success();
}

Result<void> check_chunk_is_false(const ExchangeId& exchange, const Book& book, const BadChunk& proof) {
  ChunkCipher cipher(proof.key);
  const auto open = decrypt_chunk(cipher, exchange, book, proof.index, proof.ciphertext);
  // The salt comes out of the chunk, never from the accuser.
  if (open && chunk_leaf(open.value().salt, open.value().chunk) == proof.leaf) {
    return no_proof("the chunk of a dispute is as it was registered");
  }
  return success();
}

Result<void> check_bad_chunk(const ExchangeId& exchange, const Book& book, const Grant& grant, const BadChunk& proof) {
  BOOKCHAIN_CHECK(check_key_of_proof(exchange, grant, proof.key));
  BOOKCHAIN_CHECK(check_paths_of_proof(book, grant, proof));
  return check_chunk_is_false(exchange, book, proof);
}

Result<BookKey> key_of_shares(const Genesis& genesis, const ExchangeId& exchange, const Request& request,
                              const Grant& grant, const BadDeal& proof) {
  if (proof.shares.size() != genesis.share_threshold()) return no_proof("a dispute brings another number of shares");
  std::vector<NumberedShare> shares;
  PeerPort last{};
  for (const auto& dealt : proof.shares) {
    if (!(last < dealt.signer)) return no_proof("the shares of a dispute are not of distinct witnesses");
    last = dealt.signer;
    const auto index = genesis.witness_index(request.sender_port, request.receiver_port, dealt.signer);
    if (!index || share_commitment(exchange, *index, dealt.share) != grant.share_commitments[*index]) {
      return no_proof("a share of a dispute does not fit its commitment");
    }
    shares.push_back(NumberedShare{*index, dealt.share});
  }
  return combine(shares);
}

Result<void> check_bad_deal(const Genesis& genesis, const ExchangeId& exchange, const Request& request,
                            const Grant& grant, const BadDeal& proof) {
  BOOKCHAIN_TRY(const auto key, key_of_shares(genesis, exchange, request, grant, proof));
  if (key_commitment(exchange, key) == grant.key_commitment) return no_proof("the shares of a dispute give the key");
  return success();
}

}  // namespace bookchain::ledger

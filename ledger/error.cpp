#include "ledger/error.hpp"

#include <array>
#include <cassert>

namespace bookchain::ledger {

namespace {

constexpr std::array tokens{
    TokenInfo{Token::io, "io", 1, "reading or writing failed"},
    TokenInfo{Token::disk_full, "disk-full", 1, "no space is left on the device"},
    TokenInfo{Token::locked, "locked", 1, "another process held the lock of this home for over 10 s"},
    TokenInfo{Token::permission, "permission", 1, "the operating system denies access, or a mode is unsafe"},
    TokenInfo{Token::usage, "usage", 2, "the command line cannot be understood"},
    TokenInfo{Token::self_exchange, "self-exchange", 3, "a peer cannot request a book from itself"},
    TokenInfo{Token::not_owner, "not-owner", 3, "the peer asked does not own the book"},
    TokenInfo{Token::book_busy, "book-busy", 3, "the book is granted to another requester in this turn"},
    TokenInfo{Token::wrong_sender, "wrong-sender", 3, "the sender named is not the peer that acts"},
    TokenInfo{Token::wrong_recipient, "wrong-recipient", 3, "the message or statement is meant for another peer"},
    TokenInfo{Token::bad_signature, "bad-signature", 3, "a signature or seal does not verify"},
    TokenInfo{Token::wrong_network, "wrong-network", 3, "the message, card or file is of another network"},
    TokenInfo{Token::wrong_id, "wrong-id", 3, "the request id does not fit the request"},
    TokenInfo{Token::no_consensus, "no-consensus", 3, "a majority of the witnesses is out of reach"},
    TokenInfo{Token::wrong_key, "wrong-key", 3, "the key does not fit the commitment in the grant"},
    TokenInfo{Token::wrong_book, "wrong-book", 3, "bytes do not match the registered book or the grant"},
    TokenInfo{Token::wrong_share, "wrong-share", 3, "the key share does not fit its commitment"},
    TokenInfo{Token::stale_version, "stale-version", 3, "the chain has moved on since the grant"},
    TokenInfo{Token::stale_ballot, "stale-ballot", 3, "a later ballot was promised at this height"},
    TokenInfo{Token::exchange_over, "exchange-over", 3, "the exchange is over; a new request is needed"},
    TokenInfo{Token::too_late, "too-late", 3, "what was signed since excludes it"},
    TokenInfo{Token::equivocation, "equivocation", 3, "a peer signed two statements that exclude each other"},
    TokenInfo{Token::unexpected, "unexpected", 3, "the message does not belong to anything this peer takes part in"},
    TokenInfo{Token::bad_statement, "bad-statement", 3, "statements do not fit each other or the network"},
    TokenInfo{Token::bad_chain, "bad-chain", 3, "a block does not follow from the blocks below it"},
    TokenInfo{Token::bad_work, "bad-work", 3, "a block lacks the proof of work"},
    TokenInfo{Token::no_quorum, "no-quorum", 3, "a certificate lacks the votes of enough distinct peers"},
    TokenInfo{Token::not_a_test_network, "not-a-test-network", 3, "rehearsals are for networks made with --seed"},
    TokenInfo{Token::book_too_large, "book-too-large", 3, "the book is larger than this network allows"},
    TokenInfo{Token::home_exists, "home-exists", 3, "the directory holds a network made with other options"},
    TokenInfo{Token::unknown_exchange, "unknown-exchange", 4, "this peer knows no such exchange"},
    TokenInfo{Token::unknown_book, "unknown-book", 4, "this peer knows no such book"},
    TokenInfo{Token::unknown_peer, "unknown-peer", 4, "the network has no such peer"},
    TokenInfo{Token::unknown_message, "unknown-message", 4, "this peer has no such message"},
    TokenInfo{Token::unknown_evidence, "unknown-evidence", 4, "this peer has no such evidence"},
    TokenInfo{Token::no_such_file, "no-such-file", 4, "the file does not exist"},
    TokenInfo{Token::home_missing, "home-missing", 4, "there is no network or no home of a peer there"},
    TokenInfo{Token::wrong_step, "wrong-step", 5, "another step is due first"},
    TokenInfo{Token::waiting, "waiting", 5, "answers of other peers are missing"},
    TokenInfo{Token::over_quota, "over-quota", 5, "too much is waiting already"},
    TokenInfo{Token::timeout, "timeout", 5, "the time given ran out; the exchange stands as it is"},
    TokenInfo{Token::missing_key, "missing-key", 6, "a required key is missing"},
    TokenInfo{Token::repeated_key, "repeated-key", 6, "a key stands twice"},
    TokenInfo{Token::unknown_key, "unknown-key", 6, "a key is not known here"},
    TokenInfo{Token::bad_type, "bad-type", 6, "a value is of the wrong type or not written canonically"},
    TokenInfo{Token::bad_value, "bad-value", 6, "a value is out of range"},
    TokenInfo{Token::bad_json, "bad-json", 6, "the text is not JSON"},
    TokenInfo{Token::bad_config, "bad-config", 6, "the configuration cannot be used"},
    TokenInfo{Token::ambiguous, "ambiguous", 6, "the name fits more than one; the ids are listed"},
    TokenInfo{Token::bad_file, "bad-file", 6, "the file is not what it claims to be"},
    TokenInfo{Token::bad_message, "bad-message", 6, "the message is not in canonical form"},
    TokenInfo{Token::interrupted, "interrupted", 130, "Ctrl-C; nothing is half done, the command can be given again"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (static_cast<std::size_t>(tokens[i].token) != i) return false;
  }
  return tokens.size() == static_cast<std::size_t>(Token::interrupted) + 1;
}
static_assert(in_order(), "the table of tokens must list every token in the order of the enum");

}  // namespace

std::span<const TokenInfo> all_tokens() { return tokens; }

const TokenInfo& info(Token token) {
  assert(static_cast<std::size_t>(token) < tokens.size());
  return tokens[static_cast<std::size_t>(token)];
}

}  // namespace bookchain::ledger

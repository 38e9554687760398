#include "transport/handshake.hpp"

#include <algorithm>

namespace bookchain::transport {

using namespace ledger;

namespace {

constexpr std::string_view answer_purpose = "bookchain/1 answer";
constexpr std::string_view proof_purpose = "bookchain/1 proof";

/// What a proof is about: its purpose, and all that was said before it.
Bytes said(std::string_view purpose, ByteView greeting, ByteView after) {
  Bytes text(purpose.begin(), purpose.end());
  text.insert(text.end(), greeting.begin(), greeting.end());
  text.insert(text.end(), after.begin(), after.end());
  return text;
}

}  // namespace

Bytes write_greeting(const Greeting& greeting) {
  Bytes bytes(greeting_magic.begin(), greeting_magic.end());
  const auto fields = encode(greeting);
  bytes.insert(bytes.end(), fields.begin(), fields.end());
  return bytes;
}

Result<Greeting> read_greeting(ByteView bytes) {
  if (!std::equal(greeting_magic.begin(), greeting_magic.end(), bytes.begin())) {
    return Error{Token::bad_message, "a connection does not begin with a greeting", {}, {}};
  }
  BOOKCHAIN_TRY(const auto greeting, decode<Greeting>(bytes.subspan(greeting_magic.size())));
  if (greeting.version != protocol_version) {
    return Error{
        Token::bad_message, "a greeting is of another version of the protocol", std::to_string(greeting.version), {}};
  }
  return greeting;
}

Result<void> check_greeting(const Greeting& greeting, const NetworkId& network, PeerPort self) {
  if (greeting.to != self) {
    return Error{Token::wrong_recipient, "a greeting is for another peer", std::to_string(greeting.to.value), {}};
  }
  if (greeting.network != network) {
    return Error{Token::wrong_network, "a greeting is of another network", to_hex(greeting.network), {}};
  }
  return success();
}

Bytes write_answer(const Channel& channel, ByteView greeting, const Hash& challenge) {
  Bytes answer(challenge.bytes.begin(), challenge.bytes.end());
  const auto proof = channel.prove(said(answer_purpose, greeting, challenge.view()));
  answer.insert(answer.end(), proof.bytes.begin(), proof.bytes.end());
  return answer;
}

bool is_answer(const Channel& channel, ByteView greeting, ByteView answer) {
  return channel.is_proof(said(answer_purpose, greeting, answer.first(Hash::size)), answer.subspan(Hash::size));
}

Bytes write_other_network(const NetworkId& network) {
  Bytes answer(network.bytes.begin(), network.bytes.end());
  answer.resize(answer_size);
  return answer;
}

std::optional<NetworkId> read_other_network(ByteView answer) {
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  if (!std::ranges::all_of(answer.subspan(NetworkId::size), is_zero)) return std::nullopt;
  NetworkId network;
  std::ranges::copy(answer.first(NetworkId::size), network.bytes.begin());
  return network;
}

Bytes write_proof(const Channel& channel, ByteView greeting, ByteView answer) {
  const auto proof = channel.prove(said(proof_purpose, greeting, answer));
  return {proof.bytes.begin(), proof.bytes.end()};
}

bool is_proof(const Channel& channel, ByteView greeting, ByteView answer, ByteView proof) {
  return channel.is_proof(said(proof_purpose, greeting, answer), proof);
}

}  // namespace bookchain::transport

// Several statements under one signature (docs/formats.md, "Statements").
#include "ledger/batch_signing.hpp"

#include <functional>

#include "ledger/message.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

struct Batches {
  static constexpr PeerPort signer{5000};
  static constexpr PeerPort other{5001};
  Genesis genesis = network_of(4);
  Identity identity{signer, signing_key_of(signer), agreement_key_of(signer)};

  [[nodiscard]] static Signed<Ack> unsigned_ack(std::uint8_t number, PeerPort by = signer) {
    return {by, Ack{filled<ExchangeId>(number), filled<Hash>(number)}, {}};
  }
  template <class Body>
  [[nodiscard]] Bytes bytes_of_statement(const Signed<Body>& statement) const {
    return unsigned_bytes(genesis.id(), statement.signer, statement.body);
  }
  [[nodiscard]] std::vector<Signed<Ack>> signed_acks(std::uint8_t count) const {
    std::vector<Signed<Ack>> acks;
    for (std::uint8_t i = 0; i < count; ++i) acks.push_back(unsigned_ack(i));
    BatchSigner batch(genesis, identity);
    for (const auto& ack : acks) batch.add(bytes_of_statement(ack));
    batch.sign();
    for (auto& ack : acks) batch.fill(ack);
    return acks;
  }
  [[nodiscard]] bool is_good(const Signed<Ack>& ack) const {
    forget_good_signatures();
    return genesis.check(ack).has_value();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(batch_signing, Batches)

BOOST_AUTO_TEST_CASE(statements_signed_together_are_good_one_by_one) {
  for (const std::uint8_t count : std::initializer_list<std::uint8_t>{2, 3, 7, 8, 63, 64}) {
    const auto acks = signed_acks(count);
    for (const auto& ack : acks) {
      BOOST_TEST(is_good(ack));
      BOOST_TEST((ack.signature == acks.front().signature));
      BOOST_REQUIRE(ack.place.has_value());
      BOOST_TEST(ack.place->count == count);
    }
  }
}

// What was found good is remembered; a false one that looks like it is not taken for it, nor remembered itself.
BOOST_AUTO_TEST_CASE(a_statement_that_is_known_to_be_good_is_good_at_its_place_alone) {
  const auto acks = signed_acks(7);
  const auto& good = acks[2];
  forget_good_signatures();
  for (int again = 0; again < 2; ++again) require_success(genesis.check(good));
  const auto is_refused = [&](const std::function<void(Signed<Ack>&)>& change) {
    auto changed = good;
    change(changed);
    for (int again = 0; again < 2; ++again) BOOST_TEST(token_of(genesis.check(changed)) == "bad-signature");
  };
  is_refused([](auto& ack) { ack.place->index ^= 1U; });
  is_refused([](auto& ack) { ack.place->count = 6; });
  is_refused([](auto& ack) { ack.place->path.siblings.pop_back(); });
  is_refused([](auto& ack) { ack.place->path.siblings[1].bytes[31] ^= 1U; });
  is_refused([](auto& ack) { ack.place.reset(); });
  is_refused([](auto& ack) { ack.body.grant.bytes[0] ^= 1U; });
  is_refused([](auto& ack) { ack.signature.bytes[0] ^= 1U; });
  is_refused([&](auto& ack) { ack.place = acks[3].place; });
  require_success(genesis.check(good));
}

BOOST_AUTO_TEST_CASE(one_alone_is_signed_as_it_is) {
  const auto acks = signed_acks(1);
  BOOST_TEST(!acks.front().place.has_value());
  BOOST_TEST((acks.front() == genesis.sign(signer, identity.signing_key, unsigned_ack(0).body)));
}

BOOST_AUTO_TEST_CASE(more_than_64_make_several_batches_of_about_one_size) {
  for (const std::uint8_t count : std::initializer_list<std::uint8_t>{65, 128, 129, 200}) {
    std::map<Signature, std::size_t> batches;
    for (const auto& ack : signed_acks(count)) {
      BOOST_TEST(is_good(ack));
      ++batches[ack.signature];
    }
    BOOST_TEST(batches.size() == (std::size_t{count} + 63) / 64);
    for (const auto& [signature, size] : batches) BOOST_TEST((size >= 2 && size <= 64), size);
  }
}

// Section 2: "a second signature under the same words makes no second statement".
BOOST_AUTO_TEST_CASE(the_place_is_no_part_of_the_id) {
  BOOST_TEST((genesis.id_of(signed_acks(3)[2]) == genesis.id_of(unsigned_ack(2))));
}

BOOST_AUTO_TEST_CASE(any_change_of_place_or_words_is_refused) {
  for (const auto& good : signed_acks(5)) {
    const auto refused = [&](const auto& change) {
      auto changed = good;
      change(changed);
      for (int again = 0; again < 2; ++again) BOOST_TEST(token_of(genesis.check(changed)) == "bad-signature");
    };
    require_success(genesis.check(good));
    refused([](auto& ack) { ack.place.reset(); });
    refused([](auto& ack) { ack.body.grant.bytes[7] ^= 1U; });
    refused([](auto& ack) { ack.signature.bytes[40] ^= 1U; });
    refused([](auto& ack) { ack.signer = other; });
    refused([](auto& ack) { ack.place->path.siblings.pop_back(); });
    refused([](auto& ack) { ack.place->path.siblings.push_back(Hash{}); });
    refused([](auto& ack) { ack.place->path.siblings.front().bytes[31] ^= 1U; });
    for (std::uint8_t index = 0; index < 255; ++index) {
      if (index != good.place->index) refused([&](auto& ack) { ack.place->index = index; });
      if (index != good.place->count) refused([&](auto& ack) { ack.place->count = index; });
    }
  }
}

BOOST_AUTO_TEST_CASE(a_batch_of_one_is_refused) {
  auto ack = unsigned_ack(1);
  const Batch batch{1, leaf_hash(unsigned_bytes(genesis.id(), signer, ack.body))};
  ack.signature = genesis.sign(signer, identity.signing_key, batch).signature;
  ack.place = BatchPlace{0, 1, {}};
  BOOST_TEST(token_of(genesis.check(ack)) == "bad-signature");
}

// Section 6: "a statement of one type passed off as another".
BOOST_AUTO_TEST_CASE(a_leaf_of_another_kind_or_signer_is_none_of_this) {
  const auto acks = signed_acks(4);
  const auto& ack = acks.front();
  const Signed<Consent> consent{signer, Consent{ack.body.exchange, ack.body.grant}, ack.signature, ack.place};
  BOOST_TEST(token_of(genesis.check(consent)) == "bad-signature");
  // A peer may write down what another did not sign, and it stays unsigned.
  auto forged = unsigned_ack(1, other);
  const std::vector leaves{leaf_hash(unsigned_bytes(genesis.id(), other, forged.body)), filled<Hash>(9)};
  auto made = merkle_paths(leaves);
  forged.signature = genesis.sign(other, identity.signing_key, Batch{2, made.root}).signature;
  forged.place = BatchPlace{0, 2, made.paths.front()};
  BOOST_TEST(token_of(genesis.check(forged)) == "bad-signature");
}

BOOST_AUTO_TEST_CASE(copies_in_messages_and_records_get_the_same_signature_and_nothing_else_is_touched) {
  const auto first = unsigned_ack(1);
  const auto second = unsigned_ack(2);
  const auto of_another = unsigned_ack(3, other);
  const auto signed_before = genesis.sign(signer, identity.signing_key, unsigned_ack(4).body);
  // Whoever sends this back with no signature under it gets none for it.
  const auto never_decided = unsigned_ack(5);
  ExchangeRecord record;
  record.acks = {first, of_another, signed_before, never_decided};
  std::vector<Message> messages{AckMessage{first}, AckMessage{second}, AckMessage{of_another}};
  BatchSigner batch(genesis, identity);
  for (const auto& ack : {first, second, first}) batch.add(bytes_of_statement(ack));
  batch.sign();
  batch.fill(record);
  for (auto& message : messages) batch.fill(message);
  BOOST_TEST((record.acks[0] == std::get<AckMessage>(messages[0]).ack));
  BOOST_TEST(record.acks[0].place->count == 2U);
  BOOST_TEST((record.acks[1] == of_another));
  BOOST_TEST((record.acks[2] == signed_before));
  BOOST_TEST((record.acks[3] == never_decided));
  BOOST_TEST((std::get<AckMessage>(messages[2]).ack == of_another));
  BOOST_TEST(is_good(record.acks[0]));
  BOOST_TEST(is_good(std::get<AckMessage>(messages[1]).ack));
}

/// What was found good is remembered. As long as that was the hash of key, signature, place, path and words, one after
/// another, other words were found good at once whose path was the begin of those, and a peer could be accused of them.
BOOST_AUTO_TEST_CASE(no_part_of_good_words_is_good_by_itself_with_the_rest_as_its_path) {
  // A BOOK whose last words are those of an ACK: its media type, size, chunk size and root hold them.
  const Ack ack{filled<ExchangeId>(1), filled<Hash>(2)};
  const auto inner = unsigned_bytes(genesis.id(), signer, ack);
  constexpr std::size_t after_media_type = 8 + 4 + Hash::size;
  const ByteView words(inner);
  Book book{0, {}, "four", 0x0101010101010101, 0x01010101, ack.grant};
  const auto text = words.first(words.size() - after_media_type);
  book.media_type.append(text.begin(), text.end());
  const auto outer = unsigned_bytes(genesis.id(), signer, book);
  BOOST_REQUIRE(std::ranges::equal(words, ByteView(outer).last(words.size())));
  const auto statement = genesis.sign(signer, identity.signing_key, book);
  require_success(genesis.check(statement));

  BatchPlace place{outer[0], outer[1], {}};
  const auto before = ByteView(outer).first(outer.size() - words.size()).subspan(2);
  BOOST_REQUIRE(before.size() % Hash::size == 0U);
  for (std::size_t at = 0; at < before.size(); at += Hash::size) {
    std::ranges::copy(before.subspan(at, Hash::size), place.path.siblings.emplace_back().bytes.begin());
  }
  const Signed<Ack> forged{signer, ack, statement.signature, place};
  BOOST_TEST(token_of(genesis.check(forged)) == "bad-signature");
}

BOOST_AUTO_TEST_SUITE_END()

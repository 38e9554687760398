// The courier over a link that a test plays: what one peer, or one thing of a sender, keeps it from and what not.
#include "transport/courier.hpp"

#include <boost/test/unit_test.hpp>

#include "ledger/exchange_parts.hpp"
#include "tests/transport/played_link.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(courier)

const ExchangeId exchange{{7}};

/// As long as one peer flooded this one, nothing was sent again to anybody.
BOOST_FIXTURE_TEST_CASE(a_flood_of_one_peer_holds_up_no_repeat_to_another, Peer) {
  put_into_outbox(third);
  put_into_outbox(other);
  BOOST_REQUIRE(courier.deliver().has_value());
  BOOST_TEST(link.sent[third] == 1U);
  environment.time.value += 6'000'000;
  link.left_waiting[other] = 100;
  BOOST_TEST(turn().more_waits);
  BOOST_TEST(link.sent[third] == 2U);
  BOOST_TEST(link.sent[other] == 1U, "its answer may lie in what was not taken yet");
  link.left_waiting.clear();
  BOOST_TEST(!turn().more_waits);
  BOOST_TEST(link.sent[other] == 2U);
}

BOOST_FIXTURE_TEST_CASE(what_a_sender_made_so_that_it_cannot_be_removed_is_refused_and_no_failure_here, Peer) {
  link.lying.emplace_back(other, exchange);
  link.dropping = Error{Token::bad_file, "a folder is too deep", "package", {}};
  const auto report = turn();
  BOOST_TEST(report.troubles.empty());
  BOOST_REQUIRE(report.received.size() == 1U);
  BOOST_TEST((report.received.front().result == ReceiveResult::refused));
  BOOST_TEST((report.received.front().exchange == exchange));
  BOOST_TEST((report.received.front().place == other));
}

BOOST_FIXTURE_TEST_CASE(what_this_machine_cannot_remove_is_a_failure_here, Peer) {
  link.lying.emplace_back(other, exchange);
  link.dropping = Error{Token::io, "cannot remove", "package", {}};
  const auto report = turn();
  BOOST_TEST(report.received.empty());
  BOOST_TEST(report.troubles.size() == 1U);
}

/// Each message that asks for the package put one more copy of the book on its way.
BOOST_FIXTURE_TEST_CASE(a_grant_that_lies_in_the_outbox_is_not_put_there_again, Peer) {
  change([&](Draft& draft) {
    ExchangeRecord record;
    record.role = Role::owner;
    record.state = ExchangeState::granted;
    record.request.signer = other;
    record.request.body.sender_port = other;
    record.request.body.receiver_port = self;
    record.grant.emplace();
    record.book.emplace();
    exchanges.put(draft, exchange, record);
    turns.put(draft, turn_of(record), TurnRecord{other, {exchange}, false, false, {}});
  });
  const auto channel = Channel::make(genesis, identities[1], self).value();
  for (std::uint64_t number = 1; number <= 5; ++number) {
    const auto payload = encode(Message{SendAgain{exchange}});
    link.parcels.push_back(
        Parcel{other, "p", {channel.seal(Epoch{{2}}, MessageNumber{number}, payload, Hash{{3}})}, std::nullopt});
    BOOST_TEST((turn().received.front().result == ReceiveResult::accepted));
  }
  BOOST_TEST(outbox_rows.all(store, encode(other)).size() == 1U);
  // Once it is acknowledged, asking again is answered again.
  change([&](Draft& draft) { outbox_rows.erase(draft, OutboxKey{other, MessageNumber{1}}); });
  link.parcels.push_back(Parcel{
      other, "p", {channel.seal(Epoch{{2}}, MessageNumber{6}, encode(Message{SendAgain{exchange}}), Hash{{3}})}, {}});
  (void)turn();
  BOOST_TEST(outbox_rows.all(store, encode(other)).size() == 1U);
}

/// Nobody could open it: it lay in the outbox for good, and each visit ended at it.
BOOST_FIXTURE_TEST_CASE(a_message_larger_than_the_network_allows_is_told_and_holds_nothing_up, Peer) {
  struct Enlarging final : Tamper {
    std::size_t votes = 0;
    void tamper(const State& /*state*/, std::vector<Outgoing>& leaving) override {
      leaving = {{other, PrevotesMessage{{{}, std::vector<VoteSignature>(votes)}}}};
    }
  } enlarging;
  auto made = Courier::make({node, store, shelf, link, environment, nullptr, nullptr, &enlarging}).value();
  constexpr std::size_t vote_bytes = 2 + Signature::size;
  const auto most = genesis.fields().limits.message_bytes / vote_bytes;
  enlarging.votes = most + 1;
  const auto report = made.restore();
  BOOST_REQUIRE(report.has_value());
  BOOST_REQUIRE(report.value().troubles.size() == 1U);
  BOOST_TEST((report.value().troubles.front().token == Token::bad_message));
  BOOST_TEST(report.value().sent.empty());
  BOOST_TEST(outbox_rows.all(store, encode(other)).empty());
  enlarging.votes = most - 2;  // beside the votes stand the type, what they are for and how many there are
  BOOST_TEST(made.restore().value().sent.size() == 1U);
  BOOST_TEST(link.sent[other] == 1U);
}

/// A program that synchronises folders brings back packages that no message will name again, also while this peer
/// serves for days.
BOOST_FIXTURE_TEST_CASE(packages_that_nobody_wants_are_removed_once_a_minute_and_a_wanted_one_never, Peer) {
  const ExchangeId unwanted{{8}};
  change([&](Draft& draft) {
    ExchangeRecord record;
    record.role = Role::requester;
    record.state = ExchangeState::requested;
    record.request.body.receiver_port = other;
    exchanges.put(draft, exchange, record);
  });
  using Places = std::vector<std::pair<PeerPort, ExchangeId>>;
  link.lying = {{other, exchange}, {other, unwanted}, {third, exchange}};
  const auto swept_by_a_turn = [&] {
    link.dropped.clear();
    (void)turn();
    return link.dropped;
  };
  const Places swept{{other, unwanted}, {third, exchange}};
  BOOST_TEST((swept_by_a_turn() == swept));
  environment.time.value += 59'999'999;
  BOOST_TEST(swept_by_a_turn().empty());
  environment.time.value += 1;
  BOOST_TEST((swept_by_a_turn() == swept));
  environment.time.value -= 1;
  BOOST_TEST((swept_by_a_turn() == swept), "a clock that was put back holds nothing up");
  change([&](Draft& draft) {
    auto record = exchanges.get(draft, exchange).value();
    record.state = ExchangeState::refused;
    exchanges.put(draft, exchange, record);
  });
  environment.time.value += 60'000'000;
  BOOST_TEST((swept_by_a_turn() == Places{{other, exchange}, {other, unwanted}, {third, exchange}}));
}

BOOST_FIXTURE_TEST_CASE(thousands_of_packages_that_nobody_asked_for_are_removed_in_parts_and_told_in_one_line, Peer) {
  constexpr std::size_t count = 1000;
  constexpr std::size_t a_turn = 256;
  for (std::size_t i = 0; i < count; ++i) {
    ExchangeId stray{{9}};
    stray.bytes[1] = static_cast<std::uint8_t>(i);
    stray.bytes[2] = static_cast<std::uint8_t>(i >> 8U);
    link.lying.emplace_back(i == 0 ? third : other, stray);
  }
  for (std::size_t turns = 1; turns <= 3; ++turns) {
    const auto report = turn();
    BOOST_TEST(link.dropped.size() == turns * a_turn);
    BOOST_TEST(report.more_waits);
    BOOST_TEST(report.sweeps);
    BOOST_TEST(report.received.empty());
  }
  const auto last = turn();
  BOOST_TEST(link.dropped.size() == count);
  BOOST_TEST(!last.sweeps);
  BOOST_REQUIRE(last.received.size() == 2U);
  BOOST_TEST((last.received[0].place == other));
  BOOST_TEST(last.received[0].error->what == "999 packages that this peer did not ask for were removed");
  BOOST_TEST((last.received[1].place == third));
  BOOST_TEST(last.received[1].error->what == "a package that this peer did not ask for was removed");
  BOOST_TEST(turn().received.empty());
  BOOST_TEST(link.dropped.size() == count);
}

/// Whoever takes in a number of messages takes one turn.
BOOST_FIXTURE_TEST_CASE(what_was_removed_is_told_in_a_turn_that_may_be_the_last, Peer) {
  for (std::uint8_t i = 0; i < 255; ++i) {
    link.lying.emplace_back(other, ExchangeId{{9, i}});
    link.lying.emplace_back(other, ExchangeId{{10, i}});
  }
  const auto report = courier.turn({64, 1}, {});
  BOOST_REQUIRE(report.has_value());
  BOOST_REQUIRE(report.value().received.size() == 1U);
  BOOST_TEST(report.value().received[0].error->what == "256 packages that this peer did not ask for were removed");
}

/// A program that synchronises folders brings such a package back again and again.
BOOST_FIXTURE_TEST_CASE(a_package_of_an_own_exchange_that_is_over_is_removed_without_a_word, Peer) {
  change([&](Draft& draft) {
    ExchangeRecord record;
    record.role = Role::requester;
    record.state = ExchangeState::committed;
    record.package_arrived = true;
    record.request.body.receiver_port = other;
    exchanges.put(draft, exchange, record);
  });
  link.lying = {{other, exchange}};
  BOOST_TEST(turn().received.empty());
  BOOST_TEST(link.dropped.size() == 1U);
}

namespace {

/// A peer that knows some books of another one.
struct Asking : Peer {
  std::vector<BookId> books;

  Asking() {
    change([&](Draft& draft) {
      for (std::uint64_t serial = 0; serial < 70; ++serial) {
        const Book body{serial, "7", std::string(value_media_type), 1, genesis.fields().chunk_size, {}};
        const auto book = genesis.sign(other, identities[1].signing_key, body);
        books.push_back(genesis.book_of(book));
        catalogue.put(draft, books.back(), book);
      }
    });
  }
  [[nodiscard]] bool request(std::size_t how_many) {
    std::vector<Wish> wishes;
    for (std::size_t i = 0; i < how_many; ++i) wishes.emplace_back(courier.make_request(other, books[i]));
    return courier.turn({}, {}, wishes).has_value();
  }
  [[nodiscard]] std::vector<Signed<Request>> sent_requests() const {
    std::vector<Signed<Request>> sent;
    for (const auto& [key, row] : outbox_rows.all(store, encode(other))) {
      const auto message = decode<Message>(row.payload);
      BOOST_REQUIRE(message.has_value());
      sent.push_back(std::get<RequestMessage>(message.value()).request);
    }
    return sent;
  }
};

}  // namespace

/// Section 2: "What a peer states about exchanges in one turn it signs together".
BOOST_FIXTURE_TEST_CASE(what_is_stated_in_one_turn_is_signed_together_in_messages_and_records, Asking) {
  for (const auto how_many : {std::size_t{3}, std::size_t{70}}) {
    Asking asking;
    BOOST_REQUIRE(asking.request(how_many));
    const auto sent = asking.sent_requests();
    BOOST_REQUIRE(sent.size() == how_many);
    std::set<Signature> signatures;
    for (const auto& statement : sent) {
      signatures.insert(statement.signature);
      BOOST_TEST(statement.place.has_value());
      forget_good_signatures();
      BOOST_TEST(genesis.check(statement).has_value());
      const auto record = exchanges.get(asking.store, genesis.exchange_of(statement));
      BOOST_REQUIRE(record.has_value());
      BOOST_TEST((record->request == statement));
    }
    BOOST_TEST(signatures.size() == (how_many + max_batch_statements - 1) / max_batch_statements);
  }
}

BOOST_FIXTURE_TEST_CASE(what_is_stated_alone_is_signed_alone, Asking) {
  BOOST_REQUIRE(request(1));
  const auto sent = sent_requests();
  BOOST_REQUIRE(sent.size() == 1U);
  BOOST_TEST(!sent.front().place.has_value());
  BOOST_TEST(genesis.check(sent.front()).has_value());
}

BOOST_FIXTURE_TEST_CASE(of_a_turn_that_could_not_be_committed_nothing_is_sent_or_signed_later, Asking) {
  store.fail_next_commit(Error{Token::io, "the disk failed", {}, {}});
  BOOST_TEST(!request(2));
  BOOST_TEST(sent_requests().empty());
  BOOST_REQUIRE(request(1));
  BOOST_TEST(sent_requests().size() == 1U);
  BOOST_TEST(!sent_requests().front().place.has_value());
  BOOST_TEST(exchanges.all(store).size() == 1U);
}

/// A peer that is never quiet must not forget what no row of an exchange points to.
BOOST_FIXTURE_TEST_CASE(who_serves_looks_for_steps_everywhere_soon_in_quiet_turns_and_in_busy_ones_a_second_later,
                        Asking) {
  Policy policy;
  policy.steps = true;
  policy.patient = true;
  BOOST_REQUIRE(request(2));
  (void)turn(policy);
  const auto channel = Channel::make(genesis, identities[1], self).value();
  std::uint64_t number = 0;
  const auto steps_of_busy_turn = [&] {
    const auto payload = encode(Message{SendAgain{exchange}});
    link.parcels.push_back(
        Parcel{other, "p", {channel.seal(Epoch{{2}}, MessageNumber{++number}, payload, Hash{{3}})}, std::nullopt});
    return turn(policy).steps.size();
  };
  const auto open_one = [&] {
    change([&](Draft& draft) {
      for (auto [id, record] : exchanges.all(draft)) {
        if (record.state == ExchangeState::opened) continue;
        record.state = ExchangeState::opened;
        record.grant = genesis.sign(other, identities[1].signing_key, Grant{id, {}, {}, {}, {}, {}});
        return exchanges.put(draft, id, record);
      }
    });
  };
  open_one();
  BOOST_TEST(turn(policy).steps.empty());
  environment.time.value += 100'000;
  BOOST_TEST(steps_of_busy_turn() == 0U);
  BOOST_TEST(turn(policy).steps.size() == 1U);
  open_one();
  environment.time.value += 900'000;
  BOOST_TEST(steps_of_busy_turn() == 0U);
  environment.time.value += 100'000;
  BOOST_TEST(steps_of_busy_turn() == 1U);
}

/// A COMMIT names no exchange: one that nobody voted for is in the trace of none, whichever block it is about.
BOOST_FIXTURE_TEST_CASE(a_forged_certificate_is_in_no_trace, Peer) {
  Transfer transfer;
  transfer.request.signer = other;
  const Block block{genesis.sign(other, identities[1].signing_key, BlockHeader{Height{1}, {}, {}, {}, 0}),
                    {Signed<Transfer>{other, transfer, {}}}};
  const auto hash = genesis.block_hash(block);
  change([&](Draft& draft) {
    blocks.put(draft, Height{1}, CommittedBlock{block, {}});
    head_fact.put(draft, Head{Height{1}, hash, other});
    witness_ids.put(draft, WitnessIdKey{other, genesis.exchange_of(transfer.request)}, {});
  });
  BOOST_REQUIRE(exchanges_committed_by(genesis, store, Precommit{Height{1}, {}, hash}).size() == 1U);
  BOOST_TEST(exchanges_committed_by(genesis, store, Precommit{Height{1}, {}, {}}).empty());
  const auto channel = Channel::make(genesis, identities[1], self).value();
  for (std::uint64_t height = 1; height <= 3; ++height) {
    const auto payload = encode(Message{CommitMessage{CommitCertificate{Precommit{Height{height}, {}, hash}, {}}}});
    link.parcels.push_back(
        Parcel{other, "p", {channel.seal(Epoch{{2}}, MessageNumber{height}, payload, Hash{{3}})}, std::nullopt});
  }
  BOOST_TEST(turn().received.size() == 3U);
  BOOST_TEST(trace_parts.all(store).empty());
}

BOOST_FIXTURE_TEST_CASE(each_step_of_a_turn_tells_what_it_sent_itself, Asking) {
  BOOST_REQUIRE(request(2));
  // Given up by hand before their answers: a step each, in one turn.
  std::vector<ExchangeId> ids;
  change([&](Draft& draft) {
    for (auto [id, record] : exchanges.all(draft)) {
      record.state = ExchangeState::opened;
      record.grant = genesis.sign(other, identities[1].signing_key, Grant{id, {}, {}, {}, {}, {}});
      exchanges.put(draft, id, record);
      ids.push_back(id);
    }
  });
  Policy steps;
  steps.steps = true;
  const auto report = turn(steps);
  BOOST_REQUIRE(report.steps.size() == 2U);
  std::size_t all = 0;
  for (const auto& step : report.steps) {
    BOOST_TEST((step.step == Step::check_key));
    BOOST_TEST(std::ranges::count(step.sent, std::string("check-key"), &SentReport::type) == 2);
    all += step.sent.size();
  }
  BOOST_TEST(report.sent.size() == all);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests

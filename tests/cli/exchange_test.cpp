// The exchange as its users meet it: the eight steps by hand (docs/protocol.md, section 3), in order, out
// of order and twice, with books of every size.
#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <numeric>

#include "tests/cli/process.hpp"
#include "tests/cli/roles.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

using Sent = std::vector<std::pair<int, std::string>>;

Sent sent_of(const Json& result) {
  Sent sent;
  for (const auto& each : result["sent"]) sent.emplace_back(each["to"], each["type"]);
  std::ranges::sort(sent);
  return sent;
}

std::vector<int> witnesses_of(const Network& network) {
  std::vector<int> ports;
  for (const int port : network.ports()) {
    if (port != requester && port != owner) ports.push_back(port);
  }
  return ports;
}

Sent to_each(const std::vector<int>& ports, const std::string& type) {
  Sent sent;
  for (const int port : ports) sent.emplace_back(port, type);
  return sent;
}

/// Section 1: who sends what to whom in each step.
Sent expected_sent(const Network& network, const std::string& step) {
  auto sent = Sent{};
  if (step == "request") {
    sent = to_each(witnesses_of(network), "witness-id");
    sent.emplace_back(owner, "request");
  } else if (step == "grant") {
    sent = to_each(witnesses_of(network), "witness-share");
    sent.emplace_back(requester, "grant");
  } else if (step == "consent") {
    sent = {{owner, "consent"}};
  } else if (step == "check-id" || step == "check-key") {
    sent = to_each(witnesses_of(network), step);
  } else if (step == "release") {
    sent = {{requester, "release"}};
  } else if (step == "mine") {
    for (const int port : network.ports()) {
      if (port != requester) sent.emplace_back(port, "new-round");
    }
  }
  std::ranges::sort(sent);
  return sent;
}

int port_of(const StepOfExchange& step) { return step.by_owner ? owner : requester; }

void play_and_check(const Network& network) {
  const auto book = network.book_of(owner);
  const auto requested = network.ok(requester, {"request", "--from", std::to_string(owner), "--book", book});
  const std::string id = requested["exchange"];
  BOOST_TEST((sent_of(requested) == expected_sent(network, "request")));
  BOOST_TEST(requested["state"] == "requested");
  for (const auto& step : steps_after_request()) {
    BOOST_TEST_CONTEXT(step.name) {
      network.receive_all();
      network.receive_all();
      const auto taken = network.ok(port_of(step), {step.name, id});
      BOOST_TEST((sent_of(taken) == expected_sent(network, step.name)));
      BOOST_TEST(taken["exchange"] == id);
      BOOST_TEST(taken["step"] == step.name);
      BOOST_TEST(taken["state"] == step.state);
      BOOST_TEST(network.state(port_of(step), id) == step.state);
    }
  }
  network.receive_until_quiet();
  for (const int port : network.ports()) {
    const auto shown = network.show(port, id);
    BOOST_TEST(shown["state"] == "committed");
    BOOST_TEST(shown["sender_port"] == requester);
    BOOST_TEST(shown["receiver_port"] == owner);
    BOOST_TEST(network.ok(port, {"inbox"})["messages"].empty());
    BOOST_TEST(network.ok(port, {"outbox"})["messages"].empty());
  }
  BOOST_TEST(network.equal_chains() == 1);
  BOOST_TEST(network.on_shelf(requester, book));
  BOOST_TEST(!network.on_shelf(owner, book));
}

std::string every_byte(std::size_t size) {
  std::string bytes(size, '\0');
  // 257 is prime to 256: chunks differ, and all values stand next to one another.
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 31 + i / 257) & 0xffU);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(exchange_by_hand)

// Section 1: what each step sends, and to whom; nothing else leaves.
BOOST_AUTO_TEST_CASE(each_step_sends_what_the_table_of_steps_says) { play_and_check(Network()); }

// Section 2, numbers: with seven peers five witnesses are asked.
BOOST_AUTO_TEST_CASE(seven_peers_exchange_as_four_do) {
  play_and_check(Network({}, {5000, 5001, 5002, 5003, 5004, 5005, 5006}));
}

BOOST_AUTO_TEST_CASE(a_step_out_of_order_changes_nothing_and_names_what_is_due) {
  const Network network;
  const std::string id = network.request(requester, owner, network.book_of(owner));
  const auto& steps = steps_after_request();
  for (std::size_t due = 0; due < steps.size(); ++due) {
    network.receive_all();
    network.receive_all();
    std::vector<std::string> before;
    for (const int port : {requester, owner}) before.push_back(network.at(port, {"list-exchanges"}).out);
    for (std::size_t early = due + 1; early < steps.size(); ++early) {
      const auto refused = network.at(port_of(steps[early]), {steps[early].name, id});
      BOOST_TEST_CONTEXT(steps[early].name << " while " << steps[due].name << " is due: " << refused.err) {
        BOOST_TEST(refused.exit_code == 5);
        BOOST_TEST(refused.token() == "wrong-step");
        BOOST_TEST(mentions(refused.err, std::string(steps[due].name) + " is due"));
        // Who stands in another role than this peer is named with its port.
        if (steps[due].by_owner != steps[early].by_owner) {
          BOOST_TEST(mentions(refused.err, std::to_string(port_of(steps[due]))));
        }
      }
    }
    std::size_t place = 0;
    for (const int port : {requester, owner}) BOOST_TEST(network.at(port, {"list-exchanges"}).out == before[place++]);
    network.ok(port_of(steps[due]), {steps[due].name, id});
  }
}

// Step 3 needs the ACKs, step 5 the id answers, step 8 the key answers.
BOOST_AUTO_TEST_CASE(a_step_without_its_answers_waits_and_names_the_witnesses) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 1);
  const auto waits = [&](int port, const char* step) {
    network.ok(port, {"receive"});
    const auto ended = network.at(port, {step, id});
    BOOST_TEST_CONTEXT(step << ": " << ended.err) {
      BOOST_TEST(ended.exit_code == 5);
      BOOST_TEST(ended.token() == "waiting");
      BOOST_TEST(mentions(ended.err, "5002"));
      BOOST_TEST(mentions(ended.err, "5003"));
    }
    network.receive_all();
    network.ok(port, {"receive"});
    network.ok(port, {step, id});
    network.ok(port == owner ? requester : owner, {"receive"});
  };
  network.ok(owner, {"receive"});
  network.ok(owner, {"grant", id});
  waits(requester, "consent");
  network.ok(owner, {"check-id", id});
  waits(owner, "release");
  network.ok(requester, {"open", id});
  network.ok(requester, {"check-key", id});
  waits(requester, "mine");
}

// The contract: exit 0 also when the step had been done before; then `sent` is empty.
BOOST_AUTO_TEST_CASE(a_step_taken_twice_succeeds_and_sends_nothing) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 1);
  std::vector<StepOfExchange> done;
  for (const auto& step : steps_after_request()) {
    network.receive_all();
    network.receive_all();
    network.ok(port_of(step), {step.name, id});
    done.push_back(step);
    for (const auto& again : done) {
      const auto repeated = network.ok(port_of(again), {again.name, id});
      // Before the block is decided, `mine` may begin another ballot.
      BOOST_TEST((repeated["sent"].empty() || again.name == std::string("mine")), again.name << " after " << step.name);
      BOOST_TEST(repeated["state"] == network.state(port_of(again), id));
    }
  }
  network.receive_until_quiet();
  for (const auto& again : done) {
    const auto repeated = network.ok(port_of(again), {again.name, id});
    BOOST_TEST(repeated["sent"].empty());
    BOOST_TEST(repeated["state"] == "committed");
  }
  BOOST_TEST(network.equal_chains() == 1);
}

BOOST_AUTO_TEST_CASE(a_peer_in_another_role_cannot_take_the_step) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 1);
  network.receive_all();
  for (const auto& step : steps_after_request()) {
    network.refused(step.by_owner ? requester : owner, {step.name, id}, 3, "unexpected");
    network.refused(5002, {step.name, id}, 3, "unexpected");
  }
  BOOST_TEST(network.state(owner, id) == "requested");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(exchange_of_books)

// Section 2, book: of any type and any size, checked chunk by chunk.
BOOST_AUTO_TEST_CASE(books_of_every_size_arrive_byte_for_byte_and_go_back) {
  const Network network({"--auto-books", "0"});
  constexpr std::size_t chunk = 65536;
  int height = 0;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, chunk - 1, chunk, chunk + 1, 50 * chunk + 7}) {
    BOOST_TEST_CONTEXT("a book of " << size << " bytes") {
      const auto content = every_byte(size);
      const auto file = network.scratch("book-" + std::to_string(size));
      write_file(file, content);
      const auto added = network.ok(owner, {"add-book", file.string()});
      const std::string book = added["book"];
      BOOST_TEST(added["size"] == size);
      network.receive_until_quiet();
      const auto there = network.exchange(requester, owner, book);
      BOOST_TEST(network.state(5002, there) == "committed");
      BOOST_TEST(!network.on_shelf(owner, book));
      for (const std::string& named : {book, file.filename().string()}) {
        network.refused(owner, {"get-book", named, "--to", network.scratch("not-mine").string()}, 3, "not-owner");
      }
      BOOST_TEST(!boost::filesystem::exists(network.scratch("not-mine")));
      const auto got = network.scratch("got");
      network.ok(requester, {"get-book", book, "--to", got.string()});
      BOOST_TEST((read_file(got) == content));
      network.exchange(owner, requester, book);
      network.ok(owner, {"get-book", book, "--to", got.string()});
      BOOST_TEST((read_file(got) == content));
      BOOST_TEST(!network.on_shelf(requester, book));
      BOOST_TEST(network.ok({"history", book})["history"].size() == 3);
      height += 2;
    }
  }
  BOOST_TEST(network.equal_chains() == height);
}

BOOST_AUTO_TEST_CASE(a_value_goes_round_all_peers_and_back_to_its_first_owner) {
  const Network network;
  const auto book = network.book_of(5000);
  const auto value = network.value_of(5000);
  for (const auto& [to, from] : {std::pair{5001, 5000}, {5002, 5001}, {5003, 5002}, {5000, 5003}}) {
    network.exchange(to, from, book);
    BOOST_TEST(network.on_shelf(to, book));
    BOOST_TEST(!network.on_shelf(from, book));
  }
  BOOST_TEST(network.equal_chains() == 4);
  const auto got = network.scratch("value");
  network.ok(5000, {"get-book", book, "--to", got.string()});
  BOOST_TEST(read_file(got) == value);
}

BOOST_AUTO_TEST_CASE(two_equal_files_registered_twice_are_two_copies) {
  const Network network({"--auto-books", "0"});
  const auto file = network.scratch("twin.txt");
  write_file(file, "the same words");
  const std::string first = network.ok(owner, {"add-book", file.string()})["book"];
  const std::string second = network.ok(owner, {"add-book", file.string()})["book"];
  BOOST_TEST(first != second);
  network.receive_until_quiet();
  network.exchange(requester, owner, first);
  BOOST_TEST(network.on_shelf(owner, second));
  BOOST_TEST(!network.on_shelf(owner, first));
  network.exchange(5002, owner, second);
  BOOST_TEST(network.equal_chains() == 2);
}

BOOST_AUTO_TEST_SUITE_END()

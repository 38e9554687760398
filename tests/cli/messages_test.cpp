// trace, inbox, outbox and show-message: every message of an exchange can be followed, those that wait can
// be read by the two peers of their channel and by nobody else, and looking takes nothing in.
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "tests/cli/formats.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// A request of 5000 for the first book of 5001, not taken in by anybody.
struct Requested {
  Network network;
  std::string exchange = network.request(5000, 5001, network.value_of(5001));

  [[nodiscard]] Json waiting_at(int port) const { return network.ok(port, {"inbox"})["messages"]; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(tracing)

// Section 3: with four peers, each message of the eight steps goes to each of its recipients once.
BOOST_AUTO_TEST_CASE(a_whole_exchange_is_traced_with_each_message_once) {
  const Network network;
  const auto exchange = network.exchange(5000, 5001, network.value_of(5001));
  const auto shown = in_all_formats(network, {}, {"trace", exchange.substr(0, 12)});
  BOOST_TEST(shown.json["exchange"] == exchange);
  std::map<std::string, int> count;
  std::set<std::string> ids;
  std::string last_time;
  for (const auto& message : shown.json["messages"]) {
    ++count[message["type"]];
    BOOST_TEST(ids.insert(message["id"].get<std::string>()).second);
    BOOST_TEST(message["size"] > 0);
    const std::string time = message["time"];
    BOOST_TEST(last_time <= time);
    last_time = time;
  }
  const std::map<std::string, int> of_steps{{"request", 1}, {"witness-id", 2}, {"grant", 1},     {"witness-share", 2},
                                            {"ack", 4},     {"consent", 1},    {"check-id", 2},  {"id-answer", 4},
                                            {"release", 1}, {"check-key", 2},  {"key-answer", 2}};
  for (const auto& [type, times] : of_steps) BOOST_TEST(count[type] == times, type << ": " << count[type]);
  int step = 1;
  for (const auto& message : shown.json["messages"]) {
    if (message["step"].is_null()) continue;
    BOOST_TEST(message["step"] >= step);
    step = message["step"];
  }
  BOOST_TEST(mentions(shown.text, "requester"));
  BOOST_TEST(mentions(shown.text, "|- request --"));
  BOOST_TEST(mentions(shown.text, "|<-"));
}

BOOST_AUTO_TEST_CASE(the_trace_of_one_peer_holds_what_it_sent_and_took_in) {
  const Network network;
  const auto exchange = network.exchange(5000, 5001, network.value_of(5001), 3);
  for (const int port : network.ports()) {
    const auto messages = network.ok(port, {"trace", exchange})["messages"];
    BOOST_TEST(!messages.empty());
    for (const auto& message : messages) BOOST_TEST((message["from"] == port || message["to"] == port));
  }
}

BOOST_AUTO_TEST_CASE(mermaid_draws_the_same_messages) {
  const Requested made;
  const auto text = in_text(made.network, {}, {"trace", made.exchange, "--format", "mermaid"});
  BOOST_TEST(text.out.starts_with("sequenceDiagram\n"));
  BOOST_TEST(mentions(text.out, "  participant p5000 as 5000 requester\n"));
  BOOST_TEST(mentions(text.out, "  p5000->>p5001: 1 request\n"));
  BOOST_TEST(mentions(text.out, "  p5000->>p5003: 1 witness-id\n"));
}

BOOST_AUTO_TEST_CASE(a_trace_of_what_nobody_knows_is_refused) {
  const Network network;
  network.refused(5000, {"trace", "abcdef"}, 4, "unknown-exchange");
  network.refused(5000, {"trace"}, 2, "usage");
  network.refused(5000, {"trace", "abcdef", "--format", "dot"}, 2, "usage");
  BOOST_TEST(in_text(network, {}, {"trace", "abcdef"}).exit_code == 4);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(inspecting_messages)

BOOST_AUTO_TEST_CASE(the_inbox_is_opened_and_left_as_it_is) {
  const Requested made;
  const auto shown = in_all_formats(made.network, 5001, {"inbox"});
  BOOST_REQUIRE(shown.json["messages"].size() == 1);
  const auto& message = shown.json["messages"][0];
  BOOST_TEST(message["from"] == 5000);
  BOOST_TEST(message["to"] == 5001);
  BOOST_TEST(message["type"] == "request");
  BOOST_TEST(message["exchange"] == made.exchange);
  const auto received = made.network.ok(5001, {"receive"})["received"];
  BOOST_REQUIRE(received.size() == 1);
  BOOST_TEST(received[0]["id"] == message["id"]);
  BOOST_TEST(received[0]["result"] == "accepted");
  BOOST_TEST(made.waiting_at(5001).empty());
}

BOOST_AUTO_TEST_CASE(both_ends_of_a_channel_know_a_message_by_the_same_id) {
  const Requested made;
  const auto sent = in_all_formats(made.network, 5000, {"outbox"});
  BOOST_REQUIRE(sent.json["messages"].size() == 3);
  std::map<int, std::string> ids;
  for (const auto& message : sent.json["messages"]) {
    BOOST_TEST(message["from"] == 5000);
    BOOST_TEST(message["delivered"] == true);
    ids[message["to"].get<int>()] = message["id"];
  }
  for (const int port : {5001, 5002, 5003}) BOOST_TEST(made.waiting_at(port)[0]["id"] == ids[port]);
  const auto by_sender = made.network.ok(5000, {"show-message", ids[5002].substr(0, 8)});
  const auto by_witness = made.network.ok(5002, {"show-message", ids[5002]});
  BOOST_TEST(by_sender["fields"] == by_witness["fields"]);
}

BOOST_AUTO_TEST_CASE(a_message_is_shown_with_all_its_fields) {
  const Requested made;
  const std::string id = made.waiting_at(5001)[0]["id"];
  const auto shown = in_all_formats(made.network, 5001, {"show-message", id.substr(0, 6)});
  BOOST_TEST(shown.json["id"] == id);
  const auto& request = shown.json["fields"]["request"];
  BOOST_TEST(request["statement"] == "REQUEST");
  BOOST_TEST(request["signer"] == 5000);
  BOOST_TEST(request["body"]["sender_port"] == 5000);
  BOOST_TEST(request["body"]["receiver_port"] == 5001);
  BOOST_TEST(request["body"]["book"].get<std::string>().size() == 64);
  BOOST_TEST(request["body"]["id_hash"].get<std::string>().size() == 64);
  BOOST_TEST(request["signature"].get<std::string>().size() == 128);
  BOOST_TEST(mentions(shown.text, request["signature"].get<std::string>()));
  // A message of the chain has nested lists and optional fields.
  const Network network;
  (void)network.exchange(5000, 5001, network.value_of(5001), 7);
  network.receive_all();
  network.ok(5000, {"receive"});
  network.ok(5000, {"mine"});
  network.ok(5001, {"receive"});
  network.ok(5002, {"receive"});
  network.ok(5003, {"receive"});
  network.ok(5000, {"receive"});
  bool seen = false;
  const Json messages = network.ok(5001, {"inbox"})["messages"];
  for (const auto& message : messages) {
    if (message["type"] != "propose") continue;
    seen = true;
    const auto fields = in_all_formats(network, 5001, {"show-message", message["id"]}).json["fields"];
    BOOST_TEST(fields["answers"].size() >= 3);
    BOOST_TEST(fields["highest_lock"].is_null());
    BOOST_TEST(fields["block"]["transactions"][0]["body"]["form"] == "mined");
  }
  BOOST_TEST(seen);
}

// Section 2, channel: nobody but the two peers of a pair opens its messages.
BOOST_AUTO_TEST_CASE(a_spool_file_opens_for_its_two_peers_and_for_no_other) {
  const Requested made;
  const std::string file = made.waiting_at(5001)[0]["file"];
  const auto recipient = in_all_formats(made.network, 5001, {"show-message", file});
  BOOST_TEST(recipient.json["type"] == "request");
  const auto sender = in_all_formats(made.network, 5000, {"show-message", file});
  BOOST_TEST(sender.json["fields"] == recipient.json["fields"]);
  const auto witness = in_all_formats(made.network, 5002, {"show-message", file});
  for (const auto* field : {"id", "from", "type", "exchange", "fields"}) BOOST_TEST(witness.json[field].is_null());
  BOOST_TEST(witness.json["token"] == "wrong-recipient");
}

BOOST_AUTO_TEST_CASE(a_changed_message_is_listed_without_id_and_sender) {
  const Requested made;
  const path file(made.waiting_at(5001)[0]["file"].get<std::string>());
  auto bytes = read_file(file);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file(file, bytes);
  write_file(file.parent_path() / "rubbish", "not mail");
  const auto shown = in_all_formats(made.network, 5001, {"inbox"});
  BOOST_REQUIRE(shown.json["messages"].size() == 2);
  for (const auto& message : shown.json["messages"]) {
    BOOST_TEST(message["id"].is_null());
    BOOST_TEST(message["from"].is_null());
    BOOST_TEST(message["type"].is_null());
  }
  BOOST_TEST(shown.json["messages"][0]["token"] == "bad-signature");
  BOOST_TEST(shown.json["messages"][1]["token"] == "bad-file");
  BOOST_TEST(mentions(shown.text, "unreadable"));
}

BOOST_AUTO_TEST_CASE(acknowledgements_are_listed_as_delivery_notes) {
  const Requested made;
  made.network.ok(5001, {"receive"});
  const auto shown = in_all_formats(made.network, 5000, {"inbox"});
  BOOST_REQUIRE(shown.json["messages"].size() == 1);
  BOOST_TEST(shown.json["messages"][0]["type"] == "delivery-note");
  const auto note = made.network.ok(5000, {"show-message", shown.json["messages"][0]["id"]});
  BOOST_TEST(note["fields"]["taken"].size() == 1);
  made.network.ok(5000, {"receive"});
  BOOST_TEST(made.network.ok(5000, {"outbox"})["messages"].size() == 2);
}

BOOST_AUTO_TEST_CASE(what_could_not_be_delivered_is_told_apart) {
  const Network network;
  boost::filesystem::rename(network.home(5001) / "spool", network.home(5001) / "away");
  network.refused(5000, {"request", "--from", "5001", "--book", network.value_of(5001)}, 1, "io");
  const Json messages = network.ok(5000, {"outbox"})["messages"];
  for (const auto& message : messages) {
    BOOST_TEST(message["delivered"] == (message["to"] != 5001));
  }
  const auto status = in_all_formats(network, 5000, {"status"});
  BOOST_TEST(status.json["undelivered"] == Json::array({{{"port", 5001}, {"messages", 1}}}));
  BOOST_TEST(mentions(status.text, "could not be delivered to 5001"));
}

BOOST_AUTO_TEST_CASE(a_message_that_is_not_there_is_not_found) {
  const Requested made;
  const auto& network = made.network;
  network.refused(5000, {"show-message", "0123456789"}, 4, "unknown-message");
  network.refused(5000, {"show-message", "no/such/file"}, 4, "no-such-file");
  const auto file = network.scratch("rubbish");
  write_file(file, "rubbish");
  network.refused(5000, {"show-message", file.string()}, 6, "bad-file");
  network.refused(5000, {"show-message", network.folder().string()}, 6, "bad-file");
  network.refused(5000, {"show-message"}, 2, "usage");
}

BOOST_AUTO_TEST_SUITE_END()

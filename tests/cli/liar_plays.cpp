#include "tests/cli/liar_plays.hpp"

namespace bookchain::tests::liars {

namespace {

/// Everybody but the liar takes in until nothing comes, and then knows of this fault and no other.
void check_evidence(const Stage& stage, int liar, const std::string& fault) {
  for (int round = 0; round < 4; ++round) {
    for (const int port : stage.honest(liar)) stage.network.ok(port, {"receive"});
  }
  for (const int port : stage.honest(liar)) {
    BOOST_TEST((stage.faults(port, liar) == std::set<std::string>{fault}), "at " << port);
  }
  convince_a_stranger(stage, stage.honest(liar).back(), liar);
}

/// An exchange that came to nothing says that there is more than that.
void show_says_what_is_proven(const Stage& stage, int port, const std::string& id) {
  const auto guaranteed = stage.network.show(port, id)["guaranteed"].dump();
  BOOST_TEST(mentions(guaranteed, "the proof that 5001 cheated is kept here: evidence list"), guaranteed);
}

/// A book of a few chunks.
std::string large_book(const Network& network) {
  const auto file = network.scratch("book");
  write_file(file, std::string(200'000, 'b'));
  const std::string book = network.ok(owner, {"add-book", file.string()})["book"];
  network.receive_until_quiet();
  return book;
}

}  // namespace

// The witness that is shown both tells the requester before it consents.
void grant_twice(const Case& each) {
  const Stage stage;
  const auto id = stage.request(requester);
  stage.serve_for_a_moment(owner, each.kind);
  for (const int port : {5002, 5003, 5004, requester}) stage.network.ok(port, {"receive"});
  const auto shown = stage.network.show(requester, id);
  BOOST_TEST(shown["state"] == "invalid", shown.dump());
  BOOST_TEST(mentions(shown["reason"], "two grants"), shown["reason"]);
  check_evidence(stage, owner, each.evidence);
  show_says_what_is_proven(stage, requester, id);
}

// The requester does not look until the ABORT is in the chain: then it holds the RELEASE beside it.
void release_and_abort(const Case& each) {
  Stage stage;
  const auto id = stage.request(requester);
  for (const int port : {5002, 5003, 5004}) stage.serve(port, {});
  stage.serve(owner, {"--misbehave", each.kind, "--recover-after", "never"});
  BOOST_TEST(Stage::becomes_true([&] {
    stage.network.ok(requester, {"receive"});
    return stage.network.at(requester, {"consent"}).exit_code == 0;
  }));
  BOOST_TEST(Stage::becomes_true([&] { return stage.network.ok(5002, {"status"})["height"] == 1; }));
  BOOST_TEST(Stage::becomes_true([&] {
    stage.network.ok(requester, {"receive"});
    return stage.state(requester, id) == "aborted";
  }));
  stage.servers.clear();
  check_evidence(stage, owner, each.evidence);
  show_says_what_is_proven(stage, requester, id);
  BOOST_TEST(stage.network.ok(requester, {"history", stage.book})["history"].size() == 1U);
}

// A block that one proposer has the votes for, and has not committed yet, is what the next one must propose: who has
// precommitted on it and answers the next that it has no lock is named when the first certificate comes.
void hide_a_lock(const Case& each) {
  const Stage stage;
  const auto& network = stage.network;
  const auto id = network.exchange(requester, owner, stage.book, 7);
  network.receive_until_quiet();  // the answers about the key
  network.ok(requester, {"mine"});
  const auto others_receive = [&] {
    for (const int port : {owner, 5002, lying_witness, 5004}) network.ok(port, {"receive"});
  };
  for (int phase = 0; phase < 2; ++phase) {  // answers, then prevotes
    others_receive();
    network.ok(requester, {"receive"});
  }
  others_receive();  // the precommits wait at the requester
  network.ok(owner, {"mine", "--settle", id});
  for (const int port : {5002, 5004}) network.ok(port, {"receive"});
  stage.serve_for_a_moment(lying_witness, each.kind);
  network.ok(owner, {"receive"});  // proposes again, with the answers
  for (const int port : {5002, 5004, requester}) network.ok(port, {"receive"});
  for (int round = 0; round < 4; ++round) {
    for (const int port : stage.honest(lying_witness)) network.ok(port, {"receive"});
  }
  BOOST_TEST(network.state(requester, id) == "committed");
  BOOST_TEST(form_of_last_transfer(stage, owner) == "mined");
  for (const int port : stage.honest(lying_witness)) {
    BOOST_TEST((stage.faults(port, lying_witness) == std::set<std::string>{each.evidence}), "at " << port);
  }
  convince_a_stranger(stage, 5004, lying_witness);
}

// The owner is silent as well: one fault more than is borne, and still the shares of the other two witnesses do.
void give_a_false_share(const Case& each) {
  Stage stage;
  const auto id = stage.request(requester);
  (void)stage.network.at(owner, {"serve", "--until-idle=0"});  // grants, and is gone
  stage.serve(lying_witness, {"--misbehave", each.kind, "--recover-after", "never"});
  BOOST_TEST(Stage::becomes_true([&] {
    stage.network.ok(requester, {"receive"});
    return stage.network.show(requester, id)["next"].is_string() && stage.network.ok(5003, {"status"})["inbox"] == 0;
  }));
  for (const int port : {5002, 5004, requester}) stage.serve(port, {"--recover-after", "1"});
  BOOST_TEST(Stage::becomes_true([&] { return stage.network.on_shelf(requester, stage.book); }));
  BOOST_TEST(stage.state(requester, id) == "committed");
  BOOST_TEST(form_of_last_transfer(stage, requester) == "claimed");
  BOOST_TEST(Stage::becomes_true([&] { return mentions(stage.servers.back()->out_so_far(), "wrong-share"); }));
}

// The shares are asked for only where the owner is silent, which is one fault more than is borne; and still the false
// deal is proven, and the book that could not be read goes back.
void deal_false_shares(const Case& each) {
  Stage stage;
  const auto id = stage.request(requester);
  stage.serve_for_a_moment(owner, each.kind);  // grants, and is gone
  for (const int port : {requester, 5002, 5003, 5004}) stage.serve(port, {"--recover-after", "1"});
  BOOST_TEST(Stage::becomes_true([&] { return stage.state(requester, id) == "invalid"; }), stage.state(requester, id));
  BOOST_TEST((stage.faults(requester, owner) == std::set<std::string>{each.evidence}));
  const auto history = stage.network.ok(requester, {"history", stage.book})["history"];
  BOOST_TEST(history.size() == 3U);
  BOOST_TEST(history.back()["owner"] == owner);
  convince_a_stranger(stage, requester, owner);
}

void sell_twice(const Case& each) {
  Stage stage;
  const auto first = stage.request(requester);
  const Words for_a_moment{"serve", "--misbehave", each.kind, "--until-idle=0"};
  stage.serve_for_a_moment(owner, each.kind);
  const auto second = stage.request(5002);
  stage.serve_for_a_moment(owner, each.kind);
  stage.all_serve(owner, each.kind);
  const auto ended = [&](int port, const std::string& id) {
    const auto state = stage.state(port, id);
    return is_over(state) || state == "committed";
  };
  BOOST_TEST(Stage::becomes_true([&] { return ended(requester, first) && ended(5002, second); }));
  const auto history = stage.network.ok(5003, {"history", stage.book})["history"];
  BOOST_TEST(history.size() <= 2U);
  for (const int port : stage.honest(owner)) {
    BOOST_TEST(Stage::becomes_true([&] { return stage.faults(port, owner).contains(each.evidence); }), port);
  }
  convince_a_stranger(stage, 5003, owner);
}

/// The requester never has all of the encrypted book, so it does not consent and nothing is given away.
void cut_a_package(const Case& each) {
  const Stage stage;
  const auto& network = stage.network;
  for (const auto& book : {stage.book, large_book(network)}) {
    const auto id = stage.request(requester, book);
    stage.serve_for_a_moment(owner, each.kind);
    for (const int port : {5002, 5003, 5004, requester}) network.ok(port, {"receive"});
    const auto shown = network.show(requester, id);
    BOOST_TEST(shown["state"] == "granted");
    BOOST_TEST(shown["waiting_for"] == Json({owner}), shown.dump());
    BOOST_TEST(!mentions(shown["peers"][0]["holds"].dump(), "encrypted book"), shown.dump());
    BOOST_TEST(!mentions(shown["guaranteed"].dump(), "has the book encrypted"), shown.dump());
    BOOST_TEST(mentions(shown["not_guaranteed"].dump(), "that 5001 ever sends the encrypted book"), shown.dump());
    const auto consent = network.at(requester, {"consent", id});
    BOOST_TEST(consent.exit_code == 5, consent.err);
    BOOST_TEST(mentions(consent.err, "the encrypted book has not come"), consent.err);
    const auto waited = network.at(requester, {"serve", "--until-idle=0.3"});
    BOOST_TEST(mentions(waited.err, "nothing is given away yet: abort " + id.substr(0, 12)), waited.err);
    network.ok(requester, {"abort", id});
    network.ok(owner, {"receive"});
    for (const int port : {requester, owner}) BOOST_TEST(stage.state(port, id) == "aborted");
    BOOST_TEST(network.on_shelf(owner, book));
    BOOST_TEST(!network.on_shelf(requester, book));
  }
}

// Index and X are authenticated with every chunk.
void swap_chunks(const Case& each) {
  Stage stage;
  const auto book = large_book(stage.network);
  stage.all_serve(owner, each.kind);
  const auto id = stage.request(requester, book);
  for (const int port : stage.honest(owner)) {
    BOOST_TEST(Stage::becomes_true([&] { return stage.state(port, id) == "invalid"; }), stage.state(port, id));
    BOOST_TEST((stage.faults(port, owner) == std::set<std::string>{each.evidence}));
  }
  BOOST_TEST(stage.network.ok(requester, {"history", book})["history"].size() == 1U);
}

}  // namespace bookchain::tests::liars

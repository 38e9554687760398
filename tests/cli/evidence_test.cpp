// Evidence (docs/protocol.md, section 5) as people use it: what a peer found out is listed, a file of it convinces a
// stranger who has nothing but the network file, and nothing else does.
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"
#include "tests/cli/roles.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// An owner that encrypted another book, and was disputed for it.
struct Cheated {
  Network network{{"--seed", "evidence", "--auto-books", "0"}};
  std::string exchange;
  std::string id;

  Cheated() {
    const auto file = network.scratch("page");
    write_file(file, std::string(200'000, 'w'));
    const std::string book = network.ok(owner, {"add-book", file.string(), "--title", "Pages"})["book"];
    network.receive_until_quiet();
    exchange = network.request(requester, owner, book);
    network.receive_all();
    for (const auto& [port, words] :
         std::vector<std::pair<int, Words>>{{owner, {"grant", exchange, "--rehearse-bad-chunk"}},
                                            {requester, {"consent", exchange}},
                                            {owner, {"check-id", exchange}},
                                            {owner, {"release", exchange}}}) {
      network.ok(port, words);
      network.receive_until_quiet();
    }
    network.refused(requester, {"open", exchange}, 3, "wrong-book");
    network.ok(requester, {"dispute", exchange});
    network.receive_until_quiet();
    id = network.ok(requester, {"evidence", "list"})["evidence"][0]["id"];
  }
  [[nodiscard]] path exported(int port) const {
    const auto file = network.scratch(std::to_string(port) + ".evidence");
    network.ok(port, {"evidence", "export", id.substr(0, 8), "--to", file.string()});
    return file;
  }
  /// As a stranger sees it: a folder with the network file alone.
  [[nodiscard]] path network_file() const {
    const auto folder = network.scratch("stranger");
    boost::filesystem::create_directories(folder);
    write_file(folder / "network.yaml", read_file(network.folder() / "network.yaml"));
    return folder / "network.yaml";
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(evidence)

BOOST_AUTO_TEST_CASE(every_peer_lists_it_and_the_file_of_each_convinces_a_stranger) {
  const Cheated play;
  for (const int port : play.network.ports()) {
    const auto list = play.network.ok(port, {"evidence", "list"})["evidence"];
    BOOST_REQUIRE_MESSAGE(list.size() == 1U, port << ": " << list.dump());
    BOOST_TEST(list[0]["id"] == play.id);
    BOOST_TEST(list[0]["kind"] == "bad-chunk");
    BOOST_TEST(list[0]["accused"] == owner);
    BOOST_TEST(list[0]["role"] == "owner");
    BOOST_TEST(list[0]["exchange"] == play.exchange);
    BOOST_TEST(list[0]["height"].is_null());
    BOOST_TEST(list[0]["seen"].get<std::string>().size() >= 20U);
    const auto file = play.exported(port);
    const auto verified =
        run({"-o", "json", "evidence", "verify", file.string(), "--network-file", play.network_file().string()});
    BOOST_TEST(verified.exit_code == 0, verified.err);
    BOOST_TEST(verified.json()["valid"] == true);
    BOOST_TEST(verified.json()["id"] == play.id);
    BOOST_TEST(verified.json()["accused"] == owner);
    BOOST_TEST(verified.json()["checks"].size() >= 4U);
  }
  BOOST_TEST((read_file(play.exported(requester)) == read_file(play.exported(5003))));
}

BOOST_AUTO_TEST_CASE(people_read_each_check_that_passed) {
  const Cheated play;
  const auto file = play.exported(5002);
  const auto listed = run({"-n", play.network.folder().string(), "-p", "5002", "evidence", "list"});
  BOOST_TEST(mentions(listed.out, "encrypted another book than the registered one"));
  // The network of -n does as well, and standard input for the file.
  RunOptions input;
  input.input = read_file(file);
  const auto shown = run({"-n", play.network.folder().string(), "evidence", "verify", "-"}, input);
  BOOST_TEST(shown.exit_code == 0);
  BOOST_TEST(mentions(shown.out, "passed  decrypted, chunk 0 is not what the BOOK registers"));
  BOOST_TEST(mentions(shown.out, "proven: 5001"));
  const auto raw =
      run({"-n", play.network.folder().string(), "-p", "5002", "evidence", "export", play.id, "--to", "-"});
  BOOST_TEST((raw.out == input.input));
}

BOOST_AUTO_TEST_CASE(what_does_not_hold_is_refused_by_the_first_check_that_does_not_pass) {
  const Cheated play;
  const auto good = read_file(play.exported(requester));
  const auto genesis = play.network_file().string();
  const auto verify = [&](const std::string& bytes, const std::string& network_file) {
    const auto file = play.network.scratch("changed");
    write_file(file, bytes);
    return run({"-o", "json", "evidence", "verify", file.string(), "--network-file", network_file});
  };
  auto changed = good;
  changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);  // within the chunk
  const auto refused = verify(changed, genesis);
  BOOST_TEST(refused.exit_code == 3);
  BOOST_TEST(refused.json()["valid"] == false);
  BOOST_TEST(refused.json()["checks"].size() == 3U);
  BOOST_TEST(refused.token() == "bad-statement");
  for (const auto& none : {std::string(), good.substr(0, good.size() - 1), good + "x", std::string("bookchain")}) {
    BOOST_TEST(verify(none, genesis).exit_code == 6);
    BOOST_TEST(verify(none, genesis).token() == "bad-file");
  }
  const Network another({"--seed", "another"});
  const auto other = verify(good, (another.folder() / "network.yaml").string());
  BOOST_TEST(other.exit_code == 3);
  BOOST_TEST(other.token() == "wrong-network");
  BOOST_TEST(run({"evidence", "verify", play.network.scratch("none").string(), "--network-file", genesis}).exit_code ==
             4);
  BOOST_TEST(verify(good, play.network.scratch("none.yaml").string()).exit_code == 4);
}

BOOST_AUTO_TEST_CASE(a_peer_that_saw_nothing_lists_nothing_and_names_what_is_not_there) {
  const Network network;
  BOOST_TEST(network.ok(requester, {"evidence", "list"})["evidence"].empty());
  network.refused(requester, {"evidence", "export", "0123456789ab"}, 4, "unknown-evidence");
  network.refused(requester, {"evidence", "export", "xyz"}, 6, "bad-value");
  network.refused(requester, {"evidence", "export"}, 2, "usage");
  BOOST_TEST(run({"-n", network.folder().string(), "evidence", "list"}).exit_code == 2);
}

BOOST_AUTO_TEST_CASE(commands_of_two_words_are_named_guessed_and_explained_like_others) {
  const auto alone = run({"evidence"});
  BOOST_TEST(alone.exit_code == 2);
  BOOST_TEST(mentions(alone.err, "bookchain help evidence"));
  const auto mistyped = run({"evidence", "lists"});
  BOOST_TEST(mistyped.exit_code == 2);
  BOOST_TEST(mentions(mistyped.err, "did you mean evidence list?"));
  BOOST_TEST(mentions(run({"evidense", "list"}).err, "did you mean evidence?"));
  const auto all = run({"help", "evidence"});
  BOOST_TEST(all.exit_code == 0);
  for (const auto* name : {"evidence list", "evidence export", "evidence verify"}) BOOST_TEST(mentions(all.out, name));
  BOOST_TEST(run({"evidence", "--help"}).out == all.out);
  const auto one = run({"help", "evidence", "verify"});
  BOOST_TEST(run({"evidence", "verify", "--help"}).out == one.out);
  BOOST_TEST(run({"evidence", "--help", "verify"}).out == one.out);
  BOOST_TEST(mentions(one.out, "--network-file"));
  const Network network;
  BOOST_TEST(run({"evidence", "-n", network.folder().string(), "-p", "5000", "list"}).exit_code == 0);
}

BOOST_AUTO_TEST_SUITE_END()

// Owners who do not trust each other make a network: keygen, init --cards, join. What each must be shown, what is
// refused, and that doing it again changes nothing.
#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>
#include <regex>

#include "tests/cli/owners.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

void check_refused(const Ended& ended, int exit_code, const std::string& token) {
  BOOST_TEST(ended.exit_code == exit_code, ended.err);
  BOOST_TEST(ended.token() == token, ended.err);
  BOOST_TEST(ended.out.empty());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ceremony)

// The port says who it is to be, and does not name another home than the one in the environment.
BOOST_AUTO_TEST_CASE(keys_are_made_in_the_home_that_the_environment_names_unless_the_command_line_names_one) {
  const TemporaryDirectory scratch;
  RunOptions options;
  options.folder = scratch.get();
  options.environment["BOOKCHAIN_HOME"] = (scratch / "mine").string();
  const auto home_of = [&](Words words) {
    words.insert(words.begin(), {"-o", "json", "keygen", "-p", "5000"});
    return run(words, options).json()["home"].get<std::string>();
  };
  BOOST_TEST(home_of({}) == (scratch / "mine").string());
  BOOST_TEST(home_of({"--home", (scratch / "named").string()}) == (scratch / "named").string());
  BOOST_TEST(home_of({"-n", (scratch / "net").string()}) == (scratch / "net" / "5000").string());
  options.environment.clear();
  BOOST_TEST(home_of({}) == "./5000");
  options.environment["BOOKCHAIN_HOME"] = (scratch / "mine").string();
  options.environment["BOOKCHAIN_PORT"] = "5000";
  BOOST_TEST(run({"-o", "json", "keygen"}, options).json()["home"] == (scratch / "mine").string());
}

// The card and the network file are for the others; nobody can have prepared the place where they are written.
BOOST_AUTO_TEST_CASE(what_is_given_out_can_be_read_by_all_whatever_the_umask_and_waits_for_nothing) {
  const Owners owners;
  owners.all_keys();
  const auto common = owners.scratch / "common";
  fs::create_directories(common);
  BOOST_REQUIRE(::mkfifo((common / "network.yaml.new").c_str(), 0666) == 0);
  RunOptions shell;
  shell.program = "/bin/sh";
  Words words{"-c", "umask 077; exec \"$@\"", "sh", program_under_test(), "init", common.string(), "--cards"};
  for (std::size_t i = 0; i < 4; ++i) words.push_back((owners.home(i) / "card.yaml").string());
  const auto made = run(words, shell);
  BOOST_TEST(made.exit_code == 0, made.err);
  BOOST_TEST(fs::status(owners.network_file()).permissions() == 0644);
  BOOST_TEST(!fs::exists(common / "network.yaml.new"));
}

BOOST_AUTO_TEST_CASE(four_owners_make_a_network_and_hand_over_a_file) {
  const Owners owners;
  std::vector<std::string> cards;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto made = owners.keygen(i).json();
    BOOST_TEST(made["port"] == 5000 + i);
    BOOST_TEST(made["card"] == (owners.home(i) / "card.yaml").string());
    cards.push_back(made["fingerprint"]);
    BOOST_TEST(std::regex_match(cards.back(), std::regex("([0-9a-f]{4} ){9}[0-9a-f]{4}")));
  }
  const auto network = owners.assemble().json();
  const std::string fingerprint = network["fingerprint"];
  BOOST_TEST(network["file"] == owners.network_file().string());
  for (std::size_t i = 0; i < 4; ++i) {
    const auto joined = owners.join(i).json();
    BOOST_TEST(joined["network"] == network["network"]);
    BOOST_TEST(joined["fingerprint"] == fingerprint);
    for (std::size_t j = 0; j < 4; ++j) {
      BOOST_TEST(joined["peers"][j]["port"] == 5000 + j);
      BOOST_TEST(joined["peers"][j]["fingerprint"] == cards[j]);
      BOOST_TEST(network["peers"][j]["fingerprint"] == cards[j]);
    }
    const auto status = owners.at(i, {"status"}).json();
    BOOST_TEST(status["fingerprint"] == fingerprint);
    for (std::size_t j = 0; j < 4; ++j) BOOST_TEST(status["peers"][j]["fingerprint"] == cards[j]);
  }
  write_file(owners.scratch / "novel.txt", std::string(200'000, 'n'));
  const auto book = owners.at(1, {"add-book", (owners.scratch / "novel.txt").string()}).json()["book"];
  std::vector<std::unique_ptr<Background>> servers;
  for (std::size_t i = 1; i < 4; ++i) {
    servers.push_back(std::make_unique<Background>(Words{"--home", owners.home(i).string(), "serve"}));
  }
  BOOST_REQUIRE(owners.at(0, {"receive"}).exit_code == 0);
  const auto ended = owners.at(0, {"request", "--from", "5001", "--book", book, "--wait=60"});
  BOOST_TEST(ended.json()["state"] == "committed", ended.err);
  BOOST_TEST(owners.at(0, {"get-book", book, "--to", (owners.scratch / "got.txt").string()}).exit_code == 0);
  BOOST_TEST((read_file(owners.scratch / "got.txt") == read_file(owners.scratch / "novel.txt")));
}

BOOST_AUTO_TEST_CASE(keys_are_private_and_the_rest_of_the_ceremony_has_none_of_them) {
  const Owners owners;
  const auto old_mask = ::umask(0);
  owners.all_keys();
  const auto assembled = owners.assemble();
  const auto joined = owners.join(0);
  ::umask(old_mask);
  const auto keys = read_file(owners.home(0) / "keys.yaml");
  struct stat facts {};
  BOOST_REQUIRE(::stat((owners.home(0) / "keys.yaml").c_str(), &facts) == 0);
  BOOST_TEST((facts.st_mode & 07777U) == 0600U);
  const std::regex secret("[0-9a-f]{64}");
  int count = 0;
  for (auto found = std::sregex_iterator(keys.begin(), keys.end(), secret); found != std::sregex_iterator(); ++found) {
    ++count;
    for (const auto& text : {owners.keygen(0).out, assembled.out, joined.out, read_file(owners.network_file()),
                             read_file(owners.home(0) / "card.yaml"), read_file(owners.home(0) / "config.yaml")}) {
      BOOST_TEST(!mentions(text, found->str()));
    }
  }
  BOOST_TEST(count == 2);
}

BOOST_AUTO_TEST_CASE(each_step_done_again_changes_nothing) {
  const Owners owners;
  owners.all_joined();
  BOOST_REQUIRE(owners.at(0, {"add-book", "--value", "7"}).exit_code == 0);
  const auto before = snapshot(owners.scratch.get());
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(owners.keygen(i).exit_code == 0);
  BOOST_TEST(owners.assemble().exit_code == 0);
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(owners.join(i).exit_code == 0);
  BOOST_TEST((snapshot(owners.scratch.get()) == before));
  BOOST_TEST(owners.at(0, {"list-books"}).json()["books"].size() == 1);
}

BOOST_AUTO_TEST_CASE(the_keys_of_a_home_are_never_replaced) {
  const Owners owners;
  BOOST_REQUIRE(owners.keygen(0).exit_code == 0);
  const auto before = snapshot(owners.home(0));
  const auto home = owners.home(0).string();
  check_refused(Owners::json({"keygen", "--home", home, "--port", "5001"}), 3, "home-exists");
  check_refused(owners.keygen(0, {"--seed", "s"}), 3, "home-exists");
  BOOST_TEST((snapshot(owners.home(0)) == before));
  // A card that was lost is written again, of the same keys.
  fs::remove(owners.home(0) / "card.yaml");
  BOOST_TEST(owners.keygen(0).exit_code == 0);
  BOOST_TEST((snapshot(owners.home(0)) == before));
  // Keys that were lost are not made anew beside a card that others have.
  fs::remove(owners.home(0) / "keys.yaml");
  check_refused(owners.keygen(0), 3, "home-exists");
}

BOOST_AUTO_TEST_CASE(an_address_can_be_changed_until_the_home_has_joined) {
  const Owners owners;
  const auto first = owners.keygen(0).json();
  BOOST_TEST(first["address"] == "spool:" + (owners.home(0) / "spool").string());
  const auto second = owners.keygen(0, {"--address", "spool:ann-takes-here"}).json();
  BOOST_TEST(second["address"] == "spool:ann-takes-here");
  BOOST_TEST(second["fingerprint"] != first["fingerprint"]);
  BOOST_TEST(owners.keygen(0).json()["address"] == "spool:ann-takes-here");
  check_refused(owners.keygen(2, {"--address", "ftp:elsewhere"}), 6, "bad-value");
  for (std::size_t i = 1; i < 4; ++i) BOOST_REQUIRE(owners.keygen(i).exit_code == 0);
  BOOST_REQUIRE(owners.assemble().exit_code == 0);
  // Relative to the folder of the network file, for the owner as for the others.
  const auto joined = owners.join(0).json();
  BOOST_TEST(joined["spool"] == (owners.scratch / "common" / "ann-takes-here").string());
  BOOST_TEST(fs::is_directory(owners.scratch / "common" / "ann-takes-here"));
  for (std::size_t i = 1; i < 4; ++i) BOOST_REQUIRE(owners.join(i).exit_code == 0);
  BOOST_REQUIRE(owners.at(1, {"add-book", "--value", "7"}).exit_code == 0);
  BOOST_TEST(owners.at(0, {"receive"}).json()["received"][0]["type"] == "announce");
  check_refused(owners.keygen(0, {"--address", "spool:elsewhere"}), 3, "home-exists");
}

BOOST_AUTO_TEST_CASE(cards_that_are_false_or_do_not_go_together_make_no_network_file) {
  const Owners owners;
  owners.all_keys();
  const auto card = owners.home(3) / "card.yaml";
  const auto good = read_file(card);
  write_file(card, replaced(good, "port: 5003", "port: 5004"));
  check_refused(owners.assemble(), 3, "bad-signature");
  write_file(card, replaced(good, "/dora/spool", "/liar/spool"));
  check_refused(owners.assemble(), 3, "bad-signature");
  write_file(card, read_file(owners.home(2) / "card.yaml"));
  check_refused(owners.assemble(), 6, "bad-value");
  // The keys of another under a port of its own: each card is signed with the keys that it shows.
  const auto twin = owners.scratch / "twin";
  fs::create_directory(twin);
  write_file(twin / "keys.yaml", replaced(read_file(owners.home(2) / "keys.yaml"), "port: 5002", "port: 5003"));
  fs::permissions(twin / "keys.yaml", fs::perms(0600));
  BOOST_REQUIRE(Owners::json({"keygen", "--home", twin.string(), "--port", "5003"}).exit_code == 0);
  write_file(card, read_file(twin / "card.yaml"));
  check_refused(owners.assemble(), 6, "bad-value");
  write_file(card, "port: 5003\n");
  check_refused(owners.assemble(), 6, "missing-key");
  fs::remove(card);
  check_refused(owners.assemble(), 4, "no-such-file");
  write_file(card, good);
  for (const auto* option : {"--ports=5000,5001,5002,5003", "--seed=s", "--auto-books=1"}) {
    check_refused(owners.assemble({option}), 2, "usage");
  }
  check_refused(Owners::json({"init", (owners.scratch / "common").string(), "--cards", card.string()}), 2, "usage");
  BOOST_TEST(!fs::exists(owners.network_file()));
  BOOST_TEST(owners.assemble().exit_code == 0);
  const auto before = read_file(owners.network_file());
  check_refused(owners.assemble({"--work-bits", "9"}), 3, "home-exists");
  BOOST_TEST(read_file(owners.network_file()) == before);
}

BOOST_AUTO_TEST_CASE(a_network_file_with_another_card_of_this_peer_is_not_joined) {
  const Owners owners;
  owners.all_keys();
  BOOST_REQUIRE(owners.assemble().exit_code == 0);
  // Whoever makes the network file puts keys of its own in place of those of 5000.
  const auto liar = (owners.scratch / "liar").string();
  const auto assemble_with = [&](const Words& options, const std::string& folder) {
    Words words{"keygen", "--home", liar + folder, "--port", "5000"};
    words.insert(words.end(), options.begin(), options.end());
    BOOST_REQUIRE(Owners::json(words).exit_code == 0);
    Words init{"init", (owners.scratch / folder).string(), "--cards", liar + folder + "/card.yaml"};
    for (std::size_t i = 1; i < 4; ++i) init.push_back((owners.home(i) / "card.yaml").string());
    BOOST_REQUIRE(Owners::json(init).exit_code == 0);
    return (owners.scratch / folder / "network.yaml").string();
  };
  const auto false_file = assemble_with({}, "false");
  const auto before = snapshot(owners.home(0));
  const auto join_with = [&](const std::string& file) {
    return Owners::json({"--home", owners.home(0).string(), "join", file});
  };
  const auto told = join_with(false_file);
  check_refused(told, 3, "wrong-network");
  BOOST_TEST(mentions(told.err, "other keys"));
  // A network without this peer, a file that was changed, one that is none.
  const auto fifth = (owners.scratch / "fifth").string();
  BOOST_REQUIRE(Owners::json({"keygen", "--home", fifth, "--port", "5004"}).exit_code == 0);
  check_refused(Owners::json({"--home", fifth, "join", owners.network_file().string()}), 4, "unknown-peer");
  write_file(owners.scratch / "changed.yaml", replaced(read_file(owners.network_file()), "/ben/spool", "/liar/spool"));
  check_refused(join_with((owners.scratch / "changed.yaml").string()), 3, "wrong-network");
  check_refused(join_with((owners.scratch / "none.yaml").string()), 4, "no-such-file");
  check_refused(join_with((owners.home(0) / "card.yaml").string()), 6, "bad-config");
  check_refused(Owners::json({"--home", (owners.scratch / "nobody").string(), "join", owners.network_file().string()}),
                4, "home-missing");
  BOOST_TEST((snapshot(owners.home(0)) == before));
  // The others cannot see the lie in their own cards: the fingerprint of the network is another.
  BOOST_TEST(Owners::json({"--home", owners.home(1).string(), "join", false_file}).json()["fingerprint"] !=
             owners.join(0).json()["fingerprint"]);
  check_refused(owners.join(1), 3, "home-exists");
}

// A spool is open to all users of the host: no folder that was somebody's for something else may become one.
BOOST_AUTO_TEST_CASE(join_opens_no_folder_that_was_there_for_something_else) {
  const Owners owners;
  const auto mode_of = [](const path& folder) { return static_cast<unsigned>(fs::status(folder).permissions()); };
  const auto own = owners.scratch / "private";
  fs::create_directories(own / "letters");
  fs::permissions(own, fs::owner_all);
  BOOST_REQUIRE(owners.keygen(0, {"--address", "spool:shared/5000"}).exit_code == 0);
  for (std::size_t i = 1; i < 4; ++i) BOOST_REQUIRE(owners.keygen(i).exit_code == 0);
  BOOST_REQUIRE(owners.assemble().exit_code == 0);
  // Whoever can write in the shared folder puts a link where the spool is to be.
  const auto place = owners.scratch / "common" / "shared" / "5000";
  fs::create_directories(place.parent_path());
  fs::create_symlink(own, place);
  const auto told = owners.join(0);
  check_refused(told, 1, "permission");
  BOOST_TEST(mentions(told.err, "join --spool"));
  BOOST_TEST(mode_of(own) == 0700U);
  // The same by the option, with what is there and with its own link.
  const auto join_with = [&](const path& spool) {
    return Owners::json(
        {"--home", owners.home(0).string(), "join", owners.network_file().string(), "--spool", spool.string()});
  };
  check_refused(join_with(own), 1, "permission");
  check_refused(join_with(own.string() + "/"), 1, "permission");
  check_refused(join_with(place.string() + "/"), 1, "permission");
  BOOST_TEST(mode_of(own) == 0700U);
  BOOST_TEST(!fs::exists(owners.home(0) / "config.yaml"));
  // An empty folder is taken, and so is a spool that a join before this one made.
  fs::remove(place);
  fs::create_directory(place);
  BOOST_TEST(owners.join(0).exit_code == 0);
  BOOST_TEST(mode_of(place) == 03777U);
  fs::create_directory(place / "5001");
  fs::remove(owners.home(0) / "config.yaml");
  BOOST_TEST(owners.join(0).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(a_home_without_a_network_says_what_is_missing) {
  const Owners owners;
  BOOST_REQUIRE(owners.keygen(0).exit_code == 0);
  const auto ended = owners.at(0, {"status"});
  check_refused(ended, 4, "home-missing");
  BOOST_TEST(mentions(ended.err, "join"));
  check_refused(Owners::json({"keygen", "--home", owners.home(1).string()}), 2, "usage");
  fs::create_directory(owners.scratch / "alone");
  // Without --home the home is that of the port in the folder of the network.
  BOOST_TEST(Owners::json({"-n", (owners.scratch / "alone").string(), "keygen", "--port", "5000"}).exit_code == 0);
  BOOST_TEST(fs::is_regular_file(owners.scratch / "alone" / "5000" / "card.yaml"));
}

BOOST_AUTO_TEST_CASE(keys_from_the_same_seed_are_those_of_init_and_the_network_is_marked) {
  const Owners owners;
  for (std::size_t i = 0; i < 4; ++i) BOOST_REQUIRE(owners.keygen(i, {"--seed", "moby"}).exit_code == 0);
  BOOST_REQUIRE(owners.assemble().exit_code == 0);
  BOOST_REQUIRE(owners.join(2).exit_code == 0);
  BOOST_TEST(owners.at(2, {"status"}).json()["test_network"] == true);
  const auto made = Owners::json({"init", (owners.scratch / "one").string(), "--seed", "moby"});
  BOOST_REQUIRE(made.exit_code == 0);
  BOOST_TEST(read_file(owners.scratch / "one" / "5002" / "keys.yaml") == read_file(owners.home(2) / "keys.yaml"));
  BOOST_TEST(mentions(read_file(owners.network_file()), "TEST NETWORK"));
  fs::remove_all(owners.home(1));
  BOOST_REQUIRE(owners.keygen(1).exit_code == 0);
  fs::remove(owners.network_file());
  check_refused(owners.assemble(), 6, "bad-value");
}

// What a peer signed stands in its state: a join that is repeated goes on from a new one and never replaces another.
BOOST_AUTO_TEST_CASE(a_join_that_was_cut_short_is_finished_by_the_next) {
  const Owners owners;
  owners.all_joined();
  const auto home = owners.home(0);
  const auto config = home / "config.yaml";
  const auto kept = read_file(config);
  // What a killed process leaves: half a state under a name of its own, or all but config.yaml.
  fs::rename(home / "state.sqlite", home / "state.new");
  fs::remove(config);
  write_file(home / "state.new", "not yet a state");
  BOOST_TEST(owners.join(0).exit_code == 0);
  BOOST_TEST(!fs::exists(home / "state.new"));
  BOOST_TEST(read_file(config) == kept);
  fs::remove(config);
  BOOST_TEST(owners.join(0).exit_code == 0);
  BOOST_TEST(owners.at(0, {"status"}).exit_code == 0);
  // A state that was used is not made anew, and no mark says otherwise; nor is one that cannot be read.
  const auto book = owners.at(0, {"add-book", "--value", "7"}).json()["book"];
  fs::remove(config);
  write_file(home / "join.unfinished", "");
  const auto before = read_file(home / "state.sqlite");
  check_refused(owners.join(0), 3, "home-exists");
  BOOST_TEST((read_file(home / "state.sqlite") == before));
  BOOST_TEST(!fs::exists(config));
  write_file(config, kept);
  BOOST_TEST(owners.at(0, {"list-books"}).json()["books"][0]["book"] == book);
  fs::remove(config);
  write_file(home / "state.sqlite", "no state");
  check_refused(owners.join(0), 6, "bad-file");
  BOOST_TEST(read_file(home / "state.sqlite") == "no state");
}

BOOST_AUTO_TEST_SUITE_END()

// What others can put before a peer to harm it: things in its spool that are no messages, and text that is
// a path or steers a terminal. The peer goes on, and nothing of it reaches the terminal raw.
#include "tests/cli/abuse.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

/// Control characters of ASCII and of Latin-1, and characters that turn the direction of text.
bool is_harmless(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    const auto third = i + 2 < text.size() ? static_cast<unsigned char>(text[i + 2]) : 0U;
    if ((byte < 32 && byte != '\n') || byte == 127) return false;
    if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) return false;
    if (byte == 0xE2 && next == 0x80 && (third >= 0xA8 && third <= 0xAE)) return false;
    if (byte == 0xE2 && next == 0x81 && (third >= 0xA6 && third <= 0xA9)) return false;
  }
  return true;
}

/// Colours, clears the screen, sets the window's title, turns the direction, and tries to be a line more.
const std::string nasty =
    "\x1b[31m\x1b[2J\x1b]0;owned\x07 \xC2\x9B"
    "31m \xE2\x80\xAE"
    "cod.exe \xE2\x81\xA6x\r\nok\b\x7f";

void check_output(const Ended& text, const Ended& json, const std::string& what) {
  BOOST_TEST(is_harmless(text.out), what << " (text)");
  BOOST_TEST(is_harmless(text.err), what << " (text, stderr)");
  BOOST_TEST(is_ascii(json.out), what << " (json)");
  BOOST_TEST(is_ascii(json.err), what << " (json, stderr)");
}

/// The same command in both formats, with nothing raw in either.
void check_command(const Network& network, int port, const Words& words) {
  const auto with = [&](const char* format) {
    Words all{"-n", network.folder().string(), "-p", std::to_string(port), "-o", format};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  };
  std::string line = std::to_string(port);
  for (const auto& word : words) line += " " + word.substr(0, 20);
  check_output(with("text"), with("json"), line);
  BOOST_TEST(is_ascii(with("yaml").out), line << " (yaml)");
}

void make_socket(const path& file) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  BOOST_REQUIRE(file.string().size() < sizeof address.sun_path);
  file.string().copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_REQUIRE(::bind(descriptor, reinterpret_cast<const struct sockaddr*>(&address), sizeof address) == 0);
  ::close(descriptor);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(abuse_of_spools)

BOOST_AUTO_TEST_CASE(things_that_are_no_messages_are_put_aside_and_the_queue_goes_on) {
  const Network network;
  const auto spool = spool_of(network, 5001, 5000);
  const auto secret = network.scratch("secret");
  write_file(secret, "not to be read or moved");
  BOOST_REQUIRE(::mkfifo((spool / "a-fifo").c_str(), 0666) == 0);
  fs::create_directories(spool / "b-folder" / "deep" / "deeper");
  write_file(spool / "b-folder" / "deep" / "file", "x");
  fs::create_symlink(secret, spool / "c-link");
  fs::create_symlink("/etc/passwd", spool / "d-link-outside");
  fs::create_symlink("/dev/zero", spool / "e-link-to-device");
  fs::create_symlink(spool, spool / "f-link-to-itself");
  fs::create_symlink("/nowhere", spool / "g-link-to-nothing");
  make_socket(spool / "h-socket");
  write_file(spool / "i-huge", "");
  fs::resize_file(spool / "i-huge", std::uint64_t{1} << 40U);
  write_file(spool / "j-empty", "");
  write_file(spool / ("k-" + nasty.substr(0, 20)), "rubbish");
  write_file(spool / ".hidden", "rubbish");
  write_file(spool / std::string(255, 'l'), "rubbish");
  const auto rubbish = names_in(spool);
  BOOST_TEST(rubbish.size() == 12U);
  const std::string id = network.request(5000, 5001, network.book_of(5001));
  const auto received = receive_within_bounds(network, 5001);
  check_names(names_refused_in(received), rubbish);
  BOOST_TEST(mentions(received.dump(), "a link stands where a file should be"), received.dump());
  BOOST_TEST(receive_within_bounds(network, 5001).empty(), "nothing of it is told again");
  BOOST_TEST(network.state(5001, id) == "requested", "the message beside them was taken in");
  // What begins with a dot is a program's that copies something here, and not done yet.
  BOOST_TEST(fs::exists(spool / ".hidden"));
  fs::remove(spool / ".hidden");
  BOOST_TEST(fs::is_empty(spool));
  BOOST_TEST(read_file(secret) == "not to be read or moved");
  BOOST_TEST(!fs::is_empty(spool.parent_path() / "bad"));
  // What was put aside has its reason beside it.
  BOOST_TEST(mentions(read_file(spool.parent_path() / "bad" / "j-empty.reason"), "bad-file"));
  network.settle();
  BOOST_TEST(network.state(5001, id) == "committed");
}

BOOST_AUTO_TEST_CASE(thousands_of_rubbish_files_neither_starve_others_nor_fill_the_disk) {
  const Network network;
  const auto spool = spool_of(network, 5001, 5002);
  constexpr std::size_t count = 5000;
  for (std::size_t i = 0; i < count; ++i) {
    write_file(spool / ("0000-" + std::to_string(i)), std::string(i % 50, static_cast<char>(i)));
  }
  const std::string id = network.request(5000, 5001, network.book_of(5001));
  // A peer that floods is one of several senders: the first message of another comes soon.
  const auto rubbish = names_in(spool);
  auto told = names_refused_in(receive_within_bounds(network, 5001, "--limit 1"));
  BOOST_TEST(network.state(5001, id) == "requested");
  told.merge(names_refused_in(receive_within_bounds(network, 5001)));
  check_names(told, rubbish);
  BOOST_TEST(receive_within_bounds(network, 5001).empty(), "nothing of it is told again");
  BOOST_TEST(fs::is_empty(spool));
  std::size_t kept = 0;
  for (fs::directory_iterator entry(spool.parent_path() / "bad"), end; entry != end; ++entry) ++kept;
  BOOST_TEST(kept <= 200U, kept << " files are kept");
  network.settle();
  BOOST_TEST(network.state(5001, id) == "committed");
}

BOOST_AUTO_TEST_CASE(a_package_that_is_none_stops_nothing) {
  const Network network;
  const auto book = network.book_of(5001);
  const auto id = network.exchange(5000, 5001, book, 1);
  network.receive_all();
  const auto spool = spool_of(network, 5000, 5001);
  const auto package = spool / (id + ".package");
  enum Kind { too_short, link, fifo, too_large };
  for (const auto kind : {too_short, link, fifo, too_large}) {
    if (kind == link) fs::create_symlink("/etc/passwd", package);
    if (kind == fifo) BOOST_REQUIRE(::mkfifo(package.c_str(), 0666) == 0);
    if (kind == too_short || kind == too_large) write_file(package, "rubbish");
    if (kind == too_large) fs::resize_file(package, std::uint64_t{1} << 40U);
    // What is too short may still be growing.
    const std::size_t told = kind == too_short ? 0 : 1;
    const auto received = receive_within_bounds(network, 5000);
    BOOST_TEST(refused_in(received) == told, kind);
    for (const auto& each : received) BOOST_TEST(each["exchange"] == id);
    BOOST_TEST(receive_within_bounds(network, 5000).empty(), "nothing of it is told again: " << kind);
    BOOST_TEST(fs::exists(fs::symlink_status(package)) == (told == 0));
    fs::remove(package);
  }
  network.settle();
  BOOST_TEST(network.state(5000, id) == "committed");
}

BOOST_AUTO_TEST_CASE(a_spool_that_everybody_can_write_is_refused) {
  const Network network;
  const auto folder = spool_of(network, 5001, 5000);
  for (const auto& each : {folder, folder.parent_path(), folder.parent_path().parent_path()}) {
    BOOST_REQUIRE(::chmod(each.c_str(), 0777) == 0);
    const auto ended = network.at(5001, {"receive"});
    BOOST_TEST(ended.exit_code == 1);
    BOOST_TEST(ended.token() == "permission");
    BOOST_TEST(mentions(ended.err, "chmod o-w"));
    BOOST_REQUIRE(::chmod(each.c_str(), 0700) == 0);
  }
  network.ok(5001, {"receive"});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(abuse_of_text)

BOOST_AUTO_TEST_CASE(a_title_that_is_a_path_is_only_text) {
  const Network network({"--auto-books", "0"});
  const auto file = network.scratch("page");
  write_file(file, "words");
  const auto inside = [&] {
    auto found = snapshot(network.folder());
    std::erase_if(found, [](const auto& entry) { return mentions(entry.first, "/"); });
    return found;
  };
  const auto before = inside();
  for (const auto* title : {"../../etc/passwd", "/etc/passwd", "..", ".", "a/b", "-rf", "~", "$(id)", "'; rm -rf *"}) {
    const auto added = network.ok(5001, {"add-book", file.string(), std::string("--title=") + title});
    BOOST_TEST(added["title"] == title);
    network.receive_until_quiet();
    const auto made = network.ok(5000, {"request", "--from", "5001", std::string("--book=") + title});
    network.settle();
    BOOST_TEST(network.state(5000, made["exchange"]) == "committed");
    const auto got = network.scratch("got");
    network.ok(5000, {"get-book", added["book"], "--to", got.string()});
    BOOST_TEST(read_file(got) == "words");
  }
  BOOST_TEST((inside() == before), "nothing appeared beside the homes");
  BOOST_TEST(mentions(read_file("/etc/passwd"), "root:"));
}

BOOST_AUTO_TEST_CASE(no_foreign_text_steers_the_terminal) {
  const Network network({"--auto-books", "0"});
  const auto file = network.scratch("page");
  write_file(file, "words");
  network.refused(5001, {"add-book", file.string(), "--media-type", "text/\x1b[31m"}, 6, "bad-value");
  const std::string book = network.ok(5001, {"add-book", file.string(), "--title", nasty})["book"];
  network.receive_until_quiet();
  const auto check_all = [&](const std::string& id) {
    for (const int port : network.ports()) {
      for (const auto& words :
           {Words{"list-books", "--all"}, Words{"list-books"}, Words{"list-exchanges"}, Words{"show-exchange", id},
            Words{"trace", id}, Words{"trace", id, "--format", "mermaid"}, Words{"inbox"}, Words{"outbox"},
            Words{"status"}, Words{"show-chain"}, Words{"show-chain", "--format", "dot"}, Words{"history", book},
            Words{"step", "--dry-run"}}) {
        check_command(network, port, words);
      }
    }
  };
  const auto refused_id = network.exchange(5002, 5001, book, 1);
  network.receive_all();
  network.ok(5001, {"refuse", refused_id, "--reason", nasty});
  for (const auto& message : Json(network.ok(5002, {"inbox"})["messages"])) {
    check_command(network, 5002, {"show-message", message["id"]});
  }
  network.receive_until_quiet();
  check_all(refused_id);
  const auto id = network.exchange(5000, 5001, book, 2);
  for (const auto& message : Json(network.ok(5000, {"inbox"})["messages"])) {
    check_command(network, 5000, {"show-message", message["id"]});
  }
  network.settle();
  BOOST_TEST(network.state(5000, id) == "committed");
  check_all(id);
  check_command(network, 5000, {"get-book", book, "--to", network.scratch("got").string()});
  check_command(network, 5001, {"get-book", book, "--to", network.scratch("got").string()});
  check_command(network, 5002, {"request", "--from", "5001", "--book", nasty});
}

BOOST_AUTO_TEST_CASE(nothing_that_is_typed_or_read_steers_the_terminal) {
  const Network network;
  const auto nasty_file = network.scratch("a\x1b[31mb\xE2\x80\xAE.txt");
  write_file(nasty_file, "{\"\x1b[31m\": 1}");
  const auto json_file = network.scratch("request.json");
  write_file(json_file, R"({"\u001b[31m\u202e": 1})");
  for (const auto& words : {Words{nasty},
                            Words{"--" + nasty},
                            Words{"-p", nasty, "status"},
                            Words{"request", "--from", nasty, "--book", "1"},
                            Words{"request", "--from", "5001", "--book", nasty},
                            Words{"request", "--file", nasty},
                            Words{"request", "--file", nasty_file.string()},
                            Words{"request", "--file", json_file.string()},
                            Words{"grant", nasty},
                            Words{"show-exchange", nasty},
                            Words{"show-message", nasty},
                            Words{"get-book", nasty, "--to", "x"},
                            Words{"add-book", nasty},
                            Words{"add-book", "--value", nasty},
                            Words{"history", nasty},
                            Words{"help", nasty},
                            Words{"verify-chain", nasty_file.string()},
                            Words{"export-chain", (path(nasty) / "x").string()},
                            Words{"--home", nasty, "status"},
                            Words{"--network", nasty, "status"},
                            Words{"--color", nasty, "status"},
                            Words{"-o", nasty, "status"},
                            Words{"init", network.scratch("n").string(), "--ports", nasty},
                            Words{"init", network.scratch("n").string(), "--transport", nasty},
                            Words{"serve", "--grant", nasty},
                            Words{"add-book", nasty_file.string()}}) {
    check_command(network, 5000, words);
  }
  // The file's own name becomes the title.
  for (const auto* command : {"list-books", "outbox"}) check_command(network, 5000, {command});
  const auto yaml = network.folder() / "network.yaml";
  write_file(yaml, read_file(yaml) + "\"\\e[31m\\u202e\": 1\n");
  check_command(network, 5000, {"status"});
}

BOOST_AUTO_TEST_SUITE_END()

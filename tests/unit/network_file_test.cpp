// network.yaml: what is written is read as the same network, and every change is refused with its place.
#include "cli/network_file.hpp"

#include <sys/stat.h>

#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::cli;   // NOLINT(google-build-using-namespace)
using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

const Genesis& network_of_four() {
  static const auto genesis = network_of(4);
  return genesis;
}
const std::string& network_text() {
  static const auto text = write_network(network_of_four());
  return text;
}

/// The text with the first `old` replaced.
std::string replaced(const std::string& old, const std::string& fresh) {
  auto text = network_text();
  const auto at = text.find(old);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, "no such text: " << old);
  return text.replace(at, old.size(), fresh);
}

/// "token: key" of what is wrong with a text; a place in the file must be told, too.
std::string fault_in(const std::string& text) {
  const auto genesis = read_network("n.yaml", text);
  if (genesis) return "";
  const auto& subject = genesis.error().subject;
  BOOST_TEST(subject.starts_with("n.yaml:"), subject);
  const auto key = subject.find(": ");
  return token_of(genesis) + (key == std::string::npos ? "" : subject.substr(key));
}

std::string line_of(const std::string& key) {
  const auto& text = network_text();
  const auto at = text.find(key + ":");
  BOOST_REQUIRE(at != std::string::npos);
  return text.substr(at, text.find('\n', at) - at + 1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(network_file)

BOOST_AUTO_TEST_CASE(every_network_that_can_be_is_written_and_read_as_the_same) {
  std::vector<GenesisFields> all;
  for (const std::size_t peers : {min_peers, std::size_t{7}, max_peers}) all.push_back(network_fields(peers));
  all[0].test_network = true;
  all[1].work_bits = 24;
  all[1].limits = {1, 1U << 26U, 1U << 20U};
  all[2].limits.book_bytes = std::uint64_t{1} << 40U;
  for (const auto& fields : all) {
    const auto genesis = value_of(Genesis::make(fields));
    const auto read = value_of(read_network("n.yaml", write_network(genesis)));
    BOOST_TEST((read.fields() == fields));
    BOOST_TEST((read.id() == genesis.id()));
    BOOST_TEST(write_network(read) == write_network(genesis));
  }
}

// A line end in an address once read as a space, so that the file was refused as another network's.
BOOST_AUTO_TEST_CASE(an_address_of_odd_characters_is_read_as_it_was_written) {
  for (const auto* odd : {"spool:a\"b\\c", "spool:a\nb", "spool:a\r\n\tb ", "spool:\x01\x1b\x7f", "spool:# é 書 😀",
                          "spool:{a: *b}", "spool:%41'", "spool:\xe2\x80\xa8\xc2\x85x\xef\xbb\xbf"}) {
    auto fields = network_fields(4);
    fields.peers[2].address = odd;
    const auto genesis = value_of(Genesis::make(fields));
    const auto read = read_network("n.yaml", write_network(genesis));
    BOOST_TEST(token_of(read) == "success", odd);
    if (read) BOOST_TEST((read.value().fields() == fields), odd);
  }
}

// The id binds everything: with any value changed the file is of another network, or of none.
BOOST_AUTO_TEST_CASE(a_file_in_which_any_one_value_was_changed_is_refused) {
  BOOST_TEST(fault_in(replaced("chunk_size: 1024", "chunk_size: 2048")) == "wrong-network: network_id");
  BOOST_TEST(fault_in(replaced("work_bits: 8", "work_bits: 0")) == "wrong-network: network_id");
  BOOST_TEST(fault_in(replaced("test_network: false", "test_network: true")) == "wrong-network: network_id");
  BOOST_TEST(fault_in(replaced("book_bytes: 68719476736", "book_bytes: 1")) == "wrong-network: network_id");
  BOOST_TEST(fault_in(replaced("message_bytes: 16777216", "message_bytes: 16777215")) == "wrong-network: network_id");
  BOOST_TEST(fault_in(replaced("block_bytes: 4194304", "block_bytes: 4194303")) == "wrong-network: network_id");
  BOOST_TEST(fault_in(replaced("port: 5003", "port: 5004")) == "wrong-network: network_id");
  BOOST_TEST(fault_in(replaced("spool:5002/spool", "spool:elsewhere")) == "wrong-network: network_id");
  BOOST_TEST(fault_in(replaced(to_hex(network_of_four().id()), std::string(64, '0'))) == "wrong-network: network_id");
}

BOOST_AUTO_TEST_CASE(values_of_the_wrong_type_or_out_of_range_are_refused) {
  struct Case {
    const char* old;
    const char* fresh;
    std::string_view fault;
  };
  const std::array cases{
      Case{"bookchain: 1", "bookchain: 2", "bad-value: bookchain"},
      Case{"bookchain: 1", "bookchain: \"1\"", "bad-type: bookchain"},
      Case{"test_network: false", "test_network: no", "bad-type: test_network"},
      Case{"chunk_size: 1024", "chunk_size: 01024", "bad-type: chunk_size"},
      Case{"chunk_size: 1024", "chunk_size: 1023", "bad-value: chunk_size"},
      Case{"chunk_size: 1024", "chunk_size: 1048577", "bad-value: chunk_size"},
      Case{"work_bits: 8", "work_bits: 25", "bad-value: work_bits"},
      Case{"work_bits: 8", "work_bits: -1", "bad-type: work_bits"},
      Case{"book_bytes: 68719476736", "book_bytes: 0", "bad-value: limits.book_bytes"},
      Case{"book_bytes: 68719476736", "book_bytes: 1099511627777", "bad-value: limits.book_bytes"},
      Case{"message_bytes: 16777216", "message_bytes: 1048575", "bad-value: limits.message_bytes"},
      Case{"block_bytes: 4194304", "block_bytes: 8388609", "bad-value: limits.block_bytes"},
      Case{"block_bytes: 4194304", "block_bytes: 262143", "bad-value: limits.block_bytes"},
      Case{"port: 5001", "port: 0", "bad-value: peers[1].port"},
      Case{"port: 5001", "port: 65536", "bad-value: peers[1].port"},
      Case{"port: 5001", "port: 5000", "bad-value: peers[1]"},
      Case{"port: 5001", "port: 5002", "bad-value: peers[2]"},
      Case{"spool:5001/spool", "5001/spool", "bad-value: peers[1].address"},
      Case{"spool:5001/spool", "spool:", "bad-value: peers[1].address"},
      Case{"spool:5001/spool", "socket:", "bad-value: peers[1].address"},
      Case{"spool:5001/spool", "sockets:5001/socket", "bad-value: peers[1].address"},
      // A good address of the other kind makes another network.
      Case{"spool:5001/spool", "socket:5001/socket", "wrong-network: network_id"},
      Case{"\"spool:5001/spool\"", "[]", "bad-type: peers[1].address"},
      Case{"limits:\n", "limits: 5\nfiller:\n", "unknown-key: filler"},
  };
  for (const auto& [old, fresh, fault] : cases) BOOST_TEST(fault_in(replaced(old, fresh)) == fault, fresh);
}

BOOST_AUTO_TEST_CASE(keys_of_peers_are_sound_distinct_and_whole) {
  const auto first = to_hex(network_of_four().peers()[0].verify_key);
  const auto second = to_hex(network_of_four().peers()[1].verify_key);
  const auto point = to_hex(network_of_four().peers()[1].agreement_point);
  BOOST_TEST(fault_in(replaced(second, std::string(64, '0'))) == "bad-value: peers[1].verify_key");
  BOOST_TEST(fault_in(replaced(second, second.substr(2))) == "bad-value: peers[1].verify_key");
  BOOST_TEST(fault_in(replaced(second, first)) == "bad-value: peers: a key of port 5001 is used twice");
  BOOST_TEST(fault_in(replaced(point, std::string(64, '0'))) ==
             "bad-value: peers: the X25519 key of port 5001 is unsound");
}

BOOST_AUTO_TEST_CASE(each_key_is_required_known_and_there_once) {
  for (const auto* key : {"bookchain", "network_id", "test_network", "chunk_size", "work_bits"}) {
    BOOST_TEST(fault_in(replaced(line_of(key), "")) == "missing-key: " + std::string(key));
    BOOST_TEST(fault_in(replaced(line_of(key), line_of(key) + line_of(key))) == "repeated-key: " + std::string(key));
  }
  for (const auto* key : {"book_bytes", "message_bytes", "block_bytes"}) {
    BOOST_TEST(fault_in(replaced("  " + line_of(key), "")) == "missing-key: limits." + std::string(key));
  }
  for (const auto* key : {"verify_key", "agreement_point", "address"}) {
    BOOST_TEST(fault_in(replaced("    " + line_of(key), "")) == "missing-key: peers[0]." + std::string(key));
  }
  BOOST_TEST(fault_in(network_text() + "more: 1\n") == "unknown-key: more");
  BOOST_TEST(fault_in(replaced("    address:", "    weight: 1\n    address:")) == "unknown-key: peers[0].weight");
  BOOST_TEST(fault_in(replaced("  book_bytes:", "  weight: 1\n  book_bytes:")) == "unknown-key: limits.weight");
}

BOOST_AUTO_TEST_CASE(a_network_of_too_few_or_too_many_peers_is_refused) {
  const auto last = network_text().rfind("  - port:");
  BOOST_TEST(fault_in(network_text().substr(0, last)) == "bad-value: peers");
  auto many = network_text();
  for (int i = 0; i < 61; ++i) many += "  - port: 1\n";
  BOOST_TEST(fault_in(many) == "bad-value: peers");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_missing_no_file_or_too_large_is_refused_with_its_token) {
  TemporaryFolder folder;
  BOOST_TEST(token_of(load_network(folder / "network.yaml")) == "home-missing");
  BOOST_TEST(token_of(load_network(folder.path())) == "bad-file");
  BOOST_REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  BOOST_TEST(token_of(load_network(folder / "fifo")) == "bad-file");
  require_success(write_text_file(folder / "large", std::string(max_network_file_bytes + 1, '#'), 0644));
  BOOST_TEST(token_of(load_network(folder / "large")) == "bad-file");
  require_success(write_text_file(folder / "network.yaml", network_text(), 0644));
  BOOST_TEST((value_of(load_network(folder / "network.yaml")).id() == network_of_four().id()));
}

BOOST_AUTO_TEST_SUITE_END()

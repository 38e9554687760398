// The canonical bytes of every kind of value, and each refusal of the reader (docs/formats.md). One value
// has one encoding: whatever else is read would give a signed statement a second form.
#include "ledger/codec.hpp"

#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

enum class Colour : std::uint8_t { red = 0, green = 1, blue = 2 };

struct Item {
  PeerPort signer;
  std::uint8_t load{};

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("signer", self.signer);
    visitor("load", self.load);
  }
};

/// A value of one field of type T, so that its name stands in what the reader says.
template <class T>
struct Holder {
  T value{};

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("value", self.value);
  }
};

struct Text {
  std::string value;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.text("value", self.value, 8);
  }
};

struct Blob {
  Bytes value;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.blob("value", self.value, 4);
  }
};

struct ListOfNumbers {
  std::vector<std::uint16_t> value;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("value", self.value, 3);
  }
};

struct Items {
  std::vector<Item> value;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("value", self.value, 3);
  }
};

using Choice = std::variant<std::uint8_t, std::uint32_t>;

/// What the reader says of these bytes as a T: "" if it takes them and writes the same again.
template <class T>
std::string verdict(std::string_view digits) {
  const auto bytes = hex(digits);
  const auto value = decode<T>(bytes);
  if (value) return encode(value.value()) == bytes ? "" : "another encoding";
  BOOST_TEST(token_of(value) == "bad-message");
  return value.error().subject;
}

}  // namespace

namespace bookchain::ledger {
template <>
struct EnumBounds<Colour> {
  static constexpr auto last = Colour::blue;
};
}  // namespace bookchain::ledger

BOOST_AUTO_TEST_SUITE(codec)

BOOST_AUTO_TEST_CASE(every_kind_of_value_has_the_bytes_of_the_page_of_formats) {
  BOOST_TEST(to_hex(encode(std::uint8_t{0xab})) == "ab");
  BOOST_TEST(to_hex(encode(std::uint16_t{0x0102})) == "0102");
  BOOST_TEST(to_hex(encode(std::uint32_t{0x01020304})) == "01020304");
  BOOST_TEST(to_hex(encode(std::uint64_t{0x0102030405060708})) == "0102030405060708");
  BOOST_TEST(to_hex(encode(PeerPort{5000})) == "1388");
  BOOST_TEST(to_hex(encode(Height{1})) == "0000000000000001");
  BOOST_TEST(to_hex(encode(true)) == "01");
  BOOST_TEST(to_hex(encode(false)) == "00");
  BOOST_TEST(to_hex(encode(Colour::blue)) == "02");
  BOOST_TEST(to_hex(encode(filled<Salt>(0x5a))) == "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
  BOOST_TEST(to_hex(encode(std::optional<std::uint8_t>{})) == "00");
  BOOST_TEST(to_hex(encode(std::optional<std::uint8_t>{7})) == "0107");
  BOOST_TEST(to_hex(encode(Choice{std::uint8_t{7}})) == "0007");
  BOOST_TEST(to_hex(encode(Choice{std::uint32_t{7}})) == "0100000007");
  BOOST_TEST(to_hex(encode(Text{"é"})) == "00000002c3a9");
  BOOST_TEST(to_hex(encode(Blob{{1, 2}})) == "000000020102");
  BOOST_TEST(to_hex(encode(ListOfNumbers{{1, 2}})) == "0000000200010002");
  BOOST_TEST(to_hex(encode(Items{{Item{PeerPort{1}, 9}}})) == "00000001000109");
  BOOST_TEST(to_hex(encode_all(std::uint8_t{1}, PeerPort{2})) == "010002");
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
  BOOST_TEST(verdict<std::uint64_t>("ffffffffffffffff") == "");
  BOOST_TEST(verdict<bool>("01") == "");
  BOOST_TEST(verdict<Colour>("02") == "");
  BOOST_TEST(verdict<std::optional<PeerPort>>("011388") == "");
  BOOST_TEST(verdict<Choice>("0100000007") == "");
  BOOST_TEST(verdict<Text>("00000008c3a9c3a9c3a9c3a9") == "");
  BOOST_TEST(verdict<Blob>("0000000401020304") == "");
  BOOST_TEST(verdict<ListOfNumbers>("00000003000300020001") == "");
  BOOST_TEST(verdict<Items>("00000002000109000200") == "");
}

BOOST_AUTO_TEST_CASE(what_is_cut_short_is_refused) {
  BOOST_TEST(verdict<Holder<std::uint64_t>>("ffffffffffffff") == "value is cut short");
  BOOST_TEST(verdict<Holder<bool>>("") == "value is cut short");
  BOOST_TEST(verdict<Holder<Salt>>("000102030405060708090a0b0c0d0e") == "value is cut short");
  BOOST_TEST(verdict<Holder<std::optional<PeerPort>>>("0113") == "value is cut short");
  BOOST_TEST(verdict<Holder<Choice>>("01000000") == "value is cut short");
  BOOST_TEST(verdict<Text>("000000") == "value is cut short");
  BOOST_TEST(verdict<Text>("0000000261") == "value is cut short");
  BOOST_TEST(verdict<Blob>("0000000401") == "value is cut short");
  BOOST_TEST(verdict<ListOfNumbers>("00000002000100") == "value is cut short");
}

BOOST_AUTO_TEST_CASE(bytes_left_over_are_refused) {
  BOOST_TEST(verdict<std::uint8_t>("0000") == "bytes left over");
  BOOST_TEST(verdict<Text>("000000016161") == "bytes left over");
  BOOST_TEST(verdict<ListOfNumbers>("0000000000") == "bytes left over");
  BOOST_TEST(verdict<std::optional<std::uint8_t>>("0000") == "bytes left over");
}

BOOST_AUTO_TEST_CASE(a_truth_value_is_0_or_1) {
  for (const auto* digits : {"02", "80", "ff"}) {
    BOOST_TEST(verdict<Holder<bool>>(digits) == "value is not a truth value");
  }
  BOOST_TEST(verdict<Holder<std::optional<bool>>>("0201") == "value is not a truth value");
}

BOOST_AUTO_TEST_CASE(an_enum_and_a_tag_are_within_their_bounds) {
  BOOST_TEST(verdict<Holder<Colour>>("03") == "value has an unknown value");
  BOOST_TEST(verdict<Holder<Colour>>("ff") == "value has an unknown value");
  BOOST_TEST(verdict<Holder<Choice>>("0207") == "value has an unknown tag");
  BOOST_TEST(verdict<Holder<Choice>>("ff") == "value has an unknown tag");
}

BOOST_AUTO_TEST_CASE(text_bytes_and_lists_are_no_longer_than_their_fields_allow) {
  BOOST_TEST(verdict<Text>("00000009616161616161616161") == "value is too long");
  BOOST_TEST(verdict<Blob>("000000050102030405") == "value is too long");
  BOOST_TEST(verdict<ListOfNumbers>("000000040001000200030004") == "value has too many items");
}

BOOST_AUTO_TEST_CASE(text_is_utf_8_in_its_only_form) {
  const auto utf8 = [](std::string_view digits) { return is_utf8(text_of(hex(digits))); };
  for (const auto* good :
       {"", "00", "7f", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf", "f0908080", "f48fbfbf", "61c3a962"}) {
    BOOST_TEST(utf8(good), good);
  }
  for (const auto* bad :
       {"80",       "bf", "c0af", "c080", "c1bf", "e09fbf", "eda080", "edbfbf", "f08fbfbf", "f4908080",
        "f8888080", "ff", "c3",   "e2",   "e282", "f09f98", "c328",   "e28228", "61c3",     "c3a9a9"}) {
    BOOST_TEST(!utf8(bad), bad);
  }
  BOOST_TEST(verdict<Text>("00000002c0af") == "value is not UTF-8");
}

BOOST_AUTO_TEST_CASE(signed_items_stand_in_the_order_of_their_ports_each_once) {
  BOOST_TEST(verdict<Items>("00000002000209000100") == "value is not in port order");
  BOOST_TEST(verdict<Items>("00000002000109000109") == "value is not in port order");
  BOOST_TEST(verdict<Items>("00000003000109000300000200") == "value is not in port order");
}

BOOST_AUTO_TEST_CASE(the_first_fault_is_the_one_that_is_told) {
  const auto bytes = hex("0200");
  Reader reader(bytes);
  bool first = false;
  std::uint64_t second = 1;
  reader("first", first);
  reader("second", second);
  BOOST_TEST(reader.fault() == "first is not a truth value");
  BOOST_TEST(second == 0U);
}

// A count is a claim of the sender: it may make nobody set memory aside.
BOOST_AUTO_TEST_CASE(a_huge_count_sets_no_memory_aside) {
  const auto most = std::numeric_limits<std::size_t>::max();
  const auto bytes = hex("ffffffff000100020003");
  std::vector<std::uint16_t> numbers;
  Reader of_list(bytes);
  of_list.list("numbers", numbers, most);
  BOOST_TEST(of_list.fault() == "numbers is cut short");
  BOOST_TEST(numbers.capacity() <= 8U);

  Bytes blob;
  Reader of_blob(bytes);
  of_blob.blob("blob", blob, most);
  BOOST_TEST(of_blob.fault() == "blob is cut short");
  BOOST_TEST(blob.capacity() == 0U);

  std::string text;
  Reader of_text(bytes);
  of_text.text("text", text, most);
  BOOST_TEST(of_text.fault() == "text is cut short");
  BOOST_TEST(text.capacity() <= 32U);
}

BOOST_AUTO_TEST_CASE(hex_is_lower_case_and_whole) {
  BOOST_TEST(to_hex(hex("00ff10")) == "00ff10");
  for (const auto* bad : {"0", "0g", "AB", "0x", " 0", "é"}) BOOST_TEST(!from_hex(bad), bad);
  BOOST_TEST(!fixed_from_hex<Salt>("00"));
  BOOST_TEST(!fixed_from_hex<Salt>("0g"));
}

BOOST_AUTO_TEST_CASE(a_port_is_written_in_one_way) {
  BOOST_TEST((port_in("5000") == PeerPort{5000}));
  BOOST_TEST((port_in("65535") == PeerPort{65535}));
  for (const auto* text : {"", "0", "05000", "65536", "70000000000", "-1", "+1", " 1", "5000 ", "5000x", "x"}) {
    BOOST_TEST(!port_in(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()

// Keys with their first bytes beside them are in the order of their bytes.
#include "ledger/store/row_key.hpp"

#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

/// Keys of up to twelve bytes, most of which begin alike: some end before the eighth byte and some behind it.
std::vector<Bytes> keys() {
  std::mt19937_64 generator(11);
  constexpr std::array<std::uint8_t, 4> letters{0x00, 0x01, 0x80, 0xff};
  std::vector<Bytes> found{{}};
  for (std::size_t size = 1; size <= 12; ++size) {
    for (int i = 0; i < 12; ++i) {
      Bytes key(size, 0x00);
      for (std::size_t at = i % 2 == 0 ? 0 : size - 1; at < size; ++at) key[at] = letters[generator() % letters.size()];
      found.push_back(std::move(key));
    }
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(row_key)

BOOST_AUTO_TEST_CASE(the_order_is_that_of_the_bytes) {
  const RowKey::Less less;
  const auto all = keys();
  for (const auto& left : all) {
    BOOST_TEST((ByteView(RowKey(left)).size() == left.size()));
    for (const auto& right : all) {
      const bool expected = ByBytes{}(left, right);
      BOOST_TEST(less(RowKey(left), RowKey(right)) == expected);
      BOOST_TEST(less(RowKey(left), ByteView(right)) == expected);
      BOOST_TEST(less(ByteView(left), RowKey(right)) == expected);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

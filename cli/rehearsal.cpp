#include "cli/rehearsal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "ledger/merkle.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// The only chunk of a value book: changed, or cut off. Gives the root over what is there then.
Hash spoil_value(Store& store, const ExchangeId& exchange, ValuePackage package, const Book& book, GrantCheat cheat) {
  const auto first = package_chunk_offset(book, 0);
  const bool is_cut = cheat == GrantCheat::cut;
  if (is_cut) {
    package.package.resize(first);
  } else {
    package.package[first] ^= 1U;
  }
  Draft draft(store);
  value_packages.put(draft, exchange, package);
  store.apply(draft.take_effects().writes);
  return is_cut ? MerkleAccumulator().root() : leaf_hash(ByteView(package.package).subspan(first));
}

/// The bytes of a package at a place, all of them.
Result<Bytes> part_of(int file, std::uint64_t place, std::uint64_t length, const path& package) {
  Bytes part(length);
  BOOKCHAIN_TRY(const auto got, read_at(file, part, place, package));
  if (got != part.size()) return Error{Token::bad_file, "the package is cut short", package.string(), {}};
  return part;
}

Result<void> change_byte(int file, std::uint64_t place, const path& package) {
  BOOKCHAIN_TRY(auto byte, part_of(file, place, 1, package));
  byte.front() ^= 1U;
  return write_at(file, byte, place, package);
}

/// Of more than two chunks the first two are equally long.
Result<void> swap_first_two(int file, const Book& book, const path& package) {
  const auto first = package_chunk_offset(book, 0);
  const auto second = package_chunk_offset(book, 1);
  BOOKCHAIN_TRY(const auto one, part_of(file, first, second - first, package));
  BOOKCHAIN_TRY(const auto other, part_of(file, second, second - first, package));
  BOOKCHAIN_CHECK(write_at(file, other, first, package));
  return write_at(file, one, second, package);
}

Result<void> cut_last(int file, const Book& book, const path& package) {
  const auto length = static_cast<off_t>(package_chunk_offset(book, chunk_count(book) - 1));
  while (::ftruncate(file, length) != 0) {
    if (errno != EINTR) return system_error("cannot change a package", package);
  }
  return success();
}

Result<void> spoil(int file, const Book& book, GrantCheat cheat, const path& package) {
  switch (cheat) {
    case GrantCheat::bad_shares: return success();
    case GrantCheat::cut: return cut_last(file, book, package);
    case GrantCheat::swapped:
      if (chunk_count(book) > 2) return swap_first_two(file, book, package);
      [[fallthrough]];
    case GrantCheat::bad_chunk: return change_byte(file, package_chunk_offset(book, 0), package);
  }
  return success();
}

/// Spoils the encrypted chunks of a package; gives the root over what is there then.
Result<Hash> spoil_file(const path& package, const Book& book, GrantCheat cheat) {
  BOOKCHAIN_TRY(const auto file, open_file(package, O_RDWR | O_NOFOLLOW));
  BOOKCHAIN_CHECK(spoil(file.get(), book, cheat, package));
  const auto left = chunk_count(book) - (cheat == GrantCheat::cut ? 1U : 0U);
  MerkleAccumulator tree;
  for (std::uint64_t index = 0; index < left; ++index) {
    const auto place = package_chunk_offset(book, index);
    BOOKCHAIN_TRY(const auto chunk, part_of(file.get(), place, package_chunk_offset(book, index + 1) - place, package));
    tree.push(leaf_hash(chunk));
  }
  BOOKCHAIN_CHECK(sync_file(file.get(), package));
  return tree.root();
}

}  // namespace

Result<WishGrant> rehearse_grant(Home& home, const ExchangeId& exchange, GrantCheat cheat) {
  if (!home.genesis().fields().test_network) {
    return Error{Token::not_a_test_network, "a cheat may be rehearsed on test networks only", to_hex(exchange),
                 "bookchain init DIR --seed S makes a test network"};
  }
  BOOKCHAIN_TRY(const auto record, home.node().may_grant(home.store(), exchange));
  auto& environment = home.environment();
  WishGrant wish{exchange, environment.draw<BookKey>(), Bytes(32 * (home.genesis().share_threshold() - 1)), {}, {}};
  environment.random(wish.coefficients);
  if (record.state != ExchangeState::requested) return wish;  // done before
  const auto& book = record.book->body;
  BOOKCHAIN_TRY(wish.ciphertext_root,
                home.packages().write_package(record.request.body.book, book, exchange, wish.key, nullptr));
  if (cheat == GrantCheat::bad_shares) {
    wish.rehearsed_dealt = environment.draw<BookKey>();
    return wish;
  }
  if (const auto small = value_packages.get(home.store(), exchange)) {
    wish.ciphertext_root = spoil_value(home.store(), exchange, *small, book, cheat);
  } else {
    BOOKCHAIN_TRY(wish.ciphertext_root, spoil_file(home.shelf().package_path(exchange), book, cheat));
  }
  return wish;
}

}  // namespace bookchain::cli

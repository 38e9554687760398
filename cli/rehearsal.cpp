#include "cli/rehearsal.hpp"

#include <fcntl.h>
#include <unistd.h>

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

bool change_byte(int file, off_t place) {
  std::uint8_t byte = 0;
  return ::pread(file, &byte, 1, place) == 1 && (byte ^= 1U, ::pwrite(file, &byte, 1, place) == 1);
}

/// Of more than two chunks the first two are equally long.
bool swap_first_two(int file, const Book& book) {
  const auto first = static_cast<off_t>(package_chunk_offset(book, 0));
  const auto second = static_cast<off_t>(package_chunk_offset(book, 1));
  const auto length = second - first;
  Bytes one(static_cast<std::size_t>(length));
  Bytes other(one.size());
  return ::pread(file, one.data(), one.size(), first) == length &&
         ::pread(file, other.data(), other.size(), second) == length &&
         ::pwrite(file, other.data(), other.size(), first) == length &&
         ::pwrite(file, one.data(), one.size(), second) == length;
}

bool spoil(int file, const Book& book, GrantCheat cheat) {
  const auto chunks = chunk_count(book);
  switch (cheat) {
    case GrantCheat::bad_shares: return true;
    case GrantCheat::cut: return ::ftruncate(file, static_cast<off_t>(package_chunk_offset(book, chunks - 1))) == 0;
    case GrantCheat::swapped:
      if (chunks > 2) return swap_first_two(file, book);
      [[fallthrough]];
    case GrantCheat::bad_chunk: return change_byte(file, static_cast<off_t>(package_chunk_offset(book, 0)));
  }
  return false;
}

/// Spoils the encrypted chunks of a package; gives the root over what is there then.
Result<Hash> spoil_file(const path& package, const Book& book, GrantCheat cheat) {
  BOOKCHAIN_TRY(const auto file, open_file(package, O_RDWR | O_NOFOLLOW));
  const auto first = static_cast<off_t>(package_chunk_offset(book, 0));
  const bool is_spoilt = spoil(file.get(), book, cheat) && ::lseek(file.get(), first, SEEK_SET) == first;
  if (!is_spoilt) return system_error("cannot change a package", package);
  const auto left = chunk_count(book) - (cheat == GrantCheat::cut ? 1U : 0U);
  MerkleAccumulator tree;
  Bytes buffer;
  for (std::uint64_t index = 0; index < left; ++index) {
    buffer.resize(package_chunk_offset(book, index + 1) - package_chunk_offset(book, index));
    BOOKCHAIN_TRY(const auto got, read_up_to(file.get(), buffer, package));
    if (got != buffer.size()) return Error{Token::bad_file, "the package is cut short", package.string(), {}};
    tree.push(leaf_hash(buffer));
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

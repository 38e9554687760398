#include "cli/rehearsal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "ledger/merkle.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// That of a value book has no other.
Hash spoil_only_chunk(Store& store, const ExchangeId& exchange, ValuePackage package, const Book& book) {
  const auto first = package_chunk_offset(book, 0);
  package.package[first] ^= 1U;
  Draft draft(store);
  value_packages.put(draft, exchange, package);
  store.apply(draft.take_effects().writes);
  return leaf_hash(ByteView(package.package).subspan(first));
}

/// Changes the first encrypted chunk of a package and gives the root over what is there then.
Result<Hash> spoil_first_chunk(const path& package, const Book& book) {
  BOOKCHAIN_TRY(const auto file, open_file(package, O_RDWR | O_NOFOLLOW));
  const auto first = static_cast<off_t>(package_chunk_offset(book, 0));
  std::uint8_t byte = 0;
  const bool changed =
      ::pread(file.get(), &byte, 1, first) == 1 && (byte ^= 1U, ::pwrite(file.get(), &byte, 1, first) == 1);
  if (!changed || ::lseek(file.get(), first, SEEK_SET) < 0) return system_error("cannot change a package", package);
  MerkleAccumulator tree;
  Bytes buffer;
  for (std::uint64_t index = 0; index < chunk_count(book); ++index) {
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
  if (cheat == GrantCheat::bad_shares) wish.rehearsed_dealt = environment.draw<BookKey>();
  if (cheat == GrantCheat::bad_chunk) {
    if (const auto small = value_packages.get(home.store(), exchange)) {
      wish.ciphertext_root = spoil_only_chunk(home.store(), exchange, *small, book);
    } else {
      BOOKCHAIN_TRY(wish.ciphertext_root, spoil_first_chunk(home.shelf().package_path(exchange), book));
    }
  }
  return wish;
}

}  // namespace bookchain::cli

// BAD-CHUNK (docs/protocol.md, section 5), made from a package that does not hold the registered book.
#include <fcntl.h>
#include <unistd.h>

#include "ledger/bad_chunk.hpp"
#include "ledger/store/shelf_files.hpp"

namespace bookchain::ledger {

Result<BadChunk> Shelf::prove_bad_chunk(const Book& book, const ExchangeId& exchange, const BookKey& key) const {
  const auto package = package_path(exchange);
  BOOKCHAIN_TRY(const auto source, open_file(package, O_RDONLY | O_NOFOLLOW));
  if (::lseek(source.get(), static_cast<off_t>(package_head_bytes), SEEK_SET) < 0) {
    return system_error("cannot read a package", package);
  }
  PackageFileSource own_package(source.get());
  BOOKCHAIN_TRY(auto leaves, read_leaves(own_package, book));
  BadChunkFinder finder(book, exchange, key, std::move(leaves));
  Bytes buffer;
  for (std::uint64_t index = 0; index < chunk_count(book); ++index) {
    buffer.resize(chunk_length(book, index) + chunk_overhead);
    BOOKCHAIN_TRY(const auto got, read_up_to(source.get(), buffer, package));
    if (got != buffer.size()) return Error{Token::bad_file, "the package is cut short", package.string(), {}};
    finder.push(buffer);
  }
  if (auto proof = finder.finish()) return std::move(*proof);
  return Error{Token::unexpected, "every chunk of the book is as it was registered", book.title, {}};
}

}  // namespace bookchain::ledger

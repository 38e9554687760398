#include "ledger/store/shelf.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include "ledger/store/shelf_files.hpp"

namespace bookchain::ledger {

namespace fs = boost::filesystem;

Result<Shelf> Shelf::open(fs::path home) {
  for (const auto* folder : {"books", "exchanges", "work"}) BOOKCHAIN_CHECK(make_directory(home / folder));
  return Shelf(std::move(home));
}

Result<void> Shelf::clear_work(const IsRegistered& is_registered) {
  boost::system::error_code error;
  for (fs::directory_iterator entry(home_ / "work", error), end; !error && entry != end; entry.increment(error)) {
    const auto name = entry->path().filename().string();
    const auto book = fixed_from_hex<BookId>(name);
    if (book && is_registered(*book)) {
      BOOKCHAIN_CHECK(keep_draft(name, *book));
    } else {
      BOOKCHAIN_CHECK(remove_tree(entry->path()));
    }
  }
  return success();
}

namespace {

/// Reads the next chunk into `chunk`; fewer bytes than its size at the end.
using ReadChunk = std::function<Result<std::size_t>(std::span<std::uint8_t> chunk)>;

/// Writes content, salts and leaves into `folder`, chunk by chunk, durably.
Result<Shelf::Measured> write_draft(const fs::path& folder, std::uint32_t chunk_size, std::uint64_t most_bytes,
                                    const BookSecret& secret, std::uint64_t expected, const ReadChunk& read_chunk,
                                    Progress* progress) {
  BOOKCHAIN_CHECK(make_directory(folder));
  BOOKCHAIN_TRY(auto content, BufferedWriter::create(folder / "content"));
  BOOKCHAIN_TRY(auto salts, BufferedWriter::create(folder / "salts"));
  BOOKCHAIN_TRY(auto leaves, BufferedWriter::create(folder / "leaves"));
  Bytes chunk(chunk_size);
  MerkleAccumulator tree;
  Shelf::Measured measured;
  ProgressMeter meter(progress, expected);
  for (;;) {
    BOOKCHAIN_TRY(const auto got, read_chunk(chunk));
    if (got == 0 && tree.count() > 0) break;  // an empty book has one empty chunk
    measured.size += got;
    if (measured.size > most_bytes) {
      return Error{
          Token::book_too_large, "the book is larger than this network allows", std::to_string(measured.size), {}};
    }
    const auto bytes = ByteView(chunk).first(got);
    const auto salt = chunk_salt(secret, tree.count());
    const auto leaf = chunk_leaf(salt, bytes);
    tree.push(leaf);
    BOOKCHAIN_CHECK(content.write(bytes));
    BOOKCHAIN_CHECK(salts.write(salt.view()));
    BOOKCHAIN_CHECK(leaves.write(leaf.view()));
    BOOKCHAIN_CHECK(meter.advance(got));
    if (got < chunk.size()) break;
  }
  BOOKCHAIN_CHECK(content.finish());
  BOOKCHAIN_CHECK(salts.finish());
  BOOKCHAIN_CHECK(leaves.finish());
  BOOKCHAIN_CHECK(sync_directory(folder));
  measured.root = tree.root();
  measured.draft = folder.filename().string();
  return measured;
}

}  // namespace

Result<Shelf::Measured> Shelf::draft_from_file(const fs::path& file, std::uint32_t chunk_size, std::uint64_t most_bytes,
                                               const BookSecret& secret, Progress* progress) {
  // Not blocking: a FIFO must be refused, not waited for.
  BOOKCHAIN_TRY(const auto source, open_file(file, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (::fstat(source.get(), &info) != 0) return system_error("cannot look at a file", file);
  if (!S_ISREG(info.st_mode)) return Error{Token::bad_file, "a book is a regular file", file.string(), {}};
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > most_bytes) {
    return Error{Token::book_too_large, "the book is larger than this network allows", file.string(),
                 "at most " + std::to_string(most_bytes) + " bytes"};
  }
  const auto folder = home_ / "work" / ("draft-" + to_hex(sha256({secret.view()})).substr(0, 16));
  return write_draft(
      folder, chunk_size, most_bytes, secret, size,
      [&](std::span<std::uint8_t> chunk) { return read_up_to(source.get(), chunk, file); }, progress);
}

Result<Shelf::Measured> Shelf::draft_from_bytes(ByteView content, std::uint32_t chunk_size, const BookSecret& secret) {
  auto left = content;
  const auto folder = home_ / "work" / ("draft-" + to_hex(sha256({secret.view()})).substr(0, 16));
  return write_draft(
      folder, chunk_size, content.size(), secret, content.size(),
      [&](std::span<std::uint8_t> chunk) -> Result<std::size_t> {
        const auto taken = std::min(chunk.size(), left.size());
        std::copy_n(left.begin(), taken, chunk.begin());
        left = left.subspan(taken);
        return taken;
      },
      nullptr);
}

Result<void> Shelf::name_draft(const std::string& draft, const BookId& book) {
  return rename_durably(home_ / "work" / draft, home_ / "work" / to_hex(book));
}

Result<void> Shelf::keep_draft(const std::string& draft, const BookId& book) {
  const auto target = home_ / "books" / to_hex(book);
  boost::system::error_code ignored;
  if (fs::exists(target, ignored)) return remove_tree(home_ / "work" / draft);
  return rename_durably(home_ / "work" / draft, target);
}

bool Shelf::has_book(const BookId& id) const {
  boost::system::error_code ignored;
  return fs::exists(home_ / "books" / to_hex(id) / "content", ignored);
}

bool Shelf::has_package(const ExchangeId& exchange) const {
  boost::system::error_code ignored;
  return fs::exists(package_path(exchange), ignored);
}

Result<void> Shelf::perform(const ShelfTask& task) {
  const auto exchange = home_ / "exchanges" / to_hex(task.exchange);
  const auto book = home_ / "books" / to_hex(task.book);
  boost::system::error_code ignored;
  switch (task.action) {
    case ShelfAction::promote:
      if (fs::exists(exchange / "content", ignored)) {
        BOOKCHAIN_CHECK(remove_tree(exchange / "package"));
        // A copy kept from earlier, when the book was ours before, has the same bytes.
        if (fs::exists(book, ignored)) return remove_tree(exchange);
        return rename_durably(exchange, book);
      }
      return success();
    case ShelfAction::remove_book: return remove_tree(book);
    case ShelfAction::drop_exchange: return remove_tree(exchange);
  }
  return success();
}

Result<void> Shelf::read_book(const BookId& id, const Book& book, int descriptor, Progress* progress) const {
  BOOKCHAIN_TRY(auto reader, KeptBook::open(home_ / "books" / to_hex(id), book));
  ProgressMeter meter(progress, book.size);
  for (std::uint64_t index = 0; index < chunk_count(book); ++index) {
    BOOKCHAIN_TRY(const auto* chunk, reader.next());
    BOOKCHAIN_CHECK(write_all(descriptor, chunk->bytes, "output"));
    BOOKCHAIN_CHECK(meter.advance(chunk->bytes.size()));
  }
  return success();
}

}  // namespace bookchain::ledger

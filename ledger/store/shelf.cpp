#include "ledger/store/shelf.hpp"

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

std::optional<KeptPackage> Shelf::package(const ExchangeId& exchange) const {
  auto file = package_path(exchange);
  boost::system::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  return KeptPackage{std::move(file), std::nullopt};
}

namespace {

bool is_there(const fs::path& path) {
  boost::system::error_code ignored;
  return fs::symlink_status(path, ignored).type() != fs::file_not_found;
}

/// The task is forgotten when this returns: what came back after a loss of power would stay for good.
Result<void> remove_durably(const fs::path& path) {
  if (!is_there(path)) return success();
  BOOKCHAIN_CHECK(remove_tree(path));
  return sync_directory(path.parent_path());
}

/// What no book has beside its content.
Result<void> remove_package_files(const fs::path& exchange) {
  bool removed = false;
  for (const auto* name : {"package", "package.new", "package.key", "package.moved"}) {
    const auto file = exchange / name;
    if (!is_there(file)) continue;
    BOOKCHAIN_CHECK(remove_tree(file));
    removed = true;
  }
  if (!removed) return success();
  return sync_directory(exchange);
}

}  // namespace

Result<void> Shelf::perform(const ShelfTask& task) {
  const auto exchange = home_ / "exchanges" / to_hex(task.exchange);
  const auto book = home_ / "books" / to_hex(task.book);
  switch (task.action) {
    case ShelfAction::promote:
      if (!is_there(exchange / "content")) return success();
      // A copy kept from earlier, when the book was ours before, has the same bytes.
      if (is_there(book)) return remove_durably(exchange);
      BOOKCHAIN_CHECK(remove_package_files(exchange));
      return rename_durably(exchange, book);
    case ShelfAction::remove_book: return remove_durably(book);
    case ShelfAction::drop_exchange: return remove_durably(exchange);
  }
  return success();
}

namespace {

/// A kept book on its way out, in order.
class BookReading final : public PieceWork {
 public:
  BookReading(KeptBook& kept, const Book& book, int descriptor, Progress* progress)
      : kept_(kept), layout_(book.chunk_size), descriptor_(descriptor), meter_(progress, book.size) {}
  [[nodiscard]] Result<bool> next(Piece& piece) override { return kept_.next(piece); }
  [[nodiscard]] Result<void> work(Piece& piece) override {
    for (std::size_t i = 0; i < piece.count; ++i) BOOKCHAIN_CHECK(kept_.load(piece, i));
    return success();
  }
  [[nodiscard]] Result<void> finish(Piece& piece) override {
    for (std::size_t i = 0; i < piece.count; ++i) {
      BOOKCHAIN_CHECK(write_all(descriptor_, layout_.chunk(piece, i), "output"));
    }
    return meter_.advance(PieceLayout::plain_bytes(piece));
  }

 private:
  KeptBook& kept_;
  PieceLayout layout_;
  int descriptor_;
  ProgressMeter meter_;
};

}  // namespace

Result<void> Shelf::read_book(const BookId& id, const Book& book, int descriptor, Progress* progress) const {
  BOOKCHAIN_TRY(auto kept, KeptBook::open(home_ / "books" / to_hex(id), book));
  BookReading reading(kept, book, descriptor, progress);
  return do_pieces(reading, book.size);
}

}  // namespace bookchain::ledger

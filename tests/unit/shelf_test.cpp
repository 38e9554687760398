// The shelf: a book from a file to another peer's shelf, at sizes around every boundary; and every byte that
// somebody changed on the way (docs/protocol.md, section 3 steps 2, 3 and 6, section 7 "a wrong book").
#include "ledger/store/shelf.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include "tests/unit/progress.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

constexpr std::uint32_t chunk_size = 1024;
constexpr std::uint64_t most_bytes = 10'000;
const auto exchange = filled<ExchangeId>(1);
const auto key = rename<BookKey>(sha256(view_of("key of a book")));
const auto secret = filled<BookSecret>(3);
const auto id = filled<BookId>(4);
constexpr std::array<std::size_t, 6> sizes{0, 1, chunk_size - 1, chunk_size, chunk_size + 1, chunk_size * 7 / 2};

Descriptor open_to_read(const path& file) { return value_of(open_file(file, O_RDONLY)); }

/// A shelf in a folder of its own that keeps one book.
struct Home {
  TemporaryFolder folder;
  Shelf shelf = value_of(Shelf::open(folder.path()));

  /// Registers `text` under `id`.
  Book keep(const Bytes& text) {
    const auto file = folder / "book.txt";
    write_file(file, text);
    const auto measured = value_of(shelf.draft_from_file(file, chunk_size, most_bytes, secret));
    require_success(shelf.keep_draft(measured.draft, id));
    return Book{1, "A title", "text/plain", measured.size, chunk_size, measured.root};
  }
  [[nodiscard]] path book_file(const char* name) const { return folder.path() / "books" / to_hex(id) / name; }
  [[nodiscard]] path exchange_file(const char* name) const {
    return folder.path() / "exchanges" / to_hex(exchange) / name;
  }
  [[nodiscard]] std::string token_of_taking(const path& package, const Book& book) {
    const auto file = open_to_read(package);
    PackageFileSource source(file.get());
    const auto taken = shelf.take_package(exchange, source, book);
    if (taken) require_success(shelf.keep_package(exchange));
    return token_of(taken);
  }
  /// The token of opening, "success" if the book came out.
  [[nodiscard]] std::string token_of_opening(const Book& book, const BookKey& with = key) {
    const auto opened = value_of(shelf.open_package(book, exchange, with));
    return opened.failure ? std::string(name(opened.failure->token)) : "success";
  }
  [[nodiscard]] std::string token_of_reading(const Book& book, Bytes* text = nullptr) const {
    const auto out = folder / "out";
    const auto file = value_of(open_file(out, O_RDWR | O_CREAT | O_TRUNC, 0600));
    const auto read = shelf.read_book(id, book, file.get());
    if (text != nullptr) *text = read_file(out);
    return token_of(read);
  }
  [[nodiscard]] bool work_is_empty() const { return boost::filesystem::is_empty(folder / "work"); }
};

/// The package of a book of that size, as its owner wrote it.
struct Granted {
  Home owner;
  Bytes text;
  Book book;
  Hash ciphertext_root;

  explicit Granted(std::size_t size) : text(scrambled(size, size)), book(owner.keep(text)) {
    ciphertext_root = value_of(owner.shelf.write_package(id, book, exchange, key));
  }
  [[nodiscard]] path package() const { return owner.shelf.package_path(exchange); }
};

void change_byte(const path& file, std::size_t at) {
  auto bytes = read_file(file);
  bytes.at(at) ^= 0x20U;
  write_file(file, bytes);
}
void cut_last_byte(const path& file) {
  auto bytes = read_file(file);
  BOOST_REQUIRE(!bytes.empty());
  bytes.pop_back();
  write_file(file, bytes);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shelf)

BOOST_AUTO_TEST_CASE(a_book_goes_from_a_file_to_the_shelf_of_another_peer_at_every_size) {
  for (const auto size : sizes) {
    BOOST_TEST_CONTEXT("size " << size) {
      Granted granted(size);
      BOOST_TEST(granted.book.size == size);
      Bytes read;
      BOOST_TEST(granted.owner.token_of_reading(granted.book, &read) == "success");
      BOOST_TEST((read == granted.text));
      BOOST_TEST(boost::filesystem::file_size(granted.package()) == package_size(granted.book));

      Home requester;
      const auto file = open_to_read(granted.package());
      PackageFileSource source(file.get());
      const auto received = value_of(requester.shelf.take_package(exchange, source, granted.book));
      require_success(requester.shelf.keep_package(exchange));
      BOOST_TEST((received.ciphertext_root == granted.ciphertext_root));
      BOOST_TEST((received.leaf_root == granted.book.root));
      BOOST_TEST(received.chunks == chunk_count(granted.book));
      BOOST_TEST(requester.token_of_opening(granted.book) == "success");
      BOOST_TEST(!requester.shelf.has_book(id));  // aside until the chain says it is ours
      require_success(requester.shelf.perform({ShelfAction::promote, id, exchange}));
      BOOST_TEST(requester.shelf.has_book(id));
      BOOST_TEST(!requester.shelf.package(exchange));
      BOOST_TEST(requester.token_of_reading(granted.book, &read) == "success");
      BOOST_TEST((read == granted.text));
    }
  }
}

BOOST_AUTO_TEST_CASE(bytes_and_a_file_of_the_same_content_make_the_same_book) {
  Home home;
  for (const auto size : sizes) {
    const auto text = scrambled(size, size);
    write_file(home.folder / "book.txt", text);
    const auto from_file =
        value_of(home.shelf.draft_from_file(home.folder / "book.txt", chunk_size, most_bytes, secret));
    const auto from_bytes = value_of(home.shelf.draft_from_bytes(text, chunk_size, secret));
    BOOST_TEST((from_file.root == from_bytes.root && from_file.size == from_bytes.size));
    const auto other = value_of(home.shelf.draft_from_bytes(text, chunk_size, filled<BookSecret>(8)));
    BOOST_TEST((other.root != from_bytes.root));  // two equal files are two copies
  }
}

BOOST_AUTO_TEST_CASE(files_that_are_no_book_are_refused_with_their_tokens) {
  Home home;
  const auto token = [&](const path& file) {
    return token_of(home.shelf.draft_from_file(file, chunk_size, most_bytes, secret));
  };
  BOOST_TEST(token(home.folder / "none") == "no-such-file");
  BOOST_TEST(token(home.folder.path()) == "bad-file");
  BOOST_REQUIRE(::mkfifo((home.folder / "fifo").c_str(), 0600) == 0);
  BOOST_TEST(token(home.folder / "fifo") == "bad-file");
  BOOST_TEST(token("/dev/null") == "bad-file");
  write_file(home.folder / "large", Bytes(most_bytes + 1));
  BOOST_TEST(token(home.folder / "large") == "book-too-large");
  write_file(home.folder / "largest", Bytes(most_bytes));
  BOOST_TEST(token(home.folder / "largest") == "success");
}

BOOST_AUTO_TEST_CASE(a_book_that_is_not_kept_is_unknown) {
  Home home;
  const Book book{1, "A title", "text/plain", 1, chunk_size, {}};
  BOOST_TEST(home.token_of_reading(book) == "no-such-file");
  BOOST_TEST(token_of(home.shelf.write_package(id, book, exchange, key)) == "no-such-file");
  BOOST_TEST(!home.shelf.has_book(id));
  BOOST_TEST(!home.shelf.package(exchange));
}

BOOST_AUTO_TEST_CASE(a_byte_changed_in_any_file_of_a_kept_book_is_seen_before_it_is_granted) {
  for (const char* part : {"content", "salts", "leaves"}) {
    const std::size_t size = part == std::string_view("content") ? 2000 : 32;
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      Home home;
      const auto book = home.keep(scrambled(2000, 1));
      change_byte(home.book_file(part), at);
      BOOST_TEST(home.token_of_reading(book) == "wrong-book", part << " byte " << at);
      BOOST_TEST(token_of(home.shelf.write_package(id, book, exchange, key)) == "wrong-book", part << " byte " << at);
      BOOST_TEST(!home.shelf.package(exchange));
    }
    Home home;
    const auto book = home.keep(scrambled(2000, 1));
    cut_last_byte(home.book_file(part));
    BOOST_TEST(home.token_of_reading(book) == "wrong-book", part << " cut");
  }
}

// Header, leaves and size are held against BOOK as it is taken; the chunks against GRANT's root, by its caller.
BOOST_AUTO_TEST_CASE(a_byte_changed_in_a_package_is_seen_when_it_is_taken) {
  Granted granted(2000);
  const auto chunks_from = package_chunk_offset(granted.book, 0);
  const auto good = read_file(granted.package());
  for (std::size_t at = 0; at < good.size(); at += at < chunks_from ? 1 : 97) {
    write_file(granted.package(), good);
    change_byte(granted.package(), at);
    Home requester;
    const auto file = open_to_read(granted.package());
    PackageFileSource source(file.get());
    const auto taken = requester.shelf.take_package(exchange, source, granted.book);
    if (at < chunks_from) {
      BOOST_TEST(token_of(taken) == "wrong-book", "byte " << at);
      BOOST_TEST(!requester.shelf.package(exchange));
    } else {
      BOOST_TEST((value_of(taken).ciphertext_root != granted.ciphertext_root), "byte " << at);
      require_success(requester.shelf.keep_package(exchange));
      BOOST_TEST(requester.token_of_opening(granted.book) == "wrong-book", "byte " << at);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_package_of_another_size_or_kind_is_refused) {
  Granted granted(2000);
  auto bytes = read_file(granted.package());
  Home requester;
  const auto shorter = requester.folder / "shorter";
  write_file(shorter, ByteView(bytes).first(bytes.size() - 1));
  BOOST_TEST(requester.token_of_taking(shorter, granted.book) == "wrong-book");
  bytes.push_back(0);
  const auto longer = requester.folder / "longer";
  write_file(longer, bytes);
  BOOST_TEST(requester.token_of_taking(longer, granted.book) == "wrong-book");
  auto another = granted.book;
  another.root.bytes[0] ^= 1U;
  BOOST_TEST(requester.token_of_taking(granted.package(), another) == "wrong-book");
  BOOST_REQUIRE(::mkfifo((requester.folder / "fifo").c_str(), 0600) == 0);
  const auto fifo = value_of(open_file(requester.folder / "fifo", O_RDWR | O_NONBLOCK));
  PackageFileSource source(fifo.get());
  BOOST_TEST(token_of(requester.shelf.take_package(exchange, source, granted.book)) == "wrong-book");
}

/// A package that was longer when its size was asked for.
class ShrinkingSource final : public PackageSource {
 public:
  ShrinkingSource(Bytes bytes, std::uint64_t claimed) : bytes_(std::move(bytes)), claimed_(claimed) {}
  Result<std::optional<std::uint64_t>> size() override { return std::optional(claimed_); }
  Result<std::size_t> read(std::span<std::uint8_t> out) override {
    const auto taken = std::min(out.size(), bytes_.size() - at_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), taken, out.begin());
    at_ += taken;
    return taken;
  }

 private:
  Bytes bytes_;
  std::uint64_t claimed_;
  std::size_t at_ = 0;
};

BOOST_AUTO_TEST_CASE(a_package_cut_while_it_is_read_is_refused_wherever_it_ends) {
  Granted granted(2000);
  const auto good = read_file(granted.package());
  Home requester;
  for (std::size_t size = 0; size < good.size(); size += 31) {
    ShrinkingSource source(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)), good.size());
    BOOST_TEST(token_of(requester.shelf.take_package(exchange, source, granted.book)) == "wrong-book");
    BOOST_TEST(boost::filesystem::is_empty(requester.exchange_file("")), "nothing is left of it");
  }
  ShrinkingSource whole(good, good.size());
  BOOST_TEST(token_of(requester.shelf.take_package(exchange, whole, granted.book)) == "success");
}

BOOST_AUTO_TEST_CASE(a_package_that_is_taken_replaces_nothing_until_it_is_kept) {
  Granted granted(2000);
  const auto good = read_file(granted.package());
  auto other = good;
  other.back() ^= 1U;
  Home requester;
  const auto kept = requester.exchange_file("package");
  const auto take = [&](const Bytes& bytes) {
    ShrinkingSource source(bytes, bytes.size());
    require_success(requester.shelf.take_package(exchange, source, granted.book));
  };
  take(good);
  BOOST_TEST(!requester.shelf.package(exchange));
  require_success(requester.shelf.keep_package(exchange));
  take(other);
  BOOST_TEST((read_file(kept) == good));
  requester.shelf.forget_package(exchange);
  BOOST_TEST(!boost::filesystem::exists(requester.exchange_file("package.new")));
  BOOST_TEST((read_file(kept) == good));
}

BOOST_AUTO_TEST_CASE(the_wrong_key_opens_nothing_and_leaves_no_content) {
  Granted granted(2000);
  Home requester;
  BOOST_TEST(requester.token_of_taking(granted.package(), granted.book) == "success");
  const auto opened = value_of(requester.shelf.open_package(granted.book, exchange, filled<BookKey>(9)));
  BOOST_REQUIRE(opened.failure);
  BOOST_TEST(name(opened.failure->token) == "wrong-book");
  BOOST_TEST((opened.bad_chunk == std::optional<std::uint64_t>(0)));
  BOOST_TEST(!boost::filesystem::exists(requester.exchange_file("content")));
  BOOST_TEST(requester.token_of_opening(granted.book) == "success");  // with the right one, later
}

// Section 5, BAD-CHUNK: the chunk decrypts, its leaf is another; the requester must learn which one it is.
BOOST_AUTO_TEST_CASE(a_chunk_that_is_not_the_registered_one_is_named) {
  Granted granted(3584);
  auto package = read_file(granted.package());
  ChunkCipher cipher(key);
  const auto false_chunk = encrypt_chunk(cipher, exchange, 2, false, chunk_salt(secret, 2), Bytes(chunk_size, 'x'));
  std::copy(false_chunk.begin(), false_chunk.end(),
            package.begin() + static_cast<std::ptrdiff_t>(package_chunk_offset(granted.book, 2)));
  write_file(granted.package(), package);
  Home requester;
  BOOST_TEST(requester.token_of_taking(granted.package(), granted.book) == "success");
  const auto opened = value_of(requester.shelf.open_package(granted.book, exchange, key));
  BOOST_REQUIRE(opened.failure);
  BOOST_TEST(name(opened.failure->token) == "wrong-book");
  BOOST_TEST((opened.bad_chunk == std::optional<std::uint64_t>(2)));
}

BOOST_AUTO_TEST_CASE(tasks_of_the_shelf_done_twice_do_no_harm) {
  Granted granted(2000);
  Home requester;
  BOOST_TEST(requester.token_of_taking(granted.package(), granted.book) == "success");
  BOOST_TEST(requester.token_of_opening(granted.book) == "success");
  for (int time = 0; time < 2; ++time) {
    require_success(requester.shelf.perform({ShelfAction::promote, id, exchange}));
    BOOST_TEST(requester.token_of_reading(granted.book) == "success");
  }
  for (int time = 0; time < 2; ++time) {
    require_success(granted.owner.shelf.perform({ShelfAction::drop_exchange, id, exchange}));
    BOOST_TEST(!granted.owner.shelf.package(exchange));
    BOOST_TEST(granted.owner.shelf.has_book(id));
  }
  for (int time = 0; time < 2; ++time) {
    require_success(granted.owner.shelf.perform({ShelfAction::remove_book, id, exchange}));
    BOOST_TEST(!granted.owner.shelf.has_book(id));
  }
}

BOOST_AUTO_TEST_CASE(a_draft_kept_twice_is_kept_and_leaves_nothing_behind) {
  Home home;
  const auto text = scrambled(2000, 5);
  const auto book = home.keep(text);
  BOOST_TEST(home.work_is_empty());
  const auto again = value_of(home.shelf.draft_from_bytes(text, chunk_size, secret));
  BOOST_TEST(!home.work_is_empty());
  require_success(home.shelf.keep_draft(again.draft, id));
  BOOST_TEST(home.work_is_empty());
  BOOST_TEST(home.token_of_reading(book) == "success");
}

BOOST_AUTO_TEST_CASE(what_a_killed_process_left_in_work_is_cleared) {
  Home home;
  const auto book = home.keep(scrambled(10, 1));
  (void)value_of(home.shelf.draft_from_bytes(scrambled(10, 2), chunk_size, filled<BookSecret>(9)));
  BOOST_TEST(!home.work_is_empty());
  require_success(home.shelf.clear_work([](const BookId&) { return true; }));
  BOOST_TEST(home.work_is_empty());
  BOOST_TEST(home.token_of_reading(book) == "success");
}

BOOST_AUTO_TEST_CASE(a_named_draft_is_kept_if_the_state_knows_the_book_and_removed_if_not) {
  const auto known = filled<BookId>(1);
  const auto unknown = filled<BookId>(2);
  Home home;
  for (const auto& id : {known, unknown}) {
    const auto measured =
        value_of(home.shelf.draft_from_bytes(scrambled(10, id.bytes[0]), chunk_size, filled<BookSecret>(id.bytes[0])));
    require_success(home.shelf.name_draft(measured.draft, id));
    BOOST_TEST(!home.shelf.has_book(id));
  }
  require_success(home.shelf.clear_work([&](const BookId& id) { return id == known; }));
  BOOST_TEST(home.work_is_empty());
  BOOST_TEST(home.shelf.has_book(known));
  BOOST_TEST(!home.shelf.has_book(unknown));
}

BOOST_AUTO_TEST_CASE(progress_reaches_the_end_and_can_stop_the_work) {
  Granted granted(2000);
  Count count;
  require_success(granted.owner.shelf.write_package(id, granted.book, exchange, key, &count));
  BOOST_TEST(count.complete());
  StopAtOnce stop;
  Home requester;
  const auto file = open_to_read(granted.package());
  PackageFileSource source(file.get());
  const auto taken = requester.shelf.take_package(exchange, source, granted.book, &stop);
  BOOST_TEST(token_of(taken) == "interrupted");
  BOOST_TEST(taken.error().what == "interrupted");
  BOOST_TEST(!requester.shelf.package(exchange));
}

BOOST_AUTO_TEST_CASE(folders_of_a_shelf_are_private) {
  Home home;
  (void)home.keep(bytes_of("text"));
  for (const auto& folder : {home.folder / "books", home.folder / "exchanges", home.folder / "work"}) {
    BOOST_TEST((boost::filesystem::status(folder).permissions() & 077) == 0, folder);
  }
  BOOST_TEST((boost::filesystem::status(home.book_file("content")).permissions() & 077) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

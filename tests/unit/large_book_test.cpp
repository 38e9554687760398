// Books of many pieces on the shelf: two threads, work that is stopped and gone on with, and packages that are moved
// instead of copied (docs/protocol.md, section 3, steps 2, 3 and 6).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/merkle.hpp"
#include "ledger/store/shelf.hpp"
#include "tests/unit/progress.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

constexpr std::uint32_t chunk_size = 65536;
constexpr std::size_t book_bytes = std::size_t{21} * 1024 * 1024 + 5;
const auto exchange = filled<ExchangeId>(1);
const auto key = rename<BookKey>(sha256(view_of("key of a large book")));
const auto secret = filled<BookSecret>(3);
const auto id = filled<BookId>(4);

/// Stops the work after that many bytes.
class StopAfter final : public Progress {
 public:
  explicit StopAfter(std::uint64_t bytes) : bytes_(bytes) {}
  bool advanced(std::uint64_t done, std::uint64_t /*all*/) override { return done < bytes_; }

 private:
  std::uint64_t bytes_;
};

/// A package as a spool brings it.
class FileInSpool final : public PackageSource {
 public:
  explicit FileInSpool(path file)
      : path_(std::move(file)), file_(value_of(open_file(path_, O_RDONLY))), source_(file_.get()) {}
  [[nodiscard]] Result<std::optional<std::uint64_t>> size() override { return source_.size(); }
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> bytes) override { return source_.read(bytes); }
  [[nodiscard]] bool move_to(const path& target) override {
    return is_ours_alone(file_.get()) && ::rename(path_.c_str(), target.c_str()) == 0;
  }

 private:
  path path_;
  Descriptor file_;
  PackageFileSource source_;
};

struct Home {
  TemporaryFolder folder;
  Shelf shelf = value_of(Shelf::open(folder.path()));
  [[nodiscard]] path exchange_file(const char* name) const {
    return folder.path() / "exchanges" / to_hex(exchange) / name;
  }
};

Bytes read_large(const path& file) { return value_of(read_small_file(file, 2 * book_bytes)); }

struct Owner : Home {
  Bytes text = scrambled(book_bytes, 1);
  Book book;

  Owner() {
    write_file(folder / "book", text);
    const auto measured = value_of(shelf.draft_from_file(folder / "book", chunk_size, 2 * book_bytes, secret));
    require_success(shelf.keep_draft(measured.draft, id));
    book = Book{1, "A large book", "text/plain", measured.size, chunk_size, measured.root};
  }
  [[nodiscard]] Result<Hash> grant(Progress* progress = nullptr, const BookKey& with = key) {
    return shelf.write_package(id, book, exchange, with, progress);
  }
  [[nodiscard]] path package() const { return shelf.package_path(exchange); }
};

/// An owner with its package, and where the requester finds it.
struct Granted : Owner {
  Hash root = value_of(grant());
  Home requester;
  path delivered = requester.folder / "delivered";

  Granted() { boost::filesystem::copy_file(package(), delivered); }
  [[nodiscard]] Result<ReceivedPackage> take(PackageSource& source, Progress* progress = nullptr) {
    return requester.shelf.take_package(exchange, source, book, progress);
  }
  [[nodiscard]] Result<ReceivedPackage> take() {
    FileInSpool source(delivered);
    return take(source);
  }
  [[nodiscard]] bool was_moved() const { return !boost::filesystem::exists(delivered); }
};

void change_byte(const path& file, std::uint64_t place) {
  const auto open = value_of(open_file(file, O_RDWR));
  std::uint8_t byte = 0;
  BOOST_REQUIRE(::pread(open.get(), &byte, 1, static_cast<off_t>(place)) == 1);
  byte ^= 1U;
  BOOST_REQUIRE(::pwrite(open.get(), &byte, 1, static_cast<off_t>(place)) == 1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(large_book)

BOOST_AUTO_TEST_CASE(two_threads_make_what_one_chunk_after_the_other_would) {
  Granted granted;
  MerkleAccumulator tree;
  ChunkCipher cipher(key);
  MerkleAccumulator encrypted;
  for (std::uint64_t i = 0; i < chunk_count(granted.book); ++i) {
    const auto chunk = ByteView(granted.text).subspan(i * chunk_size, chunk_length(granted.book, i));
    const auto salt = chunk_salt(secret, i);
    tree.push(chunk_leaf(salt, chunk));
    const bool last = i + 1 == chunk_count(granted.book);
    encrypted.push(leaf_hash(encrypt_chunk(cipher, exchange, i, last, salt, chunk)));
  }
  BOOST_TEST((tree.root() == granted.book.root));
  BOOST_TEST((encrypted.root() == granted.root));
  BOOST_TEST((value_of(granted.take()).ciphertext_root == granted.root));
  require_success(granted.requester.shelf.keep_package(exchange));
  Count count;
  BOOST_TEST(!value_of(granted.requester.shelf.open_package(granted.book, exchange, key, &count)).failure);
  BOOST_TEST(count.complete());
  BOOST_TEST((read_large(granted.requester.exchange_file("content")) == granted.text));
}

BOOST_AUTO_TEST_CASE(of_two_changed_chunks_the_first_is_named) {
  Granted granted;
  change_byte(granted.delivered, package_chunk_offset(granted.book, 300));
  change_byte(granted.delivered, package_chunk_offset(granted.book, 17));
  require_success(granted.take());
  require_success(granted.requester.shelf.keep_package(exchange));
  const auto opened = value_of(granted.requester.shelf.open_package(granted.book, exchange, key));
  BOOST_REQUIRE(opened.bad_chunk.has_value());
  BOOST_TEST(*opened.bad_chunk == 17U);
  BOOST_TEST(!boost::filesystem::exists(granted.requester.exchange_file("content.new")));
}

BOOST_AUTO_TEST_CASE(a_grant_that_was_interrupted_goes_on_with_its_key_and_ends_the_same) {
  Owner owner;
  StopAfter stop(std::uint64_t{8} << 20U);
  BOOST_TEST(token_of(owner.grant(&stop)) == "interrupted");
  BOOST_REQUIRE(owner.shelf.begun_key(exchange).has_value());
  BOOST_TEST((*owner.shelf.begun_key(exchange) == key));
  // A part of what was written got lost: it is made anew, the rest is kept.
  change_byte(owner.exchange_file("package.new"), package_chunk_offset(owner.book, 20) + 77);
  const auto root = value_of(owner.grant());
  const auto package = read_large(owner.package());
  BOOST_TEST(!owner.shelf.begun_key(exchange).has_value());
  BOOST_TEST(!boost::filesystem::exists(owner.exchange_file("package.key")));
  Owner other;
  BOOST_TEST((value_of(other.grant()) == root));
  BOOST_TEST((read_large(other.package()) == package));
}

BOOST_AUTO_TEST_CASE(what_was_encrypted_before_an_interruption_is_not_encrypted_again) {
  Owner owner;
  StopAfter stop(std::uint64_t{12} << 20U);
  BOOST_TEST(token_of(owner.grant(&stop)) == "interrupted");
  // Only the chunks that are missing are read from the shelf: the first ones need not be there any more.
  change_byte(owner.folder.path() / "books" / to_hex(id) / "content", 5);
  BOOST_TEST(token_of(owner.grant()) == "success");
  BOOST_TEST(token_of(owner.grant(nullptr, rename<BookKey>(sha256(view_of("another"))))) == "wrong-book");
}

BOOST_AUTO_TEST_CASE(another_key_begins_anew) {
  Owner owner;
  StopAfter stop(std::uint64_t{8} << 20U);
  BOOST_TEST(token_of(owner.grant(&stop)) == "interrupted");
  const auto other = rename<BookKey>(sha256(view_of("another")));
  const auto root = value_of(owner.grant(nullptr, other));
  Owner fresh;
  BOOST_TEST((value_of(fresh.grant(nullptr, other)) == root));
}

BOOST_AUTO_TEST_CASE(opening_that_was_interrupted_goes_on_and_leaves_the_right_book) {
  Granted granted;
  require_success(granted.take());
  require_success(granted.requester.shelf.keep_package(exchange));
  StopAfter stop(std::uint64_t{12} << 20U);
  BOOST_TEST(token_of(granted.requester.shelf.open_package(granted.book, exchange, key, &stop)) == "interrupted");
  change_byte(granted.requester.exchange_file("content.new"), 3 * chunk_size + 1);
  BOOST_TEST(!value_of(granted.requester.shelf.open_package(granted.book, exchange, key)).failure);
  BOOST_TEST((read_large(granted.requester.exchange_file("content")) == granted.text));
  require_success(granted.requester.shelf.perform({ShelfAction::promote, id, exchange}));
  const auto out = value_of(open_file(granted.requester.folder / "out", O_RDWR | O_CREAT, 0600));
  require_success(granted.requester.shelf.read_book(id, granted.book, out.get()));
}

BOOST_AUTO_TEST_CASE(a_package_that_nobody_else_can_change_is_moved_and_not_copied) {
  Granted granted;
  struct stat before {};
  BOOST_REQUIRE(::stat(granted.delivered.c_str(), &before) == 0);
  BOOST_TEST((value_of(granted.take()).ciphertext_root == granted.root));
  BOOST_TEST(granted.was_moved());
  require_success(granted.requester.shelf.keep_package(exchange));
  struct stat after {};
  BOOST_REQUIRE(::stat(granted.requester.exchange_file("package").c_str(), &after) == 0);
  BOOST_TEST(before.st_ino == after.st_ino);
}

BOOST_AUTO_TEST_CASE(a_package_that_its_sender_can_still_change_is_copied) {
  for (int way = 0; way < 3; ++way) {
    Granted granted;
    Descriptor writer;
    if (way == 0) BOOST_REQUIRE(::link(granted.delivered.c_str(), (granted.requester.folder / "name").c_str()) == 0);
    if (way == 1) BOOST_REQUIRE(::chmod(granted.delivered.c_str(), 0660) == 0);
    if (way == 2) writer = value_of(open_file(granted.delivered, O_WRONLY));
    BOOST_TEST_CONTEXT("way " << way) {
      BOOST_TEST((value_of(granted.take()).ciphertext_root == granted.root));
      BOOST_TEST(!granted.was_moved());
      require_success(granted.requester.shelf.keep_package(exchange));
      change_byte(granted.delivered, package_chunk_offset(granted.book, 0));
      BOOST_TEST(!value_of(granted.requester.shelf.open_package(granted.book, exchange, key)).failure);
    }
  }
}

/// The sender owns the folder: between the look at the file and the move it may put another in its place.
BOOST_AUTO_TEST_CASE(a_package_exchanged_while_it_is_moved_is_refused) {
  class Exchanged final : public PackageSource {
   public:
    Exchanged(const path& shown, path moved) : shown_(shown), moved_(std::move(moved)) {}
    [[nodiscard]] Result<std::optional<std::uint64_t>> size() override { return shown_.size(); }
    [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> bytes) override { return shown_.read(bytes); }
    [[nodiscard]] bool move_to(const path& target) override { return ::rename(moved_.c_str(), target.c_str()) == 0; }

   private:
    FileInSpool shown_;
    path moved_;
  };
  Granted granted;
  const auto other = granted.requester.folder / "other";
  boost::filesystem::copy_file(granted.delivered, other);
  BOOST_REQUIRE(::link(other.c_str(), (granted.requester.folder / "kept").c_str()) == 0);
  Exchanged linked(granted.delivered, other);
  BOOST_TEST(token_of(granted.take(linked)) == "wrong-book");
  BOOST_REQUIRE(::symlink("/etc/passwd", other.c_str()) == 0);
  Exchanged link(granted.delivered, other);
  BOOST_TEST(token_of(granted.take(link)) != "success");
  BOOST_TEST(granted.requester.shelf.moved_package(exchange) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_move_that_was_not_accepted_before_a_crash_is_found_again) {
  Granted granted;
  FileInSpool source(granted.delivered);
  StopAfter stop(std::uint64_t{8} << 20U);
  BOOST_TEST(token_of(granted.take(source, &stop)) == "interrupted");
  BOOST_TEST(granted.was_moved());
  const auto found = granted.requester.shelf.moved_package(exchange);
  BOOST_REQUIRE(found != nullptr);
  BOOST_TEST((value_of(granted.take(*found)).ciphertext_root == granted.root));
  require_success(granted.requester.shelf.keep_package(exchange));
  // Again, the process ended before its commit: now the package has its last name.
  const auto kept = granted.requester.shelf.moved_package(exchange);
  BOOST_REQUIRE(kept != nullptr);
  BOOST_TEST((value_of(granted.take(*kept)).ciphertext_root == granted.root));
  BOOST_TEST(!granted.requester.shelf.package(exchange));
  require_success(granted.requester.shelf.keep_package(exchange));
  BOOST_TEST(!value_of(granted.requester.shelf.open_package(granted.book, exchange, key)).failure);
}

BOOST_AUTO_TEST_CASE(a_draft_that_was_interrupted_leaves_nothing) {
  Home home;
  write_file(home.folder / "book", scrambled(book_bytes, 1));
  StopAfter stop(std::uint64_t{8} << 20U);
  BOOST_TEST(token_of(home.shelf.draft_from_file(home.folder / "book", chunk_size, 2 * book_bytes, secret, &stop)) ==
             "interrupted");
  BOOST_TEST(boost::filesystem::is_empty(home.folder / "work"));
}

BOOST_AUTO_TEST_SUITE_END()

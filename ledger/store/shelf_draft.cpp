// A book on its way onto the shelf of its registrar: copied into work/, salted and hashed.
#include <fcntl.h>
#include <sys/stat.h>

#include "ledger/store/shelf_files.hpp"

namespace bookchain::ledger {

namespace fs = boost::filesystem;

namespace {

/// Reads the next chunk into `chunk`; fewer bytes than its size at the end.
using ReadChunk = std::function<Result<std::size_t>(std::span<std::uint8_t> chunk)>;

/// Whether the source, of which so many bytes were read, is still what it was when the reading began.
using CheckSource = std::function<Result<void>(std::uint64_t bytes_read)>;

/// What a book is made from.
struct DraftPlan {
  std::uint32_t chunk_size;
  std::uint64_t most_bytes;
  std::uint64_t expected_bytes;
  const BookSecret& secret;
  ReadChunk read_chunk;
  CheckSource check_source;
};

struct DraftFiles {
  PlacedFile content;
  BufferedWriter salts;
  BufferedWriter leaves;

  [[nodiscard]] static Result<DraftFiles> create(const fs::path& folder) {
    BOOKCHAIN_TRY(auto content, PlacedFile::open(folder / "content", false));
    BOOKCHAIN_TRY(auto salts, BufferedWriter::create(folder / "salts"));
    BOOKCHAIN_TRY(auto leaves, BufferedWriter::create(folder / "leaves"));
    return DraftFiles{std::move(content), std::move(salts), std::move(leaves)};
  }
};

class DraftWriting final : public PieceWork {
 public:
  DraftWriting(const DraftPlan& plan, DraftFiles& files, Progress* progress)
      : plan_(plan), files_(files), layout_(plan.chunk_size), meter_(progress, plan.expected_bytes) {}

  [[nodiscard]] Result<bool> next(Piece& piece) override {
    piece.first = chunks_read_;
    piece.count = 0;
    piece.salted.resize(layout_.chunks_a_piece() * (Salt::size + plan_.chunk_size));
    piece.sizes.assign(layout_.chunks_a_piece(), plan_.chunk_size);
    while (!ended_ && piece.count < layout_.chunks_a_piece()) {
      BOOKCHAIN_TRY(const auto got, plan_.read_chunk(layout_.chunk(piece, piece.count)));
      ended_ = got < plan_.chunk_size;
      if (got == 0 && chunks_read_ > 0) break;  // an empty book has one empty chunk
      piece.sizes[piece.count++] = static_cast<std::uint32_t>(got);
      ++chunks_read_;
      size_ += got;
      if (size_ > plan_.most_bytes) {
        return Error{Token::book_too_large, "the book is larger than this network allows", std::to_string(size_), {}};
      }
    }
    piece.sizes.resize(piece.count);
    piece.leaves.resize(piece.count);
    return piece.count > 0;
  }

  [[nodiscard]] Result<void> work(Piece& piece) override {
    for (std::size_t i = 0; i < piece.count; ++i) {
      const auto salt = chunk_salt(plan_.secret, piece.first + i);
      std::ranges::copy(salt.bytes, layout_.salted(piece, i).begin());
      piece.leaves[i] = leaf_hash(layout_.salted(piece, i));
      BOOKCHAIN_CHECK(files_.content.write(layout_.chunk(piece, i), (piece.first + i) * plan_.chunk_size));
    }
    return success();
  }

  [[nodiscard]] Result<void> finish(Piece& piece) override {
    for (std::size_t i = 0; i < piece.count; ++i) {
      tree_.push(piece.leaves[i]);
      BOOKCHAIN_CHECK(files_.salts.write(layout_.salted(piece, i).first(Salt::size)));
      BOOKCHAIN_CHECK(files_.leaves.write(piece.leaves[i].view()));
    }
    written_ += PieceLayout::plain_bytes(piece);
    files_.content.complete_to(written_);
    return meter_.advance(PieceLayout::plain_bytes(piece));
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Hash root() const { return tree_.root(); }

 private:
  const DraftPlan& plan_;
  DraftFiles& files_;
  PieceLayout layout_;
  std::uint64_t chunks_read_{};
  std::uint64_t size_{};
  bool ended_ = false;
  std::uint64_t written_{};
  MerkleAccumulator tree_;
  ProgressMeter meter_;
};

Result<Shelf::Measured> fill_draft(const fs::path& folder, const DraftPlan& plan, Progress* progress) {
  BOOKCHAIN_TRY(auto files, DraftFiles::create(folder));
  DraftWriting writing(plan, files, progress);
  BOOKCHAIN_CHECK(do_pieces(writing, plan.expected_bytes));
  BOOKCHAIN_CHECK(plan.check_source(writing.size()));
  BOOKCHAIN_CHECK(files.content.finish(writing.size()));
  BOOKCHAIN_CHECK(files.salts.finish());
  BOOKCHAIN_CHECK(files.leaves.finish());
  BOOKCHAIN_CHECK(sync_directory(folder));
  return Shelf::Measured{writing.size(), writing.root(), folder.filename().string()};
}

/// Writes content, salts and leaves into a folder of work/, durably. A failure leaves nothing behind.
Result<Shelf::Measured> make_draft(const fs::path& home, const DraftPlan& plan, Progress* progress) {
  const auto folder = home / "work" / ("draft-" + to_hex(sha256({plan.secret.view()})).substr(0, 16));
  BOOKCHAIN_CHECK(make_directory(folder));
  auto measured = fill_draft(folder, plan, progress);
  if (!measured) (void)remove_tree(folder);
  return measured;
}

bool is_same(const timespec& one, const timespec& other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

/// Half of an old text and half of a new one is no book. The time of the last change of the inode is looked at as
/// well, since whoever writes can set the time of the last write back.
Result<void> check_unchanged(int descriptor, const struct stat& before, std::uint64_t bytes_read,
                             const fs::path& file) {
  struct stat after {};
  if (::fstat(descriptor, &after) != 0) return system_error("cannot look at a file", file);
  const bool whole = after.st_size == before.st_size && static_cast<std::uint64_t>(before.st_size) == bytes_read;
  if (whole && is_same(after.st_mtim, before.st_mtim) && is_same(after.st_ctim, before.st_ctim)) return success();
  return Error{Token::bad_file, "the file changed while it was read", file.string(),
               "give the command again when nothing writes to the file"};
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
  (void)::posix_fadvise(source.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  const DraftPlan plan{chunk_size,
                       most_bytes,
                       size,
                       secret,
                       [&](std::span<std::uint8_t> chunk) { return read_up_to(source.get(), chunk, file); },
                       [&](std::uint64_t read) { return check_unchanged(source.get(), info, read, file); }};
  return make_draft(home_, plan, progress);
}

Result<Shelf::Measured> Shelf::draft_from_bytes(ByteView content, std::uint32_t chunk_size, const BookSecret& secret) {
  auto left = content;
  const DraftPlan plan{chunk_size,
                       content.size(),
                       content.size(),
                       secret,
                       [&](std::span<std::uint8_t> chunk) -> Result<std::size_t> {
                         const auto taken = std::min(chunk.size(), left.size());
                         std::copy_n(left.begin(), taken, chunk.begin());
                         left = left.subspan(taken);
                         return taken;
                       },
                       [](std::uint64_t) { return success(); }};
  return make_draft(home_, plan, nullptr);
}

}  // namespace bookchain::ledger

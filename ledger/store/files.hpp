// The calls to the operating system that the shelf and the links need, each with its errors named.
// Durable means: after return, a loss of power does not undo it.
#pragma once

#include <boost/filesystem/path.hpp>

#include "ledger/error.hpp"
#include "ledger/types.hpp"

namespace bookchain::ledger {

/// An open file that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

/// The error of the call that just failed: `io`, `disk-full`, `permission` or `no-such-file`; the
/// subject is the path. Reads errno.
[[nodiscard]] Error system_error(const std::string& what, const boost::filesystem::path& path);

/// The error where a link was opened with O_NOFOLLOW: `bad-file`.
[[nodiscard]] Error link_in_the_way(const boost::filesystem::path& path);

/// With O_NOFOLLOW `bad-file` for a link.
[[nodiscard]] Result<Descriptor> open_file(const boost::filesystem::path& path, int flags, unsigned mode = 0);
/// Writes all of it, whatever the calls take at once.
[[nodiscard]] Result<void> write_all(int descriptor, ByteView bytes, const boost::filesystem::path& name);
/// Reads until `bytes` is full or the file ends; gives how many were read.
[[nodiscard]] Result<std::size_t> read_up_to(int descriptor, std::span<std::uint8_t> bytes,
                                             const boost::filesystem::path& name);
/// The same at a place in the file, which other threads may read and write meanwhile.
[[nodiscard]] Result<void> write_at(int descriptor, ByteView bytes, std::uint64_t place,
                                    const boost::filesystem::path& name);
[[nodiscard]] Result<std::size_t> read_at(int descriptor, std::span<std::uint8_t> bytes, std::uint64_t place,
                                          const boost::filesystem::path& name);
/// Whether nobody but this process can change the file from now on, but for others of this user that know where it
/// lies: it is a regular file of this user's, this is its only name, others may not write it, and nobody has it open
/// for writing. False where the file system cannot say.
[[nodiscard]] bool is_ours_alone(int descriptor);
/// Syncs, and gives 0 or what errno says: for a thread that is to have no failure of its own.
[[nodiscard]] int error_of_sync(int descriptor) noexcept;
/// What that says of a file.
[[nodiscard]] Result<void> sync_result(int error, const boost::filesystem::path& name);
[[nodiscard]] Result<void> sync_file(int descriptor, const boost::filesystem::path& name);
/// The folder in which a file lies.
[[nodiscard]] boost::filesystem::path folder_of(const boost::filesystem::path& file);
[[nodiscard]] Result<void> sync_directory(const boost::filesystem::path& directory);
/// Makes a directory and those above it, durably, with that mode for those made. No failure if it is there.
/// Tokens: `io` (a file is in the way, too), `permission`, `disk-full`.
[[nodiscard]] Result<void> make_directory(const boost::filesystem::path& directory, unsigned mode = 0700);
/// Renames and syncs the directory renamed into; replaces a file, never a directory that is not empty.
[[nodiscard]] Result<void> rename_durably(const boost::filesystem::path& from, const boost::filesystem::path& to);
/// Writes a new file with its content durably: temporary name beside it, sync, rename, sync directory.
[[nodiscard]] Result<void> write_file_durably(const boost::filesystem::path& path, ByteView bytes, unsigned mode);
/// A whole small file; token `bad-file` if it is larger than `most` or no regular file.
[[nodiscard]] Result<Bytes> read_small_file(const boost::filesystem::path& path, std::size_t most);
/// Removes a file or a whole directory; no failure if it is not there.
[[nodiscard]] Result<void> remove_tree(const boost::filesystem::path& path);

}  // namespace bookchain::ledger

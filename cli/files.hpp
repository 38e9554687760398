// Small text files of a network and its homes: read whole within a bound, secrets only if they are
// private. Books and messages are not small files; they are the business of the shelf and the links.
#pragma once

#include <boost/filesystem/path.hpp>
#include <functional>
#include <string>

#include "ledger/store/files.hpp"

namespace bookchain::cli {

using boost::filesystem::path;
using ledger::Error;
using ledger::Result;
using ledger::success;
using ledger::Token;

/// Whether anything stands at the place, a link to nowhere, too. False where that cannot be seen.
[[nodiscard]] bool is_there(const path& file);

/// The whole of a regular file of at most `most` bytes. With `dash_is_stdin` it may be a pipe, and "-" is stdin.
/// Tokens: `no-such-file`, `permission`, `io`, `bad-file` (no regular file, or too large).
[[nodiscard]] Result<std::string> read_text_file(const path& file, std::size_t most, bool dash_is_stdin = false);

/// The same for a file that holds secrets: `permission` if others than its owner can read it.
[[nodiscard]] Result<std::string> read_secret_file(const path& file, std::size_t most);

/// Writes a new file or replaces one, durably. Tokens: `io`, `disk-full`, `permission`.
[[nodiscard]] Result<void> write_text_file(const path& file, std::string_view text, unsigned mode);

/// Writes `target` by way of a new file beside it, which takes its name when it is complete and durable: a file of
/// that name is whole or not there. Links are followed, and a file that is replaced keeps its mode. `write` is given
/// its descriptor. Tokens: those of `write`, `bad-file` (the target is there and no regular file), `io`, `disk-full`,
/// `permission`.
[[nodiscard]] Result<void> replace_file(const path& target, const std::function<Result<void>(int descriptor)>& write);

}  // namespace bookchain::cli

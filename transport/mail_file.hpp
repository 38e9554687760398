// The file of a delivery in a spool: sealed messages one after another, each behind its length (docs/formats.md).
// Whoever wrote it is not trusted: it is read within a bound, and is exactly such a file or none.
#pragma once

#include <boost/filesystem/path.hpp>
#include <optional>
#include <string>
#include <vector>

#include "transport/channel.hpp"
#include "transport/spool_folder.hpp"

namespace bookchain::transport {

inline constexpr std::string_view mail_magic = "bookchain/1 mail\n";
/// Before each message of a file: its length.
inline constexpr std::size_t mail_frame_bytes = 4;
/// Sealed messages are put into one file up to this size; a larger one has a file of its own.
inline constexpr std::size_t preferred_mail_bytes = std::size_t{1} << 20U;
/// More do not fit into one file: each is sealed, and behind its length.
inline constexpr std::size_t max_mail_messages = preferred_mail_bytes / (mail_frame_bytes + seal_overhead) + 1;
/// What a file may hold where a message has `max_envelope_bytes` at most.
[[nodiscard]] constexpr std::size_t max_mail_bytes(std::size_t max_envelope_bytes) {
  return mail_magic.size() + preferred_mail_bytes + mail_frame_bytes + max_envelope_bytes;
}

/// The sealed messages of a spool file. Token `bad-file` if it is not exactly such a file, or holds a
/// message that is too short to be sealed or above `max_envelope_bytes`, or too many.
[[nodiscard]] ledger::Result<std::vector<ledger::Bytes>> parse_mail(ledger::ByteView file,
                                                                    std::size_t max_envelope_bytes);

/// Reads a spool file for showing it, with the checks of SpoolLink::receive.
/// Tokens: `no-such-file`, `bad-file`, `permission`, `io`.
[[nodiscard]] ledger::Result<std::vector<ledger::Bytes>> read_mail(const boost::filesystem::path& file,
                                                                   std::size_t max_envelope_bytes);
/// The same of a file in a folder that is held open.
[[nodiscard]] ledger::Result<std::vector<ledger::Bytes>> read_mail(const SpoolFolder& folder, const std::string& name,
                                                                   std::size_t max_envelope_bytes);
/// The header of the first message in a spool file, which claims what it says and proves nothing. Nothing if there is
/// no such file. However large it is, no more than the header is read.
[[nodiscard]] std::optional<Header> first_header(const SpoolFolder& folder, const std::string& name);

}  // namespace bookchain::transport

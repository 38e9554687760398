// The request as the original system wrote it: a JSON object with exactly three keys. Strict: JSON
// libraries take the last of two equal keys, any depth and any number; here each is refused.
#pragma once

#include <string>

#include "ledger/error.hpp"
#include "ledger/types.hpp"

namespace bookchain::cli {

inline constexpr std::size_t max_request_file_bytes = std::size_t{1} << 16U;

struct RequestFile {
  ledger::PeerPort sender_port;
  ledger::PeerPort receiver_port;
  std::string book_value;  ///< canonical decimal
};

/// Reads {"sender_port": "5000", "receiver_port": "5001", "book_value": "1"}; ports and value are text or
/// whole numbers in canonical decimal. `file` is named in errors. Tokens: `bad-json`, `missing-key`,
/// `repeated-key`, `unknown-key`, `bad-type`, `bad-value`.
[[nodiscard]] ledger::Result<RequestFile> read_request_file(const std::string& file, const std::string& text);

}  // namespace bookchain::cli

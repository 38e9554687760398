// network.yaml: the genesis of a network as people and programs read it (docs/formats.md). Written by
// `init`, read by every command; whatever is not exactly understood is refused with file, line and key.
#pragma once

#include "cli/files.hpp"
#include "cli/strict_yaml.hpp"
#include "ledger/genesis.hpp"

namespace bookchain::cli {

inline constexpr std::string_view network_file_name = "network.yaml";
inline constexpr std::size_t max_network_file_bytes = std::size_t{1} << 20U;

inline constexpr std::string_view spool_scheme = "spool:";
inline constexpr std::string_view socket_scheme = "socket:";
/// What an address must be, for the errors that say so.
inline constexpr const char* address_forms =
    "an address is spool:FOLDER or socket:PATH, and a socket has a name of at most 80 bytes";
/// A socket is bound through its open folder, /proc/self/fd/N/NAME, which has to fit into 107 bytes.
inline constexpr std::size_t max_socket_name_bytes = 80;
/// Whether it is of one of the two forms, no longer than a network allows, and such that it can be listened at.
[[nodiscard]] bool is_address(std::string_view text);
/// A port, and where a peer is delivered to, as they stand in every file. Tokens: `bad-type`, `bad-value`.
[[nodiscard]] Result<ledger::PeerPort> read_port(const YamlView& view);
[[nodiscard]] Result<std::string> read_address(const YamlView& view);

/// The text of a network file.
[[nodiscard]] std::string write_network(const ledger::Genesis& genesis);

/// Reads one. `file` is named in errors. Tokens: `bad-config`, `missing-key`, `repeated-key`,
/// `unknown-key`, `bad-type`, `bad-value`, `wrong-network` (the id that stands in it is another's).
[[nodiscard]] Result<ledger::Genesis> read_network(const std::string& file, const std::string& text);

/// The same from a path; `home-missing` if there is no such file.
[[nodiscard]] Result<ledger::Genesis> load_network(const path& file);

}  // namespace bookchain::cli

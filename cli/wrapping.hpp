// Long text put into lines for people: help, and lists that grow with the number of peers.
#pragma once

#include <string>
#include <string_view>

namespace bookchain::cli {

inline constexpr std::size_t text_columns = 100;

/// `text` broken at spaces into lines of at most text_columns, where words allow it; all but the first begin
/// with `indent` spaces. The first is taken to begin at column `indent` as well.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent);

}  // namespace bookchain::cli

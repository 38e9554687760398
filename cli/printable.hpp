// Text that came from somebody else (titles, reasons, media types) made safe to print: no control
// characters, no escape sequences, nothing that turns the direction of the line or hides in it.
#pragma once

#include <string>
#include <string_view>

namespace bookchain::cli {

/// `foreign` with every dangerous character written out: control characters and bytes that are not
/// UTF-8 as \xNN, invisible and direction-changing characters as \u{NNNN}. The rest stays as it is.
[[nodiscard]] std::string printable(std::string_view foreign);

/// The same, shortened to at most `columns` columns with an ellipsis.
[[nodiscard]] std::string printable(std::string_view foreign, std::size_t columns);

/// Columns that the text takes on a terminal: most characters one, Chinese, Japanese and Korean ones two, accents that
/// are drawn over the one before none.
[[nodiscard]] std::size_t width(std::string_view text);

/// As a shell takes it for one word: in quotes where it must be.
[[nodiscard]] std::string shell_word(const std::string& text);

}  // namespace bookchain::cli

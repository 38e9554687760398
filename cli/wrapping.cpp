#include "cli/wrapping.hpp"

#include <algorithm>

#include "cli/printable.hpp"

namespace bookchain::cli {

std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const auto columns = width(word);
    if (column > indent && column + columns > text_columns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += " ";
    }
    out += word;
    column += columns + 1;
  }
  return out;
}

}  // namespace bookchain::cli

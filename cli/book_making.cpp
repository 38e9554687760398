#include "cli/book_making.hpp"

#include <algorithm>
#include <array>

namespace bookchain::cli {

using namespace ledger;

namespace {

Result<Signed<Book>> sign(const Genesis& genesis, const Identity& registrar, BookWords words, std::uint64_t serial,
                          std::uint64_t size, const Hash& root) {
  auto book = sign_statement(
      genesis.id(), registrar.port, registrar.signing_key,
      Book{serial, std::move(words.title), std::move(words.media_type), size, genesis.fields().chunk_size, root});
  BOOKCHAIN_CHECK(check_book(genesis, book));
  return book;
}

}  // namespace

Result<Signed<Book>> make_file_book(Shelf& shelf, transport::Environment& environment, const Genesis& genesis,
                                    const Identity& registrar, const boost::filesystem::path& file, BookWords words,
                                    std::uint64_t serial, Progress* progress) {
  const auto& fields = genesis.fields();
  BOOKCHAIN_TRY(const auto measured, shelf.draft_from_file(file, fields.chunk_size, fields.limits.book_bytes,
                                                           environment.draw<BookSecret>(), progress));
  BOOKCHAIN_TRY(auto book, sign(genesis, registrar, std::move(words), serial, measured.size, measured.root));
  BOOKCHAIN_CHECK(shelf.name_draft(measured.draft, genesis.book_of(book)));
  return book;
}

Result<ValueBook> make_value_book(transport::Environment& environment, const Genesis& genesis,
                                  const Identity& registrar, const std::string& value, std::uint64_t serial) {
  ValueText text{chunk_salt(environment.draw<BookSecret>(), 0), Bytes(value.begin(), value.end())};
  BOOKCHAIN_TRY(auto book, sign(genesis, registrar, BookWords{value, std::string(value_media_type)}, serial,
                                text.text.size(), chunk_leaf(text.salt, text.text)));
  return ValueBook{std::move(book), std::move(text)};
}

std::string media_type_of(const boost::filesystem::path& file) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> types{{
      {".txt", "text/plain"},
      {".md", "text/markdown"},
      {".html", "text/html"},
      {".pdf", "application/pdf"},
      {".epub", "application/epub+zip"},
      {".mobi", "application/x-mobipocket-ebook"},
      {".json", "application/json"},
      {".csv", "text/csv"},
      {".jpg", "image/jpeg"},
      {".png", "image/png"},
      {".zip", "application/zip"},
      {".gz", "application/gzip"},
  }};
  const auto ending = file.extension().string();
  const auto found = std::ranges::find(types, ending, &std::pair<std::string_view, std::string_view>::first);
  return std::string(found == types.end() ? "application/octet-stream" : found->second);
}

}  // namespace bookchain::cli

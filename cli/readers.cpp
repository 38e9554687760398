#include "cli/readers.hpp"

namespace bookchain::cli {

using namespace ledger;

Result<std::vector<std::unique_ptr<Reader>>> all_readers(const Session& session) {
  std::vector<std::unique_ptr<Reader>> readers;
  if (session.names_a_peer()) {
    BOOKCHAIN_TRY(auto named, session.peer());
    BOOKCHAIN_TRY(auto reader, Reader::open(std::move(named)));
    readers.push_back(std::move(reader));
    return readers;
  }
  BOOKCHAIN_TRY(auto homes, session.readable_peers());
  std::optional<Error> first;
  for (auto& home : homes) {
    auto reader = Reader::open(std::move(home));
    if (reader) {
      readers.push_back(std::move(reader).value());
    } else if (!first) {
      first = std::move(reader).error();
    }
  }
  if (readers.empty()) return *first;
  return readers;
}

Result<std::unique_ptr<Reader>> any_reader(const Session& session) {
  BOOKCHAIN_TRY(auto readers, all_readers(session));
  return std::move(readers.front());
}

}  // namespace bookchain::cli

#include "cli/readers.hpp"

#include <boost/filesystem/operations.hpp>
#include <cstdlib>

#include "cli/network_file.hpp"

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

Result<Genesis> network_alone(const Session& session) {
  const auto& global = session.global();
  const auto* variable = std::getenv("BOOKCHAIN_NETWORK");
  const bool in_environment = variable != nullptr && *variable != '\0';
  if (!global.home) {
    path place = global.network ? *global.network : std::string(in_environment ? variable : ".");
    boost::system::error_code ignored;
    if (boost::filesystem::is_directory(place, ignored)) place /= std::string(network_file_name);
    auto genesis = load_network(place);
    if (genesis || genesis.error().token != Token::home_missing) return genesis;
  }
  BOOKCHAIN_TRY(const auto files, session.any_peer());
  return files->genesis;
}

}  // namespace bookchain::cli

#include "cli/fingerprint.hpp"

#include "ledger/card.hpp"

namespace bookchain::cli {

using namespace ledger;

Json fingerprint_list(const Genesis& genesis) {
  Json list = Json::array();
  for (const auto& peer : genesis.peers()) {
    list.push_back({{"port", peer.port.value},
                    {"home", nullptr},
                    {"fingerprint", fingerprint(card_id(genesis, peer))},
                    {"address", peer.address}});
  }
  return list;
}

std::string fingerprint_table(const Report& report, const Genesis& genesis, std::optional<PeerPort> self) {
  TextTable table({"PEER", "FINGERPRINT OF ITS CARD"});
  for (const auto& peer : genesis.peers()) {
    table.add({std::to_string(peer.port.value) + (self == peer.port ? "*" : ""), fingerprint(card_id(genesis, peer))});
  }
  return table.draw(report);
}

}  // namespace bookchain::cli

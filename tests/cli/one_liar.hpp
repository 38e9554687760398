// One liar among five peers that serve, in one of the ways of `serve --misbehave`, and what becomes of the honest ones.
#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <thread>

#include "tests/cli/roles.hpp"
#include "tests/cli/serving.hpp"

namespace bookchain::tests::liars {

inline constexpr int lying_witness = other_witness;

/// How the exchange of the honest ones ends.
enum class End { committed, over, open };

struct Case {
  const char* kind;
  int liar;
  End end;
  const char* form = "mined";  ///< of the transfer, where there is one; empty: whichever
  const char* evidence = "";   ///< the fault that every honest peer knows of then
};

/// The kinds that were served with since the last call.
[[nodiscard]] std::set<std::string> take_kinds_served();

/// Five peers, one of which lies: f = 1, so the promises hold.
struct Stage {
  Network network{{"--seed", "lies", "--auto-books", "6"}, {5000, 5001, 5002, 5003, 5004}};
  std::string book = network.book_of(owner);
  std::vector<std::unique_ptr<Background>> servers;
  std::string honest_recover_after = "1";

  void serve(int port, const Words& options) {
    note_kind(options);
    servers.push_back(serve_in_background(network, port, options));
  }
  /// Until nothing is left to do, once.
  void serve_for_a_moment(int port, const std::string& kind) const {
    const Words lie{"serve", "--misbehave", kind, "--until-idle=0"};
    note_kind(lie);
    (void)network.at(port, lie);
  }
  void all_serve(int liar, const std::string& kind, const Words& liars_options = {}) {
    Words lie{"--misbehave", kind, "--recover-after", "never"};
    lie.insert(lie.end(), liars_options.begin(), liars_options.end());
    for (const int port : network.ports()) {
      serve(port, port == liar ? lie : Words{"--recover-after", honest_recover_after});
    }
  }
  /// All serve, and the requester, which lies in the request itself, makes one.
  [[nodiscard]] std::string all_serve_one_request(const std::string& kind) {
    const auto file = network.scratch("requests");
    write_file(file, std::to_string(owner) + " " + book + "\n");
    all_serve(requester, kind, {"--requests", file.string()});
    Json exchanges;
    BOOST_REQUIRE(becomes_true([&] {
      exchanges = network.ok(owner, {"list-exchanges"})["exchanges"];
      return !exchanges.empty();
    }));
    return exchanges[0]["exchange"];
  }
  [[nodiscard]] std::string request(int from) const { return request(from, book); }
  [[nodiscard]] std::string request(int from, const std::string& wanted) const {
    return network.request(from, owner, wanted);
  }
  /// Empty as long as the peer has not heard of it.
  [[nodiscard]] std::string state(int port, const std::string& exchange) const {
    const auto shown = network.at(port, {"show-exchange", exchange});
    return shown.exit_code == 0 ? shown.json()["state"].get<std::string>() : std::string();
  }
  [[nodiscard]] std::vector<int> honest(int liar) const {
    auto ports = network.ports();
    std::erase(ports, liar);
    return ports;
  }
  [[nodiscard]] static bool becomes_true(const std::function<bool()>& condition, int tenths = 250) {
    for (int i = 0; i < tenths; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return condition();
  }
  [[nodiscard]] std::set<std::string> faults(int port, int accused) const {
    std::set<std::string> found;
    const auto list = network.ok(port, {"evidence", "list"});
    for (const auto& each : list["evidence"]) {
      BOOST_TEST(each["accused"] == accused, port << " accuses " << each.dump());
      found.insert(each["fault"]);
    }
    return found;
  }

 private:
  static void note_kind(const Words& options);
};

/// Each piece of evidence that a peer keeps convinces somebody who has nothing but the network file.
void convince_a_stranger(const Stage& stage, int port, int accused);

[[nodiscard]] bool is_over(const std::string& state);
/// "mined", "claimed", "settled", or empty if no book has moved.
[[nodiscard]] std::string form_of_last_transfer(const Stage& stage, int at);
/// Checks that one exchange ends as it must, that the lie was told, and who has evidence of it.
void play(const Case& each);

}  // namespace bookchain::tests::liars

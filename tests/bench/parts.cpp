// What an exchange is made of, one part at a time: signatures, seals, canonical bytes, durable commits. The driver
// (tests/bench/exchanges.py) adds them up to the floor: what an exchange would cost if it were nothing else.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <memory>

#include "ledger/chain.hpp"
#include "ledger/store/sqlite_store.hpp"
#include "transport/channel.hpp"

namespace {

using namespace bookchain;          // NOLINT(google-build-using-namespace)
using namespace bookchain::ledger;  // NOLINT(google-build-using-namespace)

constexpr std::size_t message_bytes = 400;  // about what one of an exchange has

/// Two peers of a network of four.
struct World {
  std::vector<Identity> identities;
  std::unique_ptr<Genesis> genesis;

  World() {
    GenesisFields fields;
    for (std::uint16_t port = 5000; port < 5004; ++port) {
      Identity identity{PeerPort{port}, {}, {}};
      identity.signing_key.bytes.fill(static_cast<std::uint8_t>(port % 100 + 1));
      identity.agreement_key.bytes.fill(static_cast<std::uint8_t>(port % 100 + 60));
      fields.peers.push_back(Peer{identity.port, verify_key(identity.signing_key),
                                  agreement_point(identity.agreement_key), "spool:" + std::to_string(port)});
      identities.push_back(identity);
    }
    genesis = std::make_unique<Genesis>(Genesis::make(std::move(fields)).value());
  }
};

Ack ack_of(std::uint64_t number) {
  Ack ack;
  for (std::size_t i = 0; i < 8; ++i) ack.exchange.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return ack;
}

void sign_statement(benchmark::State& state) {
  const World world;
  std::uint64_t number = 0;
  for (auto each : state) {
    auto statement = ledger::sign_statement(world.genesis->id(), world.identities[0].port,
                                            world.identities[0].signing_key, ack_of(number++));
    benchmark::DoNotOptimize(statement);
  }
}
BENCHMARK(sign_statement)->Unit(benchmark::kMicrosecond);

void verify_statement(benchmark::State& state) {
  const World world;
  const auto& identity = world.identities[0];
  const auto bytes = unsigned_bytes(world.genesis->id(), identity.port, ack_of(1));
  const auto signature = sign(identity.signing_key, bytes);
  const auto key = verify_key(identity.signing_key);
  for (auto each : state) {
    if (!verify(key, bytes, signature)) state.SkipWithError("a good signature is refused");
  }
}
BENCHMARK(verify_statement)->Unit(benchmark::kMicrosecond);

void verify_known_statement(benchmark::State& state) {
  const World world;
  const auto& identity = world.identities[0];
  const auto statement = ledger::sign_statement(world.genesis->id(), identity.port, identity.signing_key, ack_of(1));
  for (auto each : state) {
    if (!world.genesis->check(statement)) state.SkipWithError("a good statement is refused");
  }
}
BENCHMARK(verify_known_statement)->Unit(benchmark::kMicrosecond);

void seal_and_open_message(benchmark::State& state) {
  const World world;
  const auto from = transport::Channel::make(*world.genesis, world.identities[0], PeerPort{5001}).value();
  const auto to = transport::Channel::make(*world.genesis, world.identities[1], PeerPort{5000}).value();
  const Bytes payload(message_bytes, 7);
  std::uint64_t number = 1;
  for (auto each : state) {
    const auto envelope = from.seal(Epoch{}, MessageNumber{number++}, payload, Hash{});
    auto opened = to.open(envelope);
    if (!opened) state.SkipWithError("a sealed message is refused");
    benchmark::DoNotOptimize(opened);
  }
}
BENCHMARK(seal_and_open_message)->Unit(benchmark::kMicrosecond);

/// One durable commit of as many rows as the argument says, in the folder the driver runs in.
void durable_commit(benchmark::State& state) {
  namespace fs = boost::filesystem;
  const auto folder = fs::absolute("bench-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  {
    const auto store = SqliteStore::open(folder / "state.sqlite", SqliteStore::Mode::create).value();
    std::uint64_t number = 0;
    for (auto each : state) {
      std::vector<Write> writes;
      for (std::int64_t i = 0; i < state.range(0); ++i) {
        writes.push_back(Write{Table::outbox, encode_all(std::uint16_t{1}, number++), Bytes(message_bytes, 7)});
      }
      if (!store->begin()) state.SkipWithError("no transaction");
      store->apply(writes);
      if (!store->commit()) state.SkipWithError("no commit");
    }
  }
  fs::remove_all(folder);
}
BENCHMARK(durable_commit)->Arg(1)->Arg(64)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();

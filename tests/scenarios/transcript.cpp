#include "tests/scenarios/transcript.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace bookchain::scenarios {

namespace {

constexpr std::size_t shown_digits = 6;

std::string shortened(ByteView bytes) { return to_hex(bytes).substr(0, shown_digits); }

/// A visitor that prints the fields it is shown as name=value.
class Printer {
 public:
  explicit Printer(const Genesis& genesis) : genesis_(genesis) {}

  template <class T>
  void operator()(std::string_view name, const T& value) {
    begin(name);
    text_ += print(value);
  }
  template <class T>
  void list(std::string_view name, const std::vector<T>& values, std::size_t /*most*/) {
    begin(name);
    text_ += "[";
    for (std::size_t i = 0; i < values.size(); ++i) text_ += (i == 0 ? "" : " ") + print(values[i]);
    text_ += "]";
  }
  void text(std::string_view name, const std::string& value, std::size_t /*most*/) {
    begin(name);
    text_ += "\"" + value + "\"";
  }
  void blob(std::string_view name, const Bytes& value, std::size_t /*most*/) {
    begin(name);
    text_ += std::to_string(value.size()) + " bytes";
  }
  [[nodiscard]] const std::string& printed() const { return text_; }

 private:
  void begin(std::string_view name) { text_ += (text_.empty() ? "" : " ") + std::string(name) + "="; }

  template <class T>
  [[nodiscard]] std::string fields(const T& value) const {
    Printer inner(genesis_);
    T::visit(value, inner);
    return "{" + inner.printed() + "}";
  }
  template <class Body>
  [[nodiscard]] std::string print(const Signed<Body>& statement) const {
    const auto signer = std::string(ledger::name(Body::type)) + "@" + std::to_string(statement.signer.value);
    // Answers and votes say something worth reading; of the others the id is enough.
    constexpr bool said = Body::type == StatementType::id_answer || Body::type == StatementType::answer ||
                          Body::type == StatementType::propose || Body::type == StatementType::prevote ||
                          Body::type == StatementType::precommit;
    if constexpr (said) return signer + fields(statement.body);
    return signer + "#" + shortened(genesis_.id_of(statement).view());
  }
  template <class Vote>
  [[nodiscard]] std::string print(const Certificate<Vote>& certificate) const {
    std::string ports;
    for (const auto& vote : certificate.votes) ports += (ports.empty() ? "" : " ") + std::to_string(vote.signer.value);
    return std::string(ledger::name(Vote::type)) + fields(certificate.vote) + "by[" + ports + "]";
  }
  [[nodiscard]] std::string print(const Transaction& transaction) const {
    return std::visit([this](const auto& held) { return print(held); }, transaction);
  }
  [[nodiscard]] std::string print(const Evidence& evidence) const {
    return std::string(fault(evidence)) + "@" + std::to_string(accusation(genesis_, evidence).accused.value);
  }
  [[nodiscard]] std::string print(const Block& block) const {
    Printer inner(genesis_);
    inner.list("transactions", block.transactions, max_block_transactions);
    return "block@" + std::to_string(block.header.signer.value) + "#" + shortened(genesis_.block_hash(block).view()) +
           "{" + inner.printed() + "}";
  }
  template <class T>
  [[nodiscard]] std::string print(const std::optional<T>& value) const {
    return value ? print(*value) : "none";
  }
  template <class T>
  [[nodiscard]] std::string print(const T& value) const {
    if constexpr (std::same_as<T, bool>) {
      return value ? "yes" : "no";
    } else if constexpr (std::same_as<T, Ballot>) {
      return std::to_string(value.round.value) + "/" + std::to_string(value.port.value);
    } else if constexpr (codec_detail::StrongNumber<T>) {
      return std::to_string(value.value);
    } else if constexpr (codec_detail::Fixed<T>) {
      return shortened(value.view());
    } else if constexpr (std::unsigned_integral<T>) {
      return std::to_string(value);
    } else {
      return fields(value);
    }
  }

  const Genesis& genesis_;
  std::string text_;
};

std::string golden_path(const std::string& name) {
  const char* source = std::getenv("BOOKCHAIN_SOURCE");
  BOOST_REQUIRE_MESSAGE(source != nullptr, "BOOKCHAIN_SOURCE names the source tree");
  return std::string(source) + "/tests/scenarios/golden/" + name + ".txt";
}

}  // namespace

std::string line_of(const Genesis& genesis, const Message& message) {
  return std::visit(
      [&](const auto& held) {
        Printer printer(genesis);
        std::decay_t<decltype(held)>::visit(held, printer);
        return std::string(name(message)) + (printer.printed().empty() ? "" : " ") + printer.printed();
      },
      message);
}

Transcript::Transcript(Network& network) : network_(network) {
  network_.watch = [this](const Envelope& envelope, const std::optional<Error>& refusal) {
    text_ += std::to_string(envelope.from.value) + " -> " + std::to_string(envelope.to.value) + " " +
             line_of(network_.genesis(), envelope.message);
    if (envelope.package) text_ += " package=" + std::to_string(envelope.package->chunks.size());
    if (refusal) text_ += " REFUSED " + std::string(name(refusal->token));
    text_ += "\n";
  };
}

void Transcript::standing_of(const ExchangeId& exchange) {
  for (const auto& peer : network_.genesis().peers()) {
    std::string line = std::to_string(peer.port.value) + ": height " +
                       std::to_string(network_.head(peer.port).height.value) + ", exchange " +
                       shortened(exchange.view()) + " ";
    if (network_.knows(peer.port, exchange)) {
      const auto record = network_.record(peer.port, exchange);
      line += std::string(name(record.role)) + " " + std::string(name(record.state));
      if (!record.token.empty()) line += " (" + record.token + ")";
    } else {
      line += "unknown";
    }
    remark(line);
  }
}

void Transcript::require_golden(const std::string& name) const {
  const auto path = golden_path(name);
  const char* wish = std::getenv("BOOKCHAIN_REGENERATE");
  if (wish != nullptr && std::string_view(wish) == "1") {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text_;
    BOOST_REQUIRE_MESSAGE(file.good(), "cannot write " << path);
    return;
  }
  std::ifstream file(path, std::ios::binary);
  BOOST_REQUIRE_MESSAGE(file.good(), "cannot read " << path);
  std::istringstream present(text_);
  std::string expected;
  std::string line;
  for (std::size_t number = 1;; ++number) {
    const bool more_expected = static_cast<bool>(std::getline(file, expected));
    const bool more = static_cast<bool>(std::getline(present, line));
    if (!more_expected && !more) return;
    BOOST_REQUIRE_MESSAGE(more_expected == more && expected == line,
                          name << ".txt, line " << number << ": expected\n  " << (more_expected ? expected : "the end")
                               << "\nand there is\n  " << (more ? line : "the end"));
  }
}

}  // namespace bookchain::scenarios

// What a liar has to make false evidence of: a sample of the statements that came to it in messages.
#pragma once

#include <algorithm>
#include <tuple>

#include "ledger/genesis.hpp"
#include "ledger/message.hpp"

namespace bookchain::sim {

using namespace ledger;  // NOLINT(google-build-using-namespace)

class Spoken {
 public:
  explicit Spoken(const Genesis& genesis) : genesis_(genesis) {}

  /// Keeps each statement in it that is well signed, the newest of each kind.
  void hear(const Message& message) { look(message); }

  template <class Body>
  [[nodiscard]] const std::vector<Signed<Body>>& all() const {
    return std::get<std::vector<Signed<Body>>>(kept_);
  }
  /// The REQUEST that a GRANT is about, if it was heard.
  [[nodiscard]] const Signed<Request>* request_of(const Signed<Grant>& grant) const {
    const auto& requests = all<Request>();
    const auto found =
        std::ranges::find(requests, grant.body.exchange, [&](const auto& one) { return genesis_.exchange_of(one); });
    return found == requests.end() ? nullptr : &*found;
  }

  // Messages show what they hold as they do to the codec.
  template <class T>
  void operator()(std::string_view /*name*/, const T& value) {
    look(value);
  }
  template <class T>
  void list(std::string_view /*name*/, const std::vector<T>& values, std::size_t /*most*/) {
    for (const auto& value : values) look(value);
  }
  void text(std::string_view /*name*/, const std::string& /*value*/, std::size_t /*most*/) {}
  void blob(std::string_view /*name*/, const Bytes& /*value*/, std::size_t /*most*/) {}

 private:
  static constexpr std::size_t most = 40;
  template <class... Bodies>
  struct Lists : std::tuple<std::vector<Signed<Bodies>>...> {
    template <class Body>
    static constexpr bool have = (std::is_same_v<Body, Bodies> || ...);
  };
  using Kept = Lists<Request, Grant, Consent, IdAnswer, Release, Abort, Answer, Propose, Prevote, Precommit>;

  template <class T>
  void look(const T& value) {
    if constexpr (requires { T::visit(value, *this); }) T::visit(value, *this);
  }
  template <class T>
  void look(const std::optional<T>& value) {
    if (value) look(*value);
  }
  template <class... Ts>
  void look(const std::variant<Ts...>& value) {
    std::visit([&](const auto& held) { look(held); }, value);
  }
  template <class Body>
  void look(const Signed<Body>& statement) {
    if constexpr (Kept::template have<Body>) keep(statement);
    look(statement.body);
  }
  template <class Vote>
  void look(const Certificate<Vote>& certificate) {
    for (const auto& vote : certificate.votes) look(Signed<Vote>{vote.signer, certificate.vote, vote.signature});
  }
  template <class Body>
  void keep(const Signed<Body>& statement) {
    auto& list = std::get<std::vector<Signed<Body>>>(kept_);
    if (std::ranges::find(list, statement) != list.end() || !genesis_.check(statement)) return;
    if (list.size() == most) list.erase(list.begin());
    list.push_back(statement);
  }

  const Genesis& genesis_;
  Kept kept_;
};

}  // namespace bookchain::sim

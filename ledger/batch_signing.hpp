// Several statements of one peer under one signature (docs/protocol.md, section 2): that of the root over all of them,
// and for each its path. The rules leave signatures open. Whoever ends the turn fills them in, in messages and in the
// records of exchanges, before anything is encoded for good; whoever mines a block, in its transactions. Signs what the
// rules name and nothing else.
#pragma once

#include <functional>
#include <map>

#include "ledger/node.hpp"

namespace bookchain::ledger {

namespace batch_signing_detail {

template <class T>
struct is_signed_statement : std::false_type {};
template <class Body>
struct is_signed_statement<Signed<Body>> : std::true_type {};

/// Walks through a value by its lists of fields, and shows `visit` each statement that may be of a batch.
template <class Visit>
class Walk {
 public:
  explicit Walk(Visit& visit) : visit_(visit) {}

  template <class T>
  void operator()(std::string_view /*name*/, T& value) {
    walk(value);
  }
  template <class T>
  void list(std::string_view /*name*/, T& values, std::size_t /*most*/) {
    for (auto& value : values) walk(value);
  }
  template <class T>
  void text(std::string_view /*name*/, T& /*value*/, std::size_t /*most*/) {}
  template <class T>
  void blob(std::string_view /*name*/, T& /*value*/, std::size_t /*most*/) {}

  template <class T>
  void walk(T& value) {
    using Value = std::remove_const_t<T>;
    if constexpr (is_signed_statement<Value>::value) {
      // What is part of another statement is signed already.
      if constexpr (is_signed_in_batches(decltype(value.body)::type)) visit_(value);
    } else if constexpr (codec_detail::is_optional<Value>::value) {
      if (value) walk(*value);
    } else if constexpr (codec_detail::is_variant<Value>::value) {
      std::visit([&](auto& held) { walk(held); }, value);
    } else if constexpr (requires(Walk & visitor) { Value::visit(value, visitor); }) {
      Value::visit(value, *this);
    }
  }

 private:
  Visit& visit_;
};

template <class T, class Visit>
void each_statement(T& value, Visit&& visit) {
  Walk walk(visit);
  walk.walk(value);
}

}  // namespace batch_signing_detail

/// Takes what is to be signed, signs it, and fills the signatures in; in that order, and once.
class BatchSigner {
 public:
  /// Keeps references.
  BatchSigner(const Genesis& genesis, const Identity& identity) : genesis_(genesis), identity_(identity) {}

  /// The unsigned bytes of a statement that this peer has decided to make; twice is once.
  void add(Bytes statement);
  /// Signs all of them: a single one alone, others in batches.
  void sign();
  /// Fills in the signatures of those in `value`, a message, a record or a transaction. Whatever else is not signed
  /// there stays so: it may have come from others.
  template <class T>
  void fill(T& value) const {
    batch_signing_detail::each_statement(value, [this](auto& statement) {
      fill_in(statement.signer, statement.signature, statement.place,
              [&] { return unsigned_bytes(genesis_.id(), statement.signer, statement.body); });
    });
  }

 private:
  struct Made {
    Signature signature;
    std::optional<BatchPlace> place;
  };
  void sign_together(std::span<const Hash> leaves);
  /// Of one statement, whose unsigned bytes are made only if it may lack a signature of this peer.
  void fill_in(PeerPort signer, Signature& signature, std::optional<BatchPlace>& place,
               const std::function<Bytes()>& make_unsigned) const;

  const Genesis& genesis_;
  const Identity& identity_;
  std::map<Hash, Bytes> unsigned_;  ///< by their leaf hashes
  std::map<Hash, Made> signed_;
};

}  // namespace bookchain::ledger

// False evidence about peers that did nothing wrong, and pairs of GRANTs that are none (docs/protocol.md, section 5):
// each piece would hold but for the one thing that is false. The liar signs with its own key alone, whoever is named.
#pragma once

#include "ledger/state.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/sim_shelf.hpp"
#include "tests/sim/spoken.hpp"

namespace bookchain::sim {

/// What an accuser would show of one chunk: it proves something only if the chunk is not the registered one.
[[nodiscard]] BadChunk shown_chunk(const Book& book, const Bytes& package, const Text& text, const BookKey& key,
                                   std::uint64_t index);

class Slander {
 public:
  /// What the liar can look up.
  struct Sources {
    const Genesis& genesis;
    const Identity& liar;
    const State& state;
    const Spoken& spoken;
    const std::vector<PeerPort>& honest;
    const std::map<BookId, Text>& texts;  ///< their leaves are no secret: they come with every package
  };
  Slander(const Sources& from, Random& chance) : from_(from), chance_(chance) {}

  /// Of the kind at this place in Evidence; nothing where it has nothing to make it of.
  [[nodiscard]] std::optional<Evidence> evidence(std::size_t kind);
  /// To the requester of an exchange that it knows as a witness, about that requester's owner.
  [[nodiscard]] std::optional<GrantConflict> conflict(const Signed<Request>& request, const Signed<Grant>& grant);

 private:
  struct Granted {
    Signed<Request> request;
    Signed<Grant> grant;
  };

  template <class Body>
  [[nodiscard]] std::optional<Evidence> two();
  [[nodiscard]] std::optional<Evidence> false_book();
  [[nodiscard]] std::optional<Evidence> false_shares();
  [[nodiscard]] std::optional<Evidence> double_sale();
  [[nodiscard]] std::optional<Evidence> release_and_abort();
  [[nodiscard]] std::optional<Evidence> hidden_lock();

  // what is said instead of what the honest peer said
  [[nodiscard]] Grant contrary(Grant body);
  [[nodiscard]] Consent contrary(Consent body);
  [[nodiscard]] IdAnswer contrary(IdAnswer body);
  [[nodiscard]] Answer contrary(Answer body);
  template <StatementType Type>
  [[nodiscard]] AboutBlock<Type> contrary(AboutBlock<Type> body);

  [[nodiscard]] bool is_honest(PeerPort port) const;
  /// One statement of a peer that keeps the rules.
  template <class Body>
  [[nodiscard]] std::optional<Signed<Body>> honest_one();
  /// Another one for which this holds.
  template <class Body, class Fits>
  [[nodiscard]] std::optional<Signed<Body>> one_that(Fits fits);
  /// A GRANT with its REQUEST, by an honest owner.
  [[nodiscard]] std::optional<Granted> honest_grant();
  /// A GRANT that an honest owner never signed, for a REQUEST to it.
  [[nodiscard]] Signed<Grant> made_up_grant(const Signed<Request>& request);
  /// Bytes that name the other peer, signed with the liar's key; or its own statement under the other one's name.
  template <class Body>
  [[nodiscard]] Signed<Body> in_the_name_of(PeerPort port, Body body);
  template <class Body>
  [[nodiscard]] Signed<Body> own(Body body) const;

  Sources from_;
  Random& chance_;
};

}  // namespace bookchain::sim

// The rows of voter, proposer and catching up: what a peer remembers of the votes on the present height.
#pragma once

#include "ledger/state.hpp"

namespace bookchain::ledger {

/// How often a port has interrupted a running ballot of another at one height.
struct Interruption {
  PeerPort signer;
  std::uint32_t count{};

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("port", self.signer);
    visitor("count", self.count);
  }
};

/// What this peer has promised and signed at one height. Durable before any of it is sent.
struct VoterRecord {
  Height height;
  Ballot promise;
  std::optional<Signed<Answer>> answer;  ///< the last one, given again when asked again
  std::optional<Signed<Prevote>> prevote;
  std::optional<Signed<Precommit>> precommit;
  std::optional<PrevoteCertificate> lock;
  std::vector<Interruption> interruptions;  ///< liveness only
  Time ask_at;  ///< when the others are asked what became of the height; 0 once they were. Liveness only.

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("height", self.height);
    visitor("promise", self.promise);
    visitor("answer", self.answer);
    visitor("prevote", self.prevote);
    visitor("precommit", self.precommit);
    visitor("lock", self.lock);
    visitor.list("interruptions", self.interruptions, max_peers);
    visitor("ask_at", self.ask_at);
  }
};

enum class ProposerPhase : std::uint8_t { idle = 0, asking, prevoting, precommitting };
template <>
struct EnumBounds<ProposerPhase> {
  static constexpr auto last = ProposerPhase::precommitting;
};

/// Who is not asked in a ballot as long as the others are enough.
struct Unasked {
  PeerPort peer;
  Time lacking_since;  ///< since when votes of the present phase lack, by this peer's clock; 0 before a proposal

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("port", self.peer);
    visitor("lacking_since", self.lacking_since);
  }
};

/// The ballot of this peer at one height, opened or its own from the first, and what came back.
struct ProposerRecord {
  Height height;
  ProposerPhase phase{};
  Ballot ballot;
  Ballot highest_seen;  ///< the highest promise it was told of
  std::vector<Signed<Answer>> answers;
  std::optional<PrevoteCertificate> highest_lock;
  Hash block;  ///< proposed
  std::vector<VoteSignature> prevotes;
  std::vector<VoteSignature> precommits;
  std::vector<PeerPort> refusals;  ///< voters that promised a later ballot
  std::uint32_t attempts{};
  Time retry_at;    ///< by this peer's clock; 0 if no back-off runs; 1: the next Tick proposes. Liveness only.
  Ballot let_pass;  ///< of another proposer, which was given time to come to its end. Liveness only.
  /// In this ballot, or in the first one before it begins, as long as the others are enough. Liveness only.
  std::optional<Unasked> unasked;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("height", self.height);
    visitor("phase", self.phase);
    visitor("ballot", self.ballot);
    visitor("highest_seen", self.highest_seen);
    visitor.list("answers", self.answers, max_peers);
    visitor("highest_lock", self.highest_lock);
    visitor("block", self.block);
    visitor.list("prevotes", self.prevotes, max_peers);
    visitor.list("precommits", self.precommits, max_peers);
    visitor.list("refusals", self.refusals, max_peers);
    visitor("attempts", self.attempts);
    visitor("retry_at", self.retry_at);
    visitor("let_pass", self.let_pass);
    visitor("unasked", self.unasked);
  }
};

/// Why a message of the chain waits at a voter.
enum class DeferredKind : std::uint8_t { new_round = 0, propose, prevotes, put_off };
template <>
struct EnumBounds<DeferredKind> {
  static constexpr auto last = DeferredKind::put_off;
};

/// At most one message a sender and kind waits, the newest: far-future floods stay bounded.
struct DeferredKey {
  PeerPort from;
  DeferredKind kind{};

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("from", self.from);
    visitor("kind", self.kind);
  }
};

struct DeferredRecord {
  Message message;
  Height height;
  Time not_before;  ///< of a NEWROUND that was put off

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("message", self.message);
    visitor("height", self.height);
    visitor("not_before", self.not_before);
  }
};

/// What others signed in one ballot of the present height, the first statement of each: a second one that differs is
/// evidence. Every signature in it was checked.
struct SeenVotes {
  std::optional<Signed<Propose>> propose;
  std::vector<Signed<Answer>> answers;
  std::vector<Signed<Prevote>> prevotes;
  std::vector<Signed<Precommit>> precommits;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("propose", self.propose);
    visitor.list("answers", self.answers, max_peers);
    visitor.list("prevotes", self.prevotes, max_peers);
    visitor.list("precommits", self.precommits, max_peers);
  }
};

/// Whom this peer asked for blocks, so that it asks each once and not at each message from above.
struct AskedBlocks {
  Height head;
  Time time;  ///< of the last question
  std::vector<PeerPort> asked;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("head", self.head);
    visitor("time", self.time);
    visitor.list("asked", self.asked, max_peers);
  }
};

/// A height that one peer asked for, or proved.
struct PeerHeight {
  PeerPort signer;
  Height height;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("port", self.signer);
    visitor("height", self.height);
  }
};

/// Who asked for a block that this peer did not have, and from which height on: it is told when there is one.
struct Waiters {
  std::vector<PeerHeight> all;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("waiters", self.all, max_peers);
  }
};

/// What others proved to a restored home: the highest height with a certificate, by who said so.
struct RestoreRecord {
  std::vector<PeerHeight> proven;
  std::uint64_t question{};  ///< answers to another one, of an earlier restore, may be older than what was forgotten

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("proven", self.proven, max_peers);
    visitor("question", self.question);
  }
};

/// Who has told a restored owner all that it holds of the owner's grants in open turns.
struct RecallRecord {
  std::vector<PeerPort> answered;
  std::uint64_t question{};  ///< as in RestoreRecord

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("answered", self.answered, max_peers);
    visitor("question", self.question);
  }
};

/// The top of the chain.
struct Head {
  Height height;
  Hash hash;       ///< the network id at height 0
  PeerPort miner;  ///< of that block; none at height 0

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("height", self.height);
    visitor("hash", self.hash);
    visitor("miner", self.miner);
  }
};

}  // namespace bookchain::ledger

// Messages about the chain: ballots, votes, blocks, and what a restored home asks for (docs/protocol.md, section 4).
#pragma once

#include "ledger/statement.hpp"

namespace bookchain::ledger {

inline constexpr std::size_t max_blocks_a_message = 64;

struct NewRound {
  static constexpr std::string_view name = "new-round";
  Height height;
  Ballot ballot;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("height", self.height);
    visitor("ballot", self.ballot);
  }
};

/// A lock with what proves it.
struct ProvenLock {
  PrevoteCertificate certificate;
  Block block;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("certificate", self.certificate);
    visitor("block", self.block);
  }
};

struct AnswerMessage {
  static constexpr std::string_view name = "answer";
  Signed<Answer> answer;
  std::optional<ProvenLock> lock;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("answer", self.answer);
    visitor("lock", self.lock);
  }
};

/// A ballot was refused: the voter's promise at its height.
struct Promised {
  static constexpr std::string_view name = "promised";
  Height height;
  Ballot promise;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("height", self.height);
    visitor("promise", self.promise);
  }
};

struct ProposeMessage {
  static constexpr std::string_view name = "propose";
  Signed<Propose> propose;
  std::vector<Signed<Answer>> answers;             ///< q of them, for this height and ballot
  std::optional<PrevoteCertificate> highest_lock;  ///< of the highest lock that an answer names
  Block block;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("propose", self.propose);
    visitor.list("answers", self.answers, max_peers);
    visitor("highest_lock", self.highest_lock);
    visitor("block", self.block);
  }
};

struct PrevoteMessage {
  static constexpr std::string_view name = "prevote";
  Signed<Prevote> vote;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("vote", self.vote);
  }
};

/// Proposer to all: q prevotes.
struct PrevotesMessage {
  static constexpr std::string_view name = "prevotes";
  PrevoteCertificate certificate;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("certificate", self.certificate);
  }
};

struct PrecommitMessage {
  static constexpr std::string_view name = "precommit";
  Signed<Precommit> vote;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("vote", self.vote);
  }
};

/// Proposer to all: q precommits. The block went with its PROPOSE to all that were asked to vote: who has it no more
/// asks for it. To whoever was not asked it goes along.
struct CommitMessage {
  static constexpr std::string_view name = "commit";
  CommitCertificate certificate;
  std::optional<Block> block;

  CommitMessage() = default;
  explicit CommitMessage(CommitCertificate of_proposed) : certificate(std::move(of_proposed)) {}
  /// With the block.
  explicit CommitMessage(CommittedBlock committed)
      : certificate(std::move(committed.certificate)), block(std::move(committed.block)) {}

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("certificate", self.certificate);
    visitor("block", self.block);
  }
};

/// Give me the committed blocks from this height on.
struct WantBlocks {
  static constexpr std::string_view name = "want-blocks";
  Height from;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("from", self.from);
  }
};

struct BlocksMessage {
  static constexpr std::string_view name = "blocks";
  Height head;  ///< of the sender
  std::vector<CommittedBlock> blocks;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("head", self.head);
    visitor.list("blocks", self.blocks, max_blocks_a_message);
  }
};

/// A restored home asks for what proves how far it may have voted.
struct WantVotes {
  static constexpr std::string_view name = "want-votes";
  std::uint64_t question{};  ///< drawn anew for each restore

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("question", self.question);
  }
};

/// The highest certificates the sender knows, for a restored home.
struct VotesMessage {
  static constexpr std::string_view name = "votes";
  Height head;
  std::optional<CommitCertificate> commit;
  std::optional<PrevoteCertificate> prevotes;
  std::uint64_t question{};  ///< that it answers

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("head", self.head);
    visitor("commit", self.commit);
    visitor("prevotes", self.prevotes);
    visitor("question", self.question);
  }
};

}  // namespace bookchain::ledger

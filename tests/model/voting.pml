/* The voting rule of section 4 of docs/protocol.md, at one height, for Spin. What is abstracted, and why
 * no error is lost by it, is in docs/model.md.
 *
 * Ballots are numbered 1..BALLOTS. Blocks are 0 and 1 (printed A and B). Only honest voters have a state.
 * The faulty peers have none because they are given everything: whatever they could sign counts as signed.
 * Whatever an honest voter signed stays available for ever, and each step may be taken at any time or
 * never: that is a network which loses, repeats, delays and reorders.
 *
 * What is claimed is in claims.pml. The macros that choose a run (all optional):
 *   PEERS, FAULTY, BALLOTS     the network, how many of it lie, how many ballots there are
 *   HONEST_BALLOTS             bit b-1 set: the proposer of ballot b keeps the rules
 *   SILENT_BALLOTS             bit b-1 set: the faulty peers sign nothing in ballot b
 *   DECIDES                    every run that cannot go on must have made a block final
 *   REACH=1, REACH=2           stop at a final block; at one that a later proposer has finished
 *   LEAN                       no more answers and votes than needed: leads the search to an error
 *   ACCUSES                    evidence is looked for although a rule is broken
 *   FIRST_ANSWERED             all have answered in ballot 1 from the start
 *   VOTES_AFTER_COMMIT         a committed height is neither silent nor forgotten
 * and one for each way to break the rule: NO_LOCK_CARRIED, QUORUM_LESS, FORGETS and RESTARTS,
 * TWO_PREVOTES, LATE_PREVOTE, LATE_PRECOMMIT, UNBOUND_ANSWERS, UNCHECKED_LOCKS, FORGETS_AT_COMMIT,
 * PROMISE_NOT_RAISED, PROMISE_LOWERED, LOCK_LOWERED, OWN_LOCK_STOPS, UNANSWERED. */

#ifndef PEERS
#define PEERS 4
#endif
#define BORNE ((PEERS - 1) / 3)
#ifndef FAULTY
#define FAULTY BORNE
#endif
#ifndef BALLOTS
#define BALLOTS 2
#endif
#ifndef HONEST_BALLOTS
#define HONEST_BALLOTS 0
#endif
#ifndef SILENT_BALLOTS
#define SILENT_BALLOTS 0
#endif
#ifndef QUORUM_LESS
#define QUORUM_LESS 0
#endif
#ifndef FORGETS
#define FORGETS 0 /* what a restart loses: 1 the promise, 2 the lock, 4 which votes were given */
#endif
#ifndef RESTARTS
#define RESTARTS 1 /* restarts of honest voters, all together */
#endif
#ifndef REACH
#define REACH 0
#endif

#define QUORUM ((PEERS + BORNE) / 2 + 1 - QUORUM_LESS)
#define VOTERS (PEERS - FAULTY)

/* ---- what an honest voter has signed: known to the world, never unsaid ---- */

int votes[VOTERS];   /* two bits a ballot for prevotes, then two a ballot for precommits */
int answers[VOTERS]; /* for each ballot one bit a lock that was named */

/* ---- what an honest voter remembers ---- */

short memory[VOTERS];

/* A lock is 2 * ballot + block; 1 is no lock, so that its ballot is 0. */
#define NO_LOCK 1
#define LOCK_BALLOT(lock) ((lock) >> 1)

#define PROMISE(i) (memory[i] & 3)
#define LOCK(i) ((memory[i] >> 2) & 7)
#define COMMITTED(i) ((memory[i] >> 5) & 1)
#define PREVOTE_KEPT(b) (1 << (5 + (b)))
#define PRECOMMIT_KEPT(b) (1 << (8 + (b)))
#define FRESH (NO_LOCK << 2)
#define SILENT_SINCE_COMMIT (1 << 5)

/* What an honest proposer has proposed in a ballot: 0 nothing yet, else 1 + block. */
#if HONEST_BALLOTS
byte proposal[BALLOTS];
#endif
#if FORGETS
byte restarts;
#endif

/* Names follow the voters when these are sorted; they are for printing and no part of a state. */
hidden byte name[VOTERS];
hidden byte at;
hidden int spare;

/* ---- counting ---- */

#define PREVOTE_BIT(b, v) (1 << (2 * (b) - 2 + (v)))
#define PRECOMMIT_BIT(b, v) (1 << (2 * BALLOTS + 2 * (b) - 2 + (v)))
#define ANSWER_WIDTH (2 * BALLOTS + 1)
#define ANSWER_BIT(b, lock) (1 << (((b) - 1) * ANSWER_WIDTH + (lock) - 1))
/* The answers for ballot b that name no lock above ballot m. */
#define ANSWERS_UP_TO(b, m) (((1 << (2 * (m) + 1)) - 1) << (((b) - 1) * ANSWER_WIDTH))

#define PREVOTED(i, b, v) ((votes[i] & PREVOTE_BIT(b, v)) != 0)
#define PRECOMMITTED(i, b, v) ((votes[i] & PRECOMMIT_BIT(b, v)) != 0)
#define NAMES(i, b, lock) ((answers[i] & ANSWER_BIT(b, lock)) != 0)
#ifdef UNBOUND_ANSWERS
#if BALLOTS == 2
#define OFFERS(i, b, m) ((answers[i] & (ANSWERS_UP_TO(1, m) | ANSWERS_UP_TO(2, m))) != 0)
#else
#define OFFERS(i, b, m) ((answers[i] & (ANSWERS_UP_TO(1, m) | ANSWERS_UP_TO(2, m) | ANSWERS_UP_TO(3, m))) != 0)
#endif
#else
#define OFFERS(i, b, m) ((answers[i] & ANSWERS_UP_TO(b, m)) != 0)
#endif

#if VOTERS == 2
#define SUM(what, x, y) (what(0, x, y) + what(1, x, y))
#define EACH_VOTER(step) step(0) step(1)
#elif VOTERS == 3
#define SUM(what, x, y) (what(0, x, y) + what(1, x, y) + what(2, x, y))
#define EACH_VOTER(step) step(0) step(1) step(2)
#elif VOTERS == 4
#define SUM(what, x, y) (what(0, x, y) + what(1, x, y) + what(2, x, y) + what(3, x, y))
#define EACH_VOTER(step) step(0) step(1) step(2) step(3)
#elif VOTERS == 5
#define SUM(what, x, y) (what(0, x, y) + what(1, x, y) + what(2, x, y) + what(3, x, y) + what(4, x, y))
#define EACH_VOTER(step) step(0) step(1) step(2) step(3) step(4)
#else
#error "from two to five honest voters"
#endif

#if BALLOTS == 2
#define EACH_BALLOT(step, i) step(i, 1) step(i, 2)
#define IN_ANY_BALLOT(what, x, y) (what(1, x, y) || what(2, x, y))
#elif BALLOTS == 3
#define EACH_BALLOT(step, i) step(i, 1) step(i, 2) step(i, 3)
#define IN_ANY_BALLOT(what, x, y) (what(1, x, y) || what(2, x, y) || what(3, x, y))
#else
#error "two or three ballots"
#endif

/* A faulty peer has signed every vote, and any answer that its lock can be proven for. */
#define HONEST_BALLOT(b) (((HONEST_BALLOTS) >> ((b) - 1)) & 1)
#define SILENT_BALLOT(b) (((SILENT_BALLOTS) >> ((b) - 1)) & 1)
#define LIARS(b) (FAULTY * (1 - SILENT_BALLOT(b)))

#define PREVOTE_CERTIFICATE(b, v) (SUM(PREVOTED, b, v) + LIARS(b) >= QUORUM)
#define PRECOMMIT_CERTIFICATE(b, v) (SUM(PRECOMMITTED, b, v) + LIARS(b) >= QUORUM)
#define FINAL_IN(b, v, unused) PRECOMMIT_CERTIFICATE(b, v)
#define FINAL(v) IN_ANY_BALLOT(FINAL_IN, v, 0)

/* ---- step 2: what justifies block v in ballot b ---- */

#define ANSWERED_UP_TO(b, m) (SUM(OFFERS, b, m) + LIARS(b) >= QUORUM)
#ifdef UNCHECKED_LOCKS
#define PROVEN(m, v) true
#else
#define PROVEN(m, v) PREVOTE_CERTIFICATE(m, v)
#endif
/* Lock (m, v) is proven, somebody names it, and no other answer of some quorum names a higher one. The
 * certificate is looked at first. A liar may name a lock of any ballot, also of b or a later one. */
#define CARRIED_FROM(m, b, v) \
  (PROVEN(m, v) && ANSWERED_UP_TO(b, m) && (LIARS(b) > 0 || SUM(NAMES, b, 2 * (m) + (v)) > 0))
#ifdef UNANSWERED
#define FREE(b) true
#elif defined(NO_LOCK_CARRIED)
#define FREE(b) ANSWERED_UP_TO(b, BALLOTS)
#else
#define FREE(b) ANSWERED_UP_TO(b, 0)
#endif
#define CARRIED(b, v) IN_ANY_BALLOT(CARRIED_FROM, b, v)
#define JUSTIFIED(b, v) (FREE(b) || CARRIED(b, v))

/* An honest proposer proposes once; a free block is its own. A faulty one proposes whatever it can justify. */
#define OWN_BLOCK(b) (((b) - 1) % 2)
#if HONEST_BALLOTS
#define PROPOSED(b, v) \
  ((HONEST_BALLOT(b) && proposal[(b) - 1] == 1 + (v)) || (!HONEST_BALLOT(b) && JUSTIFIED(b, v)))
#define MAY_PROPOSE(b, v) \
  (HONEST_BALLOT(b) && proposal[(b) - 1] == 0 && (CARRIED(b, v) || (OWN_BLOCK(b) == (v) && FREE(b))))
#else
#define PROPOSED(b, v) JUSTIFIED(b, v)
#endif

/* ---- steps 1, 3 and 4: when an honest voter signs ---- */

#if FORGETS || defined(FORGETS_AT_COMMIT)
#define KEEP(i, bit) memory[i] = memory[i] | (bit)
#define HAS_PREVOTED(i, b) ((memory[i] & PREVOTE_KEPT(b)) != 0)
#define HAS_PRECOMMITTED(i, b) ((memory[i] & PRECOMMIT_KEPT(b)) != 0)
#else
/* What it has signed is what it remembers. */
#define KEEP(i, bit) skip
#define HAS_PREVOTED(i, b) (PREVOTED(i, b, 0) || PREVOTED(i, b, 1))
#define HAS_PRECOMMITTED(i, b) (PRECOMMITTED(i, b, 0) || PRECOMMITTED(i, b, 1))
#endif

/* Leads the search to an error: a ballot gets no more answers and votes than a quorum of them, and once
 * another above it has begun only precommits. */
#ifdef LEAN
#define OVERTOOK(i, b, unused) ((answers[i] >> ((b) * ANSWER_WIDTH)) != 0)
#define NO_ANSWER_NEEDED(b) (SUM(OVERTOOK, b, 0) > 0 || ANSWERED_UP_TO(b, BALLOTS))
#define NO_PREVOTE_NEEDED(b, v) (SUM(OVERTOOK, b, 0) > 0 || PREVOTE_CERTIFICATE(b, v))
#define NO_PRECOMMIT_NEEDED(b, v) PRECOMMIT_CERTIFICATE(b, v)
#else
#define NO_ANSWER_NEEDED(b) false
#define NO_PREVOTE_NEEDED(b, v) false
#define NO_PRECOMMIT_NEEDED(b, v) false
#endif

#define MAY_ANSWER(i, b) (!COMMITTED(i) && (b) > PROMISE(i) && !NO_ANSWER_NEEDED(b))

#ifdef TWO_PREVOTES
#define ANOTHER_PREVOTE(i, b, v) PREVOTED(i, b, v)
#else
#define ANOTHER_PREVOTE(i, b, v) HAS_PREVOTED(i, b)
#endif
#ifdef LATE_PREVOTE
#define PREVOTE_IN_TIME(i, b) true
#else
#define PREVOTE_IN_TIME(i, b) ((b) >= PROMISE(i))
#endif
#ifdef OWN_LOCK_STOPS
#define STOPPED_BY_LOCK(i, v) (LOCK(i) != NO_LOCK && LOCK(i) % 2 != (v))
#else
#define STOPPED_BY_LOCK(i, v) false
#endif
#define MAY_PREVOTE(i, b, v) \
  (!COMMITTED(i) && PREVOTE_IN_TIME(i, b) && !ANOTHER_PREVOTE(i, b, v) && !STOPPED_BY_LOCK(i, v) && \
  !NO_PREVOTE_NEEDED(b, v) && PROPOSED(b, v))

#ifdef LATE_PRECOMMIT
#define PRECOMMIT_IN_TIME(i, b) true
#else
#define PRECOMMIT_IN_TIME(i, b) ((b) >= PROMISE(i))
#endif
#define MAY_PRECOMMIT(i, b, v) \
  (!COMMITTED(i) && PRECOMMIT_IN_TIME(i, b) && !HAS_PRECOMMITTED(i, b) && \
  !NO_PRECOMMIT_NEEDED(b, v) && PREVOTE_CERTIFICATE(b, v))

/* ---- what a signature changes ---- */

inline raise_promise(i, b) {
#ifdef PROMISE_LOWERED
  memory[i] = (memory[i] & ~3) | b
#else
  if
  :: PROMISE(i) < b -> memory[i] = (memory[i] & ~3) | b
  :: else
  fi
#endif
}

inline take_lock(i, b, v) {
#ifdef LOCK_LOWERED
  memory[i] = (memory[i] & ~28) | ((2 * b + v) << 2)
#else
  if
  :: LOCK_BALLOT(LOCK(i)) < b -> memory[i] = (memory[i] & ~28) | ((2 * b + v) << 2)
  :: else
  fi
#endif
}

#define ANSWER(i, b) \
  :: d_step { MAY_ANSWER(i, b) -> \
       answers[i] = answers[i] | ANSWER_BIT(b, LOCK(i)); \
       raise_promise(i, b); \
       if \
       :: LOCK(i) == NO_LOCK -> printf("peer %d answers in ballot %d: no lock\n", name[i], b) \
       :: else -> printf("peer %d answers in ballot %d: locked on %c in ballot %d\n", \
                         name[i], b, 65 + LOCK(i) % 2, LOCK_BALLOT(LOCK(i))) \
       fi }

#define PREVOTE_OF(i, b, v) \
  :: d_step { MAY_PREVOTE(i, b, v) -> \
       votes[i] = votes[i] | PREVOTE_BIT(b, v); \
       raise_promise(i, b); \
       KEEP(i, PREVOTE_KEPT(b)); \
       printf("peer %d prevotes %c in ballot %d\n", name[i], 65 + (v), b) }
#define PREVOTE(i, b) PREVOTE_OF(i, b, 0) PREVOTE_OF(i, b, 1)

#ifdef PROMISE_NOT_RAISED
#define RAISED_BY_PRECOMMIT(i, b) skip
#else
#define RAISED_BY_PRECOMMIT(i, b) raise_promise(i, b)
#endif
#define PRECOMMIT_OF(i, b, v) \
  :: d_step { MAY_PRECOMMIT(i, b, v) -> \
       votes[i] = votes[i] | PRECOMMIT_BIT(b, v); \
       RAISED_BY_PRECOMMIT(i, b); \
       take_lock(i, b, v); \
       KEEP(i, PRECOMMIT_KEPT(b)); \
       printf("peer %d locks and precommits %c in ballot %d\n", name[i], 65 + (v), b) }
#define PRECOMMIT(i, b) PRECOMMIT_OF(i, b, 0) PRECOMMIT_OF(i, b, 1)

/* A committed height: its votes are forgotten, and nothing more is signed about it. */
#if defined(FORGETS_AT_COMMIT)
#define AFTER_COMMIT FRESH
#else
#define AFTER_COMMIT SILENT_SINCE_COMMIT
#endif
#define COMMIT(i) \
  :: d_step { (!COMMITTED(i) && (FINAL(0) || FINAL(1))) -> \
       memory[i] = AFTER_COMMIT; \
       printf("peer %d commits and forgets its votes\n", name[i]) }
#ifdef VOTES_AFTER_COMMIT
/* It goes on voting and remembers: no more than an honest voter may do that did not hear of the commit. */
#undef COMMIT
#define COMMIT(i)
#endif

#if FORGETS
#define RESTART(i) \
  :: d_step { (restarts < RESTARTS && !COMMITTED(i) && memory[i] != FRESH) -> \
       restarts++; \
       if \
       :: FORGETS & 1 -> memory[i] = memory[i] & ~3 \
       :: else \
       fi; \
       if \
       :: FORGETS & 2 -> memory[i] = (memory[i] & ~28) | FRESH \
       :: else \
       fi; \
       if \
       :: FORGETS & 4 -> memory[i] = memory[i] & 31 \
       :: else \
       fi; \
       printf("peer %d restarts and has forgotten\n", name[i]) }
#else
#define RESTART(i) /* with durable state a restart changes nothing */
#endif

#if HONEST_BALLOTS
#define PROPOSE_OF(b, v) \
  :: d_step { MAY_PROPOSE(b, v) -> \
       proposal[(b) - 1] = 1 + (v); \
       printf("the proposer of ballot %d proposes %c\n", b, 65 + (v)) }
#define PROPOSE(unused, b) PROPOSE_OF(b, 0) PROPOSE_OF(b, 1)
#else
#define PROPOSE(unused, b)
#endif

#define STEPS_OF(i) EACH_BALLOT(ANSWER, i) EACH_BALLOT(PREVOTE, i) EACH_BALLOT(PRECOMMIT, i) COMMIT(i) RESTART(i)

#include "symmetry.pml"
#include "claims.pml"

/* A promise of ballot 1 forbids no ballot, so an answer in it can as well be given before all else. */
#ifdef FIRST_ANSWERED
#define START_MEMORY (FRESH | 1)
#define START_ANSWERS ANSWER_BIT(1, NO_LOCK)
#else
#define START_MEMORY FRESH
#define START_ANSWERS 0
#endif

active proctype voting() {
  d_step {
    at = 0;
    do
    :: at < VOTERS ->
         memory[at] = START_MEMORY;
         answers[at] = START_ANSWERS;
         name[at] = at + 1;
         at++
    :: else -> break
    od
  };
  do
  :: atomic {
       if
       EACH_VOTER(STEPS_OF)
       EACH_BALLOT(PROPOSE, 0)
#ifdef DECIDES
       :: else ->
            if
            :: FINAL(0) || FINAL(1) -> break
            :: else -> printf("STUCK: nothing is left to do and no block is final\n"); assert(false)
            fi
#endif
       fi;
       d_step { sort_voters(); check_state() }
     }
  od
}

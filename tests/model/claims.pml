/* What is claimed of every state that voting.pml reaches; included by it. A claim that fails prints a line
 * that begins with a word in capitals, which is how run.sh knows what was found, and stops the search. */

#if !defined(ACCUSES) && \
    (defined(NO_LOCK_CARRIED) || QUORUM_LESS || FORGETS || defined(TWO_PREVOTES) || defined(LATE_PREVOTE) || \
    defined(LATE_PRECOMMIT) || defined(UNBOUND_ANSWERS) || defined(UNCHECKED_LOCKS) || \
    defined(FORGETS_AT_COMMIT) || defined(PROMISE_NOT_RAISED) || defined(PROMISE_LOWERED) || defined(LOCK_LOWERED) || \
    defined(UNANSWERED))
#define ACCUSED(i) false
#else
/* Section 5: no voter that keeps the rules signs what EQUIVOCATION names: two answers, two prevotes or two
 * precommits in a ballot, or a precommit and a later answer that names no lock of its ballot or higher. */
#define TWO_VOTES(b, i, unused) \
  ((PREVOTED(i, b, 0) && PREVOTED(i, b, 1)) || (PRECOMMITTED(i, b, 0) && PRECOMMITTED(i, b, 1)))
#define ANSWERS_OF(i, b) ((answers[i] >> (((b) - 1) * ANSWER_WIDTH)) & ((1 << ANSWER_WIDTH) - 1))
#define TWO_ANSWERS(b, i, unused) ((ANSWERS_OF(i, b) & (ANSWERS_OF(i, b) - 1)) != 0)
#define HIDES_LOCK(i, b, later) \
  ((PRECOMMITTED(i, b, 0) || PRECOMMITTED(i, b, 1)) && (answers[i] & ANSWERS_UP_TO(later, b - 1)) != 0)
#if BALLOTS == 2
#define HIDES_A_LOCK(i) HIDES_LOCK(i, 1, 2)
#else
#define HIDES_A_LOCK(i) (HIDES_LOCK(i, 1, 2) || HIDES_LOCK(i, 1, 3) || HIDES_LOCK(i, 2, 3))
#endif
#define ACCUSED(i) (IN_ANY_BALLOT(TWO_VOTES, i, 0) || IN_ANY_BALLOT(TWO_ANSWERS, i, 0) || HIDES_A_LOCK(i))
#endif

#define CHECK_ACCUSED(i) \
  if \
  :: ACCUSED(i) -> printf("ACCUSED: peer %d is honest, yet evidence names it\n", name[i]); \
                   assert(false) \
  :: else \
  fi;

inline check_state() {
  if
  :: FINAL(0) && FINAL(1) -> printf("DISAGREEMENT: A and B both are final\n"); assert(false)
  :: else
  fi;
  EACH_VOTER(CHECK_ACCUSED)
#if REACH == 1
  if
  :: FINAL(0) || FINAL(1) -> printf("DECIDED: a block is final\n"); assert(false)
  :: else
  fi
#elif REACH == 2
  /* A is not the own block of ballot 2's proposer, and ballot 1 cannot have made it final. */
  if
  :: PRECOMMIT_CERTIFICATE(2, 0) && !PRECOMMIT_CERTIFICATE(1, 0) ->
       printf("FINISHED: a locked block is final by a later proposer\n"); assert(false)
  :: else
  fi
#else
  skip
#endif
}

/* Honest voters are alike: only the multiset of their states matters, so voting.pml, which includes this,
 * keeps each state sorted, and states that differ by names are visited once. */

#define AFTER(i, j) \
  (votes[i] > votes[j] || (votes[i] == votes[j] && (answers[i] > answers[j] || \
  (answers[i] == answers[j] && memory[i] > memory[j]))))

#define EXCHANGE(list, i) \
  spare = list[i]; \
  list[i] = list[i + 1]; \
  list[i + 1] = spare

inline order(i) {
  if
  :: AFTER(i, i + 1) -> EXCHANGE(votes, i); EXCHANGE(answers, i); EXCHANGE(memory, i); EXCHANGE(name, i)
  :: else
  fi
}

/* One voter has changed, so one pass up and one pass down find its place. */
inline sort_voters() {
  at = 0;
  do
  :: at < VOTERS - 1 -> order(at); at++
  :: else -> break
  od;
  do
  :: at > 0 -> at--; order(at)
  :: else -> break
  od
}

#!/bin/bash
# Runs the model of the voting rule (voting.pml; docs/model.md explains it) through Spin and compares each
# run with what is expected of it. Usage:
#   run.sh           all runs; prints a table, then "N passed, N failed"
#   run.sh small     the seven runs of a few seconds that CTest makes
#   run.sh trail ID  makes one run and prints, step by step, how it ends
# MODEL_JOBS runs are made at once (2 unless told). Exit: 0 all as expected, 1 not, 77 no Spin.
set -u
here=$(cd "$(dirname "$0")" && pwd)
memory_megabytes=4000

# id | peers | ballots | expected | search | macros | what it is
#   expected: HOLDS (every state was visited), or the word that the last line of the trail begins with
#   search:   all (until everything is seen or an error is found), short (the shortest trail)
runs() {
  cat <<'RUNS'
rule-4            |4|3|HOLDS       |all  |FIRST_ANSWERED|the rule
rule-4-answers    |4|2|HOLDS       |all  ||the rule, first answers as steps of their own
rule-5            |5|3|HOLDS       |all  |FIRST_ANSWERED VOTES_AFTER_COMMIT|the rule
rule-6            |6|2|HOLDS       |all  |FIRST_ANSWERED VOTES_AFTER_COMMIT|the rule
rule-7            |7|2|HOLDS       |all  |FIRST_ANSWERED|the rule
rule-7-honest     |7|3|HOLDS       |all  |FIRST_ANSWERED VOTES_AFTER_COMMIT HONEST_BALLOTS=7 LEAN|the rule as in lowered-both-7
decides-4         |4|2|DECIDED     |short|REACH=1 HONEST_BALLOTS=3 SILENT_BALLOTS=3|an honest proposer decides, the faulty silent
decides-5         |5|2|DECIDED     |short|REACH=1 HONEST_BALLOTS=3 SILENT_BALLOTS=3|an honest proposer decides, the faulty silent
decides-6         |6|2|DECIDED     |all  |REACH=1 HONEST_BALLOTS=3 SILENT_BALLOTS=3|an honest proposer decides, the faulty silent
decides-7         |7|2|DECIDED     |all  |REACH=1 HONEST_BALLOTS=3 SILENT_BALLOTS=3|an honest proposer decides, the faulty silent
finished-4        |4|2|FINISHED    |short|REACH=2 HONEST_BALLOTS=3 SILENT_BALLOTS=3|a locked block is finished by another proposer
finished-7        |7|2|FINISHED    |all  |REACH=2 HONEST_BALLOTS=3 SILENT_BALLOTS=3|a locked block is finished by another proposer
alone-4           |4|3|HOLDS       |all  |FIRST_ANSWERED DECIDES HONEST_BALLOTS=4 SILENT_BALLOTS=4|the proposer of the last ballot always finishes
alone-7           |7|2|HOLDS       |all  |FIRST_ANSWERED DECIDES HONEST_BALLOTS=2 SILENT_BALLOTS=2|the proposer of the last ballot always finishes
own-lock-stops-4  |4|3|STUCK       |short|FIRST_ANSWERED DECIDES HONEST_BALLOTS=4 SILENT_BALLOTS=4 OWN_LOCK_STOPS|a voter prevotes for its own lock only
more-faulty-4     |4|2|DISAGREEMENT|short|FIRST_ANSWERED FAULTY=2|one more faulty than is borne
more-faulty-7     |7|2|DISAGREEMENT|all  |FIRST_ANSWERED FAULTY=3|one more faulty than is borne
no-lock-4         |4|2|DISAGREEMENT|short|FIRST_ANSWERED NO_LOCK_CARRIED|1 no lock carried
no-lock-honest-4  |4|2|DISAGREEMENT|short|FIRST_ANSWERED NO_LOCK_CARRIED HONEST_BALLOTS=3|1 no lock carried, honest proposers
no-lock-7         |7|2|DISAGREEMENT|all  |FIRST_ANSWERED NO_LOCK_CARRIED|1 no lock carried
quorum-4          |4|2|DISAGREEMENT|short|FIRST_ANSWERED QUORUM_LESS=1|2 quorum one less
quorum-5          |5|2|DISAGREEMENT|short|FIRST_ANSWERED QUORUM_LESS=1|2 quorum one less
quorum-6          |6|2|DISAGREEMENT|all  |FIRST_ANSWERED QUORUM_LESS=1|2 quorum one less
quorum-7          |7|2|DISAGREEMENT|all  |FIRST_ANSWERED QUORUM_LESS=1|2 quorum one less
forgets-all-4     |4|2|DISAGREEMENT|short|FIRST_ANSWERED FORGETS=7|3 one restart forgets everything
forgets-promise-4 |4|2|DISAGREEMENT|short|FIRST_ANSWERED FORGETS=1|3 one restart forgets the promise
forgets-lock-4    |4|2|DISAGREEMENT|short|FIRST_ANSWERED FORGETS=2|3 one restart forgets the lock
forgets-votes-4   |4|2|DISAGREEMENT|short|FIRST_ANSWERED FORGETS=4|3 one restart forgets the votes
forgets-all-7     |7|2|DISAGREEMENT|all  |FIRST_ANSWERED FORGETS=7|3 one restart forgets everything
forgets-promise-7 |7|2|DISAGREEMENT|all  |FIRST_ANSWERED FORGETS=1|3 one restart forgets the promise
forgets-lock-7    |7|2|DISAGREEMENT|all  |FIRST_ANSWERED FORGETS=2|3 one restart forgets the lock
forgets-votes-7   |7|2|DISAGREEMENT|all  |FIRST_ANSWERED FORGETS=4|3 one restart forgets the votes
accused-4         |4|2|ACCUSED     |short|FIRST_ANSWERED FORGETS=2 ACCUSES|a voter that has forgotten its lock can be shown to have broken the rule
two-prevotes-4    |4|2|DISAGREEMENT|short|FIRST_ANSWERED TWO_PREVOTES|4 two prevotes in one ballot
two-prevotes-7    |7|2|DISAGREEMENT|all  |FIRST_ANSWERED VOTES_AFTER_COMMIT TWO_PREVOTES HONEST_BALLOTS=2|4 two prevotes in one ballot, honest in the second
late-precommit-4  |4|2|DISAGREEMENT|short|FIRST_ANSWERED LATE_PRECOMMIT|5 precommit below the promise
late-precommit-7  |7|2|DISAGREEMENT|all  |FIRST_ANSWERED LATE_PRECOMMIT|5 precommit below the promise
unbound-4         |4|2|DISAGREEMENT|short|FIRST_ANSWERED UNBOUND_ANSWERS|6 answers of any ballot justify
unbound-7         |7|2|DISAGREEMENT|all  |FIRST_ANSWERED UNBOUND_ANSWERS|6 answers of any ballot justify
unchecked-4       |4|2|DISAGREEMENT|short|FIRST_ANSWERED UNCHECKED_LOCKS|7 certificates of locks not checked
unchecked-7       |7|2|DISAGREEMENT|all  |FIRST_ANSWERED UNCHECKED_LOCKS|7 certificates of locks not checked
after-commit-4    |4|2|DISAGREEMENT|short|FIRST_ANSWERED FORGETS_AT_COMMIT|8 forgets at commit and votes on
after-commit-7    |7|2|DISAGREEMENT|all  |FIRST_ANSWERED FORGETS_AT_COMMIT|8 forgets at commit and votes on
remembers-4       |4|3|HOLDS       |all  |FIRST_ANSWERED VOTES_AFTER_COMMIT|8 votes on but remembers: safe alone
lowered-both-4    |4|3|DISAGREEMENT|short|FIRST_ANSWERED PROMISE_NOT_RAISED LOCK_LOWERED|9 promise not raised, lock lowered
lowered-both-7    |7|3|DISAGREEMENT|all  |FIRST_ANSWERED VOTES_AFTER_COMMIT PROMISE_NOT_RAISED LOCK_LOWERED HONEST_BALLOTS=7 LEAN|9 promise not raised, lock lowered, honest proposers
unanswered-4      |4|2|DISAGREEMENT|short|FIRST_ANSWERED UNANSWERED|10 a proposal of a second ballot needs no answers
unanswered-7      |7|2|DISAGREEMENT|all  |FIRST_ANSWERED UNANSWERED|10 a proposal of a second ballot needs no answers
promise-alone-4   |4|3|HOLDS       |all  |VOTES_AFTER_COMMIT PROMISE_NOT_RAISED|9 promise not raised: safe alone
lock-alone-4      |4|3|HOLDS       |all  |FIRST_ANSWERED VOTES_AFTER_COMMIT LOCK_LOWERED|9 lock lowered: safe alone
late-prevote-4    |4|3|HOLDS       |all  |FIRST_ANSWERED VOTES_AFTER_COMMIT LATE_PREVOTE|prevote below the promise: safe alone
late-prevote-both |4|2|DISAGREEMENT|short|FIRST_ANSWERED LATE_PREVOTE PROMISE_LOWERED|prevote below the promise, which it lowers
RUNS
}

trim() { sed -E 's/^ +| +$//g' <<<"$1"; }

# Makes one run in folder $1; sets found, states, seconds.
search() {
  local folder=$1 peers=$2 ballots=$3 kind=$4 macro
  shift 4
  local defines=("-DPEERS=$peers" "-DBALLOTS=$ballots") compile=() options=()
  for macro in "$@"; do defines+=("-D$macro"); done
  if [ "$kind" = short ]; then compile=(-DREACH) options=(-i); fi
  cp "$here"/*.pml "$folder/" && cd "$folder" || return 1
  found=BROKEN states=- seconds=-
  spin "${defines[@]}" -a voting.pml >spin.out 2>&1 || return 1
  "${CC:-cc}" -O2 -w -DSAFETY -DNOREDUCE -DMEMLIM=$memory_megabytes "${compile[@]}" -o pan pan.c 2>compile.out || return 1
  ./pan -E -n -m100000 "${options[@]}" >pan.out 2>&1
  states=$(sed -nE 's/^ *([0-9.e+]+) states, stored.*/\1/p' pan.out)
  seconds=$(sed -nE 's/^pan: elapsed time ([0-9.e+-]+) seconds.*/\1/p' pan.out)
  if [ -f voting.pml.trail ]; then
    spin "${defines[@]}" -t voting.pml 2>&1 | sed -nE 's/^ +((peer|the proposer) .*|[A-Z]+: .*)$/\1/p' >steps
    found=$(tail -n 1 steps | sed -nE 's/^([A-Z]+): .*/\1/p')
    [ -n "$found" ] || found=UNKNOWN
  elif grep -qE 'too small|reached -DMEMLIM|Search not completed|out of memory|truncated' pan.out; then
    found=INCOMPLETE
  elif grep -q 'errors: 0$' pan.out && [ "${states:-0}" != 0 ]; then
    found=HOLDS
  fi
}

# One row of the table; $1 is a line of runs, $2 the folder of all runs.
row() {
  local id peers ballots expected kind macros what verdict=ok found states seconds
  IFS='|' read -r id peers ballots expected kind macros what <<<"$1"
  id=$(trim "$id") expected=$(trim "$expected") kind=$(trim "$kind")
  local folder=$2/$id
  mkdir -p "$folder"
  # shellcheck disable=SC2086 # macros are words
  search "$folder" "$peers" "$ballots" "$kind" $macros
  [ "$found" = "$expected" ] || verdict=FAILED
  printf '%-18s %5s %7s  %-12s  %-12s  %10s  %7s  %-6s  %s\n' \
    "$id" "$peers" "$ballots" "$expected" "$found" "${states:--}" "${seconds:--}" "$verdict" "$what"
  rm -f "$folder"/pan "$folder"/pan.[a-z]
}

if ! command -v spin >/dev/null; then
  echo "SKIPPED: the model of the voting rule was NOT checked, because spin is not installed (Debian: apt install spin)" >&2
  exit 77
fi
if [ "${1:-}" = --row ]; then row "$2" "$3"; exit; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ "${1:-}" = trail ]; then
  line=$(runs | grep -E "^${2:-} *\|") || { echo "no such run: ${2:-}; one of:" >&2; runs | cut -d'|' -f1 >&2; exit 1; }
  row "$line" "$work"
  if [ -f "$work/$2/steps" ]; then cat "$work/$2/steps"; else cat "$work/$2"/*.out; fi
  exit
fi

case "${1:-}" in
  '') wanted='.' ;;
  small) wanted='^(rule-4-answers|decides-4|no-lock-4|quorum-4|forgets-votes-4|two-prevotes-4|after-commit-4) ' ;;
  *) sed -nE '2,/^set/{s/^# ?//p}' "$0" >&2; exit 1 ;;
esac

printf '%-18s %5s %7s  %-12s  %-12s  %10s  %7s  %-6s  %s\n' run peers ballots expected found states seconds '' what
runs | grep -E "$wanted" | tr '\n' '\0' |
  xargs -0 -P "${MODEL_JOBS:-2}" -I{} "$here/run.sh" --row {} "$work" | tee "$work/table"
wished=$(runs | grep -cE "$wanted")
passed=$(grep -cE ' ok      ' "$work/table")
echo "$passed passed, $((wished - passed)) failed"
[ "$passed" -eq "$wished" ]

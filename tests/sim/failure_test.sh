#!/usr/bin/env bash
# failure_test.sh PROGRAM
#
# What is printed about a failure is enough to repeat it, and to look at less of it. PROGRAM is sim_planted: a bug
# that is found quickly stands for one that nobody knows of.
set -euo pipefail
program=${1:?the simulator with planted bugs}
bug=quorum-one-less
most_seeds=60
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "failure_test: $1" >&2
  exit 1
}

# failure FILE COMMAND...: runs it and keeps what it says in FILE; gives its status.
failure() {
  local file=$1 status=0
  shift
  "$@" >/dev/null 2>"$file" || status=$?
  return "$status"
}
# the rest of the line of FILE that begins with WORD
rest() { sed -n "s/^$2: //p" "$1"; }
# what a command gives for an option
option() { sed -n "s/.* --$2 \\([^ ]*\\).*/\\1/p" <<<"$1"; }
items() { tr ',' '\n' <<<"$1" | grep -vxc none || true; }

status=0
# Of a plan with some of everything each must come to be less.
large=(--bug "$bug" --peers 7 --villains 2 --exchanges 12 --faults "loss,delay,duplication,reordering")
for ((seed = 1; seed <= most_seeds; ++seed)); do
  status=0
  failure "$folder/first" "$program" --seed "$seed" "${large[@]}" || status=$?
  [[ $status -eq 0 ]] || break
done
[[ $status -eq 1 ]] || fail "no seed up to $most_seeds shows $bug and ends with 1 (the last ended with $status)"

grep -Eq "^seed $seed, commit [^ ,]+, step [1-9][0-9]*, signatures stub\$" "$folder/first" || fail 'no seed, commit and step'
broken=$(rest "$folder/first" broken)
[[ -n $broken ]] || fail 'no invariant'
grep -qx 'sequenceDiagram' "$folder/first" || fail 'no diagram'
grep -Eq '^  [0-9]+->>[0-9]+: [0-9]+ ' "$folder/first" || fail 'nothing is sent in the diagram'
read -ra replay <<<"$(rest "$folder/first" replay)"
read -ra smallest <<<"$(rest "$folder/first" smallest)"
[[ ${replay[0]:-} == "$program" && ${smallest[0]:-} == "$program" ]] || fail 'no commands'

# The same command tells the same story, to the last event.
status=0
failure "$folder/again" "${replay[@]}" || status=$?
[[ $status -eq 1 ]] || fail "the replay ends with $status"
diff "$folder/first" "$folder/again" >&2 || fail 'the replay is another run'
status=0
failure "$folder/small" "${smallest[@]}" || status=$?
[[ $status -eq 1 ]] || fail "the smallest plan ends with $status"
[[ $(rest "$folder/small" broken) == "$broken" ]] || fail 'the smallest plan breaks something else'

# Of peers, exchanges and faults there are fewer, and of nothing else more.
for what in peers exchanges faults villains books steps attacks; do
  before=$(option "${replay[*]}" "$what") after=$(option "${smallest[*]}" "$what")
  [[ -n $before && -n $after ]] || fail "no $what"
  case $what in faults | attacks) before=$(items "$before") after=$(items "$after") ;; esac
  [[ $after -le $before ]] || fail "$what: $before became $after"
  case $what in peers | exchanges | faults) [[ $after -lt $before ]] || fail "$what: still $after" ;; esac
done

# Of plans that failed once each that fails again is counted.
printf '%s\n' "${smallest[*]:1}" '# a plan that holds' '--seed 3 --peers 4 --steps 20' "${smallest[*]:1}" >"$folder/plans"
status=0
"$program" --regressions "$folder/plans" >"$folder/counted" 2>/dev/null || status=$?
[[ $status -eq 1 ]] || fail "old plans of which two fail end with $status"
grep -qx 'regressions=3 failed=2' "$folder/counted" || fail "of three plans two fail: $(tail -n 1 "$folder/counted")"

# Of an exchange that the broken invariant names each message is told once, from its beginning.
status=0
failure "$folder/stuck" "$program" --seed 1 --bug end-misnamed --villains 0 --attacks none --faults loss || status=$?
[[ $status -eq 1 ]] || fail "an exchange that ends wrongly ends with $status"
awk '/^of the exchange that is named:$/ { told = 1 } told && /^$/ { exit } told' "$folder/stuck" >"$folder/exchange"
grep -Eq '^  [0-9]+->>[0-9]+: [0-9]+ request' "$folder/exchange" || fail 'no story of the exchange'
grep -Eq ' \([0-9]+ times until [0-9]+\)$' "$folder/exchange" || fail 'nothing was sent again'

# A signal that ends the process is told in the same form, also among many seeds: up to the step before, and the smallest
# plan that dies of it.
status=0
failure "$folder/died" "$program" --seeds 20 --jobs 2 --bug assertion-fails || status=$?
[[ $status -eq 1 ]] || fail "seeds of which one dies end with $status"
first_line=$(grep -E '^seed [0-9]+, commit [^ ,]+, step [1-9][0-9]*, signatures stub$' "$folder/died") || fail 'no seed, commit and step of a process that died'
[[ $(rest "$folder/died" broken) == 'the process died of signal 6' ]] || fail 'no signal'
grep -Eq '^  [0-9]+->>[0-9]+: [0-9]+ ' "$folder/died" || fail 'no story of a process that died'
read -ra died_replay <<<"$(rest "$folder/died" replay)"
read -ra died_smallest <<<"$(rest "$folder/died" smallest)"
died_in=${first_line##*, step }
died_in=${died_in%%,*}
[[ $(option "${died_smallest[*]}" steps) -le $died_in ]] || fail "$(option "${died_smallest[*]}" steps) steps, although it died in step $died_in"
status=0
failure "$folder/died_again" "${died_replay[@]}" || status=$?
[[ $status -eq 1 ]] || fail "the replay of a death ends with $status"
diff "$folder/died" "$folder/died_again" >&2 || fail 'the replay of a death is another run'
status=0
failure "$folder/died_small" "${died_smallest[@]}" || status=$?
[[ $(rest "$folder/died_small" broken) == 'the process died of signal 6' ]] || fail "the smallest plan that dies ends with $status"

# So is a stack that is full, of which no handler is called: one plan of those that ran. How large one is that the
# program itself needs and a plan fills is up to the build, and to chance a little.
# with_stack KIB ARGUMENT...
with_stack() { env -i bash -c "ulimit -s $1; exec \"\$@\"" - "$program" "${@:2}"; }
for plans in '--seed 3' '--seeds 4 --jobs 1' '--seeds 4 --jobs 2'; do
  read -ra words <<<"$plans"
  for ((stack = 16; stack <= 160; stack += 8)); do
    status=0
    failure "$folder/full" with_stack "$stack" "${words[@]}" || status=$?
    ! grep -Eq '^seed [1-4], commit [^ ,]+, step [0-9]+, signatures stub$' "$folder/full" || break
  done
  [[ $stack -le 160 ]] || fail "no seed, commit and step of a full stack: $plans (the last ended with $status)"
  [[ $status -eq 1 ]] || fail "a full stack ends with $status: $plans"
  [[ $(rest "$folder/full" broken | head -n 1) == 'the process died of signal 11' ]] || fail "no signal of a full stack: $plans"
  [[ $(rest "$folder/full" replay | head -n 1) == "$program --seed "* ]] || fail "no command of a full stack: $plans"
done

# A process that is killed says nothing itself: its parent says what ran, also where that was a child of its own.
# child_of PROCESS: as soon as there is one
child_of() {
  local child=
  until [[ -n $child ]]; do
    [[ -e /proc/$1 ]] || fail 'it ended before it was killed'
    read -r child <"/proc/$1/task/$1/children" || sleep 0.1 # what is read has no end of line
    child=${child%% *}
  done
  echo "$child"
}
for killed in 1 2; do
  "$program" --seed 17 --steps 100000000 >"$folder/killed" 2>&1 &
  outermost=$!
  waiting=$(child_of "$outermost")
  running=$(child_of "$waiting")
  until [[ $(cut -d' ' -f14 "/proc/$running/stat") -ge 50 ]]; do # half a second
    [[ -e /proc/$running ]] || fail 'it ended before it could be killed'
    sleep 0.1
  done
  [[ $killed -eq 1 ]] || waiting=$running
  kill -KILL "$waiting"
  status=0
  wait "$outermost" || status=$?
  [[ $status -eq 1 ]] || fail "a plan that is killed ends with $status"
  grep -Eq '^seed 17, commit [^ ,]+, step [1-9][0-9]*, signatures stub$' "$folder/killed" || fail 'no seed, commit and step of a process that was killed'
  [[ $(rest "$folder/killed" broken) == 'the process died of signal 9' ]] || fail 'no signal of a process that was killed'
  [[ $(rest "$folder/killed" replay) == "$program --seed 17 "*' --steps 100000000 '* ]] || fail 'no command of a process that was killed'
done

# A plan that comes to no end is told as such; here it is only longer than one waits.
status=0
failure "$folder/endless" "$program" --seed 1 --steps 100000000 --patience 1 || status=$?
[[ $status -eq 1 ]] || fail "a plan without an end ends with $status"
grep -Eq '^the plan comes to no end: it was in step [1-9][0-9]*, commit [^ ]+$' "$folder/endless" || fail 'no step of a plan without an end'
[[ $(rest "$folder/endless" replay) == "$program --seed 1 "*' --steps 100000000 '* ]] || fail 'no command of a plan without an end'

# More liars than are borne are another plan than the seed alone has: of a blamed peer, too, all is told.
status=0
failure "$folder/blamed" "$program" --beyond 1 --bug other-signer-accused || status=$?
[[ $status -eq 1 ]] || fail "a blamed peer beyond what is borne ends with $status"
[[ $(rest "$folder/blamed" broken | head -n 1) == 'honest peers are never blamed' ]] || fail 'nobody is said to be blamed'
grep -Eq '^seed [0-9]+, commit [^ ,]+, step [1-9][0-9]*, signatures stub$' "$folder/blamed" || fail 'no seed, commit and step of a blamed peer'
grep -qx 'sequenceDiagram' "$folder/blamed" || fail 'no diagram of a blamed peer'
for command in replay smallest; do
  read -ra words <<<"$(rest "$folder/blamed" "$command")"
  [[ ${words[0]:-} == "$program" && -n $(option "${words[*]}" villains) ]] || fail "no $command of a blamed peer"
  status=0
  failure "$folder/blamed_again" "${words[@]}" || status=$?
  [[ $status -eq 1 && $(rest "$folder/blamed_again" broken) == 'honest peers are never blamed' ]] ||
    fail "$command of a blamed peer ends with $status"
done

# What differs from run to run has no story that could be told again, but is told as well.
status=0
failure "$folder/chance" "$program" --seed 1 --bug chance-from-outside || status=$?
[[ $status -eq 1 && $(rest "$folder/chance" broken) == 'one seed gives one trace' ]] || fail 'two traces of one seed are not told'

echo "seed $seed: $broken; ${smallest[*]:1}"

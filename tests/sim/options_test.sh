#!/usr/bin/env bash
# options_test.sh PROGRAM
#
# What was mistyped is named and runs nothing: never another run than the one that was asked for. --help lists what can
# be typed.
set -euo pipefail
program=${1:?the simulator}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

refused() {
  local said status=0
  said=$("$program" "${@:2}" 2>&1) || status=$?
  if [[ $status -ne 2 || $said != *"$1"* || $said == *trace* ]]; then
    echo "options_test: '${*:2}' ends with $status: $said" >&2
    exit 1
  fi
}

refused '--stepz' --seed 3 --stepz 4
refused '--peers' --seeds 3 --peers 5
refused '--each-bug' --each-attack 1 --each-bug 1
refused '--steps' --seed 3 --steps 4 --steps 5
refused '--seed 3x' --seed 3x
refused '--steps -1' --seed 3 --steps -1
refused 'liars' --seed 3 --peers 4 --villains 9
refused 'liars' --seed 3 --peers 4 --villains 4
refused 'peers' --seed 3 --peers 3
refused 'unknown in --faults: los' --seed 3 --faults los
refused '--bug' --each-attack 1 --bug quorum-one-less
refused 'no number: --patience soon' --seed 3 --patience soon
refused 'more than 1024 jobs' --seeds 3 --jobs 4294967297
refused '--seed' --seed
refused 'no plan in /dev/null' --regressions /dev/null
"$program" --seed 3 --peers 4 --steps 20 | grep -q trace

"$program" --help >"$folder/help"
for word in regressions seeds each-attack each-bug each-bug-in-ordinary-plans beyond seed; do
  grep -Eq "^$program --$word [A-Z]+" "$folder/help" || { echo "options_test: no --$word in --help" >&2; exit 1; }
done
for word in '--patience N' undeclared-restore spoiled-block quorum-one-less; do
  grep -Eq -- " $word( |\$)" "$folder/help" || { echo "options_test: no $word in --help" >&2; exit 1; }
done
echo 'mistyped options are refused, and all are listed'

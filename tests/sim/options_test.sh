#!/usr/bin/env bash
# options_test.sh PROGRAM
#
# What was mistyped is named and runs nothing: never another run than the one that was asked for.
set -euo pipefail
program=${1:?the simulator}

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
refused '--seed' --seed
refused 'no plan in /dev/null' --regressions /dev/null
"$program" --seed 3 --peers 4 --steps 20 | grep -q trace
echo 'mistyped options are refused'

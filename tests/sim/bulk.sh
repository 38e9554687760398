#!/usr/bin/env bash
# bulk.sh PROGRAM SEEDS        AT_ONCE: how many seeds a part, default 5000
#
# The seeds from 1 to SEEDS, AT_ONCE at a time, and at the end one line of JSON for all. What each part printed
# is kept in sim-runs/ beside PROGRAM, under the digest of PROGRAM: a run that was stopped goes on where it was
# when it is started again, and one of another build starts anew.
set -euo pipefail
program=${1:?the simulator}
seeds=${2:?how many seeds}
at_once=${AT_ONCE:-5000}
kept=$(dirname "$program")/sim-runs/$(sha256sum "$program" | cut -c1-16)
mkdir -p "$kept"
lines=()
for ((from = 1; from <= seeds; from += at_once)); do
  count=$((seeds - from + 1 < at_once ? seeds - from + 1 : at_once))
  line=$kept/$from-$count.json
  if [[ ! -s $line ]]; then
    "$program" --from "$from" --seeds "$count" >"$line.part"
    mv "$line.part" "$line"
  fi
  lines+=("$line")
done
"$(dirname "${BASH_SOURCE[0]}")/sum.py" "${lines[@]}"

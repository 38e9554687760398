#!/usr/bin/env bash
# bulk.sh PROGRAM SEEDS        AT_ONCE: how many seeds a part, default 5000
#
# The seeds from 1 to SEEDS, AT_ONCE at a time, and at the end one line of JSON for all. What each part printed
# is kept in sim-runs/ beside PROGRAM, under the digest of PROGRAM: a run that was stopped goes on where it was
# when it is started again, and one of another build starts anew. So does one that was whole and failed nowhere: once
# its line is printed, its parts are removed.
#
# A part that fails stops no other: its line counts, what it said is kept and said again the next time, and the end is
# 1. Of one that died without a line the seeds run anew the next time.
set -euo pipefail
program=${1:?the simulator}
seeds=${2:?how many seeds}
at_once=${AT_ONCE:-5000}
kept=$(dirname "$program")/sim-runs/$(sha256sum "$program" | cut -c1-16)
mkdir -p "$kept"
lines=()
failed=0
for ((from = 1; from <= seeds; from += at_once)); do
  count=$((seeds - from + 1 < at_once ? seeds - from + 1 : at_once))
  line=$kept/$from-$count.json
  said=$kept/$from-$count.failure # only of a part that failed
  if [[ -s $line ]]; then
    [[ ! -e $said ]] || cat "$said" >&2
  else
    status=0
    "$program" --from "$from" --seeds "$count" 3>"$line.part" 2>&1 1>&3 | tee "$said" >&2 || status=${PIPESTATUS[0]}
    if [[ $status -eq 0 ]]; then
      rm "$said"
    else
      echo "bulk.sh: the seeds $from to $((from + count - 1)) ended with $status" | tee -a "$said" >&2
    fi
    if [[ $(tail -n 1 "$line.part") != '{'*'}' ]]; then
      echo 'bulk.sh: and with no line, so that they count nowhere' >&2
      failed=1
      continue
    fi
    mv "$line.part" "$line"
  fi
  [[ ! -e $said ]] || failed=1
  lines+=("$line")
done
[[ ${#lines[@]} -gt 0 ]] || exit 1
"$(dirname "${BASH_SOURCE[0]}")/sum.py" "${lines[@]}" || failed=1
if [[ $failed -eq 0 ]]; then
  rm "${lines[@]}"
  rmdir "$kept" 2>/dev/null || true # parts of another length may lie there, of a run that was stopped
fi
exit "$failed"

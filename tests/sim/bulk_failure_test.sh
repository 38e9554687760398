#!/usr/bin/env bash
# bulk_failure_test.sh PROGRAM
#
# A part that fails stops no other, and what it said is said again. PROGRAM is sim_planted: of three parts the first has
# a bug, and the second dies when it is run for the first time.
set -euo pipefail
program=${1:?the simulator with planted bugs}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "bulk_failure_test: $1" >&2
  cat "$folder/said" >&2
  exit 1
}

cat >"$folder/sim" <<END
#!/usr/bin/env bash
cd "$folder"
echo "\$2" >>runs
bug=()
[[ \$2 -ne 1 ]] || bug=(--bug block-falsified)
[[ \$2 -ne 3 || \$(grep -cx 3 runs) -gt 1 ]] || kill -SEGV \$\$
exec "$program" "\$@" "\${bug[@]}"
END
chmod +x "$folder/sim"

# in_parts SEEDS: all of them run or are kept, so many are counted, with the violations of the first part.
in_parts() {
  local status=0
  AT_ONCE=2 "$here/bulk.sh" "$folder/sim" 6 >"$folder/sum" 2>"$folder/said" || status=$?
  [[ $status -eq 1 ]] || fail "it ends with $status"
  grep -q "\"seeds\":$1,.*\"violations\":2," "$folder/sum" ||
    fail "not $1 seeds with 2 violations: $(cat "$folder/sum")"
  for word in broken replay smallest; do
    grep -q "^$word: " "$folder/said" || fail "no $word"
  done
  grep -q '^bulk.sh: the seeds 1 to 2 ended with 1$' "$folder/said" || fail 'the part that failed is not named'
}

in_parts 4
grep -q '^bulk.sh: the seeds 3 to 4 ended with 139$' "$folder/said" || fail 'the part that died is not named'
[[ $(xargs <"$folder/runs") == '1 3 5' ]] || fail "runs: $(xargs <"$folder/runs")"
# Started again, it runs what died and nothing else, and fails as before.
in_parts 6
[[ $(xargs <"$folder/runs") == '1 3 5 3' ]] || fail "runs: $(xargs <"$folder/runs")"
! grep -q 139 "$folder/said" || fail 'what died and ran well is still told'
echo 'a part that fails stops no other'

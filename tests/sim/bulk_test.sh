#!/usr/bin/env bash
# bulk_test.sh PROGRAM
#
# A run in parts counts what a run in one piece counts, and what was kept of a stopped run is used, not run again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "${1:?the simulator}" "$folder/sim"
counts() { sed 's/"repeated":[0-9]*,//; s/"seconds":[0-9]*,//'; } # which seeds are run twice depends on the parts

"$folder/sim" --seeds 7 | counts >"$folder/whole"
AT_ONCE=3 "$here/bulk.sh" "$folder/sim" 7 | counts >"$folder/parts"
diff "$folder/whole" "$folder/parts"

kept=("$folder"/sim-runs/*/1-3.json)
[[ ${#kept[@]} -eq 1 && -s ${kept[0]} ]]
sed -i 's/"violations":0/"violations":5/' "${kept[0]}"
if AT_ONCE=3 "$here/bulk.sh" "$folder/sim" 7 >"$folder/again"; then
  echo 'violations in a part that was kept are not counted' >&2
  exit 1
fi
grep -q '"violations":5,' "$folder/again"
echo 'parts add up'

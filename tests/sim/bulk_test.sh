#!/usr/bin/env bash
# bulk_test.sh PROGRAM
#
# A run in parts counts what a run in one piece counts. What was kept of a stopped run is used, not run again; a run that
# was whole keeps nothing, and the next one runs all of its seeds.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "${1:?the simulator}" "$folder/true_sim"
counts() { sed 's/"repeated":[0-9]*,//; s/"seconds":[0-9]*,//'; } # which seeds are run twice depends on the parts

fail() {
  echo "bulk_test: $1" >&2
  exit 1
}

# The simulator, which notes the first seed of each part that it runs. Its second part stops the run once.
cat >"$folder/sim" <<END
#!/usr/bin/env bash
echo "\$2" >>"$folder/runs"
if [[ \$2 -eq 4 && ! -e "$folder/was_stopped" ]]; then
  touch "$folder/was_stopped"
  kill -KILL "\$(cat "$folder/running")"
  exit 1
fi
exec "$folder/true_sim" "\$@"
END
chmod +x "$folder/sim"

# in_parts STATUS RUNS: seven seeds, three a part, end with STATUS, and of their parts those that begin with RUNS ran.
in_parts() {
  local status=0
  : >"$folder/runs"
  (
    echo "$BASHPID" >"$folder/running"
    AT_ONCE=3 exec "$here/bulk.sh" "$folder/sim" 7
  ) >"$folder/sum" 2>"$folder/said" || status=$?
  [[ $status -eq $1 ]] || fail "ends with $status, not $1: $(cat "$folder/said")"
  [[ $(xargs <"$folder/runs") == "$2" ]] || fail "ran $(xargs <"$folder/runs"), not $2"
}
is_whole() { diff "$folder/whole" <(counts <"$folder/sum") || fail 'counts another than the whole'; }
keeps_nothing() { [[ -z $(find "$folder/sim-runs" -type f) ]] || fail "keeps $(find "$folder/sim-runs" -type f)"; }

"$folder/true_sim" --seeds 7 | counts >"$folder/whole"
in_parts 137 '1 4'
kept=("$folder"/sim-runs/*/1-3.json)
[[ ${#kept[@]} -eq 1 && -s ${kept[0]} ]] || fail 'keeps nothing of a run that was stopped'
cp "${kept[0]}" "$folder/kept"

# Violations in a part that was kept count, and a run that failed keeps its parts.
sed -i 's/"violations":0/"violations":5/' "${kept[0]}"
in_parts 1 '4 7'
grep -q '"violations":5,' "$folder/sum" || fail 'violations in a part that was kept are not counted'
in_parts 1 ''

cp "$folder/kept" "${kept[0]}"
in_parts 0 ''
is_whole
keeps_nothing
in_parts 0 '1 4 7'
is_whole
keeps_nothing

# sum SAID EDIT [FILE]: with a line that EDIT makes of one that was kept, and FILE beside it, the sum fails and says why.
sum() {
  sed "$2" "$folder/kept" >"$folder/edited"
  if "$here/sum.py" "$folder/edited" "${@:3}" >"$folder/again" 2>"$folder/said" || ! grep -q "^sum.py: .*$1" "$folder/said"; then
    echo "not seen in a sum: $1" >&2
    exit 1
  fi
}
sum 'differ in commit' 's/"commit":"/&other-/' "$folder/kept"
sum 'differ in what they count' 's/"faults":{/&"gremlins":1,/' "$folder/kept"
# Of many seeds each kind must have been seen; here all were, but for one.
many='s/"seeds":3/"seeds":1000/; :each; s/\({.*\):0/\1:1/; t each; s/"violations":1/"violations":0/'
for kind in pause false-certificate claims before-shelf; do
  sum "$kind never happened" "$many; s/\"$kind\":[0-9]*/\"$kind\":0/"
done
few='s/"blocks":[0-9]*/"blocks":100/; s/"blocks_under_faults":[0-9]*/"blocks_under_faults"'
some='s/"exchanges":[0-9]*/"exchanges":100/; s/"committed":[0-9]*/"committed"'
sum 'two thirds of the blocks' "$many; $few:33/; $some:34/"
sum 'less than a third of the exchanges' "$many; $few:34/; $some:33/"
many="$many; $few:34/; s/\"committed\":[0-9]*/\"committed\":400000/"
long="$many; s/\"seeds\":1000/\"seeds\":100000/; s/\"exchanges\":[0-9]*/\"exchanges\":"
sum 'exchanges are less than 1000000' "${long}999999/"
sed "${long}1000000/" "$folder/kept" >"$folder/edited"
"$here/sum.py" "$folder/edited" | grep -q '"exchanges":1000000,'
echo 'parts add up'

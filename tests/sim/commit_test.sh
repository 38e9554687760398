#!/usr/bin/env bash
# commit_test.sh PROGRAM COMMIT_CMAKE SOURCE
#
# PROGRAM names the commit that it was built from, which stands in SOURCE, and asks nobody for it when it runs. SOURCE
# is written anew when the commit moves, and only then. Without a clone it says that it is unknown.
set -euo pipefail
program=${1:?the simulator} script=${2:?commit.cmake} source=${3:?what it wrote}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "commit_test: $1" >&2
  exit 1
}
write() { cmake -D ROOT="$1" -D TARGET="$folder/commit.cpp" -P "$script"; }
named() { sed -n 's/.*return "\(.*\)";.*/\1/p' "$1"; }

built=$(named "$source")
[[ -n $built ]] || fail 'no commit in the source'
said=$(cd / && env -i "$program" --seeds 1 --jobs 1)
[[ $said == *"\"commit\":\"$built\","* ]] || fail "the program of $built says $said"

mkdir -p "$folder/clone/archive"
write "$folder/clone/archive"
[[ $(named "$folder/commit.cpp") == unknown ]] || fail 'a commit without a clone'

if command -v git >/dev/null; then
  clone() { git -C "$folder/clone" -c user.name=a -c user.email=a@example.org "$@"; }
  commit() { clone commit -q --allow-empty -m "$1"; }
  clone init -q 2>/dev/null
  commit first
  write "$folder/clone"
  first=$(named "$folder/commit.cpp")
  [[ $first == "$(clone rev-parse --short HEAD)" ]] || fail "the first commit is called $first"
  touch -d '2001-01-01' "$folder/commit.cpp"
  write "$folder/clone"
  [[ $(date -r "$folder/commit.cpp" +%Y) == 2001 ]] || fail 'written although nothing moved'
  commit second
  write "$folder/clone"
  [[ $(named "$folder/commit.cpp") == "$(clone rev-parse --short HEAD)" ]] || fail 'the second commit is not named'
  write "$folder/clone/archive"
  [[ $(named "$folder/commit.cpp") == unknown ]] || fail 'an archive within a clone is called by its commit'
fi
echo "built from $built"

#!/usr/bin/env bash
# Runs clang-tidy 14 with the checks of .clang-tidy over every file that is compiled, and shellcheck over
# the scripts. Reads the compile commands of the preset "lint", which has neither precompiled headers
# (those of g++ mean nothing to clang) nor unity files (so a header that was not included is noticed).
#
#   scripts/lint.sh [FILE...]        default: all of them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build.sh lint
files=("$@")
if [[ $# -eq 0 ]]; then
  mapfile -t files < <(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/lint/compile_commands.json | grep -v "^$PWD/build/" | sort -u)
  find . -path ./build -prune -o -type f \( -name '*.sh' -o -path ./.ci/run \) -print0 | xargs -0 shellcheck -x
fi
[[ ${#files[@]} -gt 0 ]] || { echo 'lint: no file is compiled' >&2; exit 1; }

# The analyzer's shallow mode: the deep one took four times as long, over a minute for one file of the rules,
# and found no more. Tests are spared even that: each of their cases runs anyway, under the sanitizers too.
analyzer='--extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=mode=shallow'
export analyzer

check() { # one file; what clang-tidy counts on stderr is of no use to anybody
  local how=$analyzer
  [[ $1 == */tests/* ]] && how='--checks=-clang-analyzer-*'
  # shellcheck disable=SC2086  # several words
  clang-tidy-14 -p build/lint --quiet $how "$1" 2>build/lint/$$.err && rm -f build/lint/$$.err && return 0
  grep -vE '^[0-9]+ warnings? (generated|treated as error)|^[0-9]+ warnings? and' build/lint/$$.err
  rm -f build/lint/$$.err
  echo "^ ${1#"$PWD/"}"
  return 1
}
export -f check
# shellcheck disable=SC2016  # the inner bash expands it
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'check "$1"' lint

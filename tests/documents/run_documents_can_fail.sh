#!/usr/bin/env bash
# run_documents.py sees each way in which a page can be wrong. A test of pages that passes whatever they
# say would be worse than none.
#
#   run_documents_can_fail.sh PYTHON SOURCE
# shellcheck disable=SC2016  # what is quoted is expanded by the programs and pages made here
set -euo pipefail
python=$1 source=$2
stage=$(mktemp -d)
trap 'rm -rf -- "$stage"' EXIT
printf '#!/bin/sh\necho "said $1"\n[ "$1" != no ] || exit 3\n' >"$stage/bookchain"
chmod +x "$stage/bookchain"
seen=0

expect() { # exit code, what it says, then the lines of the page
  local code=0 said
  printf '%s\n' "${@:3}" >"$stage/page.md"
  said=$("$python" "$source/tests/documents/run_documents.py" "$stage/bookchain" "$source" "$stage/page.md" 2>&1) || code=$?
  if [[ $code -ne $1 || $said != *"$2"* ]]; then
    printf 'exit code %s, wanted %s with "%s", for this page:\n%s\n\nit said:\n%s\n' \
      "$code" "$1" "$2" "$(cat "$stage/page.md")" "$said"
    exit 1
  fi
  seen=$((seen + 1))
}

fence='```'
expect 0 '2 blocks of commands run, 0 not as shown' "${fence}sh" 'word=yes' 'bookchain $word' "$fence" "${fence}text" \
  'said yes' "$fence" "${fence}sh fails 3" 'bookchain no' "$fence" "${fence}text" 'said no' "$fence"
expect 1 'prints something else' "${fence}sh" 'bookchain yes' "$fence" "${fence}text" 'said so' "$fence"
expect 1 'prints something else' "${fence}sh" 'bookchain yes' "$fence" "${fence}text" 'said yes' 'and more' "$fence"
expect 0 '1 blocks of commands run, 0 not as shown' "${fence}sh ids vary" 'bookchain 0123456789ab' "$fence" \
  "${fence}text" 'said ba9876543210' "$fence"
expect 1 'prints something else' "${fence}sh ids vary" 'bookchain 0123456789ab' "$fence" \
  "${fence}text" 'told ba9876543210' "$fence"
expect 1 'prints something else' "${fence}sh" 'bookchain 0123456789ab' "$fence" \
  "${fence}text" 'said ba9876543210' "$fence"
expect 1 'failed, the session ended with 3' "${fence}sh" 'bookchain no' 'bookchain yes' "$fence"
expect 1 'exit code 3' "${fence}sh fails 4" 'bookchain no' "$fence"
expect 1 'exit code 0' "${fence}sh fails 3" 'bookchain yes' "$fence"
expect 1 'not reached' "${fence}sh" 'bookchain no' "$fence" "${fence}sh" 'bookchain yes' "$fence"
expect 1 'the mark' "${fence}sh twice" 'bookchain yes' "$fence"
expect 1 '0 blocks of commands run' "${fence}sh as users" 'ann$ make' "$fence"
expect 1 'the mark' "${fence}sh as users twice" 'ann$ make' "$fence"
expect 1 'does not end' "${fence}sh" 'bookchain yes'
expect 1 'cannot promise its output' "${fence}sh by hand" 'make' "$fence" "${fence}text" 'said yes' "$fence"
expect 1 '0 blocks of commands run' "${fence}sh by hand" 'make' "$fence"
printf '%s pages were judged rightly\n' "$seen"

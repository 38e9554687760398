#!/usr/bin/env bash
# Says which C++ files are not in the form of .clang-format, or with --fix puts them in it. clang-format 14
# alone: other versions lay the same file out differently.
#
#   scripts/check-format.sh [--fix] [FILE...]        default: all of them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
how=(--dry-run -Werror)
[[ ${1:-} == --fix ]] && how=(-i) && shift
files=("$@")
[[ $# -gt 0 ]] || mapfile -t files < <(find ledger transport cli tests -name '*.?pp' | sort)
printf '%s\0' "${files[@]}" | xargs -0 -n 16 -P "$(nproc)" clang-format-14 "${how[@]}"

#!/usr/bin/env bash
# Runs clang-tidy 14 with the checks of .clang-tidy over every file that is compiled (lint.py), and shellcheck
# over the scripts. Reads the compile commands of the preset "lint", which has the simulator, but neither
# precompiled headers (those of g++ mean nothing to clang) nor the joined files of the build.
#
#   scripts/lint.sh [FILE...]        default: all of them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build.sh lint
if [[ $# -eq 0 ]]; then
  find . -path ./build -prune -o -type f \( -name '*.sh' -o -path ./.ci/run \) -print0 | xargs -0 shellcheck -x
fi
scripts/lint.py "$@"

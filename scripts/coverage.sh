#!/usr/bin/env bash
# Builds the tests that reach the rules with counters in every branch, runs them and prints which branches of
# ledger/ no test took (scripts/coverage.py).
#
#   scripts/coverage.sh [LEAST]        ends with 1 below LEAST percent, default 0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
least=${1:-0}
scripts/build.sh coverage unit_tests scenario_tests transport_tests format_tests sim
build=$PWD/build/coverage
find "$build" -name '*.gcda' -delete
export GCOV=gcov
# The gcov that belongs to the compiler: Ubuntu 22.04 has two.
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
[[ $compiler == *-[0-9]* ]] && GCOV=gcov-${compiler##*-}
ctest --test-dir "$build" --parallel "${JOBS:-$(nproc)}" -R '^(unit|scenarios|transport|formats)\.' -E 'changed_byte|pages_fit'
# The simulator looks after each event whether what must hold does. On one thread each: the counters take turns.
"$build/tests/sim/sim" --seeds 100 --jobs 1 &
seeds=$!
"$build/tests/sim/sim" --each-attack 1 --jobs 1 || { kill "$seeds"; exit 1; }
wait "$seeds"
python3 scripts/coverage.py build/coverage "$PWD" --least "$least"

#!/usr/bin/env bash
# run.sh BUILD [SEEDS]
#
# The whole simulator from a build directory: plans that failed once, SEEDS seeds (2,000 if none are named)
# over the stub signature and one in a hundred over the real curve, every attack both ways, more liars than are
# borne, every planted bug, with plans made for it and with ordinary ones.
set -euo pipefail
build=${1:?the build directory}/tests/sim
seeds=${2:-2000}
here=$(dirname "${BASH_SOURCE[0]}")
failed=0
"$build/sim" --regressions "$here/seeds.txt" || failed=1
"$here/bulk.sh" "$build/sim" "$seeds" || failed=1
"$build/sim_curve" --seeds "$(((seeds + 99) / 100))" || failed=1
"$build/sim" --each-attack 20 || failed=1
"$build/sim_curve" --each-attack 1 || failed=1
"$build/sim" --beyond 60 || failed=1
"$build/sim_planted" --each-bug 200 || failed=1
"$build/sim_planted" --each-bug-in-ordinary-plans 300 || failed=1
"$build/sim_planted_curve" --each-bug 100 --bug malleable-accepted || failed=1
exit "$failed"

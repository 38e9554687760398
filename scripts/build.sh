#!/usr/bin/env bash
# Configures and builds one preset of CMakePresets.json below build/. On a terminal it shows the progress;
# elsewhere it is quiet and keeps what was said in build/PRESET.log, which is printed if the build fails.
#
#   scripts/build.sh PRESET [TARGET...]        JOBS: how many compilers at once, default one a core
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:?a preset: dev, release, asan, coverage or lint}
shift
mkdir -p build
log=build/$preset.log

# Ubuntu 22.04 has g++ 11 under the plain name; the code needs 12.
if [[ -z ${CXX:-} ]] && command -v g++-12 >/dev/null && [[ $(g++ -dumpversion 2>/dev/null || echo 0) -lt 12 ]]; then
  export CXX=g++-12
fi

# A tree that was moved or copied with its build directory cannot be configured again where it now lies.
cache=build/$preset/CMakeCache.txt
if [[ -f $cache ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache"; then rm -rf "build/$preset"; fi

cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
[[ $preset == lint ]] && exit 0

build=(cmake --build "build/$preset" --parallel "${JOBS:-$(nproc)}")
[[ $# -gt 0 ]] && build+=(--target "$@")
if [[ -t 1 ]]; then
  "${build[@]}"
else
  "${build[@]}" >>"$log" 2>&1 || { cat "$log" >&2; exit 1; }
fi

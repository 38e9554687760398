#!/usr/bin/env bash
# Installs the packages of scripts/packages.txt that are missing, and nothing else: what is there already,
# from whatever source, is left alone, and no package is ever removed. Every make target that compiles runs
# it first; when nothing is missing it asks neither apt nor the network.
#
#   scripts/install-packages.sh [--check] [build|test|speed|crash|model|bench|format|lint]...     default: build test
#
# --check only names what is missing, and fails if anything is.
set -euo pipefail
shopt -s nullglob
export LC_ALL=C
list=$(dirname "${BASH_SOURCE[0]}")/packages.txt

say() { printf 'install-packages: %s\n' "$*" >&2; }

# Where a compiler and CMake look without being told, and where they look because they were.
prefixes=(/usr /usr/local)
IFS=':;' read -ra named <<<"${CMAKE_PREFIX_PATH:-}"
prefixes+=(${named[@]+"${named[@]}"})

there() { # one condition of the list
  local kind=${1%%:*} what=${1#*:} prefix found choice
  case $kind in
    command) command -v "$what" >/dev/null ;;
    header)
      for prefix in "${prefixes[@]}"; do
        found=("$prefix/include/$what" "$prefix"/include/*-linux-gnu*/"$what")
        for choice in "${found[@]}"; do [[ -e $choice ]] && return 0; done
      done
      return 1
      ;;
    library)
      for prefix in "${prefixes[@]}"; do
        found=("$prefix"/lib*/"lib$what".{so,a} "$prefix"/lib/*-linux-gnu*/"lib$what".{so,a})
        for choice in "${found[@]}"; do [[ -e $choice ]] && return 0; done
      done
      return 1
      ;;
    pkg-config)
      for choice in ${what//|/ }; do
        for prefix in "${prefixes[@]}"; do
          found=("$prefix"/{lib,share}/pkgconfig/"$choice.pc" "$prefix"/lib/*-linux-gnu*/pkgconfig/"$choice.pc")
          for file in "${found[@]}"; do [[ -e $file ]] && return 0; done
        done
      done
      return 1
      ;;
    *)
      say "packages.txt has a condition that is none: $1"
      exit 2
      ;;
  esac
}

all_there() { # conditions joined with commas
  local condition
  for condition in ${1//,/ }; do there "$condition" || return 1; done
}

release=$(sed -n 's/^ID=//p; s/^VERSION_ID=/-/p' /etc/os-release 2>/dev/null | sort -r | tr -d '"\n') || true  # ubuntu-24.04

# On a system that has, say, Boost 1.81 as packages, the missing part of it must be 1.81 too: the default
# version would conflict with it.
boost_like_the_one_there() {
  local owner
  owner=$(dpkg-query -S /usr/include/boost/version.hpp 2>/dev/null | sed -n 's/^libboost\([0-9.]*\)-dev.*/\1/p') || true
  if [[ -n $owner && $1 == libboost-*-dev ]]; then printf '%s' "${1%-dev}$owner-dev"; else printf '%s' "$1"; fi
}

missing=()
find_missing() { # needs...
  local need condition package rest word
  missing=()
  while read -r need condition package rest; do
    [[ -z $need || $need == \#* || " $* " != *" $need "* ]] && continue
    for word in ${rest%%#*}; do
      [[ $release == "ubuntu-${word%%=*}" ]] && package=${word#*=} && condition=${condition/command:g++/command:$package}
    done
    all_there "$condition" || missing+=("$(boost_like_the_one_there "$package")")
  done <"$list"
}

check=no
[[ ${1:-} == --check ]] && check=yes && shift
needs=("${@:-build}")
[[ $# -eq 0 ]] && needs+=(test)
for need in "${needs[@]}"; do
  [[ $need =~ ^(build|test|speed|crash|model|bench|format|lint)$ ]] || {
    say "what is '$need'? build, test, speed, crash, model, bench, format or lint"
    exit 2
  }
done
find_missing "${needs[@]}"
[[ ${#missing[@]} -eq 0 ]] && exit 0

by_hand="these packages (Debian 12 names) are missing: ${missing[*]}"
if [[ $check == yes ]]; then
  say "$by_hand"
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  say "this system has no apt-get; install by hand what $by_hand"
  exit 1
fi
root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    say "neither root nor sudo is at hand; as root: apt-get install ${missing[*]}"
    exit 1
  fi
  root=(sudo)
  # Without a terminal nobody can type a password: fail instead of waiting for one.
  [[ -t 0 ]] || root=(sudo -n)
fi
apt() { # apt-get arguments
  ${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@" </dev/null
}
known() { apt-cache show --no-all-versions "${missing[@]}" >/dev/null 2>&1; }
install() { apt install -y --no-install-recommends --no-remove "${missing[@]}" >"$log" 2>&1; }

say "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! known || ! install; then
  # Lists that are missing or too old: fetch them once, then try again.
  if ! { apt update >"$log" 2>&1 && install; }; then
    tail -n 15 "$log" >&2
    say "apt could not install them (offline?); as root: apt-get update && apt-get install ${missing[*]}"
    exit 1
  fi
fi
asked=("${missing[@]}")
find_missing "${needs[@]}"
if [[ ${#missing[@]} -ne 0 ]]; then
  say "installed ${asked[*]}, and still not found: ${missing[*]}"
  exit 1
fi

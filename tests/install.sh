#!/usr/bin/env bash
# Installs a build as `make install` does, below a directory of its own, and runs what lies there then.
#
#   tests/install.sh CMAKE BUILD SOURCE VERSION
set -euo pipefail
cmake=$1 build=$2 source=$3 version=$4
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
fail() { echo "install: $*" >&2; exit 1; }

DESTDIR=$root "$cmake" --install "$build" --prefix /usr/local >"$root.log" 2>&1 || { cat "$root.log" >&2; exit 1; }
rm -f "$root.log"

[[ $(cd / && env -i "$root/usr/local/bin/bookchain" --version) == *"$version"* ]] ||
  fail "the installed program does not tell version $version"
pages=$root/usr/local/share/doc/bookchain
for page in README.md CHANGELOG.md LICENSE; do
  cmp -s "$source/$page" "$pages/$page" || fail "$page is not among the pages"
done
diff -r "$source/docs" "$pages/docs" >&2 || fail "the pages below docs/ are not those of the source"
# Nothing of the tests, and nothing elsewhere.
(cd "$root" && find . -type f) | while read -r file; do
  case $file in
    ./usr/local/bin/bookchain | ./usr/local/share/doc/bookchain/*) ;;
    *) fail "nobody asked for $file" ;;
  esac
done

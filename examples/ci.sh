#!/usr/bin/env bash
# bookchain in somebody else's integration test: a network in a temporary directory, four peers that serve
# in the background, requests that wait for their end, and everything read from JSON. No terminal, no
# other tool than the shell and sed.
#
# BOOKCHAIN names the program (default: bookchain). Exits 0 only if every book arrived and all chains are equal.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=parts/stage.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/stage.sh"
export BOOKCHAIN_NETWORK=$stage/library
all=(5000 5001 5002 5003)

bookchain -o json init "$BOOKCHAIN_NETWORK" --auto-books 0 >/dev/null
for port in "${all[@]}"; do
  "$program" -p "$port" -o json serve >"$stage/$port.events" 2>"$stage/$port.errors" &
  servers+=($!)
done
say "four peers serve, as processes ${servers[*]}"

until_true() { # seconds, command: tries again until it succeeds
  local ends=$((SECONDS + $1))
  until "${@:2}"; do
    [[ $SECONDS -lt $ends ]] || wrong "still not so after $1 s: ${*:2}"
    sleep 0.2
  done
}

in_catalogue() { # port, book
  bookchain -p "$1" -o json list-books --all | grep "\"book\":\"$2\"" >/dev/null
}

hand_over() { # owner, requester, file: registers the file, asks for it, waits, and compares what arrived
  local owner=$1 requester=$2 file=$3 answer book exchange copy=$stage/copy
  book=$(bookchain -p "$owner" -o json add-book "$file" | field book)
  until_true 60 in_catalogue "$requester" "$book"
  answer=$(bookchain -p "$requester" -o json request --from "$owner" --book "$book" --wait=120)
  [[ $(field state <<<"$answer") == committed ]] || wrong "the request ended so: $answer"
  bookchain -p "$requester" -o json get-book "$book" --to "$copy" >/dev/null
  cmp "$file" "$copy" || wrong "$file arrived changed"
  handed_over+=("$owner $book")
  exchange=$(field exchange <<<"$answer")
  say "$owner -> $requester  $(wc -c <"$file") bytes, exchange ${exchange:0:12}"
}

: >"$stage/empty"
seq 1 20000 >"$stage/numbers.txt"
head -c 200000 /dev/urandom >"$stage/random.bin"
handed_over=()
hand_over 5001 5000 "$stage/numbers.txt"
hand_over 5002 5003 "$stage/random.bin"
hand_over 5000 5002 "$stage/empty"
hand_over 5003 5001 "$stage/random.bin" # equal bytes registered again are another book

same_height() { # height: whether every chain has grown to it
  local port
  for port in "${all[@]}"; do
    [[ $(bookchain -p "$port" -o json status | field height) == "$1" ]] || return 1
  done
}
until_true 60 same_height "${#handed_over[@]}"

gone() { ! on_shelf "$1" "$2"; } # port, book
for given in "${handed_over[@]}"; do
  # shellcheck disable=SC2086  # a port and a book
  until_true 60 gone $given
done

for server in "${servers[@]}"; do kill -TERM "$server"; done
for server in "${servers[@]}"; do wait "$server" || wrong "serve ended with exit code $?"; done
servers=()
for port in "${all[@]}"; do
  [[ -s $stage/$port.events ]] || wrong "serve told nothing at $port"
  grep -qv '^{"schema":1,.*}$' "$stage/$port.events" && wrong "not one JSON object a line at $port"
  [[ $(bookchain -p "$port" -o json verify-chain | field valid) == true ]] || wrong "the chain of $port"
done
say "${#handed_over[@]} blocks, valid at all four peers; the head at each:"
expect_equal_heads "${all[@]}"

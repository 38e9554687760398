# shellcheck shell=bash
# The stage on which the examples play: a directory that goes when the script ends, commands shown as they
# are typed, and checks that end the script when something is not as it was said to be. Sourced, never run.

program=${BOOKCHAIN:-bookchain}
if [[ $program == */* ]]; then program=$(realpath -- "$program"); fi
if ! command -v "$program" >/dev/null; then
  printf '%s: no such program; say where it is with BOOKCHAIN=PATH\n' "$program" >&2
  exit 1
fi
unset BOOKCHAIN_NETWORK BOOKCHAIN_PORT BOOKCHAIN_HOME # the examples name their own
stage=$(mktemp -d)
servers=() # process ids of the peers that serve
closing() {
  local server
  for server in "${servers[@]}"; do kill -KILL "$server" 2>/dev/null || true; done
  rm -rf -- "$stage"
}
trap closing EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bold='' dim='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi

bookchain() { "$program" "$@"; }

heading() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

say() { printf '%s\n' "$@"; }

show() { # a command as one would type it
  local word line=''
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_./=:,@-]+$ ]] || word="'$word'"
    line+=" $word"
  done
  printf '%s$%s%s\n' "$bold" "$line" "$plain"
}

run() { # shows a command and runs it
  show "$@"
  "$@"
}

wrong() { # what is not so: the script ends
  printf '\nNOT AS EXPECTED: %s\n' "$*" >&2
  exit 1
}

fails_with() { # exit code, token, command: shows it and runs it; it must fail in just this way
  local code=0 said
  show "${@:3}"
  said=$("${@:3}" 2>&1) || code=$?
  printf '%s\n' "$said"
  [[ $code -eq $1 ]] || wrong "exit code $code instead of $1"
  [[ $said == *"[$2]"* ]] || wrong "an error other than $2"
  printf '%s(exit code %s)%s\n' "$dim" "$code" "$plain"
}

receive_at() { # ports: each peer in turn takes in what was delivered to it
  local port
  for port in "$@"; do run bookchain -p "$port" receive; done
}

field() { # name: the first value of that name in the JSON on stdin, without its quotes
  sed -n -e "/[{,]\"$1\":/!d" -e "s/[{,]\"$1\":\"\{0,1\}/\n/" -e 's/^[^\n]*\n\([^",}]*\).*/\1/p' | sed -n 1p
}

state_at() { # port, exchange
  bookchain -p "$1" -o json show-exchange "$2" | field state
}

expect_state() { # port, exchange, state
  local state
  state=$(state_at "$1" "$2")
  [[ $state == "$3" ]] || wrong "at peer $1 the exchange is $state, not $3"
}

head_at() { # port: the hash of the last block
  bookchain -p "$1" -o json status | field head
}

on_shelf() { # port, book: whether the peer keeps its plaintext
  bookchain -p "$1" -o json list-books | grep "\"book\":\"$2\"" >/dev/null
}

expect_equal_heads() { # ports: shows the head of the chain at each; they must be one and the same
  local port head first=''
  for port in "$@"; do
    head=$(head_at "$port")
    printf '  %s  %s\n' "$port" "$head"
    [[ -n $head && $head == "${first:=$head}" ]] || wrong "the chains of $1 and $port differ"
  done
}

expect_valid_chains() { # ports: each peer checks its own chain
  local port
  for port in "$@"; do
    run bookchain -p "$port" verify-chain
    [[ $(bookchain -p "$port" -o json verify-chain | field valid) == true ]] || wrong "the chain of $port"
  done
}

# shellcheck shell=bash
# Parts of the lessons about exchanges that go wrong: 5000 asks 5001 for a book, 5002 and 5003 are the witnesses.
# Needs stage.sh.
all=(5000 5001 5002 5003)
grant_options=() # what a peer is told to do otherwise than an honest program would
consent_options=()
exchange='' # the one that is looked at, and its first digits
short=''

quietly() { bookchain "$@" >/dev/null; } # what first-exchange.sh shows in full

ask() { # a new request of 5000 for the same book; the owner and the witnesses take it in
  run bookchain -p 5000 request --from 5001 --book "$book"
  exchange=$(bookchain -p 5000 -o json list-exchanges | sed 's/.*"exchange":"\([0-9a-f]*\)".*/\1/')
  short=${exchange:0:12}
  for port in 5001 5002 5003; do quietly -p "$port" receive; done
}

take_in() { for port in "$@"; do quietly -p "$port" receive; done; }

grant_and_consent() { # with grant_options and consent_options
  quietly -p 5001 grant "$short" "${grant_options[@]}"
  take_in 5002 5003 5000
  run bookchain -p 5000 consent "$short" "${consent_options[@]}"
}

vote() { # port of the miner: the others and then the miner take in and vote until the block is in each chain
  local round port
  for round in 1 2 3 4; do
    for port in "${all[@]}"; do [[ $port == "$1" ]] || take_in "$port"; done
    take_in "$1"
  done
  say "(all four peers vote, $round rounds of receive)"
}

expect_over() { # state: at both ends, and it stays so
  run bookchain -p 5000 show-exchange "$short"
  for port in 5000 5001; do expect_state "$port" "$exchange" "$1"; done
  say '' 'Nothing brings it back:'
  fails_with 3 exchange-over bookchain -p 5000 open "$short"
}

succeed() { # a new request, all steps by `step` at one peer after the other
  local round port state=''
  say '' 'A new request:'
  ask
  for round in $(seq 1 30); do
    for port in "${all[@]}"; do quietly -p "$port" step; done
    state=$(for port in "${all[@]}"; do state_at "$port" "$exchange"; done | sort -u)
    [[ $state == committed ]] && break
  done
  [[ $state == committed ]] || wrong "after $round rounds of step the new request is: $state"
  run bookchain -p 5000 list-exchanges
  on_shelf 5000 "$book_id" || wrong 'the book is not on the shelf of 5000'
  on_shelf 5001 "$book_id" && wrong 'the book is still on the shelf of 5001'
  say "The book is at 5000, after $round rounds of step at every peer."
}

new_network() { # name: each case begins with the same four peers; 5001 has a book
  cd "${stage:?}" || exit
  quietly init "$1" --seed lesson
  cd "$1" || exit
  book=$(bookchain -p 5001 -o json list-books | field title)
  book_id=$(bookchain -p 5001 -o json list-books | field book)
}

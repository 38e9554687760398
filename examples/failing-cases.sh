#!/usr/bin/env bash
# What happens when a step fails: a refused request, a wrong request id, a wrong key. Each time the request
# is over for good, and a new one for the same book succeeds.
#
# An honest program sends neither a wrong id nor a wrong key. On a network made with --seed, which is for
# tests and lessons, it can be told to. BOOKCHAIN names the program (default: bookchain). Exits 0 only if
# each failure and each success was so.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=parts/stage.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/stage.sh"
cd "$stage"
all=(5000 5001 5002 5003)
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

grant_and_consent() { # options of consent
  quietly -p 5001 grant "$short"
  take_in 5002 5003 5000
  run bookchain -p 5000 consent "$short" "$@"
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
  cd "$stage"
  quietly init "$1" --seed lesson
  cd "$1"
  book=$(bookchain -p 5001 -o json list-books | field title)
  book_id=$(bookchain -p 5001 -o json list-books | field book)
}

heading 'A refused request'
new_network refused
ask
run bookchain -p 5001 refuse "$short" --reason 'not before the exam'
take_in 5000 5002 5003
expect_over refused
succeed

heading 'A wrong request id'
say 'The requester gives the owner another id than it gave the witnesses in step 1.'
new_network wrong-id
ask
grant_and_consent --rehearse-wrong-id
say '' 'The owner notices at once, since the request it holds was signed for another id:'
run bookchain -p 5001 receive
fails_with 3 wrong-id bookchain -p 5001 check-id "$short"
say '' 'The requester has consented, so only the chain can end the exchange: the owner has an ABORT recorded.'
run bookchain -p 5001 abort "$short"
vote 5001
expect_over aborted
succeed

heading 'A wrong key'
say 'The owner releases a key that does not fit what it committed itself to in step 2.'
new_network wrong-key
ask
grant_and_consent
take_in 5001
quietly -p 5001 check-id "$short"
take_in 5002 5003 5001
run bookchain -p 5001 release "$short" --rehearse-wrong-key
say '' 'The requester does not take it for a key:'
run bookchain -p 5000 receive
fails_with 3 wrong-key bookchain -p 5000 open "$short"
expect_state 5000 "$exchange" id-checked
on_shelf 5001 "$book_id" || wrong 'the book has left the shelf of 5001'
say '' 'An owner that erred would release again, with the right key; a requester that waits for nothing would go' \
  'on with the witnesses (mine --without-owner). Here the owner gives the exchange up. An honest program' \
  'refuses that once it has released; the rehearsal forgot on purpose that it did.'
run bookchain -p 5001 abort "$short"
vote 5001
expect_over aborted
succeed

heading 'Done: three requests failed and stayed so, and three new ones succeeded.'
run bookchain show-chain
expect_equal_heads "${all[@]}"

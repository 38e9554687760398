#!/usr/bin/env bash
# What an owner gains by cheating: nothing, and a mark that the chain keeps for ever. In one case it encrypts another
# book than the registered one, in the other it deals the witnesses false shares of the key and falls silent.
#
# An honest program does neither. On a network made with --seed, which is for tests and lessons, it can be told to.
# BOOKCHAIN names the program (default: bookchain). Exits 0 only if each cheat was found out.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=parts/stage.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/stage.sh"
# shellcheck source-path=SCRIPTDIR source=parts/lesson.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/lesson.sh"
cd "$stage"

check_with_witnesses() { # the owner has the id checked
  take_in 5001
  quietly -p 5001 check-id "$short"
  take_in 5002 5003 5001
}

disputed() { # kind of proof: the requester brings it to the chain, and every peer holds the mark
  say '' 'The requester brings the proof to the chain, signed:'
  run bookchain -p 5000 dispute "$short"
  vote 5000
  expect_over invalid
  run bookchain show-chain --tail 1
  say '' 'Every peer keeps the mark, here a witness:'
  run bookchain -p 5003 status
  bookchain -p 5003 -o json status | grep -q "\"port\":5001,.*\"kind\":\"$1\"" || wrong "5003 holds no mark of a $1"
}

heading 'Another book'
new_network another-book
ask
say '' 'In step 2 the owner encrypts something else than the registered book:'
grant_options=(--rehearse-bad-chunk)
grant_and_consent
check_with_witnesses
run bookchain -p 5001 release "$short"
take_in 5000
say '' 'The requester has the key now and opens what it got:'
fails_with 3 wrong-book bookchain -p 5000 open "$short"
disputed bad-chunk
say '' 'The book never left its owner: the dispute ended the turn before any transfer.'
run bookchain history "$book_id"
grant_options=()
succeed

heading 'False shares'
new_network false-shares
ask
say '' 'In step 2 the owner deals shares of another key, and after the consent it says nothing any more:'
grant_options=(--rehearse-bad-shares)
grant_and_consent
say '' 'The requester goes on with the witnesses alone, who answer it and vote:'
run bookchain -p 5000 mine --without-owner "$short"
take_in 5002 5003 5000
run bookchain -p 5000 mine --without-owner "$short"
vote 5000
take_in 5002 5003 5000
say '' 'The book is the requester'"'"'s by the chain, but the shares that the witnesses hand over give no key:'
run bookchain -p 5000 show-exchange "$short"
disputed bad-deal
say '' 'The dispute gave the book back:'
run bookchain history "$book_id"
expect_equal_heads "${all[@]}"

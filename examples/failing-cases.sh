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
# shellcheck source-path=SCRIPTDIR source=parts/lesson.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/lesson.sh"
cd "$stage"
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
consent_options=(--rehearse-wrong-id)
grant_and_consent
consent_options=()
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

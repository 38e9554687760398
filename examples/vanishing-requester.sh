#!/usr/bin/env bash
# The requester takes the key in step 5 and never mines. The owner has the transfer recorded as settled: the block says
# that the requester did not confirm, and the requester, when it comes back, has the book.
#
# BOOKCHAIN names the program (default: bookchain). Exits 0 only if both ended with what they are owed.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=parts/stage.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/stage.sh"
# shellcheck source-path=SCRIPTDIR source=parts/lesson.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/lesson.sh"
cd "$stage"

heading 'The requester is gone with the key'
new_network vanishing-requester
ask
grant_and_consent
take_in 5001
run bookchain -p 5001 check-id "$short"
take_in 5002 5003 5001
run bookchain -p 5001 release "$short"
say '' 'From here on nobody at 5000 does anything. What the owner holds is enough for a block:'
run bookchain -p 5001 mine --settle "$short"
for round in 1 2 3 4; do take_in 5002 5003 5001; done
say "(three of four peers vote, $round rounds of receive)"
run bookchain show-chain
on_shelf 5001 "$book_id" && wrong 'the book is still on the shelf of 5001'
say '' 'When the requester comes back, the key waits for it, and the chain says that the book is its own:'
for round in 1 2; do quietly -p 5000 step; done
run bookchain -p 5000 list-exchanges
expect_state 5000 "$exchange" committed
run bookchain -p 5000 get-book "$book_id" --to book
[[ $(cat book) == "$book" ]] || wrong 'the book is another one'
expect_equal_heads "${all[@]}"

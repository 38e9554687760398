#!/usr/bin/env bash
# The owner takes the request id in step 3 and is never heard of again. The requester cannot go back, and need not: the
# witnesses answer it, the transfer is recorded as claimed, and their shares give the key.
#
# BOOKCHAIN names the program (default: bookchain). Exits 0 only if the requester got the book.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=parts/stage.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/stage.sh"
# shellcheck source-path=SCRIPTDIR source=parts/lesson.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/lesson.sh"
cd "$stage"

heading 'The owner is gone after the consent'
new_network vanishing-owner
ask
grant_and_consent
say '' 'From here on nobody at 5001 does anything. The requester asks the witnesses what the owner should have asked:'
run bookchain -p 5000 mine --without-owner "$short"
take_in 5002 5003 5000
say '' 'Both witnesses said yes. That, and the consent, is enough for a block:'
run bookchain -p 5000 mine --without-owner "$short"
for round in 1 2 3 4; do take_in 5002 5003 5000; done
say "(three of four peers vote, $round rounds of receive)"
run bookchain show-chain
say '' 'With the block in their chains the witnesses hand over their shares; two of them give the key:'
run bookchain -p 5000 open "$short"
run bookchain -p 5000 get-book "$book_id" --to book
[[ $(cat book) == "$book" ]] || wrong 'the book is another one'
on_shelf 5000 "$book_id" || wrong 'the book is not on the shelf of 5000'
say '' 'When the owner comes back, it learns what happened:'
run bookchain -p 5001 receive
on_shelf 5001 "$book_id" && wrong 'the book is still on the shelf of 5001'
expect_equal_heads "${all[@]}"

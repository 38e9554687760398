#!/usr/bin/env bash
# A first exchange: peer 5001 hands a book over to peer 5000, and 5002 and 5003 are the witnesses. Each of
# the eight steps is typed by hand, so that nothing happens that is not seen. `make demo` runs this.
#
#   examples/first-exchange.sh [FILE]      the book; default: a made-up one of some hundred KiB
#
# BOOKCHAIN names the program (default: bookchain). Exits 0 only if all that it shows was so.
set -euo pipefail
book=${1:+$(realpath -- "$1")}
# shellcheck source-path=SCRIPTDIR source=parts/stage.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/stage.sh"
cd "$stage"
all=(5000 5001 5002 5003)

if [[ -z $book ]]; then
  book=$stage/notes.dat # text, and bytes that are none
  { seq -f 'Line %g of a book that is handed over as a whole or not at all.' 4000 && head -c 100000 /dev/urandom; } >"$book"
fi

heading 'Four peers, and a book'
run bookchain init library
run cd library
run bookchain -p 5001 add-book "$book" --title 'A first book'
id=$(bookchain -p 5001 -o json list-books | sed 's/.*{"book":"\([0-9a-f]*\)","title":"A first book".*/\1/')
say '' 'The other peers hear of the book when they take in their messages:'
receive_at 5000 5002 5003

heading 'Step 1: the requester asks'
say 'Peer 5000 draws a secret request id. It tells the id to the witnesses and not to the owner,' \
  'and the request to the owner and not to the witnesses.'
run bookchain -p 5000 request --from 5001 --book 'A first book'
exchange=$(bookchain -p 5000 -o json list-exchanges | field exchange)
short=${exchange:0:12}
receive_at 5001 5002 5003
expect_state 5000 "$exchange" requested

heading 'Step 2: the owner grants'
say 'Peer 5001 encrypts the book with a fresh key. The requester gets the encrypted book, and each witness' \
  'a share of the key: one share alone tells nothing about it. The witnesses acknowledge to both.'
run bookchain -p 5001 grant "$short"
receive_at 5002 5003 5000
expect_state 5000 "$exchange" granted

heading 'Step 3: the requester consents'
say 'Peer 5000 has the encrypted book, and knows that the witnesses hold the shares. It now gives the owner' \
  'the request id, and signs that it consents.'
run bookchain -p 5000 consent "$short"
receive_at 5001

heading 'Step 4: the owner checks the id'
say 'Is it the id that the witnesses got in step 1? More than half of them must say yes; of two, both.'
run bookchain -p 5001 check-id "$short"
receive_at 5002 5003 5001
expect_state 5001 "$exchange" id-checked

heading 'Step 5: the owner releases the key'
say 'The witnesses said yes. From here the owner can no longer abort, either.'
run bookchain -p 5001 release "$short"
receive_at 5000
expect_state 5000 "$exchange" released

heading 'Step 6: the requester opens the book'
say 'It decrypts every chunk and compares it with what the owner registered. The plaintext is kept aside:' \
  'the book belongs to peer 5001 until the chain says otherwise.'
run bookchain -p 5000 open "$short"
expect_state 5000 "$exchange" opened
on_shelf 5000 "$id" && wrong 'the book is on the shelf of 5000 already'
on_shelf 5001 "$id" || wrong 'the book has left the shelf of 5001 already'

heading 'Step 7: the requester checks the key'
say 'Do the witnesses hold a commitment to the very same key? Again more than half of them must say so.'
run bookchain -p 5000 check-key "$short"
receive_at 5002 5003 5000
expect_state 5000 "$exchange" key-checked

heading 'Step 8: the requester mines'
say 'The request becomes a transaction in a block. All four peers vote on it; three votes make it final.'
run bookchain -p 5000 mine "$short"
for vote in 'Each peer answers that it votes for no earlier ballot, and 5000 proposes its block:' \
  'Each peer checks the block and gives its first vote:' \
  'Three first votes are shown to all, and each peer gives its second:' \
  'Three second votes commit the block, and it goes to all:'; do
  say '' "$vote"
  if [[ $vote == Three\ second* ]]; then receive_at 5001 5002 5003; else receive_at 5001 5002 5003 5000; fi
done
for port in "${all[@]}"; do expect_state "$port" "$exchange" committed; done

heading 'The chain is the same at all four peers'
run bookchain show-chain
say '' 'The hash of the last block at each peer:'
expect_equal_heads "${all[@]}"
say '' 'Each peer checks every signature, vote and proof of work of it:'
expect_valid_chains "${all[@]}"

heading 'The book has a new owner'
run bookchain -p 5000 get-book "${id:0:12}" --to ../received
run cmp "$book" ../received
say 'Not one byte is different.' '' 'The giver has it no more:'
run bookchain -p 5001 list-books
on_shelf 5001 "$id" && wrong 'the book is still on the shelf of 5001'
on_shelf 5000 "$id" || wrong 'the book is not on the shelf of 5000'
fails_with 3 not-owner bookchain -p 5001 get-book "${id:0:12}" --to ../kept
[[ ! -e ../kept ]] || wrong 'a file was written all the same'

heading 'What was said, and to whom'
run bookchain trace "$short"
say '' 'Done: one exchange, one block, four equal chains.'

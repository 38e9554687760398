#!/usr/bin/env bash
# An owner that grants one book to two requesters in one turn. The witnesses acknowledge the first one alone, so the
# second never gets a book, and they hold both grants, signed by the owner: that is evidence, and a stranger who has
# nothing but the network file can check it.
#
# An honest program does no such thing. On a network made with --seed, which is for tests and lessons, a peer can be told
# to misbehave. BOOKCHAIN names the program (default: bookchain). Exits 0 only if the double sale was found out.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=parts/stage.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/stage.sh"
# shellcheck source-path=SCRIPTDIR source=parts/lesson.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/lesson.sh"
cd "$stage"

cheat() { # the owner works for a moment, and forgets at once to whom it granted
  show bookchain -p 5001 serve --misbehave double-sale --until-idle=0
  bookchain -p 5001 serve --misbehave double-sale --until-idle=0 >/dev/null 2>&1 || [[ $? -eq 5 ]]
}

heading 'One book, two requesters'
new_network double-sale
ask
first=$exchange
say '' 'The owner grants it, and forgets that it did:'
cheat
take_in 5003
say '' 'Peer 5002, which has not heard of it yet, asks for the same book. An honest owner would say that it is' \
  'busy; this one grants it again:'
run bookchain -p 5002 request --from 5001 --book "$book"
second=$(bookchain -p 5002 -o json list-exchanges | tr '{' '\n' | grep '"role":"requester"' |
  sed 's/.*"exchange":"\([0-9a-f]*\)".*/\1/')
take_in 5000 5002 5003
cheat
say '' 'Peer 5003 is a witness of both. It acknowledges no second one, and tells both requesters and everybody else:'
show bookchain -p 5003 receive
bookchain -p 5003 receive
take_in 5000 5002 5001 5000 5002

heading 'Who knows it now'
for port in 5000 5002 5003; do
  run bookchain -p "$port" evidence list
  bookchain -p "$port" -o json evidence list | grep -q '"fault":"double-sale","accused":5001' ||
    wrong "$port has no evidence"
done
say '' 'Neither requester has consented, so nobody lost anything:'
for port in 5000 5002; do
  [[ $port == 5000 ]] && mine=$first || mine=$second
  expect_state "$port" "$mine" invalid
  run bookchain -p "$port" list-exchanges
done

heading 'A stranger checks it'
id=$(bookchain -p 5003 -o json evidence list | field id)
run bookchain -p 5003 evidence export "${id:0:12}" --to proof.evidence
mkdir elsewhere
cp network.yaml proof.evidence elsewhere
cd elsewhere
say '' 'In a folder with the network file and the evidence, and nothing else:'
run ls
run bookchain evidence verify proof.evidence --network-file network.yaml
say '' 'One changed byte, and it proves nothing:'
printf '\x00' | dd of=proof.evidence bs=1 seek=200 conv=notrunc status=none
fails_with 3 bad-signature bookchain evidence verify proof.evidence --network-file network.yaml

#!/usr/bin/env bash
# The exchange in front of a class: after each of the eight steps it shows what every peer holds, with the
# secrets themselves, and waits for Enter (if the input is a terminal). The network is made with --seed, for
# only such a test network shows secrets.
#
#   examples/walkthrough.sh [SEED]     another seed gives other keys and books
#
# BOOKCHAIN names the program (default: bookchain). Exits 0 only if nobody knew anything too early.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=parts/stage.sh
source "$(dirname "${BASH_SOURCE[0]}")/parts/stage.sh"
cd "$stage"
all=(5000 5001 5002 5003)

pause() {
  if [[ -t 0 ]]; then read -r -p $'\n-- Enter --' && printf '\n'; fi
}

secret() { # name, port: the first digits of a secret that the peer holds, or -
  local value
  value=$(bookchain -p "$2" -o json show-exchange "$exchange" --reveal 2>/dev/null | field "$1") || true
  [[ -z $value || $value == null ]] && value=-
  printf '%s' "${value:0:12}"
}

holds() { # port: what the peer says that it holds itself
  bookchain -p "$1" -o json show-exchange "$exchange" 2>/dev/null |
    sed -n "s/.*{\"port\":$1,\"role\":\"[a-z]*\",\"holds\":\[\([^]]*\)\].*/\1/p" | sed 's/","/, /g; s/"//g' || true
}

who_knows_what() { # asks each peer, for it knows best itself
  local port
  say '' "Who knows what now (bookchain -p PORT show-exchange ${exchange:0:12} --reveal):"
  printf '  %-16s%-14s%-14s%s\n' PEER 'REQUEST ID' KEY HOLDS
  for port in "${all[@]}"; do
    printf '  %-16s%-14s%-14s' "$port ${role[$port]}" "$(secret request_id "$port")" "$(secret key "$port")"
    printf '%s\n' "$(holds "$port")" | sed 's/^$/-/' | fold -s -w 60 | sed "2,\$s/^/$(printf '%46s' '')/"
  done
}

nobody_knows() { # secret, ports: ends the script if one of them does
  local port
  for port in "${@:2}"; do
    [[ $(secret "$1" "$port") == - ]] || wrong "peer $port knows the $1"
  done
}

knows() { # secret, port
  [[ $(secret "$1" "$2") != - ]] || wrong "peer $2 does not know the $1"
}

take_in() { # ports; what each takes in is shown by first-exchange.sh
  local port
  say '' "Then receive at $*."
  for port in "$@"; do bookchain -p "$port" receive >/dev/null; done
}

step() { # number and title, then lines about it; the command is run by the caller
  heading "Step $1"
  say "${@:2}" ''
}

declare -A role=([5000]=requester [5001]=owner [5002]=witness [5003]=witness)
heading 'Four peers'
say 'None of them trusts another. 5001 owns a book that 5000 wants; 5002 and 5003 will be the witnesses.' ''
run bookchain init library --seed "${1:-lesson}"
run cd library
run bookchain list-books --all
title=$(bookchain -p 5001 -o json list-books | field title)
book=$(bookchain -p 5001 -o json list-books | field book)
pause

step '1: the requester asks' \
  'What if the requester could later deny that it asked, or somebody else ask in its name? It signs its request,' \
  'and binds it to a secret id. The witnesses get the id and not the request; the owner the request and not' \
  'the id. Only the requester can bring the two together.'
run bookchain -p 5000 request --from 5001 --book "$title"
exchange=$(bookchain -p 5000 -o json list-exchanges | field exchange)
short=${exchange:0:12}
take_in 5001 5002 5003
who_knows_what
for port in 5000 5002 5003; do knows request_id "$port"; done
nobody_knows request_id 5001
nobody_knows key "${all[@]}"
pause

step '2: the owner grants' \
  'What if the owner took its promise back, or vanished? It encrypts the book, gives the requester the encrypted' \
  'book, and deals the key out to the witnesses in shares. A single share tells nothing; two shares are the key.'
run bookchain -p 5001 grant "$short"
take_in 5002 5003 5000
who_knows_what
nobody_knows request_id 5001
nobody_knows key 5000 5002 5003
knows key 5001
pause

step '3: the requester consents' \
  'It has the encrypted book, and the signed word of the witnesses that they hold the shares. It gives the owner' \
  'the request id and signs its consent. From here it cannot go back.'
run bookchain -p 5000 consent "$short"
take_in 5001
who_knows_what
knows request_id 5001
nobody_knows key 5000 5002 5003
pause

step '4: the owner checks the id' \
  'Is it the id that the witnesses got in step 1? More than half of them must say yes; of two, both.'
run bookchain -p 5001 check-id "$short"
take_in 5002 5003 5001
who_knows_what
nobody_knows key 5000 5002 5003
pause

step '5: the owner releases the key' 'The witnesses said yes. From here the owner cannot go back, either.'
run bookchain -p 5001 release "$short"
take_in 5000
who_knows_what
knows key 5000
nobody_knows key 5002 5003
pause

step '6: the requester opens the book' \
  'What if the owner encrypted something else? Every chunk is compared with what was registered. The plaintext' \
  'is kept aside: the requester can read it, but the book is still the owner'"'"'s.'
run bookchain -p 5000 open "$short"
who_knows_what
on_shelf 5000 "$book" && wrong 'the book is on the shelf of 5000 already'
pause

step '7: the requester checks the key' \
  'Do the witnesses hold a commitment to the very same key? Then their shares would have given it, too.'
run bookchain -p 5000 check-key "$short"
take_in 5002 5003 5000
who_knows_what
nobody_knows key 5002 5003
pause

step '8: the requester mines' \
  'The request becomes a transaction in a block. All four peers vote, and three votes make the block final:' \
  'whatever one liar does, no two different blocks can both get three of four.'
run bookchain -p 5000 mine "$short"
for round in 1 2 3 4; do take_in 5001 5002 5003 5000; done
for port in "${all[@]}"; do expect_state "$port" "$exchange" committed; done
who_knows_what
nobody_knows key 5002 5003
pause

heading 'After the exchange'
say "One chain, at all four peers, after $round rounds:"
expect_equal_heads "${all[@]}"
run bookchain history "${book:0:12}"
run bookchain -p 5000 list-books
run bookchain -p 5001 list-books
on_shelf 5000 "$book" || wrong 'the book is not on the shelf of 5000'
on_shelf 5001 "$book" && wrong 'the book is still on the shelf of 5001'
say '' 'Questions for the class: what could the owner do after step 4, and to whose harm? What could a witness' \
  'do that lies? What if both lie? Answers: docs/protocol.md, sections 5 to 7.'

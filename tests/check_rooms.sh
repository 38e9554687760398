#!/usr/bin/env bash
# check_rooms.sh SOURCE [LIBRARY]
#
# Includes point one way, cli -> transport -> ledger, and the rules touch no clock, file, socket, thread or
# entropy. Prints each line that breaks this. With LIBRARY, the archive the rules are compiled into, it also
# looks at what they call: a header included through another cannot hide from that.
set -u
cd "${1:?the source directory}" || exit 2
library=${2:-}
shopt -s nullglob
bad=0

forbid() { # what, pattern, files...
  local what=$1 pattern=$2
  shift 2
  [[ $# -gt 0 ]] || { echo "^ no file to check that $what"; bad=1; return; }
  if grep -HnE "$pattern" "$@"; then
    echo "^ $what"
    bad=1
  fi
}

rules=(ledger/*.hpp ledger/*.cpp)
store=(ledger/store/*.hpp ledger/store/*.cpp)
transport=(transport/*.hpp transport/*.cpp)
cli=(cli/*.hpp cli/*.cpp cli/commands/*.hpp cli/commands/*.cpp)
without_crypto=()
for file in "${rules[@]}" "${store[@]}" "${transport[@]}" "${cli[@]}"; do
  [[ $file == ledger/crypto* ]] || without_crypto+=("$file")
done

forbid 'the rules include no room above them' '^ *# *include +["<](ledger/store|transport|cli|tests)/' "${rules[@]}"
forbid 'the store includes no room above it' '^ *# *include +["<](transport|cli|tests)/' "${store[@]}"
forbid 'transport includes no room above it' '^ *# *include +["<](cli|tests)/' "${transport[@]}"
forbid 'cli includes no tests' '^ *# *include +["<]tests/' "${cli[@]}"
# A path relative to the file would get round the three lines above.
forbid 'an include is written from the top of the tree' '^ *# *include +"(\.|[^/"]+")' \
  "${rules[@]}" "${store[@]}" "${transport[@]}" "${cli[@]}"

impure='filesystem|fstream|chrono|random|thread|mutex|atomic|future|condition_variable|ctime|time\.h|unistd\.h|fcntl\.h'
impure+='|sys/|netinet/|poll\.h|iostream|boost/filesystem|boost/asio|boost/random|boost/chrono|sqlite3'
forbid 'the rules use no clock, file, socket, thread or entropy' "^ *# *include +[\"<]($impure)" "${rules[@]}"
forbid 'the rules read no environment' '(getenv|std::rand|srand) *\(' "${rules[@]}"
forbid 'only the crypto room includes Crypto++' '^ *# *include +["<](cryptopp|crypto\+\+)/' "${without_crypto[@]}"
forbid 'only the store includes SQLite' '^ *# *include +["<]sqlite3' "${rules[@]}" "${transport[@]}" "${cli[@]}"

if [[ -n $library ]]; then
  calls=' U (open|openat|open64|fopen|fopen64|read|write|socket|connect|send|recv|poll|epoll_.*|getrandom|getentropy'
  calls+='|clock_gettime|gettimeofday|time|getenv|rand|random|pthread_create|sqlite3_.*'
  calls+='|std::chrono::.*|std::random_device::.*|std::basic_[io]?fstream<.*|std::ios_base::Init::.*|std::filesystem::.*|boost::filesystem::.*'
  calls+='|std::thread::.*|CryptoPP::(OS_Generate|NonblockingRng|BlockingRng|AutoSeeded|DefaultAutoSeeded|RandomPool).*)(@.*)?$'
  if ! called=$(nm -C "$library" 2>/dev/null) || ! grep -q ' T ' <<<"$called"; then
    echo "^ $library cannot be read"
    bad=1
  elif grep -E "$calls" <<<"$called" | sort -u | grep .; then
    echo '^ the rules call the operating system'
    bad=1
  fi
fi
exit "$bad"

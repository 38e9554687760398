#!/usr/bin/env bash
# check_rooms_can_fail.sh SOURCE COMPILER
#
# Breaks each rule of the rooms once, in a copy, and expects check_rooms.sh or rooms.cmake to say so: a check
# that cannot fail would be worth nothing.
set -u
source=$(cd "${1:?the source directory}" && pwd) || exit 2
compiler=${2:?the C++ compiler}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0

complain() {
  echo "$*"
  bad=1
}

mkdir "$scratch/tree"
cp -r "$source/ledger" "$source/transport" "$source/cli" "$scratch/tree/"
"$source/tests/check_rooms.sh" "$scratch/tree" || complain 'the copy itself breaks a rule'

refused() { # what is said, file, line that breaks it
  local said
  printf '%s\n' "$3" >"$scratch/tree/$2"
  said=$("$source/tests/check_rooms.sh" "$scratch/tree") && complain "accepted: $3 in $2"
  [[ $said == *"^ $1"* && $said == *"$2:"* ]] || complain "$2 with $3: expected '$1', got '$said'"
  rm "$scratch/tree/$2"
}

refused 'the rules include no room above them' ledger/planted.cpp '#include "ledger/store/store.hpp"'
refused 'the rules include no room above them' ledger/planted.hpp '#include "transport/link.hpp"'
refused 'the store includes no room above it' ledger/store/planted.cpp '#include "transport/link.hpp"'
refused 'transport includes no room above it' transport/planted.cpp '#include "cli/report.hpp"'
refused 'cli includes no tests' cli/planted.cpp '#include "tests/scenarios/network.hpp"'
refused 'an include is written from the top of the tree' ledger/planted.cpp '#include "../transport/link.hpp"'
refused 'an include is written from the top of the tree' ledger/planted.cpp '#  include "store.hpp"'
for header in boost/filesystem.hpp boost/asio.hpp sqlite3.h chrono fstream random thread sys/socket.h unistd.h; do
  refused 'the rules use no clock, file, socket, thread or entropy' ledger/planted.cpp "#include <$header>"
done
refused 'the rules read no environment' ledger/planted.cpp 'const char* home = std::getenv("HOME");'
refused 'only the crypto room includes Crypto++' transport/planted.cpp '#include <cryptopp/sha.h>'
refused 'only the crypto room includes Crypto++' ledger/planted.cpp '#include <cryptopp/sha.h>'
refused 'only the store includes SQLite' cli/planted.cpp '#include <sqlite3.h>'

called() { # code that calls the operating system
  printf '%s\n' "$1" >"$scratch/planted.cpp"
  "$compiler" -std=c++20 -O1 -c "$scratch/planted.cpp" -o "$scratch/planted.o" || complain "does not compile: $1"
  rm -f "$scratch/planted.a"
  ar rc "$scratch/planted.a" "$scratch/planted.o" || complain 'ar failed'
  [[ $("$source/tests/check_rooms.sh" "$scratch/tree" "$scratch/planted.a") == *'call the operating system'* ]] ||
    complain "the call was not seen: $1"
}

called '#include <chrono>
long now() { return std::chrono::system_clock::now().time_since_epoch().count(); }'
called '#include <fcntl.h>
int file(const char* name) { return open(name, O_RDONLY); }'
called '#include <random>
unsigned draw() { return std::random_device{}(); }'
called '#include <cryptopp/osrng.h>
void draw(unsigned char* to) { CryptoPP::OS_GenerateRandomBlock(false, to, 32); }'
[[ $("$source/tests/check_rooms.sh" "$scratch/tree" "$scratch/none.a") == *'cannot be read'* ]] ||
  complain 'a library that is not there was accepted'

# What a room links, directly or through another.
links() { # lines of CMake; prints what the configuration says
  rm -rf "$scratch/links"
  mkdir "$scratch/links"
  {
    echo 'cmake_minimum_required(VERSION 3.22)'
    echo 'project(links LANGUAGES NONE)'
    echo "include($source/tests/rooms.cmake)"
    echo 'add_library(rules INTERFACE)'
    echo 'add_library(SQLite::SQLite3 INTERFACE IMPORTED)'
    echo 'add_library(between INTERFACE)'
    printf '%s\n' "$@"
    echo 'bookchain_must_not_link(rules sqlite filesystem)'
  } >"$scratch/links/CMakeLists.txt"
  cmake -S "$scratch/links" -B "$scratch/links/build" 2>&1
}
said=$(links) || complain "a room without forbidden links was refused: $said"
for line in 'target_link_libraries(rules INTERFACE SQLite::SQLite3)' 'target_link_libraries(rules INTERFACE boost_filesystem)' \
  'target_link_libraries(between INTERFACE SQLite::SQLite3)
target_link_libraries(rules INTERFACE between)'; do
  said=$(links "$line") && complain "accepted: $line"
  [[ $said == *'must not link'* ]] || complain "$line: expected a refusal, got '$said'"
done
exit "$bad"

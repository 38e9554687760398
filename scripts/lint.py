#!/usr/bin/env python3
"""clang-tidy over the compile commands of build/lint, several files at a time. Called by lint.sh.

Nine tenths of what clang-tidy does for one file here, it does for the headers. So all files of a folder are
included by one, and read as one; where that does not compile, because two of them have helpers of the same
name, that is told, and each half is tried, down to single files. Each file of the program and of the simulator, which
the build joins as well, is also compiled alone: so a header that was not included, a name that shadows another and
what is named for nothing are noticed. In other tests they are not. ALONE=0 in the environment leaves that out.

  scripts/lint.py [FILE...]        default: all that are compiled
"""

import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "lint"
# Folders and files that are not joined: they have a main, take the place of another file, or have shelves with books
# of their own.
SINGLE = ("tests/bench", "cli/main.cpp", "tests/sim/stub_signature.cpp", "tests/unit/large_book_test.cpp",
          "tests/unit/shelf_test.cpp", "tests/unit/value_shelf_test.cpp")
# Those which CMakeLists.txt joins (bookchain_unity), but for the tests that are read by nobody else.
JOINED_BY_BUILD = ("ledger", "ledger/store", "transport", "cli", "cli/commands", "tests/sim")

# The analyzer's shallow mode: the deep one took four times as long, over a minute for one file of the rules,
# and found no more. Tests are spared even that: each of their cases runs anyway, under the sanitizers too. Nor need
# they be quick, and foreign text is what some of them are about.
SHALLOW = ["--extra-arg=-Xclang", "--extra-arg=-analyzer-config", "--extra-arg=-Xclang", "--extra-arg=mode=shallow"]
FOR_TESTS = ["--checks=-clang-analyzer-*,-performance-*,-misc-misleading-bidirectional"]
# In joined files names meet that never do where each is compiled alone.
JOINED = ["-Wno-shadow"]
OF_GCC_ALONE = ("-fpch-preprocess", "-Wno-stringop-overflow", "-Wno-maybe-uninitialized")
OF_COMPILER = re.compile(r"^.*\[clang-diagnostic-[^\]]*\]$", re.M)
COUNTS = re.compile(r"^\d+ warnings?( and \d+ errors?)? (generated|treated as error)s?\.?$|^Error while processing .*", re.M)


def flags_of(command):
    """The words of a compile command without the compiler, the output and the file."""
    words = shlex.split(command)[1:]
    kept = []
    while words:
        word = words.pop(0)
        if word in ("-o", "-c"):
            words.pop(0)
        elif word not in OF_GCC_ALONE:
            kept.append(word)
    return kept


def compiled_files():
    """Each file of the project that is compiled, with its flags: the first command of several."""
    flags = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        name = os.path.relpath(entry["file"], ROOT)
        if not name.startswith("build/"):
            flags.setdefault(name, flags_of(entry["command"]))
    return flags


def run(words):
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, COUNTS.sub("", done.stdout).strip()


def file_for(names):
    """The file, or one that includes them all."""
    if len(names) == 1:
        return names[0]
    file = BUILD / "joined" / (names[0].replace("/", "_") + f"_and_{len(names) - 1}.cpp")
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f'#include "{name}"  // NOLINT(bugprone-suspicious-include)\n' for name in names))
    return str(file)


def tidy(how, names, flags):
    joined = JOINED if len(names) > 1 else []
    return run(["clang-tidy-14", "--quiet", *how, file_for(names), "--", *flags, *joined])


def compiled(names, flags):
    """What the compiler says, and the checks that look at the main file only."""
    return tidy(["--checks=-*,misc-unused-alias-decls,misc-unused-using-decls"], names, flags)


def check(names, flags):
    good, said = tidy(FOR_TESTS if names[0].startswith("tests/") else SHALLOW, names, flags)
    clash = OF_COMPILER.search(said)
    if len(names) == 1 or not clash:
        return good, said
    middle = len(names) // 2
    halves = [check(half, flags) for half in (names[:middle], names[middle:])]
    said = "\n".join(half[1] for half in halves if half[1])
    if not OF_COMPILER.search(said):
        print(f"lint: {len(names)} files beside {names[0]} cannot be read as one: {clash[0]}", flush=True)
    return all(half[0] for half in halves), said


def main(wanted):
    flags = compiled_files()
    names = sorted(os.path.relpath(name, ROOT) for name in wanted) or sorted(flags)
    groups, alone = {}, []
    for name in names:
        folder = os.path.dirname(name)
        groups.setdefault((name if folder in SINGLE or name in SINGLE else folder, tuple(flags[name])), []).append(name)
        if folder in JOINED_BY_BUILD and os.environ.get("ALONE") != "0":
            alone.append(name)
    if not groups:
        sys.exit("lint: no file is compiled")
    tasks = sorted(groups.items(), key=lambda group: -len(group[1]))  # the long ones first
    with ThreadPoolExecutor(int(os.environ.get("JOBS", os.cpu_count()))) as pool:
        answers = [pool.submit(check, group, key[1]) for key, group in tasks]
        answers += [pool.submit(compiled, [name], flags[name]) for name in alone]
        good = True
        for answer in answers:
            fine, said = answer.result()
            good &= fine
            if said:
                print(said, flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

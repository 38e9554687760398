#!/usr/bin/env python3
"""Branch coverage of the rules, from what g++ --coverage left in a build directory.

    coverage.py BUILD SOURCE [--least PERCENT]

Counts the branches of ledger/ without ledger/store/ as gcov sees them, without the pairs of which one is an
exception (the rules throw none, and no memory ends the process), those of assertions, which end it too, and what
a closing brace destroys. A branch in a template counts as taken if it is in any of its instances. Prints one line a file, each line of the source with a branch
that no test took, and one line of JSON; ends with 1 below PERCENT.
"""
import collections
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def records(build):
    """What gcov says of each object file, one at a time."""
    data = sorted(str(path.resolve()) for path in build.rglob("*.gcda"))
    if not data:
        sys.exit("coverage: nothing was run: no .gcda below " + str(build))
    for path in data:
        with tempfile.TemporaryDirectory() as place:
            subprocess.run([os.environ.get("GCOV", "gcov"), "--branch-probabilities", "--json-format", path], cwd=place,
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for report in pathlib.Path(place).glob("*.gcov.json.gz"):
                with gzip.open(report) as text:
                    yield json.load(text)


def rule_file(name, directory, source):
    """The path below SOURCE, or nothing if the file is none of the rules'."""
    path = pathlib.Path(os.path.normpath(os.path.join(directory, name)))
    if not path.is_relative_to(source / "ledger") or path.is_relative_to(source / "ledger/store"):
        return None
    return str(path.relative_to(source))


def decisions(branches):
    """The branches without each pair "goes on, or an exception leaves here": gcov gives the two side by side."""
    kept = []
    place = 0
    while place < len(branches):
        pair = branches[place:place + 2]
        if len(pair) == 2 and pair[0]["throw"] != pair[1]["throw"]:
            place += 2
            continue
        if not pair[0]["throw"]:
            kept.append(pair[0])
        place += 1
    return kept


def count(build, source):
    taken = collections.defaultdict(int)  # (file, line, how many branches, which) -> times
    texts = {}
    for record in records(build):
        for entry in record["files"]:
            name = rule_file(entry["file"], record["current_working_directory"], source)
            if name is None:
                continue
            if name not in texts:
                texts[name] = (source / name).read_text().split("\n")
            for line in entry["lines"]:
                text = texts[name][line["line_number"] - 1].strip()
                if text.startswith("assert(") or text in ("}", "};", "});"):
                    continue
                branches = decisions(line["branches"])
                for place, branch in enumerate(branches):
                    taken[name, line["line_number"], len(branches), place] += branch["count"]
    return taken


def main():
    build, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    least = float(sys.argv[4]) if sys.argv[3:4] == ["--least"] else 0.0
    files = collections.defaultdict(lambda: [0, 0])
    missing = collections.defaultdict(int)
    for (name, line, _, _), times in count(build, source).items():
        files[name][0] += times > 0
        files[name][1] += 1
        if times == 0:
            missing[name, line] += 1
    print("branches no test took (file, line, how many):")
    texts = {name: (source / name).read_text().split("\n") for name in files}
    for (name, line), times in sorted(missing.items()):
        print(f"  {name}:{line}: {times}: {texts[name][line - 1].strip()}")
    print("taken  branches  file")
    for name, (good, every) in sorted(files.items()):
        print(f"{100 * good / every:4.0f}%  {every:8}  {name}")
    good = sum(entry[0] for entry in files.values())
    every = sum(entry[1] for entry in files.values())
    percent = 100 * good / every
    print(json.dumps({"schema": 1, "what": "branches of ledger/ without store/", "taken": good, "branches": every,
                      "percent": round(percent, 2)}))
    sys.exit(0 if percent >= least else 1)


if __name__ == "__main__":
    main()

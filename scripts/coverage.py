#!/usr/bin/env python3
"""Branch coverage of the rules, from what g++ --coverage left in a build directory.

    coverage.py BUILD SOURCE [--least PERCENT]

The lines that tests/coverage_reasons.txt explains are printed by reason, the others one by one. A line that no test
reached at all is explained by nothing, nor is one with more branches that none took than its reason is for.

Counts the branches of ledger/ without ledger/store/ as gcov sees them, without the pairs of which one is an
exception (the rules throw none, and no memory ends the process), those of assertions, which end it too, and what
a closing brace destroys. A branch in a template counts as taken if it is in any of its instances. Prints one line a
file, each line of the source with a branch that no test took and no reason, and one line of JSON; ends with 1 below
PERCENT, where a line has no reason, where a reason fits no line any more, and where no run measured a source file.
"""
import collections
import fnmatch
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
    """Times by (file, line, how many branches, which), and by (file, line)."""
    taken = collections.defaultdict(int)
    reached = collections.defaultdict(int)
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
                reached[name, line["line_number"]] += line["count"]
                branches = decisions(line["branches"])
                for place, branch in enumerate(branches):
                    taken[name, line["line_number"], len(branches), place] += branch["count"]
    return taken, reached


def unmeasured(source, measured):
    """The source files of the rules that no program which was run holds: their branches would count nowhere."""
    names = (str(path.relative_to(source)) for path in (source / "ledger").rglob("*.cpp"))
    return sorted(name for name in names if name not in measured and not name.startswith("ledger/store/"))


def read_reasons(path):
    """(files, part of a line, how many branches of one line at most, reason) for each line that is no comment."""
    reasons = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        parts = line.split(" | ")
        if len(parts) == 3:
            parts.insert(2, "inf")
        if len(parts) != 4 or not (parts[2] == "inf" or parts[2].isdecimal()):
            sys.exit(f"coverage: {path} has a line that is not 'files | text | reason', with a number before the "
                     f"reason or without: {line}")
        reasons.append((*parts[:2], float(parts[2]), parts[3]))
    return reasons


def explain(missing, reached, texts, reasons):
    """Splits the missing branches: ({reason's place: {(file, line): branches}}, {(file, line): branches} without a
    reason). Of a line that the compiler made several times, as in templates, the worst counts for a reason."""
    explained = collections.defaultdict(dict)
    unexplained = {}
    for (name, line), by_length in sorted(missing.items()):
        text = texts[name][line - 1]
        fitting = (place for place, (files, part, most, _) in enumerate(reasons)
                   if reached[name, line] and fnmatch.fnmatch(name, files) and part in text
                   and max(by_length.values()) <= most)
        place = next(fitting, None)
        if place is None:
            unexplained[name, line] = sum(by_length.values())
        else:
            explained[place][name, line] = sum(by_length.values())
    return explained, unexplained


def lines_by_file(lines):
    """"file: line, line; file: line" of what is keyed by (file, line)."""
    numbers = collections.defaultdict(list)
    for name, line in lines:
        numbers[name].append(str(line))
    return "; ".join(f"{name}: {', '.join(found)}" for name, found in numbers.items())


def main():
    build, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    least = float(sys.argv[4]) if sys.argv[3:4] == ["--least"] else 0.0
    files = collections.defaultdict(lambda: [0, 0])
    missing = collections.defaultdict(collections.Counter)
    taken, reached = count(build, source)
    for (name, line, length, _), times in taken.items():
        files[name][0] += times > 0
        files[name][1] += 1
        if times == 0:
            missing[name, line][length] += 1
    texts = {name: (source / name).read_text().split("\n") for name in files}
    reasons = read_reasons(source / "tests/coverage_reasons.txt")
    explained, unexplained = explain(missing, reached, texts, reasons)
    print("branches no test took, without a reason (file, line, how many):")
    for (name, line), times in unexplained.items():
        print(f"  {name}:{line}: {times}: {texts[name][line - 1].strip()}")
    print("branches no test took, by reason (how many, why, where):")
    for place, (where, part, _, reason) in enumerate(reasons):
        lines = explained[place]
        print(f"  {sum(lines.values()):5}  {where} with {part.strip()}: {reason}\n         {lines_by_file(lines)}")
    print("taken  branches  file")
    for name, (good, every) in sorted(files.items()):
        print(f"{100 * good / every:4.0f}%  {every:8}  {name}")
    good = sum(entry[0] for entry in files.values())
    every = sum(entry[1] for entry in files.values())
    percent = 100 * good / every
    print(json.dumps({"schema": 1, "what": "branches of ledger/ without store/", "taken": good, "branches": every,
                      "percent": round(percent, 2), "explained": sum(sum(lines.values()) for lines in explained.values()),
                      "unexplained": sum(unexplained.values())}))
    stale = [reasons[place] for place in range(len(reasons)) if not explained[place]]
    for where, part, *_ in stale:
        print(f"coverage: a reason fits nothing any more: {where} | {part}", file=sys.stderr)
    unseen = unmeasured(source, {name for name, _ in reached})
    for name in unseen:
        print(f"coverage: no test runs a program with {name} in it", file=sys.stderr)
    if percent < least:
        print(f"coverage: {percent:.2f}% is below {least:g}%", file=sys.stderr)
    sys.exit(0 if percent >= least and not (unexplained or stale or unseen) else 1)


if __name__ == "__main__":
    main()

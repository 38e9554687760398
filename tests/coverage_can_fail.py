#!/usr/bin/env python3
"""scripts/coverage.py sees each branch that no test takes, and takes a reason for no more than it describes.

    coverage_can_fail.py COVERAGE

It is given small sources with what gcov would say of them.
"""

import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

REASONS = """# A comment.
ledger/* | BOOKCHAIN_CHECK( | 2 | hands on an error
ledger/* | switch ( | 1 | the way around all cases
ledger/a.cpp | if (never | any number of branches
"""
SOURCE = """  switch (kind) {
  BOOKCHAIN_CHECK(done());
  if (never()) return;
  if (often()) return;
  assert(known());
}"""
SWITCH, CHECK, NEVER, OFTEN, ASSERT, BRACE = range(1, 7)
# A part of that has no test, but for a good reason.
WELL = {SWITCH: [1, 1, 1, 0], CHECK: [0, 1, 1, 0], NEVER: [0, 1], OFTEN: [1, 1], ASSERT: [1, 0], BRACE: [0, 0]}

GCOV = """#!/bin/sh
cp "$GCOV_SAYS" ./a.gcov.json.gz
"""


def gcov_says(source, instances):
    """One record an instance of the source: {line: how often each branch was taken, or (often, whether it throws)}."""
    lines = []
    for branches_of in instances:
        for number, branches in branches_of.items():
            each = [branch if isinstance(branch, tuple) else (branch, False) for branch in branches]
            count = max((often for often, _ in each), default=0) or int(number == BRACE)
            lines.append({"line_number": number, "count": count,
                          "branches": [{"count": often, "throw": throws} for often, throws in each]})
    return {"current_working_directory": str(source), "files": [{"file": "ledger/a.cpp", "lines": lines}]}


def run(coverage, base, instances, reasons, least):
    source, build = base / "source", base / "build"
    for folder in (source / "ledger/store", source / "tests", build):
        folder.mkdir(parents=True, exist_ok=True)
    (source / "ledger/a.cpp").write_text(SOURCE, encoding="utf-8")
    (source / "ledger/store/no_rule.cpp").write_text(SOURCE, encoding="utf-8")
    (source / "tests/coverage_reasons.txt").write_text(reasons, encoding="utf-8")
    (build / "a.gcda").touch()
    if not instances:
        (build / "a.gcda").unlink()
    says = base / "says.json.gz"
    with gzip.open(says, "wt") as text:
        json.dump(gcov_says(source.resolve(), instances), text)
    gcov = base / "gcov"
    gcov.write_text(GCOV, encoding="utf-8")
    gcov.chmod(0o700)
    return subprocess.run([sys.executable, coverage, build, source, "--least", str(least)], capture_output=True,
                          text=True, check=False, env={**os.environ, "GCOV": str(gcov), "GCOV_SAYS": str(says)})


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as place:
        for what, changed, code, words, reasons, least in (
                ("what has reasons", {}, 0, '"unexplained": 0', REASONS, 50),
                ("too few branches", {}, 1, "is below 99%", REASONS, 99),
                ("a case of a switch", {SWITCH: [1, 0, 1, 0]}, 1, "ledger/a.cpp:1: 2: switch (kind) {", REASONS, 0),
                ("a condition before a check", {CHECK: [1, 0, 0, 1, 1, 0]}, 1, "ledger/a.cpp:2: 3:", REASONS, 0),
                ("a branch without a reason", {OFTEN: [5, 0]}, 1, "ledger/a.cpp:4: 1: if (often())", REASONS, 0),
                ("a line that is never reached", {CHECK: [0, 0]}, 1, "ledger/a.cpp:2: 2:", REASONS, 0),
                ("a reason that fits nothing", {NEVER: [1, 1]}, 1, "fits nothing any more: ledger/a.cpp | if (never",
                 REASONS, 0),
                ("a pair with an exception", {OFTEN: [1, 1, (3, False), (0, True)]}, 0, '"branches": 12', REASONS, 0),
                ("the exception first", {OFTEN: [1, 1, (0, True), (3, False)]}, 0, '"branches": 12', REASONS, 0),
                ("a reason of two parts", {}, 1, "has a line that is not", REASONS + "ledger/* | if (\n", 0),
                ("a number that is none", {}, 1, "has a line that is not", REASONS + "ledger/* | if ( | x | why\n", 0)):
            done = run(sys.argv[1], pathlib.Path(place), [{**WELL, **changed}], reasons, least)
            bad += differs(what, code, words, done)
        twice = [WELL, {**WELL, SWITCH: [1, 1, 0]}]
        bad += differs("a switch in two templates", 0, '"unexplained": 0',
                       run(sys.argv[1], pathlib.Path(place), twice, REASONS, 0))
        (pathlib.Path(place) / "source/ledger/b.cpp").write_text(SOURCE, encoding="utf-8")
        bad += differs("a file in no program", 1, "no test runs a program with ledger/b.cpp in it",
                       run(sys.argv[1], pathlib.Path(place), [WELL], REASONS, 0))
        bad += differs("no run at all", 1, "nothing was run", run(sys.argv[1], pathlib.Path(place), [], REASONS, 0))
    return 1 if bad else 0


def differs(what, code, words, done):
    said = done.stdout + done.stderr
    if done.returncode == code and words in said:
        return False
    print(f"{what}: ended with {done.returncode} instead of {code}, or without '{words}':\n{said}", file=sys.stderr)
    return True


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Adds up the lines of JSON that several runs of the simulator ended with, over seeds that follow each other, and
prints one of the same form. Ends with 1 where they broke something, or are many and have not seen what so many must:
each kind of fault, attack and work, enough blocks while things went wrong, and so many exchanges.

  sum.py FILE...
"""

import json
import sys

FIXED = ("schema", "commit", "signatures")
SEEDS_FOR_ALL_KINDS = 1000
SEEDS_OF_THE_LONG_RUN = 100_000
EXCHANGES_OF_THE_LONG_RUN = 1_000_000


def added(one, other):
    if isinstance(one, dict):
        if one.keys() != other.keys():
            sys.exit("sum.py: these runs differ in what they count")
        return {key: added(one[key], other[key]) for key in one}
    if isinstance(one, str):  # the hashes of the traces, whatever the order of their seeds
        return f"{int(one, 16) ^ int(other, 16):016x}"
    return one + other


def sum_of(lines):
    total = {key: value for key, value in lines[0].items() if key not in FIXED}
    for line in lines[1:]:
        for key in FIXED:
            if line[key] != lines[0][key]:
                sys.exit(f"sum.py: these runs differ in {key}: {lines[0][key]} and {line[key]}")
        total = added(total, {key: value for key, value in line.items() if key not in FIXED})
    return {key: lines[0][key] if key in FIXED else total[key] for key in lines[0]}


def failures(total):
    if total["violations"]:
        yield f"{total['violations']} violations"
    if total["seeds"] >= SEEDS_FOR_ALL_KINDS:
        for group, before in (("workload", ""), ("faults", ""), ("attacks", ""), ("deaths", "a death ")):
            yield from (f"{before}{kind} never happened" for kind, times in total[group].items() if times == 0)
        if 3 * total["blocks_under_faults"] < total["blocks"]:
            yield "two thirds of the blocks came when nothing went wrong"
        if 3 * total["committed"] < total["exchanges"]:
            yield "less than a third of the exchanges were recorded"
    if total["seeds"] >= SEEDS_OF_THE_LONG_RUN and total["exchanges"] < EXCHANGES_OF_THE_LONG_RUN:
        yield f"{total['exchanges']} exchanges are less than {EXCHANGES_OF_THE_LONG_RUN}"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    lines = []
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            lines.append(json.loads(file.read()))
    total = sum_of(lines)
    print(json.dumps(total, separators=(",", ":")))
    failed = list(failures(total))
    for failure in failed:
        print(f"sum.py: {failure}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

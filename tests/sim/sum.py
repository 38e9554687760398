#!/usr/bin/env python3
"""Adds up the lines of JSON that several runs of the simulator ended with, over seeds that follow each other, and
prints one of the same form.

  sum.py FILE...
"""

import json
import sys


def added(one, other):
    if isinstance(one, dict):
        return {key: added(one[key], other[key]) for key in one}
    return one + other


def sum_of(lines):
    total = lines[0]
    for line in lines[1:]:
        for fixed in ("schema", "signatures"):
            if line[fixed] != total[fixed]:
                sys.exit(f"sum.py: these runs differ in {fixed}")
        total = {**added({k: v for k, v in total.items() if k not in ("schema", "signatures")},
                         line), "schema": total["schema"], "signatures": total["signatures"]}
    return total


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    lines = []
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            lines.append(json.loads(file.read()))
    total = sum_of(lines)
    print(json.dumps({key: total[key] for key in lines[0]}, separators=(",", ":")))
    return 1 if total["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""check_mutations.py network.yaml chain.jsonl [COUNT [SEED]]

Changes one byte of a valid exported chain, COUNT times, each time from the valid one, and asks the
independent verifier: every changed copy must be refused, and at the very block that was changed. Then cuts
lines out, swaps and repeats them."""

import contextlib
import io
import random
import sys
import tempfile

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import network_file
import verify_chain

HEX = b"0123456789abcdef"


def refusal(network, data):
    """Why the chain is refused, or None."""
    try:
        verify_chain.verify(network, data)
    except verify_chain.BadChain as fault:
        return fault
    return None


def change_one_byte(generator, data):
    """Mostly one hex digit for another, so that the change is seen by the rules and not by the line alone."""
    place = generator.randrange(len(data))
    choices = HEX if data[place] in HEX and generator.random() < 0.9 else bytes(range(256))
    byte = generator.choice([choice for choice in choices if choice != data[place]])
    return place, data[:place] + bytes([byte]) + data[place + 1 :]


def check_changed_bytes(network, data, count, generator):
    failures, rules = 0, {}
    for _ in range(count):
        place, changed = change_one_byte(generator, data)
        fault = refusal(network, changed)
        line = data.count(b"\n", 0, place)
        moved_lines = data.count(b"\n") != changed.count(b"\n")
        if fault is None or (fault.height != line and not moved_lines):
            print(f"byte {place} (line {line + 1}) changed: {fault or 'accepted'}")
            failures += 1
        else:
            rules[fault.rule] = rules.get(fault.rule, 0) + 1
    print("refused by rule: " + ", ".join(f"{rule} {rules[rule]}" for rule in sorted(rules)))
    return failures


def check_changed_lines(network, data):
    lines = data.splitlines(keepends=True)
    last = len(lines) - 1
    changed = {
        "the first line is missing": lines[1:],
        "the second line is missing": lines[:1] + lines[2:],
        "two lines are swapped": lines[: last - 1] + [lines[last], lines[last - 1]],
        "the last line stands twice": lines + lines[last:],
        "an empty line at the end": lines + [b"\n"],
        "no end of the last line": lines[:last] + [lines[last][:-1]],
        "a carriage return": lines[:last] + [lines[last][:-1] + b"\r\n"],
        "a space at the end of a line": lines[:last] + [lines[last][:-1] + b" \n"],
        "hex in upper case": lines[:last] + [lines[last].replace(b"a", b"A")],
        "nothing at all": [],
    }
    accepted = [what for what, parts in changed.items() if refusal(network, b"".join(parts)) is None]
    for what in accepted:
        print(f"{what}: accepted")
    return len(accepted)


def exit_code(network_file_name, data):
    """Of the verifier as a program, for a chain of these bytes."""
    with tempfile.NamedTemporaryFile() as file, contextlib.redirect_stdout(io.StringIO()):
        file.write(data)
        file.flush()
        return verify_chain.main(["verify_chain.py", network_file_name, file.name])


def main(arguments):
    with open(arguments[1], "rb") as file:
        network = network_file.read(file.read())
    with open(arguments[2], "rb") as file:
        data = file.read()
    count = int(arguments[3]) if len(arguments) > 3 else 300
    seed = int(arguments[4]) if len(arguments) > 4 else 1
    if refusal(network, data):
        print(f"the unchanged chain is refused: {refusal(network, data)}")
        return 1
    if (exit_code(arguments[1], data), exit_code(arguments[1], data[:-1])) != (0, 3):
        print("the exit codes are not 0 for the chain and 3 for a part of it")
        return 1
    print(f"{count} changes, seed {seed}")
    failures = check_changed_bytes(network, data, count, random.Random(seed)) + check_changed_lines(network, data)
    print("every change was refused" if failures == 0 else f"{failures} changes were not refused as they must be")
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))

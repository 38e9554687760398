#!/usr/bin/env python3
"""verify_chain.py network.yaml chain.jsonl

Checks an exported chain with nothing but docs/formats.md and the network file: an independent second
reading of the formats, in plain Python 3 without other packages. Prints height and head, or the first bad
block with the rule it breaks. Exit code 0 if the chain is valid, 3 if it is not, 2 if the arguments are
wrong."""

import re
import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import canonical
import network_file
from chain_rules import Refused, Rules

LINE = re.compile(
    rb'\{"height":(0|[1-9][0-9]*),"hash":"([0-9a-f]{64})",'
    rb'"block":"((?:[0-9a-f]{2})*)","certificate":"((?:[0-9a-f]{2})*)"\}'
)


class BadChain(Exception):
    def __init__(self, height, rule, why):
        super().__init__(f"bad block {height}: {why}")
        self.height = height
        self.rule = rule


def verify(network, data):
    """Height and head of a valid exported chain; raises BadChain."""
    lines = data.split(b"\n")
    first = b'{"bookchain":"chain","schema":1,"network":"' + network.id.hex().encode() + b'"}'
    if lines[0] != first:
        raise BadChain(0, "E1", "E1: the first line is not that of this network")
    if lines[-1] != b"" or len(lines) < 2:
        raise BadChain(len(lines) - 1, "E2", "E2: the last line has no end")
    rules = Rules(network)
    for height, line in enumerate(lines[1:-1], start=1):
        try:
            append_line(rules, height, line)
        except Refused as refused:
            raise BadChain(height, refused.rule, str(refused)) from None
        except canonical.NotCanonical as fault:
            raise BadChain(height, str(fault)[:2], str(fault)) from None
    return rules.height, rules.head


def append_line(rules, height, line):
    found = LINE.fullmatch(line)
    if not found or int(found[1]) != height:
        raise Refused("E2", "the line is not that of a block")
    block_bytes = bytes.fromhex(found[3].decode())
    block = canonical.whole(canonical.WHOLE_BLOCK, block_bytes)
    certificate = canonical.whole(canonical.CERTIFICATE, bytes.fromhex(found[4].decode()))
    if rules.id(block.header).hex().encode() != found[2]:
        raise Refused("E4", "the hash is not that of the block")
    rules.append(block, block_bytes, certificate)


def main(arguments):
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[1], "rb") as file:
        network_bytes = file.read()
    with open(arguments[2], "rb") as file:
        chain_bytes = file.read()
    try:
        height, head = verify(network_file.read(network_bytes), chain_bytes)
    except network_file.BadNetwork as fault:
        print(f"bad network: {fault}")
        return 3
    except BadChain as fault:
        print(fault)
        return 3
    print(f"valid: height {height}, head {head.hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

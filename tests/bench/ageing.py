#!/usr/bin/env python3
"""ageing.py PROGRAM [EXCHANGES [AT_ONCE]]

Whether a network slows down with what it has behind it: EXCHANGES (100,000) in one network over sockets, 64 in flight,
AT_ONCE (1,000) at a time. Printed are the rates as it ages, by the tenth, and the ratio of the last tenth's median to
the first's; so that other users of the machine count for little, each is a median of many.
"""

import sys
import tempfile
from pathlib import Path

from exchanges import Load, Network, settle
from measuring import median, report

IN_FLIGHT = 64
PARTS = 10


def main():
    program = str(Path(sys.argv[1]).resolve())
    exchanges = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    at_once = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000
    rates, cpu = [], []
    with tempfile.TemporaryDirectory() as folder:
        network = Network(program, Path(folder) / "network", "socket", IN_FLIGHT)
        network.start()
        try:
            for _ in range(max(PARTS, exchanges // at_once)):
                before = sum(server.cpu_seconds() for server in network.servers.values())
                rates.append(Load(network, IN_FLIGHT).run(at_once))
                after = sum(server.cpu_seconds() for server in network.servers.values())
                cpu.append(1000 * (after - before) / at_once)
            settle(network)
            memory = max(server.memory_mib() for server in network.servers.values())
        finally:
            network.stop()
        height = network.check()
    size = len(rates) // PARTS
    rows = [("exchanges behind it", "a second", "CPU ms an exchange")]
    result = {"exchanges": len(rates) * at_once, "blocks": height, "memory_mib": round(memory, 1), "parts": []}
    for part in range(PARTS):
        which = slice(part * size, (part + 1) * size)
        entry = {"after": part * size * at_once, "rate": round(median(rates[which]), 1),
                 "cpu_ms_an_exchange": round(median(cpu[which]), 2)}
        result["parts"].append(entry)
        rows.append(tuple(entry.values()))
    result["ratio"] = round(result["parts"][-1]["rate"] / result["parts"][0]["rate"], 3)
    result["cpu_ratio"] = round(result["parts"][-1]["cpu_ms_an_exchange"] / result["parts"][0]["cpu_ms_an_exchange"], 3)
    report("ageing", rows, result)


if __name__ == "__main__":
    main()

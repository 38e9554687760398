#!/usr/bin/env python3
"""ageing.py PROGRAM [EXCHANGES [AT_ONCE]]

Whether a network slows down with what it has behind it: EXCHANGES (100,000) in one network over sockets, 64 in flight,
AT_ONCE (1,000) at a time. Before each tenth and after the last, three new networks make their first AT_ONCE: a machine
that others use is not as quick after minutes as it was. Printed are the rates as it ages, by the tenth, beside those of
the new ones right before and after it, and the medians of the ratios beyond the first tenth.
"""

import sys
import tempfile
from pathlib import Path

import exchanges
from exchanges import Load, Network, settle
from measuring import median, report

IN_FLIGHT = 64
PARTS = 10
WARM_UP = 8
NEW_ONES = 3


def cpu_seconds(network):
    return sum(server.cpu_seconds() for server in network.servers.values())


def measure(network, count):
    """Exchanges a second, and milliseconds of processor time of each."""
    before = cpu_seconds(network)
    rate = Load(network, IN_FLIGHT).run(count)
    return rate, 1000 * (cpu_seconds(network) - before) / count


def medians(measured):
    return tuple(median(column) for column in zip(*measured))


def measure_new(program, count):
    """The first exchanges of some new networks: medians of the same."""
    measured = []
    for _ in range(NEW_ONES):
        with tempfile.TemporaryDirectory() as folder:
            run = exchanges.measure(program, Path(folder) / "network", "socket", count, IN_FLIGHT)
            measured.append((run["rate"], run["cpu_ms_an_exchange"]))
    return medians(measured)


def age(network, times, at_once):
    """Of each tenth, which is so many times at_once: medians of the network, and of new ones before and after."""
    parts = []
    Load(network, IN_FLIGHT).run(WARM_UP)
    new = measure_new(network.program, at_once)
    for _ in range(PARTS):
        old = medians([measure(network, at_once) for _ in range(times)])
        before, new = new, measure_new(network.program, at_once)
        parts.append((old, tuple(sum(pair) / 2 for pair in zip(before, new))))
    return parts


def main():
    program = str(Path(sys.argv[1]).resolve())
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    at_once = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000
    times = max(1, wanted // at_once // PARTS)
    with tempfile.TemporaryDirectory() as folder:
        network = Network(program, Path(folder) / "network", "socket", IN_FLIGHT)
        network.start()
        try:
            parts = age(network, times, at_once)
            settle(network)
            memory = max(server.memory_mib() for server in network.servers.values())
        finally:
            network.stop()
        height = network.check()
    rows = [("exchanges behind it", "a second", "CPU ms", "new ones a second", "CPU ms", "ratio", "of CPU")]
    result = {"exchanges": PARTS * times * at_once, "blocks": height, "memory_mib": round(memory, 1), "parts": []}
    for part, ((rate, cpu), (new_rate, new_cpu)) in enumerate(parts):
        entry = {"after": part * times * at_once, "rate": round(rate, 1), "cpu_ms_an_exchange": round(cpu, 2),
                 "new_rate": round(new_rate, 1), "new_cpu_ms_an_exchange": round(new_cpu, 2),
                 "ratio": round(rate / new_rate, 3), "cpu_ratio": round(cpu / new_cpu, 3)}
        result["parts"].append(entry)
        rows.append(tuple(entry.values()))
    for name in ("ratio", "cpu_ratio"):
        result[name] = round(median([entry[name] for entry in result["parts"][1:]]), 3)
    report("ageing", rows, result)


if __name__ == "__main__":
    main()

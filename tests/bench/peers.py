#!/usr/bin/env python3
"""peers.py PROGRAM [EXCHANGES]

What an exchange costs as the network grows from 4 to 64 peers: every peer of it is a witness, signs answers and votes.
One exchange at a time over sockets, all peers served by processes on this machine, whose cores they share: the CPU
time of all peers together is what grows with their number, the latency shows the few cores as well.
"""

import sys
import tempfile
from pathlib import Path

from exchanges import measure
from measuring import report

SIZES = (4, 7, 16, 32, 64)


def main():
    program = str(Path(sys.argv[1]).resolve())
    exchanges = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    rows = [("peers", "p50 ms", "CPU ms an exchange", "of it a peer", "MiB of a process")]
    result = {"exchanges": exchanges, "sizes": []}
    for size in SIZES:
        ports = tuple(range(5000, 5000 + size))
        with tempfile.TemporaryDirectory() as folder:
            run = measure(program, Path(folder) / "network", "socket", exchanges, 1, ports)
        cpu = run["cpu_ms_an_exchange"]
        entry = {"peers": size, "p50_ms": round(run["p50_ms"], 1), "cpu_ms_an_exchange": round(cpu, 1),
                 "cpu_ms_a_peer": round(cpu / size, 2), "memory_mib": round(run["memory_mib"], 1)}
        result["sizes"].append(entry)
        rows.append(tuple(entry.values()))
    report("peers", rows, result)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""disturbed.py PROGRAM HOSTILE_CLIENTS [RUNS [EXCHANGES]]

What exchanges between well-behaved peers lose while somebody disturbs them, over sockets: the same network takes turns
with and without the disturbance, and the ratio of the two rates is that of one run.

- hostile clients at every peer (hostile_clients.cpp): 64 connections with half a frame, 64 that announce a frame of
  4 GiB, 8 that send a byte a second, and 4,000 a second that are opened and closed;
- of seven peers one dead and one stopped for two seconds of every four; the exchanges are between the other five.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from exchanges import PORTS, Load, Network
from measuring import median, report

SEVEN = (5000, 5001, 5002, 5003, 5004, 5005, 5006)
STOPPED, DEAD = SEVEN[5:]
STOP_SECONDS = 2
hostile_clients = ""  # the program


class HostileClients:
    def __init__(self, network: Network):
        self.sockets = [str(network.folder / str(port) / "socket") for port in network.ports]
        self.count = 0
        self.process = None

    def start(self):
        self.process = subprocess.Popen([hostile_clients, *self.sockets], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "at work\n":
            sys.exit("the hostile clients did not begin")

    def end(self):
        out, _ = self.process.communicate(timeout=30)
        if self.process.returncode != 0:
            sys.exit(f"the hostile clients ended with {self.process.returncode}")
        self.count = int(out.split()[-1])


class StoppedPeer(threading.Thread):
    """Waits nearly all of the time."""

    def __init__(self, network: Network):
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.count = 0
        self.process = network.servers[STOPPED].process

    def run(self):
        while not self.over.is_set():
            self.process.send_signal(signal.SIGSTOP)
            self.over.wait(STOP_SECONDS)
            self.process.send_signal(signal.SIGCONT)
            self.count += 1
            self.over.wait(STOP_SECONDS)

    def end(self):
        self.over.set()
        self.join()


def measure(network: Network, disturbance, exchanges: int, before=None) -> dict:
    """Rates without and with it, in turns; most memory and descriptors of a process that was not disturbed itself."""
    busy = [port for port in network.ports if port not in (STOPPED, DEAD)]
    network.start()
    rates = {False: [], True: []}
    most_descriptors = disturbances = 0
    try:
        Load(network, 8, busy).run(8)
        # The dead stay dead; else the two take turns.
        for disturbed in (False, False, True, True) if before else (False, True, False, True):
            if disturbed and before:
                before(network)
            thread = disturbance(network) if disturbed else None
            if thread:
                thread.start()
            try:
                rates[disturbed].append(Load(network, 64, busy).run(exchanges))
                most_descriptors = max([most_descriptors] + [network.servers[port].descriptors() for port in busy])
            finally:
                if thread:
                    thread.end()
                    disturbances += thread.count
        memory = max(network.servers[port].memory_mib() for port in busy)
    finally:
        network.stop()
    healthy, disturbed = (median(rates[kind]) for kind in (False, True))
    return {"healthy": healthy, "disturbed": disturbed, "ratio": disturbed / healthy, "memory_mib": memory,
            "descriptors": most_descriptors, "disturbances": disturbances}


def kill_one(network: Network):
    process = network.servers[DEAD].process
    process.send_signal(signal.SIGKILL)
    process.wait()


def main():
    global hostile_clients
    program, hostile_clients = (str(Path(word).resolve()) for word in sys.argv[1:3])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    exchanges = int(sys.argv[4]) if len(sys.argv) > 4 else 600
    cases = {
        "hostile clients": (PORTS, HostileClients, None),
        "one of seven dead, one stopped": (SEVEN, StoppedPeer, kill_one),
    }
    measured = {name: [] for name in cases}
    for _ in range(runs):
        for name, (ports, disturbance, before) in cases.items():
            with tempfile.TemporaryDirectory() as folder:
                network = Network(program, Path(folder) / "network", "socket", 64, ports)
                measured[name].append(measure(network, disturbance, exchanges, before))
    rows = [("disturbance", "healthy a second", "disturbed", "ratio", "MiB", "descriptors", "times")]
    result = {"runs": runs, "exchanges": exchanges, "medians": []}
    for name, all_runs in measured.items():
        middle = {key: round(median([run[key] for run in all_runs]), 2) for key in all_runs[0]}
        result["medians"].append({"disturbance": name, **middle})
        rows.append((name, *middle.values()))
    report("disturbed", rows, result)


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    main()

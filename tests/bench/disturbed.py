#!/usr/bin/env python3
"""disturbed.py PROGRAM [RUNS [EXCHANGES]]

What exchanges between well-behaved peers lose while somebody disturbs them, over sockets: the same network takes turns
with and without the disturbance, and the ratio of the two rates is that of one run.

- hostile clients at every peer: 64 connections with half a frame, 64 that announce a frame of 4 GiB, 8 that send a
  byte a second, and as many as it can that are opened and closed one after the other;
- of seven peers one dead and one stopped for two seconds of every four; the exchanges are between the other five.
"""

import itertools
import multiprocessing
import os
import signal
import socket
import struct
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
HELD, SLOW, AT_ONCE = 64, 8, 4


class HostileClients:
    """Clients in a process of their own: they take nothing from the one that makes the requests."""

    def __init__(self, network: Network):
        context = multiprocessing.get_context("spawn")
        sockets = [str(network.folder / str(port) / "socket") for port in network.ports]
        self.over, self.begun, self.counted = context.Event(), context.Event(), context.Value("Q", 0)
        self.process = context.Process(target=be_hostile, daemon=True,
                                       args=(sockets, self.over, self.begun, self.counted))

    @property
    def count(self) -> int:
        return self.counted.value

    def start(self):
        self.process.start()
        if not self.begun.wait(30):
            sys.exit("the hostile clients did not begin")

    def end(self):
        self.over.set()
        self.process.join()


def be_hostile(sockets, over, begun, counted):
    """Until it is over; each connection that is opened and closed is counted."""
    turns = itertools.cycle(sockets)

    def connect():
        """A connection to the next peer, or nothing where it takes none just now."""
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(0.05)
        try:
            client.connect(next(turns))
        except OSError:
            client.close()
            return None
        return client

    def send(client, some: bytes) -> bool:
        """False once the peer has had enough of it."""
        try:
            client.sendall(some)
        except OSError:
            client.close()
            return False
        return True

    def hold(size: int):
        client = connect()
        return client if client and send(client, struct.pack(">I", size) + b"half") else None

    slow, held = [], []
    last = 0.0
    while not over.is_set():
        while len(held) < 2 * HELD:
            held.append(hold(1000 if len(held) % 2 else 0xFFFFFFFF))
        held = [client for client in held if client]
        while len(slow) < SLOW:
            slow.append(connect())
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            slow = [client for client in slow if client and send(client, b"x")]
            held = [client for client in held if send(client, b"")]
        for _ in range(AT_ONCE):
            client = connect()
            if client:
                client.close()
            counted.value += 1
        begun.set()
        over.wait(0.0005)
    for client in slow + held:
        if client:
            client.close()


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
    program = str(Path(sys.argv[1]).resolve())
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    exchanges = int(sys.argv[3]) if len(sys.argv) > 3 else 400
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

#!/usr/bin/env python3
"""exchanges.py PROGRAM PARTS [RUNS [EXCHANGES]]

Exchanges a second of four `serve` processes, with value books that go to and fro among all pairs of peers: over
sockets and over spools, 64 in flight, one by one, and one alone, which begins when all have rested. Against
the floor of the same run: what the signatures, checks, seals and durable commits of an exchange take by themselves
(parts.cpp). Requests come by `serve --requests -`.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import median, report

# What one exchange of four peers needs at least (docs/performance.md): statements that are signed, statements that
# somebody checks for the first time, messages between two peers, and how many of them share a durable commit.
SIGNATURES, VERIFICATIONS, MESSAGES, COMMIT_SIZE = 18, 31, 25, 64

PORTS = (5000, 5001, 5002, 5003)
START_SECONDS = 30
# Before one alone: the other peers take the block, tell of it and put it away meanwhile.
REST_SECONDS = 0.03
STALL_SECONDS = 60
READ_BYTES = 1 << 16
# How the lines begin that tell of a request and of its end.
HEARD = (b"request of line", b"committed", b"exchange-over")


class Network:
    """A network in a directory, its peers served by processes of the program."""

    def __init__(self, program: str, folder: Path, transport: str, books: int, ports=PORTS):
        self.program, self.folder, self.ports = program, folder, ports
        self.run("init", str(folder), "--transport", transport, "--auto-books", str(books),
                 "--ports", ",".join(map(str, ports)))
        listed = self.ask(ports[0], "list-books", "--all")["books"]
        # Where each book is; one that travels is nowhere.
        self.shelves = {port: [book["book"] for book in listed if book["owner"] == port] for port in ports}
        self.servers = {}

    def run(self, *words: str) -> str:
        return subprocess.run([self.program, *words], check=True, capture_output=True, text=True).stdout

    def ask(self, port: int, *words: str):
        return json.loads(self.run("-n", str(self.folder), "-p", str(port), "-o", "json", *words))

    def start(self):
        for port in self.ports:
            self.servers[port] = Server(self, port)
        for server in self.servers.values():
            server.await_start()

    def stop(self):
        for server in self.servers.values():
            server.process.send_signal(signal.SIGTERM)
        for server in self.servers.values():
            server.process.wait(timeout=30)
            with contextlib.suppress(BrokenPipeError):  # it ended before it had all of them
                server.process.stdin.close()
            server.process.stdout.close()

    def check(self) -> int:
        """All chains are equal and valid; gives their height."""
        heads = {(status["height"], status["head"]) for status in (self.ask(port, "status") for port in self.ports)}
        if len(heads) != 1:
            raise RuntimeError(f"the chains differ: {sorted(heads)}")
        if not self.ask(self.ports[0], "verify-chain")["valid"]:
            raise RuntimeError("the chain is not valid")
        return heads.pop()[0]


class Server:
    def __init__(self, network: Network, port: int):
        self.port = port
        self.text = b""
        self.process = subprocess.Popen(
            [network.program, "-n", str(network.folder), "-p", str(port), "serve", "--requests", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pipe = self.process.stdout.fileno()
        os.set_blocking(self.pipe, False)
        self.ended = False
        self.unsent = False
        self.lines = 0

    def await_start(self):
        end = time.monotonic() + START_SECONDS
        while not any(line.startswith("serving") for line in self.read()):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"serve at {self.port} did not start")
            time.sleep(0.005)

    def read(self, starts=b"") -> "list[str]":
        """The lines that have come, those with one of these starts."""
        while not self.ended:
            try:
                some = os.read(self.pipe, READ_BYTES)
            except BlockingIOError:
                break
            self.text += some
            self.ended = not some
            if len(some) < READ_BYTES:
                break
        *lines, self.text = self.text.split(b"\n")
        return [line.decode() for line in lines if line.startswith(starts)]

    def request(self, owner: int, book: str) -> int:
        """To be sent with the next send_requests(); gives the number of its line."""
        if self.ended:
            raise RuntimeError(f"serve at {self.port} has ended")
        self.process.stdin.write(f"{owner} {book}\n".encode())
        self.unsent = True
        self.lines += 1
        return self.lines

    def send_requests(self):
        if self.unsent and not self.ended:
            self.unsent = False
            self.process.stdin.flush()

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory_mib(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        return 0.0


class Load:
    """Keeps a number of exchanges in flight, spread over all pairs of some peers, until enough have ended."""

    def __init__(self, network: Network, in_flight: int, ports=None):
        self.network, self.in_flight = network, in_flight
        among = ports or network.ports
        self.pairs = [(to, of) for to in among for of in among if to != of]
        self.turn = 0
        self.asked = {}      # (requester, line) -> (owner, book, time)
        self.running = {}    # (requester, short id) -> (owner, book, time)
        self.latencies = []
        self.refused = 0
        self.early = 0

    def ask_next(self) -> bool:
        for _ in self.pairs:
            requester, owner = self.pairs[self.turn % len(self.pairs)]
            self.turn += 1
            if not self.network.shelves[owner]:
                continue
            book = self.network.shelves[owner].pop(0)
            line = self.network.servers[requester].request(owner, book)
            self.asked[(requester, line)] = (owner, book, time.monotonic())
            return True
        return False

    def hear(self, port: int, line: str) -> bool:
        """Whether an exchange has ended by that."""
        words = line.split()
        if words[0] == "request":
            entry = self.asked.pop((port, int(words[3].rstrip(":"))))
            if words[4].startswith("refused"):
                # The requester has not heard yet who owns the book now.
                owner, book, _ = entry
                self.network.shelves[owner].append(book)
                self.early += 1
                self.ask_next()
            else:
                self.running[(port, words[4])] = entry
            return False
        entry = self.running.pop((port, words[1].rstrip(":")), None)
        if entry is None:
            return False
        owner, book, began = entry
        if words[0] == "committed":
            self.latencies.append(time.monotonic() - began)
            self.network.shelves[port].append(book)
        else:
            self.refused += 1
            self.network.shelves[owner].append(book)
        return True

    def left_of(self, exchanges: int) -> int:
        """How many of them were not asked for yet."""
        return exchanges - len(self.latencies) - self.refused - len(self.asked) - len(self.running)

    def wait_for_lines(self, everyone: bool) -> "list[int]":
        """The ports that have something to read, of those that a request waits for: what the others tell would take
        time from them. Of everyone now and then, lest a pipe be full."""
        waited_for = {port for port, _ in (*self.asked, *self.running)}
        heard = [server for port, server in self.network.servers.items()
                 if (everyone or port in waited_for) and not server.ended]
        ready = select.select([server.pipe for server in heard], [], [], 1)[0]
        return [server.port for server in heard if server.pipe in ready]

    def send_requests(self):
        for server in self.network.servers.values():
            server.send_requests()

    def run(self, exchanges: int, rest: float = 0) -> float:
        """Exchanges a second, from the first request to the last commit at its requester. With a rest, in seconds, there
        is one whenever none is in flight, which does not count."""
        began = heard = time.monotonic()
        rounds = rested = 0
        for _ in range(min(self.in_flight, exchanges)):
            self.ask_next()
        self.send_requests()
        while len(self.latencies) + self.refused < exchanges:
            rounds += 1
            for port in self.wait_for_lines(everyone=rounds % 32 == 0):
                heard = time.monotonic()
                for line in self.network.servers[port].read(HEARD):
                    if self.hear(port, line) and not rest and self.left_of(exchanges) > 0:
                        self.ask_next()
            if rest and not self.asked and not self.running and self.left_of(exchanges) > 0:
                began_rest = time.monotonic()
                time.sleep(rest)
                rested += time.monotonic() - began_rest
                self.ask_next()
            self.send_requests()
            if time.monotonic() - heard > STALL_SECONDS:
                raise RuntimeError(f"nothing has moved for {STALL_SECONDS} s: {self.asked} {self.running}")
        return exchanges / (time.monotonic() - began - rested)


def percentile(values: "list[float]", part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def stolen_of_all() -> "tuple[int, int]":
    """What the host of this virtual machine took of its processor time for others, and all of it, so far."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return ticks[7], sum(ticks)


def measure(program: str, folder: Path, transport: str, exchanges: int, in_flight: int, ports=PORTS, rest=0.0) -> dict:
    """One run of a fresh network."""
    network = Network(program, folder, transport, max(in_flight, 20), ports)
    network.start()
    try:
        Load(network, min(in_flight, 8)).run(8)  # what is done once is done
        before = [server.cpu_seconds() for server in network.servers.values()]
        load = Load(network, in_flight)
        stolen_before, all_before = stolen_of_all()
        rate = load.run(exchanges, rest)
        stolen, total = stolen_of_all()
        cpu = sum(server.cpu_seconds() for server in network.servers.values()) - sum(before)
        memory = max(server.memory_mib() for server in network.servers.values())
        settle(network)
    finally:
        network.stop()
    height = network.check()
    return {"transport": transport, "in_flight": in_flight, "exchanges": exchanges, "rate": rate,
            "p50_ms": 1000 * percentile(load.latencies, 0.50), "p99_ms": 1000 * percentile(load.latencies, 0.99),
            "cpu_ms_an_exchange": 1000 * cpu / exchanges, "memory_mib": memory, "height": height,
            "stolen_percent": 100 * (stolen - stolen_before) / max(1, total - all_before),
            "over": load.refused, "early": load.early}


def settle(network: Network):
    """Waits until all peers have the last block."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if len({network.ask(port, "status")["height"] for port in network.ports}) == 1:
            return
        time.sleep(0.1)


def floor(parts, folder):
    """Exchanges a second of all cores, were there nothing but signatures, checks, seals and durable commits."""
    out = subprocess.run([parts, "--benchmark_format=json", "--benchmark_min_time=0.2"], check=True, cwd=folder,
                         capture_output=True, text=True).stdout
    micros = {each["name"]: each["real_time"] for each in json.loads(out)["benchmarks"]}
    commit = micros["durable_commit/64/real_time"] / COMMIT_SIZE
    needed = (SIGNATURES * micros["sign_statement"] + VERIFICATIONS * micros["verify_statement"] +
              MESSAGES * (micros["seal_and_open_message"] + commit))
    return len(os.sched_getaffinity(0)) * 1e6 / needed


def main():
    program, parts = (str(Path(word).resolve()) for word in sys.argv[1:3])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    exchanges = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
    measured = {}
    floors = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            # The machine's speed varies from minute to minute: what is compared is measured side by side.
            floors.append(floor(parts, folder))
            for transport in ("socket", "spool"):
                few = max(20, exchanges // 20)
                for load, count, in_flight, rest in (("64 in flight", exchanges, 64, 0), ("one by one", few, 1, 0),
                                                     ("one alone", few, 1, REST_SECONDS)):
                    run = measure(program, Path(folder) / f"{transport} {load}", transport, count, in_flight, rest=rest)
                    floors.append(floor(parts, folder))
                    run["of_floor"] = run["rate"] / (sum(floors[-2:]) / 2)
                    measured.setdefault((transport, load), []).append(run)
    rows = [("", "load", "a second", "of the floor", "p50 ms", "p99 ms", "CPU ms", "MiB", "stolen %")]
    result = {"runs": runs, "floor": round(median(floors), 1), "medians": []}
    for (transport, load), all_runs in measured.items():
        middle = {key: round(median([run[key] for run in all_runs]), 2) for key in
                  ("rate", "of_floor", "p50_ms", "p99_ms", "cpu_ms_an_exchange", "memory_mib", "stolen_percent")}
        result["medians"].append({"transport": transport, "load": load, **middle})
        rows.append((transport, load, *middle.values()))
    report("exchanges", rows, result)


if __name__ == "__main__":
    main()

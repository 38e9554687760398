#!/usr/bin/env python3
"""large_book.py PROGRAM [MIB [RUNS]]

A book of MIB (1024) from `add-book` to the received plaintext, over spools on one file system, against `age`
encrypting and decrypting the same file with sync, in the same run. Each command's time and most memory. Beside it the
same over sockets, between four `serve` processes. Takes about six times MIB of disk below $TMPDIR, and as much memory
for the cache of files where there is so much: before each run it is touched once, since a virtual machine may get its
memory from the host only then, and whoever came first would pay for it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import exchanges
from measuring import Network, Run, median, report


def write_random(file, mib):
    with open(file, "wb") as out:
        for _ in range(mib):
            out.write(os.urandom(1 << 20))
        os.fsync(out.fileno())


def touch_memory(file, mib):
    """The cache of files has been where the files of a run will be."""
    with open(file, "wb") as out:
        for _ in range(mib):
            out.write(bytes(1 << 20))
    file.unlink()


def age_seconds(folder, book):
    """Encrypting with sync, and decrypting with sync."""
    key, encrypted, decrypted = (folder / name for name in ("key", "book.age", "book.back"))
    if not key.exists():
        Run(["age-keygen", "-o", key])
    recipient = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True).stdout.strip()
    there = Run(["sh", "-c", 'age -r "$1" -o "$2" "$3" && sync "$2"', "sh", recipient, encrypted, book])
    back = Run(["sh", "-c", 'age -d -i "$1" -o "$2" "$3" && sync "$2"', "sh", key, decrypted, encrypted])
    encrypted.unlink()
    decrypted.unlink()
    return there.seconds, back.seconds


class Flow:
    """One exchange, command by command."""

    def __init__(self, network):
        self.network = network
        self.times = {}
        self.peak_mib = 0.0

    def at(self, port, *words):
        run = self.network.at(port, *words)
        self.times.setdefault(words[0], []).append(run.seconds)
        self.peak_mib = max(self.peak_mib, run.peak_mib)
        return run

    def receive_at(self, *ports):
        for port in ports:
            self.at(port, "receive")

    def seconds(self, *commands):
        return sum(sum(self.times[command]) for command in commands)


def hand_over(network, book, target):
    """Gives the flow and the seconds of its parts."""
    flow = Flow(network)
    title = flow.at(5001, "add-book", book).json["book"]
    added = flow.seconds("add-book")
    flow.receive_at(*network.ports)
    before = flow.seconds("receive")
    exchange = flow.at(5000, "request", "--from", 5001, "--book", title).json["exchange"]
    flow.receive_at(5001)
    flow.at(5001, "grant", exchange)
    flow.receive_at(5002, 5003, 5000)
    flow.at(5000, "consent", exchange)
    flow.receive_at(5001)
    flow.at(5001, "check-id", exchange)
    flow.receive_at(5002, 5003, 5001)
    flow.at(5001, "release", exchange)
    flow.receive_at(5000)
    flow.at(5000, "open", exchange)
    verified = sum(map(sum, flow.times.values())) - added - before
    flow.at(5000, "check-key", exchange)
    flow.receive_at(5002, 5003, 5000)
    flow.at(5000, "mine", exchange)
    for _ in range(6):
        flow.receive_at(*network.ports)
    flow.at(5000, "get-book", title, "--to", target)
    return flow, added, verified


def await_line(server, start):
    end = time.monotonic() + 600
    while time.monotonic() < end:
        if any(line.startswith(start) for line in server.read()):
            return
        time.sleep(0.005)
    sys.exit(f"the server at {server.port} never said {start!r}")


def hand_over_by_sockets(program, folder, book, target):
    """Seconds from the request to the verified plaintext, and the most memory of a process."""
    network = exchanges.Network(program, folder, "socket", 0)
    added = network.ask(5001, "add-book", str(book))["book"]
    network.start()
    try:
        while not any(each["book"] == added for each in network.ask(5000, "list-books", "--all")["books"]):
            time.sleep(0.05)
        requester = network.servers[5000]
        requester.read()
        began = time.perf_counter()
        requester.request(5001, added)
        requester.send_requests()
        await_line(requester, "open ")
        seconds = time.perf_counter() - began
        await_line(requester, "committed ")
        network.run("-n", str(folder), "-p", "5000", "get-book", added, "--to", str(target))
        return seconds, max(server.memory_mib() for server in network.servers.values())
    finally:
        network.stop()


def check_same(book, got):
    if subprocess.run(["cmp", "-s", book, got], check=False).returncode != 0:
        sys.exit("the book that came is another")
    got.unlink()


def main():
    program = os.path.abspath(sys.argv[1])
    mib = int(sys.argv[2]) if len(sys.argv) > 2 else 1024
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    results = []
    with tempfile.TemporaryDirectory(prefix="bookchain-bench-") as name:
        folder = Path(name)
        book = folder / "book"
        write_random(book, mib)
        for number in range(runs):
            touch_memory(folder / "cache", 6 * mib)
            there, back = age_seconds(folder, book)
            network = Network(program, folder / "net", ["--auto-books", "0"])
            flow, added, verified = hand_over(network, book, folder / "got")
            check_same(book, folder / "got")
            shutil.rmtree(folder / "net")
            by_sockets, socket_mib = hand_over_by_sockets(program, folder / "net", book, folder / "got")
            check_same(book, folder / "got")
            shutil.rmtree(folder / "net")
            whole = flow.seconds(*flow.times)
            results.append({
                "age_encrypt": there, "age_decrypt": back, "age": there + back, "add_book": added,
                "grant": flow.seconds("grant"), "take": max(flow.times["receive"]), "open": flow.seconds("open"),
                "get_book": flow.seconds("get-book"), "request_to_plaintext": verified, "whole": whole,
                "over_sockets": by_sockets, "ratio": verified / (there + back),
                "ratio_over_sockets": by_sockets / (there + back), "peak_mib": max(flow.peak_mib, socket_mib),
            })
            print(f"run {number + 1}: request to verified plaintext {verified:.2f} s, over sockets {by_sockets:.2f} s, "
                  f"age {there + back:.2f} s", file=sys.stderr)
    middle = {key: round(median([result[key] for result in results]), 3) for key in results[0]}
    rows = [("what", "seconds, median of " + str(runs))]
    apart = ("ratio", "ratio_over_sockets", "peak_mib")
    rows += [(key.replace("_", " "), f"{middle[key]:.2f}") for key in middle if key not in apart]
    rows += [("ratio to age, over sockets", f"{middle['ratio_over_sockets']:.2f}")]
    rows += [("ratio to age", f"{middle['ratio']:.2f}"), ("most memory of a process", f"{middle['peak_mib']:.0f} MiB")]
    report(f"a book of {mib} MiB", rows, {"mib": mib, "runs": runs, **middle})


main()

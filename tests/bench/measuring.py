"""What the benchmarks of whole commands share: running a program with its time and most memory, tables, results."""

import json
import os
import subprocess
import sys
import time


class Run:
    """One process, ended: wall time in seconds, most resident memory in MiB, what it printed."""

    def __init__(self, words):
        began = time.perf_counter()
        process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out = process.stdout.read()
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.perf_counter() - began
        self.peak_mib = usage.ru_maxrss / 1024
        self.user_seconds = usage.ru_utime
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, words))}: exit {process.returncode}\n{errors.decode()}")


class Network:
    """A network of four peers and the program that works on it."""

    ports = (5000, 5001, 5002, 5003)

    def __init__(self, program, folder, options=()):
        self.program = program
        self.folder = folder
        Run([program, "init", folder, *options])

    def run(self, *words):
        return Run([self.program, "-n", self.folder, "-o", "json", *words])

    def at(self, port, *words):
        run = self.run("-p", port, *words)
        run.json = json.loads(run.out)
        return run

    def receive_everywhere(self):
        for port in self.ports:
            self.at(port, "receive")

    def state(self, port, exchange):
        return self.at(port, "show-exchange", exchange).json["state"]


def median(numbers):
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def table(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def report(name, rows, result):
    """A table for people, then one line of JSON."""
    print(f"\n{name}")
    table(rows)
    print(json.dumps({"benchmark": name, **result}), flush=True)

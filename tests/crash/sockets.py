#!/usr/bin/env python3
"""Peers that serve over sockets, one of them with calls that fail or do half of their work: docs/crash.md.

    sockets.py PROGRAM                 all cases; SAMPLE=N every Nth
    sockets.py PROGRAM --only CASE     one of them, such as 5001/sendto:4/epipe; what it left is kept

What the peers do comes in another order each time, so that only the end is compared: the exchange is made, the chains
are equal, and nobody holds more or less than where nothing failed.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import ending
import faults
import run
import session
import story
from program import PORTS, Failure, Program, read

CALLS = {"sendto": ("epipe", "econnreset", "eintr", "enobufs"), "recvfrom": ("econnreset", "eintr", "enomem"),
         "connect": ("econnrefused", "eintr"), "accept": ("emfile", "econnaborted")}
# The first that a peer makes on its note of who was heard, which a server writes beside its messages.
CALLS_ON_NOTE = ("openat", "write", "rename")
NOTE_FAULTS = ("eio", "enospc", "kill")
# Every transfer of the process moves so few bytes at most.
SHORT = (1, 7)
TRACED = ("5000", "5001", "5002")
SECONDS = 90


class Case:
    """The `number`th call of that name fails at one peer, of all or of those on its note (`contacts`); or, for `short`,
    no call there moves more bytes than that."""

    def __init__(self, port, call, number, fault, on_note=False):
        self.port, self.call, self.number, self.fault, self.on_note = port, call, number, fault, on_note

    def __str__(self):
        return f"{self.port}/{'contacts-' * self.on_note}{self.call}:{self.number}/{self.fault}"

    def kind(self):
        return f"{self.port}/{self.call}"


class Servers:
    """All four peers at work, one of them with words before its command or variables of its own."""

    def __init__(self, program, case, port=None, before=(), variables=None):
        self.program, self.case = program, case
        self.running = {}
        for each in map(str, PORTS):
            chosen = each == port
            self.start(each, before if chosen else (), (variables or {}) if chosen else {})
        self.closing = threading.Event()
        self.watching = threading.Thread(target=self.revive)
        self.watching.start()

    def start(self, port, before=(), variables=None):
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **(variables or {})}
        words = self.program.words(self.case, port, ["serve"])
        with open(f"{self.case}.{port}.out", "ab") as out:
            self.running[port] = subprocess.Popen([*before, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                                  env=environment, cwd="/")

    def revive(self):
        """Whoever was killed is started again, as a service would be."""
        while not self.closing.wait(0.02):
            for port, server in list(self.running.items()):
                if server.poll() == -signal.SIGKILL:
                    self.start(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.watching.join()
        for each in self.running.values():
            each.terminate()
        for each in self.running.values():
            each.wait(timeout=30)


class SocketTheatre:
    def __init__(self, program, base):
        self.program, self.base = Program(program, SECONDS), base
        run.make_tale(base + "/tale.dat")
        self.preloaded = faults.build_short_write(base)
        self.expected, self.counts = None, {}

    def own_folder(self):
        return f"{self.base}/case"

    def exchange(self, port=None, before=(), variables=None):
        """Makes one exchange of a book from a file; what is seen at its end."""
        case = self.own_folder()
        shutil.rmtree(case, ignore_errors=True)
        os.makedirs(case)
        for words in (["init", "{case}/net", "--transport", "socket", "--seed", "crash", "--work-bits", "4",
                       "--auto-books", "0"], ["add-book", self.base + "/tale.dat", "--title", "Tale"]):
            self.program.ask(case, story.OWNER, *words)
        with Servers(self.program, case, port, before, variables):
            self.request(case)
            self.wait_for_rest(case)
        return {what: rows for what, rows in ending.facts(self.program, case).items() if what != "files"}

    def request(self, case):
        """Given again until it stands, as a user would."""
        until = time.monotonic() + SECONDS
        while True:
            words = ["request", "--from", str(story.OWNER), "--book", "Tale", "--wait=60"]
            ended = self.run_now(case, words)
            if ended.returncode == 0:
                return
            if time.monotonic() > until:
                raise Failure("other", f"the exchange does not end: {ended.stdout} {ended.stderr}")
            time.sleep(0.1)

    def run_now(self, case, words):
        """With the clock that the servers have."""
        return subprocess.run(self.program.words(case, story.REQUESTER, words), stdin=subprocess.DEVNULL,
                              capture_output=True, cwd="/", timeout=SECONDS, check=False,
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})

    def wait_for_rest(self, case):
        """Until nobody has anything left to do."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            states = [self.program.ask(case, port, "status") for port in PORTS]
            heights = {len(self.program.ask(case, port, "show-chain")["blocks"]) for port in PORTS}
            if heights == {1} and all(state["inbox"] == 0 and state["outbox"] == 0 for state in states):
                return
            time.sleep(0.1)
        raise Failure("lost", f"messages wait for ever: {states}")

    def tracing(self, calls, *more):
        return ["strace", "-D", "-f", "-o", self.own_folder() + ".strace", "-e",
                "trace=" + ",".join("?" + call for call in calls), *more]

    def injecting(self, case):
        how = "signal=KILL" if case.fault == "kill" else "error=" + case.fault.upper()
        fault = ("-e", f"inject={case.call}:{how}:when={case.number}")
        if not case.on_note:
            return self.tracing(CALLS, *fault)
        # Calls on other files are neither seen nor counted.
        return self.tracing(CALLS_ON_NOTE, "-P", f"{self.own_folder()}/net/{case.port}/contacts.new", *fault)

    def list_cases(self):
        """For each peer how often it makes each call; in the first half of them some are chosen to fail."""
        self.expected = self.exchange()
        for port in TRACED:
            seen = self.exchange(port, self.tracing(CALLS))
            if seen != self.expected:
                raise Failure("other", f"two undisturbed networks differ: {seen} and {self.expected}")
            calls = re.findall(rb"^\d+ +(\w+)\(", read(self.own_folder() + ".strace"), re.M)
            for call, errors in CALLS.items():
                often = calls.count(call.encode())
                if not often:
                    raise Failure("other", f"{port} makes no call {call}")
                half = max(often // 2, 1)
                numbers = sorted({number for number in (1, 2, often // 4, half) if 0 < number <= half})
                for error in errors:
                    yield from (Case(port, call, number, error) for number in numbers)
                # Later calls are made or not as time has it.
                if call == "sendto":
                    yield from (Case(port, call, number, "kill") for number in range(1, half + 1))
            yield from (Case(port, "any", most, "short") for most in SHORT)
            yield from (Case(port, call, 1, fault, True) for call in CALLS_ON_NOTE for fault in NOTE_FAULTS)

    def play(self, case):
        if case.fault == "short":
            log = self.own_folder() + ".short"
            if os.path.exists(log):
                os.unlink(log)
            seen = self.exchange(case.port, (), {"LD_PRELOAD": self.preloaded, "CRASH_SHORT_SOCKET": str(case.number),
                                                 "CRASH_SHORT_WRITE_LOG": log})
            fired = os.path.exists(log) and b" SHORTENED" in read(log)
        else:
            seen = self.exchange(case.port, self.injecting(case))
            mark = b"+++ killed by SIGKILL +++" if case.fault == "kill" else b"(INJECTED)"
            fired = mark in read(self.own_folder() + ".strace")
        if not fired:
            raise Failure("other", "the fault did not fire")
        ending.compare(seen, self.expected)


def play_all(theatre, cases, program):
    counts = dict.fromkeys(("cases", "killed", "fired", "lost", "doubled", "other"), 0)
    for case in cases:
        counts["cases"] += 1
        counts["killed"] += case.fault == "kill"
        try:
            theatre.play(case)
            counts["fired"] += 1
        except Failure as failure:
            counts[failure.kind] += 1
            print(f"sockets: {case} [{failure.kind}]\n  found    {failure.what}\n"
                  f"  replay   tests/crash/sockets.py {program} --only {case}", file=sys.stderr)
    return counts


def main():
    chosen = session.options(__doc__)
    theatre = None

    def make(base):
        nonlocal theatre
        theatre = SocketTheatre(chosen.program, base)
        return theatre

    def find_cases():
        try:
            found = list(theatre.list_cases())
        except Failure as failure:
            sys.exit(f"sockets: without any fault: {failure.what}")
        if chosen.only:
            return [case for case in found if str(case).startswith(tuple(chosen.only))]
        return found[::chosen.every]

    return session.play_all("sockets", chosen, make, find_cases,
                            lambda cases, _: play_all(theatre, cases, chosen.program))


if __name__ == "__main__":
    sys.exit(main())

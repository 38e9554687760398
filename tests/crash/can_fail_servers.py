#!/usr/bin/env python3
"""sockets.py sees what it is there to see: faults that never came, servers and commands that end badly, and commands
that say they are done.

    can_fail_servers.py PROGRAM
"""

import os
import shutil
import signal
import sys
import tempfile

import faults
import run
import servers
import session
import sockets
import story
from can_fail import expect
from program import Ended


class WithoutFault(sockets.SocketTheatre):
    """Calls are watched, and none fails."""

    def tracing(self, calls, names=(), fault=(), **more):
        return super().tracing(calls, names, **more)


class Idle(sockets.SocketTheatre):
    """The owner does not grant the book, whatever it says."""

    def __init__(self, program, base, code):
        super().__init__(program, base)
        self.code = code

    def run_now(self, case, port, words, before=()):
        return Ended(self.code, "", "") if tuple(words) == ("grant",) else super().run_now(case, port, words, before)


def check_by_hand(program, base, expected):
    """A fault at a command by hand that never came, commands that end badly, and one that says it is done."""
    theatre = run.theatre = WithoutFault(program, base)
    theatre.expected["socket"] = expected
    missed = sockets.Case(("socket", story.OWNER, "visit"), "visit", faults.Point("sendto", 1, ""), "epipe", (),
                          (3, "grant"))
    expect("a fault by hand that never came", ["did not fire"], lambda: theatre.play(missed))
    killed = [(3, Ended(-signal.SIGKILL, "", ""))]
    for commands, fired in ((killed, True), (killed, False)):
        expect("a command that died", ["killed"], lambda commands=commands, fired=fired:
               sockets.check_killed(missed, commands, fired))
    kept, servers.HAND_SECONDS = servers.HAND_SECONDS, 10
    try:
        for code, words in ((3, ["grant by hand"]), (-signal.SIGSEGV, ["grant by hand"]), (0, ["never done"])):
            expect("a grant that was none", words, lambda code=code:
                   Idle(program, base, code).exchange_by_hand(story.OWNER, lambda place: ()))
    finally:
        servers.HAND_SECONDS = kept


def check_servers(program, base):
    """A fault that does not come where its place is reached, a place that is not reached, and servers that end of
    themselves."""
    theatre = run.theatre = WithoutFault(program, base)
    theatre.expected["socket"], _ = theatre.exchange("socket")
    where = "socket", story.OWNER, "net"
    missed = sockets.Case(where, "net", faults.Point("sendto", 1, ""), "epipe")
    expect("a fault at a server that never came", ["did not fire"], lambda: theatre.play(missed))
    if theatre.play(sockets.Case(where, "net", faults.Point("sendto", 9999, ""), "kill")):
        sys.exit("a place that no server reached was taken for a fault")
    for case, code in ((missed, 1), (missed, -signal.SIGKILL),
                       (sockets.Case(where, "state", faults.Point("pwrite64", 1, ""), "eio"), -signal.SIGSEGV)):
        expect("a server that ended", ["ended"],
               lambda case=case, code=code: sockets.check_end(case, story.OWNER, Ended(code, "", "")))
    check_by_hand(program, base, theatre.expected["socket"])
    expect("a call that no place makes fail", ["msync"], lambda: sockets.check_known([faults.Point("msync", 1, "")]))


def check_parts():
    """A sample takes every second or fourth part: each kind of part and each peer must be among them."""
    for what in (0, 1, 2):
        if {part[what] for part in sockets.PARTS[::4]} != {part[what] for part in sockets.PARTS}:
            sys.exit(f"a sample over sockets lacks some: {sockets.PARTS[::4]}")


def main():
    if not faults.works():
        print("crash: strace is not there, or may not trace here: skipped", file=sys.stderr)
        return session.SKIPPED
    check_parts()
    base = tempfile.mkdtemp(prefix="bookchain-crash-")
    try:
        check_servers(os.path.abspath(sys.argv[1]), base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

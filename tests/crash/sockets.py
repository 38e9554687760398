#!/usr/bin/env python3
"""Peers that serve and wait for each other, one of them with calls that fail or do half of their work: docs/crash.md.

    sockets.py PROGRAM                 all cases; SAMPLE=N every Nth, JOBS=N so many at once
    sockets.py PROGRAM --only CASE     one of them, such as socket/5001/net/sendto:4/epipe or, of a command by hand,
                                       socket/5000/visit/3-consent/sendto:4/kill; what it left is kept
    sockets.py PROGRAM --list          all of them

What the peers do comes in another order each time, so that only the end is compared: the exchange is made, the chains
are equal, and nobody holds more or less than where nothing failed.
"""

import collections
import math
import os
import re
import signal
import sys

import ending
import faults
import floors
import run
import session
from program import PORTS, Failure, read
from servers import PACKAGES, ServingTheatre, commands_by_hand

# What is sent suffers each of these; another call gets one, and another at each peer: that many numbers and peers see
# to it that each is tried.
NET = {"sendto": ("epipe", "econnreset", "eintr", "enobufs"), "recvfrom": ("econnreset", "eintr", "enomem"),
       "connect": ("econnrefused", "eintr"), "accept": ("emfile", "econnaborted")}
# The same of a peer that serves nobody: its calls, what each step suffers, and one or two of a few of its other ones.
VISIT = ("sendto", "connect", "recvfrom")
IN_TURN = ("kill", "epipe", "kill", "econnreset")
FILE_FAULTS = ("kill", "eio", "enospc")
STATE = ("state.sqlite", "state.sqlite-wal", "state.sqlite-shm")
# A server's note of who was heard, which it writes beside its messages.
CONTACTS = ("contacts", "contacts.new")
# Calls that make the socket and take the locks fail in ways of their own.
REST = {"bind": ("enospc", "eaddrinuse"), "listen": ("eaddrinuse",), "flock": ("kill", "enolck", "eintr")}
# What would change files, and no place makes fail.
STRANGE = tuple(call for call in faults.STRANGE if call not in REST)
# A server takes and gives its locks again and again; when it begins, and once more, they are these.
LOCKS = 8
# Networks of tests alone have the last one.
NO_REST = re.compile(r"/\d+/(state\.|contacts|incoming|exchanges|books|draws)")
# What a server calls to deliver into spools, to take in and to put away.
DELIVERIES = ("fsync", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdirat", "write")
NAMED = re.compile(r'[<"](/[^>"]+)[>"]')
# Every transfer of the process moves so few bytes at most.
SHORT = (1, 7)
# One of so many writes to the state is made short at each peer, and another at each.
SHORT_OF_STATE = 4
# How often is looked for the names of files.
LOOKS = 4
# How often a case is played whose call is not made.
TRIES = 4
TRANSPORTS = ("socket", "spool")
BY_SOCKET = ("net", "files", "state", "short", "visit", "rest")
# Of all parts, every second and every fourth still have each of these and each peer.
PARTS = [(transport, port, part) for port in PORTS
         for transport, parts in zip(TRANSPORTS, (BY_SOCKET, ("delivery",))) for part in parts]


class Case:
    """The `number`th call of that name fails at one peer: of all of them, or of those on the `names`, or of those of a
    command that is given by hand, which has its place among the others."""

    def __init__(self, where, place, point, fault, names=(), by_hand=None):
        (self.transport, self.port, _), self.place, self.fault, self.names = where, place, fault, names
        self.call, self.number, self.text, self.by_hand = point.call, point.number, point.text, by_hand

    def __str__(self):
        place = f"{self.place}/{self.by_hand[0]}-{self.by_hand[1]}" if self.by_hand else self.place
        return f"{self.transport}/{self.port}/{place}/{self.call}:{self.number}/{self.fault}"


class SocketTheatre(ServingTheatre):
    def log(self):
        return self.own_folder() + ".strace"

    def tracing(self, calls, names=(), fault=(), log=None, how=("-D",)):
        """Calls on other files than those are neither seen nor counted, if any are named. With -D a server is the child
        of who started it, and can be told to stop."""
        paths = [word for name in names for word in ("-P", f"{self.own_folder()}/net/{name}")]
        return ["strace", *how, "-f", "-y", "-o", log or self.log(), "-e",
                "trace=" + ",".join("?" + call for call in calls), *paths, *fault]

    # ---- what can fail ----

    def list_cases(self, where):
        """One peer is watched while nothing fails: whatever it calls then can fail."""
        return list(getattr(self, "list_" + where[2])(where))

    def undisturbed(self, where, before=(), variables=None):
        seen, ended = self.exchange(where[0], where[1], before, variables, where[2] == "rest")
        if ended:
            raise Failure("other", f"a server ended: {ended[0][1]}")
        ending.compare(seen, self.expected[where[0]])

    def watched(self, where, calls, names=()):
        self.undisturbed(where, self.tracing(calls, names))
        return list(faults.started_calls(self.log()))

    def changing(self, where, names=()):
        return [point for point in self.watched(where, faults.CALLS, names) if faults.changes_files(point)]

    def list_net(self, where):
        for point in self.watched(where, NET):
            every = ("kill", *NET["sendto"]) if point.call == "sendto" else (one_of(NET[point.call], where, point),)
            yield from (Case(where, "net", point, fault) for fault in every)
        for most in SHORT:
            yield Case(where, "transfer", faults.Point("any", most, ""), "short")

    def list_state(self, where):
        names = [f"{where[1]}/{name}" for name in STATE]
        for point in self.changing(where, names):
            yield Case(where, "state", point, one_of(FILE_FAULTS, where, point), names)

    def list_files(self, where):
        """Which files those are is seen at first looks: the name of an exchange is one of a few, as time has it."""
        here = self.own_folder() + "/net/"
        seen = {name for _ in range(LOOKS) for point in self.changing(where) for name in NAMED.findall(point.text)
                if name.startswith(here)}
        for place, names in (("package", {name for name in seen if PACKAGES.search(name)}),
                             ("contacts", {f"{here}{where[1]}/{name}" for name in CONTACTS})):
            names = sorted(name[len(here):] for name in names)
            for point in max((self.changing(where, names) for _ in range(2)), key=len):
                yield from (Case(where, place, point, fault, names) for fault in FILE_FAULTS)

    def list_rest(self, where):
        """The socket that a killed server left, the new one, the locks and the folders: all that no other place names.
        What is called on a socket that has no name yet is told from other calls by its number alone."""
        every = (*faults.CALLS, *REST, *STRANGE)
        home = f"{self.own_folder()}/net/{where[1]}"
        seen = self.watched(where, every)
        check_known(seen)
        names = {name for point in seen for name in NAMED.findall(point.text) if f"{name}/".startswith(home + "/")}
        names = sorted(os.path.relpath(name, home + "/..") for name in names if not NO_REST.search(name))
        for point in self.watched(where, every, names):
            if is_rest(point):
                yield from (Case(where, "rest", point, fault, names) for fault in rest_faults(where, point))
        for point in seen:
            if point.call in ("bind", "listen", "fchmod") and "<socket:" in point.text:
                yield from (Case(where, "rest", point, fault) for fault in rest_faults(where, point))

    def list_short(self, where):
        log = self.short_log()
        self.undisturbed(where, (), self.shortening("CRASH_SHORT_WRITE", 0))
        for number, line in enumerate(read(log).decode().splitlines(), 1):
            of_state = "/state.sqlite" in line
            if not of_state or number % SHORT_OF_STATE == PORTS.index(where[1]):
                yield Case(where, "short", faults.Point("write", number, line), "short")

    def list_delivery(self, where):
        """A server syncs in several threads, and calls are counted, and fail, by thread."""
        points = {(point.call, point.number): point for point in self.changing(where) if point.call in DELIVERIES}
        for point in points.values():
            yield Case(where, "delivery", point, one_of(FILE_FAULTS, where, point))

    def list_visit(self, where):
        """Each command of a peer that serves nobody, while the others serve."""
        def log(place):
            return f"{self.log()}-{place}"

        seen, ended, _ = self.exchange_by_hand(
            where[1], lambda place: self.tracing(VISIT, log=log(place), how=()))
        if ended:
            raise Failure("other", f"a server ended: {ended[0][1]}")
        ending.compare(seen, self.expected["socket"])
        for by_hand in commands_by_hand(where[1]):
            for point in faults.started_calls(log(by_hand[0])):
                yield from (Case(where, "visit", point, fault, (), by_hand) for fault in visit_faults(point, *by_hand))

    # ---- failing ----

    def short_log(self):
        return self.own_folder() + ".short"

    def shortening(self, what, number):
        return {"LD_PRELOAD": self.preloaded, what: str(number), "CRASH_SHORT_WRITE_LOG": self.short_log()}

    def play(self, case):
        """Whether the fault happened: later calls are made or not as time has it. So it is tried more than once."""
        return any(self.play_once(case) for _ in range(TRIES))

    def play_once(self, case):
        """The fault must happen if its call was made."""
        if case.by_hand:
            return self.play_by_hand(case)
        if case.fault == "short":
            what = "CRASH_SHORT_SOCKET" if case.place == "transfer" else "CRASH_SHORT_WRITE"
            seen, ended = self.exchange(case.transport, case.port, (), self.shortening(what, case.number))
            fired, reached = self.was_shortened(case)
        else:
            before = self.tracing((case.call,), case.names, injected(case))
            seen, ended = self.exchange(case.transport, case.port, before, None, case.place == "rest")
            fired, reached = self.was_injected(case)
        if reached and not fired:
            raise Failure("other", "the fault did not fire")
        for port, how in ended:
            check_end(case, port, how)
        if case.fault == "kill" and fired and not ended:
            raise Failure("other", "who was killed lives")
        ending.compare(seen, self.expected[case.transport])
        return fired

    def play_by_hand(self, case):
        """A command that came too early, and did not reach its call, is given that fault again."""
        def before(place):
            chosen = place == case.by_hand[0] and not (os.path.exists(self.log()) and self.was_injected(case)[0])
            return self.tracing((case.call,), (), injected(case), how=()) if chosen else ()

        seen, ended, commands = self.exchange_by_hand(case.port, before)
        fired, reached = self.was_injected(case)
        if reached and not fired:
            raise Failure("other", "the fault did not fire")
        if ended:
            raise Failure("other", f"a server ended: {ended[0][1]}")
        check_killed(case, commands, fired)
        ending.compare(seen, self.expected["socket"])
        return fired

    def was_shortened(self, case):
        lines = read(self.short_log()).decode().splitlines()
        return any(line.endswith(" SHORTENED") for line in lines), \
            case.place == "transfer" or len(lines) >= case.number

    def was_injected(self, case):
        numbers = [point.number for point in faults.started_calls(self.log()) if point.call == case.call]
        trace = read(self.log())
        if case.place == "delivery" and case.call == "fsync":
            # In each thread that comes so far; which one a sync is done by differs.
            mark = b"+++ killed by SIGKILL" if case.fault == "kill" else b"(INJECTED)"
            fired = mark in trace and case.number in numbers
        elif case.fault == "kill":
            fired = b"+++ killed by SIGKILL" in trace and numbers[-1:] == [case.number]
        else:
            fired = trace.count(b"(INJECTED)") == 1
        return fired, case.number in numbers


def one_of(some, where, point):
    return some[(PORTS.index(where[1]) + point.number) % len(some)]


def check_known(seen):
    strange = [f"{point.call}({point.text}" for point in seen
               if point.call in STRANGE and not faults.is_harmless(point)]
    if strange:
        raise Failure("other", f"a call changes something, and no place makes it fail: {strange[0]}")


def is_rest(point):
    if point.call == "flock":
        return point.number <= LOCKS
    made = faults.changes_files(point) and "EEXIST" not in point.text
    return made and not NO_REST.search(point.text)


def rest_faults(where, point):
    if point.call == "flock":
        return (one_of(REST["flock"], where, point),)
    return "kill", one_of(REST.get(point.call, ("eio", "enospc")), where, point)


def visit_faults(point, place, command):
    """All that a step sends suffers everything; of `receive` half is killed or fails. Some connections are not made, and
    some end early."""
    turn = place + point.number
    if point.call == "connect":
        return ("econnrefused",) if turn % 2 == 0 else ()
    if point.call == "recvfrom":
        return ("econnreset",) if turn % 8 == 0 else ()
    if command == "receive":
        return (IN_TURN[turn // 2 % len(IN_TURN)],) if turn % 2 == 0 else ()
    return ("kill", *NET["sendto"])


def injected(case):
    how = "signal=KILL" if case.fault == "kill" else "error=" + case.fault.upper()
    return ("-e", f"inject={case.call}:{how}:when={case.number}")


def check_killed(case, commands, fired):
    """No other command than that which was to be, and that."""
    killed = [place for place, each in commands if each.code == -signal.SIGKILL]
    if killed != ([case.by_hand[0]] if fired and case.fault == "kill" else []):
        raise Failure("other", f"of the commands by hand were killed those at the places {killed}")


def check_end(case, port, ended):
    """A server may only end by what was done to it, or say that its files failed before it could begin."""
    if port == case.port and case.fault == "kill" and ended.code == -signal.SIGKILL:
        return
    if port == case.port and (case.fault in ("eio", "enospc") or case.place == "rest") and ended.code == 1 \
            and ended.token() in ("io", "disk-full"):
        return
    raise Failure("other", f"the server of {port} ended: {ended}")


def tell(case, failure, program):
    print(f"sockets: {case} [{failure.kind}]\n  call     {case.call}({case.text[:150]}\n  found    {failure.what}\n"
          f"  replay   tests/crash/sockets.py {program} --only {case}", file=sys.stderr)


def play_all(cases, jobs, program):
    counts = dict.fromkeys(("cases", "killed", "eio", "enospc", *floors.PLACES, "fired", "not_reached", "lost",
                            "doubled", "other"), 0)
    counts.update((what, collections.Counter()) for what in ("by_place", "by_command", "by_call"))
    not_reached = []
    for case, fired, failure in run.in_parallel(jobs, run.play, cases):
        counts["cases"] += 1
        if failure:
            counts[failure.kind] += 1
            tell(case, failure, program)
            continue
        counts["fired" if fired else "not_reached"] += 1
        if not fired:
            not_reached.append(str(case))
            continue
        counts[case.place] += 1
        counts["by_place"][f"{case.place} of {floors.ROLES[case.port]}"] += 1
        if case.by_hand:
            counts["by_command"][f"{case.by_hand[1]} by {floors.ROLES[case.port]}"] += 1
        if case.fault != "short":
            counts["by_call"][case.call] += 1
        what = run.COUNTED.get(case.fault)
        if what in counts:
            counts[what] += 1
    if not_reached:
        print("sockets: not reached:", " ".join(sorted(not_reached)), file=sys.stderr)
    counts["fired_percent"] = math.floor(100 * counts["fired"] / (counts["fired"] + counts["not_reached"] or 1))
    return counts


def find_cases(theatre, chosen):
    """Of every N cases one: every second or fourth part of them, as far as that divides N, and of each its share."""
    for transport in TRANSPORTS:
        theatre.expected[transport], _ = next(run.needed([run.at_work("exchange", transport)]))
    step = math.gcd(chosen.every, len(PORTS))
    parts = [part for part in PARTS if not chosen.only or any(may_hold(wanted, part) for wanted in chosen.only)]
    found = []
    for cases in run.needed(run.in_parallel(chosen.jobs, run.list_cases, parts[::step])):
        found += cases if chosen.only else cases[::chosen.every // step]
    if chosen.only:
        return [case for case in found if str(case).startswith(tuple(chosen.only))]
    return found


def may_hold(wanted, part):
    """Whether a part can have a case whose name begins so."""
    begin = f"{part[0]}/{part[1]}/"
    return begin.startswith(wanted) or wanted.startswith(begin)


def main():
    chosen = session.options(__doc__, lists=True, by_story=False)
    return session.play_all(
        "sockets", chosen, run.set_the_stage(SocketTheatre, chosen), lambda: find_cases(run.theatre, chosen),
        lambda cases, jobs: play_all(cases, jobs, chosen.program), floors=floors.SOCKETS)


if __name__ == "__main__":
    sys.exit(main())

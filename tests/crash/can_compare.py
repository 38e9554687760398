#!/usr/bin/env python3
"""What the programs here take for the same is the same, and what they allow they allow nowhere else: two states, a step
that comes early, a book that comes to its shelf again, and folders that others make. And runs that are stopped end."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import ending
import faults
import power
import run
import session
import story
from can_fail import expect
from program import Ended, Program, digest_of_state

HERE = os.path.dirname(os.path.abspath(__file__))


def check(holds, what):
    if not holds:
        sys.exit(what)


# ---- states ----

def write_state(home, *commands, lies_in_log=True):
    """As a program that ends without putting its log into the state, or with that."""
    with contextlib.closing(sqlite3.connect(home + "/state.sqlite", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        for command in commands:
            database.execute(command)
        if lies_in_log:
            for name in ("state.sqlite", "state.sqlite-wal"):
                shutil.copyfile(f"{home}/{name}", f"{home}/{name}.kept")
    for name in ("state.sqlite", "state.sqlite-wal") if lies_in_log else ():
        os.rename(f"{home}/{name}.kept", f"{home}/{name}")


def check_states(base):
    """Two are told apart by one row, wherever it lies, and by nothing that a program cannot see."""
    first = "CREATE TABLE facts(key INTEGER PRIMARY KEY, value)", "INSERT INTO facts VALUES(1, 'a')"
    second = "INSERT INTO facts VALUES(2, 'b')"

    def new_home():
        home = tempfile.mkdtemp(dir=base) + "/5000"
        os.mkdir(home)
        return home

    def digest(home):
        return digest_of_state(os.path.dirname(home))

    def written(*commands, **how):
        home = new_home()
        write_state(home, *commands, **how)
        return digest(home)

    def grown(*commands):
        """What is committed in the log alone."""
        home = new_home()
        write_state(home, *first, lies_in_log=False)
        write_state(home, *commands)
        check(os.path.getsize(home + "/state.sqlite-wal"), "a test of logs has none")
        return home

    whole = written(*first, second, lies_in_log=False)
    check(written(*first, second) == whole == digest(grown(second)),
          "states with the same rows, in the log or not, are taken for two")
    other = [written(*first, lies_in_log=False), digest(grown("INSERT INTO facts VALUES(2, 'c')")),
             written(*first, second, "CREATE TABLE more(key)"), written(*first, second, "PRAGMA user_version = 7")]
    check(len({whole, *other}) == len(other) + 1, "states that differ in one row, table or version are taken for one")
    cut = grown(second)
    os.truncate(cut + "/state.sqlite-wal", os.path.getsize(cut + "/state.sqlite-wal") - 1)
    check(digest(cut) == other[0], "what was never committed whole counts")
    damaged = grown(second)
    with open(damaged + "/state.sqlite", "r+b") as file:
        file.seek(30)
        file.write(b"\xff" * 2000)
    check(digest(damaged) not in (whole, *other), "a damaged state is taken for a good one")


def check_memo(base):
    """From what came early, in a case that allows it, nothing is known of those that do not."""
    os.mkdir(base)
    theatre = run.Theatre.__new__(run.Theatre)
    theatre.base, theatre.expected = base, {"refuse": {}}
    os.makedirs(theatre.base + "/known")
    os.mkdir(theatre.own_folder())
    played = []

    class Player:
        """A user whose commands all go well."""

        def again(self, _, line, may_be_early):
            played.append((str(line), may_be_early))

        def go_on(self, *_):
            return False

    theatre.player = Player()
    case = run.Case("refuse", 5, "fsync", 1, "eio")
    for may_be_early in (True, True, False, False, True):
        theatre.bring_to_end(case, theatre.own_folder(), may_be_early)
    check([early for _, early in played] == [True, False], f"known from another kind of case: {played}")


# ---- what may come early, and who may find a false book ----

class Answers:
    """A program that always gives this."""

    def __init__(self, ended, due=()):
        self.ended, self.due = ended, due

    def run(self, *_):
        return self.ended

    def ask(self, *_):
        return {"due": [{"step": step} for step in self.due]}


def ended(code, token=""):
    return Ended(code, "", '{"error":{"token":"%s"}}' % token if token else "")


def check_lines():
    grant, step = story.Line(story.OWNER, "grant"), story.Line(story.REQUESTER, "step")
    dispute = story.Line(story.REQUESTER, "dispute")
    early, false = ended(5, "too-early"), ended(3, "wrong-book")
    nothing_known = ended(3, "unexpected")
    for line, answer in ((grant, early), (dispute, nothing_known), (step, false)):
        story.Player(Answers(answer)).play("", line, may_be_early=True)
    for line, answer, due, may_be_early in (
            (grant, early, (), False), (grant, early, ("grant",), True), (grant, nothing_known, (), True),
            (grant, false, (), True), (dispute, ended(1, "unexpected"), (), True),
            (step, ended(-signal.SIGSEGV, "wrong-book"), (), True), (step, ended(1, "wrong-book"), (), True)):
        expect(f"{line} that ended with {answer.code}, due {due}", [str(line)],
               lambda line=line, answer=answer, due=due, may_be_early=may_be_early:
               story.Player(Answers(answer, due)).play("", line, may_be_early=may_be_early))
    story.Player(Answers(early, ("mine",))).play("", grant, may_be_early=True)


def check_books():
    """A book that comes again may be there or not, and nothing else of its shelf differ."""
    def seen(*rows):
        return {"shelf": [(title, held, content) for title, held, content in rows],
                "books": [(title, 9, story.OWNER, 1, held) for title, held, content in rows]}

    waits = ending.NOT_YET
    for found, wanted, is_allowed in (
            ([("Tale", True, waits)], [("Tale", True, "aa")], True),
            ([("Tale", True, "bb")], [("Tale", True, "aa")], False),
            ([("Tale", True, "aa")], [("Tale", True, waits)], False),
            ([("Tale", True, waits), ("Other", True, "bb")], [("Tale", True, "aa"), ("Other", True, "cc")], False),
            ([("Tale", True, waits), ("Other", False, "bb")], [("Tale", True, "aa"), ("Other", True, "bb")], False),
            ([("Tale", True, waits), ("Other", True, "bb")], [("Tale", True, waits), ("Other", True, "cc")], False),
            ([("Tale", True, waits)], [("Tale", True, "aa"), ("Other", True, "bb")], False)):
        rows, rows_before = seen(*found), seen(*wanted)
        power.allow_to_come_again(rows, rows_before)
        if is_allowed:
            ending.compare(rows, rows_before)
        else:
            expect(f"{found} after {wanted}", ["too much"], lambda rows=rows, rows_before=rows_before:
                   ending.compare(rows, rows_before))


def check_boxes(base):
    """Where each peer has a home from the beginning, a box that is missing is missed."""
    for is_joined in (False, True):
        case = f"{base}/boxes-{is_joined}"
        os.makedirs(case + "/net/5000/spool/5001/new")
        if is_joined:
            with open(case + "/net/5000/card.yaml", "wb"):
                pass
        has_boxes = any("spool/5001" in name for name in ending.files_of(case))
        check(has_boxes != is_joined, "the boxes of networks that were joined, and of no others, come and go")


# ---- runs that are stopped ----

def make_slow(base):
    """A program that writes its number and goes on for long."""
    os.mkdir(base)
    mark, slow = f"{base}/seen", f"{base}/slow"
    with open(slow, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\necho $$ >>{mark}\nexec sleep 600\n")
    os.chmod(slow, 0o755)
    return mark, slow


def has_begun(mark):
    return os.path.exists(mark) and os.path.getsize(mark) > 0


def check_stopped(base):
    """What a run began ends with it."""
    mark, slow = make_slow(base)
    stopped = subprocess.Popen([sys.executable, f"{HERE}/run.py", slow, "--stories", "refuse"],
                               env={**os.environ, "JOBS": "2"}, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not has_begun(mark):
            check(time.monotonic() < until and stopped.poll() is None, "a run does not begin")
            time.sleep(0.05)
        stopped.terminate()
        check(stopped.wait(timeout=30) != 0, "a run that was stopped ends with 0")
    finally:
        stopped.kill()
    with open(mark, encoding="utf-8") as file:
        left = [pid for pid in file.read().split() if os.path.exists(f"/proc/{pid}")]
    check(not left, f"of a run that was stopped these go on: {left}")


def check_hung(base):
    """Where this process is to end, a command that it waits for does so, too."""
    mark, slow = make_slow(base)
    hung = Program(slow, seconds=60)
    hung.words = lambda *_: [slow]

    def stop(*_):
        if has_begun(mark):
            sys.exit(7)

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    try:
        hung.run(base + "/case", 5000, ())
        sys.exit("a command was waited for without an end")
    except SystemExit as end:
        check(end.code == 7, end.code)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    with open(mark, encoding="utf-8") as file:
        check(not os.path.exists("/proc/" + file.read().strip()), "a command goes on without who waits for it")


def main():
    base = tempfile.mkdtemp(prefix="bookchain-crash-")
    try:
        check_states(base)
        check_memo(base + "/memo")
        check_lines()
        check_books()
        check_boxes(base)
        check_hung(base + "/hung")
        if not faults.works():
            print("crash: strace is not there, or may not trace here: skipped", file=sys.stderr)
            return session.SKIPPED
        check_stopped(base + "/stopped")
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

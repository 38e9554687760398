#!/usr/bin/env python3
"""run.py and power.py see what they are there to see: each damage done here to a story that went well is found.

    can_fail.py PROGRAM
"""

import os
import shutil
import sys
import tempfile

import calls
import ending
import faults
import power
import run
import session
import story
from program import Failure, copy


def stray_message(case):
    with open(f"{case}/net/5000/spool/5001/tmp/left", "wb"):
        pass


def lost_state(case):
    """The requester as it was before it asked."""
    shutil.rmtree(f"{case}/net/5000")
    shutil.copytree(f"{case}.before/net/5000", f"{case}/net/5000")


def second_book(case):
    run.theatre.player.play(case, story.Line(story.OWNER, "add-book", "--value", "7"))


def lost_book(case):
    folder = f"{case}/net/5001/books"
    shutil.rmtree(os.path.join(folder, os.listdir(folder)[0]))


def lose_unsynced_book(base):
    """add-book without the syncs of the book itself; the power goes in a later command."""
    class Careless(calls.Replay):
        def do_fdatasync(self, call):
            place = bytes.fromhex(call.descriptor(0)[1].replace(b"\\x", b"").decode())
            return not place.endswith(b"/books") and b"/draft-" not in place and super().do_fsync(call)

        do_fsync = do_fdatasync

    kept, calls.Replay = calls.Replay, Careless
    try:
        theatre = run.theatre = power.PowerTheatre(sys.argv[1], base)
        _, _, _, theatre.expected["refuse"] = theatre.rehearse("refuse")
    finally:
        calls.Replay = kept
    cases = theatre.list_cases(("refuse", len(story.TALE) - 1))
    theatre.play(max(cases, key=lambda case: (case.how == power.DROPPED, case.number)))


def lose_what_was_told(base):
    """add-book whose syncs keep nothing; the power goes when it has said that the book is there."""
    class Forgetful(calls.Replay):
        def do_fdatasync(self, call):
            return self.opened(call)

        do_fsync = do_fdatasync

    theatre = run.theatre = power.PowerTheatre(sys.argv[1], base)
    theatre.rehearse("refuse")
    add_book = story.place_of("refuse", "add-book")
    last = max(theatre.list_cases(("refuse", add_book)), key=lambda case: (case.how == power.DROPPED, case.number))
    kept, calls.Replay = calls.Replay, Forgetful
    try:
        theatre.play(last)
    finally:
        calls.Replay = kept


def expect(what, words, action):
    try:
        action()
    except Failure as failure:
        if all(word in failure.what for word in words):
            return
        sys.exit(f"{what} was taken for something else: {failure.what}")
    sys.exit(f"{what} was not seen")


def main():
    if not faults.works():
        print("crash: strace is not there, or may not trace here: skipped", file=sys.stderr)
        return session.SKIPPED
    base = tempfile.mkdtemp(prefix="bookchain-crash-")
    try:
        theatre = run.theatre = run.Theatre(os.path.abspath(sys.argv[1]), base)
        _, played, _, expected = theatre.rehearse("refuse")
        case = theatre.own_folder()
        ending.check(theatre.program, case, expected)
        copy(case, base + "/well")
        copy(theatre.stage("refuse", len(story.TALE) - 1), case + ".before")
        for damage, words in ((stray_message, ["files", "left"]), (lost_state, ["exchanges at 5000"]),
                              (second_book, ["books at 5001"]), (lost_book, ["get-book"])):
            copy(base + "/well", case)
            damage(case)
            expect(damage.__name__, words, lambda: ending.check(theatre.program, case, expected))
        copy(theatre.stage("refuse", played[0]), case)
        line = theatre.line(case, "refuse", played[0])
        never = faults.Point("fsync", 9999, "")
        for fault in ("kill", "eio"):
            expect("a fault that never came", ["did not fire"],
                   lambda fault=fault: faults.inject(theatre.program, case, line, never, fault))
        for folder, what, words, loss in (("power", "a book that was not synced", ["get-book"], lose_unsynced_book),
                                          ("told", "a book that was lost again", ["books"], lose_what_was_told)):
            os.mkdir(f"{base}/{folder}")
            expect(what, words, lambda folder=folder, loss=loss: loss(f"{base}/{folder}"))
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

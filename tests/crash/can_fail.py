#!/usr/bin/env python3
"""run.py and power.py see what they are there to see: each damage done here to a story that went well is found, and so
is whatever they and sockets.py do not try any more. Other parts are can_fail_servers.py and can_compare.py.

    can_fail.py PROGRAM
"""

import argparse
import contextlib
import io
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import calls
import ending
import faults
import floors
import power
import run
import session
import sockets
import story
from program import Ended, Failure, Program, copy, read


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


def chain_of_others(case):
    with open(f"{case}/out/chain", "wb") as file:
        file.write(b"no chain that anybody holds")


def idle(theatre, index):
    """A command that says what it says without a fault, and does nothing."""
    def inject(_, case, *__):
        with open(theatre.undisturbed("refuse", index), "rb") as file:
            (code, out), _ = pickle.load(file)
        return Ended(code, out, "")
    return inject


def check_said(theatre):
    """Commands that say they are done, and are not: giving them again would hide it."""
    for word in ("add-book", "receive", "request", "refuse"):
        index = story.place_of("refuse", word)
        case = next(case for case in theatre.list_cases(("refuse", index)) if case.fault == "eio")
        for inject, words in ((lambda *_: Ended(0, "", ""), ["says that it is done"]),
                              (idle(theatre, index), ["missing"])):
            kept, faults.inject = faults.inject, inject
            try:
                expect(f"{word} that did nothing", words, lambda case=case: theatre.play(case))
            finally:
                faults.inject = kept


@contextlib.contextmanager
def told(lines, first):
    """One story more, by its name."""
    story.STORIES["more"], story.FIRST["more"] = lines, first
    try:
        yield "more"
    finally:
        del story.STORIES["more"], story.FIRST["more"]


def got():
    """A story in which the owner takes its book from its shelf."""
    return told([*story.TALE[:2], story.Line(story.OWNER, "get-book", "Tale", "--to", "{case}/out/tale")], 2)


def hide_commands(program, base):
    """A story in which the rounds of the vote stand for themselves no more."""
    lines = story.STORIES["settled"]
    until = next(line for line in lines if isinstance(line, story.UntilRecorded))
    with told([*lines[:len(lines) - lines[::-1].index(until.line)], until], len(lines)) as name:
        run.Theatre(program, base).rehearse(name)


def check_half_a_book(program, base):
    """get-book that leaves half of the book and says that it is done."""
    def halve(program, case, line, library, number):
        ended = shorten(program, case, line, library, number)
        os.truncate(case + "/out/tale", run.TALE_BYTES // 2)
        return ended

    theatre = run.theatre = run.Theatre(program, base)
    shorten, faults.shorten = faults.shorten, halve
    try:
        with got() as name:
            theatre.rehearse(name)
            half = next(case for case in theatre.list_cases((name, 2)) if case.fault == "short")
            expect("half a book", ["written"], lambda: theatre.play(half))
    finally:
        faults.shorten = shorten


def check_strange(theatre):
    """A command that makes a call which is not made to fail."""
    really = theatre.program.run

    def run_strangely(case, *words, **more):
        ended = really(case, *words, **more)
        if "before" in more:
            with open(case + ".strace", "a", encoding="utf-8") as log:
                log.write("7 syncfs(3</net/5001/books>) = 0\n")
        return ended

    theatre.program.run = run_strangely
    expect("a call that never fails", ["syncfs"],
           lambda: theatre.list_cases(("refuse", story.place_of("refuse", "add-book"))))
    theatre.program.run = really


def check_never(theatre, case, line):
    """Faults that never come, and commands that bear theirs badly."""
    never = faults.Point("fsync", 9999, "")
    for fault in ("kill", "eio"):
        expect("a fault that never came", ["did not fire"],
               lambda fault=fault: faults.inject(theatre.program, case, line, never, fault))
    expect("a short write that never came", ["did not fire"],
           lambda: faults.shorten(theatre.program, case, line, theatre.short_write, 9999))
    told = '{"error":{"token":"%s"}}'
    write, of_state = faults.Point("write", 1, ""), faults.Point("fsync", 1, "</net/5000/state.sqlite>")
    for code, token, fault, point in ((1, "disk-full", "eio", write), (1, "io", "enospc", write),
                                      (4, "io", "eio", write), (-signal.SIGSEGV, "io", "eio", write),
                                      (1, "io", "eintr", write),
                                      (1, "bad-file", "enospc", of_state), (1, "disk-full", "eintr", write)):
        expect("a command that failed in another way", ["ended with"], lambda code=code, token=token, fault=fault,
               point=point: faults.check_borne(line, Ended(code, "", told % token), fault, point))
    state = faults.Point("write", 1, "4</net/5000/state.sqlite>")
    expect("a fault that came elsewhere", ["was interrupted"],
           lambda: faults.inject(ElsewhereThisTime(), case, line, state, "eintr"))


class ElsewhereThisTime:
    """A command that another call than in the rehearsal was made to fail in, one on a message: that tells its cause."""

    def run(self, case, *_, **__):
        with open(case + ".strace", "w", encoding="utf-8") as log:
            log.write('7 write(9</net/5001/spool/5000/tmp/m>, "a", 1 <unfinished ...>\n'
                      '8 write(4</net/5000/state.sqlite>, "a", 1) = 1\n'
                      '7 <... write resumed>) = -1 EINTR (Interrupted system call) (INJECTED)\n')
        return Ended(1, "", '{"error":{"token":"io"}}')


def fail_no_sync(program, base):
    """A sync that is to fail, and is made."""
    theatre = run.theatre = power.PowerTheatre(program, base)
    theatre.rehearse("refuse")
    case = next(case for case in theatre.list_cases(("refuse", story.place_of("refuse", "add-book")))
                if case.how == power.FAILED)
    really = theatre.program.run
    theatre.program.run = lambda *words, before=(), **more: really(*words, before=before[:-2], **more)
    theatre.play(case)


def lose_unsynced_book(program, base):
    """add-book without the syncs of the book itself; the power goes in a later command."""
    class Careless(calls.Replay):
        def do_fdatasync(self, call):
            place = bytes.fromhex(call.descriptor(0)[1].replace(b"\\x", b"").decode())
            return not place.endswith(b"/books") and b"/draft-" not in place and super().do_fsync(call)

        do_fsync = do_fdatasync

    kept, calls.Replay = calls.Replay, Careless
    try:
        theatre = run.theatre = power.PowerTheatre(program, base)
        _, _, _, theatre.expected["refuse"] = theatre.rehearse("refuse")
    finally:
        calls.Replay = kept
    cases = theatre.list_cases(("refuse", len(story.TALE) - 1))
    theatre.play(max(cases, key=lambda case: (case.how == power.DROPPED, case.number)))


def lose_what_was_told(program, base, name="refuse", word="add-book"):
    """A command whose syncs keep nothing; the power goes when it has said that it is done."""
    class Forgetful(calls.Replay):
        def do_fdatasync(self, call):
            return self.opened(call)

        do_fsync = do_fdatasync

    theatre = run.theatre = power.PowerTheatre(program, base)
    theatre.rehearse(name)
    where = name, story.place_of(name, word)
    last = max(theatre.list_cases(where), key=lambda case: (case.how == power.DROPPED, case.number))
    kept, calls.Replay = calls.Replay, Forgetful
    try:
        theatre.play(last)
    finally:
        calls.Replay = kept


def lose_copy(program, base):
    """get-book of which nothing stays but its word: given again, it would hide that."""
    with got() as name:
        lose_what_was_told(program, base, name, "get-book")


def sync_again(program, base):
    """add-book that syncs its book once more where that failed, and takes the second answer for good."""
    theatre = run.theatre = power.PowerTheatre(program, base)
    theatre.rehearse("refuse")
    where = "refuse", story.place_of("refuse", "add-book")
    really, at_once = theatre.program.run, b"= -1 EIO (Input/output error) (INJECTED)"

    def run_again(case, *words, before=(), **more):
        fault = before[-1] if before and before[-1].startswith("inject=") else ""
        ended = really(case, *words, before=before[:-2] if fault else before, **more)
        if fault:
            name, number = fault[len("inject="):].split(":")[0].encode(), int(fault.rsplit("=", 1)[1])
            lines = read(before[before.index("-o") + 1]).splitlines(keepends=True)
            place = [i for i, line in enumerate(lines) if b" " + name + b"(" in line][number - 1]
            lines.insert(place, lines[place].rsplit(b"=", 1)[0] + at_once + b"\n")
            with open(before[before.index("-o") + 1], "wb") as log:
                log.writelines(lines)
        return ended

    theatre.program.run = run_again
    for case in theatre.list_cases(where):
        if case.how == power.RETRIED:
            theatre.play(case)


def fewer(counts):
    """The counts with one of them lower, or missing."""
    for what, count in counts.items():
        if isinstance(count, dict):
            yield from ({**counts, what: rows} for rows in (*fewer(count), {}))
        else:
            yield from ({**counts, what: less} for less in (count - 1, 0))
            yield {each: counts[each] for each in counts if each != what}


def played_by_story():
    """What is made to fail if every command has something to do."""
    for name, lines in story.STORIES.items():
        for index in range(len(lines)):
            if run.is_played(name, index):
                yield run.Case(name, index, "fsync", 1, "eio")


def check_floors():
    """A run that leaves nothing out fails where any kind of fault, story, command or call was tried too seldom, and
    where anything went wrong; a sample may have none of a kind."""
    whole = argparse.Namespace(only=[], commands=[], every=1, one_command_in=1, stories=session.ALL_STORIES)
    for name, least in (("run", floors.RUN), ("power", floors.POWER), ("sockets", floors.SOCKETS)):
        enough = {**least, **dict.fromkeys(session.BAD, 0)}
        too_few = [{**each, **dict.fromkeys(session.BAD, 0)} for each in fewer(least)]
        bad = [{**enough, what: 1} for what in session.BAD]
        check_verdicts(name, whole, least, ([enough], 0), (too_few, 1), (bad, 1))
        for left_out in ({"only": ["refuse"]}, {"commands": ["add-book"]}, {"every": 2}, {"one_command_in": 2},
                         {"stories": "refuse"}):
            sampled = argparse.Namespace(**{**vars(whole), **left_out})
            check_verdicts(name, sampled, least, (too_few, 0), (bad, 1))
    played = run.by_what(list(played_by_story()))
    for what, least in (("by_story", floors.BY_STORY), ("by_command", floors.BY_COMMAND)):
        if set(played[what]) != set(least):
            sys.exit(f"floors.py lists other names {what} than are played: {set(played[what]) ^ set(least)}")


def check_verdicts(name, chosen, least, *wanted):
    for rows, code in wanted:
        for counts in rows:
            with contextlib.redirect_stderr(io.StringIO()) as said:
                found = session.verdict(name, chosen, counts, least)
            if found != code:
                sys.exit(f"{name} ends with {found} for {counts}, {chosen}: {said.getvalue()}")


def check_kept(base):
    """A story that went well is not played again, one that did not is, and so is each with another program, or after a
    run that was whole and good."""
    chosen = argparse.Namespace(kept=base, program=base + "/program")
    name, bad = session.ALL_STORIES.split(",")[:2]
    whole = len(story.STORIES)
    for content, goes_wrong, wanted in (("a", 1, whole), ("a", 1, 1), ("b", 1, whole), ("b", 0, 1), ("b", 0, whole)):
        with open(chosen.program, "w", encoding="utf-8") as file:
            file.write(content)
        played = []

        def play_story(each, played=played, goes_wrong=goes_wrong):
            played.append(each)
            lost = goes_wrong if each == bad else 0
            return {"losses": 1, "by_story": {each: 1}, **dict.fromkeys(session.BAD, 0), "lost": lost}

        counts = session.story_by_story("power", chosen, play_story)
        if len(played) != wanted or bad not in played:
            sys.exit(f"of the stories these were played: {played}")
        if (counts["losses"], counts["lost"], counts["by_story"][name]) != (whole, goes_wrong, 1):
            sys.exit(f"the sum over all stories is wrong: {counts}")


def check_ended(base):
    """A command that hangs below strace is not left behind."""
    os.mkdir(base)
    left = base + "/left"
    program = Program("/bin/sh", seconds=1)
    program.words = lambda *_: ["/bin/sh", "-c", f"sleep 3; touch {left}"]
    try:
        program.run(base, 5000, (), before=faults.tracing(base + "/strace"))
        sys.exit("a command that hangs is waited for")
    except subprocess.TimeoutExpired:
        time.sleep(4)
    if os.path.exists(left):
        sys.exit("a command that hung goes on when its case is over")


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
    program = os.path.abspath(sys.argv[1])
    check_floors()
    base = tempfile.mkdtemp(prefix="bookchain-crash-")
    try:
        theatre = run.theatre = run.Theatre(program, base)
        _, played, _, expected = theatre.rehearse("refuse")
        case = theatre.own_folder()
        ending.check(theatre.program, case, expected)
        copy(case, base + "/well")
        copy(theatre.stage("refuse", len(story.TALE) - 1), case + ".before")
        for damage, words in ((stray_message, ["files", "left"]), (lost_state, ["exchanges at 5000"]),
                              (second_book, ["books at 5001"]), (lost_book, ["shelf at 5001", ending.GONE]),
                              (chain_of_others, ["exported"])):
            copy(base + "/well", case)
            damage(case)
            expect(damage.__name__, words, lambda: ending.check(theatre.program, case, expected))
        copy(theatre.stage("refuse", played[0]), case)
        line = theatre.line(case, "refuse", played[0])
        check_never(theatre, case, line)
        check_strange(theatre)
        check_said(theatre)
        not_kept = ["shelf at 5001", ending.GONE]
        for folder, what, words, loss in (("power", "a book that was not synced", not_kept, lose_unsynced_book),
                                          ("told", "a book that was lost again", ["books"], lose_what_was_told),
                                          ("copy", "a copy that was lost again", ["written"], lose_copy),
                                          ("again", "a sync that was made again", ["get-book"], sync_again),
                                          ("hidden", "commands that never fail", ["made to fail"], hide_commands),
                                          ("synced", "a sync that never failed", ["did not fire"], fail_no_sync)):
            os.mkdir(f"{base}/{folder}")
            expect(what, words, lambda folder=folder, loss=loss: loss(program, f"{base}/{folder}"))
        check_ended(base + "/ended")
        os.mkdir(base + "/kept")
        check_kept(base + "/kept")
        os.mkdir(base + "/got")
        check_half_a_book(program, base + "/got")
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

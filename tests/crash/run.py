#!/usr/bin/env python3
"""The real binary under faults: docs/crash.md.

    run.py PROGRAM                    every point; SAMPLE=N every Nth, of every COMMANDS=Nth command, JOBS=N so many
                                      at once
    run.py PROGRAM --only CASE        one of them, such as exchange/17/pwrite64:4/eio; what it left is kept
    run.py PROGRAM --list             all of them
"""

import collections
import concurrent.futures
import multiprocessing
import os
import pickle
import re
import shutil
import sys

import ending
import faults
import floors
import session
import story
from program import Failure, Program, copy, digest_of_state, entries, move_in, read

TALE_BYTES = 150_000  # three chunks
COUNTED = {"kill": "killed", "eio": "eio", "enospc": "enospc", "eintr": "eintr", "short": "short_writes"}
TOLD_AT_MOST = 20
TOLD = re.compile(r'"token":"(io|disk-full)"')
SHELF = re.compile(r"net/\d+/(books|exchanges)/")


def make_tale(path):
    with open(path, "wb") as file:
        file.write(b"".join(b"Line %d of a book that is handed over as a whole or not at all.\n" % i
                            for i in range(3000))[:TALE_BYTES])


def shelves(case):
    """What lies on the shelves of all peers, and beside them for an exchange."""
    return {name for name in entries(case) if SHELF.match(name)}


def is_played(name, index):
    """Whether that command is made to fail, and not only played."""
    line = story.STORIES[name][index]
    own = story.FIRST[name] <= index < story.LAST.get(name, len(story.STORIES[name])) \
        and index not in story.TOLD.get(name, ())
    is_command = not isinstance(line, (story.Copy, story.UntilRecorded))
    return own and is_command and (line.port != story.SECOND_WITNESS or name == "exchange")


class Case:
    """One fault at one call of one command of one story."""

    def __init__(self, name, index, call, number, fault, text=""):
        self.story, self.index, self.call, self.number, self.fault, self.text = name, index, call, number, fault, text

    def __str__(self):
        return f"{self.story}/{self.index}/{self.call}:{self.number}/{self.fault}"

    def kind(self):
        return self.fault


class Theatre:
    """The folder in memory that all of it happens in: stages/ before each command, known/ for what has been
    played to its end already, a folder for each worker."""

    def __init__(self, program, base):
        self.program, self.base = Program(program), base
        self.player = story.Player(self.program)
        self.expected = {}
        make_tale(base + "/tale.dat")
        for folder in ("stages", "known"):
            os.mkdir(f"{base}/{folder}")
        self.short_write = faults.build_short_write(base)
        self.tale = read(base + "/tale.dat")

    def stage(self, name, index):
        return f"{self.base}/stages/{name}-{index}"

    def own_folder(self):
        return f"{self.base}/case-{os.getpid()}"

    def take_stage(self, name, index):
        copy(self.stage(name, index), self.own_folder())
        move_in(self.own_folder())

    def rehearse(self, name):
        """Plays a story without faults; keeps what each command found, and what the end looks like. Gives the places of
        the commands that are made to fail, and of those that took something from a shelf."""
        case = self.own_folder()
        shutil.rmtree(case, ignore_errors=True)
        os.makedirs(case + "/net")
        os.mkdir(case + "/out")
        played, moving = [], []
        for index, line in enumerate(story.STORIES[name]):
            if story.is_idle(case, line):
                continue
            copy(case, self.stage(name, index))
            before = shelves(case)
            self.perform(case, name, index)
            if before - shelves(case):
                moving.append(index)
            if is_played(name, index):
                played.append(index)
        self.player.let_time_pass(case)
        return name, played, moving, ending.facts(self.program, case)

    def perform(self, case, name, index):
        """Plays one command of the rehearsal."""
        line = story.STORIES[name][index]
        if isinstance(line, story.UntilRecorded) and line.hides_commands(self.player, case):
            raise Failure("other", f"what stands for {line.line} is needed, and nothing in it is made to fail")
        self.player.play(case, line)

    def line(self, case, name, index):
        return self.player.named(case, story.STORIES[name][index])

    def list_cases(self, where):
        """All faults of one command."""
        name, index = where
        case = self.own_folder()
        self.take_stage(name, index)
        line = self.line(case, name, index)
        ended = self.program.run(case, line.port, line.words, before=faults.tracing(case + ".strace"))
        if ended.code not in line.codes:
            raise Failure("other", f"{line}, only watched: {ended}")
        with open(self.undisturbed(name, index), "wb") as file:
            pickle.dump((self.said(case, ended), self.left(case, line.port)), file)
        found = [Case(name, index, point.call, point.number, fault, point.text)
                 for point in faults.points(case + ".strace") for fault in point.faults()]
        self.take_stage(name, index)
        _, writes = faults.run_short(self.program, case, line, self.short_write, 0)
        return found + [Case(name, index, "short", i + 1, "short", text) for i, text in enumerate(writes)]

    def fail_once(self, case):
        """A server takes a turn more or less, as time has it: where its call was not made, it gets the fault again."""
        tries = 3 if story.STORIES[case.story][case.index].words[0] == "serve" else 1
        while True:
            try:
                return self.inject(case)
            except faults.NotFired:
                tries -= 1
                if tries == 0:
                    raise

    def inject(self, case):
        folder = self.own_folder()
        self.take_stage(case.story, case.index)
        line = self.line(folder, case.story, case.index)
        if case.fault == "short":
            return faults.shorten(self.program, folder, line, self.short_write, case.number)
        return faults.inject(self.program, folder, line, case, case.fault)

    def undisturbed(self, name, index):
        """The file of what a command said and left when it was only watched."""
        return f"{self.base}/stages/{name}-{index}.done"

    def said(self, case, ended):
        """The exit code, and what was written in any folder and process."""
        return ended.code, re.sub(r'"pid":\d+', "", ended.out.replace(case, ""))

    def left(self, case, port):
        """Asked for in a copy: who asks may leave something, too."""
        asked = case + ".asked"
        copy(case, asked)
        move_in(asked)
        return ending.left_by(self.program, asked, port)

    def play(self, case):
        """The fault, and the story from there to its end. Gives the exit code and whether the end was played."""
        ended = self.fail_once(case)
        if case.fault != "kill" and ended.code in story.STORIES[case.story][case.index].codes:
            self.check_done(case, ended)
        return ended.code, self.bring_to_end(case, self.own_folder())

    def check_done(self, case, ended):
        """Nobody gives a command again that said it is done: that it did not do must be seen before."""
        folder = self.own_folder()
        with open(self.undisturbed(case.story, case.index), "rb") as file:
            said, left = pickle.load(file)
        now = self.said(folder, ended)
        # `open` of a false book tells that alone.
        told = ended.code == 3 or TOLD.search(ended.out + ended.err)
        if now != said and not told:
            raise Failure("other", f"it says that it is done, but not as without a fault: {ended}")
        # What it told of may come later: messages and files, or, where it says that it did less, all the rest.
        may_wait = ending.NOTHING if not told else ending.WAITING if now == said else ending.DONE_LATER
        done = self.known(f"done-{case.index}", case, folder) + (f"-{now == said}" if told else "")
        if not os.path.exists(done):
            ending.check_done(self.left(folder, story.STORIES[case.story][case.index].port), left, may_wait)
            with open(done, "wb"):
                pass

    def bring_to_end(self, case, folder, may_be_early=False):
        """The same command again, and the rest of the story. From one state the program always goes on in the same
        way, since the networks are made from a seed and time stands still, but where `serve` rests: what led to a state
        from which the story came to its end before is not played a second time. Gives whether it was played to the very
        end."""
        visited = []  # the states that nobody was in before

        def is_new(next_line):
            visited.append(self.known(next_line, case, folder))
            return not os.path.exists(visited[-1])

        lines = story.STORIES[case.story]
        at_end = False
        # What came early once was done later: that says nothing of who may not come early.
        if is_new(f"{'early' if may_be_early else 'failed'}-{case.index}"):
            self.player.again(folder, lines[case.index], may_be_early)
            at_end = self.player.go_on(folder, lines, case.index + 1, is_new)
        if at_end:
            ending.check(self.program, folder, self.expected[case.story])
        for mark in visited:
            with open(mark, "wb"):
                pass
        return at_end

    def known(self, moment, case, folder):
        """The file that is there once the story came to its end from what now lies in the folder."""
        return f"{self.base}/known/{case.story}-{moment}-{digest_of_state(folder)}"


theatre = None


def at_work(method, argument):
    """In a worker: (argument, result, failure)."""
    try:
        return argument, getattr(theatre, method)(argument), None
    except Failure as failure:
        return argument, None, failure
    except Exception as error:  # pylint: disable=broad-except
        return argument, None, Failure("other", f"{type(error).__name__}: {error}")


def rehearse(one):
    return at_work("rehearse", one)


def list_cases(one):
    return at_work("list_cases", one)


def play(one):
    return at_work("play", one)


def chunks(arguments, size):
    arguments = list(arguments)
    return [arguments[place:place + size] for place in range(0, len(arguments), size)]


def all_of(function, arguments):
    return [function(argument) for argument in arguments]


def in_parallel(jobs, function, arguments, chunk=1):
    if jobs == 1:
        yield from map(function, arguments)
        return
    # Workers are copies of this process. Where one is killed, for want of memory say, all of it ends with an error.
    workers = concurrent.futures.ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"))
    try:
        for part in concurrent.futures.as_completed([workers.submit(all_of, function, some)
                                                     for some in chunks(arguments, chunk)]):
            yield from part.result()
    except BaseException:
        for worker in multiprocessing.active_children():
            worker.terminate()  # with the command that it waits for
        raise
    finally:
        workers.shutdown(cancel_futures=True)


def needed(results):
    """Results which must all be there before any fault is tried."""
    for argument, result, failure in results:
        if failure:
            sys.exit(f"crash: without any fault: {argument}: {failure.what}")
        yield result


def sample(cases, every):
    """Every Nth case of each kind of fault."""
    taken = collections.Counter()
    for case in cases:
        if taken[case.kind()] % every == 0:
            yield case
        taken[case.kind()] += 1


def tell(case, failure, program):
    line = story.STORIES[case.story][case.index]
    print(f"crash: {case} [{failure.kind}]\n  command  {line}\n  call     {case.call}({case.text[:150]}\n"
          f"  found    {failure.what}\n  replay   tests/crash/run.py {program} --only {case}", file=sys.stderr)


def by_what(cases):
    """How many cases each story has, and each command of each peer."""
    lines = [story.STORIES[case.story][case.index] for case in cases]
    return {"by_story": collections.Counter(case.story for case in cases),
            "by_command": collections.Counter(f"{line.words[0]} by {floors.ROLES[line.port]}" for line in lines)}


def run_all(cases, jobs, program, progress):
    counts = dict.fromkeys(("points", "killed", "eio", "enospc", "eintr", "short_writes", "fired", "exit_0", "exit_1",
                            "played_to_the_end", "lost", "doubled", "other"), 0)
    counts.update(by_what(cases))
    counts["by_call"] = collections.Counter(case.call for case in cases if case.fault != "short")
    counts["points"] = len({(case.story, case.index, case.call, case.number) for case in cases})
    for done, (case, result, failure) in enumerate(in_parallel(jobs, play, cases, 4), 1):
        counts[COUNTED[case.fault]] += 1
        if failure:
            counts[failure.kind] += 1
            if counts["lost"] + counts["doubled"] + counts["other"] <= TOLD_AT_MOST:
                tell(case, failure, program)
        else:
            code, played = result
            counts["fired"] += 1
            counts["played_to_the_end"] += played
            counts["exit_0"] += code == 0
            counts["exit_1"] += code == 1
        if progress and done % 50 == 0:
            print(f"\r{done} of {len(cases)}", end="", file=sys.stderr)
    return counts


def may_hold(wanted, name, index):
    """Whether a command can have a case whose name begins so."""
    return f"{name}/{index}/".startswith(wanted) or wanted.startswith(f"{name}/{index}/")


def commands_of(chosen, name, played, moving):
    """The places of the commands that are asked for."""
    for index in played:
        word = story.STORIES[name][index].words[0]
        if chosen.commands and word not in chosen.commands and not ("moving" in chosen.commands and index in moving):
            continue
        if not chosen.only or any(may_hold(wanted, name, index) for wanted in chosen.only):
            yield name, index


def chosen_cases(chosen):
    names = [name for name in story.STORIES if name in chosen.stories.split(",")]
    if chosen.only:
        names = [name for name in story.STORIES if name in {wanted.split("/")[0] for wanted in chosen.only}]
    where = []
    for name, played, moving, facts in needed(in_parallel(chosen.jobs, rehearse, names)):
        theatre.expected[name] = facts
        where += commands_of(chosen, name, played, moving)
    where = sorted(where)[::chosen.one_command_in]
    found = [case for cases in needed(in_parallel(chosen.jobs, list_cases, where, 1)) for case in cases]
    found.sort(key=lambda case: (case.story, case.index))
    if chosen.only:
        return [case for case in found if str(case).startswith(tuple(chosen.only))]
    return list(sample(found, chosen.every))


def set_the_stage(kind, chosen):
    """For this process and for its workers, which are copies of it."""
    def make(base):
        global theatre
        theatre = kind(chosen.program, base)
        return theatre
    return make


def main():
    chosen = session.options(__doc__, lists=True)
    return session.play_all(
        "crash", chosen, set_the_stage(Theatre, chosen), lambda: chosen_cases(chosen),
        lambda cases, jobs: run_all(cases, jobs, chosen.program, sys.stderr.isatty()), floors=floors.RUN)


if __name__ == "__main__":
    sys.exit(main())

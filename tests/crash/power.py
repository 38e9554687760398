#!/usr/bin/env python3
"""The real binary when the power goes: docs/crash.md.

    power.py PROGRAM                    every sync of every command; SAMPLE=N every Nth, JOBS=N so many at once
    power.py PROGRAM --only CASE        one of them, such as exchange/17/sync:3/dropped; what it left is kept
"""

import os
import pickle
import random
import shutil
import sys

import calls
import disk
import ending
import floors
import run
import session
import story
from program import Failure, digest, move_in, read

# Nothing stays that was not synced; or some of it does, chosen anew for each case. Or a sync fails, the command goes on
# as it sees fit, and then nothing stays that was not synced.
DROPPED, TORN, FAILED = "dropped", "torn", "failed"
INDEX = ".sqlite-shm"
# How often it is drawn at one sync what stays.
DRAWS = 3


class Case:
    """The power goes right before the `number`th sync of a command, or with the last number after the command; or that
    sync fails with EIO, and the power goes after the command."""

    def __init__(self, name, index, number, how, draw=0):
        self.story, self.index, self.number, self.how, self.draw = name, index, number, how, draw

    def __str__(self):
        return f"{self.story}/{self.index}/sync:{self.number}/{self.how}" + (f"-{self.draw}" if self.draw else "")

    def kind(self):
        return self.how


class PowerTheatre(run.Theatre):
    disk = None

    def watched(self, name, index):
        return f"{self.base}/watched/{name}-{index}"

    def rehearse(self, name):
        """Every command is watched, and played on one disk: what none of them synced is still unsynced in the last."""
        self.disk = None
        os.makedirs(os.path.dirname(self.watched(name, 0)), exist_ok=True)
        return super().rehearse(name)

    def perform(self, case, name, index):
        if isinstance(story.STORIES[name][index], (story.Copy, story.UntilRecorded)):
            self.disk = None
            return super().perform(case, name, index)
        self.disk = self.disk or disk.Disk(case)
        log = self.watched(name, index)
        with open(log + ".disk", "wb") as file:
            pickle.dump((case, self.disk), file)
        line = self.line(case, name, index)
        ended = self.program.run(case, line.port, line.words, before=calls.tracing(log))
        if ended.code not in line.codes:
            raise Failure("other", f"{line}, only watched: {ended}")
        replay = calls.Replay(self.disk, case)
        for call in calls.successful(log):
            replay.make(call)
        self.check_followed(case)

    def check_followed(self, folder):
        """Without a power loss the disk that was played must hold what the real one does."""
        shutil.rmtree(folder + ".model", ignore_errors=True)
        self.disk.put(folder + ".model")
        # One file is written through memory, and made anew after a loss.
        if digest(folder, INDEX) != digest(folder + ".model", INDEX):
            raise Failure("other", f"a call was not followed: {folder} differs from {folder}.model")
        shutil.rmtree(folder + ".model")

    def watched_again(self, name, index):
        """The disk as the command found it, with a player for its calls, and these."""
        with open(self.watched(name, index) + ".disk", "rb") as file:
            root, model = pickle.load(file)
        return model, calls.Replay(model, root), calls.successful(self.watched(name, index))

    def list_cases(self, where):
        name, index = where
        _, replay, made = self.watched_again(name, index)
        syncs = sum(replay.make(call) for call in made)
        found = []
        for number in range(syncs + 1):
            found.append(Case(name, index, number, DROPPED))
            found += [Case(name, index, number, TORN, draw) for draw in range(1, DRAWS + 1)]
            if number < syncs:
                found.append(Case(name, index, number, FAILED))
        return found

    def lose_power(self, case):
        """Gives what the command has left to its user, if it came to its end."""
        model, replay, made = self.watched_again(case.story, case.index)
        told = None
        if case.how == FAILED:
            model, told = self.fail_sync(case, model, replay, made)
        else:
            syncs = 0
            for call in made:
                if call.name in calls.SYNCS and syncs == case.number and replay.opened(call):
                    break
                syncs += replay.make(call)
            else:
                told = self.seen(case, model)
        model.lose_power(random.Random(str(case)) if case.how == TORN else None)
        self.lay_out(model)
        return told

    def lay_out(self, model):
        """What lies on a disk, as files."""
        folder = self.own_folder()
        shutil.rmtree(folder, ignore_errors=True)
        model.put(folder)
        move_in(folder)
        return folder

    def seen(self, case, model):
        return self.seen_in(case, self.lay_out(model))

    def seen_in(self, case, folder):
        """What a command that says it is done has left to its user: what its peer is asked for, and what was written
        elsewhere."""
        port = story.STORIES[case.story][case.index].port
        found = {"written": ending.written(folder)}
        if os.path.exists(f"{folder}/net/{port}/state.sqlite"):
            found.update(ending.seen_by(self.program, folder, port))
        return found

    def fail_sync(self, case, model, replay, made):
        """Makes the command fail there, and its disk follow it."""
        before = copy_of(model)
        syncs, numbers, place = 0, dict.fromkeys(calls.SYNCS, 0), None
        for call in made:
            if call.name in calls.SYNCS:
                numbers[call.name] += 1
                if syncs == case.number and replay.opened(call):
                    place = call.name, numbers[call.name]
                    break
            syncs += replay.make(call)
        folder = self.lay_out(before)
        line = self.line(folder, case.story, case.index)
        log = folder + ".strace"
        name, number = place
        ended = self.program.run(folder, line.port, line.words,
                                 before=calls.tracing(log) + ["-e", f"inject={name}:error=EIO:when={number}"])
        if read(log).count(b"(INJECTED)") != 1:
            raise Failure("other", f"the fault did not fire: {ended}")
        followed = calls.Replay(before, folder)
        for call in calls.successful(log):
            followed.make(call)
        if ended.code not in line.codes and ended.code != 1:
            raise Failure("other", f"{line} was given eio and ended with {ended}")
        return before, self.seen(case, before) if ended.code in line.codes else None

    def play(self, case):
        folder = self.own_folder()
        told = self.lose_power(case)
        if told is not None:
            ending.compare(self.seen_in(case, folder), told)
        return 0, self.bring_to_end(case, folder)


def copy_of(model):
    return pickle.loads(pickle.dumps(model))


def tell(case, failure, program):
    print(f"power: {case} [{failure.kind}]\n  command  {story.STORIES[case.story][case.index]}\n"
          f"  found    {failure.what}\n  replay   tests/crash/power.py {program} --only {case}", file=sys.stderr)


def run_all(cases, jobs, program):
    counts = dict.fromkeys(("losses", DROPPED, TORN, FAILED, "played_to_the_end", "lost", "doubled", "other"), 0)
    counts.update(run.by_what(cases))
    for case, result, failure in run.in_parallel(jobs, run.play, cases, 4):
        counts["losses"] += 1
        counts[case.how] += 1
        if failure:
            counts[failure.kind] += 1
            if counts["lost"] + counts["doubled"] + counts["other"] <= run.TOLD_AT_MOST:
                tell(case, failure, program)
        else:
            counts["played_to_the_end"] += result[1]
    return counts


def main():
    chosen = session.options(__doc__)
    return session.play_all(
        "power", chosen, run.set_the_stage(PowerTheatre, chosen), lambda: run.chosen_cases(chosen),
        lambda cases, jobs: run_all(cases, jobs, chosen.program), floors.POWER)


if __name__ == "__main__":
    sys.exit(main())

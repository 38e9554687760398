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
import run
import session
import story
from program import Failure, copy, digest

# Nothing stays that was not synced; or some of it does, chosen anew for each case.
DROPPED, TORN = "dropped", "torn"
INDEX = ".sqlite-shm"


class Case:
    """The power goes right before the `number`th sync of a command, or with the last number after the command."""

    def __init__(self, name, index, number, how):
        self.story, self.index, self.number, self.how = name, index, number, how

    def __str__(self):
        return f"{self.story}/{self.index}/sync:{self.number}/{self.how}"

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
        if isinstance(story.STORIES[name][index], story.Copy):
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
        return [Case(name, index, number, how) for number in range(syncs + 1) for how in (DROPPED, TORN)]

    def lose_power(self, case):
        model, replay, made = self.watched_again(case.story, case.index)
        syncs = 0
        for call in made:
            if call.name in calls.SYNCS and syncs == case.number and replay.opened(call):
                break
            syncs += replay.make(call)
        model.lose_power(random.Random(str(case)) if case.how == TORN else None)
        folder = self.own_folder()
        shutil.rmtree(folder, ignore_errors=True)
        model.put(folder)

    def play(self, case):
        folder = self.own_folder()
        self.lose_power(case)
        known = f"{self.base}/known/{case.story}-{case.index}-{digest(folder)}"
        if os.path.exists(known):
            return 0, False
        self.player.again(folder, story.STORIES[case.story][case.index])
        self.player.go_on(folder, story.STORIES[case.story][case.index + 1:])
        ending.check(self.program, folder, self.expected[case.story])
        with open(known, "wb"):
            return 0, True


def tell(case, failure, program):
    print(f"power: {case} [{failure.kind}]\n  command  {story.STORIES[case.story][case.index]}\n"
          f"  found    {failure.what}\n  replay   tests/crash/power.py {program} --only {case}", file=sys.stderr)


def run_all(cases, jobs, program):
    counts = dict.fromkeys(("losses", DROPPED, TORN, "played_to_the_end", "lost", "doubled", "other"), 0)
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
        lambda cases, jobs: run_all(cases, jobs, chosen.program))


if __name__ == "__main__":
    sys.exit(main())

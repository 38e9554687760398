#!/usr/bin/env python3
"""The real binary when the power goes: docs/crash.md.

    power.py PROGRAM                    every sync of every command; SAMPLE=N every Nth, JOBS=N so many at once
    power.py PROGRAM --only CASE        one of them, such as exchange/17/sync:3/dropped; what it left is kept
"""

import os
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


class Case:
    """The power goes right before the `number`th sync of a command, or with the last number after the command."""

    def __init__(self, name, index, number, how):
        self.story, self.index, self.number, self.how = name, index, number, how

    def __str__(self):
        return f"{self.story}/{self.index}/sync:{self.number}/{self.how}"

    def kind(self):
        return self.how


class PowerTheatre(run.Theatre):
    def watched(self, name, index):
        return f"{self.base}/watched/{name}-{index}"

    def list_cases(self, where):
        """Watches one command; keeps what it called, and where that happened."""
        name, index = where
        folder = self.own_folder()
        copy(self.stage(name, index), folder)
        line = self.line(folder, name, index)
        log = self.watched(name, index)
        os.makedirs(os.path.dirname(log), exist_ok=True)
        ended = self.program.run(folder, line.port, line.words, before=calls.tracing(log))
        if ended.code not in line.codes:
            raise Failure("other", f"{line}, only watched: {ended}")
        with open(log + ".root", "w", encoding="utf-8") as file:
            file.write(folder)
        replay = calls.Replay(disk.Disk(self.stage(name, index)), folder)
        syncs = sum(replay.make(call) for call in calls.successful(log))
        self.check_followed(replay.disk, folder)
        return [Case(name, index, number, how) for number in range(syncs + 1) for how in (DROPPED, TORN)]

    def check_followed(self, model, folder):
        """Without a power loss the disk that was played must hold what the real one does."""
        shutil.rmtree(folder + ".model", ignore_errors=True)
        model.put(folder + ".model")
        for left in (folder, folder + ".model"):
            for name in list(os.walk(left)):
                for file in name[2]:
                    if file.endswith(".sqlite-shm"):  # it is written through memory, and made anew after a loss
                        os.unlink(os.path.join(name[0], file))
        if digest(folder) != digest(folder + ".model"):
            raise Failure("other", f"a call was not followed: {folder} differs from {folder}.model")
        shutil.rmtree(folder + ".model")

    def lose_power(self, case):
        with open(self.watched(case.story, case.index) + ".root", encoding="utf-8") as file:
            root = file.read()
        model = disk.Disk(self.stage(case.story, case.index))
        replay = calls.Replay(model, root)
        syncs = 0
        for call in calls.successful(self.watched(case.story, case.index)):
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

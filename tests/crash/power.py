#!/usr/bin/env python3
"""The real binary when the power goes: docs/crash.md.

    power.py PROGRAM                    every sync of every command; SAMPLE=N every Nth, JOBS=N so many at once
    power.py PROGRAM --only CASE        one of them, such as exchange/17/sync:3/dropped; what it left is kept
"""

import itertools
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
from program import Failure, copy, digest, move_in, read

# Nothing stays that was not synced; or some of it does, chosen anew for each case. Or a sync fails, the command goes on
# as it sees fit, and then nothing stays that was not synced; or its user goes on before that.
DROPPED, TORN, FAILED, RETRIED = "dropped", "torn", "failed", "retried"
INDEX = ".sqlite-shm"
# How often it is drawn at one sync what stays.
DRAWS = 3


class Case:
    """The power goes right before the `number`th sync of a command, or with the last number after the command; or that
    sync fails with EIO, and the power goes after the command, or within the next two."""

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
        return model, calls.Replay(model, root), calls.kept(self.watched(name, index))

    def list_cases(self, where):
        name, index = where
        _, replay, made = self.watched_again(name, index)
        may_lose = []  # whether each sync, were it to fail, would lose bytes
        for call in made:
            opened = call.name in calls.SYNCS and replay.opened(call)
            if opened:
                may_lose.append(bool(opened[0].writes))
            replay.make(call)
        found = []
        for number in range(len(may_lose) + 1):
            found.append(Case(name, index, number, DROPPED))
            found += [Case(name, index, number, TORN, draw) for draw in range(1, DRAWS + 1)]
            if number < len(may_lose):
                found.append(Case(name, index, number, FAILED))
                found += [Case(name, index, number, RETRIED)] if may_lose[number] else []
        return found

    def lose_power(self, case):
        """Gives the place of the last command, and what all have left to their users that came to their ends, of each
        peer."""
        model, replay, made = self.watched_again(case.story, case.index)
        last, told = case.index, {}
        if case.how in (FAILED, RETRIED):
            model, last, told = self.fail_sync(case, model, replay, made)
        elif make_until(replay, made, case.number):
            port = story.STORIES[case.story][case.index].port
            told[port] = self.seen_in(self.lay_out(model), port)
        model.lose_power(random.Random(str(case)) if case.how == TORN else None)
        self.lay_out(model)
        return last, told

    def lay_out(self, model):
        """What lies on a disk, as files."""
        folder = self.own_folder()
        shutil.rmtree(folder, ignore_errors=True)
        model.put(folder)
        move_in(folder)
        return folder

    def seen_in(self, folder, port):
        """What a command that says it is done has left to its user: what its peer is asked for, and what was written
        elsewhere."""
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
        name, number = place
        ended = self.watch(folder, line, "-e", f"inject={name}:error=EIO:when={number}")
        if read(folder + ".strace").count(b"(INJECTED)") != 1:
            raise Failure("other", f"the fault did not fire: {ended}")
        self.follow(before, folder)
        if ended.code not in line.codes and ended.code != 1:
            raise Failure("other", f"{line} was given eio and ended with {ended}")
        is_done = ended.code in line.codes
        told = {line.port: self.seen_in(self.asked(folder), line.port)} if is_done else {}
        if case.how == FAILED:
            return before, case.index, told
        return before, *self.retry(case, before, folder, is_done, told)

    def watch(self, folder, line, *fault):
        return self.program.run(folder, line.port, line.words, before=calls.tracing(folder + ".strace") + list(fault))

    def follow(self, model, folder, syncs=None):
        return make_until(calls.Replay(model, folder), calls.successful(folder + ".strace"), syncs)

    def asked(self, folder):
        """A copy: the folder goes on to be what the model follows."""
        copy(folder, folder + ".asked")
        move_in(folder + ".asked")
        return folder + ".asked"

    def retry(self, case, model, folder, is_done, told):
        """The next command or two, first the same if it failed. The power goes at some sync of the last, or after it.
        Gives the place of that, and what was told."""
        chance = random.Random(str(case))
        last, count = case.index, chance.randint(1, 2)
        for number, place in enumerate(itertools.islice(self.places_to_go_on(case, folder, is_done), count), 1):
            last, line = place, self.player.once_more(folder, self.line(folder, case.story, place))
            ended = self.watch(folder, line)
            if ended.code not in (*line.codes, 5):
                raise Failure("other", f"then {line}: {ended}")
            stop = chance.randint(0, self.syncs_of(model, folder)) if number == count else None
            told.pop(line.port, None)  # it may have gone on from there, or begun to take back what it said
            if self.follow(model, folder, stop):
                told[line.port] = self.seen_in(self.asked(folder), line.port)
        return last, told

    def syncs_of(self, model, folder):
        replay = calls.Replay(copy_of(model), folder)
        return sum(replay.make(call) for call in calls.successful(folder + ".strace"))

    def places_to_go_on(self, case, folder, is_done):
        """Of the lines that need nothing but their turn."""
        lines = story.STORIES[case.story]
        for place in range(case.index + is_done, len(lines)):
            line = lines[place]
            is_command = not isinstance(line, (story.Copy, story.UntilRecorded))
            if place > case.index and (not is_command or line.words[0] in story.AFTER_THE_END):
                return
            if not story.is_idle(folder, line):
                yield place

    def play(self, case):
        last, told = self.lose_power(case)
        for port, before in told.items():
            now = self.seen_in(self.own_folder(), port)
            if case.how in (FAILED, RETRIED):
                allow_to_come_again(now, before)
            ending.compare(now, before)
        # Who goes on after a sync that failed may have come too early, and is so again.
        ended = Case(case.story, last, case.number, case.how)
        return 0, self.bring_to_end(ended, self.own_folder(), may_be_early=case.how == RETRIED)


def allow_to_come_again(now, before):
    """That a book was put on the shelf is kept soon, not at once; who has lost that puts it there again."""
    def waiting(seen):
        return {title for title, _, content in seen.get("shelf", ()) if content == ending.NOT_YET}

    for title in waiting(now) - waiting(before):
        for seen in (now, before):
            seen["shelf"] = [row[:1] if row[0] == title else row for row in seen["shelf"]]
            seen["books"] = [row[:-1] if row[0] == title else row for row in seen["books"]]


def make_until(replay, made, number):
    """Makes the calls before that sync; whether those were all."""
    syncs = 0
    for call in made:
        if call.name in calls.SYNCS and syncs == number and replay.opened(call):
            return False
        syncs += replay.make(call)
    return True


def copy_of(model):
    return pickle.loads(pickle.dumps(model))


def tell(case, failure, program):
    print(f"power: {case} [{failure.kind}]\n  command  {story.STORIES[case.story][case.index]}\n"
          f"  found    {failure.what}\n  replay   tests/crash/power.py {program} --only {case}", file=sys.stderr)


def run_all(cases, jobs, program):
    counts = dict.fromkeys(("losses", DROPPED, TORN, FAILED, RETRIED, "played_to_the_end", *session.BAD), 0)
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
        lambda cases, jobs: run_all(cases, jobs, chosen.program), floors=floors.POWER)


if __name__ == "__main__":
    sys.exit(main())

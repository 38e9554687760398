"""What the programs here that play stories under faults have in common: options, beginning and end."""

import argparse
import glob
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time

import faults
import story
from program import read

SKIPPED = 77
BAD = ("lost", "doubled", "other")
ALL_STORIES = ",".join(story.STORIES)


def options(page, lists=False, by_story=True):
    parser = argparse.ArgumentParser(description=page, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--only", metavar="CASE", help="one case, or all whose names begin so; several with commas")
    if lists:
        parser.add_argument("--list", action="store_true")
    parser.add_argument("--stories", default=ALL_STORIES)
    parser.add_argument("--commands", metavar="WORD", help="of these commands alone, such as get-book,export-chain; "
                        "moving: of those that take something from a shelf")
    if by_story:
        parser.add_argument("--kept", metavar="FOLDER", help="story by story, and what each gave is kept there: a whole "
                            "run that was stopped goes on with the story where it was")
    parser.add_argument("--may-skip", action="store_true", help="exit 77 if strace is not there or may not trace")
    chosen = parser.parse_args()
    chosen.program = os.path.abspath(chosen.program)
    chosen.jobs = int(os.environ.get("JOBS") or os.cpu_count())
    chosen.every = int(os.environ.get("SAMPLE") or 1)
    chosen.one_command_in = int(os.environ.get("COMMANDS") or 1)
    chosen.only = chosen.only.split(",") if chosen.only else []
    chosen.commands = chosen.commands.split(",") if chosen.commands else []
    return chosen


def is_whole(chosen):
    """Whether nothing is left out."""
    return not (chosen.only or chosen.commands) and chosen.every == 1 and chosen.one_command_in == 1 \
        and chosen.stories == ALL_STORIES


def shortfalls(counts, floors, where=""):
    """What was counted less often than a run that leaves nothing out must: then something is not tried any more."""
    missed = []
    for what, least in floors.items():
        found = counts.get(what, 0)
        if isinstance(least, dict):
            missed += shortfalls(found or {}, least, f"{what}: ")
        elif found < least:
            missed.append(f"{where}{found} {what}, which should be {least} at least")
    return missed


def verdict(name, chosen, counts, floors):
    """The exit code."""
    missed = shortfalls(counts, floors) if is_whole(chosen) else []
    for each in missed:
        print(f"{name}: too little was tried: {each}", file=sys.stderr)
    return 1 if missed or sum(counts[each] for each in BAD) else 0


def digest_of(program):
    """Of the program and of all that plays it: with another the stories are played anew."""
    hashed = hashlib.sha256()
    for file in (program, *sorted(glob.glob(os.path.dirname(os.path.abspath(__file__)) + "/*.*p*"))):
        hashed.update(hashlib.sha256(read(file)).digest())
    return hashed.hexdigest()[:16]


def add(counts, more):
    for what, count in more.items():
        if isinstance(count, dict):
            add(counts.setdefault(what, {}), count)
        else:
            counts[what] = counts.get(what, 0) + count


def story_by_story(name, chosen, play_story):
    """The sum over all stories. Of one in which something went wrong nothing is kept, and nothing at all once each came
    to its end and was good: the next run plays anew."""
    folder = os.path.join(chosen.kept, digest_of(chosen.program))
    os.makedirs(folder, exist_ok=True)
    counts, files, is_good = {}, [], True
    for each in ALL_STORIES.split(","):
        file = f"{folder}/{name}-{each}.json"
        if not os.path.exists(file):
            found = play_story(each)
            where = file if not sum(found[what] for what in BAD) else file + ".failed"
            with open(where + ".new", "w", encoding="utf-8") as kept:
                json.dump(found, kept)
            os.rename(where + ".new", where)
            is_good = is_good and where == file
            file = where
        files.append(file)
        add(counts, json.loads(read(file)))
    for file in files if is_good else ():
        os.unlink(file)
    return counts


def play(name, chosen, make_theatre, find_cases, play_cases):
    """In a folder of its own. Gives the counts; nothing where the cases were to be listed."""
    started = time.monotonic()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    base = tempfile.mkdtemp(prefix=f"bookchain-{name}-", dir=memory)
    keep = False
    try:
        theatre = make_theatre(base)
        cases = find_cases()
        if getattr(chosen, "list", False):
            print("\n".join(f"{case}  {case.text[:120]}" for case in cases))
            return None
        if not cases:
            sys.exit(f"{name}: there is no such case")
        keep = bool(chosen.only) and len(cases) == 1
        counts = play_cases(cases, 1 if keep else chosen.jobs)
        counts["seconds"] = round(time.monotonic() - started)
        if keep:
            print(f"{name}: what it left lies in {theatre.own_folder()}", file=sys.stderr)
        return counts
    finally:
        if not keep:
            shutil.rmtree(base, ignore_errors=True)


def stop(*_):
    """Who is told to stop ends what it began, and is not told twice."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + signal.SIGTERM)


def play_all(name, chosen, *how, floors):
    """From the first look to the exit code. `how` is what play() is given: `make_theatre(base)` gives the stage of this
    process and its workers, `find_cases()` what there is to be played, `play_cases(cases, jobs)` plays it and gives the
    counts, none of which may be less than in `floors` where nothing was left out. Where one case alone is played, what it
    left is kept."""
    if not faults.works():
        print(f"{name}: strace is not there, or may not trace here: skipped", file=sys.stderr)
        return SKIPPED if chosen.may_skip else 1

    signal.signal(signal.SIGTERM, stop)  # workers have this of their parent

    def play_story(each):
        chosen.stories = each
        return play(name, chosen, *how)

    if getattr(chosen, "kept", None) and is_whole(chosen) and not getattr(chosen, "list", False):
        counts = story_by_story(name, chosen, play_story)
        chosen.stories = ALL_STORIES
    else:
        counts = play(name, chosen, *how)
    if counts is None:
        return 0
    print(json.dumps(counts))
    return verdict(name, chosen, counts, floors)

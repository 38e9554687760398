"""What the programs here that play stories under faults have in common: options, beginning and end."""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time

import faults
import story

SKIPPED = 77
BAD = ("lost", "doubled", "other")
ALL_STORIES = ",".join(story.STORIES)


def options(page, lists=False):
    parser = argparse.ArgumentParser(description=page, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--only", metavar="CASE", help="one case, or all whose names begin so; several with commas")
    if lists:
        parser.add_argument("--list", action="store_true")
    parser.add_argument("--stories", default=ALL_STORIES)
    parser.add_argument("--commands", metavar="WORD", help="of these commands alone, such as get-book,export-chain; "
                        "moving: of those that take something from a shelf")
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


def play_all(name, chosen, make_theatre, find_cases, play_cases, floors):
    """From the first look to the exit code. `make_theatre(base)` gives the stage of this process and its workers,
    `find_cases()` what there is to be played, `play_cases(cases, jobs)` plays it and gives the counts, none of which
    may be less than in `floors` where nothing was left out. Where one case alone is played, what it left is kept."""
    if not faults.works():
        print(f"{name}: strace is not there, or may not trace here: skipped", file=sys.stderr)
        return SKIPPED if chosen.may_skip else 1
    started = time.monotonic()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    base = tempfile.mkdtemp(prefix=f"bookchain-{name}-", dir=memory)
    keep = False
    try:
        theatre = make_theatre(base)
        cases = find_cases()
        if getattr(chosen, "list", False):
            print("\n".join(f"{case}  {case.text[:120]}" for case in cases))
            return 0
        if not cases:
            sys.exit(f"{name}: there is no such case")
        keep = bool(chosen.only) and len(cases) == 1
        counts = play_cases(cases, 1 if keep else chosen.jobs)
        counts["seconds"] = round(time.monotonic() - started)
        print(json.dumps(counts))
        if keep:
            print(f"{name}: what it left lies in {theatre.own_folder()}", file=sys.stderr)
        return verdict(name, chosen, counts, floors)
    finally:
        if not keep:
            shutil.rmtree(base, ignore_errors=True)

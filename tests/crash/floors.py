"""What a run that leaves nothing out must have tried, or it fails. The names are written down here and not taken from
what is played: a story or call that is not there any more is missed."""

import platform

STORIES = ("exchange", "steps", "serve", "serve-file", "abort", "abort-owner", "refuse", "claimed", "settled",
           "disputed", "disputed-shares", "restored", "restored-requester", "restored-owner", "joined")
ROLES = {5000: "requester", 5001: "owner", 5002: "witness", 5003: "second witness"}
COMMANDS = {
    "requester": "request receive step serve consent open check-key mine abort dispute get-book keygen join restore",
    "owner": "init add-book receive step serve grant check-id release mine abort refuse keygen join restore",
    "witness": "receive step serve evidence export-chain keygen join restore",
    "second witness": "receive",
}
PLACES = ("net", "state", "package", "contacts", "delivery", "short", "transfer", "visit", "rest")
BY_HAND = {"requester": "receive request consent open check-key mine", "owner": "receive grant check-id release",
           "witness": "receive", "second witness": "receive"}
# As they are called on this kind of machine; others have some under another name.
COUNTS_CALLS = platform.machine() == "x86_64"
CALLS = ("openat write pwrite64 fsync fdatasync ftruncate rename renameat renameat2 linkat unlink unlinkat mkdir "
         "mkdirat rmdir chmod fchmod").split()
CALLS_WHILE_ALL_SERVE = ("sendto recvfrom connect accept openat write pwrite64 fsync fdatasync ftruncate rename "
                         "renameat2 unlink unlinkat mkdirat rmdir fchmod fchmodat bind listen flock").split()


def each(names):
    """At least one of each."""
    return dict.fromkeys(names, 1)


def commands(of_roles):
    return each(f"{word} by {role}" for role, words in of_roles.items() for word in words.split())


BY_STORY = each(STORIES)
BY_COMMAND = commands(COMMANDS)

# Half of these are deliveries into drop boxes.
IN_RUN = {**BY_STORY, "joined": 3_000}

# Of the sums there are twice as many, but for transfers.
RUN = {"points": 15_000, "killed": 10_000, "eio": 10_000, "enospc": 10_000, "eintr": 9_000, "short_writes": 4_500,
       "fired": 45_000, "played_to_the_end": 600, "by_story": IN_RUN, "by_command": BY_COMMAND,
       "by_call": each(CALLS if COUNTS_CALLS else ())}
POWER = {"losses": 9_000, "dropped": 1_600, "torn": 5_000, "failed": 1_500, "retried": 800,
         "played_to_the_end": 1_300, "by_story": BY_STORY, "by_command": BY_COMMAND}
SOCKETS = {"cases": 1_500, "fired": 1_450, "fired_percent": 98, "killed": 350, "eio": 220, "enospc": 220, "net": 300,
           "state": 360, "package": 90, "contacts": 40, "delivery": 160, "short": 150, "transfer": 8,
           "visit": 330, "rest": 75, "by_command": commands(BY_HAND),
           "by_place": each(f"{place} of {role}" for place in PLACES for role in ROLES.values()),
           "by_call": each(CALLS_WHILE_ALL_SERVE if COUNTS_CALLS else ())}

"""What must hold when a story has ended: the same as if nothing had failed."""

import collections
import hashlib
import json
import os
import re

from program import PORTS, Failure, entries, read

NUMBERS = re.compile(r"[0-9a-f]{64}|[0-9a-f]{16}-[0-9a-f]{32}")
# The clock of `serve` goes on while it rests.
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+")
# What a reader leaves of the state's log, and what a peer makes new each time it starts.
PASSING = re.compile(r"\.sqlite-(wal|shm)$")
# The note of who was heard, which is written as far as that can be.
CONTACTS = re.compile(r"/\d+/contacts$")
BOOKS = re.compile(r"/(exchanges|books)/")
WAITS_IN_SPOOL = re.compile(r"/spool/\d+/new/")
# Made in a drop box by whoever delivers first, and be it an acknowledgement, of which nobody tells that it is missing.
# Networks of one home hold them all from the beginning.
BOXES = re.compile(r"/spool/\d+(/(tmp|new|cur))?$")
# What comes later where a message or package could not be delivered, kept or removed, and where a step was not taken.
NOTHING = re.compile(r"(?!)")
WAITING = re.compile(r"messages|waiting|exchange |files")
DONE_LATER = re.compile(r"(?!written)")
# In the place of the bytes of a book.
NOT_YET = "not on the shelf yet"
GONE = "gone from the home"


def remains(case):
    """The names of all files, with ids made alike: what lies about is seen, whatever it is called."""
    return sorted(NUMBERS.sub("ID", name) for name in entries(case) if not PASSING.search(name))


def bytes_of(program, case, port, book):
    """A hash of the book as the shelf gives it out, or that it is not there yet, or not any more."""
    file = case + ".got"
    ended = program.run(case, port, ["get-book", book, "--to", file])
    if ended.code == 5:
        return NOT_YET
    if ended.code == 4:
        return GONE
    if ended.code != 0:
        raise Failure("other", f"then get-book {book} at {port}: {ended}")
    return hashlib.sha256(read(file)).hexdigest()


def seen_by(program, case, port):
    """What a peer tells: its exchanges, the catalogue, its shelf with the bytes there, the owners of each book, and
    whom it can prove to have cheated."""
    exchanges = program.ask(case, port, "list-exchanges")["exchanges"]
    books = program.ask(case, port, "list-books", "--all")["books"]
    shelf = program.ask(case, port, "list-books")["books"]
    history = [program.ask(case, port, "history", book["book"])["history"] for book in books]
    evidence = program.ask(case, port, "evidence", "list")["evidence"]
    return {
        "evidence": sorted((each["kind"], each["accused"]) for each in evidence),
        "exchanges": sorted((each["role"], each["state"]) for each in exchanges),
        "books": sorted((each["title"], each["size"], each["owner"], each["version"], each["held"]) for each in books),
        "shelf": sorted((each["title"], each["held"], bytes_of(program, case, port, each["book"])) for each in shelf),
        "history": sorted([(each["version"], each["owner"], each["height"]) for each in rows] for rows in history),
    }


def chain_of(program, case):
    """The forms of all transactions; all peers must hold the same bytes, and find them valid."""
    files = []
    for port in PORTS:
        verified = program.ask(case, port, "verify-chain")
        if not verified["valid"]:
            raise Failure("lost", f"the chain of {port} is not valid: {verified}")
        file = case + f".chain-{port}"
        program.ask(case, port, "export-chain", file)
        files.append(read(file))
        os.unlink(file)
    if len(set(files)) != 1:
        raise Failure("lost", "the peers hold different chains")
    exported = case + "/out/chain"
    if os.path.exists(exported) and read(exported) != files[0]:
        raise Failure("lost", "a chain was exported that nobody holds")
    blocks = program.ask(case, PORTS[0], "show-chain")["blocks"]
    return [[(each["type"], each["form"]) for each in block["transactions"]] for block in blocks]


def written(case):
    """What commands have written elsewhere, with a hash of the bytes."""
    return [(name, hashlib.sha256(read(f"{case}/out/{name}")).hexdigest()) for name in entries(case + "/out")
            if os.path.isfile(f"{case}/out/{name}")]


def files_of(case):
    """The names of all files that must be there but messages, and how large books and packages are."""
    comes_and_goes = [PASSING, CONTACTS, WAITS_IN_SPOOL]
    if os.path.exists(f"{case}/net/{PORTS[0]}/card.yaml"):
        comes_and_goes.append(BOXES)
    for name in entries(case):
        if not any(kind.search(name) for kind in comes_and_goes):
            file = os.path.join(case, name)
            size = f" of {os.path.getsize(file)}" if BOOKS.search(name) and os.path.isfile(file) else ""
            yield NUMBERS.sub("ID", name) + size


def messages_of(program, case):
    """What waits for each peer. That an acknowledgement is missing nobody tells: the message is sent again."""
    for port in PORTS:
        if os.path.exists(f"{case}/net/{port}/state.sqlite"):
            for each in program.ask(case, port, "inbox")["messages"]:
                if each["type"] != "delivery-note":
                    yield f"{each['type']} of {each['from']} for {port}, {each['size']} bytes"


def left_by(program, case, port):
    """What a command at that peer has left when it says that it is done: what its peer tells, also of each exchange and
    of what waits there; what was written elsewhere; the files of all peers, and what waits for them."""
    found = {"written": written(case), "files": sorted(files_of(case)), "messages": sorted(messages_of(program, case))}
    if os.path.exists(f"{case}/net/{port}/state.sqlite"):
        found.update(seen_by(program, case, port))
        status = program.ask(case, port, "status")
        found["waiting"] = [(what, status[what]) for what in ("inbox", "outbox", "undelivered")]
        for each in program.ask(case, port, "list-exchanges")["exchanges"]:
            told = {what: TIME.sub("TIME", json.dumps(row).replace(case, "")) for what, row
                    in program.ask(case, port, "show-exchange", each["exchange"]).items()}
            found["exchange " + each["exchange"][:12]] = sorted(told.items())
    return found


def check_done(found, expected, may_wait):
    """What a command left that says it is done. A fault that it bore may leave a file or message too many, which others
    remove or know."""
    needed = dict(found)
    for what in ("files", "messages"):
        more = collections.Counter(found[what]) - collections.Counter(expected[what])
        needed[what] = sorted((collections.Counter(found[what]) - more).elements())
    compare(needed, {what: rows for what, rows in expected.items() if not may_wait.match(what)})


def facts(program, case):
    found = {"chain": chain_of(program, case)}
    for port in PORTS:
        for what, rows in seen_by(program, case, port).items():
            found[f"{what} at {port}"] = rows
    found["files"] = remains(case)
    copied = case + "/out/tale"
    found["copy of the book"] = [hashlib.sha256(read(copied)).hexdigest()] if os.path.exists(copied) else []
    return found


def check(program, case, expected):
    compare(facts(program, case), expected)


def compare(found, expected):
    for what, wanted in expected.items():
        if found[what] == wanted:
            continue
        more = [each for each in found[what] if found[what].count(each) > wanted.count(each)]
        less = [each for each in wanted if wanted.count(each) > found[what].count(each)]
        kind = "lost" if len(found[what]) < len(wanted) else "doubled" if len(found[what]) > len(wanted) else "other"
        raise Failure("other" if what == "files" else kind, f"{what}: too much {more}, missing {less}")

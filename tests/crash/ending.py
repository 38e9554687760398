"""What must hold when a story has ended: the same as if nothing had failed."""

import hashlib
import os
import re

from program import PORTS, Failure, entries, read

NUMBERS = re.compile(r"[0-9a-f]{64}|[0-9a-f]{16}-[0-9a-f]{32}")
# What a reader leaves of the state's log, and what a peer makes new each time it starts.
PASSING = re.compile(r"\.sqlite-(wal|shm)$")


def remains(case):
    """The names of all files, with ids made alike: what lies about is seen, whatever it is called."""
    return sorted(NUMBERS.sub("ID", name) for name in entries(case) if not PASSING.search(name))


def bytes_of(program, case, port, book):
    """A hash of the book as the shelf gives it out."""
    file = case + ".got"
    program.ask(case, port, "get-book", book, "--to", file)
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
    blocks = program.ask(case, PORTS[0], "show-chain")["blocks"]
    return [[(each["type"], each["form"]) for each in block["transactions"]] for block in blocks]


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

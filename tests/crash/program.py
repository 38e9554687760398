"""Runs the program to be tested, and folders it works in: copies of them, and what tells two apart."""

import contextlib
import hashlib
import json
import os
import re
import select
import shutil
import signal
import sqlite3
import stat
import subprocess
import tempfile

CLOCK = 1_800_000_000
PORTS = (5000, 5001, 5002, 5003)
STATE = "/state.sqlite"


class Ended:
    """What a command left: its exit code (negative: the signal) and what it wrote."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def token(self):
        found = None
        for line in self.err.splitlines():
            if line.startswith("{"):
                found = json.loads(line).get("error", {}).get("token")
            elif line.startswith("bookchain: error: ") and line.endswith("]"):
                found = line[line.rindex("[") + 1:-1]
        return found

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"exit {self.code}, stdout {self.out[-300:]!r}, stderr {self.err[-600:]!r}"


class Program:
    def __init__(self, path, seconds=60):
        self.path, self.seconds = path, seconds

    def words(self, case, port, words):
        """`case` holds net/, the network, and out/, for what commands write elsewhere."""
        words = [word.replace("{case}", case) for word in words]
        if words[0] == "init":
            return [self.path, "-o", "json", *words]
        return [self.path, "-n", case + "/net", "-p", str(port), "-o", "json", *words]

    def run(self, case, port, words, second=0, before=(), environment=None):
        """`before`: what runs it, such as strace. Time stands still at `second`. The streams are files, as
        when a user keeps them in some."""
        variables = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "BOOKCHAIN_CLOCK": str(CLOCK + second)}
        variables.update(environment or {})
        with open(case + ".out", "wb") as out, open(case + ".err", "wb") as err, \
                subprocess.Popen([*before, *self.words(case, port, words)], stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=err, env=variables, cwd="/", start_new_session=True) as process:
            wait(process, self.seconds)
        return Ended(process.returncode, read(case + ".out").decode("utf-8", "replace"),
                     read(case + ".err").decode("utf-8", "replace"))

    def ask(self, case, port, *words):
        """The JSON that a reading command prints."""
        ended = self.run(case, port, words)
        if ended.code != 0:
            raise Failure("other", f"then {' '.join(words)} at {port}: {ended}")
        return ended.json()


def wait(process, seconds):
    """As Popen.wait, which with a timeout looks now and then, and so comes late to most of the many that end soon. The
    process leads a session: with it all that it began ends."""
    ended = None
    try:
        ended = os.pidfd_open(process.pid)
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        if not poll.poll(1000 * seconds):
            raise subprocess.TimeoutExpired(process.args, seconds)
    except BaseException:  # also where this process is to end
        os.killpg(process.pid, signal.SIGKILL)  # also what strace runs
        raise
    finally:
        if ended is not None:
            os.close(ended)
    process.wait()


class Failure(Exception):
    """A case that did not end as it must: `kind` is lost, doubled or other."""

    def __init__(self, kind, what):
        super().__init__(kind, what)  # both, or it could not come back from a worker
        self.kind, self.what = kind, what


def read(path):
    with open(path, "rb") as file:
        return file.read()


def entries(folder, below=""):
    """All that lies below, by relative name, in one order: what a folder holds comes after its own name."""
    with os.scandir(f"{folder}/{below}") as found:
        for entry in sorted(found, key=lambda each: each.name):
            name = below + entry.name
            yield name
            if entry.is_dir(follow_symlinks=False):
                yield from entries(folder, name + "/")


def copy(source, target):
    """A copy in which two names of one file stay two names of one file."""
    shutil.rmtree(target, ignore_errors=True)
    os.mkdir(target, 0o700)
    linked = {}
    for name in entries(source):
        old, new = f"{source}/{name}", f"{target}/{name}"
        facts = os.lstat(old)
        if stat.S_ISDIR(facts.st_mode):
            os.mkdir(new)
        elif (facts.st_dev, facts.st_ino) in linked:
            os.link(linked[facts.st_dev, facts.st_ino], new)
            continue
        else:
            shutil.copyfile(old, new)
            if facts.st_nlink > 1:
                linked[facts.st_dev, facts.st_ino] = new
        os.chmod(new, stat.S_IMODE(facts.st_mode))


def move_in(folder):
    """A home that was joined knows where its network file lay: in a copy of it, that is there."""
    for port in PORTS:
        config = f"{folder}/net/{port}/config.yaml"
        if os.path.exists(config):
            text = read(config)
            here = b'relative_to: "' + f"{folder}/net".encode() + b'"'
            moved = re.sub(rb'^relative_to: ".*"$', lambda _: here, text, flags=re.M)
            if moved != text:
                with open(config, "wb") as file:
                    file.write(moved)


def digest(folder, without="\0"):
    """Equal for two folders only if the same bytes lie in them under the same names; files whose names end with
    `without` do not count."""
    return digest_by(folder, lambda path: hashlib.sha256(read(path)).digest(), without)


def digest_of_state(folder):
    """Equal for two folders only if a program that starts in them cannot tell them apart: of a state it sees the rows,
    and not whether they lie in the log or where in the file, and a home knows where it is."""
    def digest_of(path):
        if path.endswith(STATE):
            return digest_of_rows(path)
        return hashlib.sha256(read(path).replace(folder.encode(), b"") if path.endswith("/config.yaml")
                              else read(path)).digest()

    return digest_by(folder, digest_of, tuple(STATE + end for end in ("-wal", "-shm")))


def digest_by(folder, digest_of, without="\0"):
    hashed = hashlib.sha256()
    linked = {}
    for name in entries(folder):
        if name.endswith(without):
            continue
        path = f"{folder}/{name}"
        facts = os.lstat(path)
        content = b"folder" if stat.S_ISDIR(facts.st_mode) else digest_of(path)
        first = linked.setdefault(facts.st_ino, name) if facts.st_nlink > 1 and content != b"folder" else name
        hashed.update(repr((name, stat.S_IMODE(facts.st_mode), first, content)).encode())
    return hashed.hexdigest()


def digest_of_rows(path):
    """Of all that is in a state and its log; of their bytes where something in them is damaged."""
    content = read(path)
    log = read(path + "-wal") if os.path.exists(path + "-wal") else b""
    of_bytes = hashlib.sha256(hashlib.sha256(content).digest() + log).digest()
    if of_bytes not in known_rows:
        known_rows[of_bytes] = read_rows(content, log) or of_bytes
    return known_rows[of_bytes]


known_rows = {}  # most states are met again and again


def read_rows(content, log):
    """As whoever opens it next does; in a copy, since it writes the log into the state."""
    hashed = hashlib.sha256(content[16:24])  # the size of pages, and that it has a log
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        for name, part in (("state", content), ("state-wal", log)):
            with open(f"{folder}/{name}", "wb") as file:
                file.write(part)
        try:
            with contextlib.closing(sqlite3.connect(f"{folder}/state")) as database:
                if database.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                    return None
                for what in ("PRAGMA application_id", "PRAGMA user_version", "SELECT name, sql FROM sqlite_master"):
                    hashed.update(repr(database.execute(what).fetchall()).encode())
                for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    rows = database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
                    hashed.update(repr((table, rows)).encode())
        except sqlite3.DatabaseError:
            return None
    return hashed.digest()

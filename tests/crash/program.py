"""Runs the program to be tested, and folders it works in: copies of them, and what tells two apart."""

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess

CLOCK = 1_800_000_000
PORTS = (5000, 5001, 5002, 5003)


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
        with open(case + ".out", "wb") as out, open(case + ".err", "wb") as err:
            done = subprocess.run([*before, *self.words(case, port, words)], stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=err, env=variables, cwd="/", timeout=self.seconds, check=False)
        return Ended(done.returncode, read(case + ".out").decode("utf-8", "replace"),
                     read(case + ".err").decode("utf-8", "replace"))

    def ask(self, case, port, *words):
        """The JSON that a reading command prints."""
        ended = self.run(case, port, words)
        if ended.code != 0:
            raise Failure("other", f"then {' '.join(words)} at {port}: {ended}")
        return ended.json()


class Failure(Exception):
    """A case that did not end as it must: `kind` is lost, doubled or other."""

    def __init__(self, kind, what):
        super().__init__(kind, what)  # both, or it could not come back from a worker
        self.kind, self.what = kind, what


def read(path):
    with open(path, "rb") as file:
        return file.read()


def entries(folder):
    """All that lies below, by relative name, in one order."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(folders + files):
            yield os.path.relpath(os.path.join(root, name), folder)


def copy(source, target):
    """A copy in which two names of one file stay two names of one file."""
    shutil.rmtree(target, ignore_errors=True)
    os.mkdir(target, 0o700)
    linked = {}
    for name in entries(source):
        old, new = os.path.join(source, name), os.path.join(target, name)
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
    """Equal for two folders only if a program that starts in them cannot tell them apart; files whose names end with
    `without` do not count."""
    hashed = hashlib.sha256()
    linked = {}
    for name in entries(folder):
        if name.endswith(without):
            continue
        path = os.path.join(folder, name)
        facts = os.lstat(path)
        content = b"folder" if stat.S_ISDIR(facts.st_mode) else hashlib.sha256(read(path)).digest()
        first = linked.setdefault(facts.st_ino, name) if facts.st_nlink > 1 and content != b"folder" else name
        hashed.update(repr((name, stat.S_IMODE(facts.st_mode), first, content)).encode())
    return hashed.hexdigest()

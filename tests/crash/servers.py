"""Four peers that serve and wait for each other hand over a book, and one of them may suffer."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time

import ending
import faults
import run
import story
from program import PORTS, Ended, Failure, Program, read

VARIABLES = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
SECONDS = 90
# Where books and packages lie, those on their way as well.
PACKAGES = re.compile(r"/net/\d+/(incoming|exchanges|books)(/|$)")


class Servers:
    """All four peers at work, one of them with words before its command or variables of its own."""

    def __init__(self, program, case, port=None, before=(), variables=None):
        self.program, self.case = program, case
        self.running, self.ended = {}, []
        for each in PORTS:
            chosen = each == port
            self.start(each, before if chosen else (), (variables or {}) if chosen else {})
        self.closing = threading.Event()
        self.watching = threading.Thread(target=self.revive)
        self.watching.start()

    def start(self, port, before=(), variables=None):
        words = self.program.words(self.case, port, ["serve"])
        with open(f"{self.case}.{port}.out", "ab") as out, open(f"{self.case}.{port}.err", "ab") as err:
            self.running[port] = subprocess.Popen([*before, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                                  env={**VARIABLES, **(variables or {})}, cwd="/")

    def revive(self):
        """Whoever ended is started again, as a service would be."""
        while not self.closing.wait(0.02):
            for port, server in list(self.running.items()):
                if server.poll() is not None:
                    self.note_end(port)
                    self.start(port)

    def note_end(self, port):
        said = read(f"{self.case}.{port}.err").decode("utf-8", "replace")
        self.ended.append((port, Ended(self.running[port].returncode, "", said)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.watching.join()
        for each in self.running.values():
            each.terminate()
        for port, each in self.running.items():
            # One that was just started may be asked to stop before it listens to that.
            if each.wait(timeout=30) < 0 and each.returncode != -signal.SIGTERM:
                self.note_end(port)


class ServingTheatre:
    """A folder for each worker, with a network in it whose peers serve."""

    def __init__(self, program, base):
        self.program, self.base = Program(program, SECONDS), base
        run.make_tale(base + "/tale.dat")
        self.preloaded = faults.build_short_write(base)
        self.expected = {}

    def own_folder(self):
        return f"{self.base}/case-{os.getpid()}"

    def clear(self):
        """A folder for the next network, and nothing beside it."""
        case = self.own_folder()
        for name in os.listdir(self.base):
            if name.startswith(os.path.basename(case) + "."):
                os.unlink(os.path.join(self.base, name))
        shutil.rmtree(case, ignore_errors=True)
        os.makedirs(case)
        return case

    def exchange(self, transport, port=None, before=(), variables=None):
        """Makes one exchange of a book from a file. Gives what is seen at its end, and which servers ended before."""
        case = self.clear()
        for words in (["init", "{case}/net", "--transport", transport, "--seed", "crash", "--work-bits", "4",
                       "--auto-books", "0"], ["add-book", self.base + "/tale.dat", "--title", "Tale"]):
            self.program.ask(case, story.OWNER, *words)
        with Servers(self.program, case, port, before, variables) as servers:
            self.request(case)
            self.wait_for_rest(case, transport)
        self.take_in_again(case)
        seen = ending.facts(self.program, case)
        seen["files"] = [name for name in seen["files"] if PACKAGES.search("/" + name)]
        return seen, servers.ended

    def request(self, case):
        """Given again until it stands, as a user would, who looks first: a second one would be another exchange."""
        until = time.monotonic() + SECONDS
        while True:
            words = ["request", "--from", str(story.OWNER), "--book", "Tale", "--wait=60"]
            ended = self.run_now(case, story.REQUESTER, words)
            if ended.returncode == 0 or self.program.ask(case, story.REQUESTER, "list-exchanges")["exchanges"]:
                return
            if time.monotonic() > until:
                raise Failure("other", f"no exchange begins: {ended.stdout} {ended.stderr}")
            time.sleep(0.1)

    def run_now(self, case, port, words):
        """With the clock that the servers have."""
        return subprocess.run(self.program.words(case, port, words), stdin=subprocess.DEVNULL,
                              capture_output=True, cwd="/", timeout=SECONDS, check=False, env=VARIABLES)

    def wait_for_rest(self, case, transport):
        """Until nobody has anything left to do. In a spool may lie what was taken and could not be removed."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            states = self.states(case)
            heights = {len(self.program.ask(case, port, "show-chain")["blocks"]) for port in PORTS}
            if heights == {1} and not any(state["outbox"] for state in states) \
                    and (transport == "spool" or not any(state["inbox"] for state in states)):
                return
            time.sleep(0.1)
        raise Failure("lost", f"messages wait for ever: {states}")

    def take_in_again(self, case):
        """A server leaves alone what it once could not remove; the next process does not, and acknowledges it again."""
        for port in 2 * PORTS:
            ended = self.run_now(case, port, ["receive"])
            if ended.returncode != 0:
                raise Failure("other", f"then receive at {port}: {ended.stdout} {ended.stderr}")
        states = self.states(case)
        if any(state["inbox"] or state["outbox"] for state in states):
            raise Failure("lost", f"messages wait when all was taken in: {states}")

    def states(self, case):
        return [self.program.ask(case, port, "status") for port in PORTS]

"""Four peers that serve and wait for each other hand over a book, and one of them may suffer; or one that serves
nobody, and is given its commands by hand."""

import os
import re
import shutil
import signal
import socket
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
# Until a step by hand has brought about what it says.
HAND_SECONDS = 90
# Where books and packages lie, those on their way as well.
PACKAGES = re.compile(r"/net/\d+/(incoming|exchanges|books)(/|$)")
REQUEST = ("request", "--from", str(story.OWNER), "--book", "Tale")
# Not yet, or of a book that is not known yet.
EARLY = (4, 5)


class Servers:
    """All four peers at work, or those that serve, one of them with words before its command or variables of its
    own."""

    def __init__(self, program, case, port=None, before=(), variables=None, serving=PORTS):
        self.program, self.case = program, case
        self.running, self.ended = {}, []
        self.how = {each: (before, variables or {}) if each == port else ((), {}) for each in serving}
        self.closing = threading.Event()
        self.watching = threading.Thread(target=self.revive)

    def start(self, port, before=(), variables=None):
        words = self.program.words(self.case, port, ["serve"])
        with open(f"{self.case}.{port}.out", "ab") as out, open(f"{self.case}.{port}.err", "ab") as err:
            self.running[port] = subprocess.Popen([*before, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                                  env={**VARIABLES, **(variables or {})}, cwd="/",
                                                  start_new_session=True)

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

    def wait_until_they_listen(self):
        until = time.monotonic() + SECONDS
        while not all(b'"started"' in read(f"{self.case}.{port}.out") for port in PORTS if port in self.running):
            if time.monotonic() > until:
                raise Failure("other", "a server does not listen")
            time.sleep(0.02)

    def __enter__(self):
        try:
            for port, how in self.how.items():
                self.start(port, *how)
            self.watching.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.closing.set()
        if self.watching.ident is not None:
            self.watching.join()
        for each in self.running.values():
            each.terminate()
        stuck = [port for port, each in self.running.items() if not self.ends(each)]
        for port, each in self.running.items():
            # One that was just started may be asked to stop before it listens to that.
            if each.returncode < 0 and each.returncode != -signal.SIGTERM:
                self.note_end(port)
        if stuck:
            raise Failure("other", f"servers do not end when they are asked to: {stuck}")

    @staticmethod
    def ends(process):
        """Whether it does by itself; it is gone either way, and strace with what it runs."""
        try:
            process.wait(timeout=30)
            return True
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False


def commands_by_hand(port):
    """What one peer is told while the others serve, each command with its place. At place 1 of all but the requester
    there is none: the requester asks for the book meanwhile."""
    commands = ["receive", REQUEST[0] if port == story.REQUESTER else None]
    for each, step in story.BY_HAND:
        commands += ["receive", step] if each == port else []
    commands += ["receive"] if len(commands) > 2 else 3 * ["receive"]
    return [(place, command) for place, command in enumerate(commands) if command]


class Hand:
    """Who gives those commands. `before(place)` gives what runs the command of a place, such as strace."""

    def __init__(self, theatre, case, port, before):
        self.theatre, self.case, self.port, self.before = theatre, case, port, before
        self.ended = []

    def play(self):
        for place, command in commands_by_hand(self.port):
            if place == 2 and self.port != story.REQUESTER:
                self.theatre.request(self.case, self.receive)
            self.bring_about(place, command)

    def bring_about(self, place, command):
        """Given again until it is done, as a user would, who takes in what came since where it was too early."""
        words = REQUEST if command == "request" else (command,)
        until = time.monotonic() + HAND_SECONDS
        while True:
            ended = self.theatre.run_now(self.case, self.port, words, self.before(place))
            self.ended.append((place, ended))
            if ended.code == 0 or command == "request" and self.theatre.has_exchange(self.case):
                return
            if ended.code not in (*EARLY, -signal.SIGKILL):
                raise Failure("other", f"{command} by hand: {ended}")
            if time.monotonic() > until:
                raise Failure("lost", f"{command} is never done: {ended}")
            if ended.code in EARLY:
                self.receive()
                time.sleep(0.1)

    def receive(self):
        ended = self.theatre.run_now(self.case, self.port, ["receive"])
        if ended.code != 0:
            raise Failure("other", f"then receive by hand at {self.port}: {ended}")


def leave_socket(case, port):
    """As a server that was killed does: the next one must remove it."""
    folder = os.open(f"{case}/net/{port}", os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"/proc/self/fd/{folder}/socket")  # the name of a socket may have 107 bytes
    finally:
        os.close(folder)


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

    def exchange(self, transport, port=None, before=(), variables=None, was_killed=False):
        """Makes one exchange of a book from a file. Gives what is seen at its end, and which servers ended before."""
        case = self.begin(transport)
        if was_killed:
            leave_socket(case, port)
        with Servers(self.program, case, port, before, variables) as servers:
            if was_killed:
                # The request may come first otherwise, and remove that socket itself.
                servers.wait_until_they_listen()
            self.request(case)
            self.wait_for_rest(case, transport)
        return self.end(case), servers.ended

    def exchange_by_hand(self, port, before):
        """The same over sockets, with one peer that serves nobody. Gives also how its commands ended."""
        case = self.begin("socket")
        hand = Hand(self, case, port, before)
        with Servers(self.program, case, serving=[each for each in PORTS if each != port]) as servers:
            servers.wait_until_they_listen()
            hand.play()
            self.wait_for_rest(case, "socket", hand.receive)
        return self.end(case), servers.ended, hand.ended

    def begin(self, transport):
        case = self.clear()
        for words in (["init", "{case}/net", "--transport", transport, "--seed", "crash", "--work-bits", "4",
                       "--auto-books", "0"], ["add-book", self.base + "/tale.dat", "--title", "Tale"]):
            self.program.ask(case, story.OWNER, *words)
        return case

    def end(self, case):
        self.take_in_again(case)
        seen = ending.facts(self.program, case)
        seen["files"] = [name for name in seen["files"] if PACKAGES.search("/" + name)]
        return seen

    def request(self, case, meanwhile=None):
        """Given again until it stands, as a user would, who looks first: a second one would be another exchange. It
        waits for the end unless somebody must do something `meanwhile`."""
        until = time.monotonic() + SECONDS
        while True:
            ended = self.run_now(case, story.REQUESTER, REQUEST if meanwhile else (*REQUEST, "--wait=60"))
            if ended.code == 0 or self.has_exchange(case):
                return
            if time.monotonic() > until:
                raise Failure("other", f"no exchange begins: {ended}")
            if meanwhile:
                meanwhile()
            time.sleep(0.1)

    def has_exchange(self, case):
        return bool(self.program.ask(case, story.REQUESTER, "list-exchanges")["exchanges"])

    def run_now(self, case, port, words, before=()):
        """With the clock that the servers have."""
        return self.program.run(case, port, words, before=before, environment={"BOOKCHAIN_CLOCK": ""})

    def wait_for_rest(self, case, transport, meanwhile=None):
        """Until nobody has anything left to do. In a spool may lie what was taken and could not be removed."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            states = self.states(case)
            heights = {len(self.program.ask(case, port, "show-chain")["blocks"]) for port in PORTS}
            if heights == {1} and not any(state["outbox"] for state in states) \
                    and (transport == "spool" or not any(state["inbox"] for state in states)):
                return
            if meanwhile:
                meanwhile()
            time.sleep(0.1)
        raise Failure("lost", f"messages wait for ever: {states}")

    def take_in_again(self, case):
        """A server leaves alone what it once could not remove; the next process does not, and acknowledges it again."""
        for port in 2 * PORTS:
            ended = self.run_now(case, port, ["receive"])
            if ended.code != 0:
                raise Failure("other", f"then receive at {port}: {ended}")
        states = self.states(case)
        if any(state["inbox"] or state["outbox"] for state in states):
            raise Failure("lost", f"messages wait when all was taken in: {states}")

    def states(self, case):
        return [self.program.ask(case, port, "status") for port in PORTS]

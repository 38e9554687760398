"""What is played: the commands of whole exchanges, and how one goes on after a command that failed."""

import os

from program import PORTS, Failure

REQUESTER, OWNER = 5000, 5001
# Acts like the first; its commands are made to fail in one story.
SECOND_WITNESS = 5003
SECONDS = (10, 30, 70, 150, 310, 630)


class Line:
    def __init__(self, port, *words):
        self.port, self.words = port, words
        # A server that stops while others are awaited says so.
        self.codes = (0, 5) if words[0] == "serve" else (0,)

    def __str__(self):
        return f"{' '.join(self.words)} at {self.port}"

    def takes_in_only(self):
        return self.words[0] in ("receive", "step", "serve")


def everybody(command, last):
    """That command at all peers, at `last` when the others are done."""
    words = command.split()
    return [Line(port, *words) for port in (5002, 5003, 5001, 5000) if port != last] + [Line(last, *words)]


BY_HAND = ((OWNER, "grant"), (REQUESTER, "consent"), (OWNER, "check-id"), (OWNER, "release"), (REQUESTER, "open"),
           (REQUESTER, "check-key"), (REQUESTER, "mine"))
STEPS = tuple(step for _, step in BY_HAND)
INIT = Line(OWNER, "init", "{case}/net", "--seed", "crash", "--auto-books", "0", "--work-bits", "4")
TALE = [INIT, Line(OWNER, "add-book", "{case}/../tale.dat", "--title", "Tale"), *everybody("receive", OWNER),
        Line(REQUESTER, "request", "--from", "5001", "--book", "Tale")]
VALUE = [INIT, Line(OWNER, "add-book", "--value", "7"), *everybody("receive", OWNER),
         Line(REQUESTER, "request", "--from", "5001", "--book", "7")]


def exchange_by_hand():
    lines = list(TALE)
    for port, step in BY_HAND:
        lines += [*everybody("receive", port), Line(port, step)]
    lines += 5 * everybody("receive", REQUESTER)
    return lines + [Line(REQUESTER, "get-book", "Tale", "--to", "{case}/out/tale"),
                    Line(5002, "export-chain", "{case}/out/chain")]


def given_up():
    return [*VALUE, *everybody("receive", OWNER), Line(OWNER, "grant"), *everybody("receive", REQUESTER),
            Line(REQUESTER, "abort", "{exchange}"), *(6 * everybody("receive", REQUESTER)),
            # The turn's ABORT is recorded by a step of its owner, which passing time would bring as well.
            *(6 * everybody("step", REQUESTER))]


def declined():
    return [*TALE, *everybody("receive", OWNER), Line(OWNER, "refuse", "{exchange}"),
            *(3 * everybody("receive", OWNER))]


STORIES = {
    "exchange": exchange_by_hand(),
    "steps": [*VALUE, *(9 * everybody("step", REQUESTER))],
    "serve": [*VALUE, *(7 * everybody("serve --until-idle=0", REQUESTER))],
    "abort": given_up(),
    "refuse": declined(),
}
# A command of the first lines stands in several stories, and is made to fail in one.
FIRST = {"exchange": 0, "steps": len(VALUE), "serve": len(VALUE), "abort": 1, "refuse": len(TALE)}


def waits_at(case, port):
    """Whether anything lies in the spool of that peer."""
    spool = f"{case}/net/{port}/spool"
    return any(os.listdir(f"{spool}/{sender}/new") for sender in os.listdir(spool))


def is_idle(case, line):
    if line.words[0] in ("step", "serve") and line.port in (REQUESTER, OWNER):
        return False
    return line.takes_in_only() and not waits_at(case, line.port)


class Player:
    def __init__(self, program):
        self.program = program

    def named(self, case, line):
        """The line with the exchange it means."""
        if "{exchange}" not in line.words:
            return line
        listed = self.program.ask(case, line.port, "list-exchanges")["exchanges"]
        if len(listed) != 1:
            raise Failure("doubled" if listed else "lost", f"{len(listed)} exchanges stand where there should be one")
        return Line(line.port, *(word.replace("{exchange}", listed[0]["exchange"]) for word in line.words))

    def play(self, case, line, second=0, may_be_early=False):
        ended = self.program.run(case, line.port, self.named(case, line).words, second)
        if ended.code not in (line.codes + (5,) if may_be_early else line.codes):
            raise Failure("other", f"then {line}: {ended}")
        return ended

    def again(self, case, line):
        """The same command once more. What would make a second one is made only if the first does not
        stand: a user looks. What it had to send leaves with whatever its peer does next."""
        stands = {"add-book": ("list-books", "books"), "request": ("list-exchanges", "exchanges")}.get(line.words[0])
        if stands and self.program.ask(case, line.port, stands[0])[stands[1]]:
            line = Line(line.port, "receive")
        self.play(case, line)

    def go_on(self, case, lines):
        # A message that the fault kept away may not be there yet: then the step is due later.
        for line in lines:
            if not is_idle(case, line):
                self.play(case, line, may_be_early=line.words[0] in STEPS)
        self.let_time_pass(case)

    def let_time_pass(self, case):
        """What was not acknowledged is sent again, later and later."""
        for second in SECONDS:
            states = [self.program.ask(case, port, "status") for port in PORTS]
            if all(state["inbox"] == 0 and state["outbox"] == 0 for state in states):
                return
            for port in 2 * PORTS:
                self.play(case, Line(port, "step"), second)
        raise Failure("other", "messages wait for ever")

"""What is played: the commands of whole exchanges, and how one goes on after a command that failed."""

import glob

from program import PORTS, Failure, copy, read

REQUESTER, OWNER = 5000, 5001
# Acts like the first; its commands are made to fail in one story.
SECOND_WITNESS = 5003
SECONDS = (10, 30, 70, 150, 310, 630)


class Line:
    def __init__(self, port, *words, codes=None):
        self.port, self.words = port, words
        # A server that stops while others are awaited says so.
        self.codes = codes or ((0, 5) if words[0] == "serve" else (0,))

    def __str__(self):
        return f"{' '.join(self.words)} at {self.port}"

    def takes_in_only(self):
        return self.words[0] in ("receive", "step", "serve")


class Copy(Line):
    """No command of the program: one folder becomes a copy of another."""

    def perform(self, _, case):
        source, target = (word.replace("{case}", case) for word in self.words[1:])
        copy(source, target)


class PutBack(Copy):
    """A home becomes its backup again. What networks of tests draw instead of random numbers does not come again: other
    networks have no such file."""

    def perform(self, player, case):
        draws = f"{case}/net/{self.port}/draws"
        drawn = read(draws)
        super().perform(player, case)
        with open(draws, "wb") as file:
            file.write(drawn)


class UntilRecorded(Line):
    """No command of its own: `line` and steps at `ports`, later and later, until these have a block; nothing where they
    have it. Whoever is silent stays so. None of that is made to fail: where nothing failed before, there may be
    nothing to do but steps, which other stories have."""

    def __init__(self, line, *ports):
        super().__init__(line.port, "until", "recorded")
        self.line, self.ports = line, ports

    def is_due(self, player, case):
        return not all(player.program.ask(case, port, "show-chain")["blocks"] for port in self.ports)

    def hides_commands(self, player, case):
        return self.line.words[0] != "step" and self.is_due(player, case)

    def perform(self, player, case):
        for second in (0, *SECONDS):
            if not self.is_due(player, case):
                return
            player.play(case, self.line, second, may_be_early=True)
            for port in 2 * self.ports:
                player.play(case, Line(port, "step"), second)
        raise Failure("lost", "no block is made without the one that is silent")


def everybody(command, last):
    """That command at all peers, at `last` when the others are done."""
    words = command.split()
    return [Line(port, *words) for port in (5002, 5003, 5001, 5000) if port != last] + [Line(last, *words)]


BY_HAND = ((OWNER, "grant"), (REQUESTER, "consent"), (OWNER, "check-id"), (OWNER, "release"), (REQUESTER, "open"),
           (REQUESTER, "check-key"), (REQUESTER, "mine"))
STEPS = tuple(step for _, step in BY_HAND)
# What can only be asked for when all is done, which takes longer where something failed.
AFTER_THE_END = ("get-book", "export-chain", "evidence")
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


def given_up_by_owner():
    """After the consent only a block gives up: with it the owner's encrypted copy goes, and the requester's package."""
    return [*consented(TALE), *receive_at(OWNER), Line(OWNER, "abort", "{exchange}"),
            *(4 * everybody("receive", OWNER))]


def declined():
    return [*TALE, *everybody("receive", OWNER), Line(OWNER, "refuse", "{exchange}"),
            *(3 * everybody("receive", OWNER))]


def receive_at(*ports):
    return [Line(port, "receive") for port in ports]


def consented(book, *rehearsed):
    return [*book, *everybody("receive", OWNER), Line(OWNER, "grant", *rehearsed), *everybody("receive", REQUESTER),
            Line(REQUESTER, "consent")]


def claimed():
    """The owner is silent from the consent on until the block is there."""
    others = receive_at(5002, 5003, REQUESTER)
    ask = Line(REQUESTER, "mine", "--without-owner", codes=(0, 5))  # first it asks the witnesses
    return [*consented(TALE), ask, *receive_at(5002, REQUESTER), ask, *receive_at(5003, REQUESTER), ask, *others, ask,
            *(4 * others), UntilRecorded(ask, REQUESTER, 5002, 5003), *(4 * everybody("step", REQUESTER)),
            Line(REQUESTER, "get-book", "Tale", "--to", "{case}/out/tale")]


def settled():
    """The requester is silent from the consent on until the block is there."""
    others = receive_at(5002, 5003, OWNER)
    settle = Line(OWNER, "mine", "--settle")
    too_early = Line(OWNER, "mine", "--settle", codes=(5,))  # one answer is too few
    return [*consented(VALUE), *receive_at(OWNER), Line(OWNER, "check-id"), *receive_at(5002, OWNER), too_early,
            *receive_at(5003, OWNER), settle, *others, settle, *(3 * others),
            UntilRecorded(settle, OWNER, 5002, 5003), *(4 * everybody("step", REQUESTER))]


def disputed():
    """The owner encrypted another book. What shows it, the requester proves to all, and anybody to a stranger."""
    return [*TALE, *everybody("receive", OWNER), Line(OWNER, "grant", "--rehearse-bad-chunk"),
            *everybody("receive", REQUESTER), Line(REQUESTER, "consent"), *everybody("receive", OWNER),
            Line(OWNER, "check-id"), *everybody("receive", OWNER), Line(OWNER, "release"),
            *everybody("receive", REQUESTER), Line(REQUESTER, "open", codes=(3,)), Line(REQUESTER, "dispute"),
            *(6 * everybody("receive", REQUESTER)), *(3 * everybody("step", REQUESTER)),
            Line(5002, "evidence", "export", "{evidence}", "--to", "{case}/out/proof"),
            Line(5002, "evidence", "verify", "{case}/out/proof", "--network-file", "{case}/net/network.yaml")]


def disputed_shares():
    """The owner dealt false shares of the key and falls silent. The requester finds it out when the witnesses have
    handed over the book, and gives that back."""
    others = receive_at(5002, 5003, REQUESTER)
    ask = Line(REQUESTER, "mine", "--without-owner", codes=(0, 5))  # first it asks the witnesses
    return [*consented(TALE, "--rehearse-bad-shares"), ask, *others, ask, *others, ask, *(4 * others),
            UntilRecorded(ask, REQUESTER, 5002, 5003), Line(REQUESTER, "dispute"),
            *(6 * everybody("receive", REQUESTER)), *(3 * everybody("step", REQUESTER))]


def restored():
    """A witness is put back while the block is on its way to all, and says so."""
    home, backup = "{case}/net/5002", "{case}/out/backup"
    return [*VALUE, Copy(5002, "copy", home, backup), *(9 * everybody("step", REQUESTER)),
            PutBack(5002, "copy", backup, home), Line(5002, "restore"), *(5 * everybody("step", REQUESTER))]


def restored_later(port, first):
    """A requester or owner has forgotten a whole exchange that all others remember, and says so."""
    *offered, request = first
    home, backup = f"{{case}}/net/{port}", "{case}/out/backup"
    return [*offered, Copy(port, "copy", home, backup), request,
            UntilRecorded(Line(REQUESTER, "step"), *PORTS), *(2 * everybody("step", REQUESTER)),
            PutBack(port, "copy", backup, home), Line(port, "restore"), *(5 * everybody("step", REQUESTER))]


def joined():
    """Each makes its own keys, and delivers into drop boxes: the folder in there is made by whoever delivers first, and
    a package is copied."""
    cards = [f"{{case}}/net/{port}/card.yaml" for port in PORTS]
    return [*(Line(port, "keygen", "--seed", "crash") for port in PORTS),
            Line(OWNER, "init", "{case}/net", "--cards", *cards, "--work-bits", "4"),
            *(Line(port, "join", "{case}/net/network.yaml") for port in PORTS), *TALE[1:],
            *(9 * everybody("step", REQUESTER))]


STORIES = {
    "exchange": exchange_by_hand(),
    "steps": [*VALUE, *(9 * everybody("step", REQUESTER))],
    "serve": [*VALUE, *(7 * everybody("serve --until-idle=0", REQUESTER))],
    "serve-file": [*TALE, *(7 * everybody("serve --until-idle=0", REQUESTER))],
    "abort": given_up(),
    "abort-owner": given_up_by_owner(),
    "refuse": declined(),
    "claimed": claimed(),
    "settled": settled(),
    "disputed": disputed(),
    "disputed-shares": disputed_shares(),
    "restored": restored(),
    "restored-requester": restored_later(REQUESTER, VALUE),
    "restored-owner": restored_later(OWNER, TALE),
    "joined": joined(),
}


def place_of(name, *words):
    """Where the first line of a story that begins with these words stands."""
    return next(i for i, line in enumerate(STORIES[name]) if line.words[:len(words)] == words)


# A command of the first lines stands in several stories, and is made to fail in one.
FIRST = {"exchange": 0, "steps": len(VALUE), "serve": len(VALUE), "serve-file": len(TALE), "abort": 1,
         "abort-owner": place_of("abort-owner", "abort"), "refuse": len(TALE),
         "claimed": place_of("claimed", "mine"), "settled": place_of("settled", "mine"),
         "disputed": place_of("disputed", "grant"), "disputed-shares": place_of("disputed-shares", "grant"),
         "restored": place_of("restored", "restore"),
         "restored-requester": place_of("restored-requester", "restore"),
         "restored-owner": place_of("restored-owner", "restore"), "joined": 0}
# From there on it is a story that was told before: all have delivered to all, and the owner its package.
LAST = {"joined": place_of("joined", "step") + 3}
# Lines in between that were told before, as two rounds of a vote.
TOLD = {"abort-owner": range(FIRST["abort-owner"] + 1, FIRST["abort-owner"] + 1 + 2 * len(PORTS))}


def waits_at(case, port):
    """Whether anything lies in the spool of that peer."""
    # The folders of a sender in a drop box may be there in part.
    return any(glob.iglob(f"{case}/net/{port}/spool/*/new/*"))


def is_idle(case, line):
    if line.words[0] in ("step", "serve") and line.port in (REQUESTER, OWNER):
        return False
    return line.takes_in_only() and not waits_at(case, line.port)


def is_early(line, ended):
    return ended.code == 5 or line.words[0] == "dispute" and (ended.code, ended.token()) == (3, "unexpected")


def finds_false_book(line, ended):
    """Whatever step opens a false book, it tells that."""
    return line.words[0] == "step" and (ended.code, ended.token()) == (3, "wrong-book")


class Player:
    def __init__(self, program):
        self.program = program

    def named(self, case, line):
        """The line with the exchange or the evidence it means."""
        for mark, lists, rows, key in (("{exchange}", ["list-exchanges"], "exchanges", "exchange"),
                                       ("{evidence}", ["evidence", "list"], "evidence", "id")):
            if mark not in line.words:
                continue
            listed = self.program.ask(case, line.port, *lists)[rows]
            if len(listed) != 1:
                raise Failure("doubled" if listed else "lost", f"{len(listed)} {rows} stand where there should be one")
            line = Line(line.port, *(word.replace(mark, listed[0][key]) for word in line.words), codes=line.codes)
        return line

    def play(self, case, line, second=0, may_be_early=False):
        if isinstance(line, (Copy, UntilRecorded)):
            return line.perform(self, case)
        ended = self.program.run(case, line.port, self.named(case, line).words, second)
        if ended.code in line.codes or finds_false_book(line, ended):
            return ended
        if may_be_early and is_early(line, ended):
            self.check_early(case, line, ended)
            return ended
        raise Failure("other", f"then {line}: {ended}")

    def check_early(self, case, line, ended):
        """Who is told that a step is too early must not be told to take it."""
        due = self.program.ask(case, line.port, "status")["due"] if line.words[0] in STEPS else ()
        if line.words[0] in [each["step"] for each in due]:
            raise Failure("other", f"{line} is too early and due: {ended}")

    def again(self, case, line, may_be_early=False):
        """The same command once more."""
        self.play(case, self.once_more(case, line), may_be_early=may_be_early)

    def once_more(self, case, line):
        """What would make a second one is made only if the first does not stand: a user looks. What it had to send
        leaves with whatever its peer does next."""
        stands = {"add-book": ("list-books", "books"), "request": ("list-exchanges", "exchanges")}.get(line.words[0])
        if stands and self.program.ask(case, line.port, stands[0])[stands[1]]:
            return Line(line.port, "receive")
        return line

    def go_on(self, case, lines, first, is_new):
        """The lines from that place on, as long as what lies there before each `is_new(place)`; whether it was to the
        end."""
        # A message that the fault kept away may not be there yet: then the step is due later.
        for place, line in enumerate(lines[first:], first):
            if not is_new(place):
                return False
            if line.words[0] in AFTER_THE_END:
                self.let_time_pass(case)
            if not is_idle(case, line):
                self.play(case, line, may_be_early=line.words[0] in (*STEPS, "dispute"))
        if not is_new(len(lines)):
            return False
        self.let_time_pass(case)
        return True

    def let_time_pass(self, case):
        """What was not acknowledged is sent again, later and later, and what was too early for its line is done."""
        for second in SECONDS:
            states = [self.program.ask(case, port, "status") for port in PORTS]
            if not any(state["inbox"] or state["outbox"] or state["due"] for state in states):
                return
            for port in 2 * PORTS:
                self.play(case, Line(port, "step"), second)
        raise Failure("other", "messages wait for ever")

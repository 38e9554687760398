#!/usr/bin/env python3
"""check_evidence.py network.yaml FILE

Checks a file of evidence with nothing but docs/formats.md and the network file: a second reading, in plain
Python 3 without other packages. Prints who is proven to have broken the rules, or the rule that the file
itself breaks. Exit code 0 if it is proven, 3 if it is not, 2 if the arguments are wrong."""

import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import canonical
import network_file
from chain_rules import Refused, Rules, require, sha256

HEAD = b"bookchain/1 evidence\n\1"


def u64(*values):
    return b"".join(value.to_bytes(8, "big") for value in values)


def ballot_of(body):
    return (body.ballot.round, body.ballot.port)


def ballot_bytes(body):
    return u64(body.height, body.ballot.round) + body.ballot.port.to_bytes(2, "big")


class Evidence:
    """The rules P for the kinds of evidence; each gives the accused and what the id is made of."""

    def __init__(self, network):
        self.rules = Rules(network)
        self.kinds = [
            self.bad_chunk,
            self.bad_deal,
            self.of_one_exchange,
            self.double_sale,
            self.release_and_abort,
            self.of_one_exchange,
            self.id_answers,
            self.of_one_ballot,
            self.of_one_ballot,
            self.of_one_ballot,
            self.of_one_ballot,
            self.hidden_lock,
        ]

    def check(self, number, evidence):
        return self.kinds[number](evidence)

    def bad_chunk(self, evidence):
        exchange, _, owner, _ = self.rules.check_granted(evidence)
        self.rules.bad_chunk(exchange, evidence.book.body, evidence.grant.body, evidence.proof)
        return owner, exchange

    def bad_deal(self, evidence):
        exchange, requester, owner = self.rules.check_request_and_grant(evidence.request, evidence.grant)
        self.rules.bad_deal(exchange, requester, owner, evidence.grant.body, evidence.proof)
        return owner, exchange

    def pair(self, evidence):
        """The two bodies of a pair that is good and in order, and who signed both."""
        first, second = evidence.first, evidence.second
        good = self.rules.is_good(first) and self.rules.is_good(second) and first.signer == second.signer
        require(good, "P3", "the two statements are not good, or of two peers")
        require(self.rules.id(first) < self.rules.id(second), "P3", "the two are one, or not in order")
        return first.body, second.body, first.signer

    def of_one_exchange(self, evidence):
        first, second, signer = self.pair(evidence)
        require(first.exchange == second.exchange, "P4", "the two are of two exchanges")
        return signer, first.exchange

    def double_sale(self, evidence):
        self.rules.check_request_and_grant(evidence.first_request, evidence.first)
        self.rules.check_request_and_grant(evidence.second_request, evidence.second)
        turns = [
            (request.body.book, grant.body.version, grant.body.turn, grant.signer)
            for request, grant in (
                (evidence.first_request, evidence.first),
                (evidence.second_request, evidence.second),
            )
        ]
        require(turns[0] == turns[1], "P5", "the two are of two turns")
        in_order = evidence.first_request.signer < evidence.second_request.signer
        require(in_order, "P5", "the two are not to two requesters, in the order of their ports")
        book, version, turn, signer = turns[0]
        return signer, book + u64(version, turn)

    def release_and_abort(self, evidence):
        exchange, _, owner = self.rules.check_request_and_grant(evidence.request, evidence.grant)
        release, abort, grant = evidence.release, evidence.abort, evidence.grant.body
        good = self.rules.is_good(release) and self.rules.is_good(abort)
        require(good and release.signer == abort.signer == owner, "P6", "not good, or not of the owner")
        of_grant = (release.body.exchange, release.body.grant) == (exchange, self.rules.id(evidence.grant))
        require(of_grant, "P6", "the RELEASE is of another GRANT")
        turn = (self.rules.id(abort.body.book), abort.body.version, abort.body.turn)
        of_turn = turn == (evidence.request.body.book, grant.version, grant.turn)
        require(of_turn, "P6", "the ABORT is of another turn")
        return owner, turn[0] + u64(*turn[1:])

    def id_answers(self, evidence):
        first, second, signer = self.pair(evidence)
        require(first.consent == second.consent, "P7", "the two answer two CONSENTs")
        return signer, first.consent

    def of_one_ballot(self, evidence):
        first, second, signer = self.pair(evidence)
        same = (first.height, ballot_of(first)) == (second.height, ballot_of(second))
        require(same, "P8", "the two are of two ballots")
        return signer, ballot_bytes(first)

    def hidden_lock(self, evidence):
        precommit, answer = evidence.precommit, evidence.answer
        good = self.rules.is_good(precommit) and self.rules.is_good(answer)
        require(good and precommit.signer == answer.signer, "P9", "the two are not good, or of two peers")
        voted, answered = precommit.body, answer.body
        above = voted.height == answered.height and ballot_of(voted) < ballot_of(answered)
        require(above, "P9", "the ANSWER is not of a higher ballot at this height")
        named = answered.lock is not None and ballot_of(answered.lock) >= ballot_of(voted)
        require(not named, "P9", "the ANSWER names a lock as high")
        return precommit.signer, ballot_bytes(voted)


def verify(network, data):
    """The accused, the number of the kind, and what the id is made of; raises Refused."""
    require(data.startswith(HEAD), "P1", "the file does not begin as evidence does")
    require(data[len(HEAD) :].startswith(network.id), "P1", "the evidence is of another network")
    body = data[len(HEAD) + 32 :]
    try:
        evidence = canonical.whole(canonical.EVIDENCE, body)
    except canonical.NotCanonical as fault:
        raise Refused("P2", str(fault)) from None
    accused, about = Evidence(network).check(body[0], evidence)
    return accused, body[0], about


def identity(network, number, accused, about):
    """The id of the fault."""
    return sha256(b"bookchain/1 evidence", network.id, bytes([number]), accused.to_bytes(2, "big"), about)


def main(arguments):
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[1], "rb") as file:
        network_bytes = file.read()
    with open(arguments[2], "rb") as file:
        data = file.read()
    try:
        network = network_file.read(network_bytes)
        accused, number, about = verify(network, data)
    except (network_file.BadNetwork, Refused) as fault:
        print(f"not proven: {fault}")
        return 3
    print(f"proven: {accused} broke the rules, {identity(network, number, accused, about).hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

#!/usr/bin/env python3
"""growth.py PROGRAM GROWN_CHAIN [HEIGHT [SHORT]]

Whether anything takes longer on a chain of HEIGHT (1,000,000) blocks than on one of SHORT (10): starting, the end of
the chain, a request and its validation. How fast whole chains are verified, against bare signatures, and in how much
memory. And by how many bytes an exchange makes the state on the disk grow. Blocks are real (grown_chain.cpp).
"""

import os
import subprocess
import sys
import tempfile

from measuring import Network, Run, median, report

RUNS = 11
# Of a block that grown_chain makes: BOOK, ABORT, the header and three votes.
SIGNATURES_A_BLOCK = 6


class Grown:
    """A network whose chain has that many blocks, with the times that commands take on it."""

    def __init__(self, program, grown_chain, folder, blocks):
        self.network = Network(program, folder, ["--auto-books", "1", "--work-bits", "0"])
        self.book = self.network.at(5001, "list-books").json["books"][0]["book"]
        subprocess.run([grown_chain, folder, str(blocks)], check=True)
        self.taken = {"start": [], "show-chain --tail 10": [], "request": [], "its validation": []}

    def measure(self):
        at, taken = self.network.at, self.taken
        taken["start"].append(at(5000, "list-books").seconds)
        taken["show-chain --tail 10"].append(at(5000, "show-chain", "--tail", 10).seconds)
        taken["request"].append(at(5000, "request", "--from", 5001, "--book", self.book).seconds)
        taken["its validation"].append(at(5001, "receive").seconds)

    def milliseconds(self, what):
        return 1000 * median(self.taken[what])


def verification(network, grown_chain, height):
    """Blocks a second, the part of the bare rate, and memory."""
    bare = float(Run([grown_chain, network.folder, "--verify-rate"]).out)
    run = network.at(5000, "verify-chain")
    assert run.json["valid"] and run.json["height"] == height, run.json
    rate = height / run.seconds
    return {"blocks_a_second": round(rate), "signatures_a_second": round(rate * SIGNATURES_A_BLOCK),
            "bare_signatures_a_second": round(bare), "ratio": round(rate * SIGNATURES_A_BLOCK / bare, 3),
            "peak_mib": round(run.peak_mib, 1)}


def bytes_an_exchange(program, folder, count=60):
    """Growth of state.sqlite at requester, owner and witness, by whole exchanges of small books."""
    network = Network(program, folder, ["--auto-books", "0"])
    books = [network.at(5001, "add-book", "--value", number).json["book"] for number in range(count)]
    network.receive_everywhere()
    sizes = []
    for half in (books[: count // 2], books[count // 2 :]):
        exchanges = [network.at(5000, "request", "--from", 5001, "--book", book).json["exchange"] for book in half]
        while any(network.state(5000, exchange) != "committed" for exchange in exchanges):
            for port in network.ports:
                network.at(port, "step")
        network.receive_everywhere()
        sizes.append({port: os.path.getsize(f"{folder}/{port}/state.sqlite") for port in network.ports})
    grown = {port: (sizes[1][port] - sizes[0][port]) / (count - count // 2) for port in network.ports}
    return {"requester": grown[5000], "owner": grown[5001], "witness": (grown[5002] + grown[5003]) / 2}


def main():
    program, grown_chain = (os.path.abspath(word) for word in sys.argv[1:3])
    height = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    short = int(sys.argv[4]) if len(sys.argv) > 4 else 10
    with tempfile.TemporaryDirectory(prefix="bookchain-bench-") as folder:
        low = Grown(program, grown_chain, folder + "/low", short)
        high = Grown(program, grown_chain, folder + "/high", height)
        # In turns, so that what else the machine does weighs on both.
        for _ in range(RUNS):
            low.measure()
            high.measure()
        rows = [("command", f"{short} blocks", f"{height} blocks", "ratio")]
        ratios = {}
        for what in low.taken:
            before, after = low.milliseconds(what), high.milliseconds(what)
            ratios[what] = round(after / before, 3)
            rows.append((what, f"{before:.1f} ms", f"{after:.1f} ms", f"{after / before:.2f}"))
        report("commands on a long chain", rows, {"short": short, "height": height, "runs": RUNS, "ratios": ratios})
        verified = verification(high.network, grown_chain, height)
        report("verify-chain", [("what", "value"), *((key.replace("_", " "), value) for key, value in verified.items())],
               verified)
        grown = {role: round(size) for role, size in bytes_an_exchange(program, folder + "/small").items()}
        report("bytes of state an exchange", [("role", "bytes"), *grown.items()], grown)


main()

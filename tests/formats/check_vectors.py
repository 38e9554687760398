#!/usr/bin/env python3
"""check_vectors.py VECTORS DOCS

Holds the golden vectors against an independent reading of docs/formats.md, and the tables of that page
against the vectors: networks, statements, commitments, the sealed message, the package, the names and tags
of messages, and blocks that break one rule each. The tests that docs/protocol.md names must exist. Exit
code 1 names what does not fit."""

import hashlib
import hmac
import json
import os
import re
import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import aes_gcm
import canonical
import chacha
import chain_rules
import check_evidence
import ed25519
import network_file
import shamir
import verify_chain


class Vectors:
    def __init__(self, folder, docs):
        self.folder = folder
        with open(os.path.join(docs, "formats.md"), encoding="utf-8") as file:
            self.page = file.read()
        with open(os.path.join(docs, "protocol.md"), encoding="utf-8") as file:
            protocol = file.read()
            self.attacks = protocol.split("| attack |")[1]
            self.claims = protocol.split("| | claim |")[1].split("\n\n")[0]
        self.checks = 0
        self.failures = []

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def json(self, name):
        return json.loads(self.read(name))

    def check(self, what, condition):
        self.checks += 1
        if not condition:
            self.failures.append(what)

    def table(self, heading, columns):
        """The rows of the table whose head begins with these columns."""
        rows = self.page.split("| " + " | ".join([heading] + columns))[1].split("\n")[2:]
        cells = []
        for row in rows:
            if not row.startswith("|"):
                return cells
            cells.append([cell.strip() for cell in row.strip("|").split("|")])
        return cells


def public_key(seed):
    """RFC 8032, section 5.1.5."""
    scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    scalar = scalar & ~7 & (2**255 - 1) | 2**254
    return ed25519.encode(ed25519.multiply_both(scalar, ed25519.BASE, 0, ed25519.NEUTRAL))


def check_networks(vectors):
    head = re.search(r"\| number \| value \| n = ([0-9 |]*)", vectors.page)[1]
    rows = vectors.table("number", ["value", "n = "])
    for column, size in enumerate(cell for cell in head.split("|") if cell.strip()):
        stated = tuple(int(row[2 + column]) for row in rows)
        vectors.check(f"the page's numbers of {size.strip()} peers", stated == network_file.numbers(int(size)))
    for each in vectors.json("networks.json"):
        name = each["file"]
        network = network_file.read(vectors.read(name))
        vectors.check(name + ": canonical", network.canonical().hex() == each["canonical"])
        vectors.check(name + ": id", network.id.hex() == each["network_id"])
        for letter, value in each["numbers"].items():
            vectors.check(f"{name}: {letter}", getattr(network, letter) == value)
        for peer, secret in zip(network.peers, each["secret_keys"]):
            key = public_key(bytes.fromhex(secret["signing_key"]))
            point = ed25519.x25519(bytes.fromhex(secret["agreement_key"]), (9).to_bytes(32, "little"))
            vectors.check(f"{name}: keys of {peer.port}", (key, point) == (peer.verify_key, peer.agreement_point))


STATEMENTS = {
    "BOOK": canonical.BOOK,
    "REQUEST": canonical.REQUEST,
    "GRANT": canonical.GRANT,
    "ACK": canonical.ACK,
    "CONSENT": canonical.CONSENT,
    "ID-ANSWER": canonical.ID_ANSWER,
    "RELEASE": canonical.RELEASE,
    "KEY-ANSWER": canonical.KEY_ANSWER,
    "RECEIPT": canonical.RECEIPT,
    "TRANSFER": canonical.TRANSFER,
    "ABORT": canonical.ABORT,
    "DISPUTE": canonical.DISPUTE,
    "ANSWER": canonical.ANSWER,
    "PROPOSE": canonical.PROPOSE,
    "PREVOTE": canonical.PREVOTE,
    "PRECOMMIT": canonical.PRECOMMIT,
    "BLOCK": canonical.BLOCK,
}


def same_fields(value, fields):
    """Whether what was read from the bytes is what the program says it wrote."""
    if isinstance(fields, dict) and set(fields) == {"tag", "value"}:
        return same_fields(value, fields["value"])
    if isinstance(fields, dict):
        renamed = {"witness": "signer"} if set(fields) == {"witness", "share"} else {}
        return all(
            same_path(value, name, inner) or same_fields(getattr(value, renamed.get(name, name), None), inner)
            for name, inner in fields.items()
        )
    if isinstance(fields, list):
        return len(value) == len(fields) and all(same_fields(*pair) for pair in zip(value, fields))
    if isinstance(value, bytes):
        return value.hex() == fields
    return value == fields


def same_place(place, fields):
    return place is None if fields is None else place is not None and same_fields(place, fields)


def same_path(value, name, inner):
    """A Merkle path is a record with one list in the program, and only that list in the bytes."""
    path = getattr(value, name, None)
    return isinstance(inner, dict) and set(inner) == {"siblings"} and same_fields(path, inner["siblings"])


def check_statements(vectors):
    file = vectors.json("statements.json")
    network = network_file.read(vectors.read(file["network"]))
    numbers = {row[1]: int(row[0]) for row in vectors.table("number", ["statement", "signed by"])}
    for place, each in enumerate(file["statements"]):
        what = f"statement {place}, {each['statement']}: "
        found = canonical.whole(STATEMENTS[each["statement"]], bytes.fromhex(each["canonical"]))
        vectors.check(what + "number on the page", numbers[each["statement"]] == each["type"] == found.number)
        vectors.check(what + "unsigned", found.unsigned(network.id).hex() == each["unsigned"])
        vectors.check(what + "id", found.id(network.id).hex() == each["id"])
        vectors.check(what + "signer", found.signer == each["signer"])
        vectors.check(what + "signature", found.signature.hex() == each["signature"])
        vectors.check(what + "place", same_place(found.place, each["place"]))
        signed = chain_rules.signed_bytes(network.id, found)
        good = signed is not None and ed25519.verify(network.keys[found.signer], signed, found.signature)
        vectors.check(what + "good", good)
        vectors.check(what + "fields", same_fields(found.body, each["fields"]))
    missing = set(numbers) - {each["statement"] for each in file["statements"]} - {"CARD", "BATCH"}
    vectors.check(f"statements without a vector: {missing}", not missing)
    check_commitments(vectors, file["commitments"])


def check_card(vectors):
    """A card names no network: 32 zero bytes stand there. Its key is its own."""
    each = vectors.json("card.json")
    found = canonical.whole(canonical.CARD, bytes.fromhex(each["canonical"]))
    unsigned = found.unsigned(bytes(32))
    vectors.check("card: number", found.number == each["type"])
    vectors.check("card: unsigned", unsigned.hex() == each["unsigned"])
    vectors.check("card: id", found.id(bytes(32)).hex() == each["id"])
    vectors.check("card: good", ed25519.verify(found.body.verify_key, unsigned, found.signature))
    vectors.check("card: fields", same_fields(found.body, each["fields"]))
    groups = [each["id"][i : i + 4] for i in range(0, 40, 4)]
    vectors.check("card: fingerprint", " ".join(groups) == each["fingerprint"])
    vectors.check("card.yaml", network_file.read_card(vectors.read(each["file"])) == bytes.fromhex(each["canonical"]))
    peer = network_file.read(vectors.read(each["network"])).peers[0]
    same = (peer.port, peer.verify_key, peer.agreement_point, peer.address.decode())
    body = found.body
    vectors.check("card: peer", same == (found.signer, body.verify_key, body.agreement_point, body.address))


def check_commitments(vectors, each):
    def tagged(tag, *parts):
        return chain_rules.sha256(b"bookchain/1 " + tag, *parts).hex()

    exchange, key = bytes.fromhex(each["exchange"]), bytes.fromhex(each["key"])
    request_id = bytes.fromhex(each["request_id"])
    vectors.check("H(id)", tagged(b"request id", request_id) == each["request_id_hash"])
    vectors.check("kc", tagged(b"key", exchange, key) == each["key_commitment"])
    shares = {}
    for share in each["shares"]:
        shares[share["index"]] = bytes.fromhex(share["share"])
        commitment = tagged(b"share", exchange, share["index"].to_bytes(4, "big"), shares[share["index"]])
        vectors.check(f"C_{share['index']}", commitment == share["commitment"])
    vectors.check("the shares give the key", shamir.combine(shares) == key and len(shares) == each["threshold"])


def check_messages(vectors):
    rows = [(int(row[0]), row[1]) for row in vectors.table("tag", ["message", "fields"])]
    messages = [(each["tag"], each["message"]) for each in vectors.json("messages.json")]
    vectors.check("tags and names of messages on the page", rows == messages)
    for each in vectors.json("messages.json"):
        vectors.check("tag of " + each["message"], bytes.fromhex(each["canonical"])[0] == each["tag"])


def check_sealed(vectors):
    each = vectors.json("sealed.json")
    network = network_file.read(vectors.read(each["network"]))
    raw = {name: bytes.fromhex(value) for name, value in each.items() if isinstance(value, str) and name != "network"}
    peers = {peer.port: peer for peer in network.peers}
    secret = ed25519.x25519(raw["receiver_agreement_key"], peers[each["from"]].agreement_point)
    vectors.check("the secret of the pair", secret == raw["secret"])
    ports = each["from"].to_bytes(2, "big") + each["to"].to_bytes(2, "big")
    keys = chacha.hkdf(secret, b"bookchain/1 channel", b"\1" + network.id + ports, 64)
    header = b"\1" + network.id + ports + raw["epoch"] + each["number"].to_bytes(8, "big")
    nonce = hmac.new(keys[32:], raw["fresh"] + header + raw["payload"], hashlib.sha256).digest()[:24]
    vectors.check("header and nonce", raw["envelope"][:85] == header + nonce)
    vectors.check("payload", chacha.decrypt(keys[:32], nonce, header, raw["envelope"][85:]) == raw["payload"])


def check_package(vectors):
    each = vectors.json("package.json")
    package, text = bytes.fromhex(each["package"]), bytes.fromhex(each["text"])
    exchange, key, body = bytes.fromhex(each["exchange"]), bytes.fromhex(each["key"]), each["book"]["body"]
    size, chunk_size = body["size"], body["chunk_size"]
    count = (size + chunk_size - 1) // chunk_size
    leaves = [bytes.fromhex(leaf) for leaf in each["leaves"]]
    head = b"bookchain/1 pkg\n" + count.to_bytes(8, "big") + b"".join(leaves)
    vectors.check("head of the package", package.startswith(head) and len(package) == len(head) + size + 32 * count)
    vectors.check("root of the book", merkle_root(leaves).hex() == body["root"])
    place, opened, encrypted = len(head), b"", []
    for i in range(count):
        length = min(chunk_size, size - i * chunk_size) + 32
        sealed = package[place : place + length]
        place += length
        encrypted.append(chain_rules.sha256(b"\0", sealed))
        associated = b"bookchain/1 chunk" + exchange + bytes([i + 1 == count])
        plaintext = aes_gcm.decrypt(key, i.to_bytes(12, "big"), associated, sealed)
        salt = hmac.new(bytes.fromhex(each["secret"]), i.to_bytes(8, "big"), hashlib.sha256).digest()[:16]
        vectors.check(f"salt {i}", plaintext[:16] == salt == bytes.fromhex(each["salts"][i]))
        vectors.check(f"leaf {i}", chain_rules.sha256(b"\0", plaintext) == leaves[i])
        opened += plaintext[16:]
    vectors.check("text of the book", opened == text)
    vectors.check("ciphertext root", merkle_root(encrypted).hex() == each["ciphertext_root"])


def merkle_root(leaves):
    """RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return chain_rules.sha256(b"\1", merkle_root(leaves[:split]), merkle_root(leaves[split:]))


def check_refused_blocks(vectors):
    network = network_file.read(vectors.read("network-4.yaml"))
    lines = vectors.read("chain-4.jsonl").splitlines(keepends=True)
    rules = set()
    for each in vectors.json("refused-blocks.json"):
        data = b"".join(lines[: each["after"] + 1]) + each["line"].encode() + b"\n"
        try:
            verify_chain.verify(network, data)
            told = "accepted"
        except verify_chain.BadChain as fault:
            told = f"{fault.rule} at {fault.height}"
        wanted = f"{each['rule']} at {each['after'] + 1}"
        vectors.check(f"{each['name']}: {told} and not {wanted}", told == wanted)
        rules.add(each["rule"])
    # The smallest limit of a block would make a large file: the limit is lowered instead.
    network.block_bytes = 100
    try:
        verify_chain.verify(network, b"".join(lines))
        vectors.check("a block that is too large: accepted", False)
    except verify_chain.BadChain as fault:
        vectors.check(f"a block that is too large: {fault}", fault.rule == "B5")
    # T1 and D2 say that V1 and V2 hold, B8 that a transaction is valid.
    stated = set(re.findall(r"^- \*\*([CBQXKGVTD][0-9])\*\*", vectors.page, re.MULTILINE))
    missing = stated - rules - {"B5", "B8", "D2", "T1"}
    vectors.check(f"rules of the page without a block that breaks them: {sorted(missing)}", not missing)


def check_evidence_files(vectors):
    """Each kind holds, what proves nothing breaks a rule, and every rule of the page is broken by something."""
    rules = set()
    for file in ("evidence.json", "no-evidence.json"):
        content = vectors.json(file)
        network = network_file.read(vectors.read(content["network"]))
        for each in content["evidence"]:
            what, data = f"{file}, {each['name']}: ", bytes.fromhex(each["file"])
            try:
                accused, number, about = check_evidence.verify(network, data)
                vectors.check(what + "holds and should not", each["token"] == "")
                found = (accused, number, check_evidence.identity(network, number, accused, about).hex())
                vectors.check(what + "accused, number and id", found == (each["accused"], each["number"], each["id"]))
            except chain_rules.Refused as refused:
                rules.add(refused.rule)
                vectors.check(f"{what}{refused}", each["token"] != "")
    stated = set(re.findall(r"^- \*\*(P[0-9])\*\*", vectors.page, re.MULTILINE)) - {"P1", "P2"}
    vectors.check(f"rules of evidence: {sorted(stated)} stated, {sorted(rules)} broken", stated <= rules)
    rows = {int(row[0]): row[1] for row in vectors.table("number", ["evidence", "accused"])}
    named = {each["number"]: each["fault"] for each in vectors.json("evidence.json")["evidence"]}
    vectors.check("numbers and names of evidence on the page", rows == named)


def check_named_tests(vectors):
    """What the tables of attacks and claims say is shown by a test is shown by one that exists."""
    cases = {each["name"] for each in vectors.json("refused-blocks.json")}
    tests = os.path.dirname(os.path.dirname(os.path.abspath(vectors.folder)))
    sources = ""
    for folder, _, names in os.walk(tests):
        for name in names:
            if name.endswith((".cpp", ".sh", ".py", ".txt")):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    sources += file.read()
    for row in vectors.claims.splitlines()[2:]:
        shown_by = row.rstrip("| ").rpartition("|")[2]
        for named in re.findall('"([^"]+)"|`([^`]+)`', shown_by):
            vectors.check(f"docs/protocol.md: nothing shows {named}", "".join(named) in sources)
    for row in vectors.attacks.splitlines()[2:]:
        shown_by = row.rstrip("| ").rpartition("|")[2]
        for case in re.findall('"([^"]+)"', shown_by):
            vectors.check(f'docs/protocol.md: no block "{case}"', case in cases)
        for test in re.findall("`([^`]+)`", shown_by):
            vectors.check(f"docs/protocol.md: no test {test}", re.search(rf"\b{test}\b", sources))


def main(arguments):
    vectors = Vectors(arguments[1], arguments[2])
    for check in (
        check_networks,
        check_statements,
        check_card,
        check_messages,
        check_sealed,
        check_package,
        check_refused_blocks,
        check_evidence_files,
        check_named_tests,
    ):
        check(vectors)
    for failure in vectors.failures:
        print("does not fit: " + failure)
    print(f"{vectors.checks} checks, {len(vectors.failures)} failures")
    return 1 if vectors.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

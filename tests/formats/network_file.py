"""The network file in the one form that the program writes (docs/formats.md), its id and its numbers."""

import hashlib
import re
from types import SimpleNamespace

import ed25519


class BadNetwork(Exception):
    """A rule N is broken, or the file is not in the form of the page."""


NUMBER = "(0|[1-9][0-9]*)"
HEX = '"([0-9a-f]{64})"'
HEAD = re.compile(
    "bookchain: 1\n"
    f"network_id: {HEX}\n"
    "test_network: (true|false)\n"
    f"chunk_size: {NUMBER}\n"
    f"work_bits: {NUMBER}\n"
    "limits:\n"
    f"  book_bytes: {NUMBER}\n"
    f"  message_bytes: {NUMBER}\n"
    f"  block_bytes: {NUMBER}\n"
    "peers:\n"
)
PEER = re.compile(
    f"  - port: {NUMBER}\n"
    f"    verify_key: {HEX}\n"
    f"    agreement_point: {HEX}\n"
    r'    address: "((?:[^"\\\n]|\\["\\])*)"' + "\n"
)


CARD = re.compile(
    "bookchain: 1\n"
    f"port: {NUMBER}\n"
    f"verify_key: {HEX}\n"
    f"agreement_point: {HEX}\n"
    r'address: "((?:[^"\\\n]|\\["\\])*)"' + "\n"
    "test_network: (true|false)\n"
    'signature: "([0-9a-f]{128})"\n'
)


def numbers(n):
    """m, f, q, a, A and t of a network of n peers."""
    m, f = n - 2, (n - 1) // 3
    a = m // 2 + 1
    most = max(a, 2 * f - 1)
    return m, f, (n + f) // 2 + 1, a, most, most - f + 1


class Network:
    def __init__(self, peers, chunk_size, work_bits, test_network, book_bytes, message_bytes, block_bytes):
        self.peers = peers
        self.keys = {peer.port: peer.verify_key for peer in peers}
        self.chunk_size = chunk_size
        self.work_bits = work_bits
        self.test_network = test_network
        self.book_bytes = book_bytes
        self.message_bytes = message_bytes
        self.block_bytes = block_bytes
        self.id = hashlib.sha256(b"bookchain/1 genesis" + self.canonical()).digest()
        self.n = len(peers)
        self.m, self.f, self.q, self.a, self.A, self.t = numbers(self.n)

    def canonical(self):
        data = len(self.peers).to_bytes(4, "big")
        for peer in self.peers:
            data += peer.port.to_bytes(2, "big") + peer.verify_key + peer.agreement_point
            data += len(peer.address).to_bytes(4, "big") + peer.address
        data += self.chunk_size.to_bytes(4, "big") + bytes([self.work_bits, self.test_network])
        data += self.book_bytes.to_bytes(8, "big") + self.message_bytes.to_bytes(4, "big")
        return data + self.block_bytes.to_bytes(4, "big")

    def witnesses(self, requester, owner):
        """In the order of their ports."""
        return [peer.port for peer in self.peers if peer.port not in (requester, owner)]


def check_sizes(numbers):
    chunk_size, work_bits, book_bytes, message_bytes, block_bytes = numbers
    good = (
        1024 <= chunk_size <= 2**20
        and work_bits <= 24
        and 1 <= book_bytes <= 2**40
        and 2**20 <= message_bytes <= 2**26
        and max(2**18, chunk_size + 65536) <= block_bytes <= message_bytes // 2
    )
    if not good:
        raise BadNetwork("N4: a size is out of bounds")


def check_peers(peers):
    ports = [0] + [peer.port for peer in peers]
    if not 4 <= len(peers) <= 64 or ports != sorted(set(ports)) or ports[-1] > 65535:
        raise BadNetwork("N1: not 4 to 64 peers in the order of their ports")
    keys = [peer.verify_key for peer in peers] + [peer.agreement_point for peer in peers]
    if len(set(keys)) != len(keys):
        raise BadNetwork("N2: a key occurs twice")
    for peer in peers:
        if not ed25519.is_sound(peer.verify_key) or not any(ed25519.x25519(bytes(32), peer.agreement_point)):
            raise BadNetwork(f"N2: a key of {peer.port} is unsound")
        if not 1 <= len(peer.address) <= 255:
            raise BadNetwork(f"N3: the address of {peer.port}")


def without_comments(data):
    try:
        return re.sub(r"\A(#[^\n]*\n)*", "", data.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadNetwork("the file is not UTF-8") from None


def read_card(data):
    """The canonical statement of a card's file."""
    card = CARD.fullmatch(without_comments(data))
    if not card:
        raise BadNetwork("the card is not in the form of the page")
    port, verify_key, point, address, test, signature = card.groups()
    address = re.sub(r'\\(["\\])', r"\1", address).encode()
    body = bytes.fromhex(verify_key + point) + len(address).to_bytes(4, "big") + address + bytes([test == "true"])
    return int(port).to_bytes(2, "big") + body + bytes.fromhex(signature)


def read(data):
    """The network of a file's bytes."""
    text = without_comments(data)
    head = HEAD.match(text)
    if not head:
        raise BadNetwork("the network file does not begin as one")
    peers, place = [], head.end()
    while place < len(text):
        peer = PEER.match(text, place)
        if not peer:
            raise BadNetwork("a peer of the network file is not in the form of the page")
        port, verify_key, point, address = peer.groups()
        peers.append(
            SimpleNamespace(
                port=int(port),
                verify_key=bytes.fromhex(verify_key),
                agreement_point=bytes.fromhex(point),
                address=re.sub(r'\\(["\\])', r"\1", address).encode(),
            )
        )
        place = peer.end()
    check_peers(peers)
    network_id, test_network, *numbers = head.groups()
    numbers = [int(number) for number in numbers]
    check_sizes(numbers)
    chunk_size, work_bits, book_bytes, message_bytes, block_bytes = numbers
    network = Network(peers, chunk_size, work_bits, test_network == "true", book_bytes, message_bytes, block_bytes)
    if network.id.hex() != network_id:
        raise BadNetwork("N5: the network id is not that of the rest of the file")
    return network

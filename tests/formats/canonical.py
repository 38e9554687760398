"""Canonical bytes as docs/formats.md has them: a strict reader, and the tables of every record that stands
in a chain. A record is read into an object with its fields as attributes."""

import hashlib
from types import SimpleNamespace


class NotCanonical(Exception):
    """A rule C is broken; the message begins with its number."""


class Statement:
    """A signed body; keeps the very bytes of the body for hashing. `place` is where it stands in a batch, or None."""

    def __init__(self, number, signer, body, body_bytes, signature, place):
        self.number = number
        self.signer = signer
        self.body = body
        self.body_bytes = body_bytes
        self.signature = signature
        self.place = place

    def unsigned(self, network_id):
        return unsigned_bytes(network_id, self.number, self.signer, self.body_bytes)

    def id(self, network_id):
        return hashlib.sha256(self.unsigned(network_id)).digest()


def unsigned_bytes(network_id, number, signer, body_bytes):
    return b"bookchain/1" + bytes([number]) + network_id + signer.to_bytes(2, "big") + body_bytes


class Reader:
    def __init__(self, data):
        self.data = data
        self.place = 0

    def take(self, size):
        if self.place + size > len(self.data):
            raise NotCanonical("C1: bytes are missing")
        self.place += size
        return self.data[self.place - size : self.place]

    def end(self):
        if self.place != len(self.data):
            raise NotCanonical("C1: bytes are left over")

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def limited(self, most):
        count = self.number(4)
        if count > most:
            raise NotCanonical("C4: a length is above its limit")
        return count


# Each of these gives a function that reads one value.


def integer(size):
    return lambda reader: reader.number(size)


def raw(size):
    return lambda reader: reader.take(size)


def enum(last):
    def read(reader):
        value = reader.number(1)
        if value > last:
            raise NotCanonical("C2: a value is not one of those listed")
        return value

    return read


def text(most):
    def read(reader):
        try:
            return reader.take(reader.limited(most)).decode("utf-8")
        except UnicodeDecodeError:
            raise NotCanonical("C3: text is not UTF-8") from None

    return read


def blob(most):
    return lambda reader: reader.take(reader.limited(most))


def items(read_item, most):
    return lambda reader: [read_item(reader) for _ in range(reader.limited(most))]


def signers(read_item, most):
    """A set: items with a signer, strictly ascending."""

    def read(reader):
        found = items(read_item, most)(reader)
        for earlier, later in zip(found, found[1:]):
            if earlier.signer >= later.signer:
                raise NotCanonical("C5: the signers of a set are not ascending")
        return found

    return read


def optional(read_value):
    return lambda reader: read_value(reader) if enum(1)(reader) else None


def variant(*readers):
    def read(reader):
        return readers[enum(len(readers) - 1)(reader)](reader)

    return read


def record(**fields):
    return lambda reader: SimpleNamespace(**{name: read(reader) for name, read in fields.items()})


def statement(number, read_body):
    def read(reader):
        signer = reader.number(2)
        start = reader.place
        body = read_body(reader)
        body_bytes = reader.data[start : reader.place]
        signature = reader.take(64)
        place = optional(PLACE)(reader) if number in BATCHED else None
        return Statement(number, signer, body, body_bytes, signature, place)

    return read


def whole(read_value, data):
    """The value that `data` is exactly the bytes of."""
    reader = Reader(data)
    value = read_value(reader)
    reader.end()
    return value


U1, U2, U4, U8, HASH = integer(1), integer(2), integer(4), integer(8), raw(32)
TRUTH = enum(1)
BALLOT = record(round=U8, port=U2)
WITNESSES, PEERS = 62, 64
PATH = items(HASH, 64)
BATCHED = {2, 3, 4, 5, 6, 7, 8, 10, 11, 12}  # the statements that may be signed together
PLACE = record(index=U1, count=U1, path=PATH)

BOOK = statement(
    1, record(serial=U8, title=text(255), media_type=text(127), size=U8, chunk_size=U4, root=HASH)
)
REQUEST = statement(2, record(sender_port=U2, receiver_port=U2, book=HASH, id_hash=HASH))
GRANT = statement(
    3,
    record(
        exchange=HASH,
        version=U8,
        turn=U8,
        ciphertext_root=HASH,
        key_commitment=HASH,
        share_commitments=items(HASH, WITNESSES),
    ),
)
ABOUT_GRANT = record(exchange=HASH, grant=HASH)
ACK = statement(4, ABOUT_GRANT)
CONSENT = statement(5, ABOUT_GRANT)
ID_ANSWER = statement(6, record(exchange=HASH, consent=HASH, yes=TRUTH))
RELEASE = statement(7, ABOUT_GRANT)
KEY_ANSWER = statement(8, record(exchange=HASH, grant=HASH, key_commitment=HASH))
RECEIPT = statement(9, record(exchanges=items(HASH, 256)))  # ascending, which who takes it checks
TRANSFER = statement(
    10,
    record(
        form=enum(2),
        book=BOOK,
        request=REQUEST,
        grant=GRANT,
        consent=CONSENT,
        acks=signers(ACK, WITNESSES),
        id_answers=signers(ID_ANSWER, WITNESSES),
        key_answers=signers(KEY_ANSWER, WITNESSES),
    ),
)
ABORT = statement(11, record(book=BOOK, version=U8, turn=U8))
BAD_CHUNK = record(
    key=HASH, index=U8, ciphertext=blob(2**20 + 32), ciphertext_path=PATH, leaf=HASH, leaf_path=PATH
)
BAD_DEAL = record(shares=signers(record(signer=U2, share=HASH), WITNESSES))
DISPUTE = statement(12, record(book=BOOK, request=REQUEST, grant=GRANT, proof=variant(BAD_CHUNK, BAD_DEAL)))
ANSWER = statement(13, record(height=U8, ballot=BALLOT, lock=optional(record(ballot=BALLOT, block=HASH))))
VOTE = record(height=U8, ballot=BALLOT, block=HASH)
PROPOSE, PREVOTE, PRECOMMIT = (statement(number, VOTE) for number in (14, 15, 16))
BLOCK = statement(17, record(height=U8, previous=HASH, transactions_hash=HASH, time=U8, nonce=U8))
CARD = statement(18, record(verify_key=HASH, agreement_point=HASH, address=text(255), test_network=TRUTH))


def pair(read_statement):
    return record(first=read_statement, second=read_statement)


EVIDENCE = variant(
    record(book=BOOK, request=REQUEST, grant=GRANT, proof=BAD_CHUNK),
    record(request=REQUEST, grant=GRANT, proof=BAD_DEAL),
    pair(GRANT),
    record(first_request=REQUEST, first=GRANT, second_request=REQUEST, second=GRANT),
    record(request=REQUEST, grant=GRANT, release=RELEASE, abort=ABORT),
    *(pair(each) for each in (CONSENT, ID_ANSWER, ANSWER, PROPOSE, PREVOTE, PRECOMMIT)),
    record(precommit=PRECOMMIT, answer=ANSWER),
)


def _header_and_list(reader):
    """Keeps the bytes of the list: they are hashed."""
    header = BLOCK(reader)
    start = reader.place
    transactions = items(variant(TRANSFER, ABORT, DISPUTE), 256)(reader)
    return SimpleNamespace(header=header, transactions=transactions, list_bytes=reader.data[start : reader.place])


def _vote_and_signatures(reader):
    start = reader.place
    vote = VOTE(reader)
    vote_bytes = reader.data[start : reader.place]
    votes = signers(record(signer=U2, signature=raw(64)), PEERS)(reader)
    return SimpleNamespace(vote=vote, vote_bytes=vote_bytes, votes=votes)


WHOLE_BLOCK = _header_and_list
CERTIFICATE = _vote_and_signatures

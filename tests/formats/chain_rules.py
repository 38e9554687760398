"""The rules of docs/formats.md for blocks, certificates and transactions, one check a rule, in the order of
the page. Written from the page; shares no code with the program."""

import hashlib
from types import SimpleNamespace

import aes_gcm
import canonical
import ed25519
import shamir

VALUE_MEDIA_TYPE = "application/vnd.bookchain.value"
MINED, SETTLED = 0, 1


class Refused(Exception):
    """A rule is broken: its number, and why in words."""

    def __init__(self, rule, why):
        super().__init__(f"{rule}: {why}")
        self.rule = rule


def require(condition, rule, why):
    if not condition:
        raise Refused(rule, why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_above(leaf, index, count, path):
    """RFC 9162, section 2.1.3.2; None for a path of another length."""
    if index >= count:
        return None
    node, last = leaf, count - 1
    for sibling in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            node = sha256(b"\1", sibling, node)
            while not index & 1 and index != 0:
                index >>= 1
                last >>= 1
        else:
            node = sha256(b"\1", node, sibling)
        index >>= 1
        last >>= 1
    return node if last == 0 else None


def path_leads(leaf, index, count, path, root):
    return root_above(leaf, index, count, path) == root


def signed_bytes(network_id, statement):
    """What the signature of a statement is of: its unsigned bytes, or those of its batch; None if it has no place."""
    unsigned = statement.unsigned(network_id)
    place = statement.place
    if place is None:
        return unsigned
    root = root_above(sha256(b"\0", unsigned), place.index, place.count, place.path)
    if root is None or not 2 <= place.count <= 64:
        return None
    return canonical.unsigned_bytes(network_id, 19, statement.signer, bytes([place.count]) + root)


def chunk_count(book):
    return 1 if book.size == 0 else (book.size - 1) // book.chunk_size + 1


def chunk_length(book, index):
    return book.chunk_size if index + 1 < chunk_count(book) else book.size - index * book.chunk_size


def leading_zero_bits(digest):
    return len(digest) * 8 - int.from_bytes(digest, "big").bit_length()


class Rules:
    """The chain so far: its head, and where each book stands."""

    def __init__(self, network):
        self.network = network
        self.height = 0
        self.head = network.id
        self.books = {}

    def is_good(self, statement):
        key = self.network.keys.get(statement.signer)
        signed = signed_bytes(self.network.id, statement)
        return key is not None and signed is not None and ed25519.verify(key, signed, statement.signature)

    def id(self, statement):
        return statement.id(self.network.id)

    # ---- blocks ----

    def append(self, block, block_bytes, certificate):
        """Checks a block with its certificate and appends it; raises Refused and is of no more use then."""
        header = block.header.body
        require(header.height == self.height + 1 <= 2**64 - 1, "B1", "the height is not the next one")
        require(header.previous == self.head, "B2", "the block does not name the block below it")
        require(block.transactions, "B3", "the block has no transaction")
        require(header.transactions_hash == sha256(block.list_bytes), "B4", "the transactions are others")
        require(len(block_bytes) <= self.network.block_bytes, "B5", "the block is too large")
        block_hash = self.id(block.header)
        require(leading_zero_bits(block_hash) >= self.network.work_bits, "B6", "the proof of work is missing")
        require(self.is_good(block.header), "B7", "the header is not good")
        for transaction in block.transactions:
            self.check_transaction(transaction, block.header.signer)
        self.check_certificate(certificate, header.height, block_hash)
        self.height, self.head = header.height, block_hash

    def check_certificate(self, certificate, height, block_hash):
        vote = certificate.vote
        require((vote.height, vote.block) == (height, block_hash), "Q1", "the certificate is of another block")
        require(len(certificate.votes) >= self.network.q, "Q2", "the certificate has too few votes")
        for each in certificate.votes:
            key = self.network.keys.get(each.signer)
            signed = b"bookchain/1\x10" + self.network.id + each.signer.to_bytes(2, "big") + certificate.vote_bytes
            good = key is not None and ed25519.verify(key, signed, each.signature)
            require(good, "Q2", f"the vote of {each.signer} is not good")

    # ---- transactions ----

    def check_transaction(self, transaction, miner):
        require(transaction.signer == miner, "X1", "the transaction is not signed by the miner")
        require(self.is_good(transaction), "X2", "the transaction is not good")
        check = {10: self.transfer, 11: self.abort, 12: self.dispute}[transaction.number]
        check(transaction)

    def check_book(self, statement):
        """Gives where the book stands."""
        book = statement.body
        require(self.is_good(statement), "K1", "the BOOK is not good")
        require(book.chunk_size == self.network.chunk_size, "K2", "the chunk size is not the network's")
        require(book.size <= self.network.book_bytes, "K3", "the book is too large")
        require(book.title, "K4", "the title is empty")
        printable = all(0x21 <= byte <= 0x7E for byte in book.media_type.encode())
        require(book.media_type and printable, "K5", "the media type is not printable")
        if book.media_type == VALUE_MEDIA_TYPE:
            title = book.title
            number = title.isascii() and title.isdigit() and (title == "0" or title[0] != "0")
            good = number and int(title) < 2**64 and book.size == len(title)
            require(good, "K6", "the value book is not titled by its value")
        fresh = SimpleNamespace(owner=statement.signer, version=0, turn=0, moved_by=None)
        return self.books.setdefault(self.id(statement), fresh)

    def check_granted(self, body):
        """Gives X, requester, owner and where the book stands."""
        stand = self.check_book(body.book)
        exchange, requester, owner = self.check_request_and_grant(body.request, body.grant)
        require(body.request.body.book == self.id(body.book), "G3", "the request is for another book")
        return exchange, requester, owner, stand

    def check_request_and_grant(self, request, grant):
        """Gives X, requester and owner."""
        require(self.is_good(request) and self.is_good(grant), "G1", "REQUEST or GRANT is not good")
        requester, owner = request.body.sender_port, request.body.receiver_port
        named = request.signer == requester != owner and owner in self.network.keys
        require(named, "G2", "the request names other parties")
        exchange = self.id(request)
        fits = grant.signer == owner and grant.body.exchange == exchange
        commitments = len(grant.body.share_commitments)
        require(fits and commitments == self.network.m, "G4", "the grant does not fit the request")
        return exchange, requester, owner

    def require_present(self, stand, owner, version, turn):
        require(stand.owner == owner, "V1", f"{owner} does not own the book")
        require((stand.version, stand.turn) == (version, turn), "V2", "version or turn are not the present ones")

    def witnesses(self, rule, statements, least, requester, owner, fits):
        require(len(statements) >= least, rule, "statements of too few witnesses")
        for each in statements:
            good = each.signer not in (requester, owner) and fits(each.body) and self.is_good(each)
            require(good, rule, f"the statement of {each.signer} does not fit")

    def transfer(self, transaction):
        body = transaction.body
        exchange, requester, owner, stand = self.check_granted(body)
        grant = body.grant.body
        self.require_present(stand, owner, grant.version, grant.turn)
        wanted = owner if body.form == SETTLED else requester
        require(transaction.signer == wanted, "T2", "the transfer is signed by the wrong party")
        about_grant = (exchange, self.id(body.grant))
        consent = body.consent
        fits = consent.signer == requester and (consent.body.exchange, consent.body.grant) == about_grant
        require(fits and self.is_good(consent), "T3", "the consent does not fit")
        about_consent = (exchange, self.id(consent))
        a, parties = self.network.a, (requester, owner)
        self.witnesses("T4", body.acks, self.network.A, *parties, lambda ack: (ack.exchange, ack.grant) == about_grant)
        self.witnesses(
            "T5", body.id_answers, a, *parties,
            lambda answer: (answer.exchange, answer.consent) == about_consent and answer.yes,
        )
        require(body.form == MINED or not body.key_answers, "T6", "answers about the key in an unmined transfer")
        self.witnesses(
            "T6", body.key_answers, a if body.form == MINED else 0, *parties,
            lambda answer: (answer.exchange, answer.grant) == about_grant
            and answer.key_commitment == grant.key_commitment,
        )
        self.move(stand, requester, exchange)

    def abort(self, transaction):
        body = transaction.body
        stand = self.check_book(body.book)
        self.require_present(stand, transaction.signer, body.version, body.turn)
        stand.turn += 1

    def dispute(self, transaction):
        body = transaction.body
        exchange, requester, owner, stand = self.check_granted(body)
        grant = body.grant.body
        require(transaction.signer == requester, "D1", "the dispute is signed by the wrong party")
        after_transfer = (stand.moved_by, stand.owner, stand.version) == (exchange, requester, grant.version + 1)
        if not after_transfer:
            self.require_present(stand, owner, grant.version, grant.turn)
        if hasattr(body.proof, "shares"):
            self.bad_deal(exchange, requester, owner, grant, body.proof)
        else:
            self.bad_chunk(exchange, body.book.body, grant, body.proof)
        if after_transfer:
            self.move(stand, owner, None)
        else:
            stand.turn += 1

    def bad_chunk(self, exchange, book, grant, proof):
        fits = sha256(b"bookchain/1 key", exchange, proof.key) == grant.key_commitment
        require(fits, "D3", "the key does not fit its commitment")
        index, count = proof.index, chunk_count(book)
        leaf = sha256(b"\0", proof.ciphertext)
        lead = path_leads(leaf, index, count, proof.ciphertext_path, grant.ciphertext_root) and path_leads(
            proof.leaf, index, count, proof.leaf_path, book.root
        )
        require(lead, "D4", "a path does not lead to its root")
        associated = b"bookchain/1 chunk" + exchange + bytes([index + 1 == count])
        plaintext = aes_gcm.decrypt(proof.key, index.to_bytes(12, "big"), associated, proof.ciphertext)
        as_registered = (
            plaintext is not None
            and len(plaintext) == 16 + chunk_length(book, index)
            and sha256(b"\0", plaintext) == proof.leaf
        )
        require(not as_registered, "D5", "the chunk is as it was registered")

    def bad_deal(self, exchange, requester, owner, grant, proof):
        require(len(proof.shares) == self.network.t, "D6", "another number of shares")
        witnesses = self.network.witnesses(requester, owner)
        shares = {}
        for each in proof.shares:
            require(each.signer in witnesses, "D6", f"{each.signer} is no witness")
            index = witnesses.index(each.signer)
            commitment = sha256(b"bookchain/1 share", exchange, index.to_bytes(4, "big"), each.share)
            require(commitment == grant.share_commitments[index], "D6", "a share does not fit its commitment")
            shares[index] = each.share
        key = shamir.combine(shares)
        other = sha256(b"bookchain/1 key", exchange, key) != grant.key_commitment
        require(other, "D7", "the shares give the key")

    @staticmethod
    def move(stand, owner, exchange):
        stand.owner, stand.version, stand.turn, stand.moved_by = owner, stand.version + 1, 0, exchange

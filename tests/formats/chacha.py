"""XChaCha20-Poly1305 decryption (RFC 8439, draft-irtf-cfrg-xchacha-03) and HKDF-SHA-256 (RFC 5869), in
plain Python."""

import hashlib
import hmac

MASK = 0xFFFFFFFF


def _rotate(value, places):
    return (value << places | value >> (32 - places)) & MASK


def _quarter(s, a, b, c, d):
    s[a] = s[a] + s[b] & MASK
    s[d] = _rotate(s[d] ^ s[a], 16)
    s[c] = s[c] + s[d] & MASK
    s[b] = _rotate(s[b] ^ s[c], 12)
    s[a] = s[a] + s[b] & MASK
    s[d] = _rotate(s[d] ^ s[a], 8)
    s[c] = s[c] + s[d] & MASK
    s[b] = _rotate(s[b] ^ s[c], 7)


def _words(data):
    return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]


def _rounds(state):
    state = list(state)
    for _ in range(10):
        for column in range(4):
            _quarter(state, column, column + 4, column + 8, column + 12)
        for i in range(4):
            _quarter(state, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return state


CONSTANTS = _words(b"expand 32-byte k")


def _hchacha(key, nonce):
    state = _rounds(CONSTANTS + _words(key) + _words(nonce))
    return b"".join(word.to_bytes(4, "little") for word in state[:4] + state[12:])


def _block(key, counter, nonce):
    start = CONSTANTS + _words(key) + [counter] + _words(nonce)
    state = _rounds(start)
    return b"".join(((a + b) & MASK).to_bytes(4, "little") for a, b in zip(start, state))


def _poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(data), 16):
        total = (total + int.from_bytes(data[i : i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def decrypt(key, nonce, associated, sealed):
    """The plaintext, or None if the tag does not verify. `nonce` has 24 bytes."""
    ciphertext, tag = sealed[:-16], sealed[-16:]
    subkey, short = _hchacha(key, nonce[:16]), bytes(4) + nonce[16:]

    def padded(data):
        return data + bytes(-len(data) % 16)

    lengths = len(associated).to_bytes(8, "little") + len(ciphertext).to_bytes(8, "little")
    if _poly1305(_block(subkey, 0, short)[:32], padded(associated) + padded(ciphertext) + lengths) != tag:
        return None
    stream = b"".join(_block(subkey, 1 + i, short) for i in range((len(ciphertext) + 63) // 64))
    return bytes(a ^ b for a, b in zip(ciphertext, stream))


def hkdf(input_key, salt, context, size):
    secret = hmac.new(salt, input_key, hashlib.sha256).digest()
    out, block = b"", b""
    while len(out) < size:
        block = hmac.new(secret, block + context + bytes([len(out) // 32 + 1]), hashlib.sha256).digest()
        out += block
    return out[:size]

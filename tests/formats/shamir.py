"""Shamir's scheme over GF(2^32), as docs/formats.md has it: a key from its shares, in plain Python."""

MODULUS = 1 << 32 | 1 << 7 | 1 << 3 | 1 << 2 | 1
KEY_POINT = 0xFFFFFFFF


def multiply(a, b):
    result = 0
    while b:
        if b & 1:
            result ^= a
        b >>= 1
        a <<= 1
        if a >> 32:
            a ^= MODULUS
    return result


def inverse(a):
    """a to the power 2^32 - 2."""
    result = 1
    for _ in range(31):
        a = multiply(a, a)
        result = multiply(result, a)
    return result


def combine(shares):
    """shares: a mapping from the index of a witness to its share of 32 bytes."""
    key = [0] * 8
    for index, share in shares.items():
        weight = 1
        for other in shares:
            if other != index:
                weight = multiply(weight, multiply(KEY_POINT ^ other, inverse(index ^ other)))
        for word in range(8):
            key[word] ^= multiply(weight, int.from_bytes(share[4 * word : 4 * word + 4], "big"))
    return b"".join(word.to_bytes(4, "big") for word in key)

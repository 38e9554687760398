"""AES-256-GCM decryption (FIPS 197, NIST SP 800-38D) with nonces of 12 bytes, in plain Python."""


def _make_sbox():
    """Inverse in GF(2^8), then the affine map of FIPS 197, section 5.1.1."""
    sbox = [0x63] * 256
    p = q = 1
    while True:
        p ^= (p << 1 & 0xFF) ^ (0x1B if p & 0x80 else 0)  # times 3
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09  # divided by 3
        turned = q
        for shift in range(1, 5):
            turned ^= (q << shift | q >> (8 - shift)) & 0xFF
        sbox[p] = turned ^ 0x63
        if p == 1:
            return sbox


SBOX = _make_sbox()
ROUNDS = 14


def _double(value):
    return (value << 1 & 0xFF) ^ (0x1B if value & 0x80 else 0)


def expand_key(key):
    """The 15 round keys of an AES-256 key, 16 bytes each."""
    words = [list(key[i : i + 4]) for i in range(0, 32, 4)]
    constant = 1
    while len(words) < 4 * (ROUNDS + 1):
        word = list(words[-1])
        if len(words) % 8 == 0:
            word = [SBOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _double(constant)
        elif len(words) % 8 == 4:
            word = [SBOX[byte] for byte in word]
        words.append([a ^ b for a, b in zip(word, words[-8])])
    flat = [byte for word in words for byte in word]
    return [flat[i : i + 16] for i in range(0, len(flat), 16)]


def encrypt_block(round_keys, block):
    state = [a ^ b for a, b in zip(block, round_keys[0])]
    for number in range(1, ROUNDS + 1):
        # Bytes are substituted, then row r of the four columns turns by r places.
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if number < ROUNDS:
            mixed = []
            for column in range(0, 16, 4):
                a = state[column : column + 4]
                whole = a[0] ^ a[1] ^ a[2] ^ a[3]
                mixed += [a[i] ^ whole ^ _double(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, round_keys[number])]
    return bytes(state)


def _multiply(x, y):
    """In GF(2^128), bits counted from the left (SP 800-38D, section 6.3)."""
    result = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            result ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return result


def _ghash(h, associated, ciphertext):
    value = 0
    for data in (associated, ciphertext):
        for i in range(0, len(data), 16):
            block = data[i : i + 16].ljust(16, b"\0")
            value = _multiply(value ^ int.from_bytes(block, "big"), h)
    lengths = len(associated) * 8 << 64 | len(ciphertext) * 8
    return _multiply(value ^ lengths, h)


def decrypt(key, nonce, associated, sealed):
    """The plaintext, or None if the tag does not verify."""
    if len(sealed) < 16:
        return None
    ciphertext, tag = sealed[:-16], sealed[-16:]
    round_keys = expand_key(key)

    def keystream(counter):
        return encrypt_block(round_keys, nonce + counter.to_bytes(4, "big"))

    h = int.from_bytes(encrypt_block(round_keys, bytes(16)), "big")
    wanted = _ghash(h, associated, ciphertext) ^ int.from_bytes(keystream(1), "big")
    if wanted.to_bytes(16, "big") != tag:
        return None
    plaintext = b""
    for i in range(0, len(ciphertext), 16):
        block = ciphertext[i : i + 16]
        plaintext += bytes(a ^ b for a, b in zip(block, keystream(2 + i // 16)))
    return plaintext

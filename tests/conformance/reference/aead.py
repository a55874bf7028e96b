"""AES-128-GCM (SP 800-38D) and ChaCha20-Poly1305 (RFC 8439) in plain Python. For tests only."""


def _make_sbox():
    sbox = [0x63] * 256
    p = q = 1
    while True:
        p ^= (p << 1) ^ (0x11B if p & 0x80 else 0)
        p &= 0xFF
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        rotated = q
        value = q
        for _ in range(4):
            rotated = ((rotated << 1) | (rotated >> 7)) & 0xFF
            value ^= rotated
        sbox[p] = value ^ 0x63
        if p == 1:
            return sbox


SBOX = _make_sbox()


def _double(byte):
    return ((byte << 1) ^ (0x1B if byte & 0x80 else 0)) & 0xFF


def _expand_key(key):
    words = [list(key[i : i + 4]) for i in range(0, 16, 4)]
    rcon = 1
    for i in range(4, 44):
        word = list(words[i - 1])
        if i % 4 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = _double(rcon)
        words.append([a ^ b for a, b in zip(words[i - 4], word)])
    return [sum(words[i : i + 4], []) for i in range(0, 44, 4)]


def aes128_block(key, block):
    """FIPS 197: one block."""
    return _encrypt_block(_expand_key(key), block)


def _encrypt_block(keys, block):
    state = [a ^ b for a, b in zip(block, keys[0])]
    for number in range(1, 11):
        state = [SBOX[b] for b in state]
        state = [state[(i + 4 * (i % 4)) % 16] for i in range(16)]
        if number < 10:
            mixed = []
            for c in range(0, 16, 4):
                column = state[c : c + 4]
                every = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += [column[i] ^ every ^ _double(column[i] ^ column[(i + 1) % 4]) for i in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, keys[number])]
    return bytes(state)


def _gf_multiply(x, y):
    product = 0
    for i in range(127, -1, -1):
        if (y >> i) & 1:
            product ^= x
        x = (x >> 1) ^ (0xE1 << 120 if x & 1 else 0)
    return product


def _pad16(data):
    return data + b"\0" * (-len(data) % 16)


class AesGcm:
    def __init__(self, key):
        self.keys = _expand_key(key)
        self.hash_key = int.from_bytes(_encrypt_block(self.keys, bytes(16)), "big")

    def _counter_mode(self, nonce, data):
        out = b""
        for i in range(0, len(data), 16):
            stream = _encrypt_block(self.keys, nonce + (2 + i // 16).to_bytes(4, "big"))
            out += bytes(a ^ b for a, b in zip(data[i : i + 16], stream))
        return out

    def _tag(self, nonce, associated, ciphertext):
        lengths = (8 * len(associated)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
        data = _pad16(associated) + _pad16(ciphertext) + lengths
        value = 0
        for i in range(0, len(data), 16):
            value = _gf_multiply(value ^ int.from_bytes(data[i : i + 16], "big"), self.hash_key)
        mask = _encrypt_block(self.keys, nonce + b"\0\0\0\1")
        return bytes(a ^ b for a, b in zip(value.to_bytes(16, "big"), mask))

    def seal(self, nonce, associated, plaintext):
        ciphertext = self._counter_mode(nonce, plaintext)
        return ciphertext + self._tag(nonce, associated, ciphertext)

    def open(self, nonce, associated, sealed):
        """The plaintext, or None when the tag is wrong."""
        ciphertext, tag = sealed[:-16], sealed[-16:]
        if len(sealed) < 16 or self._tag(nonce, associated, ciphertext) != tag:
            return None
        return self._counter_mode(nonce, ciphertext)


def _rotate(value, count):
    return ((value << count) | (value >> (32 - count))) & 0xFFFFFFFF


def _quarter(s, a, b, c, d):
    for x, y, z, count in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        s[z] = _rotate(s[z] ^ s[x], count)


def chacha20_block(key, counter, nonce):
    words = lambda data: [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
    start = words(b"expand 32-byte k") + words(key) + [counter] + words(nonce)
    s = list(start)
    for _ in range(10):
        for i in range(4):
            _quarter(s, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            _quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return b"".join(((a + b) & 0xFFFFFFFF).to_bytes(4, "little") for a, b in zip(s, start))


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(data), 16):
        total = (total + int.from_bytes(data[i : i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:32], "little")) % 2**128).to_bytes(16, "little")


class ChaCha20Poly1305:
    def __init__(self, key):
        self.key = key

    def _crypt(self, nonce, data):
        out = b""
        for i in range(0, len(data), 64):
            stream = chacha20_block(self.key, 1 + i // 64, nonce)
            out += bytes(a ^ b for a, b in zip(data[i : i + 64], stream))
        return out

    def _tag(self, nonce, associated, ciphertext):
        lengths = len(associated).to_bytes(8, "little") + len(ciphertext).to_bytes(8, "little")
        return poly1305(chacha20_block(self.key, 0, nonce), _pad16(associated) + _pad16(ciphertext) + lengths)

    def seal(self, nonce, associated, plaintext):
        ciphertext = self._crypt(nonce, plaintext)
        return ciphertext + self._tag(nonce, associated, ciphertext)

    def open(self, nonce, associated, sealed):
        """The plaintext, or None when the tag is wrong."""
        ciphertext, tag = sealed[:-16], sealed[-16:]
        if len(sealed) < 16 or self._tag(nonce, associated, ciphertext) != tag:
            return None
        return self._crypt(nonce, ciphertext)

"""Key schedule, cookie, reset token and packet protection: docs/PROTOCOL.md sections 3.2, 3.3, 4 and 8.6."""

import hashlib
import hmac

from . import p256
from .aead import AesGcm, ChaCha20Poly1305

AES_128_GCM = 1
CHACHA20_POLY1305 = 2


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(secret, salt, info, length):
    """RFC 5869, extract and expand."""
    pseudorandom = hmac_sha256(salt or bytes(32), secret)
    out = block = b""
    counter = 1
    while len(out) < length:
        block = hmac_sha256(pseudorandom, block + info + bytes([counter]))
        out += block
        counter += 1
    return out[:length]


def protocol_id(protocol):
    return hashlib.sha256(protocol.encode()).digest()[:8]


def transcript_hash(client_hello, server_hello):
    return hashlib.sha256(client_hello + server_hello[:-64]).digest()


def signature_is_good(identity, digest, signature):
    return p256.verify(identity, b"sortie v1 server hello\0" + digest, signature)


def connection_secrets(shared_secret, digest):
    names = ("client", "server", "exporter", "resumption")
    return {name: hkdf(shared_secret, digest, b"sortie v1 " + name.encode(), 32) for name in names}


def packet_key(suite, secret):
    length = 16 if suite == AES_128_GCM else 32
    return hkdf(secret, b"", b"sortie v1 key", length), hkdf(secret, b"", b"sortie v1 iv", 12)


def next_secret(secret):
    return hkdf(secret, b"", b"sortie v1 update", 32)


def nonce(iv, packet_number):
    return bytes(a ^ b for a, b in zip(iv, packet_number.to_bytes(12, "big")))


def aead(suite, key):
    return AesGcm(key) if suite == AES_128_GCM else ChaCha20Poly1305(key)


def header(key_phase, connection_id, packet_number):
    low = packet_number % 2**32
    return bytes([0x40 | key_phase]) + connection_id.to_bytes(4, "big") + low.to_bytes(4, "big")


def seal_packet(suite, key, iv, key_phase, connection_id, packet_number, frames):
    head = header(key_phase, connection_id, packet_number)
    return head + aead(suite, key).seal(nonce(iv, packet_number), head, frames)


def open_packet(suite, key, iv, packet_number, datagram):
    """The frames, or None when the packet does not authenticate."""
    return aead(suite, key).open(nonce(iv, packet_number), datagram[:9], datagram[9:])


def recover_packet_number(largest, truncated):
    """Section 4.2: of all numbers with these low 32 bits, the one nearest to largest + 1."""
    expected = largest + 1
    span = 2**32
    candidates = [expected - expected % span + truncated + step * span for step in (-1, 0, 1)]
    # of two at the same distance, the higher one
    return min((c for c in candidates if c >= 0), key=lambda c: (abs(c - expected), -c))


def cookie(secret, address, port, protocol, client_random, client_connection_id, bucket):
    subject = address + port.to_bytes(2, "big") + protocol + client_random + client_connection_id.to_bytes(4, "big")
    stamp = bucket.to_bytes(4, "big")
    return stamp + hmac_sha256(secret, subject + stamp)


def reset_key(identity_private):
    square = p256.shared_secret(identity_private, p256.public_key(identity_private))
    return hkdf(square, b"", b"sortie v1 reset", 32)


def reset_token(key, connection_id, address):
    return hmac_sha256(key, connection_id.to_bytes(4, "big") + address)[:16]

"""P-256 (SP 800-186): ECDH and ECDSA in plain Python. For tests only: slow, not constant-time."""

import hashlib
import secrets

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A = -3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def add(p, q):
    """Sum of two points; None is the point at infinity."""
    if p is None:
        return q
    if q is None:
        return p
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    if p == q:
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return (x, (slope * (p[0] - x) - p[1]) % P)


def multiply(scalar, point):
    """In Jacobian coordinates, x = X / Z^2 and y = Y / Z^3, as dividing takes longest: it is done once, at the end."""
    result = None
    for bit in bin(scalar)[2:]:
        result = _double(result)
        if bit == "1":
            result = _add_affine(result, point)
    if result is None:
        return None
    x, y, z = result
    inverse = pow(z, -1, P)
    return (x * inverse**2 % P, y * inverse**3 % P)


def _double(p):
    if p is None or p[1] == 0:
        return None
    x, y, z = p
    slope = 3 * (x - z * z) * (x + z * z) % P
    square = y * y % P
    middle = 4 * x * square % P
    doubled = (slope * slope - 2 * middle) % P
    return (doubled, (slope * (middle - doubled) - 8 * square * square) % P, 2 * y * z % P)


def _add_affine(p, q):
    if p is None:
        return (*q, 1)
    x, y, z = p
    run = (q[0] * z * z - x) % P
    rise = (q[1] * z * z * z - y) % P
    if run == 0:
        return _double(p) if rise == 0 else None
    square, cube = run * run % P, run * run * run % P
    total = (rise * rise - cube - 2 * x * square) % P
    return (total, (rise * (x * square - total) - y * cube) % P, run * z % P)


def decode_point(data):
    """Uncompressed point of 65 bytes on the curve; None for anything else."""
    if len(data) != 65 or data[0] != 4:
        return None
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    if x >= P or y >= P or (y * y - (x * x * x + A * x + B)) % P != 0:
        return None
    return (x, y)


def encode_point(point):
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def private_key():
    return (1 + secrets.randbelow(N - 1)).to_bytes(32, "big")


def public_key(private):
    return encode_point(multiply(int.from_bytes(private, "big"), G))


def shared_secret(private, public):
    """x-coordinate, 32 bytes."""
    return multiply(int.from_bytes(private, "big"), decode_point(public))[0].to_bytes(32, "big")


def sign(private, message):
    """ECDSA with SHA-256; r || s."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    nonce = 1 + secrets.randbelow(N - 1)
    r = multiply(nonce, G)[0] % N
    s = (digest + r * int.from_bytes(private, "big")) * pow(nonce, -1, N) % N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(public, message, signature):
    """ECDSA with SHA-256; the signature is r || s."""
    point = decode_point(public)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if point is None or len(signature) != 64 or not (0 < r < N and 0 < s < N):
        return False
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    inverse = pow(s, -1, N)
    total = add(multiply(digest * inverse % N, G), multiply(r * inverse % N, point))
    return total is not None and total[0] % N == r

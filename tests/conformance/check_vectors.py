#!/usr/bin/env python3
"""Checks docs/vectors against the rules of docs/PROTOCOL.md, with the standard library alone.

    python3 tests/conformance/check_vectors.py docs/vectors

A checker, never shipped: its P-256, AES-GCM and ChaCha20-Poly1305 (in reference/) are written to be read, not to
withstand an attacker. It shares no code with the implementation, only the text of the protocol.
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True

from reference import keys, p256, wire  # noqa: E402
from reference.aead import AesGcm, ChaCha20Poly1305, aes128_block  # noqa: E402

unhex = bytes.fromhex
failures = []
checks = 0


def check(name, actual, expected):
    global checks
    checks += 1
    if actual != expected:
        failures.append(f"{name}: expected {expected!r}, got {actual!r}")


def plain(fields):
    """Byte fields as hexadecimal text, as the vectors have them."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}


def check_refusals(file, decode, vectors):
    for vector in vectors:
        try:
            decode(unhex(vector["bytes"]))
            error = None
        except wire.Refused as refused:
            error = str(refused)
        check(f"{file} illegal {vector.get('name', vector['bytes'])}", error, vector["error"])


def check_primitives():
    """Published samples, so that a mistake in reference/ cannot hide one in the vectors."""
    counting = bytes(range(16))
    block = unhex("00112233445566778899aabbccddeeff")
    check("FIPS 197 C.1", aes128_block(counting, block).hex(), "69c4e0d86a7b0430d8cdb78070b4c55a")
    gcm = AesGcm(unhex("feffe9928665731c6d6a8f9467308308"))
    plaintext = unhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    sealed = gcm.seal(unhex("cafebabefacedbaddecaf888"), unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"), plaintext)
    check("GCM specification, test case 4", sealed[-16:].hex(), "5bc94fbc3221a5db94fae95ae7121a47")
    text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
    sealed = ChaCha20Poly1305(bytes(range(0x80, 0xA0))).seal(
        unhex("070000004041424344454647"), unhex("50515253c0c1c2c3c4c5c6c7"), text
    )
    check("RFC 8439 2.8.2", sealed[-16:].hex(), "1ae10b594f09e26a7e902ecbd0600691")
    okm = keys.hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42)
    expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    check("RFC 5869 A.1", okm.hex(), expected)
    public = p256.public_key(unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"))
    expected = (
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
    )
    check("RFC 6979 A.2.5 public key", public.hex(), expected)
    signature = unhex(
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    )
    check("RFC 6979 A.2.5 signature", p256.verify(public, b"sample", signature), True)
    check("RFC 6979 A.2.5 other message", p256.verify(public, b"samplf", signature), False)
    check("RFC 9000 A.3", keys.recover_packet_number(0xA82F30EA, 0xA82F9B32), 0xA82F9B32)


def check_varints(vectors):
    def decode(data):
        return wire.Reader(data).varint()

    for vector in vectors["legal"]:
        check(f"varint {vector['bytes']}", decode(unhex(vector["bytes"])), vector["value"])
        check(f"varint {vector['value']}", wire.varint(vector["value"]).hex(), vector["bytes"])
    check_refusals("varint", decode, vectors["illegal"])


def kind_of_datagram(first):
    if first < 0x40:
        return "handshake"
    if first in (0x40, 0x41):
        return "protected"
    return "illegal" if first < 0x80 else "unknown"


def check_packet_headers(vectors):
    listed = {byte: kind for kind, listing in vectors["firstBytes"].items() for byte in listing}
    for first in range(256):
        check(f"first byte {first:02x}", listed[f"{first:02x}"], kind_of_datagram(first))
    for v in vectors["headers"]:
        header = keys.header(v["keyPhase"], v["connectionId"], v["packetNumber"])
        check(f"header {v['bytes']}", header.hex(), v["bytes"])
        check(f"header {v['bytes']} number", int.from_bytes(header[5:], "big"), v["truncated"])
    for v in vectors["recovery"]:
        recovered = keys.recover_packet_number(v["largest"], v["truncated"])
        check(f"recovery {v['largest']} {v['truncated']}", recovered, v["packetNumber"])


def check_parameters(vectors):
    for v in vectors["legal"]:
        fields = wire.decode_parameters(unhex(v["bytes"]))
        check(f"parameters {v['name']}", fields, v["fields"])
        if "unknown" not in v["name"]:
            check(f"parameters {v['name']} encoded", wire.encode_parameters(fields).hex(), v["bytes"])
    check_refusals("parameters", wire.decode_parameters, vectors["illegal"])


# SubjectPublicKeyInfo of an uncompressed P-256 key (RFC 5480), up to the point.
P256_KEY_INFO = unhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


def check_certificate_chains(vectors):
    for v in vectors["chains"]["legal"]:
        chain = wire.decode_certificate_chain(unhex(v["bytes"]))
        check(f"chain {v['name']}", [der.hex() for der in chain], v["certificates"])
        check(f"chain {v['name']} encoded", wire.encode_certificate_chain(chain).hex(), v["bytes"])
    check_refusals("chains", wire.decode_certificate_chain, vectors["chains"]["illegal"])
    v = vectors["serverHello"]
    client_hello, server_hello = unhex(v["clientHello"]), unhex(v["serverHello"])
    asked = wire.decode_parameters(wire.decode_client_hello(client_hello)["parameters"])
    check("client that checks certificates: identity types", asked["identityTypes"], 2)
    fields = wire.decode_server_hello(server_hello)
    check("server hello with certificates: type", fields["identityType"], 1)
    leaf = wire.decode_certificate_chain(fields["identity"])[0]
    at = leaf.index(P256_KEY_INFO) + len(P256_KEY_INFO)
    public = leaf[at : at + 65]
    check("server hello with certificates: key of the leaf", public.hex(), v["leafPublicKey"])
    digest = keys.transcript_hash(client_hello, server_hello)
    check("server hello with certificates: transcript hash", digest.hex(), v["transcriptHash"])
    signed = keys.signature_is_good(public, digest, fields["signature"])
    check("server hello with certificates: signature", signed, True)


def check_handshake_packets(vectors):
    codecs = {
        "clientHello": (wire.decode_client_hello, wire.encode_client_hello),
        "retry": (wire.decode_retry, wire.encode_retry),
        "serverHello": (wire.decode_server_hello, wire.encode_server_hello),
        "reject": (wire.decode_reject, wire.encode_reject),
    }
    for name, (decode, encode) in codecs.items():
        for v in vectors[name]["legal"]:
            fields = decode(unhex(v["bytes"]))
            check(f"{name} {v['name']}", plain(fields), v["fields"])
            check(f"{name} {v['name']} encoded", encode(fields).hex(), v["bytes"])
        check_refusals(name, decode, vectors[name]["illegal"])
    other = vectors["clientHelloOfAnotherVersion"]
    check("hello of another version", plain(wire.decode_hello_invariants(unhex(other["bytes"]))), other["fields"])


def check_cookies(vectors):
    secret, subject, bucket_ms = unhex(vectors["secret"]), vectors["subject"], vectors["bucketMs"]
    for v in vectors["cookies"]:
        bucket = v["nowMs"] // bucket_ms
        cookie = keys.cookie(
            secret,
            unhex(v["addressBytes"]),
            v["port"],
            unhex(subject["protocolId"]),
            unhex(subject["clientRandom"]),
            subject["clientConnectionId"],
            bucket,
        )
        check(f"cookie for {v['address']}", cookie.hex(), v["cookie"])
        for age in v["ages"]:
            later = (v["nowMs"] + age["ageMs"]) // bucket_ms
            check(f"cookie for {v['address']} after {age['ageMs']} ms", later - bucket in (0, 1), age["good"])


def check_handshakes(vectors):
    for v in vectors["handshakes"]:
        name = f"handshake suite {v['suite']}"
        identity = p256.public_key(unhex(v["identityPrivateKey"]))
        check(f"{name} identity", identity.hex(), v["identityPublicKey"])
        check(f"{name} protocol", keys.protocol_id(v["protocol"]).hex(), v["protocolId"])
        retry = wire.decode_retry(unhex(v["retry"]))
        check(f"{name} retry", retry["clientConnectionId"], v["clientConnectionId"])
        hello = {
            "protocolId": keys.protocol_id(v["protocol"]),
            "clientRandom": unhex(v["clientRandom"]),
            "clientConnectionId": v["clientConnectionId"],
            "suites": bytes([2, 1]),
            "keyShare": p256.public_key(unhex(v["clientPrivateKey"])),
            "cookie": b"",
            "parameters": wire.encode_parameters(v["clientParameters"]),
        }
        check(f"{name} first hello", wire.encode_client_hello(hello).hex(), v["firstClientHello"])
        client_hello = wire.encode_client_hello({**hello, "cookie": retry["cookie"]})
        check(f"{name} hello", client_hello.hex(), v["clientHello"])

        server_hello = unhex(v["serverHello"])
        fields = wire.decode_server_hello(server_hello)
        expected = {
            "clientConnectionId": v["clientConnectionId"],
            "serverConnectionId": v["serverConnectionId"],
            "suite": v["suite"],
            "serverRandom": unhex(v["serverRandom"]),
            "keyShare": p256.public_key(unhex(v["serverPrivateKey"])),
            "parameters": wire.encode_parameters(v["serverParameters"]),
            "identityType": 0,
            "identity": identity,
            "signature": fields["signature"],
        }
        check(f"{name} server hello", plain(fields), plain(expected))
        digest = keys.transcript_hash(client_hello, server_hello)
        check(f"{name} transcript", digest.hex(), v["transcriptHash"])
        check(f"{name} signature", keys.signature_is_good(identity, digest, fields["signature"]), True)
        first = keys.transcript_hash(unhex(v["firstClientHello"]), server_hello)
        check(f"{name} signature, other hello", keys.signature_is_good(identity, first, fields["signature"]), False)

        secret = p256.shared_secret(unhex(v["clientPrivateKey"]), fields["keyShare"])
        check(f"{name} shared secret", secret.hex(), v["sharedSecret"])
        other = p256.shared_secret(unhex(v["serverPrivateKey"]), hello["keyShare"])
        check(f"{name} shared secret of the server", other, secret)
        secrets = keys.connection_secrets(secret, digest)
        check(f"{name} secrets", plain(secrets), v["secrets"])
        for side in ("client", "server"):
            secret = secrets[side]
            for step in v[f"{side}Keys"]:
                key, iv = keys.packet_key(v["suite"], secret)
                actual = {"secret": secret.hex(), "key": key.hex(), "iv": iv.hex(), "generation": step["generation"]}
                check(f"{name} {side} keys {step['generation']}", actual, step)
                secret = keys.next_secret(secret)


def check_protected_packets(vectors, handshakes):
    for connection, handshake in zip(vectors["connections"], handshakes["handshakes"]):
        suite = connection["suite"]
        check("suite", suite, handshake["suite"])

        def keys_of(side, generation):
            step = handshake[f"{side}Keys"][generation]
            return unhex(step["key"]), unhex(step["iv"])

        for v in connection["packets"]:
            name = f"packet suite {suite} {v['from']} {v['packetNumber']}"
            other = "server" if v["from"] == "client" else "client"
            check(f"{name} connection ID", v["connectionId"], handshake[f"{other}ConnectionId"])
            check(f"{name} key phase", v["keyPhase"], v["generation"] % 2)
            datagram, frames = unhex(v["datagram"]), unhex(v["plaintext"])
            key, iv = keys_of(v["from"], v["generation"])
            number = v["packetNumber"]
            sealed = keys.seal_packet(suite, key, iv, v["keyPhase"], v["connectionId"], number, frames)
            check(f"{name} sealed", sealed.hex(), v["datagram"])
            if "largestReceived" in v:
                low = int.from_bytes(datagram[5:9], "big")
                number = keys.recover_packet_number(v["largestReceived"], low)
                check(f"{name} number", number, v["packetNumber"])
            check(f"{name} opened", keys.open_packet(suite, key, iv, number, datagram), frames)
            check(f"{name} frames", wire.encode_frames(wire.decode_frames(frames)), frames)
            reflected = keys_of(other, v["generation"])
            check(f"{name} reflected", keys.open_packet(suite, *reflected, number, datagram), None)
            wrong_number = keys.open_packet(suite, key, iv, number ^ 1, datagram)
            check(f"{name} under another number", wrong_number, None)
        key, iv = keys_of("client", 0)
        for v in connection["forged"]:
            opened = keys.open_packet(suite, key, iv, 0, unhex(v["datagram"]))
            check(f"forged packet suite {suite}: {v['name']}", opened, None)


def check_frames(vectors):
    for v in vectors["legal"]:
        frames = wire.decode_frames(unhex(v["bytes"]))
        actual = [plain(frame) for frame in frames]
        if isinstance(v["frames"], dict):
            check(f"frames {v['name']}", actual, [v["frames"]["each"]] * v["frames"]["count"])
        else:
            check(f"frames {v['name']}", actual, v["frames"])
        check(f"frames {v['name']} encoded", wire.encode_frames(frames).hex(), v["bytes"])
    check_refusals("frames", wire.decode_frames, vectors["illegal"])


def check_reset_tokens(vectors):
    key = keys.reset_key(unhex(vectors["identityPrivateKey"]))
    check("reset key", key.hex(), vectors["key"])
    for v in vectors["tokens"]:
        token = keys.reset_token(key, v["connectionId"], unhex(v["addressBytes"]))
        check(f"reset token of {v['connectionId']:08x}", token.hex(), v["token"])


def main(folder):
    files = {path.name: json.loads(path.read_text("utf-8")) for path in sorted(pathlib.Path(folder).glob("*.json"))}
    check_primitives()
    checkers = {
        "varints.json": check_varints,
        "packet-headers.json": check_packet_headers,
        "transport-parameters.json": check_parameters,
        "handshake-packets.json": check_handshake_packets,
        "certificate-chains.json": check_certificate_chains,
        "cookies.json": check_cookies,
        "handshakes.json": check_handshakes,
        "protected-packets.json": lambda vectors: check_protected_packets(vectors, files["handshakes.json"]),
        "frames.json": check_frames,
        "reset-tokens.json": check_reset_tokens,
    }
    check("files", sorted(files), sorted(checkers))
    for name, checker in checkers.items():
        try:
            checker(files[name])
        except (wire.Refused, KeyError, IndexError, ValueError, TypeError) as error:
            failures.append(f"{name}: stopped by {type(error).__name__}: {error}")
    for failure in failures:
        print(failure)
    print(f"{len(failures)} of {checks} checks failed" if failures else f"all {checks} checks passed")
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: check_vectors.py FOLDER")
    sys.exit(main(sys.argv[1]))

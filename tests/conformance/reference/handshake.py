"""The handshake, as client and as server, without sockets and timers: docs/PROTOCOL.md sections 3 and 4.3."""

import ipaddress
import secrets
from dataclasses import dataclass

from . import keys, p256, wire

COOKIE_BUCKET_S = 5
# Reasons of section 3.4.
REJECT_VERSION, REJECT_PROTOCOL, REJECT_SUITES = 1, 2, 5
SIGNED = b"sortie v1 server hello\0"


@dataclass
class Established:
    """What both sides know once the handshake is over."""

    role: str
    suite: int
    local_id: int
    remote_id: int
    client_secret: bytes
    server_secret: bytes
    local_parameters: dict
    peer_parameters: dict

    @property
    def send_secret(self):
        return self.client_secret if self.role == "client" else self.server_secret

    @property
    def receive_secret(self):
        return self.server_secret if self.role == "client" else self.client_secret


def _random_id():
    return secrets.randbits(32)


def _is_handshake_packet(datagram, kind):
    return len(datagram) >= 5 and datagram[0] == kind and datagram[1:4] == b"SRT"


def _secrets_of(private, key_share, digest):
    return keys.connection_secrets(p256.shared_secret(private, key_share), digest)


class ClientHandshake:
    """One attempt to connect. It pins the server's key and checks no certificates."""

    def __init__(self, protocol, server_key, suites, parameters):
        self.server_key, self.parameters = server_key, parameters
        self.private = p256.private_key()
        self.fields = {
            "protocolId": keys.protocol_id(protocol),
            "clientRandom": secrets.token_bytes(32),
            "clientConnectionId": _random_id(),
            "suites": bytes(suites),
            "keyShare": p256.public_key(self.private),
            "cookie": b"",
            "parameters": wire.encode_parameters(parameters),
        }
        self.retries = 0

    def hello(self):
        return wire.encode_client_hello(self.fields)

    def receive(self, datagram):
        """Established; "retry" when the hello has a new cookie; the reason of a REJECT; None for what is dropped."""
        try:
            if _is_handshake_packet(datagram, 2):
                return self._on_retry(wire.decode_retry(datagram))
            if _is_handshake_packet(datagram, 3):
                return self._on_server_hello(datagram, wire.decode_server_hello(datagram))
            if _is_handshake_packet(datagram, 4):
                return self._on_reject(wire.decode_reject(datagram))
        except wire.Refused:
            pass
        return None

    def _on_retry(self, fields):
        is_mine = fields["clientConnectionId"] == self.fields["clientConnectionId"]
        if not is_mine or fields["cookie"] == self.fields["cookie"]:
            return None
        self.retries += 1
        self.fields["cookie"] = fields["cookie"]
        return "retry"

    def _on_reject(self, fields):
        names = ("clientConnectionId", "clientRandom")
        return fields["reason"] if all(fields[name] == self.fields[name] for name in names) else None

    def _on_server_hello(self, datagram, fields):
        """The checks of section 3.3, for the present hello alone: nobody forges RETRYs here."""
        peer_parameters = wire.decode_parameters(fields["parameters"])
        digest = keys.transcript_hash(self.hello(), datagram)
        is_good = (
            fields["clientConnectionId"] == self.fields["clientConnectionId"]
            and fields["suite"] in self.fields["suites"]
            and fields["identityType"] == 0
            and fields["identity"] == self.server_key
            and keys.signature_is_good(fields["identity"], digest, fields["signature"])
            and p256.decode_point(fields["keyShare"]) is not None
        )
        if not is_good:
            return None
        derived = _secrets_of(self.private, fields["keyShare"], digest)
        return Established(
            "client",
            fields["suite"],
            self.fields["clientConnectionId"],
            fields["serverConnectionId"],
            derived["client"],
            derived["server"],
            self.parameters,
            peer_parameters,
        )


class ServerHandshake:
    """The server's side: answers hellos and keeps nothing before a good cookie."""

    def __init__(self, protocol, identity, suites, parameters):
        self.protocol_id = keys.protocol_id(protocol)
        self.identity, self.public_key = identity, p256.public_key(identity)
        self.suites, self.parameters = suites, parameters
        self.cookie_secret = secrets.token_bytes(32)
        self.answers = {}
        """The SERVER_HELLO of each hello, by address and everything but cookie and padding (section 3.1)."""

    def receive(self, datagram, address, now):
        """The answer, or None, and what is established, or None; in the order of the checks of section 3.1."""
        if not _is_handshake_packet(datagram, 1) or len(datagram) < 1200:
            return None, None
        if datagram[4] != wire.VERSION:
            return self._reject(wire.decode_hello_invariants(datagram), REJECT_VERSION), None
        try:
            hello = wire.decode_client_hello(datagram)
        except wire.Refused:
            return None, None
        if hello["protocolId"] != self.protocol_id:
            return self._reject(hello, REJECT_PROTOCOL), None
        bucket = int(now / COOKIE_BUCKET_S)
        if hello["cookie"] not in (self._cookie(hello, address, b) for b in (bucket, bucket - 1)):
            cookie = self._cookie(hello, address, bucket)
            return wire.encode_retry({"clientConnectionId": hello["clientConnectionId"], "cookie": cookie}), None
        same = (address, *(value for name, value in hello.items() if name != "cookie"))
        if same in self.answers:
            return self.answers[same], None
        wanted = [suite for suite in hello["suites"] if suite in self.suites]
        if not wanted:
            return self._reject(hello, REJECT_SUITES), None
        try:
            peer_parameters = wire.decode_parameters(hello["parameters"])
        except wire.Refused:
            return None, None
        if p256.decode_point(hello["keyShare"]) is None:
            return None, None
        answer, established = self._answer(datagram, hello, wanted[0], peer_parameters)
        self.answers[same] = answer
        return answer, established

    def _cookie(self, hello, address, bucket):
        host = ipaddress.IPv4Address(address[0]).packed
        subject = (hello["protocolId"], hello["clientRandom"], hello["clientConnectionId"])
        return keys.cookie(self.cookie_secret, bytes(10) + b"\xff\xff" + host, address[1], *subject, bucket)

    def _reject(self, hello, reason):
        names = ("clientConnectionId", "clientRandom")
        return wire.encode_reject({"version": 1, "reason": reason, **{name: hello[name] for name in names}})

    def _answer(self, client_hello, hello, suite, peer_parameters):
        private = p256.private_key()
        fields = {
            "clientConnectionId": hello["clientConnectionId"],
            "serverConnectionId": _random_id(),
            "suite": suite,
            "serverRandom": secrets.token_bytes(32),
            "keyShare": p256.public_key(private),
            "parameters": wire.encode_parameters(self.parameters),
            "identityType": 0,
            "identity": self.public_key,
            "signature": bytes(64),
        }
        digest = keys.transcript_hash(client_hello, wire.encode_server_hello(fields))
        fields["signature"] = p256.sign(self.identity, SIGNED + digest)
        derived = _secrets_of(private, hello["keyShare"], digest)
        established = Established(
            "server",
            suite,
            fields["serverConnectionId"],
            hello["clientConnectionId"],
            derived["client"],
            derived["server"],
            self.parameters,
            peer_parameters,
        )
        return wire.encode_server_hello(fields), established

"""Connecting and listening over UDP: docs/PROTOCOL.md sections 3 and 8.1 to 8.3."""

import secrets
import time
from collections import deque

from . import p256
from .endpoint import PARAMETERS, PATIENCE, TURN, Connection, Late, read_all, udp_socket
from .handshake import ClientHandshake, Established, ServerHandshake

REPEAT_HELLO_S = 0.25


def shake_hands(bound, address, handshake, mangle=lambda hello: hello):
    """Sends hellos until the server's answer decides. Returns Established, or the reason of a REJECT."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        bound.sendto(mangle(handshake.hello()), address)
        repeat_at = time.monotonic() + REPEAT_HELLO_S
        has_new_cookie = False
        while not has_new_cookie and time.monotonic() < repeat_at:
            for datagram, source, _ in read_all([bound], TURN):
                outcome = handshake.receive(datagram) if source == address else None
                if isinstance(outcome, (Established, int)):
                    return outcome
                has_new_cookie = has_new_cookie or outcome == "retry"
    raise Late("waited in vain for the server's answer to the hello")


def connect(address, protocol, server_key, suites, payload):
    """A client's connection, once it was accepted or refused, and its handshake."""
    bound = udp_socket()
    handshake = ClientHandshake(protocol, server_key, suites, PARAMETERS)
    established = shake_hands(bound, address, handshake)
    if not isinstance(established, Established):
        raise Late(f"the server rejected the hello for reason {established}")
    connection = Connection(bound, address, established)
    connection.send({"kind": "Connect", "payload": payload})
    connection.run(lambda: connection.accepted or connection.closed, "ACCEPT")
    return connection, handshake


class Listener:
    """A server that serves one connection at a time."""

    def __init__(self, protocol, suites):
        self.socket = udp_socket()
        self.handshake = ServerHandshake(protocol, p256.private_key(), suites, PARAMETERS)
        self.waiting = deque()
        """Datagrams, and where they came from, that nobody has looked at yet."""
        self.answers = []
        """Type of each handshake packet that was sent, for the present client."""
        self.before_server_hello = lambda answer: []
        """Datagrams that go before a SERVER_HELLO."""

    @property
    def port(self):
        return self.socket.getsockname()[1]

    @property
    def public_key(self):
        return self.handshake.public_key

    def next_connection(self):
        """The next client's connection, once its CONNECT has come."""
        self.answers = []
        connection = None
        deadline = time.monotonic() + PATIENCE
        while connection is None:
            if time.monotonic() > deadline:
                raise Late("waited in vain for a client")
            self.waiting += [(datagram, source) for datagram, source, _ in read_all([self.socket], TURN)]
            while connection is None and self.waiting:
                datagram, source = self.waiting.popleft()
                established = self.answer(datagram, source)
                connection = established and Connection(self.socket, source, established)
        self._attend(connection)
        connection.run(lambda: connection.connect_payload is not None, "CONNECT")
        return connection

    def _attend(self, connection):
        """What came behind the hello is the connection's; what comes once it is over is for the client after it."""

        def on_other_datagram(datagram, source):
            is_over = connection.closed is not None or connection.close_sent
            return self.waiting.append((datagram, source)) if is_over else self.answer(datagram, source)

        connection.on_other_datagram = on_other_datagram
        behind, self.waiting = self.waiting, deque()
        for datagram, source in behind:
            connection.receive(datagram, source, self.socket)

    def answer(self, datagram, source):
        """Of a handshake packet; anything else is dropped."""
        answer, established = self.handshake.receive(datagram, source, time.monotonic())
        if answer is None:
            return None
        if established is not None:
            for other in self.before_server_hello(answer):
                self.socket.sendto(other, source)
        self.answers.append(answer[0])
        self.socket.sendto(answer, source)
        return established

    def accept(self, connection):
        """Returns the session ID."""
        session_id = secrets.token_bytes(16)
        connection.send({"kind": "Accept", "sessionId": session_id, "resetToken": secrets.token_bytes(16)})
        return session_id.hex()

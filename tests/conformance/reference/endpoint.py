"""One connection of an endpoint, over UDP: docs/PROTOCOL.md sections 4 to 8, as far as a test against Sortie needs.

Congestion control, path MTU search and credit are left out: so little is sent that no limit is near.
"""

import secrets
import select
import socket
import time
from collections import namedtuple

from . import wire
from .acknowledgements import Sent, ack_frame, is_ack_eliciting
from .delivery import Inbox, Outbox
from .protection import Protection, is_protected

PARAMETERS = {
    "idleTimeoutMs": 10_000,
    "maxAckDelayMs": 25,
    "maxDatagramBytes": 1200,
    "maxMessageBytes": 65_536,
    "receiveWindowBytes": 262_144,
}
# s. A test that waits longer has failed.
PATIENCE = 15
TURN = 0.01
# bytes of a packet that are no frames, and of the packet by which a client tells of its move.
OVERHEAD_BYTES = 25
MOVED_BYTES = 192
PROTOCOL_ERROR = 5


Packet = namedtuple("Packet", "number frames bytes source socket")


class Late(Exception):
    """What was waited for did not come."""


def udp_socket():
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("127.0.0.1", 0))
    bound.setblocking(False)
    return bound


def read_all(sockets, seconds):
    """(datagram, source, socket) of all that is there, after waiting for `seconds` at most."""
    ready, _, _ = select.select(sockets, [], [], seconds)
    for readable in ready:
        while True:
            try:
                datagram, source = readable.recvfrom(2048)
            except OSError:
                break
            yield datagram, source, readable


class Connection:
    """Established keys, a peer's address and at least one socket. `run` does all work; nothing happens beside it."""

    def __init__(self, bound, address, established):
        self.socket, self.address = bound, address
        self.sockets = [bound]
        self.role = established.role
        self.local_id, self.remote_id = established.local_id, established.remote_id
        self.peer_parameters = established.peer_parameters
        self.protection = Protection(established.suite, established.send_secret, established.receive_secret)
        self.sent = Sent(established.peer_parameters["maxAckDelayMs"] / 1000)
        self.outbox = Outbox()
        self.inbox = Inbox(established.local_parameters["maxMessageBytes"])
        self.next_number = 0
        self.largest_at = 0.0
        self.owes_ack = False
        self.candidate = None
        """Server: an address that may be the client's new one (section 8.5)."""
        self.connect_payload = None
        self.accepted = None
        """Client: the ACCEPT frame."""
        self.closed = None
        """Code and text of the peer's first CLOSE."""
        self.close_sent = False
        self.packets = []
        """What was received."""
        self.loses = None
        """Whether a packet with these frames is to be treated as lost on its way to this side."""
        self.on_other_datagram = lambda datagram, source: None
        """Hears of what is no packet of this connection."""

    @property
    def messages(self):
        return self.inbox.delivered

    # --- sending

    def seal(self, *frames):
        """A packet that is not sent yet: its number and bytes. As far as this side knows, it is on its way."""
        return self.seal_bytes(wire.encode_frames(frames), frames)

    def seal_bytes(self, plaintext, frames=()):
        number = self.next_number
        self.next_number += 1
        datagram = self.protection.seal(self.remote_id, number, plaintext)
        self.sent.on_sent(number, frames, self.protection.sending.number, time.monotonic())
        return number, datagram

    def emit(self, datagram, address=None, bound=None):
        (bound or self.socket).sendto(datagram, address or self.address)

    def send(self, *frames):
        """A packet of these frames, with an ACK before them if one is due. Returns its number."""
        number, datagram = self.seal(*self._due_ack(), *frames)
        self.emit(datagram)
        return number

    def send_message(self, delivery, channel, payload):
        return self.send(self.outbox.message(delivery, channel, payload))

    def close(self, code, text=""):
        self.close_sent = True
        self.send({"kind": "Close", "code": code, "text": text})

    def _due_ack(self):
        if not self.owes_ack:
            return []
        self.owes_ack = False
        return [ack_frame(self.protection.received, self.largest_at, time.monotonic())]

    # --- key updates (section 4.6)

    @property
    def may_update(self):
        generation = self.protection.sending.number
        confirmed_at = self.sent.confirmed_at.get(generation)
        if confirmed_at is None or generation != self.protection.receiving.number:
            return False
        wait = 0 if generation == 0 else 3 * self.sent.probe_timeout
        return time.monotonic() >= confirmed_at + wait

    def update_keys(self):
        self.run(lambda: self.may_update, "leave to update the keys")
        self.protection.update()

    # --- change of address (section 8.5)

    def move(self, bound):
        """Client: goes on with another socket, and tells the server by a PING that allows it an answer."""
        self.sockets.append(bound)
        self.socket = bound
        self.send({"kind": "Ping"}, {"kind": "Padding", "bytes": MOVED_BYTES - OVERHEAD_BYTES - 1})

    def follow(self):
        """Server: challenges the address that the client seems to have moved to. Returns the packet of the answer."""
        self.run(lambda: self.candidate is not None, "a packet from another address")
        data = secrets.token_bytes(8)
        self.emit(self.seal({"kind": "PathChallenge", "data": data})[1], self.candidate)
        packet, frame = self.wait_for_frame("PathResponse")
        if frame["data"] == data and packet.source == self.candidate:
            self.address, self.candidate = self.candidate, None
        return packet

    # --- receiving

    def receive(self, datagram, source, bound):
        is_ours = is_protected(datagram) and int.from_bytes(datagram[1:5], "big") == self.local_id
        if not is_ours:
            return self.on_other_datagram(datagram, source)
        opened = self.protection.open(datagram)
        if opened is None:
            return None
        number, plaintext, generation = opened
        try:
            frames = wire.decode_frames(plaintext)
        except wire.Refused as refused:
            return self.close(PROTOCOL_ERROR, str(refused))
        if self.loses is not None and self.loses(number, frames):
            return None
        is_newest = number > self.protection.largest
        self.protection.record(number, generation)
        if is_newest:
            self.largest_at = time.monotonic()
        self.packets.append(Packet(number, frames, len(datagram), source, bound))
        self.owes_ack = self.owes_ack or is_ack_eliciting(frames)
        if self.role == "server" and is_newest and source != self.address:
            self.candidate = source
        try:
            for place, frame in enumerate(frames):
                self._apply(frame, (number, place), source, bound)
        except wire.Violation as violation:
            self.close(PROTOCOL_ERROR, str(violation))

    def _apply(self, frame, rank, source, bound):
        kind = frame["kind"]
        if kind in ("Message", "Fragment"):
            self.inbox.receive(frame, rank)
        elif kind == "Ack":
            self.sent.on_ack(frame, time.monotonic())
        elif kind == "Connect" and self.role == "server":
            self.connect_payload = frame["payload"] if self.connect_payload is None else self.connect_payload
        elif kind == "Accept" and self.role == "client":
            self.accepted = frame
        elif kind in ("Connect", "Accept"):
            raise wire.Violation(f"{kind} came from the wrong side")
        elif kind == "PathChallenge":
            # Section 5.9: from where it arrived to where it came from.
            self.emit(self.seal({"kind": "PathResponse", "data": frame["data"]})[1], source, bound)
        elif kind == "Close":
            self._on_close(frame)

    def _on_close(self, frame):
        """Section 8.7: the first CLOSE is answered, unless it is the answer itself."""
        if self.closed is not None:
            return
        self.closed = (frame["code"], frame["text"])
        if not self.close_sent:
            self.close(0)

    # --- work

    def run(self, until, what, seconds=PATIENCE):
        """Receives, acknowledges and repeats until `until()`; raises Late when `seconds` do not suffice."""
        deadline = time.monotonic() + seconds
        while not until():
            now = time.monotonic()
            if now > deadline:
                raise Late(f"waited in vain for {what}; the peer's CLOSE: {self.closed}")
            for datagram, source, bound in read_all(self.sockets, TURN):
                self.receive(datagram, source, bound)
            self._speak()

    def _speak(self):
        if self.closed is not None or self.close_sent:
            return
        for frames in self.sent.take_overdue(time.monotonic()):
            self.send(*frames)
        for ack in self._due_ack():
            self.emit(self.seal(ack)[1])

    def wait_for_ack(self, number):
        self.run(lambda: number in self.sent.acknowledged, f"the acknowledgement of packet {number}")

    def wait_for_message(self, payload):
        """The first message of this payload from now on or before."""
        self.run(lambda: self._find(payload) is not None, f"the message {payload[:40]!r}")
        return self._find(payload)

    def _find(self, payload):
        return next((message for message in self.messages if message["payload"] == payload), None)

    def wait_for_close(self):
        self.run(lambda: self.closed is not None, "CLOSE")
        return self.closed

    def wait_for_frame(self, kind):
        """The last packet that has such a frame and comes from now on, and the frame."""
        begin = len(self.packets)

        def found():
            return next(((p, f) for p in self.packets[begin:] for f in p.frames if f["kind"] == kind), None)

        self.run(lambda: found() is not None, kind)
        return found()

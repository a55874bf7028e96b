"""Protection of a connection's packets, both directions: docs/PROTOCOL.md section 4."""

from . import keys
from .wire import MAX_PACKET_NUMBER

MIN_PACKET_BYTES = 26
MAX_DATAGRAM_BYTES = 1452
REPLAY_WINDOW = 1024


class Generation:
    """The keys of one direction between two updates (sections 4.3 and 4.6)."""

    def __init__(self, suite, secret, number=0):
        self.suite, self.secret, self.number = suite, secret, number
        self.key_phase = number % 2
        key, self.iv = keys.packet_key(suite, secret)
        self.aead = keys.aead(suite, key)

    def following(self):
        return Generation(self.suite, keys.next_secret(self.secret), self.number + 1)

    def seal(self, connection_id, packet_number, frames):
        header = keys.header(self.key_phase, connection_id, packet_number)
        return header + self.aead.seal(keys.nonce(self.iv, packet_number), header, frames)

    def open(self, packet_number, datagram):
        """The frames, or None when the packet does not authenticate."""
        return self.aead.open(keys.nonce(self.iv, packet_number), datagram[:9], datagram[9:])


class Protection:
    """Seals what one side sends, opens what it receives, and follows key updates."""

    def __init__(self, suite, send_secret, receive_secret):
        self.sending = Generation(suite, send_secret)
        self.receiving = Generation(suite, receive_secret)
        self.previous = None
        """Keys that were received with before the last update, for packets that were late."""
        self.first_number = 0
        """The packet that brought the present keys."""
        self.has_sealed = False
        """Whether anything was sealed with the present keys."""
        self.largest = -1
        self.received = set()

    # --- sending

    def seal(self, connection_id, packet_number, frames):
        self.has_sealed = True
        return self.sending.seal(connection_id, packet_number, frames)

    def update(self):
        """The next generation of what this side sends. Whether that is allowed is for the caller to know."""
        self.sending = self.sending.following()
        self.has_sealed = False

    # --- receiving, in the steps of section 4.5

    def open(self, datagram):
        """Number, frames and keys of an authentic packet that is new; None for all else. Changes nothing."""
        number = keys.recover_packet_number(self.largest, int.from_bytes(datagram[5:9], "big"))
        if number > MAX_PACKET_NUMBER or number in self.received or number <= self.largest - REPLAY_WINDOW:
            return None
        generation = self.keys_for(datagram[0] & 1, number)
        frames = generation.open(number, datagram) if generation else None
        return None if frames is None else (number, frames, generation)

    def keys_for(self, key_phase, number):
        """Section 4.6: each packet is tried with one set of keys."""
        if key_phase == self.receiving.key_phase:
            return self.receiving
        if number < self.first_number:
            return self.previous
        is_ahead = self.sending.number > self.receiving.number
        return self.receiving.following() if self.has_sealed or is_ahead else None

    def record(self, number, generation):
        """The packet counts as received. If it has the next keys, this side moves on to them with what it sends."""
        self.received.add(number)
        self.largest = max(self.largest, number)
        if generation.number <= self.receiving.number:
            return
        self.previous, self.receiving, self.first_number = self.receiving, generation, number
        if self.sending.number < generation.number:
            self.update()


def is_protected(datagram):
    """Section 4.5, step 1."""
    return MIN_PACKET_BYTES <= len(datagram) <= MAX_DATAGRAM_BYTES and datagram[0] in (0x40, 0x41)

"""Messages out and in, by delivery mode: docs/PROTOCOL.md sections 5.4, 5.5 and 6."""

from collections import defaultdict

from .wire import Violation

ID_SPACE = 2**16
ID_WINDOW = 1024
WITH_IDS = ("bestEffort", "reliable", "ordered")
MIN_PIECE_BYTES = 64


def distance(a, b):
    """Section 6.1: RFC 1982."""
    return (a - b + ID_SPACE // 2) % ID_SPACE - ID_SPACE // 2


class Outbox:
    """Gives messages their IDs, by channel and mode."""

    def __init__(self):
        self.next_ids = defaultdict(int)

    def message(self, delivery, channel, payload):
        frame = {"kind": "Message", "delivery": delivery, "channel": channel, "payload": payload}
        if delivery in WITH_IDS:
            frame["messageId"] = self._next_id(delivery, channel)
        return frame

    def pieces(self, delivery, channel, payload, piece_bytes):
        """The message in FRAGMENTs, first piece first."""
        shared = {"kind": "Fragment", "delivery": delivery, "channel": channel, "totalBytes": len(payload)}
        shared["messageId"] = self._next_id(delivery, channel)
        offsets = range(0, len(payload), piece_bytes)
        return [{**shared, "offset": at, "payload": payload[at : at + piece_bytes]} for at in offsets]

    def _next_id(self, delivery, channel):
        number = self.next_ids[delivery, channel]
        self.next_ids[delivery, channel] = (number + 1) % ID_SPACE
        return number


class Assembly:
    """A message of which pieces have arrived."""

    def __init__(self, total):
        self.total = total
        self.bytes = {}
        """By place; as many as arrived, whatever the total (section 5.5)."""
        self.rank = None

    def add(self, offset, payload):
        for at, byte in enumerate(payload, offset):
            self.bytes.setdefault(at, byte)

    def whole(self):
        if len(self.bytes) < self.total:
            return None
        return bytes(self.bytes[at] for at in range(self.total))


class KnownIds:
    """Which IDs of a channel and mode are new (section 6.1)."""

    def __init__(self, delivery):
        self.delivery = delivery
        self.lowest = 0
        """Reliable, ordered: the lowest ID not received. Best effort: the lowest of the window."""
        self.known = set()
        if delivery == "bestEffort":
            self.lowest = -ID_WINDOW % ID_SPACE
            self.known = {(self.lowest + i) % ID_SPACE for i in range(ID_WINDOW)}

    def is_new(self, number):
        ahead = distance(number, self.lowest)
        if self.delivery != "bestEffort" and ahead >= ID_WINDOW:
            raise Violation(f"message ID {number} is beyond the window")
        return ahead >= 0 and number not in self.known

    def record(self, number):
        self.known.add(number)
        if self.delivery == "bestEffort":
            self._end_at(number)
        else:
            while self.lowest in self.known:
                self.known.remove(self.lowest)
                self.lowest = (self.lowest + 1) % ID_SPACE

    def _end_at(self, number):
        beyond = distance(number, self.lowest) - (ID_WINDOW - 1)
        if beyond > 0:
            self.lowest = (self.lowest + beyond) % ID_SPACE
            self.known = {known for known in self.known if distance(known, self.lowest) >= 0}


class Inbox:
    """Puts messages together and into order. What is delivered is appended to `delivered` as frames without pieces."""

    def __init__(self, max_message_bytes):
        self.max_message_bytes = max_message_bytes
        self.delivered = []
        self.assemblies = {}
        self.ids = {}
        self.early = defaultdict(dict)
        """Ordered messages that wait for those before them, by channel and ID."""
        self.newest_rank = {}
        """Of what was delivered sequenced, by channel."""

    def receive(self, frame, rank):
        """`rank`: packet number and place of the frame in its packet."""
        delivery, channel = frame["delivery"], frame["channel"]
        is_piece = frame["kind"] == "Fragment"
        if (frame["totalBytes"] if is_piece else len(frame["payload"])) > self.max_message_bytes:
            raise Violation("a message is larger than was announced")
        if delivery in WITH_IDS and not self._ids(delivery, channel).is_new(frame["messageId"]):
            return
        whole = self._put_together(frame, rank) if is_piece else (frame["payload"], rank)
        if whole is not None:
            self._deliver({**frame, "payload": whole[0]}, whole[1])

    def _ids(self, delivery, channel):
        return self.ids.setdefault((delivery, channel), KnownIds(delivery))

    def _put_together(self, frame, rank):
        """Payload and rank of the message that this piece makes whole; None while it is not."""
        delivery, offset, payload = frame["delivery"], frame["offset"], frame["payload"]
        ends = offset + len(payload) == frame["totalBytes"]
        if len(payload) < MIN_PIECE_BYTES and not ends:
            raise Violation("a piece is smaller than 64 bytes")
        key = (delivery, frame["channel"], frame["messageId"])
        assembly = self.assemblies.setdefault(key, Assembly(frame["totalBytes"]))
        if assembly.total != frame["totalBytes"]:
            if delivery in ("reliable", "ordered"):
                raise Violation("pieces of a message disagree about its size")
            del self.assemblies[key]
            return None
        assembly.add(offset, payload)
        if offset == 0:
            assembly.rank = rank
        whole = assembly.whole()
        if whole is None:
            return None
        del self.assemblies[key]
        return whole, assembly.rank

    def _deliver(self, message, rank):
        delivery, channel = message["delivery"], message["channel"]
        if delivery == "sequenced":
            if rank < self.newest_rank.get(channel, (-1, 0)):
                return
            self.newest_rank[channel] = rank
        if delivery in WITH_IDS:
            ids = self._ids(delivery, channel)
            self.assemblies.pop((delivery, channel, message["messageId"]), None)
            if delivery == "ordered":
                return self._deliver_in_order(message, ids)
            ids.record(message["messageId"])
        self.delivered.append(message)

    def _deliver_in_order(self, message, ids):
        early = self.early[message["channel"]]
        early[message["messageId"]] = message
        while ids.lowest in early:
            self.delivered.append(early.pop(ids.lowest))
            ids.record(self.delivered[-1]["messageId"])

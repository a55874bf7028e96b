"""Byte formats: docs/PROTOCOL.md sections 1, 3 and 5. Every decoder returns the fields or raises Refused."""

VERSION = 1
MAX_SAFE = 2**53 - 1
MAX_PACKET_NUMBER = 2**48 - 1
DELIVERIES = ("unreliable", "sequenced", "bestEffort", "reliable", "ordered")


class Refused(Exception):
    """Why bytes are refused, in the words of section 9.2."""


class Violation(Exception):
    """What decodes, and yet breaks the protocol (section 5): the connection is closed with code 5."""


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.left():
            raise Refused("truncated")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def varint(self):
        if self.left() == 0:
            raise Refused("truncated")
        length = 1 << (self.data[self.at] >> 6)
        value = self.number(length) & ((1 << (8 * length - 2)) - 1)
        if value < {1: 0, 2: 2**6, 4: 2**14, 8: 2**30}[length]:
            raise Refused("non-canonical")
        if value > MAX_SAFE:
            raise Refused("out-of-range")
        return value

    def end(self):
        if self.left():
            raise Refused("trailing-bytes")


def varint(value):
    for prefix, length in ((0, 1), (1, 2), (2, 4), (3, 8)):
        if value < 1 << (8 * length - 2):
            return ((prefix << (8 * length - 2)) | value).to_bytes(length, "big")
    raise ValueError(value)


def require(condition, error="out-of-range"):
    if not condition:
        raise Refused(error)


# --- section 3: handshake packets


def read_header(r, kind, any_version=False):
    require(r.number(1) == kind and r.take(3) == b"SRT", "unknown-packet")
    version = r.number(1)
    require(any_version or version == VERSION, "unknown-version")
    return version


def decode_client_hello(data):
    require(len(data) >= 1200, "truncated")
    require(len(data) <= 1200, "trailing-bytes")
    r = Reader(data)
    read_header(r, 1)
    fields = {"protocolId": r.take(8), "clientRandom": r.take(32), "clientConnectionId": r.number(4)}
    count = r.number(1)
    suites = fields["suites"] = r.take(count)
    require(1 <= count <= 8 and len(set(suites)) == count)
    fields["keyShare"] = r.take(65)
    fields["cookie"] = r.take(r.number(1))
    require(len(fields["cookie"]) in (0, 36))
    length = r.number(2)
    require(length <= 100)
    fields["parameters"] = r.take(length)
    require(not any(r.take(r.left())), "non-canonical")
    return fields


def encode_client_hello(f):
    out = b"\x01SRT\x01" + f["protocolId"] + f["clientRandom"] + f["clientConnectionId"].to_bytes(4, "big")
    out += bytes([len(f["suites"])]) + f["suites"] + f["keyShare"] + bytes([len(f["cookie"])]) + f["cookie"]
    out += len(f["parameters"]).to_bytes(2, "big") + f["parameters"]
    return out + bytes(1200 - len(out))


def decode_hello_invariants(data):
    r = Reader(data)
    version = read_header(r, 1, any_version=True)
    return {
        "version": version,
        "protocolId": r.take(8),
        "clientRandom": r.take(32),
        "clientConnectionId": r.number(4),
    }


def decode_retry(data):
    r = Reader(data)
    read_header(r, 2)
    fields = {"clientConnectionId": r.number(4), "cookie": r.take(36)}
    r.end()
    return fields


def encode_retry(f):
    return b"\x02SRT\x01" + f["clientConnectionId"].to_bytes(4, "big") + f["cookie"]


def decode_server_hello(data):
    r = Reader(data)
    read_header(r, 3)
    fields = {"clientConnectionId": r.number(4), "serverConnectionId": r.number(4), "suite": r.number(1)}
    fields["serverRandom"] = r.take(32)
    fields["keyShare"] = r.take(65)
    length = r.number(2)
    require(length <= 100)
    fields["parameters"] = r.take(length)
    fields["identityType"] = r.number(1)
    length = r.number(2)
    require(length == 65 if fields["identityType"] == 0 else fields["identityType"] == 1 and 1 <= length <= 900)
    fields["identity"] = r.take(length)
    fields["signature"] = r.take(64)
    r.end()
    return fields


def encode_server_hello(f):
    out = b"\x03SRT\x01" + f["clientConnectionId"].to_bytes(4, "big") + f["serverConnectionId"].to_bytes(4, "big")
    out += bytes([f["suite"]]) + f["serverRandom"] + f["keyShare"]
    out += len(f["parameters"]).to_bytes(2, "big") + f["parameters"]
    return out + bytes([f["identityType"]]) + len(f["identity"]).to_bytes(2, "big") + f["identity"] + f["signature"]


def decode_reject(data):
    r = Reader(data)
    version = read_header(r, 4, any_version=True)
    fields = {"version": version, "clientConnectionId": r.number(4), "clientRandom": r.take(32)}
    fields["reason"] = r.number(1)
    require(1 <= fields["reason"] <= 5)
    r.end()
    return fields


def encode_reject(f):
    head = b"\x04SRT" + bytes([f["version"]]) + f["clientConnectionId"].to_bytes(4, "big")
    return head + f["clientRandom"] + bytes([f["reason"]])


def decode_certificate_chain(data):
    r = Reader(data)
    chain = []
    while True:
        require(len(chain) < 4)
        length = r.number(2)
        require(length > 0)
        chain.append(r.take(length))
        if not r.left():
            return chain


def encode_certificate_chain(chain):
    return b"".join(len(der).to_bytes(2, "big") + der for der in chain)


PARAMETERS = {
    1: ("idleTimeoutMs", 1000, 600_000),
    2: ("maxAckDelayMs", 0, 1000),
    3: ("maxDatagramBytes", 1200, 1452),
    4: ("maxMessageBytes", 1, 2**30 - 1),
    5: ("receiveWindowBytes", 1, 2**40),
    6: ("identityTypes", 1, 3),
    7: ("timedAcks", 0, 1),
}
# What a parameter that is left out means; all others must be there.
FALLBACKS = {"identityTypes": 1, "timedAcks": 0}


def decode_parameters(data):
    r = Reader(data)
    fields = {}
    last = -1
    while r.left():
        number = r.varint()
        require(number > last, "non-canonical")
        last = number
        length = r.varint()
        if number not in PARAMETERS:
            r.take(length)
            continue
        name, low, high = PARAMETERS[number]
        value = r.varint()
        require(len(varint(value)) == length, "non-canonical")
        require(low <= value <= high)
        require(FALLBACKS.get(name) != value, "non-canonical")
        fields[name] = value
    needed = {name for name, _, _ in PARAMETERS.values()} - set(FALLBACKS)
    require(needed <= set(fields), "truncated")
    require(fields["receiveWindowBytes"] >= fields["maxMessageBytes"])
    return fields


def encode_parameters(fields):
    values = [(number, varint(fields[name])) for number, (name, _, _) in PARAMETERS.items() if name in fields]
    return b"".join(varint(number) + varint(len(value)) + value for number, value in values)


# --- section 5: frames


def decode_frames(data):
    require(len(data) > 0, "empty-packet")
    r = Reader(data)
    frames = []
    while r.left():
        require(len(frames) < 256, "too-many-frames")
        frames.append(decode_frame(r))
    return frames


def decode_frame(r):
    kind = r.number(1)
    if 0x10 <= kind <= 0x19 or 0x20 <= kind <= 0x29:
        return decode_data(r, kind)
    if kind == 0x00:
        length = 1 + r.left()
        require(not any(r.take(r.left())), "non-canonical")
        return {"kind": "Padding", "bytes": length}
    if kind == 0x01:
        return {"kind": "Ping"}
    if kind in (0x02, 0x0A):
        return decode_ack(r, kind == 0x0A)
    if kind == 0x03:
        length = r.varint()
        require(length <= 1024)
        return {"kind": "Connect", "payload": r.take(length)}
    if kind == 0x04:
        return {"kind": "Accept", "sessionId": r.take(16), "resetToken": r.take(16)}
    if kind == 0x05:
        return decode_close(r)
    if kind in (0x06, 0x07):
        return {"kind": "PathChallenge" if kind == 6 else "PathResponse", "data": r.take(8)}
    if kind == 0x08:
        channel, limit, total = r.number(1), r.varint(), r.varint()
        return {"kind": "Credit", "channel": channel, "channelLimitBytes": limit, "connectionLimitBytes": total}
    raise Refused("unknown-frame")


def decode_ack(r, is_timed):
    largest, delay = r.varint(), r.varint()
    time = {"receivedAtUs": r.number(4)} if is_timed else {}
    length = r.number(1)
    require(length <= 128 and largest <= MAX_PACKET_NUMBER)
    bitmap = r.take(length)
    require(length == 0 or bitmap[-1] != 0, "non-canonical")
    require(largest - int.from_bytes(bitmap, "little").bit_length() >= 0)
    return {"kind": "Ack", "largest": largest, "delayUs": delay, **time, "bitmap": bitmap}


def decode_close(r):
    code, length = r.number(1), r.varint()
    require(length <= 256)
    text = r.take(length)
    try:
        return {"kind": "Close", "code": code, "text": text.decode("utf-8")}
    except UnicodeDecodeError:
        raise Refused("bad-text") from None


def decode_data(r, kind):
    is_fragment = kind >= 0x20
    delivery = (kind >> 1) & 7
    fields = {"kind": "Fragment" if is_fragment else "Message", "delivery": DELIVERIES[delivery]}
    fields["channel"] = r.number(1)
    if is_fragment or delivery >= 2:
        fields["messageId"] = r.number(2)
    if is_fragment:
        fields["totalBytes"] = r.varint()
        fields["offset"] = r.varint()
    payload = fields["payload"] = r.take(r.varint() if kind & 1 else r.left())
    require(not (kind & 1) or r.left() > 0, "non-canonical")
    if is_fragment:
        total = fields["totalBytes"]
        require(0 < len(payload) < total < 2**30 and fields["offset"] + len(payload) <= total)
    return fields


def encode_frames(frames):
    """What a sender writes: only the last frame of a packet goes without its length."""
    return b"".join(encode_frame(frame, i == len(frames) - 1) for i, frame in enumerate(frames))


def encode_frame(f, is_last):
    kind = f["kind"]
    if kind == "Padding":
        return bytes(f["bytes"])
    if kind == "Ping":
        return b"\x01"
    if kind == "Ack":
        time = f["receivedAtUs"].to_bytes(4, "big") if "receivedAtUs" in f else b""
        numbers = varint(f["largest"]) + varint(f["delayUs"]) + time
        return (b"\x0a" if time else b"\x02") + numbers + bytes([len(f["bitmap"])]) + f["bitmap"]
    if kind == "Connect":
        return b"\x03" + varint(len(f["payload"])) + f["payload"]
    if kind == "Accept":
        return b"\x04" + f["sessionId"] + f["resetToken"]
    if kind == "Close":
        text = f["text"].encode()
        return bytes([5, f["code"]]) + varint(len(text)) + text
    if kind in ("PathChallenge", "PathResponse"):
        return (b"\x06" if kind == "PathChallenge" else b"\x07") + f["data"]
    if kind == "Credit":
        return bytes([8, f["channel"]]) + varint(f["channelLimitBytes"]) + varint(f["connectionLimitBytes"])
    base = 0x20 if kind == "Fragment" else 0x10
    out = bytes([base | DELIVERIES.index(f["delivery"]) << 1 | (not is_last), f["channel"]])
    if "messageId" in f:
        out += f["messageId"].to_bytes(2, "big")
    if kind == "Fragment":
        out += varint(f["totalBytes"]) + varint(f["offset"])
    return out + (b"" if is_last else varint(len(f["payload"]))) + f["payload"]

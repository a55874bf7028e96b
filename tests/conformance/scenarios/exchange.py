"""What two connected sides do with each other. The other side, Sortie, sends every message back as it came.

Each step returns what was seen, for the test to judge; it raises where something does not come at all.
"""

from reference.endpoint import udp_socket
from reference.wire import DELIVERIES

PIECE_BYTES = 1000
LARGE_BYTES = 2500


def pattern(length):
    """Bytes that show where a piece went wrong."""
    return bytes(i % 251 for i in range(length))


def echo(connection):
    """A message of each delivery in one packet, each on a channel of its own."""
    words = {delivery: f"by {delivery}".encode() for delivery in DELIVERIES}
    connection.send(*(connection.outbox.message(d, channel, words[d]) for channel, d in enumerate(DELIVERIES, 1)))
    echoes = [connection.wait_for_message(word) for word in words.values()]
    return [[message["delivery"], message["channel"], message["payload"].decode()] for message in echoes]


def large(connection):
    """A message in pieces, each way: the reliable one backwards and with overlaps, the sequenced one in order."""
    seen = []
    for delivery in ("sequenced", "reliable"):
        payload = pattern(LARGE_BYTES) + delivery.encode()
        pieces = connection.outbox.pieces(delivery, 6, payload, PIECE_BYTES)
        if delivery == "reliable":
            middle = payload[PIECE_BYTES - 100 : 2 * PIECE_BYTES + 50]
            pieces[1] = {**pieces[1], "offset": PIECE_BYTES - 100, "payload": middle}
            pieces.reverse()
        for piece in pieces:
            connection.send(piece)
        connection.wait_for_message(payload)
        offsets = {
            frame["offset"]
            for packet in connection.packets
            for frame in packet.frames
            if frame["kind"] == "Fragment" and frame["delivery"] == delivery
        }
        seen.append([delivery, len(payload), len(offsets)])
    return seen


def disorder(connection):
    """Packets that arrive in another order than they were sent in, and several times."""
    ordered = [f"ordered {i}".encode() for i in range(4)]
    sealed = [connection.seal(connection.outbox.message("ordered", 7, word))[1] for word in ordered]
    for i in (2, 0, 2, 3, 1, 0, 3):
        connection.emit(sealed[i])
    words = (b"older", b"newer")
    older, newer = (connection.seal(connection.outbox.message("sequenced", 7, word))[1] for word in words)
    connection.emit(newer)
    connection.emit(older)
    once = connection.seal(connection.outbox.message("unreliable", 7, b"once"))[1]
    connection.emit(once)
    connection.emit(once)
    connection.send_message("reliable", 7, b"after disorder")
    connection.wait_for_message(b"after disorder")
    for word in (*ordered, b"newer", b"once"):
        connection.wait_for_message(word)
    return [m["payload"].decode() for m in connection.messages if m["channel"] == 7 and m["delivery"] == "ordered"]


def sortie_repeats(connection):
    """The packet that brings the echo is lost: another brings it again."""
    lost = []

    def loses(number, frames):
        is_echo = any(frame.get("payload") == b"say it again" for frame in frames)
        if is_echo and not lost:
            lost.append(number)
            return True
        return False

    connection.loses = loses
    connection.send_message("reliable", 8, b"say it again")
    connection.wait_for_message(b"say it again")
    connection.loses = None
    carriers = [p.number for p in connection.packets if any(f.get("payload") == b"say it again" for f in p.frames)]
    return {"lost": lost, "brought": carriers[:1]}


def we_repeat(connection):
    """A packet of ours is lost: its number stays unacknowledged, its message arrives in another."""
    number, _lost = connection.seal(connection.outbox.message("reliable", 8, b"lost at first"))
    connection.wait_for_message(b"lost at first")
    connection.wait_for_ack(connection.send({"kind": "Ping"}))
    return {"lostIsAcknowledged": number in connection.sent.acknowledged}


def update_keys(connection, generation):
    """We move on to the next keys, and Sortie follows with its answer."""
    connection.update_keys()
    word = f"under keys {generation}".encode()
    connection.send_message("reliable", 9, word)
    connection.wait_for_message(word)
    return {"sent": connection.protection.sending.number, "received": connection.protection.receiving.number}


def update_by_sortie(connection):
    """Sortie moves on to the next keys by itself, after so many packets; we follow with our next one."""
    for i in range(20):
        if connection.protection.receiving.number > 0:
            break
        connection.send_message("reliable", 9, f"wearing {i}".encode())
        connection.wait_for_message(f"wearing {i}".encode())
    connection.send_message("reliable", 9, b"under its new keys")
    connection.wait_for_message(b"under its new keys")
    connection.close(0)
    connection.wait_for_close()
    return {"sent": connection.protection.sending.number, "received": connection.protection.receiving.number}


def ping(connection):
    """Our PING is acknowledged; Sortie's, which comes after some silence, is acknowledged by us."""
    connection.wait_for_ack(connection.send({"kind": "Ping"}))
    packet, _ = connection.wait_for_frame("Ping")
    connection.send_message("reliable", 9, b"heard the ping")
    connection.wait_for_message(b"heard the ping")
    return {"frames": [frame["kind"] for frame in packet.frames], "bytes": packet.bytes}


def forged(connection):
    """Packets that are not ours, under the number of one that is: only the true one counts."""
    connection.send_message("reliable", 10, b"before the forgery")
    connection.wait_for_message(b"before the forgery")
    _, true = connection.seal(connection.outbox.message("reliable", 10, b"true"))
    connection.emit(true[:-1] + bytes([true[-1] ^ 1]))
    connection.emit(true[:9] + bytes(40))
    connection.emit(true)
    connection.wait_for_message(b"true")
    return [m["payload"].decode() for m in connection.messages if m["channel"] == 10]


def client_moves(connection):
    """We go on from another port; Sortie asks whether we are there, and then sends there."""
    old, new = connection.socket, udp_socket()
    connection.move(new)
    packet, _ = connection.wait_for_frame("PathChallenge")
    challenged = packet.socket is new
    connection.send_message("reliable", 11, b"moved")
    connection.wait_for_message(b"moved")
    connection.send_message("reliable", 11, b"settled")
    connection.wait_for_message(b"settled")
    last = next(p for p in reversed(connection.packets) if any(f.get("payload") == b"settled" for f in p.frames))
    return {
        "challengedAtNewPort": challenged,
        "heardAtNewPort": last.socket is new,
        "ports": [bound.getsockname()[1] for bound in (old, new)],
    }


def sortie_moves(connection):
    """Sortie, which is told to, goes on from another port; we ask whether it is there, and then send there."""
    before = connection.address
    connection.send_message("reliable", 11, b"move")
    packet = connection.follow()
    connection.send_message("reliable", 11, b"settled")
    connection.wait_for_message(b"settled")
    return {
        "isAnotherPort": packet.source != before,
        "answeredFromNewPort": connection.address == packet.source,
        "ports": [before[1], packet.source[1]],
    }


def everything(connection):
    """All steps, on one connection."""
    return {
        "echo": echo(connection),
        "large": large(connection),
        "disorder": disorder(connection),
        "sortieRepeats": sortie_repeats(connection),
        "weRepeat": we_repeat(connection),
        "firstUpdate": update_keys(connection, 1),
        "ping": ping(connection),
        "secondUpdate": update_keys(connection, 2),
        "forged": forged(connection),
        "moved": client_moves(connection) if connection.role == "client" else sortie_moves(connection),
    }

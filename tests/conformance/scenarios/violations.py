"""What a peer must not do, and what docs/PROTOCOL.md has the other side answer: CLOSE with code 5 or 6."""

from reference.endpoint import Late


BEYOND_ANY_SENT = 1000
LEAP = 2**24
ID_WINDOW = 1024
SMALL_WINDOW = 327_680
CHARGE = 256
MESSAGES_IN_A_PACKET = 220


def acknowledge_unsent(connection):
    """Section 5.3."""
    connection.send({"kind": "Ack", "largest": BEYOND_ANY_SENT, "delayUs": 0, "bitmap": b""})


def send_reserved_frame(connection):
    """Section 5: type 0x09."""
    emit_bytes(connection, b"\x09")


def send_second_encoding(connection):
    """Section 5.1: PADDING that is not zero to the end."""
    emit_bytes(connection, b"\x01\x00\x00\x01")


def send_overlong_message(connection):
    """Section 5.5: a total above the receiver's maxMessageBytes."""
    piece = {"kind": "Fragment", "delivery": "reliable", "channel": 0, "messageId": 0, "offset": 0}
    connection.send({**piece, "totalBytes": connection.peer_parameters["maxMessageBytes"] + 1, "payload": bytes(64)})


def send_tiny_piece(connection):
    """Section 5.5: fewer than 64 bytes, and not the end."""
    piece = {"kind": "Fragment", "delivery": "reliable", "channel": 0, "messageId": 0, "offset": 0}
    connection.send({**piece, "totalBytes": 200, "payload": bytes(63)})


def send_id_beyond_window(connection):
    """Section 6.1."""
    message = {"kind": "Message", "delivery": "reliable", "channel": 0, "messageId": ID_WINDOW, "payload": b""}
    connection.send(message)


def send_frame_of_the_other_side(connection):
    """Sections 5.6 and 5.7."""
    if connection.role == "client":
        connection.send({"kind": "Accept", "sessionId": bytes(16), "resetToken": bytes(16)})
    else:
        connection.send({"kind": "Connect", "payload": b""})


def leap_too_far(connection):
    """Section 4.5: more than 2^24 numbers above the largest."""
    connection.next_number += LEAP
    connection.send({"kind": "Ping"})


def overrun_credit(connection):
    """Section 6.5: one message more than the channel's first limit allows, which the application does not read."""
    count = (connection.peer_parameters["receiveWindowBytes"] + SMALL_WINDOW) // CHARGE + 1
    while count > 0:
        now = min(count, MESSAGES_IN_A_PACKET)
        number = connection.send(*(connection.outbox.message("reliable", 12, b"") for _ in range(now)))
        connection.run(lambda: number in connection.sent.acknowledged or connection.closed is not None, "an ACK")
        count -= now


def emit_bytes(connection, plaintext):
    connection.emit(connection.seal_bytes(plaintext)[1])


VIOLATIONS = {
    "acknowledges a packet that was never sent": acknowledge_unsent,
    "sends a frame of the reserved type": send_reserved_frame,
    "sends a second encoding": send_second_encoding,
    "sends a message that is too long": send_overlong_message,
    "sends a piece that is too small": send_tiny_piece,
    "uses a message ID beyond the window": send_id_beyond_window,
    "sends what only the other side may": send_frame_of_the_other_side,
    "leaps too far in packet numbers": leap_too_far,
    "overruns its credit": overrun_credit,
}
NAMES = tuple(VIOLATIONS)


def commit(name, connection):
    """Code and text of the CLOSE that follows; of our own, without a code, where none comes."""
    try:
        VIOLATIONS[name](connection)
        return list(connection.wait_for_close())
    except Late as late:
        connection.close(0, "no violation was seen")
        return [None, str(late)]

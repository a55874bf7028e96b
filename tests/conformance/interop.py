#!/usr/bin/env python3
"""An endpoint written from docs/PROTOCOL.md alone, with the standard library, plays with a real Sortie over UDP.

    python3 tests/conformance/interop.py client HOST PORT SERVERKEYHEX SUITE
    python3 tests/conformance/interop.py server SUITE

As client it expects a server that sends every message back, as server such clients, one after the other, whose CONNECT
payload names what they want; interop.test.ts has both. It prints what it saw as one line of JSON. A server prints its
port and public key first, and ends with the client that closes. It shares no code with the implementation, and is to be
read, not to be used: see reference/.
"""

import json
import sys

sys.dont_write_bytecode = True

from reference import p256, wire  # noqa: E402
from reference.endpoint import PARAMETERS, udp_socket  # noqa: E402
from reference.handshake import ClientHandshake  # noqa: E402
from reference.parties import Listener, connect, shake_hands  # noqa: E402
from scenarios import exchange, violations  # noqa: E402

PROTOCOL = "interop/1"
SUITES = (1, 2)


def run_as_client(address, server_key, suite):
    def join(payload):
        return connect(address, PROTOCOL, server_key, [suite], payload)

    results = {"rejected": rejected_hellos(address, server_key)}
    connection, handshake = join(b"everything")
    results["retries"] = handshake.retries
    results["sessionId"] = connection.accepted["sessionId"].hex()
    results |= exchange.everything(connection)
    connection.close(0, "we leave")
    results["answerToClose"] = list(connection.wait_for_close())

    connection, _ = join(b"told to go")
    connection.send_message("reliable", 0, b"tell me to go")
    results["toldToGo"] = list(connection.wait_for_close())
    connection, _ = join(b"refused")
    results["refused"] = list(connection.wait_for_close())
    results["wasAccepted"] = connection.accepted is not None

    results["violations"] = {}
    for name in violations.NAMES:
        connection, _ = join(name.encode())
        results["violations"][name] = violations.commit(name, connection)
    return results


def rejected_hellos(address, server_key):
    """Reasons of the REJECTs of a hello of another version, and of another application (section 3.4)."""
    other_version = ClientHandshake(PROTOCOL, server_key, SUITES, PARAMETERS)
    other_protocol = ClientHandshake("another/1", server_key, SUITES, PARAMETERS)
    return [
        shake_hands(udp_socket(), address, other_version, lambda hello: hello[:4] + b"\x02" + hello[5:]),
        shake_hands(udp_socket(), address, other_protocol),
    ]


def run_as_server(suite):
    listener = Listener(PROTOCOL, [suite])
    listener.before_server_hello = forged_answers
    print(json.dumps({"port": listener.port, "key": listener.public_key.hex()}), flush=True)
    results = {"violations": {}}
    while "closeOfSortie" not in results:
        connection = listener.next_connection()
        name = connection.connect_payload.decode()
        session_id = listener.accept(connection)
        if name == "everything":
            results["sessionId"] = session_id
            results["answers"] = list(listener.answers)
            results |= exchange.everything(connection)
            results["closeOfSortie"] = list(connection.wait_for_close())
        elif name == "told to go":
            connection.wait_for_message(b"tell me to go")
            connection.close(4, "we do not want you")
            results["answerToClose"] = list(connection.wait_for_close())
        elif name == "worn keys":
            results["updateOfSortie"] = exchange.update_by_sortie(connection)
        else:
            results["violations"][name] = violations.commit(name, connection)
    return results


def forged_answers(server_hello):
    """What a client must not fall for (section 3): a key share that nobody signed, and REJECTs for somebody else."""
    fields = wire.decode_server_hello(server_hello)
    stranger = fields["clientConnectionId"] ^ 1
    reject = wire.encode_reject({"version": 1, "clientConnectionId": stranger, "clientRandom": bytes(32), "reason": 3})
    return [wire.encode_server_hello({**fields, "keyShare": p256.encode_point(p256.G)}), reject, reject]


def main(arguments):
    role, *rest = arguments
    if role == "client":
        host, port, key, suite = rest
        return run_as_client((host, int(port)), bytes.fromhex(key), int(suite))
    (suite,) = rest
    return run_as_server(int(suite))


if __name__ == "__main__":
    if [*sys.argv[1:2], len(sys.argv)] not in (["client", 6], ["server", 3]):
        sys.exit("usage: interop.py client HOST PORT SERVERKEYHEX SUITE | interop.py server SUITE")
    print(json.dumps(main(sys.argv[1:])), flush=True)

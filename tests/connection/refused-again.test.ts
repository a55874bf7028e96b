import { ConnectionPair } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { closeReason } from "../support/pair-reading.js";

const IDLE_MS = 5000;

/** A client that has sent more than its server keeps before it is let in, and what was refused of it, in order. */
function refused(): { pair: ConnectionPair; packets: Uint8Array[] } {
  const pair = new ConnectionPair({
    seed: 6,
    autoAccept: false,
    serverParameters: { idleTimeoutMs: IDLE_MS },
    settings: { handshakeTimeoutMs: 60_000 },
  });
  pair.run(10);
  expect(pair.server.state).toBe("authenticating");
  const packets: Uint8Array[] = [];
  const { server } = pair;
  const receive = server.receive.bind(server);
  server.receive = (datagram, from, nowMs) => {
    const copy = datagram.slice();
    const reason = receive(datagram, from, nowMs);
    if (reason === "receive-buffer-full") packets.push(copy);
    return reason;
  };
  for (let i = 0; packets.length < 5 && i < 200; i++) {
    pair.client.send(new Uint8Array(1000), undefined, pair.nowMs);
    pair.run(5);
  }
  expect(packets).toHaveLength(5);
  server.receive = receive;
  return { pair, packets };
}

describe("a packet that was refused for want of room", () => {
  it.each([0, 2, 4])("keeps a peer that has gone no longer when it is sent again and again (no. %i)", (which) => {
    const { pair, packets } = refused();
    pair.interceptor = () => undefined;
    const startMs = pair.nowMs;
    while (pair.server.state === "authenticating" && pair.nowMs - startMs < 5 * IDLE_MS) {
      pair.inject(packets[which] as Uint8Array, "server", pair.clientAddress);
      pair.run(100);
    }
    expect(pair.nowMs - startMs).toBeLessThanOrEqual(IDLE_MS + 100);
    expect(closeReason(pair.server)).toMatchObject({ code: "timeout" });
  });
});

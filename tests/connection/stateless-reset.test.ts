import { assertNoLeaks, ConnectionPair, PairAddress } from "@sortie/testkit";
import { encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { closeReason, eventsOf } from "../support/pair-reading.js";

const TOKEN = Uint8Array.from({ length: 16 }, (_, i) => 200 + i);

function withToken(latencyMs: number = 25): ConnectionPair {
  const pair = new ConnectionPair({ seed: 13, link: { latencyMs }, autoAccept: false });
  pair.run(10 * latencyMs);
  expect(pair.server.accept(new Uint8Array(16), TOKEN, pair.nowMs)).toBe(true);
  pair.run(10 * latencyMs);
  expect(pair.client.state).toBe("connected");
  eventsOf(pair.client);
  return pair;
}

function resetOf(token: Uint8Array, bytes: number = 41): Uint8Array {
  const datagram = new Uint8Array(bytes).fill(0x5a);
  datagram[0] = 0x40;
  datagram.set(token, bytes - 16);
  return datagram;
}

function reset(pair: ConnectionPair): void {
  pair.inject(resetOf(TOKEN), "client", pair.serverAddress);
  pair.run(0);
}

/** The server is gone from now on. */
function loseServer(pair: ConnectionPair): void {
  pair.interceptor = () => undefined;
}

/** ms from now until the client ends; undefined when it does not. */
function endsAfterMs(pair: ConnectionPair, withinMs: number): number | undefined {
  const startMs = pair.nowMs;
  return pair.runUntil(() => pair.client.state === "closed", withinMs) ? pair.nowMs - startMs : undefined;
}

describe("a stateless reset with the right token", () => {
  it("makes the client ask, and end without a word when the server says nothing", () => {
    const pair = withToken();
    loseServer(pair);
    const before = pair.client.statistics(pair.nowMs).packetsSent;
    reset(pair);
    expect(pair.client.statistics(pair.nowMs).packetsSent).toBe(before + 1);
    const startMs = pair.nowMs;
    // The owner's timer fires then and no later.
    for (let atMs = pair.client.nextTimeoutAt(); pair.client.state !== "closed"; atMs = pair.client.nextTimeoutAt()) {
      pair.run(atMs - pair.nowMs);
    }
    expect(pair.nowMs - startMs).toBeGreaterThanOrEqual(250);
    expect(pair.nowMs - startMs).toBeLessThan(500);
    expect(closeReason(pair.client)).toEqual({
      code: "server-restarted",
      by: "remote",
      text: "the server knows this connection no longer: it restarted, or gave the connection up",
    });
    const sent = pair.client.statistics(pair.nowMs).packetsSent;
    pair.run(1000);
    expect(pair.client.statistics(pair.nowMs).packetsSent).toBe(sent);
    assertNoLeaks({ connections: [pair.client] });
  });

  it.each([1, 10, 100, 300])("is forgotten when the server still answers, %i ms away", (latencyMs) => {
    const pair = withToken(latencyMs);
    for (let i = 0; i < 5; i++) {
      reset(pair);
      expect(endsAfterMs(pair, 6000)).toBeUndefined();
    }
    // Nothing of it is left that would count against the server later.
    loseServer(pair);
    expect(endsAfterMs(pair, 6000)).toBeUndefined();
    expect(endsAfterMs(pair, 5000)).toBeDefined();
    expect(closeReason(pair.client)).toMatchObject({ code: "timeout" });
  });

  it("is forgotten when the PING, or the answer to it, is lost", () => {
    for (const lostTo of ["client", "server"] as const) {
      const pair = withToken();
      let lost = 0;
      pair.interceptor = (datagram, to) => (to === lostTo && lost++ === 0 ? undefined : datagram);
      reset(pair);
      pair.run(2000);
      expect(lost).toBeGreaterThan(1);
      expect(pair.client.state).toBe("connected");
    }
  });

  it("again and again does not change when the client ends, be the token in its own packets or in others", () => {
    const once = withToken();
    loseServer(once);
    reset(once);
    const alone = endsAfterMs(once, 2000) as number;
    expect(alone).toBeDefined();
    const pair = withToken();
    loseServer(pair);
    const startMs = pair.nowMs;
    const sent = pair.client.statistics(startMs).packetsSent;
    const addressed = resetOf(TOKEN);
    new DataView(addressed.buffer).setUint32(1, pair.client.localConnectionId);
    while (pair.client.state === "connected") {
      pair.inject(addressed, "client", pair.serverAddress);
      reset(pair);
      pair.run(1);
    }
    expect(Math.abs(pair.nowMs - startMs - alone)).toBeLessThanOrEqual(2);
    // The PING and the probes that follow it.
    expect(pair.client.statistics(pair.nowMs).packetsSent - sent).toBeLessThan(10);
  });

  it("is not believed for what the server said before it came", () => {
    const pair = withToken();
    pair.server.send(encodeUtf8("before"), undefined, pair.nowMs);
    pair.run(30);
    loseServer(pair);
    reset(pair);
    expect(endsAfterMs(pair, 500)).toBeDefined();
  });

  it("gives a client that was held up time to read what has come meanwhile", () => {
    const pair = withToken();
    reset(pair);
    const { client } = pair;
    const lateMs = client.nextTimeoutAt() + 1000;
    client.excuseSilence(lateMs);
    client.handleTimeout(lateMs);
    expect(client.state).toBe("connected");
  });

  it("ends a client that waits for what it sent reliably, before its time for that is over", () => {
    const pair = withToken();
    loseServer(pair);
    pair.client.send(new Uint8Array(10), { delivery: "ordered" }, pair.nowMs);
    pair.client.close(0, "bye", pair.nowMs, pair.nowMs + 5000);
    reset(pair);
    expect(endsAfterMs(pair, 500)).toBeDefined();
    expect(closeReason(pair.client)).toMatchObject({ code: "server-restarted" });
  });

  it("from elsewhere means nothing: somebody may have got it from another server of this identity", () => {
    const pair = withToken();
    loseServer(pair);
    pair.inject(resetOf(TOKEN), "client", new PairAddress("anywhere"));
    expect(endsAfterMs(pair, 3000)).toBeUndefined();
  });

  it("means nothing behind flags that are illegal", () => {
    const pair = withToken();
    loseServer(pair);
    for (const flags of [0x00, 0x3f, 0x42, 0x50, 0x7f, 0x80, 0xc0]) {
      const datagram = resetOf(TOKEN);
      datagram[0] = flags;
      pair.inject(datagram, "client", pair.serverAddress);
      // As of another connection ID, of which the client alone knows.
      pair.client.receiveReset(datagram, pair.serverAddress, pair.nowMs);
    }
    expect(endsAfterMs(pair, 3000)).toBeUndefined();
    pair.client.receiveReset(resetOf(TOKEN), pair.serverAddress, pair.nowMs);
    expect(endsAfterMs(pair, 500)).toBeDefined();
  });

  it("means nothing to a server, nor before ACCEPT", () => {
    const pair = withToken();
    pair.inject(resetOf(TOKEN), "server", pair.clientAddress);
    loseServer(pair);
    pair.run(3000);
    expect(pair.server.state).toBe("connected");
    const early = new ConnectionPair({ seed: 13, autoAccept: false });
    early.run(10);
    loseServer(early);
    early.client.receiveReset(resetOf(new Uint8Array(16)), early.serverAddress, early.nowMs);
    early.client.receiveReset(resetOf(TOKEN), early.serverAddress, early.nowMs);
    early.run(3000);
    expect(early.client.state).toBe("connecting");
  });
});

describe("an idle client of a server that restarts", () => {
  it("asks by datagrams that a server can answer by a reset, which is smaller than they are", () => {
    const pair = withToken();
    const sizes: number[] = [];
    pair.interceptor = (datagram, to) => {
      if (to === "server") sizes.push(datagram.length);
      // As a server does (docs/PROTOCOL.md section 8.6).
      const bytes = Math.min(datagram.length - 1, 41);
      if (to === "server" && bytes >= 26) pair.inject(resetOf(TOKEN, bytes), "client", pair.serverAddress);
      return undefined;
    };
    // A keep-alive after 3 s of silence, and 250 ms at the least for the server to say something.
    expect(endsAfterMs(pair, 3500)).toBeDefined();
    expect(closeReason(pair.client)).toMatchObject({ code: "server-restarted" });
    // The keep-alive, the question, and the probes after it.
    expect(sizes.length).toBeGreaterThanOrEqual(3);
    expect(new Set(sizes)).toEqual(new Set([42]));
  });
});

describe("a stateless reset with any bit of the token wrong", () => {
  it("changes nothing", () => {
    const pair = withToken();
    for (let bit = 0; bit < 128; bit++) {
      const token = TOKEN.slice();
      token[bit >> 3] = (token[bit >> 3] as number) ^ (1 << (bit & 7));
      pair.inject(resetOf(token), "client", pair.serverAddress);
    }
    pair.inject(resetOf(TOKEN.subarray(0, 15), 41).subarray(0, 40), "client", pair.serverAddress);
    pair.run(1);
    expect(pair.client.statistics(pair.nowMs).packetsDropped).toBe(129);
    loseServer(pair);
    expect(endsAfterMs(pair, 3000)).toBeUndefined();
  });
});

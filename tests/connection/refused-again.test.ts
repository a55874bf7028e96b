import { ConnectionPair } from "@sortie/testkit";
import { FrameKind, type PacketFrames } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { closeReason, eventsOf } from "../support/pair-reading.js";
import { RefusedUpload } from "../support/refused-upload.js";

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

/** ms until the server ends, when one of the copies comes shortly before each time that its silence would be over. */
function endsAfterMs(pair: ConnectionPair, copies: readonly Uint8Array[]): number {
  const startMs = pair.nowMs;
  for (const copy of copies) {
    if (pair.runUntil(() => pair.server.state === "closed", 9000, 100)) break;
    pair.inject(copy, "server", pair.clientAddress);
  }
  pair.runUntil(() => pair.server.state === "closed", 11_000, 100);
  return pair.nowMs - startMs;
}

describe("a packet that was refused, and is not any more", () => {
  it("keeps a peer that has gone no longer, when a copy of another one comes before each timeout", () => {
    const upload = new RefusedUpload(false);
    const { pair, refused } = upload;
    pair.interceptor = () => undefined;
    upload.isFull = false;
    const before = pair.server.statistics(pair.nowMs).endpoint.fragmentsReceived;
    expect(endsAfterMs(pair, refused.slice(0, 6))).toBeLessThanOrEqual(10_100);
    // It was taken, as it is new to the server; only that the peer is there it does not say.
    expect(pair.server.statistics(pair.nowMs).endpoint.fragmentsReceived).toBe(before + 1);
    expect(closeReason(pair.server)).toMatchObject({ code: "timeout" });
  });

  it("does not hide from a client that its server was restarted", () => {
    const token = Uint8Array.from({ length: 16 }, (_, i) => 200 + i);
    const pair = new ConnectionPair({ seed: 13, link: { latencyMs: 25 }, autoAccept: false });
    pair.run(250);
    expect(pair.server.accept(new Uint8Array(16), token, pair.nowMs)).toBe(true);
    pair.run(250);
    eventsOf(pair.client);
    const { client } = pair;
    const endpoint = Reflect.get(client, "endpoint") as { canAccept: (frames: PacketFrames) => boolean };
    let isFull = true;
    endpoint.canAccept = (frames) => {
      for (let i = 0; i < frames.count; i++) if (frames.at(i).kind === FrameKind.Fragment) return !isFull;
      return true;
    };
    const refused: Uint8Array[] = [];
    const receive = client.receive.bind(client);
    client.receive = (datagram, from, nowMs) => {
      const reason = receive(datagram, from, nowMs);
      if (reason === "receive-buffer-full") refused.push(datagram.slice());
      return reason;
    };
    pair.server.send(new Uint8Array(60_000), { delivery: "reliable" }, pair.nowMs);
    pair.run(100);
    expect(refused.length).toBeGreaterThan(3);
    isFull = false;
    pair.interceptor = () => undefined;
    const reset = new Uint8Array(41).fill(0x5a);
    reset[0] = 0x40;
    reset.set(token, 25);
    pair.inject(reset, "client", pair.serverAddress);
    for (let i = 0; i < 3; i++) pair.inject(refused[i] as Uint8Array, "client", pair.serverAddress, 50 * (i + 1));
    expect(pair.runUntil(() => client.state === "closed", 1000)).toBe(true);
    expect(closeReason(client)).toMatchObject({ code: "server-restarted" });
  });

  it("says nothing against a peer that is there: it goes on for as long as it likes", () => {
    const upload = new RefusedUpload();
    const { pair } = upload;
    pair.run(3000);
    upload.isFull = false;
    pair.run(60_000);
    expect([pair.client.state, pair.server.state]).toEqual(["connected", "connected"]);
    expect(pair.server.pollMessage()?.payload).toHaveLength(60_000);
  });
});

describe("a packet that was lost, and of which somebody has a copy", () => {
  it("keeps a peer that has gone no longer once a later one has come", () => {
    const pair = new ConnectionPair({ seed: 8, link: { latencyMs: 20 } });
    pair.run(500);
    const copies: Uint8Array[] = [];
    for (let i = 0; i < 20; i++) {
      pair.interceptor = (datagram, to) => {
        if (to === "client" || i % 2 === 1) return datagram;
        copies.push(datagram.slice());
        return undefined;
      };
      pair.client.send(Uint8Array.of(i), { delivery: "unreliable" }, pair.nowMs);
      pair.run(0);
    }
    pair.interceptor = () => undefined;
    pair.run(20);
    expect(copies.length).toBeGreaterThanOrEqual(10);
    expect(endsAfterMs(pair, copies)).toBeLessThanOrEqual(10_100);
    expect(closeReason(pair.server)).toMatchObject({ code: "timeout" });
  });
});

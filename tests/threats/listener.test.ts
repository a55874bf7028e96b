import { ConnectionPair, PairAddress } from "@sortie/testkit";
import { encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { wordsOf } from "../support/pair-reading.js";
import { RefusedUpload } from "../support/refused-upload.js";

const THIEF = new PairAddress("thief");
const LATENCY_MS = 30;

function connected(): ConnectionPair {
  const pair = new ConnectionPair({
    seed: 36,
    link: { latencyMs: LATENCY_MS },
    crypto: createSeededNodeCrypto(36),
    settings: { mtuBytes: 1200 },
  });
  expect(pair.runUntil(() => pair.client.state === "connected", 2000)).toBe(true);
  pair.run(200);
  return pair;
}

interface Relay {
  /** ms after it was sent that a copy of each packet of the client is with the server, from the listener's address. */
  readonly copyMs: number;
  /** ms that what the server sends to the listener takes to the client. */
  readonly backMs: number;
  /** Whose address it then has. */
  readonly as: PairAddress;
}

/** Somebody who copies each packet of the client, and hands on to the client what the server sends him for it. */
function listen(pair: ConnectionPair, { copyMs, backMs, as }: Relay): { handedOn: number } {
  const { server } = pair;
  const seen = { handedOn: 0 };
  const poll = server.pollTransmit.bind(server);
  server.pollTransmit = (buffer, offset, nowMs) => {
    const bytes = poll(buffer, offset, nowMs);
    if (bytes > 0 && server.transmitTo.equals(THIEF)) {
      seen.handedOn += 1;
      pair.inject(buffer.subarray(offset, offset + bytes), "client", as, backMs);
    }
    return bytes;
  };
  pair.interceptor = (datagram, to) => {
    if (to === "server") pair.inject(datagram, "server", THIEF, copyMs);
    return datagram;
  };
  return seen;
}

/** Both talk for `ms`, every `everyMs`. Gives the messages that the client heard, of all. */
function talk(pair: ConnectionPair, ms: number, everyMs: number): { heard: number; sent: number } {
  let [heard, sent] = [0, 0];
  for (; sent * everyMs < ms; sent++) {
    pair.client.send(encodeUtf8("x"), { delivery: "reliable" }, pair.nowMs);
    pair.server.send(encodeUtf8("y"), { delivery: "unreliable" }, pair.nowMs);
    pair.run(everyMs);
    expect(pair.server.address.equals(pair.clientAddress)).toBe(true);
    heard += wordsOf(pair.client).length;
  }
  pair.run(200);
  return { heard: heard + wordsOf(pair.client).length, sent };
}

describe("T36 a listener whose copies are ahead of each packet", () => {
  it.each([1, 29])("T36k and who hands the challenges on from where he is, after %i ms: nobody answers", (copyMs) => {
    const pair = connected();
    const listener = listen(pair, { copyMs, backMs: 1, as: THIEF });
    const { heard, sent } = talk(pair, 5000, 16);
    expect(listener.handedOn).toBeGreaterThan(10);
    expect(pair.server.statistics(pair.nowMs).migrations).toBe(0);
    expect(heard).toBe(sent);
  });

  it.each([
    [29, 16],
    [29, 500],
    [10, 16],
    [10, 3],
  ])(
    "T36l and in the server's name: the original is second, and moves nobody (%i ms, every %i ms)",
    (copyMs, every) => {
      const pair = connected();
      const listener = listen(pair, { copyMs, backMs: 15, as: pair.serverAddress });
      const { heard, sent } = talk(pair, 5000, every);
      expect(listener.handedOn).toBeGreaterThan(5);
      expect(pair.server.statistics(pair.nowMs).migrations).toBe(0);
      expect(heard).toBe(sent);
    },
  );

  it.each([29, 10])("T36o nor is a peer that has moved taken for him: its original tells (%i ms)", (copyMs) => {
    const pair = connected();
    const listener = listen(pair, { copyMs, backMs: 150, as: pair.serverAddress });
    pair.seenAddress = new PairAddress("moved");
    for (let i = 0; i < 300; i++) {
      pair.client.send(encodeUtf8("x"), { delivery: "unreliable" }, pair.nowMs);
      pair.server.send(encodeUtf8("y"), { delivery: "unreliable" }, pair.nowMs);
      pair.run(16);
      expect(pair.server.address.equals(THIEF)).toBe(false);
    }
    expect(listener.handedOn).toBeGreaterThan(5);
    // Once he has gone, the peer is followed.
    pair.interceptor = undefined;
    pair.client.send(encodeUtf8("x"), { delivery: "unreliable" }, pair.nowMs);
    pair.run(500);
    expect(pair.server.address.equals(pair.seenAddress)).toBe(true);
  });

  it("T36m while the client's packets are refused for want of room: nobody moves either", () => {
    const upload = new RefusedUpload();
    const { pair } = upload;
    const listener = listen(pair, { copyMs: 10, backMs: 15, as: pair.serverAddress });
    for (let i = 0; i < 100; i++) {
      pair.client.send(new Uint8Array(3000), { delivery: "unreliable" }, pair.nowMs);
      pair.run(50);
    }
    expect(upload.challenges).toBeGreaterThan(5);
    expect(listener.handedOn).toBeGreaterThan(5);
    expect(pair.server.statistics(pair.nowMs).migrations).toBe(0);
    expect(pair.server.address.equals(pair.clientAddress)).toBe(true);
  });

  it("T36n in the peer's name, to another address of the server: answers leave from the one that it asks", () => {
    const pair = connected();
    const { server } = pair;
    // A transport tells by the object at which of its addresses a datagram came.
    const other = new PairAddress(pair.clientAddress.name);
    const sent = { all: 0, fromOther: 0 };
    const poll = server.pollTransmit.bind(server);
    server.pollTransmit = (buffer, offset, nowMs) => {
      const bytes = poll(buffer, offset, nowMs);
      if (bytes === 0) return 0;
      sent.all += 1;
      if (server.transmitTo === other) sent.fromOther += 1;
      return bytes;
    };
    pair.interceptor = (datagram, to) => {
      if (to === "server") {
        pair.inject(datagram, "server", other, LATENCY_MS - 5);
        // And once more behind it.
        pair.inject(datagram, "server", other, LATENCY_MS + 5);
      }
      return datagram;
    };
    for (let i = 0; i < 1000; i++) {
      pair.client.send(encodeUtf8("x"), { delivery: "unreliable" }, pair.nowMs);
      if (i % 2 === 0) server.send(encodeUtf8("y"), { delivery: "unreliable" }, pair.nowMs);
      pair.run(7);
    }
    expect(sent.all).toBeGreaterThan(500);
    expect(sent.fromOther).toBeGreaterThan(0);
    expect(sent.fromOther / sent.all).toBeLessThan(0.15);
  });
});

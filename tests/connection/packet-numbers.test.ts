import { MAX_PACKET_NUMBER_LEAP } from "@sortie/connection";
import { assertNoLeaks, ConnectionPair, type ConnectionPairOptions, TraceRecorder } from "@sortie/testkit";
import { encodeUtf8, MAX_PACKET_NUMBER } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { closeReason, wordsOf } from "../support/pair-reading.js";

const TWO_TO_32 = 2 ** 32;
const PING = Uint8Array.of(0x01);

function connected(options: Partial<ConnectionPairOptions> = {}): ConnectionPair {
  const pair = new ConnectionPair({ seed: 17, link: { latencyMs: 10 }, ...options });
  expect(pair.runUntil(() => pair.client.state === "connected", 2000)).toBe(true);
  pair.run(100);
  return pair;
}

/** Highest packet number that a side was seen to send. */
function highestSent(trace: TraceRecorder): number {
  return Math.max(...trace.of("packet-sent").map((event) => event.packetNumber));
}

function unreliable(word: string): Uint8Array {
  return Uint8Array.of(0x10, 0, ...encodeUtf8(word));
}

describe("a leap of the packet number", () => {
  it("of 2^24 is followed, at bounded work; of one more closes with a protocol error", () => {
    const clientTrace = new TraceRecorder();
    const pair = connected({ clientTrace: clientTrace.sink });
    const far = highestSent(clientTrace) + MAX_PACKET_NUMBER_LEAP;
    pair.injectForged("client", far, unreliable("far"));
    pair.run(1);
    expect(wordsOf(pair.server)).toEqual(["far"]);
    expect(pair.server.state).toBe("connected");
    pair.injectForged("client", far + MAX_PACKET_NUMBER_LEAP + 1, unreliable("too far"));
    pair.run(1);
    expect(wordsOf(pair.server)).toEqual([]);
    const text = "packet number leaps too far";
    expect(closeReason(pair.server)).toEqual({ code: "protocol-error", by: "local", text });
    pair.run(2000);
    expect(pair.server.state).toBe("closed");
  });

  it("with a wrong tag changes nothing: the next packets arrive", () => {
    const pair = connected();
    pair.interceptor = (datagram, to) => {
      if (to === "client") return datagram;
      const forged = datagram.slice();
      // Another number in the header, so that the tag no longer fits.
      new DataView(forged.buffer).setUint32(5, 0x7fff_0000);
      pair.inject(forged, "server", pair.clientAddress, 1);
      return datagram;
    };
    for (let i = 0; i < 20; i++) {
      pair.client.send(encodeUtf8(`${i}`), { delivery: "ordered" }, pair.nowMs);
      pair.run(16);
    }
    pair.run(100);
    expect(wordsOf(pair.server)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
    expect(pair.server.statistics(pair.nowMs).packetsDropped).toBeGreaterThanOrEqual(20);
    expect(pair.server.state).toBe("connected");
  });
});

describe("packet numbers across 2^32", () => {
  it.each([1, 2])("lose nothing and deliver nothing twice, with loss and reordering (seed %d)", (seed) => {
    const trace = new TraceRecorder();
    const link = { latencyMs: 20, jitterMs: 15, loss: 0.05, reorder: 0.1, duplicate: 0.1 };
    const pair = new ConnectionPair({ seed, link, initialPacketNumber: TWO_TO_32 - 60, clientTrace: trace.sink });
    expect(pair.runUntil(() => pair.client.state === "connected", 5000)).toBe(true);
    const words = Array.from({ length: 200 }, (_, i) => `${i}`);
    for (const word of words) {
      pair.client.send(encodeUtf8(word), { delivery: "ordered" }, pair.nowMs);
      pair.server.send(encodeUtf8(word), { delivery: "reliable" }, pair.nowMs);
      pair.run(10);
    }
    pair.run(5000);
    expect(highestSent(trace)).toBeGreaterThan(TWO_TO_32 + 100);
    expect(wordsOf(pair.server)).toEqual(words);
    expect(wordsOf(pair.client).sort()).toEqual(words.toSorted());
    expect(pair.client.state).toBe("connected");
  });

  it("know a replay from before the edge behind it, inside the window and below", () => {
    const trace = new TraceRecorder();
    const clientTrace = new TraceRecorder();
    const seen: Uint8Array[] = [];
    const sinks = { serverTrace: trace.sink, clientTrace: clientTrace.sink };
    const pair = new ConnectionPair({ seed: 4, initialPacketNumber: TWO_TO_32 - 10, ...sinks });
    pair.interceptor = (datagram, to) => {
      if (to === "server") seen.push(datagram.slice());
      return datagram;
    };
    for (let i = 0; i < 1500; i++) {
      pair.client.send(encodeUtf8("x"), undefined, pair.nowMs);
      pair.run(1);
    }
    expect(highestSent(clientTrace)).toBeGreaterThan(TWO_TO_32 + 1024);
    expect(wordsOf(pair.server)).toHaveLength(1500);
    for (const datagram of seen.slice()) pair.inject(datagram, "server", pair.clientAddress);
    pair.run(10);
    expect(wordsOf(pair.server)).toEqual([]);
    const reasons = trace.of("packet-dropped").map((event) => event.reason);
    expect(new Set(reasons)).toEqual(new Set(["duplicate", "too-old"]));
  });
});

describe("the end of the packet numbers", () => {
  it("closes the connection in good order, and nothing above the last number is sent", () => {
    const trace = new TraceRecorder();
    const pair = connected({ initialPacketNumber: MAX_PACKET_NUMBER - 200, clientTrace: trace.sink });
    for (let i = 0; i < 400 && pair.client.state === "connected"; i++) {
      pair.client.send(encodeUtf8("x"), undefined, pair.nowMs);
      pair.run(10);
    }
    const text = "packet numbers are used up";
    expect(closeReason(pair.client)).toEqual({ code: "key-limit", by: "local", text });
    pair.run(5000);
    expect(closeReason(pair.server)).toEqual({ code: "key-limit", by: "remote", text });
    expect(highestSent(trace)).toBeLessThanOrEqual(MAX_PACKET_NUMBER);
    assertNoLeaks({ connections: [pair.client, pair.server] });
  });

  it("is not passed by a header that would mean a number above it", () => {
    const serverTrace = new TraceRecorder();
    const clientTrace = new TraceRecorder();
    const sinks = { serverTrace: serverTrace.sink, clientTrace: clientTrace.sink };
    const pair = connected({ initialPacketNumber: MAX_PACKET_NUMBER - 200, ...sinks });
    const seen: Uint8Array[] = [];
    pair.interceptor = (datagram, to) => {
      if (to === "server") seen.push(datagram.slice());
      return datagram;
    };
    pair.client.send(encodeUtf8("x"), undefined, pair.nowMs);
    pair.run(1);
    const forged = seen[0] as Uint8Array;
    // Low 32 bits of 2^48 + 5.
    new DataView(forged.buffer).setUint32(5, 5);
    pair.inject(forged, "server", pair.clientAddress);
    pair.run(1);
    expect(serverTrace.of("packet-dropped").map((event) => event.reason)).toEqual(["authentication-failed"]);
    const { packetsReceived } = pair.server.statistics(pair.nowMs);
    pair.injectForged("client", MAX_PACKET_NUMBER, PING);
    pair.run(1);
    expect(pair.server.statistics(pair.nowMs).packetsReceived).toBe(packetsReceived + 1);
    expect(pair.server.state).toBe("connected");
  });
});

describe("message IDs across 2^16", () => {
  const MODES = ["bestEffort", "reliable", "ordered"] as const;

  it.each(MODES)("of %s messages: none lost, none twice, no stall, in parts and whole", (delivery) => {
    const link = { latencyMs: 10, jitterMs: 10, loss: 0.1, duplicate: 0.1 };
    const pair = new ConnectionPair({ seed: 9, link, initialMessageId: 0xffff - 40 });
    expect(pair.runUntil(() => pair.client.state === "connected", 5000)).toBe(true);
    const options = delivery === "bestEffort" ? { delivery, expiresInMs: 60_000 } : { delivery };
    const sent: string[] = [];
    for (let i = 0; i < 120; i++) {
      const word = `${i}:`.padEnd(i % 10 === 0 ? 4000 : 20, ".");
      sent.push(word);
      expect(pair.client.send(encodeUtf8(word), options, pair.nowMs).accepted).toBe(true);
      pair.run(10);
    }
    pair.run(5000);
    const heard = wordsOf(pair.server);
    expect(delivery === "ordered" ? heard : heard.sort()).toEqual(delivery === "ordered" ? sent : sent.sort());
    expect(pair.client.undelivered).toBe(0);
  });

  it("of sequenced messages in parts: the newest still win", () => {
    const pair = connected({ initialMessageId: 0xffff - 10 });
    for (let i = 0; i < 40; i++) {
      pair.client.send(encodeUtf8(`${i}:`.padEnd(3000, ".")), { delivery: "sequenced" }, pair.nowMs);
      pair.run(20);
    }
    pair.run(200);
    const numbers = wordsOf(pair.server).map((word) => Number(word.split(":")[0]));
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });
});

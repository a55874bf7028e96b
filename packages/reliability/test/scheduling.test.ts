import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import type { Delivery } from "../src/delivery.js";
import type { EndpointOptions } from "../src/endpoint-options.js";
import { indexOf, Pair, payload } from "./support/pair.js";

/** A link whose sender may send so many bytes a second, in single packets. */
function narrowPair(rateBytesPerSecond: number, options: Partial<EndpointOptions> = {}): Pair {
  const congestion = new FixedBudget({ rateBytesPerSecond, burstBytes: 1452 });
  return new Pair({ latencyMs: 20 }, { a: { congestion, ...options } });
}

/** bytes of message payload that came, by channel. */
function bytesByChannel(pair: Pair): Map<number, number> {
  const bytes = new Map<number, number>();
  for (const { channel, payload: data } of pair.b.received) {
    bytes.set(channel, (bytes.get(channel) ?? 0) + data.length);
  }
  return bytes;
}

describe("turns of channels", () => {
  it.each<[string, Delivery, number]>([
    ["bulk", "ordered", 30_000],
    ["bulk", "reliable", 30_000],
    ["small", "ordered", 300],
    ["small", "bestEffort", 300],
  ])("%s %s data of one channel does not keep another waiting", (_kind, delivery, bytes) => {
    const pair = narrowPair(200_000);
    // All of channel 1 is queued before channel 2 has anything.
    const count = Math.floor(600_000 / bytes);
    const send = (channel: number): void => {
      for (let i = 0; i < count; i++) {
        pair.a.endpoint.send(
          payload(i, bytes),
          { delivery, channel, ...(delivery === "bestEffort" ? { expiresInMs: 60_000 } : {}) },
          pair.nowMs,
        );
      }
    };
    send(1);
    send(2);
    pair.runFor(2500);
    const got = bytesByChannel(pair);
    expect(got.get(1)).toBeGreaterThan(150_000);
    expect(Math.abs((got.get(1) ?? 0) - (got.get(2) ?? 0))).toBeLessThanOrEqual(bytes + 3000);
  });

  it("share by weight", () => {
    const pair = narrowPair(200_000, { channelWeights: { 1: 3, 2: 1, 9: 2 } });
    for (const channel of [1, 2, 9]) {
      for (let i = 0; i < 40; i++)
        pair.a.endpoint.send(payload(i, 20_000), { delivery: "ordered", channel }, pair.nowMs);
    }
    pair.runFor(3500);
    const got = bytesByChannel(pair);
    const unit = [...got.values()].reduce((sum, bytes) => sum + bytes, 0) / 6;
    for (const [channel, weight] of [
      [1, 3],
      [2, 1],
      [9, 2],
    ] as const) {
      expect(Math.abs((got.get(channel) ?? 0) - weight * unit)).toBeLessThan(25_000);
    }
  });

  it("are fair within a frame and a quantum, whatever the sizes, modes and weights", () => {
    const stream = fc.record({
      bytes: fc.oneof(fc.integer({ min: 100, max: 1100 }), fc.integer({ min: 1300, max: 9000 })),
      weight: fc.integer({ min: 1, max: 4 }),
      delivery: fc.constantFrom<Delivery>("reliable", "ordered"),
    });
    fc.assert(
      fc.property(fc.array(stream, { minLength: 2, maxLength: 5 }), fc.boolean(), (streams, large) => {
        const same = streams.filter(({ bytes }) => bytes > 1175 === large);
        const channelWeights = Object.fromEntries(same.map(({ weight }, channel) => [channel, weight]));
        const pair = narrowPair(150_000, { channelWeights });
        same.forEach(({ bytes, delivery }, channel) => {
          for (let i = 0; i * bytes < 400_000 && i < 900; i++) {
            pair.a.endpoint.send(payload(i, bytes), { delivery, channel }, pair.nowMs);
          }
        });
        pair.runFor(600);
        const got = bytesByChannel(pair);
        const shares = same.map(({ weight }, channel) => (got.get(channel) ?? 0) / weight);
        // A turn is 1500 bytes a unit of weight, may overdraw by a frame, and a message counts when it is whole.
        const slack = 1500 * 2 + 1200 + Math.max(0, ...same.map(({ bytes, weight }) => bytes / weight)) * 1.1;
        if (same.length > 1) expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(slack);
      }),
      { seed: 31, numRuns: 25 },
    );
  });

  it("pass over a channel that waits for its window, and come back to it", () => {
    const window = { peerMaxMessageBytes: 40_000, peerReceiveWindowBytes: 40_000 };
    const pair = narrowPair(400_000, window);
    for (let i = 0; i < 5; i++) {
      for (const channel of [1, 2])
        pair.a.endpoint.send(payload(i, 30_000), { delivery: "ordered", channel }, pair.nowMs);
    }
    pair.runWhile(() => pair.isBusy, 5000);
    expect(bytesByChannel(pair)).toEqual(
      new Map([
        [1, 150_000],
        [2, 150_000],
      ]),
    );
  });
});

describe("a game that sends more than may go", () => {
  /** 60 ticks a second of 12 messages of 200 bytes: 144 kB/s where 60 kB/s may go. */
  function overload(pair: Pair, ms: number, send: (index: number) => void): void {
    let index = 0;
    for (let at = 0; at < ms; at += 1000 / 60) {
      for (let i = 0; i < 12; i++) send(index++);
      pair.runFor(1000 / 60);
    }
  }

  it.each(["unreliable", "sequenced"] as const)(
    "sees fresh %s data: never older than 100 ms and a packet",
    (delivery) => {
      const pair = narrowPair(60_000);
      const sentAt: number[] = [];
      overload(pair, 5000, (index) => {
        sentAt[index] = pair.nowMs;
        pair.a.endpoint.send(payload(index, 200), { delivery, channel: index % 12 }, pair.nowMs);
      });
      pair.runFor(300);
      const ages = pair.b.received.map(
        (m, i) => (pair.b.receivedAtMs[i] as number) - (sentAt[indexOf(m.payload)] as number),
      );
      // 20 ms on the way, 24 ms for a packet of 1200 bytes.
      expect(Math.max(...ages)).toBeLessThanOrEqual(100 + 20 + 24);
      // The budget is used, not wasted.
      expect(pair.b.received.length * 200).toBeGreaterThan(0.85 * 5 * 60_000);
      const { messagesShed, messagesDropped, messagesSuperseded, queuedMessages } = pair.a.endpoint.statistics;
      expect(messagesDropped).toBe(messagesShed + messagesSuperseded);
      expect(messagesDropped + pair.b.received.length + queuedMessages).toBe(sentAt.length);
      if (delivery === "unreliable") expect(messagesShed).toBeGreaterThan(1500);
      // Every channel gets its part.
      const byChannel = bytesByChannel(pair);
      expect(byChannel.size).toBe(12);
      expect(Math.min(...byChannel.values())).toBeGreaterThan(0.6 * Math.max(...byChannel.values()));
    },
  );

  it("tells the outcome: dropped after 100 ms, expired after expiresInMs, and drops nothing that resends", async () => {
    const pair = narrowPair(2000);
    const { endpoint } = pair.a;
    endpoint.send(payload(0, 1100), undefined, pair.nowMs);
    pair.runFor(1);
    const receipts = {
      plain: endpoint.send(payload(1, 500), undefined, pair.nowMs),
      sequenced: endpoint.send(payload(2, 500), { delivery: "sequenced" }, pair.nowMs),
      short: endpoint.send(payload(3, 500), { expiresInMs: 30 }, pair.nowMs),
      long: endpoint.send(payload(4, 500), { expiresInMs: 2000 }, pair.nowMs),
      reliable: endpoint.send(payload(5, 500), { delivery: "reliable" }, pair.nowMs),
      ordered: endpoint.send(payload(6, 500), { delivery: "ordered" }, pair.nowMs),
      bestEffort: endpoint.send(payload(7, 500), { delivery: "bestEffort", expiresInMs: 5000 }, pair.nowMs),
    };
    pair.runFor(4000);
    const outcome = async (name: keyof typeof receipts) =>
      Promise.race([receipts[name].outcome, Promise.resolve("open")]);
    expect(await Promise.all((Object.keys(receipts) as (keyof typeof receipts)[]).map(outcome))).toEqual([
      "dropped",
      "dropped",
      "expired",
      "acked",
      "acked",
      "acked",
      "acked",
    ]);
    expect(endpoint.statistics).toMatchObject({ messagesShed: 2, messagesExpired: 1, queuedMessages: 0 });
  });

  it("keeps the queue of a dead path short: what is sent later drops what waits", () => {
    const pair = narrowPair(1000);
    overload(pair, 1000, (index) => pair.a.endpoint.send(payload(index, 200), undefined, pair.nowMs));
    // 100 ms of 720 messages a second, and a tick's worth.
    expect(pair.a.endpoint.statistics.queuedMessages).toBeLessThanOrEqual(72 + 12 + 12);
  });

  it("serves higher priorities first, and the lowest drops", () => {
    const pair = narrowPair(60_000);
    overload(pair, 3000, (index) => {
      pair.a.endpoint.send(payload(index, 200), { priority: index % 3, channel: index % 3 }, pair.nowMs);
    });
    const got = bytesByChannel(pair);
    expect(got.get(2)).toBeGreaterThan(0.97 * 3 * 48_000 - 6000);
    expect(got.get(0) ?? 0).toBeLessThan(2000);
    // The middle one has what is left.
    expect(got.get(1)).toBeLessThan(30_000);
  });

  it("may wait longer where the owner says so", () => {
    const pair = narrowPair(20_000, { maxUnreliableWaitMs: 1000 });
    for (let i = 0; i < 50; i++) pair.a.endpoint.send(payload(i, 200), undefined, pair.nowMs);
    pair.runFor(2000);
    expect(pair.b.received).toHaveLength(50);
    expect(() => narrowPair(20_000, { maxUnreliableWaitMs: 0 })).toThrow('"maxUnreliableWaitMs" expected 1..');
  });
});

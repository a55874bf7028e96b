import { describe, expect, it } from "vitest";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import type { Delivery } from "../src/delivery.js";
import type { SendReceipt } from "../src/send-receipt.js";
import { createEndpoint, indexOf, Pair, payload } from "./support/pair.js";

const TICK_MS = 16;

function narrowPair(rateBytesPerSecond: number): Pair {
  return new Pair({ latencyMs: 20 }, { a: { congestion: new FixedBudget({ rateBytesPerSecond, burstBytes: 1452 }) } });
}

/** bytes that came, by mode. */
function bytesOf(pair: Pair, delivery: Delivery): number {
  return pair.b.received.reduce((sum, m) => sum + (m.delivery === delivery ? m.payload.length : 0), 0);
}

describe("modes on one channel", () => {
  it.each<[Delivery, number]>([
    ["sequenced", 100],
    ["sequenced", 200],
    ["unreliable", 200],
  ])("%s data of each tick go beside reliable messages that take %i ms with the way", (delivery, backlogMs) => {
    const pair = narrowPair(100_000);
    const { endpoint } = pair.a;
    const sentAt: number[] = [];
    for (let i = 0; i < 300; i++) {
      while (endpoint.queuedBytes < backlogMs * 100) {
        endpoint.send(payload(0, 200), { delivery: "reliable" }, pair.nowMs);
      }
      sentAt[i] = pair.nowMs;
      endpoint.send(payload(i, 60), { delivery }, pair.nowMs);
      pair.runFor(TICK_MS);
    }
    const ages: number[] = [];
    pair.b.received.forEach((m, i) => {
      if (m.delivery !== delivery) return;
      ages.push((pair.b.receivedAtMs[i] as number) - (sentAt[indexOf(m.payload)] as number));
    });
    expect(ages.length).toBeGreaterThan(270);
    // 20 ms on the way, a turn of the others and two packets.
    expect(Math.max(...ages)).toBeLessThan(20 + 15 + 24);
  });

  it("sequenced data go beside an unreliable backlog", () => {
    const pair = narrowPair(50_000);
    for (let i = 0; i < 300; i++) {
      for (let j = 0; j < 8; j++) pair.a.endpoint.send(payload(j, 200), undefined, pair.nowMs);
      pair.a.endpoint.send(payload(i, 60), { delivery: "sequenced" }, pair.nowMs);
      pair.runFor(TICK_MS);
    }
    expect(bytesOf(pair, "sequenced")).toBeGreaterThan(150 * 60);
  });

  it("share the bytes evenly, whatever the sizes of their messages", () => {
    const pair = narrowPair(100_000);
    const sizes: [Delivery, number][] = [
      ["unreliable", 150],
      ["bestEffort", 1100],
      ["reliable", 400],
      ["ordered", 700],
    ];
    for (let at = 0; at < 3000; at += TICK_MS) {
      for (const [delivery, bytes] of sizes) {
        const options = delivery === "bestEffort" ? { delivery, expiresInMs: 60_000 } : { delivery };
        for (let sent = 0; sent < 1200; sent += bytes) pair.a.endpoint.send(payload(0, bytes), options, pair.nowMs);
      }
      pair.runFor(TICK_MS);
    }
    const shares = sizes.map(([delivery]) => bytesOf(pair, delivery));
    // Headers count as well: they make more of small messages.
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThan(7000);
    expect(Math.min(...shares)).toBeGreaterThan(60_000);
  });

  it("keep the order of sending within each, and priorities go first", () => {
    const pair = narrowPair(100_000);
    const modes = ["unreliable", "reliable", "ordered"] as const;
    for (let i = 0; i < 20; i++) {
      for (const delivery of modes) {
        pair.a.endpoint.send(payload(i, 100), { delivery, priority: 3 }, pair.nowMs);
        if (i < 10) pair.a.endpoint.send(payload(100 + i, 100), { delivery, channel: 7, priority: 5 }, pair.nowMs);
      }
    }
    pair.runFor(1000);
    for (const delivery of modes) {
      const came = pair.b.received.filter((m) => m.delivery === delivery).map((m) => indexOf(m.payload));
      expect(came).toEqual([
        ...Array.from({ length: 10 }, (_, i) => 100 + i),
        ...Array.from({ length: 20 }, (_, i) => i),
      ]);
    }
    expect(pair.b.received.slice(0, 30).every((m) => m.channel === 7)).toBe(true);
  });
});

describe("reliable messages of several priorities on one channel", () => {
  it("an urgent one waits behind none that has not started", () => {
    const pair = narrowPair(100_000);
    for (let i = 0; i < 3000; i++) {
      pair.a.endpoint.send(payload(i, 200), { delivery: "reliable", priority: 0 }, pair.nowMs);
    }
    const sentAtMs = pair.nowMs;
    pair.a.endpoint.send(payload(9999, 5), { delivery: "reliable", priority: 7 }, pair.nowMs);
    pair.runFor(100);
    const at = pair.b.received.findIndex((m) => indexOf(m.payload) === 9999);
    expect((pair.b.receivedAtMs[at] as number) - sentAtMs).toBeLessThan(50);
    pair.runWhile(() => pair.isBusy, 30_000);
    expect(pair.b.received).toHaveLength(3001);
  });

  it("with all IDs under way they wait, others go, and as IDs come free the urgent are first", () => {
    const pair = new Pair({}, { a: { congestion: new FixedBudget({ burstBytes: 1e8 }) } });
    let isCut = true;
    pair.fromA.drop = (packetNumber) => isCut && packetNumber === 0;
    const send = (index: number, priority: number, delivery: Delivery = "reliable"): SendReceipt =>
      pair.a.endpoint.send(payload(index, 4), { delivery, priority }, pair.nowMs);
    for (let i = 0; i < 2000; i++) send(i, 0);
    pair.flush();
    for (let i = 0; i < 10; i++) send(5000 + i, 7);
    send(6000, 4, "ordered");
    send(6001, 4, "bestEffort");
    pair.runFor(26);
    const early = pair.b.received.map((m) => indexOf(m.payload));
    expect(early.filter((index) => index < 5000 || index >= 6000).length).toBe(early.length);
    expect(Math.max(...early.filter((index) => index < 5000))).toBe(1023);
    expect(early.slice(-2).sort()).toEqual([6000, 6001]);
    isCut = false;
    pair.runWhile(() => pair.isBusy, 5000);
    const later = pair.b.received.slice(early.length).map((m) => indexOf(m.payload));
    const reliable = later.filter((index) => index >= 1024);
    expect(reliable.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => 5000 + i));
    expect(pair.b.received).toHaveLength(2012);
    expect(pair.b.violation).toBeUndefined();
  });

  it("one alone waits for an ID, too, and goes when there is one", () => {
    const pair = new Pair({}, { a: { congestion: new FixedBudget({ burstBytes: 1e8 }) } });
    pair.fromA.drop = (packetNumber) => packetNumber === 0;
    for (let i = 0; i < 1024; i++) pair.a.endpoint.send(payload(i, 4), { delivery: "reliable" }, pair.nowMs);
    pair.flush();
    pair.a.endpoint.send(payload(2000, 4), { delivery: "reliable" }, pair.nowMs);
    expect(pair.a.endpoint.wantsToSend(pair.nowMs)).toBe(false);
    pair.runWhile(() => pair.isBusy, 5000);
    expect(pair.b.violation).toBeUndefined();
    expect(pair.b.received.map((m) => indexOf(m.payload)).pop()).toBe(2000);
    expect(pair.b.received).toHaveLength(1025);
  });

  it("all are settled at the close, with IDs or without, and a refused one hears of room", async () => {
    const pair = new Pair(
      {},
      { a: { congestion: new FixedBudget({ burstBytes: 1e8 }), limits: { maxQueuedMessages: 1500 } } },
    );
    let isDead = true;
    pair.fromA.drop = () => isDead;
    const send = (): SendReceipt => pair.a.endpoint.send(new Uint8Array(4), { delivery: "reliable" }, pair.nowMs);
    for (let i = 0; i < 1500; i++) expect(send().accepted).toBe(true);
    pair.flush();
    expect(send().refusal).toBe("queue-full");
    isDead = false;
    let drains = 0;
    pair.runWhile(() => {
      if (pair.a.endpoint.takeDrain()) drains += 1;
      return pair.isBusy;
    }, 10_000);
    expect([drains, pair.b.received.length]).toEqual([1, 1500]);
    isDead = true;
    const receipts = Array.from({ length: 1500 }, send);
    pair.flush();
    pair.a.endpoint.close();
    expect(new Set(await Promise.all(receipts.map((receipt) => receipt.outcome)))).toEqual(new Set(["closed"]));
    expect(pair.a.endpoint.statistics).toMatchObject({ queuedMessages: 0, queuedBytes: 0 });
  });
});

describe("a full queue", () => {
  const limits = { maxQueuedBytes: 400_000, maxQueuedMessages: 4096 };

  it("refuses a message without dropping others when not enough of its priority or lower could go", () => {
    const endpoint = createEndpoint({ limits });
    for (let i = 0; i < 100; i++) endpoint.send(new Uint8Array(500), { priority: 1 }, 0);
    for (let i = 0; i < 10; i++) endpoint.send(new Uint8Array(39_000), { priority: 3 }, 0);
    const { queuedBytes, queuedMessages } = endpoint.statistics;
    expect(endpoint.send(new Uint8Array(90_000), { priority: 2 }, 0).refusal).toBe("queue-full");
    expect(endpoint.statistics).toMatchObject({ queuedBytes, queuedMessages, messagesDropped: 0, messagesRefused: 1 });
  });

  it("drops no more than it must, the lowest and oldest first, when enough could go", () => {
    const endpoint = createEndpoint({ limits });
    for (let i = 0; i < 100; i++) endpoint.send(new Uint8Array(500), { priority: i < 50 ? 2 : 1 }, 0);
    for (let i = 0; i < 10; i++) endpoint.send(new Uint8Array(39_000), { priority: 3 }, 0);
    expect(endpoint.queuedBytes).toBe(440_000);
    // 450 kB are the cap: 19 kB of 500 bytes each must go for the first, and 20 for the second.
    expect(endpoint.send(new Uint8Array(29_000), { priority: 2 }, 0).accepted).toBe(true);
    expect(endpoint.statistics.messagesDropped).toBe(38);
    expect(endpoint.send(new Uint8Array(20_000), { priority: 1 }, 0).refusal).toBe("queue-full");
    expect(endpoint.send(new Uint8Array(20_000), { priority: 2 }, 0).accepted).toBe(true);
    expect(endpoint.statistics).toMatchObject({ messagesDropped: 78, messagesRefused: 1 });
  });

  it("counts messages as well as bytes", () => {
    const endpoint = createEndpoint({ limits: { maxQueuedBytes: 400_000, maxQueuedMessages: 80 } });
    for (let i = 0; i < 90; i++) endpoint.send(new Uint8Array(5), { priority: i < 1 ? 1 : 3 }, 0);
    expect(endpoint.send(new Uint8Array(5), { priority: 0 }, 0).refusal).toBe("queue-full");
    expect(endpoint.statistics.messagesDropped).toBe(0);
    expect(endpoint.send(new Uint8Array(5), { priority: 1 }, 0).accepted).toBe(true);
    expect(endpoint.statistics.messagesDropped).toBe(1);
  });
});

import { describe, expect, it } from "vitest";
import type { Delivery } from "../src/delivery.js";
import type { SendReceipt } from "../src/send-receipt.js";
import { indexOf, type LinkConditions, Pair, payload } from "./support/pair.js";

const LINKS: Record<string, Partial<LinkConditions>> = {
  perfect: {},
  "loss 1 %": { loss: 0.01 },
  "loss 5 %, duplicates": { loss: 0.05, duplicate: 0.1, jitterMs: 10 },
  "loss 20 %, jitter": { loss: 0.2, jitterMs: 30 },
  "loss 30 %": { loss: 0.3, jitterMs: 5, latencyMs: 50 },
  "reorder 30 %, duplicates": { reorder: 0.3, duplicate: 0.2, jitterMs: 10 },
  everything: { loss: 0.15, reorder: 0.3, duplicate: 0.2, jitterMs: 20 },
  "no latency": { latencyMs: 0, loss: 0.1, reorder: 0.2 },
};

/** Sends `count` messages at 60 per second, mostly small, every tenth fragmented, on three channels. */
function play(pair: Pair, delivery: Delivery, count: number): { sizes: number[]; receipts: SendReceipt[] } {
  const sizes: number[] = [];
  const receipts: SendReceipt[] = [];
  for (let i = 0; i < count; i++) {
    const size = i % 10 === 9 ? 1000 + ((i * 337) % 6000) : 4 + ((i * 53) % 200);
    sizes.push(size);
    receipts.push(pair.a.endpoint.send(payload(i, size), { delivery, channel: i % 3 }, pair.nowMs));
    pair.runFor(1000 / 60);
  }
  pair.runWhile(() => pair.isBusy, 60_000);
  return { sizes, receipts };
}

function expectIntact(pair: Pair, sizes: number[]): void {
  for (const message of pair.b.received) {
    const index = indexOf(message.payload);
    // Buffer.compare: toEqual takes milliseconds for each.
    const same = Buffer.compare(message.payload, payload(index, sizes[index] as number)) === 0;
    if (!same || message.channel !== index % 3) throw new Error(`message ${index} was changed`);
  }
}

function expectNothingHeld(pair: Pair): void {
  for (const side of [pair.a, pair.b]) {
    const { statistics } = side.endpoint;
    expect(side.violation).toBeUndefined();
    expect(statistics.queuedMessages).toBe(0);
    expect(statistics.queuedBytes).toBe(0);
    expect(statistics.packetsInFlight).toBe(0);
    expect(statistics.bytesInFlight).toBe(0);
    expect(statistics.inboxMessages).toBe(0);
  }
}

describe.each(Object.entries(LINKS))("over a link with %s", (_name, link) => {
  it("reliable: each exactly once", async () => {
    const pair = new Pair(link, { seed: 11 });
    const { sizes, receipts } = play(pair, "reliable", 300);
    const indices = pair.b.received.map((message) => indexOf(message.payload)).sort((x, y) => x - y);
    expect(indices).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expectIntact(pair, sizes);
    for (const receipt of receipts) expect(await receipt.outcome).toBe("acked");
    expectNothingHeld(pair);
    expect(pair.b.endpoint.statistics.heldBytes).toBe(0);
  });

  it("ordered: each exactly once, in order on its channel", () => {
    const pair = new Pair(link, { seed: 12 });
    const { sizes } = play(pair, "ordered", 300);
    expect(pair.b.received).toHaveLength(300);
    for (let channel = 0; channel < 3; channel++) {
      const indices = pair.b.received.filter((m) => m.channel === channel).map((m) => indexOf(m.payload));
      expect(indices).toEqual(Array.from({ length: 100 }, (_, i) => i * 3 + channel));
    }
    expectIntact(pair, sizes);
    expectNothingHeld(pair);
    expect(pair.b.endpoint.statistics.heldBytes).toBe(0);
  });

  it("bestEffort with a long deadline: none twice, and none lost", () => {
    const pair = new Pair(link, { seed: 13 });
    const sizes: number[] = [];
    for (let i = 0; i < 200; i++) {
      sizes.push(4 + ((i * 53) % 3000));
      const options = { delivery: "bestEffort", channel: i % 3, expiresInMs: 20_000 } as const;
      pair.a.endpoint.send(payload(i, sizes[i] as number), options, pair.nowMs);
      pair.runFor(1000 / 60);
    }
    pair.runWhile(() => pair.isBusy, 60_000);
    const indices = pair.b.received.map((m) => indexOf(m.payload)).sort((x, y) => x - y);
    expect(indices).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expectIntact(pair, sizes);
    expectNothingHeld(pair);
  });

  it("unreliable: none twice, small ones delivered but for the loss", () => {
    const pair = new Pair(link, { seed: 14 });
    const { sizes } = play(pair, "unreliable", 600);
    const indices = pair.b.received.map((m) => indexOf(m.payload));
    expect(new Set(indices).size).toBe(indices.length);
    const small = indices.filter((i) => i % 10 !== 9).length;
    expect(small / 540).toBeGreaterThan(1 - (link.loss ?? 0) - 0.06);
    expectIntact(pair, sizes);
    pair.runFor(6000);
    expectNothingHeld(pair);
    expect(pair.b.endpoint.statistics.reassembliesActive).toBe(0);
  });

  it("sequenced: only ever newer on its channel", () => {
    const pair = new Pair(link, { seed: 15 });
    const { sizes } = play(pair, "sequenced", 600);
    for (let channel = 0; channel < 3; channel++) {
      const indices = pair.b.received.filter((m) => m.channel === channel).map((m) => indexOf(m.payload));
      expect(indices.length).toBeGreaterThan(60);
      expect(indices).toEqual([...new Set(indices)].sort((x, y) => x - y));
    }
    expectIntact(pair, sizes);
    pair.runFor(6000);
    expectNothingHeld(pair);
  });
});

describe("mixed traffic", () => {
  it.each([1, 2, 3])("both ways, all modes at once, seed %i", (seed) => {
    const pair = new Pair({ loss: 0.08, reorder: 0.1, duplicate: 0.05, jitterMs: 15 }, { seed });
    const modes: Delivery[] = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"];
    for (let i = 0; i < 1000; i++) {
      const delivery = modes[i % 5] as Delivery;
      const size = i % 50 === 4 ? 5000 : 40;
      pair.a.endpoint.send(payload(i, size), { delivery }, pair.nowMs);
      pair.b.endpoint.send(payload(i, size), { delivery }, pair.nowMs);
      if (i % 5 === 4) pair.runFor(1000 / 60);
    }
    pair.runWhile(() => pair.isBusy, 60_000);
    for (const side of [pair.a, pair.b]) {
      const of = (delivery: Delivery): number[] =>
        side.received.filter((m) => m.delivery === delivery).map((m) => indexOf(m.payload));
      expect(of("ordered")).toEqual(Array.from({ length: 200 }, (_, i) => i * 5 + 4));
      expect(of("reliable").sort((x, y) => x - y)).toEqual(Array.from({ length: 200 }, (_, i) => i * 5 + 3));
      for (const delivery of modes) expect(new Set(of(delivery)).size).toBe(of(delivery).length);
      expect(of("unreliable").length).toBeGreaterThan(160);
    }
    pair.runFor(6000);
    expectNothingHeld(pair);
  });

  it("a message of 5 MiB at 5 % loss", () => {
    const pair = new Pair({ loss: 0.05, latencyMs: 20 }, { seed: 5 });
    const big = payload(77, 5 * 1024 * 1024);
    const receipt = pair.a.endpoint.send(big, { delivery: "ordered" }, pair.nowMs);
    expect(receipt.accepted).toBe(true);
    const startMs = pair.nowMs;
    pair.runWhile(() => pair.b.received.length === 0, 30_000);
    // 5 MiB at the default 8 MiB/s take 0.6 s on a perfect link.
    expect(pair.nowMs - startMs).toBeLessThan(1500);
    expect(Buffer.compare(pair.b.received[0]?.payload as Uint8Array, big)).toBe(0);
    pair.runWhile(() => pair.isBusy, 5000);
    const { retransmittedBytes } = pair.a.endpoint.statistics;
    expect(retransmittedBytes).toBeLessThan(big.length * 0.1);
    expectNothingHeld(pair);
    expect(pair.b.endpoint.statistics.heldBytes).toBe(0);
  });

  it("small messages pass a bulk transfer of the same priority, on other channels and on its own", () => {
    const pair = new Pair({ loss: 0.01 }, { seed: 6 });
    pair.a.endpoint.send(payload(0, 4 * 1024 * 1024), { delivery: "ordered", channel: 9 }, pair.nowMs);
    const sentAtMs: number[] = [];
    for (let i = 0; i < 30; i++) {
      sentAtMs.push(pair.nowMs);
      pair.a.endpoint.send(payload(i, 64), { delivery: "ordered", channel: 1 }, pair.nowMs);
      pair.runFor(1000 / 60);
    }
    expect(pair.a.endpoint.statistics.queuedBytes).toBeGreaterThan(1024 * 1024);
    pair.runFor(200);
    const small = pair.b.received.filter((m) => m.channel === 1);
    expect(small).toHaveLength(30);
    const delays = pair.b.receivedAtMs
      .filter((_, i) => pair.b.received[i]?.channel === 1)
      .map((at, i) => at - (sentAtMs[i] as number))
      .sort((x, y) => x - y);
    expect(delays[15]).toBeLessThan(30);
  });

  it("T42 message IDs and packet numbers cross their wraps", () => {
    const pair = new Pair(
      { loss: 0.1, reorder: 0.2, duplicate: 0.1, jitterMs: 10 },
      {
        seed: 7,
        a: { initialPacketNumber: 2 ** 32 - 500, initialMessageId: 0xffff - 100 },
        b: { initialPacketNumber: 2 ** 32 - 20, initialMessageId: 0xffff - 100 },
      },
    );
    for (const delivery of ["ordered", "reliable", "bestEffort"] as const) {
      for (let i = 0; i < 1200; i++) {
        const size = i % 40 === 7 ? 2500 : 10;
        pair.a.endpoint.send(payload(i, size), { delivery }, pair.nowMs);
        if (i % 4 === 0) pair.runFor(4);
      }
      pair.runWhile(() => pair.isBusy, 30_000);
      const indices = pair.b.received.filter((m) => m.delivery === delivery).map((m) => indexOf(m.payload));
      if (delivery !== "ordered") indices.sort((x, y) => x - y);
      if (delivery !== "bestEffort") expect(indices).toEqual(Array.from({ length: 1200 }, (_, i) => i));
      else expect(new Set(indices).size).toBe(indices.length);
    }
    expectNothingHeld(pair);
  });

  it("IDs go all the way round without loss or stall", () => {
    const start = { initialMessageId: 65_000 };
    const pair = new Pair({ latencyMs: 5 }, { seed: 8, a: start, b: start });
    let sent = 0;
    while (sent < 70_000) {
      for (let i = 0; i < 1000; i++) {
        const receipt = pair.a.endpoint.send(payload(sent++, 4), { delivery: "ordered" }, pair.nowMs);
        if (!receipt.accepted) throw new Error(`message ${sent} was refused`);
      }
      pair.runFor(20);
    }
    pair.runWhile(() => pair.isBusy, 10_000);
    expect(pair.b.received).toHaveLength(70_000);
    expect(pair.b.received.every((message, i) => indexOf(message.payload) === i)).toBe(true);
  });
});

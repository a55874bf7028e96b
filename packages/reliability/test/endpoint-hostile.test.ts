import { ByteWriter, DeliveryCode } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteBudget } from "../src/byte-budget.js";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import type { ReliableEndpoint } from "../src/reliable-endpoint.js";
import { Crafted } from "./support/craft.js";
import { createEndpoint, indexOf, payload, seededRandom } from "./support/pair.js";
import { costOf } from "./support/reassembly-cost.js";

const { Unreliable, Sequenced, BestEffort, Reliable, Ordered } = DeliveryCode;
const KIB = 1024;

/** Sends `count` packets with one reliable message each; returns the numbers used. */
function sendPackets(endpoint: ReliableEndpoint, count: number, nowMs: number): number[] {
  const buffer = new Uint8Array(1200);
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) {
    endpoint.send(payload(i, 8), { delivery: "reliable" }, nowMs);
    numbers.push(endpoint.buildPacket(new ByteWriter().reset(buffer, 0, 1175), nowMs));
  }
  return numbers;
}

describe("T30 acknowledgements that lie", () => {
  it("of a packet never sent", async () => {
    const endpoint = createEndpoint();
    const peer = new Crafted(endpoint);
    expect(peer.ack(0)).toBe("ack-of-unsent");
    const receipt = endpoint.send(payload(0, 8), { delivery: "reliable" }, 1000);
    const [number] = sendPackets(endpoint, 1, 1000) as [number];
    expect(peer.ack(number + 1, [number])).toBe("ack-of-unsent");
    expect(peer.ack(number, [number - 1])).toBe("ack-of-unsent");
    expect(await Promise.race([receipt.outcome, Promise.resolve("open")])).toBe("open");
    expect(endpoint.statistics.packetsAcked).toBe(0);
    expect(peer.ack(number)).toBeUndefined();
    expect(await receipt.outcome).toBe("acked");
  });

  it("of a packet before the first", () => {
    const endpoint = createEndpoint({ initialPacketNumber: 5000 });
    const peer = new Crafted(endpoint);
    sendPackets(endpoint, 3, 1000);
    expect(peer.ack(4999)).toBe("ack-of-unsent");
    expect(peer.ack(5001, [4999])).toBe("ack-of-unsent");
    expect(peer.ack(5002, [5000, 5001])).toBeUndefined();
  });

  it("of a number that was left out: nothing of the ACK is applied", () => {
    for (let seed = 1; seed <= 5; seed++) {
      const endpoint = createEndpoint({}, seed);
      const peer = new Crafted(endpoint);
      const numbers = sendPackets(endpoint, 500, 1000);
      const used = new Set(numbers);
      const last = numbers[numbers.length - 1] as number;
      const skipped = Array.from({ length: last }, (_, i) => i).filter((number) => !used.has(number));
      expect(skipped.length).toBeGreaterThanOrEqual(1);
      const everything = Array.from({ length: last }, (_, i) => i);
      expect(peer.ack(last, everything)).toBe("ack-of-skipped");
      expect(peer.ack(skipped[0] as number)).toBe("ack-of-skipped");
      expect(endpoint.statistics.packetsAcked).toBe(0);
      expect(peer.ack(last, numbers.slice(0, -1))).toBeUndefined();
      expect(endpoint.statistics.packetsAcked).toBe(500);
    }
  });

  it("about one number in 256 is left out", () => {
    const endpoint = createEndpoint({ congestion: new FixedBudget({ burstBytes: 1e9 }) });
    const peer = new Crafted(endpoint);
    let last = 0;
    for (let i = 0; i < 200; i++) {
      const numbers = sendPackets(endpoint, 100, 1000);
      last = numbers[99] as number;
      peer.ack(last, numbers.slice(0, -1));
    }
    const share = 20_000 / (last + 1 - 20_000);
    expect(share).toBeGreaterThan(200);
    expect(share).toBeLessThan(310);
  });
});

describe("T31, T32 acknowledgements that cost or mislead", () => {
  it("T31 an ACK repeated, or of long forgotten packets, changes nothing", () => {
    const endpoint = createEndpoint();
    const peer = new Crafted(endpoint);
    let all: number[] = [];
    for (let i = 0; i < 40; i++) {
      const numbers = sendPackets(endpoint, 100, 1000);
      peer.ack(numbers[99] as number, numbers.slice(0, -1));
      all = all.concat(numbers);
    }
    const before = { ...endpoint.statistics };
    expect(peer.ack(all[3999] as number, all.slice(3000, 3999))).toBeUndefined();
    expect(peer.ack(all[200] as number, all.slice(0, 200))).toBeUndefined();
    expect(endpoint.statistics).toEqual(before);
  });

  it("T32 no claimed delay and no stale ACK drives the round trip to zero or beyond what was measured", () => {
    const endpoint = createEndpoint();
    const peer = new Crafted(endpoint);
    for (let i = 0; i < 200; i++) {
      const [number] = sendPackets(endpoint, 1, peer.nowMs) as [number];
      peer.nowMs += 50;
      peer.ack(number, [], 2 ** 40);
    }
    expect(endpoint.rtt.smoothedMs).toBeGreaterThanOrEqual(39);
    expect(endpoint.rtt.smoothedMs).toBeLessThanOrEqual(50);
    const [number] = sendPackets(endpoint, 1, peer.nowMs) as [number];
    peer.nowMs += 50;
    peer.ack(number);
    const smoothedMs = endpoint.rtt.smoothedMs;
    for (let i = 0; i < 100; i++) {
      peer.nowMs += 1000;
      peer.ack(number);
    }
    expect(endpoint.rtt.smoothedMs).toBe(smoothedMs);
  });
});

describe("T25 to T29 fragments", () => {
  it("T25 pieces that claim huge messages cost what came, and reliable ones end at the window", () => {
    const receiveWindowBytes = 64 * KIB;
    const endpoint = createEndpoint({ receiveWindowBytes, maxMessageBytes: 64 * KIB });
    const peer = new Crafted(endpoint);
    const huge = new Uint8Array(64 * KIB);
    expect(peer.fragment(Reliable, 0, 0, new Uint8Array(64 * KIB + 1), 0, 64)).toBe("message-too-large");
    expect(peer.fragment(Reliable, 0, 0, huge, 0, 64)).toBeUndefined();
    expect(endpoint.statistics.heldBytes).toBe(costOf(64, 1));
    let violation: string | undefined;
    let pieces = 1;
    for (; violation === undefined; pieces++) {
      violation = peer.fragment(Reliable, pieces >> 10, pieces & 1023, huge, 128, 192);
    }
    expect(violation).toBe("window-exceeded");
    expect(endpoint.statistics.heldBytes).toBeLessThanOrEqual(3 * receiveWindowBytes + 512 * KIB);
    expect(pieces).toBeGreaterThan(64 * 3);
  });

  it("T25 unreliable ones push each other out, bestEffort ones too", () => {
    const endpoint = createEndpoint({ receiveWindowBytes: 64 * KIB, maxMessageBytes: 64 * KIB });
    const peer = new Crafted(endpoint);
    const huge = new Uint8Array(64 * KIB);
    for (let i = 0; i < 1000; i++) {
      expect(peer.fragment(Unreliable, i & 255, i >> 8, huge, 0, 1000)).toBeUndefined();
      expect(peer.fragment(Sequenced, i & 255, i >> 8, huge, 0, 1000)).toBeUndefined();
    }
    expect(endpoint.statistics.reassembliesActive).toBe(64);
    expect(endpoint.statistics.heldBytes).toBeLessThanOrEqual(256 * KIB);
    for (let i = 0; i < 1500; i++) expect(peer.fragment(BestEffort, i & 255, i >> 8, huge, 0, 1000)).toBeUndefined();
    expect(endpoint.statistics.heldBytes).toBeLessThanOrEqual(256 * KIB + 3 * 64 * KIB + 512 * KIB);
  });

  it("T25 the process budget makes packets be refused, not connections end, and comes back", () => {
    const reassemblyBudget = new ByteBudget(20 * KIB);
    const endpoint = createEndpoint({ reassemblyBudget });
    const other = createEndpoint({ reassemblyBudget });
    const peer = new Crafted(endpoint);
    const message = payload(1, 200 * KIB);
    for (let at = 0; at < 110_000; at += 1100) {
      expect(peer.fragment(Reliable, 0, 0, message, at, at + 1100)).toBeUndefined();
    }
    expect(endpoint.statistics.packetsRefused).toBeGreaterThan(80);
    expect(reassemblyBudget.used).toBeLessThanOrEqual(20 * KIB);
    expect(reassemblyBudget.used).toBe(endpoint.statistics.heldBytes);
    // What needs no buffer passes all the same.
    const otherPeer = new Crafted(other);
    expect(otherPeer.message(Ordered, 0, 0, payload(0, 500))).toBeUndefined();
    expect(otherPeer.message(Reliable, 0, 0, payload(1, 500))).toBeUndefined();
    expect(other.statistics.packetsRefused).toBe(0);
    for (let id = 2; id < 13; id++) expect(otherPeer.message(Ordered, 0, id, payload(id, 1100))).toBeUndefined();
    expect(other.statistics.messagesReceived[Ordered]).toBe(1);
    expect(other.statistics.packetsRefused).toBeGreaterThan(0);
    expect(reassemblyBudget.used).toBeLessThanOrEqual(20 * KIB);
    endpoint.close();
    expect(reassemblyBudget.used).toBe(other.statistics.heldBytes);
    for (let id = 12; id > 0; id--) expect(otherPeer.message(Ordered, 0, id, payload(id, 1100))).toBeUndefined();
    expect(other.statistics.messagesReceived[Ordered]).toBe(13);
    expect(reassemblyBudget.used).toBe(0);
  });

  it("T26 pieces below 64 bytes are refused unless they end their message", () => {
    const peer = new Crafted(createEndpoint());
    const message = payload(3, 300);
    for (const delivery of [Unreliable, Sequenced, BestEffort, Reliable, Ordered]) {
      expect(peer.fragment(delivery, 0, 0, message, 0, 63)).toBe("fragment-too-small");
      expect(peer.fragment(delivery, 0, 0, message, 0, 64)).toBeUndefined();
      expect(peer.fragment(delivery, 0, 0, message, 299, 300)).toBeUndefined();
    }
  });

  it("T27 pieces that disagree drop an unreliable set and end the connection for a reliable one", () => {
    const endpoint = createEndpoint();
    const peer = new Crafted(endpoint);
    for (const delivery of [Unreliable, Sequenced, BestEffort]) {
      expect(peer.fragment(delivery, 0, 0, payload(0, 300), 0, 100)).toBeUndefined();
      expect(peer.fragment(delivery, 0, 0, payload(0, 301), 100, 200)).toBeUndefined();
    }
    expect(endpoint.statistics.reassembliesMismatched).toBe(3);
    expect(endpoint.statistics.reassembliesActive).toBe(0);
    for (const delivery of [Reliable, Ordered]) {
      expect(peer.fragment(delivery, 0, 0, payload(0, 300), 0, 100)).toBeUndefined();
      expect(peer.fragment(delivery, 0, 0, payload(0, 301), 100, 200)).toBe("fragment-mismatch");
    }
  });

  it("T27 overlapping and repeated pieces in any order make the message whole", () => {
    fc.assert(
      fc.property(fc.integer({ min: 65, max: 6000 }), fc.integer(), (size, seed) => {
        const endpoint = createEndpoint();
        const peer = new Crafted(endpoint);
        const random = seededRandom(seed);
        const message = payload(seed >>> 0, size);
        for (let i = 0; i < 20; i++) {
          const from = Math.floor(random() * size);
          const to = Math.min(from + 64 + Math.floor(random() * 900), size);
          if (to - from < size) expect(peer.fragment(Ordered, 7, 0, message, from, to)).toBeUndefined();
        }
        for (let from = 0; from < size; from += 64) {
          expect(peer.fragment(Ordered, 7, 0, message, from, Math.min(from + 64, size))).toBeUndefined();
        }
        const received = endpoint.pollMessage();
        expect(received === undefined ? -1 : Buffer.compare(received.payload, message)).toBe(0);
        expect(endpoint.pollMessage()).toBeUndefined();
        expect(endpoint.statistics.heldBytes).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it("T28 late duplicates of pieces open no new set", () => {
    const endpoint = createEndpoint();
    const peer = new Crafted(endpoint);
    const message = payload(1, 200);
    for (const delivery of [BestEffort, Reliable, Ordered]) {
      peer.fragment(delivery, 0, 0, message, 0, 100);
      peer.fragment(delivery, 0, 0, message, 100, 200);
      peer.fragment(delivery, 0, 0, message, 0, 100);
      expect(peer.message(delivery, 0, 0, message)).toBeUndefined();
    }
    expect(endpoint.statistics.messagesReceived.slice(BestEffort)).toEqual([1, 1, 1]);
    expect(endpoint.statistics.duplicatesRejected).toBe(6);
    expect(endpoint.statistics.reassembliesActive).toBe(0);
  });

  it("T29 a dripped set ends with its time", () => {
    const endpoint = createEndpoint();
    const peer = new Crafted(endpoint);
    const message = payload(1, 100_000);
    for (let i = 0; i < 60; i++) {
      peer.nowMs = 1000 + i * 100;
      endpoint.handleTimeout(peer.nowMs);
      peer.fragment(Unreliable, 0, 0, message, i * 100, (i + 1) * 100);
    }
    expect(endpoint.statistics.reassembliesExpired).toBe(1);
    expect(endpoint.nextTimeoutAt()).toBeLessThanOrEqual(1000 + 10_000);
    endpoint.handleTimeout(12_000);
    expect(endpoint.statistics.heldBytes).toBe(0);
  });

  it("a whole message after some of its pieces counts once and frees them", () => {
    const endpoint = createEndpoint();
    const peer = new Crafted(endpoint);
    const message = payload(5, 300);
    peer.fragment(Reliable, 0, 0, message, 0, 100);
    expect(peer.message(Reliable, 0, 0, message)).toBeUndefined();
    expect(endpoint.statistics.heldBytes).toBe(0);
    expect(endpoint.statistics.messagesReceived[Reliable]).toBe(1);
  });
});

describe("message IDs", () => {
  it("T42 beyond the window: a violation for reliable and ordered", () => {
    for (const delivery of [Reliable, Ordered]) {
      const peer = new Crafted(createEndpoint({ initialMessageId: 65_000 }));
      expect(peer.message(delivery, 0, (65_000 + 1023) & 0xffff, payload(0, 4))).toBeUndefined();
      expect(peer.message(delivery, 0, (65_000 + 1024) & 0xffff, payload(0, 4))).toBe("id-beyond-window");
      expect(peer.fragment(delivery, 0, (65_000 + 1024) & 0xffff, payload(0, 400), 0, 100)).toBe("id-beyond-window");
      expect(peer.message(delivery, 0, 64_999, payload(0, 4))).toBeUndefined();
    }
  });

  it("early ordered messages are bounded by the window", () => {
    const endpoint = createEndpoint({ receiveWindowBytes: 64 * KIB, maxMessageBytes: 64 * KIB });
    const peer = new Crafted(endpoint);
    let violation: string | undefined;
    for (let i = 0; violation === undefined && i < 100_000; i++) {
      violation = peer.message(Ordered, (i / 1000) | 0, 1 + (i % 1000), payload(i, 4));
    }
    expect(violation).toBe("window-exceeded");
    expect(endpoint.statistics.heldBytes).toBeLessThan(3 * 64 * KIB + 1024 * KIB + 400);
  });

  it("pieces of a bestEffort ID that fell out of the window do not mix with its next use", () => {
    const endpoint = createEndpoint();
    const peer = new Crafted(endpoint);
    peer.fragment(BestEffort, 0, 0, payload(1, 300), 0, 150);
    for (let id = 1; id <= 65_535; id += 500) peer.message(BestEffort, 0, id, payload(0, 4));
    expect(endpoint.statistics.reassembliesActive).toBe(0);
    peer.message(BestEffort, 0, 65_535, payload(0, 4));
    peer.fragment(BestEffort, 0, 0, payload(2, 300), 150, 300);
    expect(endpoint.statistics.reassembliesActive).toBe(1);
    peer.fragment(BestEffort, 0, 0, payload(2, 300), 0, 150);
    let last: Uint8Array | undefined;
    for (let m = endpoint.pollMessage(); m !== undefined; m = endpoint.pollMessage()) last = m.payload;
    expect(Buffer.compare(last as Uint8Array, payload(2, 300))).toBe(0);
  });

  it("a fragmented sequenced message ranks by its first piece", () => {
    const endpoint = createEndpoint();
    const peer = new Crafted(endpoint);
    const old = payload(1, 300);
    peer.fragment(Sequenced, 0, 0, old, 0, 150);
    peer.message(Sequenced, 0, 0, payload(2, 10));
    peer.fragment(Sequenced, 0, 0, old, 150, 300);
    const newer = payload(3, 300);
    peer.fragment(Sequenced, 0, 1, newer, 150, 300);
    peer.fragment(Sequenced, 0, 1, newer, 0, 150);
    expect(endpoint.statistics.staleSequenced).toBe(1);
    const indices: number[] = [];
    for (let m = endpoint.pollMessage(); m !== undefined; m = endpoint.pollMessage()) indices.push(indexOf(m.payload));
    expect(indices).toEqual([2, 3]);
  });
});

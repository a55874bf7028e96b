import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteBudget } from "../src/byte-budget.js";
import { Reassembler, type ReassemblerOptions, type ReassemblyVerdict } from "../src/reassembler.js";
import { costOf } from "./support/reassembly-cost.js";

/** A message of no bytes, were there one. */
const LEAST = costOf(0, 1);
const MODE = 3;

/** Bytes that tell their place. */
function messageOf(totalBytes: number, salt = 0): Uint8Array {
  return Uint8Array.from({ length: totalBytes }, (_, i) => (i * 31 + (i >>> 8) * 7 + salt) & 0xff);
}

function create(options: Partial<ReassemblerOptions> = {}): Reassembler {
  return new Reassembler({ maxBytes: 1 << 20, maxSets: 64, maxAgeMs: Infinity, evictOldest: false, ...options });
}

/** Adds message[from, to) out of a larger buffer, as it lies in a packet. */
function piece(
  reassembler: Reassembler,
  key: number,
  message: Uint8Array,
  from: number,
  to: number,
  nowMs = 0,
  packetNumber = from,
): ReassemblyVerdict {
  const packet = new Uint8Array(to - from + 20).fill(0xee);
  packet.set(message.subarray(from, to), 13);
  return reassembler.add(key, MODE, message.length, from, packet, 13, 13 + to - from, packetNumber, nowMs);
}

function expectEmpty(reassembler: Reassembler): void {
  expect([reassembler.sets, reassembler.chargedBytes, reassembler.nextExpiryAt()]).toEqual([0, 0, Infinity]);
}

describe("Reassembler: memory (T25, T26)", () => {
  it("T25 memory follows the bytes that came, not those that were claimed", () => {
    const reassembler = create({ maxBytes: 1e12, maxSets: 1000 });
    for (let key = 0; key < 1000; key++) {
      reassembler.add(key, MODE, 2 ** 30 - 1, 5 * key, new Uint8Array(64), 0, 64, 0, 0);
    }
    expect(reassembler.chargedBytes).toBe(1000 * costOf(64, 1));
  });

  it("T25 refuses at the first piece what can never fit", () => {
    const reassembler = create({ maxBytes: 10_000 });
    expect(reassembler.add(1, MODE, 10_000 - LEAST + 1, 0, new Uint8Array(64), 0, 64, 0, 0)).toBe("budget");
    expectEmpty(reassembler);
    expect(piece(reassembler, 1, messageOf(10_000 - LEAST), 0, 10_000 - LEAST)).toBe("complete");
  });

  it("T26 charges the overhead of tiny pieces", () => {
    const reassembler = create({ maxBytes: 100_000 });
    let pieces = 0;
    const bytes = new Uint8Array(1);
    while (reassembler.add(1, MODE, 90_000, pieces * 2, bytes, 0, 1, 0, 0) === "incomplete") pieces += 1;
    // A byte and 48 each, and what the chunks have to spare.
    expect(pieces).toBeGreaterThan(0.9 * (100_000 / 49));
    expect(pieces).toBeLessThan(100_000 / 49);
    expect(reassembler.chargedBytes).toBeLessThanOrEqual(100_000);
  });

  it("T26 charges each hole that one piece fills", () => {
    const reassembler = create();
    const message = messageOf(100);
    for (let at = 10; at < 100; at += 20) piece(reassembler, 1, message, at, at + 10);
    expect(reassembler.chargedBytes).toBe(costOf(10, 5, 90));
    piece(reassembler, 1, message, 5, 95); // 5 + 4 * 10 new bytes in 5 stretches
    expect(reassembler.chargedBytes).toBe(costOf(10, 10, 90));
  });

  it("T26 bounds the stretches of one set", () => {
    const bytes = new Uint8Array(1);
    for (const evictOldest of [false, true]) {
      const reassembler = create({ maxBytes: 1e9, evictOldest });
      let stretches = 0;
      while (reassembler.add(1, MODE, 1e6, 999_998 - stretches * 2, bytes, 0, 1, 0, 0) === "incomplete") stretches += 1;
      expect(stretches).toBe(4096);
      expect(reassembler.sets).toBe(evictOldest ? 0 : 1);
    }
  });

  it("T26 takes what joins stretches, however many there are", () => {
    const reassembler = create({ maxBytes: 1e9 });
    const add = (offset: number, length: number): string =>
      reassembler.add(1, MODE, 8193, offset, new Uint8Array(length), 0, length, 0, 0);
    for (let i = 0; i < 4096; i++) expect(add(i * 2, 1)).toBe("incomplete");
    expect(add(8192, 1)).toBe("budget"); // one by itself
    expect(add(8191, 1)).toBe("incomplete"); // goes on from the last
    expect(add(1, 1)).toBe("incomplete"); // joins two
    expect(add(8192, 1)).toBe("incomplete");
    for (let at = 2; at < 8000; at += 1000) expect(add(at, 1000)).toBe("incomplete"); // swallows many
    expect(add(8000, 191)).toBe("complete");
  });

  it("without eviction: full means budget, and the sets stay as they were", () => {
    const reassembler = create({ maxBytes: 2800 });
    const a = messageOf(300, 1);
    expect(piece(reassembler, 1, a, 0, 200)).toBe("incomplete"); // 1272
    expect(piece(reassembler, 2, messageOf(300, 2), 0, 200)).toBe("incomplete"); // 2544
    expect(piece(reassembler, 3, messageOf(300, 3), 0, 10)).toBe("budget");
    expect(piece(reassembler, 1, a, 200, 300)).toBe("budget");
    expect([reassembler.sets, reassembler.chargedBytes, reassembler.evictedSets]).toEqual([2, 2544, 0]);
    reassembler.remove(2);
    expect(piece(reassembler, 1, a, 200, 300)).toBe("complete");
    expect(reassembler.takeComplete()).toEqual(a);
    expectEmpty(reassembler);
  });

  it("without eviction: the cap of sets means budget for new messages only", () => {
    const reassembler = create({ maxSets: 2 });
    const message = messageOf(20);
    piece(reassembler, 1, message, 0, 10);
    piece(reassembler, 2, message, 0, 10);
    expect(piece(reassembler, 3, message, 0, 10)).toBe("budget");
    expect(piece(reassembler, 2, message, 10, 20)).toBe("complete");
    expect(piece(reassembler, 3, message, 0, 10)).toBe("incomplete");
  });

  it("with eviction: the oldest sets make room, in bytes and in number", () => {
    const reassembler = create({ maxBytes: 3600, maxSets: 3, evictOldest: true });
    const message = messageOf(300);
    piece(reassembler, 1, message, 0, 10);
    piece(reassembler, 2, message, 0, 10);
    piece(reassembler, 3, message, 0, 10);
    expect(piece(reassembler, 4, message, 0, 10)).toBe("incomplete");
    expect([1, 2, 3, 4].map((key) => reassembler.has(key))).toEqual([false, true, true, true]);
    expect(reassembler.evictedSets).toBe(1);
    // 3 * 1082 held; 290 + 256 more need one of them gone, and never the set itself.
    expect(piece(reassembler, 2, message, 10, 210)).toBe("incomplete");
    expect([2, 3, 4].map((key) => reassembler.has(key))).toEqual([true, false, true]);
    expect(reassembler.chargedBytes).toBeLessThanOrEqual(3600);
    expect(reassembler.evictedSets).toBe(2);
  });

  it("with eviction: a set that outgrows the cap goes itself and takes nobody with it", () => {
    const reassembler = create({ maxBytes: 4600, evictOldest: true });
    const message = messageOf(700);
    piece(reassembler, 1, messageOf(300), 0, 10); // 1082
    for (let at = 0; at < 30; at++) piece(reassembler, 2, message, at * 2, at * 2 + 1); // 3420
    expect([reassembler.sets, reassembler.chargedBytes]).toEqual([2, costOf(10, 1) + costOf(1, 30, 699)]);
    // Thirty stretches more.
    expect(piece(reassembler, 2, message, 0, 600)).toBe("budget");
    expect(reassembler.has(1)).toBe(true);
    expect(reassembler.has(2)).toBe(false);
    expect([reassembler.evictedSets, reassembler.chargedBytes]).toEqual([1, costOf(10, 1)]);
  });

  it("T25 shares the budget of the process and gives all of it back", () => {
    const budget = new ByteBudget(2600);
    const reliable = create({ processBudget: budget });
    const other = create({ processBudget: budget });
    const message = messageOf(400);
    expect(piece(reliable, 1, message, 0, 300)).toBe("incomplete"); // 1372
    expect(piece(other, 1, message, 0, 300)).toBe("budget");
    expect([other.sets, other.chargedBytes, budget.used]).toEqual([0, 0, 1372]);
    expect(piece(other, 1, message, 0, 100)).toBe("incomplete"); // 1172
    expect(budget.used).toBe(2544);
    expect(piece(other, 1, message, 100, 200)).toBe("budget");
    expect(other.has(1)).toBe(true);
    reliable.clear();
    expect(piece(other, 1, message, 100, 400)).toBe("complete");
    expect(budget.used).toBe(0);
  });

  it("with eviction: pays for a piece with own older sets when the process has no more", () => {
    const budget = new ByteBudget(3000);
    const reassembler = create({ processBudget: budget, evictOldest: true });
    const message = messageOf(3000);
    piece(reassembler, 1, message, 0, 100); // 1172
    piece(reassembler, 2, message, 0, 100); // 1172
    expect(piece(reassembler, 3, message, 0, 200)).toBe("incomplete"); // 1272
    expect([1, 2, 3].map((key) => reassembler.has(key))).toEqual([false, true, true]);
    // Nothing left to evict and still no room: the piece is lost, so its set is too.
    budget.tryCharge(3000 - budget.used);
    expect(piece(reassembler, 3, message, 200, 2000)).toBe("budget");
    expectEmpty(reassembler);
    expect(reassembler.evictedSets).toBe(3);
    expect(budget.used).toBe(3000 - 2444);
  });

  it("property: never above its caps, and the process budget agrees, whatever comes", () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 12 }),
      total: fc.constantFrom(500, 500, 500, 900, 5000),
      from: fc.nat(520),
      length: fc.nat(300),
      pause: fc.constantFrom(0, 0, 1, 30),
    });
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 120 }), (evictOldest, steps) => {
        const budget = new ByteBudget(5000);
        const reassembler = create({ maxBytes: 6000, maxSets: 5, maxAgeMs: 100, evictOldest, processBudget: budget });
        const bytes = new Uint8Array(300);
        let now = 0;
        for (const { key, total, from, length, pause } of steps) {
          now += pause;
          reassembler.expire(now);
          const had = reassembler.has(key);
          const verdict = reassembler.add(key, MODE, total, from, bytes, 0, length, 0, now);
          if (verdict === "complete") reassembler.takeComplete();
          const kept = verdict === "budget" ? had && !evictOldest : verdict === "incomplete" || verdict === "duplicate";
          expect(reassembler.has(key)).toBe(kept);
          expect(reassembler.chargedBytes).toBeLessThanOrEqual(5000);
          expect(reassembler.sets).toBeLessThanOrEqual(5);
          expect(budget.used).toBe(reassembler.chargedBytes);
          expect(reassembler.nextExpiryAt()).toBeGreaterThan(now);
          expect(reassembler.nextExpiryAt() < Infinity).toBe(reassembler.sets > 0);
        }
        reassembler.clear();
        expectEmpty(reassembler);
        expect(budget.used).toBe(0);
      }),
      { seed: 8, numRuns: 400 },
    );
  });
});

describe("Reassembler: age (T29)", () => {
  it("T29 gives a set a fixed lifetime from its first piece, dripped or not", () => {
    const reassembler = create({ maxAgeMs: 5000 });
    const message = messageOf(1000);
    piece(reassembler, 1, message, 0, 10, 100);
    expect(reassembler.nextExpiryAt()).toBe(5100);
    for (let i = 1; i < 50; i++) piece(reassembler, 1, message, i * 10, i * 10 + 10, 100 + i * 100);
    expect(reassembler.nextExpiryAt()).toBe(5100);
    expect(reassembler.expire(5099.9)).toBe(0);
    expect(reassembler.expire(5100)).toBe(1);
    expect(reassembler.expiredSets).toBe(1);
    expectEmpty(reassembler);
  });

  it("expires in order of age and tells the next", () => {
    const reassembler = create({ maxAgeMs: 100 });
    const message = messageOf(1000);
    for (let key = 0; key < 5; key++) piece(reassembler, key, message, 0, 10, key * 10);
    expect(reassembler.nextExpiryAt()).toBe(100);
    reassembler.remove(0);
    expect(reassembler.nextExpiryAt()).toBe(110);
    expect(reassembler.expire(125)).toBe(2);
    expect(reassembler.nextExpiryAt()).toBe(130);
    expect([1, 2, 3, 4].map((key) => reassembler.has(key))).toEqual([false, false, true, true]);
    expect(reassembler.expire(1e9)).toBe(2);
    expectEmpty(reassembler);
  });

  it("does not add to a set whose time is over even when nobody called expire", () => {
    const reassembler = create({ maxAgeMs: 100 });
    const message = messageOf(20);
    piece(reassembler, 1, message, 0, 10, 0);
    expect(piece(reassembler, 1, message, 10, 20, 100)).toBe("incomplete");
    expect(reassembler.expiredSets).toBe(1);
    expect(reassembler.nextExpiryAt()).toBe(200);
  });

  it("never expires with an infinite lifetime", () => {
    const reassembler = create();
    piece(reassembler, 1, messageOf(20), 0, 10, 0);
    expect(reassembler.nextExpiryAt()).toBe(Infinity);
    expect(reassembler.expire(1e15)).toBe(0);
    expect(reassembler.has(1)).toBe(true);
  });
});

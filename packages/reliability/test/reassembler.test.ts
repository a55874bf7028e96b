import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteBudget } from "../src/byte-budget.js";
import { CHUNK_COST_BYTES, SEGMENT_COST_BYTES, SET_COST_BYTES } from "../src/fragment-set.js";
import { Reassembler, type ReassemblerOptions, type ReassemblyVerdict } from "../src/reassembler.js";
import { costOf } from "./support/reassembly-cost.js";

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

describe("Reassembler: putting together", () => {
  it("joins pieces in order", () => {
    const reassembler = create();
    const message = messageOf(2500);
    expect(piece(reassembler, 1, message, 0, 1000)).toBe("incomplete");
    expect(piece(reassembler, 1, message, 1000, 2000)).toBe("incomplete");
    expect(reassembler.has(1)).toBe(true);
    expect(piece(reassembler, 1, message, 2000, 2500)).toBe("complete");
    expect(reassembler.takeComplete()).toEqual(message);
    expect(reassembler.has(1)).toBe(false);
    expectEmpty(reassembler);
  });

  it("joins pieces in reverse, and tells which packet brought offset 0", () => {
    const reassembler = create();
    const message = messageOf(300);
    piece(reassembler, 1, message, 200, 300, 0, 900);
    piece(reassembler, 1, message, 100, 200, 0, 901);
    expect(piece(reassembler, 1, message, 0, 100, 0, 777)).toBe("complete");
    expect(reassembler.completedOrder).toBe(777);
    expect(reassembler.takeComplete()).toEqual(message);
  });

  it("keeps the order of the first piece at offset 0, not of its duplicates", () => {
    const reassembler = create();
    const message = messageOf(300);
    piece(reassembler, 1, message, 0, 100, 0, 5);
    expect(piece(reassembler, 1, message, 0, 100, 0, 3)).toBe("duplicate");
    piece(reassembler, 1, message, 0, 150, 0, 9);
    expect(piece(reassembler, 1, message, 100, 300, 0, 10)).toBe("complete");
    expect(reassembler.completedOrder).toBe(5);
  });

  it("copies what it keeps and hands out an array of its own", () => {
    const reassembler = create();
    const packet = messageOf(100);
    reassembler.add(1, MODE, 150, 0, packet, 0, 100, 0, 0);
    packet.fill(0);
    reassembler.add(1, MODE, 150, 100, packet, 0, 50, 1, 0);
    const whole = reassembler.takeComplete();
    expect(whole.subarray(0, 100)).toEqual(messageOf(100));
    expect(whole.buffer.byteLength).toBe(150);
  });

  it("copies out of a Node Buffer too, whose slice is a view", () => {
    const reassembler = create();
    const packet = Buffer.from(messageOf(100));
    reassembler.add(1, MODE, 150, 0, packet, 0, 100, 0, 0);
    packet.fill(0);
    reassembler.add(1, MODE, 150, 100, packet, 0, 50, 1, 0);
    expect(reassembler.takeComplete().subarray(0, 100)).toEqual(messageOf(100));
  });

  it("keeps messages apart", () => {
    const reassembler = create();
    const a = messageOf(200, 1);
    const b = messageOf(200, 2);
    piece(reassembler, 0x010005, a, 0, 100);
    piece(reassembler, 0x020005, b, 100, 200);
    expect(reassembler.sets).toBe(2);
    expect(piece(reassembler, 0x010005, a, 100, 200)).toBe("complete");
    expect(reassembler.takeComplete()).toEqual(a);
    expect(piece(reassembler, 0x020005, b, 0, 100)).toBe("complete");
    expect(reassembler.takeComplete()).toEqual(b);
  });

  it("hands a message out once", () => {
    const reassembler = create();
    expect(() => reassembler.takeComplete()).toThrow("got none");
    const message = messageOf(10);
    piece(reassembler, 1, message, 0, 5);
    piece(reassembler, 1, message, 5, 10);
    reassembler.takeComplete();
    expect(() => reassembler.takeComplete()).toThrow("got none");
  });

  it("takes a piece that is the whole", () => {
    const reassembler = create();
    expect(piece(reassembler, 1, messageOf(50), 0, 50)).toBe("complete");
    expect(reassembler.takeComplete()).toEqual(messageOf(50));
    expectEmpty(reassembler);
  });

  it("property: any cut, order, overlap and repetition gives the message, and the books stay right", () => {
    const total = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(total, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 60 }), (totalBytes, cuts) => {
        const budget = new ByteBudget(1 << 20);
        const reassembler = create({ processBudget: budget });
        const message = messageOf(totalBytes);
        const have = new Set<number>();
        let segments = 0;
        const pieces = cuts.map(([a, b]): [number, number] => {
          const from = a % totalBytes;
          return [from, from + 1 + (b % (totalBytes - from))];
        });
        pieces.push([0, totalBytes]); // whatever is missing
        for (const [from, to] of pieces) {
          const before = have.size;
          let inHole = false;
          for (let i = from; i < to; i++) {
            if (!have.has(i) && !inHole) segments += 1;
            inHole = !have.has(i);
            have.add(i);
          }
          const wanted = have.size === before ? "duplicate" : have.size === totalBytes ? "complete" : "incomplete";
          expect(piece(reassembler, 9, message, from, to)).toBe(wanted);
          if (wanted === "complete") {
            expect(reassembler.takeComplete()).toEqual(message);
            expectEmpty(reassembler);
            expect(budget.used).toBe(0);
            return;
          }
          // Two chunks at the most: the second has room for a packet, and so for the rest.
          const most = SET_COST_BYTES + totalBytes + CHUNK_COST_BYTES + segments * SEGMENT_COST_BYTES;
          expect(reassembler.chargedBytes).toBeLessThanOrEqual(most);
          expect(reassembler.chargedBytes).toBeGreaterThanOrEqual(costOf(have.size, 1));
          expect(budget.used).toBe(reassembler.chargedBytes);
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it("joins a large message that comes in a bad order in little time", () => {
    const reassembler = create({ maxBytes: 64 << 20 });
    const message = messageOf(5 << 20);
    const size = 1150;
    const offsets: number[] = [];
    for (let at = 0; at < message.length; at += size) offsets.push(at);
    // Windows of 512 pieces, each backwards.
    const order: number[] = [];
    for (let i = 0; i < offsets.length; i += 512) order.push(...offsets.slice(i, i + 512).reverse());
    let last: ReassemblyVerdict = "incomplete";
    for (const at of order) {
      last = reassembler.add(1, MODE, message.length, at, message, at, Math.min(at + size, message.length), 0, 0);
    }
    expect(last).toBe("complete");
    expect(Buffer.compare(reassembler.takeComplete(), message)).toBe(0);
  });
});

describe("Reassembler: pieces that lie (T27)", () => {
  it("drops the set when totals or modes disagree", () => {
    const reassembler = create();
    const message = messageOf(300);
    piece(reassembler, 1, message, 0, 100);
    expect(piece(reassembler, 1, messageOf(301), 100, 200)).toBe("mismatch");
    expectEmpty(reassembler);
    piece(reassembler, 1, message, 0, 100);
    expect(reassembler.add(1, MODE + 1, 300, 100, message, 100, 200, 0, 0)).toBe("mismatch");
    expectEmpty(reassembler);
    expect(reassembler.mismatchedSets).toBe(2);
  });

  it("refuses empty pieces and those outside of their message, and drops the set they name", () => {
    const bytes = new Uint8Array(100);
    for (const [total, offset, start, end] of [
      [100, 0, 10, 10],
      [100, 0, 10, 5],
      [100, 51, 0, 50],
      [100, 100, 0, 1],
      [100, -1, 0, 10],
      [0, 0, 0, 1],
    ] as const) {
      const reassembler = create();
      expect(reassembler.add(1, MODE, total, offset, bytes, start, end, 0, 0)).toBe("mismatch");
      expectEmpty(reassembler);
      expect(reassembler.mismatchedSets).toBe(0);
      reassembler.add(1, MODE, total, 0, bytes, 0, 10, 0, 0);
      const had = reassembler.has(1);
      expect(reassembler.add(1, MODE, total, offset, bytes, start, end, 0, 0)).toBe("mismatch");
      expect(reassembler.mismatchedSets).toBe(had ? 1 : 0);
      expectEmpty(reassembler);
    }
  });

  it("starts afresh after a mismatch", () => {
    const reassembler = create();
    const message = messageOf(200);
    piece(reassembler, 1, message, 0, 100);
    piece(reassembler, 1, messageOf(150), 100, 150);
    piece(reassembler, 1, message, 0, 100);
    expect(piece(reassembler, 1, message, 100, 200)).toBe("complete");
    expect(reassembler.takeComplete()).toEqual(message);
  });

  it("keeps the bytes that came first where pieces overlap", () => {
    const reassembler = create();
    const ones = new Uint8Array(100).fill(1);
    const twos = new Uint8Array(100).fill(2);
    piece(reassembler, 1, ones, 20, 40);
    piece(reassembler, 1, ones, 60, 80);
    expect(piece(reassembler, 1, twos, 0, 100)).toBe("complete");
    const wanted = twos.slice().fill(1, 20, 40).fill(1, 60, 80);
    expect(reassembler.takeComplete()).toEqual(wanted);
  });

  it("is not moved by duplicates", () => {
    const reassembler = create();
    const message = messageOf(1000);
    piece(reassembler, 1, message, 100, 900);
    const charged = reassembler.chargedBytes;
    for (let i = 0; i < 400; i++) expect(piece(reassembler, 1, message, 100 + i, 501 + i)).toBe("duplicate");
    expect(reassembler.chargedBytes).toBe(charged);
  });
});

describe("Reassembler: taking out", () => {
  it("removes one set, once", () => {
    const reassembler = create();
    piece(reassembler, 1, messageOf(20), 0, 10);
    piece(reassembler, 2, messageOf(20), 0, 10);
    expect(reassembler.remove(1)).toBe(true);
    expect(reassembler.remove(1)).toBe(false);
    expect([reassembler.sets, reassembler.chargedBytes]).toEqual([1, costOf(10, 1)]);
  });

  it("clears everything, a completed message that nobody took as well", () => {
    const budget = new ByteBudget(1e6);
    const reassembler = create({ processBudget: budget });
    for (let key = 0; key < 10; key++) piece(reassembler, key, messageOf(20), 0, 10);
    piece(reassembler, 10, messageOf(20), 0, 20);
    reassembler.clear();
    expectEmpty(reassembler);
    expect(budget.used).toBe(0);
    expect(() => reassembler.takeComplete()).toThrow("got none");
  });

  it("refuses bad configuration", () => {
    expect(() => create({ maxBytes: 0 })).toThrow('"maxBytes" expected 1..Infinity, got 0');
    expect(() => create({ maxSets: 0 })).toThrow('"maxSets" expected 1..Infinity, got 0');
    expect(() => create({ maxAgeMs: NaN })).toThrow('"maxAgeMs" expected 0..Infinity, got NaN');
  });
});

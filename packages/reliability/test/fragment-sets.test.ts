import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Reassembler, type ReassemblerOptions } from "../src/reassembler.js";

const MODE = 2;
const SETS = 500;
const bytes = new Uint8Array(64);

function create(options: Partial<ReassemblerOptions> = {}): Reassembler {
  return new Reassembler({ maxBytes: 1e9, maxSets: SETS, maxAgeMs: 1000, evictOldest: true, ...options });
}

/** The first half of a message. */
function begin(reassembler: Reassembler, key: number, nowMs = 0): void {
  expect(reassembler.add(key, MODE, 128, 0, bytes, 0, 64, 0, nowMs)).toBe("incomplete");
}

/** Counts how often anybody begins to walk a map from its front, past all that was deleted there. */
function countWalks(work: () => void): number {
  const spies = [
    vi.spyOn(Map.prototype, "keys"),
    vi.spyOn(Map.prototype, "values"),
    vi.spyOn(Map.prototype, "entries"),
    vi.spyOn(Map.prototype, Symbol.iterator),
  ];
  work();
  const walks = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  for (const spy of spies) spy.mockRestore();
  return walks;
}

describe("Reassembler: work for sets that go", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ["clear", (reassembler: Reassembler) => reassembler.clear()],
    ["expire", (reassembler: Reassembler) => expect(reassembler.expire(1000)).toBe(SETS)],
    [
      "remove, the oldest first",
      (reassembler: Reassembler) => {
        for (let key = 0; key < SETS; key++) expect(reassembler.remove(key)).toBe(true);
      },
    ],
  ])("%s does not look for the oldest set by set", (_name, work) => {
    for (const removesRanges of [false, true]) {
      const reassembler = create({ removesRanges });
      for (let key = 0; key < SETS; key++) begin(reassembler, key);
      expect(countWalks(() => work(reassembler))).toBeLessThanOrEqual(1);
      const { sets, chargedBytes, oldestSinceMs } = reassembler;
      expect([sets, chargedBytes, oldestSinceMs, reassembler.nextExpiryAt()]).toEqual([0, 0, Infinity, Infinity]);
    }
  });

  it("each set that makes room costs the same however many went before", () => {
    const reassembler = create();
    for (let key = 0; key < SETS; key++) begin(reassembler, key);
    const walks = countWalks(() => {
      for (let key = SETS; key < 3 * SETS; key++) reassembler.add(key, MODE, 128, 0, bytes, 0, 64, 0, 0);
    });
    expect(walks).toBe(0);
    expect([reassembler.sets, reassembler.evictedSets]).toEqual([SETS, 2 * SETS]);
  });

  it("gives all that was charged back to the budget of the process at once", () => {
    let used = 0;
    const processBudget = {
      tryCharge: (more: number) => ((used += more), true),
      release: (less: number) => void (used -= less),
    };
    const reassembler = create({ processBudget });
    for (let key = 0; key < 20; key++) begin(reassembler, key);
    expect(used).toBe(reassembler.chargedBytes);
    reassembler.remove(7);
    expect(used).toBe(reassembler.chargedBytes);
    reassembler.clear();
    expect([used, reassembler.chargedBytes]).toEqual([0, 0]);
    begin(reassembler, 1);
    expect([used, reassembler.sets]).toEqual([reassembler.chargedBytes, 1]);
  });

  it("keeps the order of creation whatever goes between", () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant("begin" as const), key: fc.nat(20), ms: fc.nat(200) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("remove" as const), key: fc.nat(20), ms: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("expire" as const), key: fc.nat(20), ms: fc.nat(400) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const), key: fc.nat(20), ms: fc.nat(5) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const reassembler = create({ maxSets: 8 });
        /** When each set began, the oldest first. */
        let model: { key: number; sinceMs: number }[] = [];
        let nowMs = 0;
        for (const { do: what, key, ms } of steps) {
          nowMs += ms;
          if (what === "begin") {
            model = model.filter((set) => set.sinceMs + 1000 > nowMs);
            if (!model.some((set) => set.key === key)) {
              if (model.length === 8) model.shift();
              model.push({ key, sinceMs: nowMs });
            }
            reassembler.add(key, MODE, 128, 0, bytes, 0, 64, 0, nowMs);
          } else if (what === "remove") {
            expect(reassembler.remove(key)).toBe(model.some((set) => set.key === key));
            model = model.filter((set) => set.key !== key);
          } else if (what === "expire") {
            const kept = model.filter((set) => set.sinceMs + 1000 > nowMs);
            expect(reassembler.expire(nowMs)).toBe(model.length - kept.length);
            model = kept;
          } else {
            reassembler.clear();
            model = [];
          }
          const oldestMs = model[0]?.sinceMs ?? Infinity;
          expect([reassembler.oldestSinceMs, reassembler.nextExpiryAt()]).toEqual([oldestMs, oldestMs + 1000]);
          expect(Array.from({ length: 21 }, (_, k) => k).filter((k) => reassembler.has(k))).toEqual(
            model.map((set) => set.key).sort((a, b) => a - b),
          );
        }
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});

import { describe, expect, it } from "vitest";
import { LinkSimulator } from "../src/link.js";
import type { LinkSpec } from "../src/link-spec.js";

const N = 100_000;
/** ms. 60 datagrams a second. */
const TICK_MS = 1000 / 60;

interface Copy {
  readonly index: number;
  readonly copy: number;
  readonly sentMs: number;
  readonly arrivalMs: number;
  readonly corrupted: boolean;
}

/** Sends `count` datagrams evenly, and returns the copies in the order of sending. */
function run(link: LinkSimulator, count: number = N, gapMs: number = TICK_MS, sizeBytes: number = 100): Copy[] {
  const copies: Copy[] = [];
  for (let index = 0; index < count; index++) {
    const sentMs = index * gapMs;
    const passed = link.transmit(sizeBytes, sentMs);
    for (let copy = 0; copy < passed; copy++) {
      const arrivalMs = link.arrivalMs(copy);
      copies.push({ index, copy, sentMs, arrivalMs, corrupted: link.isCorrupted(copy) });
    }
  }
  return copies;
}

function simulate(options: LinkSpec, seed: number = 1): Copy[] {
  return run(new LinkSimulator(options, seed));
}

/** Shortest and longest delay, rounding forgiven. */
function delayRange(copies: readonly Copy[]): [number, number] {
  let least = Infinity;
  let most = -Infinity;
  for (const { arrivalMs, sentMs } of copies) {
    least = Math.min(least, arrivalMs - sentMs);
    most = Math.max(most, arrivalMs - sentMs);
  }
  return [least + 1e-6, most - 1e-6];
}

function expectDelays(copies: readonly Copy[], leastMs: number, mostMs: number): void {
  const [least, most] = delayRange(copies);
  expect(least).toBeGreaterThanOrEqual(leastMs);
  expect(most).toBeLessThanOrEqual(mostMs);
  // The whole range is used, not just a part of it.
  expect(least - leastMs).toBeLessThan((mostMs - leastMs) * 0.01);
  expect(mostMs - most).toBeLessThan((mostMs - leastMs) * 0.01);
}

function isOrdered(copies: readonly Copy[]): boolean {
  return copies.every((copy, i) => i === 0 || copy.arrivalMs >= (copies[i - 1] as Copy).arrivalMs);
}

describe("an ideal link", () => {
  it("passes everything on at once, once and whole", () => {
    const copies = simulate({});
    expect(copies.length).toBe(N);
    expect(copies.every((c) => c.arrivalMs === c.sentMs && !c.corrupted)).toBe(true);
  });

  it("takes empty datagrams", () => {
    const link = new LinkSimulator({ bandwidthBytesPerSecond: 1000, corrupt: 1 }, 1);
    expect(link.transmit(0, 5)).toBe(1);
    expect(link.arrivalMs(0)).toBe(5);
  });

  it.each([-1, Number.NaN, Infinity])("refuses a size of %s", (size) => {
    expect(() => new LinkSimulator({}, 1).transmit(size, 0)).toThrow(RangeError);
  });

  it.each([Number.NaN, Infinity])("refuses the time %s", (nowMs) => {
    expect(() => new LinkSimulator({}, 1).transmit(1, nowMs)).toThrow(RangeError);
  });
});

describe("latency and jitter", () => {
  it("delays every datagram by the latency alone when there is no jitter", () => {
    expect(simulate({ latencyMs: 37.5 }).every((c) => c.arrivalMs === c.sentMs + 37.5)).toBe(true);
  });

  it("spreads the delay evenly over latency..latency + jitter when datagrams are further apart than the jitter", () => {
    const copies = simulate({ latencyMs: 50, jitterMs: 10 });
    expectDelays(copies, 50, 60);
    const bins = new Float64Array(10);
    for (const { arrivalMs, sentMs } of copies) bins[Math.min(9, Math.floor(arrivalMs - sentMs - 50))]!++;
    for (const bin of bins) expect(Math.abs(bin / N - 0.1)).toBeLessThan(0.005);
  });

  it("keeps order and bounds when datagrams are closer together than the jitter", () => {
    const copies = run(new LinkSimulator({ latencyMs: 20, jitterMs: 30 }, 2), N, 1);
    expect(isOrdered(copies)).toBe(true);
    const [least, most] = delayRange(copies);
    expect(least).toBeGreaterThanOrEqual(20);
    expect(most).toBeLessThanOrEqual(50);
  });
});

describe("loss", () => {
  it.each([0.01, 0.05, 0.2])("of %s takes that share", (loss) => {
    const link = new LinkSimulator({ loss }, 3);
    const arrived = run(link).length;
    expect(Math.abs(1 - arrived / N - loss)).toBeLessThan(0.004);
    expect(link.statistics).toMatchObject({ offered: N, passed: arrived, lost: N - arrived });
  });

  it("in bursts has the mean length asked for", () => {
    const arrived = new Set(simulate({ loss: 0.3, burst: 3 }, 4).map((c) => c.index));
    let bursts = 0;
    for (let i = 0; i < N; i++) if (!arrived.has(i) && (i === 0 || arrived.has(i - 1))) bursts++;
    expect(Math.abs(1 - arrived.size / N - 0.3)).toBeLessThan(0.01);
    expect(Math.abs((N - arrived.size) / bursts - 3)).toBeLessThan(0.1);
  });

  it("says so in the verdict", () => {
    const link = new LinkSimulator({ loss: 1 }, 5);
    expect(link.transmit(10, 0)).toBe(0);
    expect(link.verdict).toBe("lost");
  });

  it("does not depend on the other faults", () => {
    const indexes = (options: LinkSpec): number[] => [...new Set(simulate(options, 6).map((c) => c.index))];
    const plain = indexes({ loss: 0.1, burst: 2 });
    const busy = indexes({ loss: 0.1, burst: 2, jitterMs: 30, reorder: 0.3, duplicate: 0.2, corrupt: 0.1 });
    expect(busy).toEqual(plain);
  });
});

describe("reorder", () => {
  it.each([0.04, 0.3])("of %s holds that share back, far enough for the next of a 60 Hz game to pass", (reorder) => {
    const link = new LinkSimulator({ latencyMs: 25, reorder }, 7);
    const copies = run(link);
    const heldBack = copies.filter((c) => c.arrivalMs > c.sentMs + 25);
    expect(Math.abs(heldBack.length / N - reorder)).toBeLessThan(0.005);
    expect(link.statistics.heldBack).toBe(heldBack.length);
    expectDelays(heldBack, 45, 65);
    // Passed by at least one later datagram: all but those whose followers within 40 ms were held back too.
    const passed = heldBack.filter(({ index, arrivalMs }) =>
      copies.slice(index + 1, index + 4).some((later) => later.arrivalMs < arrivalMs),
    );
    expect(passed.length / heldBack.length).toBeGreaterThan(1 - 2 * reorder);
  });

  it("leaves the others in order", () => {
    const copies = run(new LinkSimulator({ latencyMs: 10, jitterMs: 5, reorder: 0.2, reorderDelayMs: 100 }, 8), N, 1);
    expect(isOrdered(copies.filter((c) => c.arrivalMs - c.sentMs < 100))).toBe(true);
  });

  it("takes its distance from reorderDelayMs", () => {
    expectDelays(simulate({ reorder: 1, reorderDelayMs: 300 }, 9), 300, 600);
  });
});

describe("duplicate", () => {
  it("delivers that share twice, within the bounds of the delay", () => {
    const link = new LinkSimulator({ latencyMs: 30, jitterMs: 10, duplicate: 0.1 }, 10);
    const copies = run(link);
    const seconds = copies.filter((c) => c.copy === 1);
    expect(Math.abs(seconds.length / N - 0.1)).toBeLessThan(0.004);
    expect(link.statistics.duplicated).toBe(seconds.length);
    expectDelays(seconds, 30, 40);
    expect(isOrdered(copies)).toBe(true);
  });

  it("never makes copies of what is lost", () => {
    expect(simulate({ duplicate: 1, loss: 1 })).toEqual([]);
  });
});

describe("corrupt", () => {
  it("marks that share of the copies", () => {
    const link = new LinkSimulator({ corrupt: 0.3, duplicate: 0.5 }, 11);
    const copies = run(link);
    const corrupted = copies.filter((c) => c.corrupted).length;
    expect(Math.abs(corrupted / copies.length - 0.3)).toBeLessThan(0.005);
    expect(link.statistics.corrupted).toBe(corrupted);
  });

  it("damages one to four bytes in a row, always and at every place", () => {
    const link = new LinkSimulator({}, 12);
    const hits = new Float64Array(32);
    let odd = 0;
    for (let round = 0; round < 2000; round++) {
      const bytes = new Uint8Array(32);
      link.damage(bytes);
      const changed = [...bytes.keys()].filter((i) => bytes[i] !== 0);
      const span = (changed.at(-1) as number) - (changed[0] as number) + 1;
      if (changed.length < 1 || changed.length > 4 || span !== changed.length) odd++;
      for (const i of changed) hits[i]!++;
    }
    expect(odd).toBe(0);
    expect(hits.every((n) => n > 20)).toBe(true);
  });

  it("damages a single byte, and leaves an empty datagram alone", () => {
    const link = new LinkSimulator({}, 13);
    const one = Uint8Array.of(7);
    link.damage(one);
    expect(one[0]).not.toBe(7);
    expect(() => link.damage(new Uint8Array(0))).not.toThrow();
  });
});

describe("repeatability", () => {
  it("gives the same outcome for the same seed and stream, and another for others", () => {
    const outcome = (seed: number, stream: number[]): string =>
      JSON.stringify(run(new LinkSimulator("hostile", seed, stream), 500));
    expect(outcome(1, [2])).toBe(outcome(1, [2]));
    expect(new Set([outcome(1, [2]), outcome(2, [2]), outcome(1, [3])]).size).toBe(3);
  });
});

import { describe, expect, it } from "vitest";
import { burstLoss, type GilbertElliott, independentLoss, LossModel, meanLoss } from "../src/loss-model.js";
import { Prng } from "../src/prng.js";

const DRAWS = 400_000;

interface Measured {
  readonly share: number;
  readonly meanBurst: number;
}

function measure(model: GilbertElliott, seed: number): Measured {
  const loss = new LossModel(model, new Prng(seed));
  let lost = 0;
  let bursts = 0;
  let before = false;
  for (let i = 0; i < DRAWS; i++) {
    const drop = loss.drop();
    if (drop) lost++;
    if (drop && !before) bursts++;
    before = drop;
  }
  return { share: lost / DRAWS, meanBurst: bursts === 0 ? 0 : lost / bursts };
}

describe("independentLoss", () => {
  it.each([0.01, 0.05, 0.2, 0.5, 0.9])("loses a share of %s, in runs as chance makes them", (loss) => {
    const { share, meanBurst } = measure(independentLoss(loss), 11);
    expect(Math.abs(share - loss)).toBeLessThan(0.003);
    expect(Math.abs(meanBurst * (1 - loss) - 1)).toBeLessThan(0.03);
  });

  it("loses nothing at 0 and all at 1", () => {
    expect(measure(independentLoss(0), 1).share).toBe(0);
    expect(measure(independentLoss(1), 1).share).toBe(1);
  });
});

describe("burstLoss", () => {
  it.each([
    [0.01, 3],
    [0.05, 2],
    [0.3, 3],
    [0.2, 1],
    [0.5, 10],
    [0.5, 1],
    [0.9, 20],
  ])("loses a share of %s in bursts of %s", (loss, burst) => {
    const { share, meanBurst } = measure(burstLoss(loss, burst), 12);
    expect(Math.abs(share / loss - 1)).toBeLessThan(0.06);
    expect(Math.abs(meanBurst / burst - 1)).toBeLessThan(0.05);
  });

  it("loses nothing at 0 and all at 1", () => {
    expect(measure(burstLoss(0, 5), 1).share).toBe(0);
    expect(measure(burstLoss(1, 5), 1).share).toBe(1);
  });

  it("has bursts of geometric length", () => {
    const loss = new LossModel(burstLoss(0.1, 4), new Prng(5));
    const lengths = new Map<number, number>();
    let run = 0;
    for (let i = 0; i < DRAWS; i++) {
      if (loss.drop()) run++;
      else if (run > 0) {
        lengths.set(run, (lengths.get(run) ?? 0) + 1);
        run = 0;
      }
    }
    const bursts = [...lengths.values()].reduce((a, b) => a + b, 0);
    for (const length of [1, 2, 3, 4]) {
      const expected = 0.25 * 0.75 ** (length - 1);
      expect(Math.abs((lengths.get(length) ?? 0) / bursts - expected)).toBeLessThan(0.015);
    }
  });

  it("refuses bursts that are too short for their share", () => {
    expect(() => burstLoss(0.9, 1)).toThrow(RangeError);
    expect(() => burstLoss(0.75, 2)).toThrow(/"burst" expected at least 3 for a loss of 0.75, got 2/);
    expect(() => burstLoss(0.75, 3)).not.toThrow();
  });
});

describe("a Gilbert-Elliott model", () => {
  const model: GilbertElliott = { goodToBad: 0.02, badToGood: 0.2, lossInGood: 0.01, lossInBad: 0.5 };

  it("loses what its stationary distribution says", () => {
    expect(meanLoss(model)).toBeCloseTo((0.2 * 0.01 + 0.02 * 0.5) / 0.22, 12);
    expect(Math.abs(measure(model, 13).share / meanLoss(model) - 1)).toBeLessThan(0.04);
  });

  it("starts in its stationary distribution: the first datagram is no luckier than others", () => {
    const sticky: GilbertElliott = { goodToBad: 1e-6, badToGood: 1e-6, lossInGood: 0, lossInBad: 1 };
    let lost = 0;
    for (let seed = 0; seed < 2000; seed++) if (new LossModel(sticky, new Prng(seed)).drop()) lost++;
    expect(lost / 2000).toBeGreaterThan(0.45);
    expect(lost / 2000).toBeLessThan(0.55);
  });

  it("stays good for ever when it never moves", () => {
    const still: GilbertElliott = { goodToBad: 0, badToGood: 0, lossInGood: 0.25, lossInBad: 1 };
    expect(meanLoss(still)).toBe(0.25);
    expect(Math.abs(measure(still, 2).share - 0.25)).toBeLessThan(0.005);
  });

  it("takes over other probabilities at once", () => {
    const loss = new LossModel(independentLoss(1), new Prng(1));
    expect(loss.drop()).toBe(true);
    loss.configure(independentLoss(0));
    for (let i = 0; i < 100; i++) expect(loss.drop()).toBe(false);
  });
});

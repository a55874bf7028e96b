import { describe, expect, it } from "vitest";
import { DelaySampler, type DelayTail } from "../src/delay-tail.js";
import { LinkSimulator } from "../src/link.js";
import type { LinkOptions } from "../src/link-options.js";
import { Prng } from "../src/prng.js";

const DRAWS = 60_000;
const SEED = 9;

function draws(tail: DelayTail): Float64Array {
  const sampler = new DelaySampler(tail);
  const random = new Prng(SEED);
  return Float64Array.from({ length: DRAWS }, (_, i) => sampler.draw(random, i)).sort();
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: Float64Array): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length);
}

describe(`delay tails (seed ${SEED})`, () => {
  it.each([
    { distribution: "gamma", meanMs: 20, deviationMs: 10 },
    { distribution: "gamma", meanMs: 5, deviationMs: 10 },
    { distribution: "lognormal", meanMs: 20, deviationMs: 10 },
    { distribution: "lognormal", meanMs: 6, deviationMs: 10 },
  ] as const)("$distribution has mean $meanMs and deviation $deviationMs", (tail) => {
    const values = draws({ ...tail, maxMs: 1e6 });
    expect(Math.abs(mean(values) / tail.meanMs - 1)).toBeLessThan(0.02);
    expect(Math.abs(deviation(values) / tail.deviationMs - 1)).toBeLessThan(0.08);
    expect(values[0]).toBeGreaterThanOrEqual(0);
  });

  it("pareto has its mean, and the quantiles of Lomax's distribution", () => {
    const values = draws({ distribution: "pareto", meanMs: 10, deviationMs: 20, maxMs: 1e9 });
    expect(Math.abs(mean(values) / 10 - 1)).toBeLessThan(0.06);
    // shape 2 s^2 / (s^2 - m^2) = 8/3, scale m (shape - 1) = 50/3
    for (const share of [0.5, 0.9, 0.99]) {
      const expected = (50 / 3) * ((1 - share) ** (-3 / 8) - 1);
      expect(Math.abs((values[Math.floor(share * DRAWS)] as number) / expected - 1)).toBeLessThan(0.05);
    }
  });

  it("lean to the right: the median is below the mean, the 99.9th percentile many times above", () => {
    for (const distribution of ["gamma", "lognormal", "pareto"] as const) {
      const values = draws({ distribution, meanMs: 10, deviationMs: 20 });
      expect(values[DRAWS / 2]).toBeLessThan(8);
      expect(values[Math.floor(DRAWS * 0.999)]).toBeGreaterThan(100);
    }
  });

  it("never exceed the maximum, 2000 ms when none is given", () => {
    const values = draws({ distribution: "pareto", meanMs: 100, deviationMs: 1000, maxMs: 250 });
    expect(values.at(-1)).toBe(250);
    expect(draws({ distribution: "pareto", meanMs: 500, deviationMs: 5000 }).at(-1)).toBe(2000);
  });

  it("hold for a while", () => {
    const sampler = new DelaySampler({ distribution: "gamma", meanMs: 10, deviationMs: 10, holdMs: 20 });
    const random = new Prng(SEED);
    const first = sampler.draw(random, 0);
    expect(sampler.draw(random, 19.9)).toBe(first);
    expect(sampler.draw(random, 20)).not.toBe(first);
  });

  it.each([
    [{ distribution: "normal", meanMs: 1, deviationMs: 1 }, '"delayTail.distribution" expected one of gamma'],
    [{ distribution: "gamma", meanMs: 0, deviationMs: 1 }, '"delayTail.meanMs"'],
    [{ distribution: "gamma", meanMs: 1, deviationMs: Number.NaN }, '"delayTail.deviationMs"'],
    [{ distribution: "gamma", meanMs: 1, deviationMs: 1, maxMs: -1 }, '"delayTail.maxMs"'],
    [{ distribution: "gamma", meanMs: 1, deviationMs: 1, holdMs: Infinity }, '"delayTail.holdMs"'],
    [{ distribution: "pareto", meanMs: 10, deviationMs: 10 }, "expected more than the mean"],
  ])("refuse %o", (delayTail, message) => {
    expect(() => new LinkSimulator({ delayTail } as LinkOptions, 1)).toThrow(RangeError);
    expect(() => new LinkSimulator({ delayTail } as LinkOptions, 1)).toThrow(message);
  });

  it("in the bad state need the other tail and a model with states", () => {
    const delayTailInBad = { distribution: "gamma", meanMs: 1, deviationMs: 1 } as const;
    expect(() => new LinkSimulator({ delayTailInBad }, 1)).toThrow('"delayTailInBad" expected with "delayTail"');
    expect(() => new LinkSimulator({ delayTailInBad, delayTail: delayTailInBad }, 1)).toThrow(RangeError);
  });
});

describe(`a link with delay tails (seed ${SEED})`, () => {
  const gilbertElliott = { goodToBad: 0.02, badToGood: 0.2, lossInGood: 0, lossInBad: 0.5 };
  const delayTail = { distribution: "gamma", meanMs: 2, deviationMs: 2 } as const;
  const delayTailInBad = { distribution: "lognormal", meanMs: 100, deviationMs: 50 } as const;

  /** Delays of datagrams sent far apart, and whether one was lost just before. */
  function run(options: LinkOptions): { delayMs: number; afterLoss: boolean }[] {
    const link = new LinkSimulator(options, SEED);
    const seen = [];
    let afterLoss = false;
    for (let i = 0; i < 50_000; i++) {
      const nowMs = i * 5000;
      if (link.transmit(100, nowMs) > 0) seen.push({ delayMs: link.arrivalMs(0) - nowMs, afterLoss });
      afterLoss = link.verdict === "lost";
    }
    return seen;
  }

  function average(delays: { delayMs: number }[]): number {
    return delays.reduce((sum, { delayMs }) => sum + delayMs, 0) / delays.length;
  }

  it("delays what comes around a loss far more", () => {
    const seen = run({ gilbertElliott, delayTail, delayTailInBad });
    const near = average(seen.filter(({ afterLoss }) => afterLoss));
    const away = average(seen.filter(({ afterLoss }) => !afterLoss));
    expect(near).toBeGreaterThan(5 * away);
  });

  it("keeps the order", () => {
    const link = new LinkSimulator({ gilbertElliott, delayTail, delayTailInBad }, SEED);
    const arrivals = [];
    for (let i = 0; i < 20_000; i++) if (link.transmit(100, i) > 0) arrivals.push(link.arrivalMs(0));
    expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
  });

  it("loses the same datagrams as without", () => {
    const fates = (options: LinkOptions): string => {
      const link = new LinkSimulator(options, SEED);
      return Array.from({ length: 2000 }, (_, i) => link.transmit(100, i)).join("");
    };
    expect(fates({ gilbertElliott, delayTail, delayTailInBad })).toBe(fates({ gilbertElliott }));
  });

  it("takes other tails during a run", () => {
    const link = new LinkSimulator({ delayTail }, SEED);
    link.configure({}, 0);
    link.transmit(100, 10);
    expect(link.arrivalMs(0)).toBe(10);
    link.configure({ delayTail: { ...delayTail, meanMs: 500, deviationMs: 1 } }, 10);
    link.transmit(100, 20);
    expect(link.arrivalMs(0)).toBeGreaterThan(500);
  });
});

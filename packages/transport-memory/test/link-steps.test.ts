import { describe, expect, it } from "vitest";
import type { DelayTail } from "../src/delay-tail.js";
import { LinkSimulator } from "../src/link.js";
import type { LinkOptions } from "../src/link-options.js";
import type { LinkSpec } from "../src/link-spec.js";
import { type LinkTrace, linkTraceFromMahimahi } from "../src/link-trace.js";

const N = 200_000;

function traceOf(durationMs: number, steps: LinkTrace["steps"]): LinkTrace {
  return { format: "sortie-link-trace/1", durationMs, steps };
}

/** Equal steps of 10 ms, but that the jitter is another in every second one. */
function restless(): LinkTrace {
  const steps = Array.from({ length: 100 }, (_, i) => ({ atMs: i * 10, jitterMs: i % 2 }));
  return traceOf(1000, steps);
}

/** Which of N datagrams, one in 16 ms, are lost. */
function losses(link: LinkSimulator, between: (index: number) => void = () => {}): boolean[] {
  return Array.from({ length: N }, (_, i) => {
    between(i);
    return link.transmit(100, i * 16) === 0 && link.verdict === "lost";
  });
}

function measure(spec: LinkSpec): { readonly loss: number; readonly burst: number } {
  const lost = losses(new LinkSimulator(spec, 7));
  const count = lost.filter(Boolean).length;
  const bursts = lost.filter((isLost, i) => isLost && lost[i - 1] !== true).length;
  return { loss: count / N, burst: count / bursts };
}

function meanDelayMs(spec: LinkSpec): number {
  const link = new LinkSimulator(spec, 5);
  let sum = 0;
  for (let i = 0; i < 50_000; i++) {
    link.transmit(100, i * 5);
    sum += link.arrivalMs(0) - i * 5;
  }
  return sum / 50_000;
}

describe("a step that leaves loss and tail as they are", () => {
  it("does not cut bursts short", () => {
    const text = Array.from({ length: 1000 }, (_, i) => `${i + 1}`).join("\n");
    for (const windowMs of [20, 100]) {
      const trace = linkTraceFromMahimahi(text, windowMs);
      const { loss, burst } = measure({ trace, base: { loss: 0.1, burst: 20 } });
      expect(Math.abs(loss / 0.1 - 1)).toBeLessThan(0.1);
      expect(Math.abs(burst / 20 - 1)).toBeLessThan(0.1);
    }
  });

  it.each<[string, LinkOptions]>([
    ["independent loss", { loss: 0.2 }],
    ["bursts", { loss: 0.2, burst: 5 }],
  ])("loses the same datagrams as without it: %s", (_name, base) => {
    const plain = losses(new LinkSimulator(base, 5));
    const differing = (other: readonly boolean[]): number => other.filter((isLost, i) => isLost !== plain[i]).length;
    expect(differing(losses(new LinkSimulator({ trace: restless(), base }, 5)))).toBe(0);
    const configured = new LinkSimulator(base, 5);
    const reconfigure = (i: number): void => configured.configure({ ...base, latencyMs: i % 7 }, i * 16);
    expect(differing(losses(configured, reconfigure))).toBe(0);
  });

  it("lets a held delay hold", () => {
    const delayTail: DelayTail = { distribution: "lognormal", meanMs: 20, deviationMs: 20, holdMs: 500 };
    const plain = meanDelayMs({ delayTail });
    const steps = Array.from({ length: 100 }, (_, i) => ({ atMs: i * 10, mtu: 1000 + i }));
    expect(meanDelayMs({ trace: traceOf(1000, steps), base: { delayTail } })).toBe(plain);
    const link = new LinkSimulator({ delayTail }, 5);
    link.transmit(100, 0);
    const heldMs = link.arrivalMs(0);
    link.configure({ delayTail: { ...delayTail } }, 10);
    link.transmit(100, heldMs + 10);
    expect(link.arrivalMs(0)).toBeCloseTo(2 * heldMs + 10, 9);
    link.configure({ delayTail: { ...delayTail, meanMs: 300 } }, heldMs + 20);
    link.transmit(100, 3 * heldMs + 20);
    expect(link.arrivalMs(0)).not.toBeCloseTo(4 * heldMs + 20, 9);
  });
});

describe("a step that says something of loss", () => {
  const calm = traceOf(1000, [{ atMs: 0 }]);
  const bursts = traceOf(1000, [{ atMs: 0, burst: 4 }]);

  it.each<[string, LinkOptions, number]>([
    ["a share", { loss: 0.1 }, 0.1],
    ["a share in bursts", { loss: 0.1, burst: 20 }, 0.1],
    [
      "a model and a tail in its bad state",
      {
        gilbertElliott: { goodToBad: 0.02, badToGood: 0.08, lossInGood: 0, lossInBad: 0.5 },
        delayTail: { distribution: "gamma", meanMs: 5, deviationMs: 5 },
        delayTailInBad: { distribution: "gamma", meanMs: 50, deviationMs: 50 },
      },
      0.1,
    ],
  ])("by burst alone keeps how much is lost: %s", (_name, base, expected) => {
    const { loss, burst } = measure({ trace: bursts, base });
    expect(Math.abs(loss / expected - 1)).toBeLessThan(0.1);
    expect(Math.abs(burst / 4 - 1)).toBeLessThan(0.1);
    expect(Math.abs(measure({ trace: calm, base }).burst / 4 - 1)).toBeGreaterThan(0.3);
  });

  it("by share replaces bursts as well", () => {
    const trace = traceOf(1000, [{ atMs: 0, loss: 0.1 }]);
    const { loss, burst } = measure({ trace, base: { loss: 0.5, burst: 20 } });
    expect(Math.abs(loss / 0.1 - 1)).toBeLessThan(0.1);
    expect(Math.abs(burst / (1 / 0.9) - 1)).toBeLessThan(0.1);
  });

  it("as undefined says nothing", () => {
    const step = { atMs: 0, loss: undefined, latencyMs: undefined } as unknown as { readonly atMs: number };
    const link = new LinkSimulator({ trace: traceOf(1000, [step]), base: { loss: 1 } }, 1);
    expect([link.transmit(100, 0), link.verdict]).toEqual([0, "lost"]);
  });
});

describe("the queue of a step that lets nothing go", () => {
  /** bytes. The longest queue in 0..toMs, when much more is sent than the link lets through. */
  function longestQueue(spec: LinkSpec, fromMs: number, toMs: number): number {
    const link = new LinkSimulator(spec, 1);
    let longest = 0;
    for (let ms = 0; ms < toMs; ms++) {
      for (let i = 0; i < 10; i++) link.transmit(1000, ms);
      if (ms >= fromMs) longest = Math.max(longest, link.queuedBytes(ms));
    }
    expect(link.statistics.queueFull).toBeGreaterThan(0);
    return longest;
  }
  const go = (bandwidthBytesPerSecond: number): LinkTrace =>
    traceOf(2000, [{ atMs: 0, bandwidthBytesPerSecond }, { atMs: 500, bandwidthBytesPerSecond: 0 }, { atMs: 1500 }]);

  it.each<[string, LinkTrace, LinkOptions, number]>([
    ["is that of the step before", go(500_000), {}, 50_000],
    ["is that of the step before, not of the base", go(500_000), { bandwidthBytesPerSecond: 1e6 }, 50_000],
    ["is ten full packets at the least", go(10_000), {}, 15_000],
    ["is as the base says", go(500_000), { queueBytes: 30_000 }, 30_000],
    [
      "is as the step says",
      traceOf(2000, [
        { atMs: 0, bandwidthBytesPerSecond: 500_000 },
        { atMs: 500, bandwidthBytesPerSecond: 0, queueBytes: 70_000 },
      ]),
      {},
      70_000,
    ],
    [
      "is the base's where no step is before",
      traceOf(2000, [{ atMs: 0, bandwidthBytesPerSecond: 0 }, { atMs: 1900 }]),
      { bandwidthBytesPerSecond: 800_000 },
      80_000,
    ],
    [
      "is ten full packets after a step without a limit",
      traceOf(2000, [{ atMs: 0 }, { atMs: 500, bandwidthBytesPerSecond: 0 }]),
      {},
      15_000,
    ],
    [
      "is that of the last step with a rate after several that let nothing go",
      traceOf(2000, [
        { atMs: 0, bandwidthBytesPerSecond: 500_000 },
        { atMs: 500, bandwidthBytesPerSecond: 0 },
        { atMs: 600, bandwidthBytesPerSecond: 0, loss: 0.5 },
      ]),
      {},
      50_000,
    ],
  ])("%s", (_name, trace, base, expected) => {
    const longest = longestQueue({ trace, base }, 500, 1500);
    expect(longest).toBeLessThanOrEqual(expected);
    expect(longest).toBeGreaterThan(expected - 1000);
  });
});

import { describe, expect, it } from "vitest";
import { LinkSimulator } from "../src/link.js";
import type { LinkOptions } from "../src/link-options.js";
import { meanLoss } from "../src/loss-model.js";
import { type PresetName, PRESETS } from "../src/presets.js";

const PROBABILITIES = ["loss", "reorder", "duplicate", "corrupt"] as const;
const DELAYS = ["latencyMs", "jitterMs", "reorderDelayMs"] as const;

function make(options: object): () => LinkSimulator {
  return () => new LinkSimulator(options as LinkOptions, 1);
}

describe("link options", () => {
  it.each(PROBABILITIES)("%s is a share of 0..1", (name) => {
    expect(make({ [name]: 0 })).not.toThrow();
    expect(make({ [name]: 1 })).not.toThrow();
    for (const bad of [-0.01, 1.01, 5, Number.NaN, "0.5"]) {
      expect(make({ [name]: bad })).toThrow(RangeError);
      expect(make({ [name]: bad })).toThrow(
        `"${name}" expected 0..1, got ${typeof bad === "string" ? `"${bad}"` : bad}`,
      );
    }
  });

  it.each(DELAYS)("%s is a time of at most a day", (name) => {
    expect(make({ [name]: 86_400_000 })).not.toThrow();
    for (const bad of [-1, 86_400_001, Infinity, Number.NaN]) expect(make({ [name]: bad })).toThrow(`"${name}"`);
  });

  it.each([
    ["burst", 0.5],
    ["burst", Number.NaN],
    ["bandwidthBytesPerSecond", 0],
    ["bandwidthBytesPerSecond", -5],
    ["bandwidthBytesPerSecond", 1e12],
    ["queueBytes", -1],
    ["mtu", 0],
    ["mtu", 1200.5],
    ["overheadBytes", -1],
    ["overheadBytes", 0.5],
  ])("%s may not be %s", (name, value) => {
    expect(make({ [name]: value })).toThrow(RangeError);
    expect(make({ [name]: value })).toThrow(`"${name}" expected`);
  });

  it("takes Infinity for no limit", () => {
    expect(make({ bandwidthBytesPerSecond: Infinity, mtu: Infinity, queueBytes: Infinity })).not.toThrow();
  });

  it("takes a Gilbert-Elliott model in place of loss and burst, not beside them", () => {
    const gilbertElliott = { goodToBad: 0.1, badToGood: 0.1, lossInGood: 0, lossInBad: 1 };
    expect(make({ gilbertElliott })).not.toThrow();
    expect(make({ gilbertElliott, loss: 0.1 })).toThrow(RangeError);
    expect(make({ gilbertElliott, burst: 2 })).toThrow(RangeError);
    expect(make({ gilbertElliott: { ...gilbertElliott, lossInBad: 2 } })).toThrow(/gilbertElliott.lossInBad/);
  });

  it("refuses names that there are not, within a loss model and a tail too", () => {
    expect(make({ latency: 50 })).toThrow(TypeError);
    expect(make({ latency: 50 })).toThrow('"link" expected only latencyMs, jitterMs');
    expect(make({ latencyMS: 50 })).toThrow('"link" expected "latencyMs", got "latencyMS"');
    const tail = { distribution: "gamma", meanMs: 5, deviationMs: 5 };
    expect(make({ delayTail: { ...tail, hold: 5 } })).toThrow('"delayTail" expected only distribution');
    const model = { goodToBad: 0.1, badToGood: 0.1, lossInGood: 0, lossInBad: 1 };
    expect(make({ gilbertElliott: { ...model, loss: 1 } })).toThrow('"gilbertElliott" expected only goodToBad');
    const trace = { format: "sortie-link-trace/1", durationMs: 100, steps: [{ atMs: 0 }] };
    expect(make({ trace, latencyMs: 50 })).toThrow('"link" expected only trace, base, got "latencyMs"');
    expect(make({ trace, base: { latency: 50 } })).toThrow('"link" expected only latencyMs, jitterMs');
    expect(make({ latencyMs: undefined, latency: undefined })).not.toThrow();
    expect(() => new LinkSimulator({}, 1).configure({ lost: 1 } as object, 0)).toThrow('"link" expected only');
  });

  it("refuses null, which is no default", () => {
    for (const name of [...PROBABILITIES, ...DELAYS, "mtu", "queueBytes", "overheadBytes", "bandwidthBytesPerSecond"]) {
      expect(make({ [name]: null })).toThrow(`"${name}" expected`);
    }
    for (const name of ["delayTail", "gilbertElliott"]) {
      expect(make({ [name]: null })).toThrow(`"${name}" expected an object, got null`);
    }
    const trace = { format: "sortie-link-trace/1", durationMs: 100, steps: [{ atMs: 0 }] };
    for (const link of [null, [], 5]) expect(make(link as object)).toThrow('"link" expected an object, got');
    expect(make({ trace, base: null })).toThrow('"link" expected an object, got null');
  });

  it("refuses bursts of a loss that there is not", () => {
    expect(make({ burst: 4 })).toThrow(RangeError);
    expect(make({ burst: 4 })).toThrow('"burst" expected with "loss", got it without');
    expect(make({ burst: 4, loss: 0 })).not.toThrow();
  });

  it("refuses bursts too short for the loss", () => {
    expect(make({ loss: 0.9, burst: 2 })).toThrow(RangeError);
  });
});

describe("presets", () => {
  const names = Object.keys(PRESETS) as PresetName[];

  it("has the seven names", () => {
    expect(names).toEqual(["lan", "broadband", "wifi", "mobile-4g", "congested", "satellite", "hostile"]);
  });

  it.each(names)("%s carries what every Sortie path must carry, and behaves as its figures say", (name) => {
    const preset: LinkOptions = PRESETS[name];
    const link = new LinkSimulator(name, 1);
    const sent = 100_000;
    let worstMs = 0;
    for (let i = 0; i < sent; i++) {
      const nowMs = i * 20;
      if (link.transmit(1200, nowMs) > 0) worstMs = Math.max(worstMs, link.arrivalMs(0) - nowMs);
    }
    const expected = preset.gilbertElliott === undefined ? (preset.loss ?? 0) : meanLoss(preset.gilbertElliott);
    expect(link.statistics.tooBig).toBe(0);
    expect(link.statistics.queueFull).toBe(0);
    expect(Math.abs(link.statistics.lost / sent - expected)).toBeLessThan(0.004 + expected * 0.05);
    const transmissionMs = (1228 * 1000) / (preset.bandwidthBytesPerSecond ?? Infinity);
    const holdMs = (preset.reorder ?? 0) > 0 ? 40 : 0;
    const tailMs = Math.max(preset.delayTail?.maxMs ?? 0, preset.delayTailInBad?.maxMs ?? 0);
    const boundMs = (preset.latencyMs ?? 0) + (preset.jitterMs ?? 0) + transmissionMs + holdMs;
    expect(worstMs).toBeLessThanOrEqual(boundMs + tailMs + 1e-6);
    expect(worstMs).toBeGreaterThan(boundMs * 0.9);
  });

  it("cannot be changed", () => {
    expect(Object.isFrozen(PRESETS)).toBe(true);
    expect(names.every((name) => Object.isFrozen(PRESETS[name]))).toBe(true);
  });

  it.each(["dialup", "toString", "__proto__"])("refuses the unknown name %s", (name) => {
    expect(() => new LinkSimulator(name as PresetName, 1)).toThrow(RangeError);
    expect(() => new LinkSimulator(name as PresetName, 1)).toThrow(/expected one of lan, broadband/);
  });
});

import { describe, expect, it } from "vitest";
import { resolveProtocolOptions } from "../src/protocol-options.js";

const weightsOf = (channelWeights: unknown) =>
  resolveProtocolOptions({ channelWeights: channelWeights as Record<number, number> }, 0).settings.channelWeights;

describe("channelWeights", () => {
  it.each([
    [{ 1: 3 }],
    [{}],
    [Object.create(null)],
    [Object.assign(Object.create(null) as object, { 7: 2 })],
    [Object.assign(new (class Weights {})(), { 2: 1 })],
  ])("takes %o", (weights: object) => {
    expect(weightsOf(weights)).toEqual({ ...weights });
  });

  it.each([
    [new Map([[1, 999]]), "Map"],
    [new Set([1]), "Set"],
    [new Date(0), "Date"],
    [Promise.resolve({ 1: 2 }), "Promise"],
  ])("refuses %o, whose entries are no properties", (weights, got) => {
    const message = `"channelWeights" expected a plain object of channels and weights, got a ${got}`;
    expect(() => weightsOf(weights)).toThrow(new TypeError(message));
  });
});

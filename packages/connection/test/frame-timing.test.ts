import { describe, expect, it } from "vitest";
import { type CongestionContext, resolveProtocolOptions } from "../src/protocol-options.js";

describe("the options of an owner that acts once a frame", () => {
  it("promise acknowledgements within the slowest frames, and hold them back for less than others do", () => {
    const { parameters, settings } = resolveProtocolOptions({}, 0, { intervalMs: 0, leadMs: 0 });
    expect(parameters.maxAckDelayMs).toBe(1000);
    expect(settings.ackDelayMs).toBe(8);
  });

  it("tell each controller the frames of the time when it is made, within 25 to 100 ms", () => {
    const frames = { intervalMs: 0, leadMs: 0 };
    const heard: number[] = [];
    const createCongestionController = ({ flushIntervalMs }: CongestionContext): never => {
      heard.push(flushIntervalMs);
      return undefined as never;
    };
    const { settings } = resolveProtocolOptions({ createCongestionController }, 0, frames);
    for (const intervalMs of [0, 16, 33, 100, 1000]) {
      frames.intervalMs = intervalMs;
      expect(() => settings.createCongestionController?.()).toThrow(TypeError);
    }
    expect(heard).toEqual([25, 25, 33, 100, 100]);
  });
});

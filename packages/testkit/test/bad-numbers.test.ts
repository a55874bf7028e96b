import { describe, expect, it } from "vitest";
import { ConnectionPair, TraceRecorder } from "../src/index.js";

const SEED = 3;
/** What is no time, and how a message shows it. */
const NO_TIMES: readonly (readonly [unknown, string])[] = [
  [undefined, "undefined"],
  [null, "null"],
  [Number.NaN, "NaN"],
  [Infinity, "Infinity"],
  [-5, "-5"],
  ["1s", '"1s"'],
];

function bad(label: string, min: number, got: string): RangeError {
  return new RangeError(`"${label}" expected a finite number of ms, ${min} or more, got ${got}`);
}

describe("times that would hold a ConnectionPair for ever, or turn its time back", () => {
  const pair = new ConnectionPair({ seed: SEED });

  it.each(NO_TIMES)("run(%s)", (ms, got) => {
    expect(() => pair.run(ms as number)).toThrow(bad("ms", 0, got));
    expect(pair.nowMs).toBe(0);
  });

  it.each(NO_TIMES)("runUntil within %s", (ms, got) => {
    expect(() => pair.runUntil(() => false, ms as number)).toThrow(bad("maxMs", 0, got));
  });

  it.each([...NO_TIMES.slice(1), [0, "0"], [1e-9, "1e-9"]] as const)("runUntil in steps of %s", (ms, got) => {
    expect(() => pair.runUntil(() => false, 1000, ms as number)).toThrow(bad("stepMs", 0.001, got));
  });

  it.each(NO_TIMES.slice(1))("inject after %s", (ms, got) => {
    const inject = (): void => pair.inject(new Uint8Array(9), "server", pair.clientAddress, ms as number);
    expect(inject).toThrow(bad("delayMs", 0, got));
    const forge = (): void => pair.injectForged("client", 5, Uint8Array.of(0), ms as number);
    expect(forge).toThrow(bad("delayMs", 0, got));
    expect(pair.inFlight).toBe(0);
  });

  it("are none of these", () => {
    pair.inject(new Uint8Array(9), "server", pair.clientAddress, 0);
    pair.run(0);
    expect(pair.runUntil(() => pair.client.state === "connected", 2000, 0.5)).toBe(true);
    expect(pair.runUntil(() => false, 0)).toBe(false);
  });
});

describe("a TraceRecorder", () => {
  it.each<[unknown, string]>([
    [Number.NaN, "NaN"],
    [0, "0"],
    [1.5, "1.5"],
    [Infinity, "Infinity"],
    [{ maxEvents: 10 }, "an object"],
  ])("has no room of %j events: it would forget each at once", (maxEvents, got) => {
    const message = `"maxEvents" expected an integer of 1 or more, got ${got}`;
    expect(() => new TraceRecorder(maxEvents as number)).toThrow(new RangeError(message));
  });

  it("has room for one", () => {
    const recorder = new TraceRecorder(1);
    for (let atMs = 0; atMs < 3; atMs++) recorder.sink({ type: "path-changed", atMs });
    expect(recorder.events).toEqual([{ type: "path-changed", atMs: 2 }]);
  });
});

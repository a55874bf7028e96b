import { describe, expect, it } from "vitest";
import { LinkSimulator } from "../src/link.js";
import { linkTraceFromMahimahi } from "../src/link-trace.js";
import { LinkTraceRecorder } from "../src/link-trace-recorder.js";
import { meanLoss } from "../src/loss-model.js";
import { Prng } from "../src/prng.js";
import { VirtualClock } from "../src/virtual-clock.js";

/** What a mistyped call gives: the compiler's checks aside. */
function given(value: unknown): never {
  return value as never;
}

describe("a VirtualClock", () => {
  it.each<[unknown, Error]>([
    [{ start: 5 }, new TypeError('"options" expected only startMs, got "start"')],
    [null, new TypeError('"options" expected an object, got null')],
    [5, new TypeError('"options" expected an object, got 5')],
    [{ startMs: null }, new RangeError('"startMs" expected 0..4398046511104, got null')],
  ])("is not made with %j", (options, error) => {
    expect(() => new VirtualClock(given(options))).toThrow(error);
    expect(new VirtualClock({ startMs: undefined }).now()).toBe(0);
  });

  it("takes only functions as callbacks, and numbers as times", () => {
    const clock = new VirtualClock();
    const noFunction = new TypeError('"callback" expected a function, got 5');
    expect(() => clock.setTimer(50, given(5))).toThrow(noFunction);
    expect(() => clock.defer(given(5))).toThrow(noFunction);
    const noTime = new RangeError('"atMs" expected a finite number, got "50"');
    expect(() => clock.setTimer(given("50"), () => undefined)).toThrow(noTime);
    expect(clock.pendingTimers).toBe(0);
    expect(() => clock.advanceBy(100)).not.toThrow();
  });
});

describe("a LinkSimulator", () => {
  it.each<[string, object, number, string]>([
    ["one", {}, 1, "0, as one copy arrives, got 1"],
    ["one", {}, 5, "0, as one copy arrives, got 5"],
    ["two", { duplicate: 1 }, 2, "0 or 1, got 2"],
    ["none", { loss: 1 }, 0, "no call, as none arrives, got 0"],
  ])("that lets %s arrive tells of no other copy (%j, copy %i)", (_, options, copy, message) => {
    const link = new LinkSimulator(options, 1);
    const copies = link.transmit(100, 10);
    const error = new RangeError(`"copy" expected ${message}`);
    expect(() => link.arrivalMs(copy)).toThrow(error);
    expect(() => link.isCorrupted(copy)).toThrow(error);
    for (let there = 0; there < copies; there++)
      expect([link.arrivalMs(there), link.isCorrupted(there)]).toEqual([10, false]);
  });

  it("tells of no copy of the datagram before, nor of one before the first", () => {
    const link = new LinkSimulator({}, 1);
    expect(() => link.arrivalMs(0)).toThrow(RangeError);
    link.transmit(100, 10);
    link.configure({ mtu: 50 }, 10);
    expect(link.transmit(100, 10)).toBe(0);
    expect(() => link.arrivalMs(0)).toThrow(RangeError);
  });
});

describe("a LinkTraceRecorder", () => {
  it.each<[number, number, unknown, string]>([
    [Number.NaN, 5, 9, '"sizeBytes" expected a finite number of 0 or more, got NaN'],
    [-1, 5, 9, '"sizeBytes" expected a finite number of 0 or more, got -1'],
    [100, Number.NaN, 9, '"sentAtMs" expected a finite number, got NaN'],
    [100, 5, Number.NaN, '"arrivedAtMs" expected a finite number of 5 or more, got NaN'],
    [100, 5, Infinity, '"arrivedAtMs" expected a finite number of 5 or more, got Infinity'],
    [100, 5, 4, '"arrivedAtMs" expected a finite number of 5 or more, got 4'],
    [100, 5, null, '"arrivedAtMs" expected a finite number of 5 or more, got null'],
  ])("takes no datagram of %d bytes, sent at %d, arrived at %s", (sizeBytes, sentAtMs, arrivedAtMs, message) => {
    const recorder = new LinkTraceRecorder();
    expect(() => recorder.add(sizeBytes, sentAtMs, given(arrivedAtMs))).toThrow(new RangeError(message));
    expect(() => recorder.trace()).toThrow("nothing was recorded");
    expect([recorder.add(0, -50, -50), recorder.add(100, -40, -30)]).toEqual([true, true]);
    expect(recorder.trace().steps).toEqual([{ atMs: 0, latencyMs: 0, jitterMs: 10, loss: 0 }]);
  });
});

describe("numbers, texts and models that are none", () => {
  it.each([-4, 0, 1.5, Number.NaN, 2 ** 32 + 1])("a Prng draws no number below %s", (limit) => {
    const message = `"limit" expected an integer in 1..4294967296, got ${limit}`;
    expect(() => new Prng(5).below(limit)).toThrow(new RangeError(message));
    expect(new Prng(5).below(2 ** 32)).toBe(new Prng(5).uint32());
  });

  it("are no trace of Mahimahi's", () => {
    expect(() => linkTraceFromMahimahi(given(5))).toThrow(new TypeError('"text" expected a string, got 5'));
  });

  it("have no mean loss", () => {
    const model = { goodToBad: 0.02, badToGood: 0.2, lossInGood: 0.01, lossInBad: 2 };
    expect(() => meanLoss(given(null))).toThrow(new TypeError('"model" expected an object, got null'));
    expect(() => meanLoss(model)).toThrow(new RangeError('"model.lossInBad" expected 0..1, got 2'));
  });
});

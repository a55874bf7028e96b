import { describe, expect, it } from "vitest";
import { ByteBudget } from "../src/byte-budget.js";
import { AdaptiveRate } from "../src/congestion/adaptive-rate.js";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import { NewReno } from "../src/congestion/new-reno.js";
import type { EndpointOptions } from "../src/endpoint-options.js";
import { ReliableEndpoint } from "../src/reliable-endpoint.js";
import { createEndpoint } from "./support/pair.js";

/** An endpoint with options that the compiler would not let pass. */
function endpointWith(options: object): () => ReliableEndpoint {
  return () => createEndpoint(options as Partial<EndpointOptions>);
}

const CONTROLLER_METHODS =
  "onPacketSent, onPacketAcked, onAck, onPacketsLost, onSpuriousLoss, onPathChanged, canSend, nextSendAt";
const CONTROLLER_NUMBERS = "windowBytes, paceBytesPerSecond, bandwidthBytesPerSecond";

describe("where an endpoint begins to count", () => {
  it.each([
    ["initialPacketNumber", 1.5, "an integer in 0..281474976710655"],
    ["initialPacketNumber", 2 ** 47 + 0.5, "an integer in 0..281474976710655"],
    ["initialPacketNumber", 2 ** 48, "0..281474976710655"],
    ["initialMessageId", 1.5, "an integer in 0..65535"],
    ["initialMessageId", Number.NaN, "0..65535"],
    ["initialMessageId", 65_536, "0..65535"],
    ["initialMessageId", -1, "0..65535"],
  ])("%s may not be %s", (name, value, expected) => {
    expect(endpointWith({ [name]: value })).toThrow(new RangeError(`"${name}" expected ${expected}, got ${value}`));
  });

  it("may be at the edges", () => {
    expect(endpointWith({ initialPacketNumber: 2 ** 48 - 1, initialMessageId: 0xffff })).not.toThrow();
    expect(endpointWith({ initialPacketNumber: 0, initialMessageId: 0 })).not.toThrow();
  });
});

describe("what an endpoint calls is looked at as it is made", () => {
  it.each<[string, unknown, string]>([
    ["control", {}, "control frames, got an object without bytesOf, write, onAcked, resends"],
    ["control", undefined, "control frames, got undefined"],
    ["control", { bytesOf() {}, write() {}, onAcked() {} }, "control frames, got an object without resends"],
    ["congestion", {}, `a congestion controller, got an object without ${CONTROLLER_METHODS}, ${CONTROLLER_NUMBERS}`],
    ["congestion", null, "a congestion controller, got null"],
    ["congestion", "fixed", 'a congestion controller, got "fixed"'],
    ["congestion", FixedBudget, "a congestion controller, got a function"],
    ["congestion", Promise.resolve(new FixedBudget()), "a congestion controller, got a promise"],
    ["congestion", withoutWindow(), "a congestion controller, got an object without windowBytes"],
    ["reassemblyBudget", 65_536, "a ByteBudget, got 65536"],
    ["reassemblyBudget", {}, "a ByteBudget, got an object without fits, charge, tryCharge, release"],
    ["reassemblyBudget", null, "a ByteBudget, got null"],
    ["randomU32", null, "a function, got null"],
    ["randomU32", undefined, "a function, got undefined"],
    ["randomU32", 7, "a function, got 7"],
    ["fates", {}, "an object that sees fates, got an object without onPacketAcked, onPacketLost"],
    ["fates", null, "an object that sees fates, got null"],
    ["trace", null, "an object with functions, got null"],
    ["trace", () => undefined, "an object with functions, got a function"],
    ["trace", [], "an object with functions, got an array"],
  ])("%s: %o", (name, value, expected) => {
    expect(endpointWith({ [name]: value })).toThrow(new TypeError(`"${name}" expected ${expected}`));
  });

  it("what a trace has is a function, or left out", () => {
    const expected = new TypeError('"trace.onPacketLost" expected a function, got true');
    expect(endpointWith({ trace: { onPacketAcked: undefined, onPacketLost: true } })).toThrow(expected);
    expect(endpointWith({ trace: {} })).not.toThrow();
    // A recorder may have more than what is called.
    expect(endpointWith({ trace: { events: [], onPacketLost: () => undefined } })).not.toThrow();
  });

  it("by its parts: another copy of the package, or a proxy, does as well", () => {
    const congestion = new Proxy(new FixedBudget(), {});
    const { fits, charge, tryCharge, release } = ByteBudget.prototype;
    const reassemblyBudget = Object.assign(Object.create(null), new ByteBudget(1e6), {
      fits,
      charge,
      tryCharge,
      release,
    }) as ByteBudget;
    expect(endpointWith({ congestion, reassemblyBudget })).not.toThrow();
  });

  it("initialRttMs that is null is refused, and its range is told", () => {
    expect(endpointWith({ initialRttMs: null })).toThrow(new TypeError('"initialRttMs" expected a number, got object'));
    expect(endpointWith({ initialRttMs: 0 })).toThrow(new RangeError('"initialRttMs" expected 0.01..60000, got 0'));
  });
});

describe("names that there are not", () => {
  it("of an endpoint's options", () => {
    const only = '"options" expected only randomU32, localMaxAckDelayMs, usualDelayMs, peerMaxAckDelayMs,';
    expect(endpointWith({ maxDatagramBytse: 1200 })).toThrow(TypeError);
    expect(endpointWith({ maxDatagramBytse: 1200 })).toThrow(only);
    expect(endpointWith({ maxDatagramBytse: 1200 })).toThrow('got "maxDatagramBytse"');
    expect(endpointWith({ maxunreliableWaitMs: 50 })).toThrow(
      new TypeError('"options" expected "maxUnreliableWaitMs", got "maxunreliableWaitMs"'),
    );
    expect(endpointWith({ maxDatagramBytse: undefined })).not.toThrow();
  });

  it("of its limits", () => {
    const only =
      "maxQueuedBytes, maxQueuedMessages, maxInboxMessages, maxInboxBytes, unreliableReassemblyBytes, " +
      "unreliableReassemblySets";
    expect(endpointWith({ limits: { maxQueuedBtes: 5 } })).toThrow(
      new TypeError(`"limits" expected only ${only}, got "maxQueuedBtes"`),
    );
    expect(endpointWith({ limits: { maxQueuedBytes: 0 } })).toThrow(
      new RangeError('"maxQueuedBytes" expected 1..Infinity, got 0'),
    );
    expect(endpointWith({ limits: { maxQueuedBytes: undefined } })).toThrow(
      new TypeError('"maxQueuedBytes" expected a number, got undefined'),
    );
    expect(endpointWith({ limits: {} })).not.toThrow();
  });

  it.each<[unknown, string]>([
    [null, "null"],
    [5, "5"],
    ["maxQueuedBytes", '"maxQueuedBytes"'],
    [[], "an array"],
  ])("limits are an object, not %o", (limits, got) => {
    expect(endpointWith({ limits })).toThrow(new TypeError(`"limits" expected an object, got ${got}`));
  });

  it.each<[unknown, string]>([
    [null, "null"],
    [undefined, "undefined"],
    [new Uint8Array(3), "3 bytes"],
  ])("options of an endpoint are an object, not %o", (options, got) => {
    const make = (): ReliableEndpoint => new ReliableEndpoint(options as EndpointOptions);
    expect(make).toThrow(new TypeError(`"options" expected an object, got ${got}`));
  });

  it("options that nobody awaited are told of, and do not end the process by rejecting after that", async () => {
    const options = (): object => Promise.reject(new Error("nobody awaited"));
    const message = '"options" expected an object, got a promise';
    expect(() => new ReliableEndpoint(options() as EndpointOptions)).toThrow(new TypeError(message));
    expect(() => new AdaptiveRate(options())).toThrow(new TypeError(message));
    // The test run fails for a rejection that nobody handles by then.
    await new Promise((resolve) => setTimeout(resolve));
  });

  const paced = { Controller: AdaptiveRate, names: "maxRateBytesPerSecond, flushIntervalMs", typo: "flushInterval" };
  it.each([
    { Controller: FixedBudget, names: "rateBytesPerSecond, burstBytes", typo: "rateBytePerSecond" },
    paced,
    { ...paced, Controller: NewReno },
  ])("of $Controller.name", ({ Controller, names, typo }) => {
    const make = (options: unknown) => (): object => new Controller(options as object);
    expect(make({ [typo]: 1000 })).toThrow(new TypeError(`"options" expected only ${names}, got "${typo}"`));
    const [first = ""] = names.split(", ");
    const cased = first.toLowerCase();
    expect(make({ [cased]: 1000 })).toThrow(new TypeError(`"options" expected "${first}", got "${cased}"`));
    for (const [options, got] of [
      [null, "null"],
      [1000, "1000"],
      ["fast", '"fast"'],
      [[], "an array"],
    ] as const) {
      expect(make(options)).toThrow(new TypeError(`"options" expected an object, got ${got}`));
    }
    expect(make({ [typo]: undefined })).not.toThrow();
    expect(make(undefined)).not.toThrow();
  });
});

/** A controller that has all but one number. */
function withoutWindow(): object {
  return Object.defineProperty(new FixedBudget(), "windowBytes", { value: undefined });
}

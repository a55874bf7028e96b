import { describe, expect, it } from "vitest";
import { checkOptionNames } from "../src/option-names.js";

const KNOWN = { tickRate: true, maxPeers: true } as const;

describe("checkOptionNames", () => {
  it("takes what is known, and what is undefined", () => {
    expect(() => checkOptionNames({}, KNOWN)).not.toThrow();
    expect(() => checkOptionNames({ tickRate: 30, maxPeers: undefined, other: undefined }, KNOWN)).not.toThrow();
  });

  it("refuses another name, and tells which there are", () => {
    const message = '"options" expected only tickRate, maxPeers, got "tickHz"';
    expect(() => checkOptionNames({ tickHz: 30 }, KNOWN)).toThrow(new TypeError(message));
    expect(() => checkOptionNames({ tickHz: null }, KNOWN)).toThrow(new TypeError(message));
  });

  it("tells the right one where only the case is wrong", () => {
    expect(() => checkOptionNames({ tickrate: 30 }, KNOWN)).toThrow('"options" expected "tickRate", got "tickrate"');
  });

  it.each([
    [5, "number"],
    [null, "null"],
    ["drainMs", "string"],
    [() => undefined, "function"],
    [[], "an array"],
    [["tickRate"], "an array"],
    [Promise.resolve({ tickRate: 30 }), "a promise"],
    [{ tickRate: 30, then: () => undefined }, "a promise"],
    [new Uint8Array(0), "0 bytes"],
  ])("refuses %j, which has no options at all", (options, got) => {
    const message = `"options" expected an object, got ${got}`;
    expect(() => checkOptionNames(options as never, KNOWN)).toThrow(new TypeError(message));
  });

  it("does not take what every object inherits for an option", () => {
    expect(() => checkOptionNames({ constructor: 1 }, KNOWN)).toThrow('got "constructor"');
    expect(() => checkOptionNames(JSON.parse('{"__proto__": 1}') as object, KNOWN)).toThrow('got "__proto__"');
  });
});

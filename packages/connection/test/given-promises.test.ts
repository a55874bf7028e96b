import { checkNames } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { expectAllTaken, failing } from "../../../tests/support/forgotten-await.js";
import { checkMethods } from "../src/method-checks.js";
import { checkIdentity } from "../src/crypto-options.js";
import { checkOptionNames } from "../src/option-names.js";
import { payloadBytes } from "../src/payload.js";

const untaken = expectAllTaken();

const KNOWN = { serverKey: true, port: true } as const;

describe("a promise that rejects after it was refused ends no process", () => {
  it.each<[string, () => unknown, string]>([
    ["options", () => checkOptionNames(failing(), KNOWN), '"options" expected an object, got a promise'],
    ["a payload", () => payloadBytes(failing()), '"payload" expected a Uint8Array or a string, got a promise'],
    ["a clock", () => checkMethods("clock", failing(), "a clock", ["now"]), '"clock" expected a clock, got a promise'],
    [
      "an identity",
      () => checkIdentity(failing()),
      '"identity" expected an identity, got a promise: is there an await?',
    ],
  ])("%s", (_, check, message) => {
    expect(check).toThrow(new TypeError(message));
  });

  it("an option, whoever refuses it later, and whatever is wrong before it", () => {
    expect(() => checkOptionNames({ port: 1, serverKey: failing() }, KNOWN)).not.toThrow();
    expect(() => checkOptionNames({ prot: 1, serverKey: failing() }, KNOWN)).toThrow('got "prot"');
    expect(() => checkOptionNames({ serverKye: failing() }, KNOWN)).toThrow('got "serverKye"');
  });
});

describe("promises that are nobody's mistake", () => {
  it("stay their owner's: what an answer holds may reject", async () => {
    checkNames({ port: Promise.reject(new Error("its owner's")) }, KNOWN, "authenticate");
    expect(await untaken()).toHaveLength(1);
  });

  it("that are queries, which run when they are asked, are not asked", async () => {
    let asked = 0;
    const query = { then: () => void (asked += 1) };
    expect(() => checkOptionNames(query, KNOWN)).toThrow("got a promise");
    checkOptionNames({ serverKey: query }, KNOWN);
    await Promise.resolve();
    expect(asked).toBe(0);
  });
});

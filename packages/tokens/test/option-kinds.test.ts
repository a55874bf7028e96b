import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createClientSecret } from "../src/client.js";
import { createTokenVerifier } from "../src/index.js";

const OPTIONS = { keys: { keys: [] }, protocol: "arena/1", audience: "eu-1" };

describe("options and arguments of the wrong kind", () => {
  it.each([
    ["", '""'],
    ["true", '"true"'],
    [1, "1"],
    [null, "null"],
    [{}, "an object"],
  ])("requireChallenge %o is refused: it would be on or off by chance", (requireChallenge, got) => {
    const make = (): unknown => createTokenVerifier({ ...OPTIONS, requireChallenge: requireChallenge as boolean });
    expect(make).toThrow(new TypeError(`"requireChallenge" expected a boolean, got ${got}`));
  });

  it("requireChallenge may be true, false or left out", () => {
    for (const requireChallenge of [true, false, undefined]) createTokenVerifier({ ...OPTIONS, requireChallenge });
  });

  it.each([
    ["toleranceSeconds", "whole seconds in 0..60"],
    ["maxLifetimeSeconds", "whole seconds in 1..86400"],
    ["reloadSeconds", "whole seconds in 1..3600"],
    ["maxKeyAgeSeconds", "whole seconds in 1..86400"],
    ["maxConsumed", "an integer in 1..1000000"],
    ["notIssuedBefore", "seconds of Unix time in 0..100000000000"],
  ])("%s names what came, also where that has no text of its own", (name, expected) => {
    const make = (): unknown => createTokenVerifier({ ...OPTIONS, [name]: Object.create(null) as never });
    expect(make).toThrow(new RangeError(`"${name}" expected ${expected}, got an object`));
  });

  it("keys may not be older than they can be loaded", () => {
    const make = (more: object): unknown => createTokenVerifier({ ...OPTIONS, ...more });
    const expected = '"maxKeyAgeSeconds" expected no less than "reloadSeconds"';
    expect(() => make({ maxKeyAgeSeconds: 29 })).toThrow(new RangeError(`${expected} (30), got 29`));
    expect(() => make({ maxKeyAgeSeconds: 59, reloadSeconds: 60 })).toThrow(new RangeError(`${expected} (60), got 59`));
    for (const more of [{ maxKeyAgeSeconds: 1, reloadSeconds: 1 }, { reloadSeconds: 3600 }]) make(more);
  });

  it.each<[unknown, string]>([
    ["eyJhbGciOiJFZERTQSJ9", "a string"],
    [Promise.resolve(new Uint8Array(1)), "a promise"],
    [[101, 121], "an array"],
    [undefined, "undefined"],
  ])("a payload that is no bytes is told from them, and not shown: %o", async (payload, got) => {
    const verdict = createTokenVerifier(OPTIONS).verify(payload as Uint8Array);
    await expect(verdict).rejects.toThrow(new TypeError(`"payload" expected a Uint8Array, got ${got}`));
  });

  it("a payload may be of another realm, is read at the call, and may have no memory any more", async () => {
    const verifier = createTokenVerifier(OPTIONS);
    const foreign = runInNewContext("new Uint8Array([97, 46, 98])") as Uint8Array;
    expect(await verifier.verify(foreign)).toMatchObject({ ok: false, code: "malformed" });
    const gone = new Uint8Array(9);
    structuredClone(gone, { transfer: [gone.buffer] });
    expect(await verifier.verify(gone)).toMatchObject({ ok: false, code: "malformed" });
  });

  it("a payload that is a promise may reject without ending the process", async () => {
    const payload = Promise.reject(new Error("no token"));
    await expect(createTokenVerifier(OPTIONS).verify(payload as never)).rejects.toThrow("got a promise");
    // Node tells of a rejection that nobody takes after the promises' turn, and the run fails.
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it("a payload for no token is refused, and shows none", async () => {
    const { payloadFor } = await createClientSecret();
    expect(payloadFor("a.b.c")).toMatch(/^a\.b\.c~[\w-]{43}$/);
    for (const [token, got] of [
      [undefined, "undefined"],
      [null, "null"],
      ["", "an empty one"],
      [{ token: "a.b.c" }, "object"],
      [Promise.resolve("a.b.c"), "object"],
      [Symbol("a"), "symbol"],
    ] as const) {
      expect(() => payloadFor(token as string)).toThrow(new TypeError(`"token" expected a string, got ${got}`));
    }
  });
});

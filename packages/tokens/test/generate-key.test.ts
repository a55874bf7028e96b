import { describe, expect, it } from "vitest";
import { generateTokenKey } from "../src/token-keys.js";

describe("generateTokenKey", () => {
  it.each<[unknown, string]>([
    [{ bogus: 1 }, '"options" expected only algorithm, keyId, got "bogus"'],
    [{ keyID: "k1" }, '"options" expected "keyId", got "keyID"'],
    [5, '"options" expected an object, got number'],
    [null, '"options" expected an object, got null'],
  ])("refuses %j, which it would pass over", async (options, message) => {
    await expect(generateTokenKey(options as object)).rejects.toThrow(new TypeError(message));
  });

  it.each<[unknown, Error]>([
    ["", new RangeError('"keyId" expected 1..64 characters, got 0')],
    ["k".repeat(65), new RangeError('"keyId" expected 1..64 characters, got 65')],
    [7, new TypeError('"keyId" expected a string, got a number')],
    [null, new TypeError('"keyId" expected a string, got null')],
  ])("refuses the ID %j, which no issuer takes", async (keyId, error) => {
    await expect(generateTokenKey({ keyId: keyId as string })).rejects.toThrow(error);
  });

  it("takes IDs of 1 and of 64 characters, and makes one itself", async () => {
    for (const keyId of ["k", "k".repeat(64)]) expect((await generateTokenKey({ keyId }))["kid"]).toBe(keyId);
    expect((await generateTokenKey({ keyId: undefined }))["kid"]).toMatch(/^[\w-]{16}$/);
  });
});

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
});

import { describe, expect, it } from "vitest";
import { expectAllTaken, failing } from "../../../tests/support/forgotten-await.js";
import { createTokenIssuer } from "../src/token-issuer.js";
import { generateTokenKey } from "../src/token-keys.js";
import { createTokenVerifier } from "../src/token-verifier.js";

const OPTIONS = { protocol: "arena/1", audience: "eu-1" };

expectAllTaken();

describe("a promise in the place of keys", () => {
  it("is refused by createTokenVerifier, also where it rejects", () => {
    const error = new TypeError('"keys" expected a key set or a function that gets one, got a promise');
    for (const keys of [Promise.resolve({ keys: [] }), failing()]) {
      expect(() => createTokenVerifier({ ...OPTIONS, keys: keys as never })).toThrow(error);
    }
  });

  it("is refused by setKeys", async () => {
    const verifier = createTokenVerifier({ ...OPTIONS, keys: () => Promise.resolve({ keys: [] }) });
    const error = new TypeError('"keys" expected { keys: [...] } with 1..16 public keys, got a promise');
    await expect(verifier.setKeys(failing() as never)).rejects.toThrow(error);
  });

  it("is refused by createTokenIssuer, as all keys and as one of them", async () => {
    const all = new TypeError('"keys" expected 1..16 private keys, got a promise');
    await expect(createTokenIssuer({ keys: failing() as never })).rejects.toThrow(all);
    const one = new TypeError('"keys[0]" expected a JWK, got a promise');
    for (const key of [generateTokenKey(), failing()]) {
      await expect(createTokenIssuer({ keys: [key as never] })).rejects.toThrow(one);
    }
    const issuer = await createTokenIssuer({ keys: [await generateTokenKey()] });
    await expect(issuer.addKey(failing() as never)).rejects.toThrow('"jwk" expected a JWK, got a promise');
  });
});

describe("keys that are none", () => {
  it.each<[unknown, string]>([
    [{ keys: [] }, "{ keys: 0 keys }"],
    [{ keys: "all" }, "{ keys: a string }"],
    [{ kid: "k1" }, "{ keys: undefined }"],
    [[], "an array"],
    ['{"keys":[]}', "a string"],
    [undefined, "undefined"],
  ])("are told from what came, and never shown: setKeys(%j)", async (keys, got) => {
    const verifier = createTokenVerifier({ ...OPTIONS, keys: () => Promise.resolve({ keys: [] }) });
    const error = new TypeError(`"keys" expected { keys: [...] } with 1..16 public keys, got ${got}`);
    await expect(verifier.setKeys(keys as never)).rejects.toThrow(error);
  });

  it.each<[unknown, string]>([
    [[], "0 keys"],
    ["k1", "a string"],
    [{ keys: [] }, "an object"],
    [undefined, "undefined"],
  ])("createTokenIssuer({ keys: %j })", async (keys, got) => {
    const error = new TypeError(`"keys" expected 1..16 private keys, got ${got}: make one with generateTokenKey()`);
    await expect(createTokenIssuer({ keys: keys as never })).rejects.toThrow(error);
  });

  it.each<[unknown, string]>([
    [null, '"keys[0]" expected a JWK, got null'],
    [{}, '"keys[0].kid" expected 1..64 characters, got undefined'],
    [{ kid: "k".repeat(65) }, '"keys[0].kid" expected 1..64 characters, got 65'],
    [{ kid: 7 }, '"keys[0].kid" expected 1..64 characters, got a number'],
  ])("createTokenIssuer with a key %j", async (key, message) => {
    await expect(createTokenIssuer({ keys: [key as never] })).rejects.toThrow(new TypeError(message));
  });
});

import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { SkippedKeysError } from "../src/skipped-keys-error.js";
import { createTokenIssuer, type TokenIssuer } from "../src/token-issuer.js";
import { generateTokenKey, type TokenJwk } from "../src/token-keys.js";
import { createTokenVerifier, type TokenVerifier } from "../src/token-verifier.js";

const WEB_LOGIN: TokenJwk = {
  ...(generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" }) as TokenJwk),
  kid: "web",
  use: "sig",
  alg: "RS256",
};
const P384 = {
  ...(generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "jwk" }) as TokenJwk),
  kid: "p384",
};

const issuer = await createTokenIssuer({ keys: [await generateTokenKey({ keyId: "k1" })] });
const [own] = issuer.keySet().keys as [TokenJwk];

async function codeOf(verifier: TokenVerifier, from: TokenIssuer = issuer): Promise<string> {
  const token = await from.issue({ subject: "ann", audience: "eu-1", protocol: "arena/1" });
  const verdict = await verifier.verify(new TextEncoder().encode(token));
  return verdict.ok ? "ok" : verdict.code;
}

/** A verifier that loads what `set.keys` has at the time, and what its `onError` heard. */
function loading(...keys: unknown[]): { verifier: TokenVerifier; set: { keys: unknown[] }; errors: Error[] } {
  const [set, errors] = [{ keys }, [] as Error[]];
  const load = (): Promise<never> => Promise.resolve({ keys: [...set.keys] } as never);
  const onError = (error: unknown): void => void errors.push(error as Error);
  return { verifier: createTokenVerifier({ keys: load, protocol: "arena/1", audience: "eu-1", onError }), set, errors };
}

describe("keys of a set that are none for tokens", () => {
  it.each<[string, TokenJwk, string]>([
    ["an RSA key", WEB_LOGIN, '"keys[0]" expected an Ed25519 or P-256 key, got "RSA" for "RS256"'],
    ["another curve", P384, '"keys[0]" expected an Ed25519 or P-256 key, got "EC" "P-384"'],
    ["an unknown one", { kid: "x", kty: "AKP", alg: "ML-DSA-44" }, 'got "AKP" for "ML-DSA-44"'],
    ["another algorithm", { ...own, alg: "ES256" }, 'got "OKP" "Ed25519" for "ES256"'],
    ["nothing", {}, '"keys[0]" expected an Ed25519 or P-256 key, got one without kty'],
    ["one without kid", { ...own, kid: undefined } as never, '"keys[0].kid" expected 1..64 characters, got undefined'],
    ["a long kid", { ...own, kid: "k".repeat(65) }, '"keys[0].kid" expected 1..64 characters, got 65'],
    ["one to encrypt", { ...own, use: "enc" }, '"keys[0].use" expected "sig", got "enc"'],
    [
      "other operations",
      { ...own, key_ops: ["encrypt"] },
      '"keys[0].key_ops" expected a list with "verify", got a list',
    ],
    [
      "no operations",
      { ...own, key_ops: "verify" as never },
      '"keys[0].key_ops" expected a list with "verify", got a s',
    ],
  ])("are passed over, which is told: %s", async (_, foreign, why) => {
    const { verifier, errors } = loading(foreign, { ...own, key_ops: ["verify"] });
    expect(await codeOf(verifier)).toBe("ok");
    expect(errors).toEqual([expect.any(SkippedKeysError)]);
    expect(errors[0]?.message).toContain(why);
    await expect(verifier.setKeys({ keys: [foreign] })).rejects.toThrow('a public key for tokens, got none: "keys[0]');
  });

  it("are told once, and again when they are others", async () => {
    const { verifier, set, errors } = loading(WEB_LOGIN, own);
    for (const [keys, told] of [
      [[WEB_LOGIN, own], 1],
      [[WEB_LOGIN, own], 1],
      [[P384, own], 2],
      [[own], 2],
      [[P384, own], 3],
    ] as const) {
      set.keys = [...keys];
      await verifier.reload();
      expect(errors).toHaveLength(told);
    }
  });

  it("are not told again in another order, and are where one of the unnamed is another", async () => {
    const web = (i: number): TokenJwk => ({ ...WEB_LOGIN, kid: `web-${i}` });
    const named = [0, 1, 2, 3].map(web);
    const { verifier, set, errors } = loading();
    for (const [keys, told] of [
      [[...named, web(4), own], 1],
      [[own, web(4), ...[...named].reverse()], 1],
      [[...named, { ...own, use: "enc" }, own], 2],
      [[...named, { ...own, kid: "" }, own], 3],
      [[own, { ...own, kid: "" }, ...named], 3],
      [[...named, web(5), own], 4],
      [[...named, own], 5],
    ] as const) {
      set.keys = [...keys];
      await verifier.reload();
      expect(errors).toHaveLength(told);
    }
  });

  it("do not keep a withdrawn key in use", async () => {
    const { verifier, set } = loading(own);
    expect(await codeOf(verifier)).toBe("ok");
    const next = await createTokenIssuer({ keys: [await generateTokenKey({ keyId: "k2" })] });
    set.keys = [...next.keySet().keys, WEB_LOGIN];
    await verifier.reload();
    expect([await codeOf(verifier), await codeOf(verifier, next)]).toEqual(["unknown-key", "ok"]);
  });

  it("may be many, and are told in short; of those for tokens there are 16", async () => {
    const foreign = Array.from({ length: 1023 }, (_, i) => ({ ...WEB_LOGIN, kid: `web-${i}` }));
    const { verifier, errors } = loading(...foreign, own);
    expect(await codeOf(verifier)).toBe("ok");
    expect((errors[0] as SkippedKeysError).skipped).toEqual([...Array(4).fill(expect.any(String)), "and 1019 more"]);
    await expect(verifier.setKeys({ keys: [...foreign, WEB_LOGIN, own] })).rejects.toThrow(
      "at most 1024 keys, foreign ones included, got 1025",
    );
    const many = Array.from({ length: 17 }, (_, i) => ({ ...own, kid: `k${i}` }));
    await expect(verifier.setKeys({ keys: [...many, P384] })).rejects.toThrow(
      "1..16 public keys, got { keys: 17 keys }",
    );
  });
});

describe("a key set is none", () => {
  it("with two keys of one ID; one that is listed twice is one", async () => {
    const other = await createTokenIssuer({ keys: [await generateTokenKey({ keyId: "k1" })] });
    const { verifier } = loading(own, own);
    expect(await codeOf(verifier)).toBe("ok");
    const twice = { keys: [own, ...other.keySet().keys] };
    const message = '"keys" expected different IDs ("kid"), got two keys with "k1"';
    await expect(verifier.setKeys(twice)).rejects.toThrow(new TypeError(message));
    expect([await codeOf(verifier), await codeOf(verifier, other)]).toEqual(["ok", "bad-signature"]);
  });

  it.each<[string, unknown, string]>([
    ["a private key, of whatever kind", { ...WEB_LOGIN, d: "AAAA" }, "expected a public key, got a private one"],
    ["a shared secret", { kty: "oct", k: "AAAA" }, "expected a public key, got a private one"],
    [
      "an ML-DSA private key",
      { kty: "AKP", alg: "ML-DSA-44", priv: "AAAA" },
      "expected a public key, got a private one",
    ],
    ["a damaged key", { ...own, x: "AAAA" }, "expected a key, got one that cannot be read"],
    ["something else", null, "expected a JWK, got null"],
  ])("with %s", async (_, jwk, why) => {
    const { verifier } = loading();
    await expect(verifier.setKeys({ keys: [{ ...own, kid: "k2" }, jwk as TokenJwk] })).rejects.toThrow(
      `"keys[1]" ${why}`,
    );
  });
});

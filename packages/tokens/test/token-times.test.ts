import { describe, expect, it } from "vitest";
import { createTokenIssuer, createTokenVerifier, generateTokenKey, type TokenRequest } from "../src/index.js";
import { claimsFromJson } from "../src/token-claims.js";

const NOW_MS = 1_800_000_000_500;
/** s. Unix time of the year 5138. */
const LAST_S = 100_000_000_000;
const REQUEST: TokenRequest = { subject: "ann", audience: "eu-1", protocol: "arena/1" };
const OPTIONS = { keys: { keys: [] }, protocol: "arena/1", audience: "eu-1" };

describe("times of tokens", () => {
  it.each([NOW_MS, LAST_S + 1])("that are given in ms are refused by a verifier: %d", (notIssuedBefore) => {
    const expected = `"notIssuedBefore" expected seconds of Unix time in 0..100000000000, got ${notIssuedBefore}`;
    expect(() => createTokenVerifier({ ...OPTIONS, notIssuedBefore })).toThrow(new RangeError(expected));
  });

  it.each([NOW_MS, LAST_S + 1, NOW_MS / 1000, -1])(
    "that are no whole seconds issue no token: %d",
    async (notBefore) => {
      const issuer = await createTokenIssuer({ keys: [await generateTokenKey()], now: () => NOW_MS });
      const expected = `"notBefore" expected whole seconds of Unix time in 0..100000000000, got ${notBefore}`;
      await expect(issuer.issue({ ...REQUEST, notBefore })).rejects.toThrow(new RangeError(expected));
    },
  );

  it.each([NOW_MS * 1000, LAST_S * 1000 + 1, -1])("of a clock that is not in ms issue no token: %d", async (now) => {
    const issuer = await createTokenIssuer({ keys: [await generateTokenKey()], now: () => now });
    const expected = `"now" expected to give ms of Unix time in 0..100000000000000, got ${now}`;
    for (const notBefore of [undefined, 1]) {
      await expect(issuer.issue({ ...REQUEST, notBefore })).rejects.toThrow(new RangeError(expected));
    }
  });

  it("may be in seconds, the first and the last one too, and of a verifier with a fraction", async () => {
    const issuer = await createTokenIssuer({ keys: [await generateTokenKey()], now: () => NOW_MS });
    for (const notBefore of [0, Math.ceil(NOW_MS / 1000), LAST_S]) await issuer.issue({ ...REQUEST, notBefore });
    for (const now of [0, LAST_S * 1000]) {
      const atTheEnds = await createTokenIssuer({ keys: [await generateTokenKey()], now: () => now });
      await atTheEnds.issue(REQUEST);
    }
    for (const notIssuedBefore of [0, NOW_MS / 1000, LAST_S]) createTokenVerifier({ ...OPTIONS, notIssuedBefore });
  });

  it("of issue are told to the millisecond: before a server's start is refused, after it is not", async () => {
    const keys = [await generateTokenKey()];
    const code = async (issuedAtMs: number, notIssuedBefore: number): Promise<string> => {
      const issuer = await createTokenIssuer({ keys, now: () => issuedAtMs });
      const now = (): number => NOW_MS + 100;
      const verifier = createTokenVerifier({ ...OPTIONS, keys: issuer.keySet(), notIssuedBefore, now });
      const verdict = await verifier.verify(new TextEncoder().encode(await issuer.issue(REQUEST)));
      return verdict.ok ? `${verdict.claims.issuedAt} ${verdict.claims.expiresAt}` : verdict.code;
    };
    const startS = NOW_MS / 1000;
    expect(await code(NOW_MS + 1.5, startS)).toBe("1800000000.501 1800000030");
    expect(await code(NOW_MS, startS)).toBe("1800000000.5 1800000030");
    // In the same second, and within the tolerance.
    expect(await code(NOW_MS - 1, startS)).toBe("wrong-lifetime");
    expect(await code(NOW_MS - 30_000 + 200, startS - 30)).toBe("1799999970.7 1800000000");
  });

  it.each(["iat", "nbf"])("may have a fraction in any issuer's tokens, and are finite: %s", (name) => {
    const claims = { sub: "ann", aud: "eu-1", iat: 1, exp: 31, jti: "x", prt: "arena/1" };
    expect(claimsFromJson({ ...claims, [name]: 1.25 })).toMatchObject({ notBefore: 1.25, expiresAt: 31 });
    for (const time of [-1, NaN, Infinity, "1"]) expect(claimsFromJson({ ...claims, [name]: time })).toBeUndefined();
    expect(claimsFromJson({ ...claims, exp: 31.5 })).toBeUndefined();
  });
});

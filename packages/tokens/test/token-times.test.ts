import { describe, expect, it } from "vitest";
import { createTokenIssuer, createTokenVerifier, generateTokenKey, type TokenRequest } from "../src/index.js";

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

  it("may be in seconds, the last one too, and of a verifier with a fraction", async () => {
    const issuer = await createTokenIssuer({ keys: [await generateTokenKey()], now: () => NOW_MS });
    for (const notBefore of [0, Math.ceil(NOW_MS / 1000), LAST_S]) await issuer.issue({ ...REQUEST, notBefore });
    for (const notIssuedBefore of [0, NOW_MS / 1000, LAST_S]) createTokenVerifier({ ...OPTIONS, notIssuedBefore });
  });
});

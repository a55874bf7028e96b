import { beforeAll, describe, expect, it } from "vitest";
import { createTokenIssuer, type TokenIssuer } from "../src/token-issuer.js";
import { generateTokenKey } from "../src/token-keys.js";
import { createTokenVerifier, type TokenVerifier } from "../src/token-verifier.js";

let issuer: TokenIssuer;
beforeAll(async () => {
  issuer = await createTokenIssuer({ keys: [await generateTokenKey({ keyId: "k1" })] });
});

/** A verifier whose first key set is none. */
function withoutKeys(errors: string[] = []): TokenVerifier {
  return createTokenVerifier({
    keys: { keys: [] },
    protocol: "arena/1",
    audience: "eu-1",
    onError: (error) => errors.push(String(error)),
  });
}

async function verify(verifier: TokenVerifier): Promise<string> {
  const token = await issuer.issue({ subject: "ann", audience: "eu-1", protocol: "arena/1" });
  const verdict = await verifier.verify(new TextEncoder().encode(token));
  return verdict.ok ? "ok" : verdict.code;
}

describe("keys that were given, and are none", () => {
  it("know no token: there is a verdict, and an error is told once", async () => {
    const errors: string[] = [];
    const verifier = withoutKeys(errors);
    await expect(verifier.ready()).rejects.toThrow(/"keys" expected \{ keys: \[...\] \} with 1..16/);
    expect([await verify(verifier), await verify(verifier)]).toEqual(["unknown-key", "unknown-key"]);
    expect(errors).toEqual([expect.stringMatching(/^TypeError: "keys" expected \{ keys: \[...\] \} with 1..16/)]);
  });

  it("give way to a set that is one, and to no other", async () => {
    const verifier = withoutKeys();
    await expect(verifier.setKeys({ keys: [] })).rejects.toThrow(/"keys" expected/);
    await expect(verifier.ready()).rejects.toThrow(/"keys" expected/);
    await verifier.setKeys(issuer.keySet());
    await verifier.ready();
    expect(await verify(verifier)).toBe("ok");
    // A bad set leaves those that are there, and `ready` tells of them.
    await expect(verifier.setKeys({ keys: [] })).rejects.toThrow(/"keys" expected/);
    await verifier.ready();
    expect(await verify(verifier)).toBe("ok");
  });
});

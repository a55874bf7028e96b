import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createTokenIssuer, type TokenIssuer, type TokenRequest } from "../src/token-issuer.js";
import { generateTokenKey, type TokenKeySet, type TokenPrivateKey } from "../src/token-keys.js";
import { createTokenVerifier, type TokenVerifier } from "../src/token-verifier.js";
import type { TokenVerifierOptions } from "../src/verifier-options.js";

const START_S = 1_800_000_000;
const HOUR_S = 3600;
const REQUEST: TokenRequest = { subject: "ann", audience: "eu-1", protocol: "arena/1" };

/** What time it is, and what a host believes it to be. */
class Clocks {
  elapsedSeconds = 0;
  /** s by which the date is wrong. */
  errorSeconds = 0;
  readonly now = (): number => (START_S + this.elapsedSeconds + this.errorSeconds) * 1000;
  readonly monotonicNow = (): number => this.elapsedSeconds * 1000;
}

let keys: TokenPrivateKey[];
beforeAll(async () => {
  keys = [await generateTokenKey({ keyId: "k1" }), await generateTokenKey({ keyId: "k2" })];
});

/** A server's verifier and its clocks; the backend's issuer, whose date is right unless it is the server's. */
async function pair(
  options: Partial<TokenVerifierOptions> & { readonly sharesDate?: boolean } = {},
): Promise<{ clocks: Clocks; issuer: TokenIssuer; verifier: TokenVerifier }> {
  const { sharesDate = false, ...rest } = options;
  const clocks = new Clocks();
  const { now, monotonicNow } = clocks;
  const rightNow = (): number => (START_S + clocks.elapsedSeconds) * 1000;
  const issuer = await createTokenIssuer({ keys: keys.slice(0, 1), now: sharesDate ? now : rightNow });
  const defaults = { keys: issuer.keySet(), protocol: "arena/1", audience: "eu-1", now, monotonicNow };
  return { clocks, issuer, verifier: createTokenVerifier({ ...defaults, ...rest }) };
}

async function codeOf(verifier: TokenVerifier, token: string): Promise<string> {
  const verdict = await verifier.verify(new TextEncoder().encode(token));
  return verdict.ok ? "ok" : verdict.code;
}

describe("a date that is set", () => {
  it("ahead, and back again: tokens are refused for that time only, and those used before stay used", async () => {
    const { clocks, issuer, verifier } = await pair();
    const used = await issuer.issue({ ...REQUEST, lifetimeSeconds: 300 });
    const unused = await issuer.issue({ ...REQUEST, lifetimeSeconds: 300 });
    expect(await codeOf(verifier, used)).toBe("ok");
    clocks.errorSeconds = HOUR_S;
    expect(await codeOf(verifier, used)).toBe("expired");
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("expired");
    clocks.elapsedSeconds += 10;
    clocks.errorSeconds = 0;
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
    expect(await codeOf(verifier, unused)).toBe("ok");
    expect(await codeOf(verifier, used)).toBe("used-twice");
  });

  it("ahead, and back again, of the backend too: new tokens are taken, none twice, an hour later either", async () => {
    const { clocks, issuer, verifier } = await pair({ sharesDate: true });
    const before = await issuer.issue(REQUEST);
    expect(await codeOf(verifier, before)).toBe("ok");
    clocks.errorSeconds = HOUR_S;
    const during = await issuer.issue(REQUEST);
    expect(await codeOf(verifier, during)).toBe("ok");
    // Long enough that neither is remembered any more.
    clocks.elapsedSeconds += 60;
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
    expect(verifier.consumed).toBe(1);
    clocks.errorSeconds = 0;
    for (let minute = 0; minute < 59; minute++) {
      expect(await codeOf(verifier, await issuer.issue(REQUEST)), `minute ${minute}`).toBe("ok");
      expect(await codeOf(verifier, before)).toBe("expired");
      expect(await codeOf(verifier, during)).toMatch(/^(not-yet-valid|expired)$/);
      clocks.elapsedSeconds += 60;
    }
    // The date at which it was used has come again.
    clocks.elapsedSeconds = HOUR_S;
    expect(await codeOf(verifier, during)).toBe("expired");
    expect(await codeOf(verifier, await issuer.issue({ ...REQUEST, lifetimeSeconds: 45 }))).toBe("ok");
  });

  it("back by an hour: used tokens are not revived, new ones are taken at once", async () => {
    const { clocks, issuer, verifier } = await pair({ sharesDate: true });
    const used = await issuer.issue(REQUEST);
    expect(await codeOf(verifier, used)).toBe("ok");
    clocks.elapsedSeconds += 60;
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
    expect(verifier.consumed, "the first one is forgotten").toBe(1);
    clocks.errorSeconds = -HOUR_S;
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
    clocks.elapsedSeconds = HOUR_S;
    expect(await codeOf(verifier, used)).toBe("expired");
  });

  it("back and ahead at random: no token is good twice", async () => {
    let random = 11;
    const next = (below: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return (random >>> 8) % below;
    };
    const { clocks, issuer, verifier } = await pair({ sharesDate: true });
    const tokens: string[] = [];
    const goodAt = new Map<string, number>();
    let accepted = 0;
    for (let step = 0; step < 1500; step++) {
      clocks.elapsedSeconds += next(5);
      if (next(20) === 0) clocks.errorSeconds = next(600) - 300;
      tokens.push(await issuer.issue({ ...REQUEST, lifetimeSeconds: 1 + next(60) }));
      const token = tokens[Math.max(tokens.length - 1 - next(100), 0)] as string;
      if ((await codeOf(verifier, token)) !== "ok") continue;
      expect(goodAt.get(token)).toBeUndefined();
      goodAt.set(token, step);
      accepted += 1;
    }
    expect(accepted).toBeGreaterThan(100);
  }, 60_000);

  it("back does not stop the verifier from asking for keys", async () => {
    let asked = 0;
    let published: TokenKeySet = { keys: [] };
    const load = (): Promise<TokenKeySet> => {
      asked += 1;
      return Promise.resolve(published);
    };
    const { clocks, issuer, verifier } = await pair({ keys: load, sharesDate: true });
    published = issuer.keySet();
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
    clocks.errorSeconds = -HOUR_S;
    await issuer.addKey(keys[1] as TokenPrivateKey);
    issuer.signWith("k2");
    published = issuer.keySet();
    clocks.elapsedSeconds += 29;
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("unknown-key");
    clocks.elapsedSeconds += 1;
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
    expect(asked).toBe(2);
  });

  it("ahead does not let made-up keys ask the backend sooner", async () => {
    let asked = 0;
    const { clocks, issuer, verifier } = await pair({
      keys: () => {
        asked += 1;
        return Promise.reject(new Error("no route to backend"));
      },
      onError: () => undefined,
    });
    for (let i = 0; i < 5; i++) {
      clocks.errorSeconds += HOUR_S;
      expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("unknown-key");
    }
    expect(asked).toBe(1);
  });
});

describe("the date of a test's fake timers", () => {
  afterEach(() => void vi.useRealTimers());

  it("is the verifier's, where it was made before them too", async () => {
    const issuer = await createTokenIssuer({ keys: keys.slice(0, 1) });
    const verifier = createTokenVerifier({ keys: issuer.keySet(), protocol: "arena/1", audience: "eu-1" });
    const token = await issuer.issue(REQUEST);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOUR_S * 1000 });
    expect(await codeOf(verifier, token)).toBe("expired");
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
  });
});

describe("a clock that tells no time", () => {
  it.each([
    ["now", Number.NaN],
    ["now", Infinity],
    ["monotonicNow", Number.NaN],
    ["monotonicNow", "1800000000000" as unknown as number],
  ] as const)("%s: no token is taken, an expired one neither", async (name, time) => {
    const { issuer } = await pair();
    const token = await issuer.issue({ ...REQUEST, lifetimeSeconds: 1 });
    const clocks = { now: () => START_S * 1000, monotonicNow: () => 0, [name]: () => time };
    const verifier = createTokenVerifier({ keys: issuer.keySet(), protocol: "arena/1", audience: "eu-1", ...clocks });
    const expected = `"${name}" expected to give a finite number of ms, got ${String(time)}`;
    await expect(codeOf(verifier, token)).rejects.toThrow(expected);
    await expect(codeOf(verifier, token)).rejects.toThrow(expected);
  });

  it("of the issuer: no token is made", async () => {
    const issuer = await createTokenIssuer({ keys: keys.slice(0, 1), now: () => Number.NaN });
    await expect(issuer.issue(REQUEST)).rejects.toThrow('"now" expected to give a finite number of ms, got NaN');
  });
});

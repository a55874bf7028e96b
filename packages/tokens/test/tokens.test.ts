import { generateKeyPairSync, sign } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { createClientSecret } from "../src/client-secret.js";
import { createTokenIssuer, type TokenIssuer, type TokenRequest } from "../src/token-issuer.js";
import { generateTokenKey, type TokenKeySet, type TokenPrivateKey } from "../src/token-keys.js";
import { createTokenVerifier, type TokenVerifier } from "../src/token-verifier.js";
import type { TokenVerifierOptions } from "../src/verifier-options.js";

const START_S = 1_800_000_000;
const REQUEST: TokenRequest = { subject: "ann", audience: "eu-1", protocol: "arena/1" };

/** Unix time that a test moves: ahead as time passes, back as a date is set. */
class Time {
  readonly now = (): number => this.#seconds * 1000;
  readonly monotonicNow = (): number => this.#elapsedSeconds * 1000;
  #seconds = START_S;
  #elapsedSeconds = 0;

  get seconds(): number {
    return this.#seconds;
  }

  set seconds(value: number) {
    this.#elapsedSeconds += Math.max(value - this.#seconds, 0);
    this.#seconds = value;
  }
}

let key: TokenPrivateKey;
beforeAll(async () => {
  key = await generateTokenKey({ keyId: "k1" });
});

async function pair(
  options: Partial<TokenVerifierOptions> = {},
): Promise<{ time: Time; issuer: TokenIssuer; verifier: TokenVerifier }> {
  const time = new Time();
  const issuer = await createTokenIssuer({ keys: [key], issuer: "https://match.example", now: time.now });
  const { now, monotonicNow } = time;
  const defaults = { keys: issuer.keySet(), protocol: "arena/1", audience: "eu-1", now, monotonicNow };
  return { time, issuer, verifier: createTokenVerifier({ ...defaults, ...options }) };
}

function verify(verifier: TokenVerifier, payload: string | Uint8Array): ReturnType<TokenVerifier["verify"]> {
  return verifier.verify(typeof payload === "string" ? new TextEncoder().encode(payload) : payload);
}

async function codeOf(verifier: TokenVerifier, payload: string | Uint8Array): Promise<string> {
  const verdict = await verify(verifier, payload);
  return verdict.ok ? "ok" : verdict.code;
}

/** A token with any header and claims, signed by the key. */
function handMade(jwk: TokenPrivateKey, claims: object, header: object = {}): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = encode({ alg: "EdDSA", kid: jwk.kid, typ: "sortie-connect+jwt", ...header });
  const signed = `${head}.${encode(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), { key: jwk as never, format: "jwk" }).toString("base64url")}`;
}

const CLAIMS = { sub: "ann", aud: "eu-1", prt: "arena/1", iat: START_S, exp: START_S + 30, jti: "1", iss: "x" };

describe("connect tokens", () => {
  it.each(["EdDSA", "ES256"] as const)("%s: what the backend says arrives", async (algorithm) => {
    const own = await generateTokenKey({ algorithm });
    const issuer = await createTokenIssuer({ keys: [own], now: new Time().now });
    const { verifier } = await pair({ keys: issuer.keySet() });
    const token = await issuer.issue({ ...REQUEST, lifetimeSeconds: 20, data: { team: "red" } });
    const verdict = await verify(verifier, token);
    expect(verdict).toMatchObject({
      ok: true,
      claims: {
        subject: "ann",
        audience: "eu-1",
        protocol: "arena/1",
        issuedAt: START_S,
        expiresAt: START_S + 20,
        data: { team: "red" },
        issuer: undefined,
      },
    });
    expect(token.length).toBeLessThan(500);
  });

  it("are good once", async () => {
    const { issuer, verifier } = await pair();
    const token = await issuer.issue(REQUEST);
    expect(await codeOf(verifier, token)).toBe("ok");
    expect(await codeOf(verifier, token)).toBe("used-twice");
    const together = await issuer.issue(REQUEST);
    const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(verifier, together)));
    expect(codes.sort()).toEqual(["ok", "used-twice", "used-twice", "used-twice", "used-twice"]);
  });

  it("are good from their beginning to their end, with the tolerance", async () => {
    const { time, issuer, verifier } = await pair({ toleranceSeconds: 2 });
    const tokens = await Promise.all(
      Array.from({ length: 4 }, () => issuer.issue({ ...REQUEST, lifetimeSeconds: 10 })),
    );
    time.seconds = START_S - 2;
    expect(await codeOf(verifier, tokens[0] as string)).toBe("ok");
    time.seconds = START_S + 11.9;
    expect(await codeOf(verifier, tokens[1] as string)).toBe("ok");
    time.seconds = START_S + 12;
    expect(await codeOf(verifier, tokens[2] as string)).toBe("expired");
    expect(await codeOf(verifier, tokens[1] as string), "a used one as well").toBe("expired");
    const early = await pair();
    const later = await early.issuer.issue({ ...REQUEST, notBefore: START_S + 60 });
    expect(await codeOf(early.verifier, later)).toBe("not-yet-valid");
    early.time.seconds += 60;
    expect(await codeOf(early.verifier, later)).toBe("ok");
  });

  it("are for one server, one protocol, one issuer, and no longer than the server takes", async () => {
    const { issuer, verifier } = await pair({ issuer: "https://match.example", maxLifetimeSeconds: 60 });
    expect(await codeOf(verifier, await issuer.issue({ ...REQUEST, audience: "eu-2" }))).toBe("wrong-audience");
    expect(await codeOf(verifier, await issuer.issue({ ...REQUEST, protocol: "arena/2" }))).toBe("wrong-protocol");
    expect(await codeOf(verifier, await issuer.issue({ ...REQUEST, lifetimeSeconds: 61 }))).toBe("wrong-lifetime");
    expect(await codeOf(verifier, handMade(key, CLAIMS))).toBe("wrong-issuer");
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
    const restarted = await pair({ notIssuedBefore: START_S + 1 });
    expect(await codeOf(restarted.verifier, await restarted.issuer.issue(REQUEST))).toBe("wrong-lifetime");
    restarted.time.seconds += 1;
    expect(await codeOf(restarted.verifier, await restarted.issuer.issue(REQUEST))).toBe("ok");
  });

  it("with a challenge are good with the client's secret only", async () => {
    const { issuer, verifier } = await pair();
    const [mine, other] = [await createClientSecret(), await createClientSecret()];
    const token = await issuer.issue({ ...REQUEST, challenge: mine.challenge });
    expect(await codeOf(verifier, token)).toBe("wrong-client");
    expect(await codeOf(verifier, other.payloadFor(token))).toBe("wrong-client");
    expect(await codeOf(verifier, `${token}~${mine.challenge}`)).toBe("wrong-client");
    // None of these has used it up.
    expect(await codeOf(verifier, mine.payloadFor(token))).toBe("ok");
    expect(await codeOf(verifier, mine.payloadFor(token))).toBe("used-twice");
    const strict = await pair({ requireChallenge: true });
    expect(await codeOf(strict.verifier, await strict.issuer.issue(REQUEST))).toBe("wrong-client");
    expect(await codeOf(verifier, mine.payloadFor(await issuer.issue(REQUEST)))).toBe("wrong-client");
  });

  it("are refused when they are none, whatever the bytes are", async () => {
    const { issuer, verifier } = await pair();
    const token = await issuer.issue(REQUEST);
    const [head = "", body = "", signature = ""] = token.split(".");
    const none = ["", "x", "a.b.c", "..", "{}", `${head}.${body}`, `${token}.x`, `${token}~a~b`, "~", `.${body}.`];
    for (const text of none) expect(await codeOf(verifier, text), text).toBe("malformed");
    expect(await codeOf(verifier, new Uint8Array(1024).fill(0xff))).toBe("malformed");
    expect(await codeOf(verifier, new Uint8Array(1025).fill(0x61))).toBe("too-large");
    for (let at = 0; at < token.length; at += 7) {
      const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      expect(await codeOf(verifier, changed), `changed at ${at}`).toMatch(/^(malformed|bad-signature|unknown-key)$/);
    }
    expect(await codeOf(verifier, `${head}.${body}.${signature.slice(0, 40)}`)).toBe("malformed");
    expect(await codeOf(verifier, `${head}.${body}.${"A".repeat(86)}`)).toBe("bad-signature");
    expect(await codeOf(verifier, token), "the true one is still good").toBe("ok");
  });

  it("are refused when their claims are none, though the signature is right", async () => {
    const { verifier } = await pair();
    const wrong: object[] = [
      [],
      { ...CLAIMS, sub: undefined },
      { ...CLAIMS, sub: 7 },
      { ...CLAIMS, aud: ["eu-1"] },
      { ...CLAIMS, exp: undefined },
      { ...CLAIMS, exp: "never" },
      { ...CLAIMS, exp: 1e300 },
      { ...CLAIMS, iat: -1 },
      { ...CLAIMS, jti: "" },
      { ...CLAIMS, jti: "x".repeat(65) },
      { ...CLAIMS, prt: null },
      { ...CLAIMS, chl: "short" },
    ];
    for (const claims of wrong) expect(await codeOf(verifier, handMade(key, claims))).toBe("malformed");
    expect(await codeOf(verifier, handMade(key, CLAIMS))).toBe("ok");
  });

  it("are no other JWTs, and choose no algorithm", async () => {
    const { verifier } = await pair();
    expect(await codeOf(verifier, handMade(key, CLAIMS, { typ: "JWT" }))).toBe("malformed");
    expect(await codeOf(verifier, handMade(key, CLAIMS, { kid: undefined }))).toBe("malformed");
    expect(await codeOf(verifier, handMade(key, CLAIMS, { kid: "k9" }))).toBe("unknown-key");
    expect(await codeOf(verifier, handMade(key, CLAIMS, { alg: "ES256" }))).toBe("bad-signature");
    expect(await codeOf(verifier, handMade(key, CLAIMS, { alg: "HS256" }))).toBe("bad-signature");
    const unsigned = handMade(key, CLAIMS, { alg: "none" }).split(".").slice(0, 2).join(".");
    expect(await codeOf(verifier, `${unsigned}.`)).toMatch(/^(bad-signature|malformed)$/);
    const { privateKey } = generateKeyPairSync("ed25519");
    const stranger = { ...privateKey.export({ format: "jwk" }), kid: "k1" } as TokenPrivateKey;
    expect(await codeOf(verifier, handMade(stranger, CLAIMS))).toBe("bad-signature");
  });

  it("that were used are remembered until they expire; when the table is full, others are refused", async () => {
    const { time, issuer, verifier } = await pair({ maxConsumed: 3, toleranceSeconds: 0 });
    for (const lifetimeSeconds of [10, 20, 30]) {
      expect(await codeOf(verifier, await issuer.issue({ ...REQUEST, lifetimeSeconds }))).toBe("ok");
    }
    const waiting = await issuer.issue(REQUEST);
    expect(await codeOf(verifier, waiting)).toBe("table-full");
    expect(verifier.consumed).toBe(3);
    time.seconds += 10;
    expect(await codeOf(verifier, waiting), "was not used up by the refusal").toBe("ok");
    expect(verifier.consumed).toBe(3);
    time.seconds += 1000;
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
    expect(verifier.consumed).toBe(1);
  });

  it("stay used when the date is set back", async () => {
    const { time, issuer, verifier } = await pair();
    const token = await issuer.issue(REQUEST);
    expect(await codeOf(verifier, token)).toBe("ok");
    time.seconds += 100;
    await codeOf(verifier, await issuer.issue(REQUEST));
    expect(verifier.consumed).toBe(1);
    time.seconds = START_S;
    expect(await codeOf(verifier, token)).toBe("expired");
  });
});

describe("rotation of keys", () => {
  it("goes on without a gap: publish, sign, remove", async () => {
    const { time, issuer } = await pair();
    let asked = 0;
    const keys = (): Promise<TokenKeySet> => {
      asked += 1;
      return Promise.resolve(issuer.keySet());
    };
    const { verifier } = await pair({ keys, now: time.now, monotonicNow: time.monotonicNow, reloadSeconds: 30 });
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
    await issuer.addKey(await generateTokenKey({ keyId: "k2", algorithm: "ES256" }));
    expect(issuer.signingKeyId).toBe("k1");
    const old = await issuer.issue(REQUEST);
    issuer.signWith("k2");
    expect(await codeOf(verifier, await issuer.issue(REQUEST)), "asked a moment ago").toBe("unknown-key");
    time.seconds += 30;
    const fresh = await issuer.issue(REQUEST);
    expect(await codeOf(verifier, fresh)).toBe("ok");
    expect(asked).toBe(2);
    expect(await codeOf(verifier, old), "of the old key, not expired with the tolerance").toBe("ok");
    issuer.removeKey("k1");
    await verifier.setKeys(issuer.keySet());
    expect(await codeOf(verifier, handMade(key, CLAIMS))).toBe("unknown-key");
  });

  it("asks the backend once, however many tokens name keys that are not there", async () => {
    let asked = 0;
    const errors: unknown[] = [];
    const keys = (): Promise<TokenKeySet> => {
      asked += 1;
      return Promise.reject(new Error("no route to backend"));
    };
    const { time, verifier } = await pair({ keys, onError: (error) => errors.push(error) });
    const made = Array.from({ length: 20 }, (_, i) => handMade(key, CLAIMS, { kid: `made-up-${i}` }));
    const codes = await Promise.all(made.map((token) => codeOf(verifier, token)));
    expect(new Set(codes)).toEqual(new Set(["unknown-key"]));
    expect(asked).toBe(1);
    time.seconds += 31;
    await codeOf(verifier, made[0] as string);
    expect([asked, errors.length]).toEqual([2, 2]);
    expect(String(errors[0])).toBe("Error: no route to backend");
  });

  it("keeps the old keys when the new set is none", async () => {
    const { issuer, verifier } = await pair();
    await expect(verifier.setKeys({ keys: [] })).rejects.toThrow(/"keys" expected \{ keys: \[...\] \} with 1..16/);
    await expect(verifier.setKeys({ keys: [{ kty: "RSA", kid: "r" }] })).rejects.toThrow(
      /expected an Ed25519 or P-256/,
    );
    await expect(verifier.setKeys({ keys: [key] })).rejects.toThrow(/"keys\[0\]" expected a public key, got a private/);
    expect(await codeOf(verifier, await issuer.issue(REQUEST))).toBe("ok");
  });

  it("has 16 keys at the most, and never removes the one that signs", async () => {
    const { issuer } = await pair();
    for (let i = 2; i <= 16; i++) await issuer.addKey(await generateTokenKey({ keyId: `k${i}` }));
    await expect(generateTokenKey({ keyId: "k17" }).then((jwk) => issuer.addKey(jwk))).rejects.toThrow(
      /at most 16 keys/,
    );
    expect(() => issuer.removeKey("k1")).toThrow(/expected a key that does not sign, got "k1"/);
    expect(() => issuer.signWith("k99")).toThrow(/expected the ID of an added key, got "k99"/);
    const jwk = await generateTokenKey({ keyId: "k98" });
    // A key where its ID belongs is not shown.
    for (const call of [issuer.removeKey, issuer.signWith]) {
      expect(() => call.call(issuer, jwk as never)).toThrow(/got an object$/);
    }
    expect(JSON.stringify(issuer.keySet())).not.toContain('"d"');
  });
});

describe("bad input", () => {
  it("to the issuer throws and says what is wrong", async () => {
    const { issuer } = await pair();
    const issue = (request: object): Promise<string> => issuer.issue({ ...REQUEST, ...request });
    await expect(issue({ subject: "" })).rejects.toThrow(/"subject" expected 1..256 characters, got 0/);
    await expect(issue({ audience: 7 })).rejects.toThrow(/"audience" expected a string, got number/);
    await expect(issue({ protocol: "ä".repeat(128) })).rejects.toThrow(/"protocol" expected 1..255 bytes.*got 256/);
    await expect(issue({ lifetimeSeconds: 0.5 })).rejects.toThrow(
      /"lifetimeSeconds" expected whole seconds in 1..86400/,
    );
    await expect(issue({ notBefore: NaN })).rejects.toThrow(/"notBefore" expected whole seconds/);
    await expect(issue({ chalenge: "x" })).rejects.toThrow(/"options" expected only subject, .*got "chalenge"/);
    await expect(issue({ lifetimeseconds: 3 })).rejects.toThrow(/expected "lifetimeSeconds", got "lifetimeseconds"/);
    await expect(issuer.issue(null as never)).rejects.toThrow(/"request" expected an object, got null/);
    await expect(issue({ challenge: "x" })).rejects.toThrow(/"challenge" expected 43 characters of base64url, got "x"/);
    const data = "x".repeat(700);
    await expect(issue({ data })).rejects.toThrow(
      /the token expected at most 1024 bytes, got \d+: make "data" smaller/,
    );
    await expect(createTokenIssuer(null as never)).rejects.toThrow(/"options" expected an object, got null/);
    await expect(createTokenIssuer({ keys: [key], isuer: "x" } as never)).rejects.toThrow(/got "isuer"/);
    await expect(createTokenIssuer({ keys: [key], now: 5 as never })).rejects.toThrow(/"now" expected a function, got/);
    await expect(createTokenIssuer({ keys: [] })).rejects.toThrow(/"keys" expected 1..16 private keys/);
    await expect(createTokenIssuer({ keys: [key, key] })).rejects.toThrow(/expected different IDs/);
    const publicOnly = (issuer.keySet().keys as TokenPrivateKey[]).slice();
    await expect(createTokenIssuer({ keys: publicOnly })).rejects.toThrow(/"keys\[0\]" expected a private key/);
    await expect(createTokenIssuer({ keys: [{ ...key, kid: "" }] })).rejects.toThrow(/"keys\[0\].kid" expected 1..64/);
    await expect(generateTokenKey({ algorithm: "HS256" as "ES256" })).rejects.toThrow(/"algorithm" expected one of/);
  });

  it("a token and a client's secret fit a CONNECT together", async () => {
    const { issuer } = await pair();
    const secret = await createClientSecret();
    for (let length = 300; ; length++) {
      const token = await issuer
        .issue({ ...REQUEST, challenge: secret.challenge, data: "x".repeat(length) })
        .catch(() => undefined);
      if (token === undefined) break;
      expect(secret.payloadFor(token).length).toBeLessThanOrEqual(1024);
    }
  });

  it("to the verifier throws and says what is wrong", async () => {
    const { issuer } = await pair();
    const good = { keys: issuer.keySet(), protocol: "arena/1", audience: "eu-1" };
    const create = (options: object) => () => createTokenVerifier({ ...good, ...options } as TokenVerifierOptions);
    expect(create({ keys: "https://" })).toThrow(/"keys" expected a key set or a function/);
    expect(create({ audience: undefined })).toThrow(/"audience" expected a string, got undefined/);
    expect(create({ toleranceSeconds: 61 })).toThrow(/"toleranceSeconds" expected whole seconds in 0..60, got 61/);
    expect(create({ maxConsumed: 0 })).toThrow(/"maxConsumed" expected an integer in 1..1000000, got 0/);
    expect(create({ notIssuedBefore: "now" })).toThrow(/"notIssuedBefore" expected seconds of Unix time/);
    expect(create({ keys: null })).toThrow(/"keys" expected a key set or a function that gets one, got null/);
    expect(create({ onError: "log" })).toThrow(/"onError" expected a function, got string/);
    expect(create({ now: START_S })).toThrow(/"now" expected a function, got number/);
    expect(create({ monotonicNow: null })).toThrow(/"monotonicNow" expected a function, got null/);
    expect(create({ requireChallange: true })).toThrow(/"options" expected only keys, .*got "requireChallange"/);
    expect(create({ maxLifeTimeSeconds: 10 })).toThrow(/expected "maxLifetimeSeconds", got "maxLifeTimeSeconds"/);
    expect(create({ issuer: undefined, other: undefined })).not.toThrow();
    const onError = (): void => {};
    const wrongKeys = create({ keys: { keys: [{ kty: "RSA", kid: "s", n: "AAAA" }] }, onError })();
    await expect(wrongKeys.ready()).rejects.toThrow(/expected an Ed25519 or P-256 key, got "RSA"/);
    expect(await codeOf(wrongKeys, "x")).toBe("malformed");
  });
});

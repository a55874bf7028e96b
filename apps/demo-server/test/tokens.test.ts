import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ARENA_PROTOCOL, decodeServerMessage } from "@sortie-apps/arena";
import { createTokenIssuer, generateTokenKey, type TokenIssuer } from "@sortie/tokens";
import { createClientSecret } from "@sortie/tokens/client";
import { type Client, connect, type ConnectError, createConsoleLogger, generateIdentity, saveIdentity } from "sortie";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arena, createArena } from "../src/arena-server.js";
import { parseOptions } from "../src/options.js";
import { tokenKeySource } from "../src/token-keys.js";

const AUDIENCE = "eu-1";
/** ms. */
const LONG_AGO = 3_600_000;

const { signal: ended } = new AbortController();
const identity = generateIdentity();
const lines: string[] = [];
let folder = "";
let arena: Arena;
let port = 0;
let issuer: TokenIssuer;
let stranger: TokenIssuer;
let past: TokenIssuer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "arena-tokens-"));
  const [key, keys] = [join(folder, "root.key"), join(folder, "keys.json")];
  await saveIdentity(identity, key);
  const signing = await generateTokenKey();
  issuer = await createTokenIssuer({ keys: [signing] });
  stranger = await createTokenIssuer({ keys: [await generateTokenKey()] });
  past = await createTokenIssuer({ keys: [signing], now: () => Date.now() - LONG_AGO });
  // As a backend has it that logs people in as well.
  const web = { kty: "RSA", kid: "web", use: "sig", alg: "RS256", n: "AQAB", e: "AQAB" };
  await writeFile(keys, JSON.stringify({ keys: [web, ...issuer.keySet().keys] }));
  const where = ["--host", "127.0.0.1", "--port", "0", "--key", key, "--seed", "1"];
  const options = parseOptions(["node", "arena-server", ...where, "--token-keys", keys, "--audience", AUDIENCE]);
  const write = (line: string): void => void lines.push(line);
  arena = await createArena(options, { ended, logger: createConsoleLogger({ write }) });
  port = (await arena.server.listen()).port;
});

afterAll(async () => {
  await arena.server.close();
  await rm(folder, { recursive: true, force: true });
});

function enter(payload?: string): Promise<Client> {
  const server = { host: "127.0.0.1", port, protocol: ARENA_PROTOCOL, serverKey: identity.publicKey };
  return connect({ ...server, timeoutMs: 15_000, ...(payload === undefined ? {} : { payload }) });
}

const request = { subject: "ann", audience: AUDIENCE, protocol: ARENA_PROTOCOL };

describe("the demo server with tokens, over real UDP", () => {
  it("lets in who has one, once, and knows who it is", async () => {
    const secret = await createClientSecret();
    const payload = secret.payloadFor(await issuer.issue({ ...request, challenge: secret.challenge }));
    const client = await enter(payload);
    const first = await new Promise<Uint8Array>((resolve) => client.on("message", (got) => resolve(got.payload)));
    expect(decodeServerMessage(first)?.type).toBe("welcome");
    expect([...arena.server.peers.values()].map(({ data }) => data)).toEqual([{ name: "ann" }]);
    const again = await enter(payload).catch((error: ConnectError) => error);
    expect(again).toMatchObject({ code: "rejected", reason: "used-twice: the token was used before" });
    await client.close();
  });

  it.each<[what: string, payload: () => Promise<string | undefined>, reason: string]>([
    ["no token", async () => undefined, "malformed: the token is malformed"],
    ["something else", async () => "let me in", "malformed: the token is malformed"],
    ["an expired one", () => past.issue(request), "expired: the token has expired"],
    [
      "one for another server",
      () => issuer.issue({ ...request, audience: "eu-2" }),
      "wrong-audience: the token is for",
    ],
    [
      "one for another game",
      () => issuer.issue({ ...request, protocol: "chess/1" }),
      "wrong-protocol: the token is for",
    ],
    ["one of an unknown key", () => stranger.issue(request), "unknown-key: the token was signed with an unknown key"],
    [
      "one that is bound to somebody else",
      async () => issuer.issue({ ...request, challenge: (await createClientSecret()).challenge }),
      "wrong-client: the token is bound to another client",
    ],
  ])("refuses %s, and says why to both sides", async (_what, payload, reason) => {
    const joins = arena.game.counters.joins;
    const refusal = await enter(await payload()).then(
      () => "let in",
      (error: ConnectError) => `${error.code} ${error.reason}`,
    );
    expect(refusal).toContain(`rejected ${reason}`);
    expect(arena.game.counters.joins).toBe(joins);
  });

  it("has in its log, as a warning, which keys of its source are none for tokens", () => {
    const skipped = lines.filter((line) => line.includes("were skipped"));
    expect(skipped).toEqual([expect.stringMatching(/ WARN .*"keys\[0\]" expected an Ed25519 or P-256 key, got "RSA"/)]);
    expect(skipped[0]).toMatch(/source=".*keys\.json"/);
  });

  it("has the refusals in its log, held back to one line and the rest at the end", async () => {
    await arena.server.close();
    const refused = lines.filter((line) => line.includes("clients were refused"));
    expect(refused[0]).toContain('code="refused" text="used-twice: the token was used before"');
    const counts = refused.map((line) => Number(/ count=(\d+)/.exec(line)?.[1]));
    expect(counts.reduce((sum, count) => sum + count)).toBe(8);
  });
});

describe("the source of the keys", () => {
  it("is a file, HTTPS, or this machine", async () => {
    for (const source of ["http://keys.example/jwks", "ftp://keys.example/jwks", "http://127.0.0.1.example/jwks"]) {
      expect(() => tokenKeySource(source, ended)).toThrow(/"--token-keys" expected a file, https:\/\/.*, got .*jwks$/);
    }
    expect(tokenKeySource("https://keys.example/jwks", ended).isUrl).toBe(true);
    expect(tokenKeySource("http://127.0.0.1:8080/jwks", ended).isUrl).toBe(true);
    const missing = tokenKeySource(join(folder, "nothing.json"), ended);
    expect(missing.isUrl).toBe(false);
    await expect(missing.load()).rejects.toThrow("ENOENT");
    const broken = join(folder, "broken.json");
    await writeFile(broken, "{");
    await expect(tokenKeySource(broken, ended).load()).rejects.toThrow("expected a key set (JWKS) in JSON");
  });

  it.each([
    ["https://ann:pa55@keys.example/jwks", /^"--token-keys" expected a URL without user name and password, got one/],
    ["https://pa55@keys.example/jwks", /^"--token-keys" expected a URL without user name and password, got one/],
    ["https://:pa55@keys.example/jwks", /^"--token-keys" expected a URL without user name and password, got one/],
    ["http://ann:pa55@keys.example/jwks?key=pa55", /^"--token-keys" expected a file, https:\/\//],
    ["https://keys.example:pa55/jwks", /^"--token-keys" expected a file, .* got a URL that cannot be read$/],
  ])("is refused as %s, whose secrets are not told", (source, message) => {
    expect(() => tokenKeySource(source, ended)).toThrow(message);
    expect(() => tokenKeySource(source, ended)).not.toThrow("pa55");
  });

  it("is told without the query of its URL, which may hold a secret", async () => {
    const url = "http://127.0.0.1:1/a/jwks?key=pa55#pa55";
    const source = tokenKeySource(url, ended);
    expect(source.name).toBe("http://127.0.0.1:1/a/jwks");
    await expect(source.load()).rejects.toThrow(/^http:\/\/127\.0\.0\.1:1\/a\/jwks cannot be reached: \w/);
  });

  it("is asked no more once the program has ended", async () => {
    const { load } = tokenKeySource("http://127.0.0.1:1/jwks", AbortSignal.abort(new Error("the end")));
    await expect(load()).rejects.toThrow("cannot be reached: the end");
  });
});

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ARENA_PROTOCOL } from "@sortie-apps/arena";
import { createTokenAuthenticator, createTokenIssuer, generateTokenKey, type TokenIssuer } from "@sortie/tokens";
import { createServer, generateIdentity, saveIdentity, type Server } from "sortie";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fleet } from "../src/fleet.js";
import { findPlace } from "../src/matchmaker.js";

const identity = generateIdentity();
const AUDIENCE = "eu-1";
let issuer: TokenIssuer;
let server: Server<unknown>;
let matchmaker: HttpServer;
let url = "";
/** What the matchmaker answers, by the session that asks. */
const answers = new Map<string, (challenge: string) => Promise<[status: number, body: unknown]>>();

async function challengeOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part as string;
  return (JSON.parse(text) as { challenge: string }).challenge;
}

async function answer(request: IncomingMessage): Promise<[status: number, body: unknown]> {
  const session = request.headers.authorization?.replace("Bearer ", "") ?? "";
  const challenge = await challengeOf(request);
  return (await answers.get(session)?.(challenge)) ?? [401, { error: "log in first" }];
}

beforeAll(async () => {
  const key = await generateTokenKey();
  issuer = await createTokenIssuer({ keys: [key] });
  const past = await createTokenIssuer({ keys: [key], now: () => Date.now() - 3_600_000 });
  const authenticate = createTokenAuthenticator({
    keys: issuer.keySet(),
    protocol: ARENA_PROTOCOL,
    audience: AUDIENCE,
    requireChallenge: true,
  });
  server = createServer({ protocol: ARENA_PROTOCOL, identity, host: "127.0.0.1", port: 0, authenticate });
  const { port } = await server.listen();
  const folder = await mkdtemp(join(tmpdir(), "bot-matchmaker-"));
  const { publicKeyPath } = await saveIdentity(identity, join(folder, "root.key"));
  const place = { host: "127.0.0.1", port, protocol: ARENA_PROTOCOL, serverKey: await readFile(publicKeyPath, "utf8") };
  await rm(folder, { recursive: true });
  const request = { subject: "bot", audience: AUDIENCE, protocol: ARENA_PROTOCOL };
  answers
    .set("bot-0", async (challenge) => [200, { ...place, token: await issuer.issue({ ...request, challenge }) }])
    .set("bot-1", async (challenge) => [200, { ...place, token: await past.issue({ ...request, challenge }) }])
    .set("bot-2", async () => [200, { ...place, token: await issuer.issue(request) }])
    .set("bot-4", async () => [200, { ...place }]);
  matchmaker = createHttpServer((asked, response) => {
    void answer(asked).then(([status, body]) => response.writeHead(status).end(JSON.stringify(body)));
  });
  await new Promise<void>((resolve) => matchmaker.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(matchmaker.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await server.close();
  await new Promise((resolve) => {
    matchmaker.close(resolve);
    matchmaker.closeAllConnections();
  });
});

describe("bots of a matchmaker", () => {
  it("are let in with their token; each of the others says what was wrong", async () => {
    const fleet = new Fleet({
      host: "not asked",
      port: 1,
      protocol: "none",
      count: 5,
      serverKey: undefined,
      seed: 1,
      signal: new AbortController().signal,
      findPlace: (bot) => findPlace(url, `bot-${bot}`),
    });
    await fleet.connect();
    expect(fleet.connectedCount).toBe(1);
    // Where they were sent to, and not what stands in the options.
    expect([[...fleet.servers], [...fleet.protocols]]).toEqual([
      [`127.0.0.1:${server.address?.port}`],
      [ARENA_PROTOCOL],
    ]);
    const told = fleet.failures.map(({ bot, code, message }) => `${bot} ${code}: ${message.replace(/127\S+ /, "")}`);
    expect(told.sort()).toEqual([
      "1 rejected: refused: expired: the token has expired",
      "2 rejected: refused: wrong-client: the token is bound to another client",
      "3 fault: the matchmaker refuses: log in first",
      "4 fault: the matchmaker's answer expected host, port, protocol, serverKey and token",
    ]);
    await fleet.close();
  });
});

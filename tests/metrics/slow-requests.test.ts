import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server as HttpServer } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { createMetrics, createMetricsListener, type MetricsListener, type ServerMetrics } from "@sortie/metrics";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

const TOKEN = "a-token-of-more-than-16-characters";
/** ms. What the listener gives a request, and what it is given here: the test need not wait for the former. */
const REQUEST_TIMEOUT_MS = 5000;
const SHORT_TIMEOUT_MS = 200;
/** ms. Several looks at who is slow, and far from the 30 s that Node has by default. */
const ENDED_WITHIN_MS = 20_000;

let game: GameNetwork;
let metrics: ServerMetrics;
let listener: MetricsListener;
const sockets: Socket[] = [];

beforeEach(async () => {
  game = new GameNetwork();
  await game.listen();
  metrics = createMetrics(game.server, { clock: game.clock });
  listener = createMetricsListener(metrics, { port: 0, token: TOKEN });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener.close();
  metrics.close();
  await game.end();
});

/** The listener's HTTP server, which tells of itself with each request. */
async function httpServerOf(port: number): Promise<HttpServer> {
  const channel = "http.server.request.start";
  let server: HttpServer | undefined;
  const onRequest = (message: unknown): void => void ({ server } = message as { readonly server: HttpServer });
  subscribe(channel, onRequest);
  await (await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { connection: "close" } })).text();
  unsubscribe(channel, onRequest);
  return server as unknown as HttpServer;
}

/** Sends this much of a request, and no more; resolves with the answer's first line once the other side hangs up. */
function sendPart(port: number, part: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connectTcp(port, "127.0.0.1", () => socket.write(part));
    sockets.push(socket);
    socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
    socket.on("close", () => resolve(answer.split("\r\n", 1)[0] as string)).on("error", reject);
  });
}

const HALF_A_BODY: readonly string[] = [
  "POST /api/block HTTP/1.1",
  "Host: 127.0.0.1",
  `Authorization: Bearer ${TOKEN}`,
  "Content-Type: application/json",
  "Content-Length: 100",
  "",
  "{",
];

describe("requests that do not come to an end", () => {
  it.each([
    ["nothing at all", ""],
    ["half of a header", "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n"],
    ["half of a body", HALF_A_BODY.join("\r\n")],
  ])("%s: the connection is ended soon after its time is up", { timeout: 2 * ENDED_WITHIN_MS }, async (_, part) => {
    const { port } = await listener.listen();
    const http = await httpServerOf(port);
    expect([http.headersTimeout, http.requestTimeout]).toEqual([REQUEST_TIMEOUT_MS, REQUEST_TIMEOUT_MS]);
    http.headersTimeout = http.requestTimeout = SHORT_TIMEOUT_MS;
    const late = new Promise((resolve) => setTimeout(resolve, ENDED_WITHIN_MS, "still open").unref());
    expect(await Promise.race([sendPart(port, part), late])).toBe("HTTP/1.1 408 Request Timeout");
  });
});

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connect as connectTcp, type Socket } from "node:net";
import { createMetrics, createMetricsListener, type MetricsListener, type ServerMetrics } from "@sortie/metrics";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GameNetwork } from "../support/game-network.js";

/** ms for an answer to leave. */
const ANSWER_TIMEOUT_MS = 5000;
/** ms, of the real clock. Nothing has left for so long: the system's buffers are full. */
const STALLED_MS = 500;
const MAX_OPEN_ANSWERS = 16;
const MAX_CONNECTIONS = 64;
const realSetTimeout = globalThis.setTimeout;
const LARGEST_FILE = "GET /assets/uplot.js HTTP/1.1\r\nHost: a\r\n\r\n";

let game: GameNetwork;
let metrics: ServerMetrics;
let listener: MetricsListener;
let port: number;
let finished = 0;
let unwatch = (): void => undefined;
const sockets: Socket[] = [];
/** The listener's ends of the connections. */
const served = new Set<Socket>();
const onStart = (message: unknown): void => void served.add((message as { readonly socket: Socket }).socket);
const onFinish = (): void => void finished++;

beforeEach(async () => {
  finished = 0;
  served.clear();
  subscribe("http.server.request.start", onStart);
  subscribe("http.server.response.finish", onFinish);
  game = new GameNetwork();
  await game.listen();
  metrics = createMetrics(game.server, { clock: game.clock });
  listener = createMetricsListener(metrics, { port: 0, token: "a-token-of-more-than-16-characters" });
  ({ port } = await listener.listen());
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  unwatch = watchDeadlines();
});

afterEach(async () => {
  unwatch();
  vi.useRealTimers();
  unsubscribe("http.server.request.start", onStart);
  unsubscribe("http.server.response.finish", onFinish);
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener.close();
  metrics.close();
  await game.end();
});

function open(): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, "127.0.0.1", () => resolve(socket)).on("error", () => undefined);
    sockets.push(socket);
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => realSetTimeout(resolve, ms));

/** Asks on and reads nothing, until answers leave no more. */
async function stall(socket: Socket, request: string): Promise<void> {
  socket.pause();
  for (;;) {
    const before = finished;
    socket.write(request);
    for (let waited = 0; finished === before; waited++) {
      if (waited === STALLED_MS) return;
      await pause(1);
    }
  }
}

/** Everything that comes until the other side hangs up. */
async function readAll(socket: Socket): Promise<string> {
  let all = "";
  socket.setEncoding("latin1").on("data", (text: string) => (all += text));
  await new Promise((resolve) => socket.once("close", resolve));
  return all;
}

/** Deadlines of answers that run. Other timers may be of what earlier tests of the same thread left behind. */
const deadlines = new Set<unknown>();

/** Puts itself before the faked timers, until the function that it gives is called. */
function watchDeadlines(): () => void {
  deadlines.clear();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const watched = (callback: () => void, ms?: number): NodeJS.Timeout => {
    const timer = set(() => {
      deadlines.delete(timer);
      callback();
    }, ms);
    if (ms === ANSWER_TIMEOUT_MS) deadlines.add(timer);
    return timer;
  };
  globalThis.setTimeout = watched as typeof globalThis.setTimeout;
  globalThis.clearTimeout = (timer) => {
    deadlines.delete(timer);
    clear(timer);
  };
  return () => {
    globalThis.setTimeout = set;
    globalThis.clearTimeout = clear;
  };
}

/** No deadline runs any more, once the real clock has let ends of connections be told. */
async function expectNoDeadlines(): Promise<void> {
  for (let waited = 0; deadlines.size > 0 && waited < 2000; waited++) await pause(1);
  expect(deadlines.size).toBe(0);
}

const answersIn = (text: string): number => text.split("HTTP/1.1 200 OK").length - 1;

describe("answers that are not read", () => {
  it("end their connection after 5 s, and reading a little gives no more", async () => {
    const [silent, dripping] = [await open(), await open()];
    await stall(silent, LARGEST_FILE);
    await stall(dripping, LARGEST_FILE);
    expect(deadlines.size).toBeGreaterThan(1);
    const stillServed = (): number => [...served].filter((each) => !each.destroyed).length;
    // Since then the faked clock has stood still.
    vi.advanceTimersByTime(ANSWER_TIMEOUT_MS / 2);
    dripping.read(1000);
    await pause(50);
    vi.advanceTimersByTime(ANSWER_TIMEOUT_MS / 2 - 1);
    expect(stillServed()).toBe(2);
    vi.advanceTimersByTime(1);
    expect(stillServed()).toBe(0);
    await expectNoDeadlines();
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });

  it("keep nobody out, on however many connections: those that asked last stay", async () => {
    const used = await open();
    const stalled: Socket[] = [];
    for (let i = 1; i < MAX_CONNECTIONS; i++) stalled.push(await open());
    for (const socket of stalled) socket.pause().write(LARGEST_FILE.repeat(MAX_OPEN_ANSWERS));
    while (served.size < stalled.length) await pause(1);
    used.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    while (served.size < MAX_CONNECTIONS) await pause(1);
    const options = { headers: { connection: "close" } };
    for (let i = 1; i <= 3; i++) expect((await fetch(`http://127.0.0.1:${port}/healthz`, options)).status).toBe(200);
    used.end("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(answersIn(await readAll(used))).toBe(2);
  });

  it("16 requests of one connection may wait for their answers, one more ends it", async () => {
    const request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    const [patient, greedy] = [await open(), await open()];
    for (let round = 1; round <= 3; round++) {
      patient.write(request.repeat(MAX_OPEN_ANSWERS));
      while (finished < round * MAX_OPEN_ANSWERS) await pause(1);
    }
    greedy.write(request.repeat(400));
    expect(answersIn(await readAll(greedy))).toBeLessThanOrEqual(MAX_OPEN_ANSWERS);
    await pause(50);
    // Nothing was made for the others.
    expect(finished).toBeLessThanOrEqual(4 * MAX_OPEN_ANSWERS);
    await expectNoDeadlines();
    const answers = readAll(patient);
    patient.end("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(answersIn(await answers)).toBe(3 * MAX_OPEN_ANSWERS + 1);
  });

  it("what a client expects of the listener is refused by itself, with the same deadline", async () => {
    const socket = await open();
    socket.end("GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nConnection: close\r\n\r\n");
    const answer = await readAll(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 417 /);
    expect(answer).toContain('"code":"expectation"');
  });
});

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { get, type IncomingMessage, request, type Server as HttpServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import {
  createMetrics,
  createMetricsListener,
  type MetricsListener,
  type MetricsListenerOptions,
  type MetricsOptions,
  type ServerMetrics,
} from "@sortie/metrics";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { OwnTimers } from "../support/own-timers.js";
import { onPortAside } from "../support/port-aside.js";

const TOKEN = "a-token-of-more-than-16-characters";
/** ms. */
const READY_TIMEOUT_MS = 5000;

let game: GameNetwork;
let metrics: ServerMetrics;
let timers: OwnTimers | undefined;
const listeners: MetricsListener[] = [];
const told: string[] = [];

beforeEach(async () => {
  game = new GameNetwork();
  await game.listen();
  watch({});
});

afterEach(async () => {
  timers?.restore();
  timers = undefined;
  vi.restoreAllMocks();
  await Promise.all(listeners.splice(0).map((each) => each.close()));
  metrics.close();
  await game.end();
  told.length = 0;
});

/** Begins to watch the server. */
function watch(options: MetricsOptions): void {
  const onError = (error: unknown): void => void told.push(String(error));
  metrics = createMetrics(game.server, { clock: game.clock, onError, ...options });
}

function create(options: MetricsListenerOptions = {}): MetricsListener {
  const made = createMetricsListener(metrics, { port: 0, token: TOKEN, ...options });
  listeners.push(made);
  return made;
}

/** One that listens on a port which stays free once the listener has closed. */
function listening(): Promise<{ readonly listener: MetricsListener; readonly port: number }> {
  return onPortAside(async (port) => {
    const listener = create({ port });
    expect(await listener.listen()).toMatchObject({ port });
    return { listener, port };
  });
}

async function answerOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return `${response.statusCode} ${Buffer.concat(parts).toString()}`;
}

function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, agent: false as const };
    get(options, (response) => answerOf(response).then(resolve, reject)).on("error", reject);
  });
}

function block(port: number, range: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const options = { host: "127.0.0.1", port, path: "/api/block", method: "POST", agent: false as const, headers };
    const sent = request(options, (response) => answerOf(response).then(resolve, reject));
    sent.on("error", reject);
    sent.end(JSON.stringify({ range }));
  });
}

/** Whether nobody has the port: it is opened, and closed again. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createTcpServer()
      .once("error", () => resolve(false))
      .listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

const FAILURES: readonly [string, () => void | Promise<void>][] = [
  [
    "throws",
    () => {
      throw new Error("audit log is down");
    },
  ],
  ["rejects", () => Promise.reject(new Error("audit log is down"))],
];

describe("a callback of the application that fails", () => {
  it.each(FAILURES)(
    "onAction that %s: the operator hears of the action alone, onError of the rest",
    async (_, fail) => {
      const { port } = await create({ onAction: fail }).listen();
      const done = { done: { action: "block", target: "203.0.113.0/24" } };
      expect(await block(port, "203.0.113.0/24")).toBe(`200 ${JSON.stringify(done)}`);
      expect(game.server.blocked).toEqual(["203.0.113.0/24"]);
      expect(told).toEqual(["Error: audit log is down"]);
    },
  );

  it.each(FAILURES)("onError that %s as well: the fault becomes a process warning", async (_, fail) => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    metrics.close();
    watch({ onError: fail });
    const onAction = (): never => {
      throw new Error("what happened");
    };
    const { port } = await create({ onAction }).listen();
    expect(await block(port, "203.0.113.0/24")).toMatch(/^200 /);
    expect(warn.mock.calls).toEqual([["metrics: what happened", { code: "SORTIE_METRICS" }]]);
  });

  it("ready that throws or rejects is not ready, and told once until it answers", async () => {
    const failures = ["throws", "rejects", "", "throws"];
    const ready = (): boolean | Promise<boolean> => {
      const failure = failures.shift();
      if (failure === "throws") throw new Error(failure);
      return failure === "rejects" ? Promise.reject(new Error(failure)) : true;
    };
    const { port } = await create({ ready }).listen();
    const answers: string[] = [];
    for (let i = 0; i < 4; i++) answers.push(await ask(port, "/readyz"));
    expect(answers).toEqual(["503 not ready\n", "503 not ready\n", "200 ready\n", "503 not ready\n"]);
    expect(told).toEqual(["Error: throws", "Error: throws"]);
  });

  it("ready that never answers is not ready after 5 s, and told once", async () => {
    let onAsked = (): void => {};
    const ready = (): Promise<boolean> => {
      onAsked();
      return new Promise(() => {});
    };
    const { port } = await create({ ready }).listen();
    timers = new OwnTimers("/packages/metrics/src/", { toFake: ["setTimeout", "clearTimeout"] });
    for (let i = 0; i < 2; i++) {
      const asked = new Promise<void>((resolve) => (onAsked = resolve));
      const answer = ask(port, "/readyz");
      await asked;
      expect(timers.count).toBe(1);
      vi.advanceTimersByTime(READY_TIMEOUT_MS - 1);
      // Another answer, there and back, is no sooner than one to the probe would have been.
      expect(await Promise.race([answer, ask(port, "/healthz")])).toBe("200 ok\n");
      vi.advanceTimersByTime(1);
      expect(await answer).toBe("503 not ready\n");
    }
    expect(told).toEqual(['Error: "ready" expected to answer within 5000 ms, got nothing']);
    expect(timers.count).toBe(0);
  });
});

describe("opening and closing a listener", () => {
  it("closed while it is being opened: listen rejects, and the port is free", async () => {
    const { listener, port } = await listening();
    await listener.close();
    // Once while the page's files are read, once while the port is opened: the first listener has read them.
    for (const each of [create({ port }), listener]) {
      // Nobody waits for it yet, which would end the process.
      const opening = each.listen();
      await each.close();
      await expect(opening).rejects.toThrow("the listener was closed while listen() opened its port");
      expect([each.address, await isFree(port)]).toEqual([undefined, true]);
    }
  });

  it("closed twice at once: both wait until the port is free, and it can be opened again", async () => {
    const { listener, port } = await listening();
    const closing = listener.close();
    expect(listener.close()).toBe(closing);
    await expect(listener.listen()).rejects.toThrow("listen() on a listener that closes: await its close() first");
    await closing;
    expect(await isFree(port)).toBe(true);
    await listener.listen();
    expect(await ask(listener.address?.port ?? 0, "/healthz")).toBe("200 ok\n");
  });

  it("opened twice at once: the second call is refused", async () => {
    const listener = create();
    const first = listener.listen();
    await expect(listener.listen()).rejects.toThrow("listen() on a listener that listens already");
    await first;
    await expect(listener.listen()).rejects.toThrow("listen() on a listener that listens already");
  });

  it("refused by the system: listen rejects with that, and can be tried again", async () => {
    const { listener, port } = await listening();
    const second = create({ port });
    await expect(second.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
    await listener.close();
    expect(await second.listen()).toMatchObject({ port });
    expect(told).toEqual([]);
  });

  it("refused again and again: no attempt leaves listeners behind", async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", onWarning);
    try {
      const { listener, port } = await listening();
      const second = create({ port });
      for (let i = 0; i < 12; i++) await expect(second.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
      await listener.close();
      expect(await second.listen()).toMatchObject({ port });
      // Warnings come in a later turn.
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off("warning", onWarning);
    }
    expect(warnings).toEqual([]);
  });

  it("an accept that fails is told, and the listener goes on", async () => {
    const { port } = await create().listen();
    // The system cannot be made to fail: the HTTP server tells of it here, as it would then.
    const channel = "http.server.request.start";
    const onRequest = (message: unknown): void => {
      (message as { readonly server: HttpServer }).server.emit("error", new Error("accept EMFILE"));
    };
    subscribe(channel, onRequest);
    expect(await ask(port, "/healthz")).toBe("200 ok\n");
    unsubscribe(channel, onRequest);
    expect(told).toEqual(["Error: accept EMFILE"]);
    expect(await ask(port, "/healthz")).toBe("200 ok\n");
  });
});

import { request } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import {
  createMetrics,
  createMetricsListener,
  type MetricsListener,
  type MetricsListenerOptions,
  type OperatorAction,
} from "@sortie/metrics";
import { afterEach, describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";
import { parseExposition, valueOf } from "./prometheus-text.js";

const TOKEN = "a-token-of-more-than-16-characters";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A server in virtual time, with its metrics on a real port. */
class Listening {
  readonly game: GameNetwork = new GameNetwork();
  readonly listener: MetricsListener;
  readonly actions: OperatorAction[] = [];
  /** What `onError` heard. */
  readonly errors: string[] = [];
  readonly #metrics;
  port = 0;

  constructor(options: MetricsListenerOptions = {}) {
    this.game.server.on("message", () => {});
    this.#metrics = createMetrics(this.game.server, {
      clock: this.game.clock,
      describePeer: ({ id }) => `<b>${id}`,
      onError: (error) => void this.errors.push(String(error)),
    });
    const onAction = (action: OperatorAction): void => void this.actions.push(action);
    this.listener = createMetricsListener(this.#metrics, { port: 0, onAction, ...options });
  }

  static async start(options: MetricsListenerOptions = {}): Promise<Listening> {
    const made = new Listening(options);
    await made.game.listen();
    made.port = (await made.listener.listen()).port;
    open.push(made);
    return made;
  }

  ask(path: string, { method = "GET", token, headers = {}, body }: Ask = {}): Promise<Answer> {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: this.port, path, method, agent: false as const };
      const sent = request({ ...options, headers: { ...authorization, ...headers } }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => {
          const { statusCode = 0, headers: received } = response;
          resolve({ status: statusCode, headers: received, body: Buffer.concat(parts).toString() });
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }

  post(path: string, value: unknown, token: string = TOKEN): Promise<Answer> {
    const headers = { "content-type": "application/json" };
    return this.ask(path, { method: "POST", token, headers, body: JSON.stringify(value) });
  }

  async end(): Promise<void> {
    await this.listener.close();
    this.#metrics.close();
    await this.game.end();
  }
}

const open: Listening[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.end()));
});

function codeOf(answer: Answer): string {
  return (JSON.parse(answer.body) as { error: { code: string } }).error.code;
}

describe("metrics listener", () => {
  it("serves Prometheus, health, readiness and JSON to this machine", async () => {
    const it = await Listening.start();
    await it.game.connect();
    await it.game.run(2100);
    const scraped = await it.ask("/metrics");
    expect(scraped.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(valueOf(parseExposition(scraped.body), "sortie_server_peers")).toBe(1);
    expect(await it.ask("/healthz")).toMatchObject({ status: 200, body: "ok\n" });
    // The server tells for how long it keeps an idle connection, and closes it then.
    const kept = await it.ask("/healthz", { headers: { connection: "keep-alive" } });
    expect(kept.headers["keep-alive"]).toBe("timeout=10");
    expect(await it.ask("/readyz")).toMatchObject({ status: 200, body: "ready\n" });
    expect(valueOf(parseExposition(scraped.body), "sortie_server_draining")).toBe(0);
    const summary = JSON.parse((await it.ask("/api/summary")).body) as { stats: { peers: number }; address: unknown };
    expect(summary).toMatchObject({ address: { address: "10.0.0.1", port: 1474 }, stats: { peers: 1 } });
    const history = JSON.parse((await it.ask("/api/history?since=1")).body) as { next: number; columns: object };
    expect(history).toMatchObject({ next: 2, columns: { peers: [1] } });
    expect(JSON.parse((await it.ask("/api/ticks")).body)).toMatchObject({ intervalMs: 1000 / 60, skipped: 0 });
    expect(JSON.parse((await it.ask("/api/drops")).body)).toMatchObject({ "bad-cookie": 0 });
    expect(JSON.parse((await it.ask("/api/blocked")).body)).toEqual({ total: 0, blocked: [] });
  });

  it("lists the first 500 blocked ranges, and has no list of all made for that", async () => {
    const it = await Listening.start();
    for (let i = 0; i < 600; i++) it.game.server.block(`10.0.${i >> 8}.${i & 255}`);
    let lists = 0;
    Object.defineProperty(it.game.server, "blocked", { get: () => ((lists += 1), []) });
    const { total, blocked } = JSON.parse((await it.ask("/api/blocked")).body) as { total: number; blocked: string[] };
    expect([total, blocked.length, blocked[0], blocked[499]]).toEqual([600, 500, "10.0.0.0", "10.0.1.243"]);
    expect(lists).toBe(0);
  });

  it("is not ready, but healthy, while the server drains", async () => {
    const it = await Listening.start();
    await it.game.connect();
    it.game.server.startDraining();
    await it.game.run(1100);
    expect(await it.ask("/readyz")).toMatchObject({ status: 503, body: "draining\n" });
    expect(await it.ask("/healthz")).toMatchObject({ status: 200 });
    expect(valueOf(parseExposition((await it.ask("/metrics")).body), "sortie_server_draining")).toBe(1);
  });

  it("lists peers sorted, searched and in pages, and tells everything of one", async () => {
    const it = await Listening.start();
    for (let i = 0; i < 4; i++) await it.game.connect();
    await it.game.run(2100);
    const list = async (query: string): Promise<unknown> => {
      const { total, peers } = JSON.parse((await it.ask(`/api/peers?${query}`)).body) as {
        total: number;
        peers: { id: number }[];
      };
      return [total, peers.map(({ id }) => id)];
    };
    expect(await list("sort=id&order=desc&limit=3")).toEqual([4, [4, 3, 2]]);
    expect(await list("sort=id&offset=3")).toEqual([4, [4]]);
    expect(await list("search=%3Cb%3E2")).toEqual([1, [2]]);
    expect(await list("search=nobody")).toEqual([0, []]);
    const detail = JSON.parse((await it.ask("/api/peers/2")).body) as object;
    expect(detail).toMatchObject({ id: 2, label: "<b>2", stats: { quality: "good", endpoint: { packetsLost: 0 } } });
    for (const query of ["sort=__proto__", "order=up", "limit=501", "limit=-1", "offset=x", "limit=1e3"]) {
      const answer = await it.ask(`/api/peers?${query}`);
      expect([answer.status, codeOf(answer)], query).toEqual([400, "bad-query"]);
    }
    expect((await it.ask("/api/history?since=later")).status).toBe(400);
    expect((await it.ask("/api/peers/99")).status).toBe(404);
    expect((await it.ask("/api/peers/2/kick")).status).toBe(404);
  });

  it("with a token, tells nobody anything without it, but that it is alive", async () => {
    const it = await Listening.start({ token: TOKEN });
    for (const path of ["/metrics", "/api/summary", "/api/peers", "/api/peers/1", "/api/history", "/api/nothing"]) {
      for (const token of [undefined, "wrong-token-wrong-token", `${TOKEN}x`, TOKEN.slice(1), ""]) {
        const answer = await it.ask(path, token === undefined ? {} : { token });
        expect(answer.status, path).toBe(401);
        expect(answer.headers["www-authenticate"]).toMatch(/^Bearer /);
        expect(answer.body).not.toContain(TOKEN);
      }
      const basic = Buffer.from(`user:${TOKEN}`).toString("base64");
      expect((await it.ask(path, { headers: { authorization: `Basic ${basic}` } })).status).toBe(401);
    }
    expect((await it.ask("/metrics?token=" + TOKEN)).status).toBe(401);
    expect((await it.ask("/metrics", { token: TOKEN })).status).toBe(200);
    expect((await it.ask("/metrics", { headers: { authorization: `bearer   ${TOKEN}` } })).status).toBe(200);
    expect((await it.ask("/healthz")).status).toBe(200);
    expect((await it.ask("/readyz")).status).toBe(200);
    expect((await it.ask("/")).status).toBe(200);
  });

  it("kicks, blocks and unblocks under the token, and tells the application who did what", async () => {
    const it = await Listening.start({ token: TOKEN });
    const [first, second] = [await it.game.connect(), await it.game.connect()];
    await it.game.run(100);
    const ends: string[] = [];
    first.on("disconnect", ({ code, text }) => ends.push(`first ${code} ${text}`));
    second.on("disconnect", ({ code, text }) => ends.push(`second ${code} ${text}`));
    expect((await it.post("/api/peers/1/kick", { reason: "cheats" })).status).toBe(200);
    await it.game.run(500);
    expect(ends).toEqual(["first kicked cheats"]);
    const address = it.game.server.peers.get(2)?.address.host ?? "";
    expect((await it.post("/api/block", { range: `${address}/32` })).status).toBe(200);
    await it.game.run(500);
    expect(ends[1]).toBe("second kicked blocked");
    expect(JSON.parse((await it.ask("/api/blocked", { token: TOKEN })).body)).toMatchObject({ total: 1 });
    expect((await it.post("/api/unblock", { range: `${address}/32` })).status).toBe(200);
    expect(it.game.server.blocked).toEqual([]);
    expect(it.actions.map(({ action, target }) => [action, target])).toEqual([
      ["kick", 1],
      ["block", `${address}/32`],
      ["unblock", `${address}/32`],
    ]);
    expect(it.actions[0]?.from).toBe("127.0.0.1");
  });

  it("gives a kicked peer the time to hear what was sent before, where it is asked to", async () => {
    const it = await Listening.start({ token: TOKEN });
    const heard: string[] = [];
    for (let i = 0; i < 2; i++) {
      const client = await it.game.connect();
      client.on("message", ({ payload }) => heard.push(`${i} ${text(payload)}`));
      client.on("disconnect", ({ code, text: why }) => heard.push(`${i} ${code} ${why}`));
    }
    await it.game.run(100);
    const lastWord = (id: number): void => void it.game.server.peers.get(id)?.send("bye", { delivery: "reliable" });
    lastWord(1);
    expect((await it.post("/api/peers/1/kick", { reason: "banned", drainMs: 1000 })).status).toBe(200);
    lastWord(2);
    expect((await it.post("/api/peers/2/kick", { reason: "banned", drainMs: 0 })).status).toBe(200);
    await it.game.run(500);
    expect(heard.sort()).toEqual(["0 bye", "0 kicked banned", "1 kicked banned"]);
  });

  it("says what is wrong with an action", async () => {
    const it = await Listening.start({ token: TOKEN });
    const json = { "content-type": "application/json" };
    const codes = async (path: string, ask: Ask): Promise<unknown> => {
      const answer = await it.ask(path, { method: "POST", token: TOKEN, ...ask });
      return [answer.status, codeOf(answer)];
    };
    expect(await codes("/api/peers/7/kick", { headers: json, body: "{}" })).toEqual([404, "no-such-peer"]);
    await it.game.connect();
    await it.game.run(100);
    const time = '"drainMs" expected a number in 0..3600000, got';
    for (const [path, body, message] of [
      ["peers/1/kick", { drainMs: -1 }, `${time} -1`],
      ["peers/1/kick", { drainMs: 3_600_001 }, `${time} 3600001`],
      ["peers/1/kick", { drainMs: null }, `${time} null`],
      ["peers/1/kick", { drainMs: "1000" }, `${time} "1000"`],
      ["peers/1/kick", { drainMs: {} }, `${time} an object`],
      ["peers/1/kick", { drain: 5 }, '"body" expected only reason, drainMs, got "drain"'],
      ["block", { range: "9.9.9.9", minutes: 5 }, '"body" expected only range, got "minutes"'],
      ["unblock", { range: "9.9.9.9", minutes: 5 }, '"body" expected only range, got "minutes"'],
      ["block", { range: "everyone" }, '"range" expected an IP address or a range such as 10.0.0.0/8, got "everyone"'],
    ] as const) {
      const answer = await it.post(`/api/${path}`, body);
      expect([answer.status, JSON.parse(answer.body)]).toEqual([400, { error: { code: "malformed", message } }]);
    }
    expect(it.game.server.peers.get(1)?.isConnected).toBe(true);
    expect(await codes("/api/block", { headers: json, body: '{"range":7}' })).toEqual([400, "malformed"]);
    expect(await codes("/api/unblock", { headers: json, body: '{"range":"9.9.9.9"}' })).toEqual([404, "not-blocked"]);
    expect(await codes("/api/block", { headers: json, body: "[]" })).toEqual([400, "malformed"]);
    expect(await codes("/api/block", { headers: json, body: "{" })).toEqual([400, "malformed"]);
    expect(await codes("/api/block", { body: '{"range":"1.2.3.4"}' })).toEqual([415, "unsupported-type"]);
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(await codes("/api/block", { headers: form, body: "range=1.2.3.4" })).toEqual([415, "unsupported-type"]);
    const large = JSON.stringify({ range: "1".repeat(3000) });
    expect(await codes("/api/block", { headers: json, body: large })).toEqual([413, "too-large"]);
    expect(await codes("/api/everything", { headers: json, body: "{}" })).toEqual([404, "not-found"]);
    expect(await codes("/api/block", { method: "DELETE" })).toEqual([405, "method"]);
    expect(it.actions).toEqual([]);
    expect(it.game.server.blocked).toEqual([]);
  });

  it("without a token lets nobody act, and answers no page whose name points here", async () => {
    const it = await Listening.start();
    await it.game.connect();
    await it.game.run(100);
    const answer = await it.post("/api/peers/1/kick", {});
    expect([answer.status, codeOf(answer)]).toEqual([403, "read-only"]);
    expect(it.game.server.peers.size).toBe(1);
    for (const host of ["evil.example", `evil.example:${it.port}`, "127.0.0.1.evil.example", "10.0.0.1"]) {
      const rebound = await it.ask("/api/summary", { headers: { host } });
      expect([rebound.status, codeOf(rebound)], host).toEqual([421, "wrong-host"]);
      expect((await it.ask("/", { headers: { host } })).status, host).toBe(421);
    }
    for (const host of ["localhost", `localhost:${it.port}`, "127.0.0.1", `[::1]:${it.port}`]) {
      expect((await it.ask("/api/summary", { headers: { host } })).status, host).toBe(200);
    }
  });

  it("is ready when the server listens and the application says so", async () => {
    let ready = false;
    const it = await Listening.start({ ready: () => Promise.resolve(ready) });
    expect((await it.ask("/readyz")).status).toBe(503);
    ready = true;
    expect((await it.ask("/readyz")).status).toBe(200);
    await it.game.settle(it.game.server.close());
    expect((await it.ask("/readyz")).status).toBe(503);
    expect((await it.ask("/healthz")).status).toBe(200);
  });

  it("contains an application whose readiness throws, and tells nobody what it said", async () => {
    const it = await Listening.start({
      ready: () => {
        throw new Error("database password is hunter2");
      },
    });
    const answer = await it.ask("/readyz");
    expect([answer.status, answer.body]).toEqual([503, "not ready\n"]);
    expect(it.errors).toEqual(["Error: database password is hunter2"]);
  });

  it("serves a page that may load and do nothing but its own", async () => {
    const it = await Listening.start({ title: '<script>"' });
    const page = await it.ask("/");
    expect(page.body).toContain("<title>&lt;script&gt;&quot;: server</title>");
    expect(page.body).not.toMatch(/<script(?![^>]*\ssrc="\/assets\/)/);
    expect(page.body).not.toMatch(/\s(on\w+|style)=/);
    expect(page.body).not.toMatch(/https?:\/\//);
    const policy = String(page.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
    for (const [, path] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const asset = await it.ask(path as string);
      expect(asset.status, path).toBe(200);
      expect(asset.headers["x-content-type-options"]).toBe("nosniff");
      const again = await it.ask(path as string, { headers: { "if-none-match": String(asset.headers["etag"]) } });
      expect([again.status, again.body]).toEqual([304, ""]);
    }
    const modules = (await it.ask("/assets/main.js")).body.matchAll(/from "\.\/([\w-]+\.js)"/g);
    for (const [, name] of modules) expect((await it.ask(`/assets/${name}`)).status, name).toBe(200);
  });

  it("has no way to other files", async () => {
    const it = await Listening.start();
    for (const path of ["/assets/../package.json", "/assets/%2e%2e/package.json", "//etc/passwd", "/assets/", "/x"]) {
      expect((await it.ask(path)).status, path).toBe(404);
    }
    expect((await it.ask("http://evil.example/metrics")).status).toBe(404);
    expect((await it.ask("/metrics", { method: "HEAD" })).body).toBe("");
  });

  it("closes with connections open, ends half-sent requests, and can be closed twice", async () => {
    const it = await Listening.start();
    const socket = connectTcp(it.port, "127.0.0.1");
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
    socket.write("GET /metrics HTTP/1.1\r\nHost: local");
    await Promise.all([it.listener.close(), it.listener.close(), closed]);
    expect(it.listener.address).toBeUndefined();
    await expect(it.ask("/healthz")).rejects.toThrow(/ECONNREFUSED/);
  });

  it("takes 64 connections; the next one takes the place of the one that was used least recently", async () => {
    const it = await Listening.start();
    const sockets: Socket[] = [];
    // One after the other: in that order they come.
    for (let i = 0; i < 64; i++) sockets.push(await connected());
    const [first, second] = sockets as [Socket, Socket];
    first.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise((resolve) => first.once("data", resolve));
    const ended = new Promise<void>((resolve) => second.once("close", () => resolve()));
    expect(sockets.filter((socket) => socket.destroyed)).toEqual([]);
    const last = await connected();
    sockets.push(last);
    last.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    const answered = new Promise((resolve) => last.once("data", () => resolve("answered")));
    const closed = new Promise((resolve) => last.once("close", () => resolve("closed")));
    expect(await Promise.race([answered, closed])).toBe("answered");
    await ended;
    expect(first.destroyed).toBe(false);
    for (const socket of sockets) socket.destroy();

    function connected(): Promise<Socket> {
      return new Promise((resolve) => {
        const socket = connectTcp(it.port, "127.0.0.1", () => resolve(socket));
        socket.on("error", () => {}).resume();
      });
    }
  });

  it("asks for a token where others could reach it, and refuses bad options by name", () => {
    const create = (options: unknown) => () => new Listening(options as MetricsListenerOptions);
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "game.example", "128.0.0.1"]) {
      expect(create({ host }), host).toThrow(/expected a "token" when "host" is not loopback.*without one/);
      expect(create({ host, token: TOKEN }), host).not.toThrow();
    }
    for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) expect(create({ host }), host).not.toThrow();
    expect(create({ port: 70_000 })).toThrow(/"port" expected an integer in 0..65535, got 70000/);
    expect(create({ port: "9474" })).toThrow(/"port" expected an integer in 0..65535, got "9474"/);
    expect(create({ token: "short" })).toThrow(/"token" expected 16..256 characters, got 5/);
    expect(create({ token: "with a space in the middle" })).toThrow(/"token" expected letters, digits and/);
    expect(create({ ready: true })).toThrow(/"ready" expected a function, got a boolean/);
    expect(create({ title: "x".repeat(65) })).toThrow(/"title" expected at most 64 characters/);
    expect(create({ host: "" })).toThrow(/"host" expected an address or a name, got ""/);
    expect(create({ ready: null })).toThrow(/"ready" expected a function, got null/);
    expect(create({ Token: TOKEN })).toThrow(/"options" expected "token", got "Token"/);
    expect(create({ tokn: TOKEN })).toThrow(/"options" expected only port, host, token, .*got "tokn"/);
    for (const wrong of [undefined, {}, 5] as never[]) {
      expect(() => createMetricsListener(wrong)).toThrow(/"metrics" expected what createMetrics\(\) gives, got /);
    }
  });
});

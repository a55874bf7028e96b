import { answerInBand, createMetrics, type InBandOptions, type ServerMetrics } from "@sortie/metrics";
import { MetricsClient, MetricsClientError, type MetricsClientOptions } from "@sortie/metrics/client";
import { type Client, connect } from "sortie";
import { afterEach, describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";
import { parseExposition, valueOf } from "./prometheus-text.js";

const TOKEN = "an-operator-token-0123456789";

class Game {
  readonly network: GameNetwork = new GameNetwork({ link: { latencyMs: 15, loss: 0.02 } });
  readonly metrics: ServerMetrics;
  /** What `onError` heard. */
  readonly told: string[] = [];

  constructor() {
    const onError = (error: unknown): void => void this.told.push(String(error));
    this.metrics = createMetrics(this.network.server, { clock: this.network.clock, onError });
  }

  static async start(options?: InBandOptions): Promise<Game> {
    const game = new Game();
    await game.network.listen();
    if (options !== undefined) answerInBand(game.metrics, options);
    games.push(game);
    return game;
  }

  async client(options: MetricsClientOptions = {}): Promise<[MetricsClient, Client]> {
    const client = await this.network.connect();
    return [new MetricsClient(client, { clock: this.network.clock, ...options }), client];
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.network.settle(promise, 20_000);
  }

  /** What becomes of a request; time moves until that is known. */
  codeOf(promise: Promise<unknown>): Promise<string> {
    return this.settle(outcomeOf(promise));
  }

  async counted(result: string): Promise<number> {
    const families = parseExposition(await this.metrics.text());
    return valueOf(families, "sortie_metrics_in_band_requests_total", { result });
  }
}

const games: Game[] = [];

/** The code that a request is refused with; "answered" when it is not. */
function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "answered",
    (error: unknown) => (error instanceof MetricsClientError ? error.code : String(error)),
  );
}

afterEach(async () => {
  for (const { metrics, network } of games.splice(0)) {
    metrics.close();
    await network.end();
  }
});

describe("in-band metrics", () => {
  it("give a client with the token the server's figures over its own connection", async () => {
    const game = await Game.start({ token: TOKEN });
    const [metrics] = await game.client({ token: TOKEN });
    await game.network.connect();
    await game.network.run(5000);
    const summary = await game.settle(metrics.summary());
    expect(summary.stats.peers).toBe(2);
    expect(summary.distributions.rttMs.counts.reduce((sum, each) => sum + each, 0)).toBe(2);
    const { total, peers } = await game.settle(metrics.peers());
    expect([total, peers.map(({ id }) => id).sort()]).toEqual([2, [1, 2]]);
    const history = await game.settle(metrics.history());
    expect(history.columns.peers.at(-1)).toBe(2);
    await game.network.run(3000);
    const more = await game.settle(metrics.history(history.next));
    expect(more.columns.peers).toEqual([2, 2, 2]);
    metrics.close();
  });

  it("carry five minutes of history in one answer, over a link that loses", async () => {
    const game = await Game.start({ token: TOKEN });
    const [metrics] = await game.client({ token: TOKEN });
    await game.network.run(301_000);
    const history = await game.settle(metrics.history());
    expect(history.columns.peers).toEqual(new Array(300).fill(1));
    metrics.close();
  }, 60_000);

  it("refuse a wrong token and none, and after five wrong ones the right one on that connection", async () => {
    const game = await Game.start({ token: TOKEN });
    const [none] = await game.client();
    expect(await game.codeOf(none.summary())).toBe("unauthorized");
    const [wrong, client] = await game.client({ token: "not-the-token" });
    for (let i = 0; i < 5; i++) {
      expect(await game.codeOf(wrong.summary())).toBe("unauthorized");
      await game.network.run(1000);
    }
    const right = new MetricsClient(client, { token: TOKEN, clock: game.network.clock });
    expect(await game.codeOf(right.summary())).toBe("unauthorized");
    const [other] = await game.client({ token: TOKEN });
    expect(await game.codeOf(other.summary())).toBe("answered");
    expect(await game.counted("unauthorized")).toBe(7);
    expect(await game.counted("answered")).toBe(1);
    for (const each of [none, wrong, right, other]) each.close();
  });

  it("ask the application, which knows the peer; a promise is no permission", async () => {
    const game = await Game.start({ authorize: (peer) => peer.id === 2 });
    const [first] = await game.client();
    const [second] = await game.client();
    expect(await game.codeOf(first.summary())).toBe("unauthorized");
    expect(await game.codeOf(second.summary())).toBe("answered");
    const careless = await Game.start({ authorize: (() => Promise.resolve(false)) as unknown as () => boolean });
    const [third] = await careless.client();
    expect(await careless.codeOf(third.summary())).toBe("unauthorized");
    for (const each of [first, second, third]) each.close();
  });

  it.each<[string, () => boolean]>([
    [
      "throws",
      () => {
        throw new Error("no session");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no session")) as unknown as boolean],
  ])("take an application that %s for one that refuses, and tell of it", async (_, authorize) => {
    const game = await Game.start({ authorize, token: TOKEN });
    const [metrics, client] = await game.client();
    expect(await game.codeOf(metrics.summary())).toBe("unauthorized");
    const withToken = new MetricsClient(client, { token: TOKEN, clock: game.network.clock });
    expect(await game.codeOf(withToken.summary())).toBe("answered");
    expect(game.told).toEqual(["Error: no session", "Error: no session"]);
    for (const each of [metrics, withToken]) each.close();
  });

  it("leave what came before their first request to the game's own listeners", async () => {
    const game = await Game.start({ token: TOKEN });
    const { server } = game.network;
    server.on("connect", (peer) => void peer.send("welcome", { delivery: "reliable" }));
    const [metrics, client] = await game.client({ token: TOKEN });
    await game.network.run(1000);
    const heard: string[] = [];
    client.on("message", ({ payload }) => heard.push(text(payload)));
    expect(await game.codeOf(metrics.summary())).toBe("answered");
    expect(heard[0]).toBe("welcome");

    const [late, leaving] = await game.client({ token: TOKEN });
    for (const peer of server.peers.values()) peer.disconnect("good night");
    await game.network.run(1000);
    expect(await game.codeOf(late.summary())).toBe("closed");
    const ends: string[] = [];
    leaving.on("disconnect", (reason) => ends.push(reason.text));
    await game.network.run(1);
    expect(ends).toEqual(["good night"]);
    metrics.close();
  });

  it("list at most 100 peers, and say how many there are", async () => {
    const game = await Game.start({ token: TOKEN });
    const [metrics] = await game.client({ token: TOKEN });
    const others = Array.from({ length: 104 }, () => connect(game.network.clientOptions({ timeoutMs: 60_000 })));
    game.network.clients.push(...(await game.network.settle(Promise.all(others), 60_000)));
    await game.network.run(2000);
    const { total, peers } = await game.settle(metrics.peers());
    expect([total, peers.length]).toEqual([105, 100]);
    metrics.close();
  }, 60_000);

  it("answer four requests a second, and refuse the others", async () => {
    const game = await Game.start({ token: TOKEN });
    const [metrics] = await game.client({ token: TOKEN });
    const asked = Array.from({ length: 6 }, () => outcomeOf(metrics.summary()));
    const codes = await game.settle(Promise.all(asked));
    expect(codes.filter((code) => code === "answered")).toHaveLength(4);
    expect(codes.filter((code) => code === "too-many-requests")).toHaveLength(2);
    await game.network.run(1000);
    expect(await game.codeOf(metrics.summary())).toBe("answered");
    metrics.close();
  });

  it("count what is no request and say nothing to it, and leave other channels alone", async () => {
    const game = await Game.start({ token: TOKEN, channel: 7 });
    const seen: string[] = [];
    game.network.server.on("message", (_peer, { channel, payload }) => {
      if (channel === 255) seen.push(text(payload));
    });
    const [metrics, client] = await game.client({ token: TOKEN, channel: 7 });
    for (const junk of ["", "{", "null", '{"sortie":"metrics/1"}', '{"sortie":"metrics/1","id":1,"want":"keys"}']) {
      client.send(junk, { delivery: "reliable", channel: 7 });
      await game.network.run(1000);
    }
    client.send(new Uint8Array(2000).fill(0x20), { delivery: "reliable", channel: 7 });
    client.send(encoded({ id: 1, want: "summary", token: TOKEN }), { delivery: "reliable", channel: 255 });
    await game.network.run(1000);
    expect(await game.counted("malformed")).toBe(6);
    expect(seen).toHaveLength(1);
    expect(await game.codeOf(metrics.summary())).toBe("answered");
    metrics.close();
  });

  it("give each of several clients on one connection its own answers", async () => {
    const game = await Game.start({ token: TOKEN });
    const [first, client] = await game.client({ token: TOKEN });
    const second = new MetricsClient(client, { token: TOKEN, clock: game.network.clock });
    const [summary, history] = await game.settle(Promise.all([first.summary(), second.history()]));
    expect(summary.stats.peers).toBe(1);
    expect(history.columns.peers).toBeDefined();
    for (const each of [first, second]) each.close();
  });

  it("end a wait by time, by the end of the connection, and by close", async () => {
    const game = await Game.start();
    const [metrics, client] = await game.client({ timeoutMs: 700 });
    const beganMs = game.network.clock.now();
    expect(await game.codeOf(metrics.summary())).toBe("timeout");
    expect(game.network.clock.now() - beganMs).toBeLessThan(1000);
    const waiting = Array.from({ length: 9 }, () => outcomeOf(metrics.summary()));
    expect(await waiting[8]).toBe("busy");
    metrics.close();
    expect(await Promise.all(waiting.slice(0, 8))).toEqual(new Array(8).fill("closed"));
    expect(await game.codeOf(metrics.summary())).toBe("closed");
    const second = new MetricsClient(client, { clock: game.network.clock });
    const asked = outcomeOf(second.peers());
    await game.settle(client.close());
    expect(await asked).toBe("closed");
  });

  it("take no answer that is none", async () => {
    const game = await Game.start();
    const { server } = game.network;
    server.on("message", (peer, { channel }) => {
      for (const reply of ["", "[]", encoded({ id: 1, ok: true }), encoded({ id: 9, ok: true, body: {} })]) {
        peer.send(reply, { delivery: "ordered", channel });
      }
      peer.send(encoded({ id: 1, ok: false, code: "unauthorized" }), { delivery: "ordered", channel });
    });
    const [metrics] = await game.client();
    expect(await game.codeOf(metrics.summary())).toBe("unauthorized");
    metrics.close();
  });

  it("need a token or a decision, and refuse bad options by name", async () => {
    const { metrics, network } = await Game.start();
    const start = (options: unknown) => () => answerInBand(metrics, options as InBandOptions);
    for (const wrong of [undefined, network.server] as never[]) {
      expect(() => answerInBand(wrong, { token: TOKEN })).toThrow(
        /"metrics" expected what createMetrics\(\) gives, got /,
      );
    }
    expect(start({})).toThrow(/expected "token" or "authorize"/);
    expect(start(null)).toThrow(/"options" expected an object, got null/);
    expect(start({ token: TOKEN, chanel: 7 })).toThrow(/expected only channel, token, authorize, got "chanel"/);
    expect(start({ token: "short" })).toThrow(/"token" expected 16..256 characters, got 5/);
    expect(start({ authorize: true })).toThrow(/"authorize" expected a function, got a boolean/);
    expect(start({ token: TOKEN, channel: 256 })).toThrow(/"channel" expected an integer in 0..255, got 256/);
    const client = await network.connect();
    expect(() => new MetricsClient(client, { channel: -1 })).toThrow(/"channel" expected an integer in 0..255/);
    expect(() => new MetricsClient(client, { timeoutMs: 0 })).toThrow(/"timeoutMs" expected a number in 1..60000/);
    expect(() => new MetricsClient(client, { timeoutMs: "50" as never })).toThrow(/1\.\.60000, got "50"$/);
    expect(() => new MetricsClient(client, { clock: Date as never })).toThrow(
      /"clock" expected a clock, got a function/,
    );
    for (const wrong of [undefined, {}, "client"] as never[]) {
      expect(() => new MetricsClient(wrong)).toThrow(
        /"client" expected a connected client, got (undefined|an object|a)/,
      );
    }
    expect(() => new MetricsClient(client, { token: 12 as never })).toThrow(/"token" expected a string, got a number$/);
    expect(() => new MetricsClient(client, { token: "x".repeat(257) })).toThrow(
      /"token" expected at most 256 characters, got 257$/,
    );
    for (const since of [-1, 0.5, Number.NaN, "3" as never]) {
      await expect(new MetricsClient(client).history(since)).rejects.toThrow(
        /"since" expected the "next" of an answer/,
      );
    }
    const misspelt = { timeout: 100 } as MetricsClientOptions;
    expect(() => new MetricsClient(client, misspelt)).toThrow(/expected only channel, .* got "timeout"/);
  });
});

function encoded(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ sortie: "metrics/1", ...fields });
}

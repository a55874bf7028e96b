import { connect } from "@sortie/client";
import type { AccessLogEntry, ServerOptions } from "@sortie/server";
import { afterEach, describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

let game: GameNetwork;
let access: string[];

afterEach(() => game.end());

async function serve(options: Partial<ServerOptions>): Promise<void> {
  access = [];
  const onAccess = ({ event, code }: AccessLogEntry): void => void access.push(`${event} ${code}`);
  game = new GameNetwork({ server: { onAccess, ...options } });
  await game.listen();
}

async function turnedAway(): Promise<void> {
  await game.settle(
    connect(game.clientOptions()).catch(() => undefined),
    60_000,
  );
  await game.run(500);
}

/** Counters above 0. */
function counted(): Record<string, number> {
  const { refused, handshakesFailed } = game.server.stats;
  const all = [...Object.entries(refused ?? {}), ...Object.entries(handshakesFailed ?? {})];
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

describe("statistics of clients that are not let in", () => {
  it("are zero at first, for each code", async () => {
    await serve({ maxPeers: 7 });
    const { refused, handshakesFailed, maxPeers } = game.server.stats;
    expect(refused).toEqual({ refused: 0, "server-full": 0, "shutting-down": 0 });
    expect(Object.keys(handshakesFailed ?? {})).toHaveLength(9);
    expect(counted()).toEqual({});
    expect(maxPeers).toBe(7);
  });

  it("count those that authenticate refuses, by the code that it gives", async () => {
    const codes = [undefined, "refused", "server-full"] as const;
    let asked = 0;
    await serve({ authenticate: () => ({ accept: false, code: codes[asked++] }) });
    for (let i = 0; i < 3; i++) await turnedAway();
    expect(counted()).toEqual({ refused: 2, "server-full": 1 });
    expect(access).toEqual(["refuse refused", "refuse refused", "refuse server-full"]);
    expect(game.server.stats.rejectsSent).toBe(0);
  });

  it("count those for whom no slot was left once they were asked about, and no hellos", async () => {
    let decide: (() => void)[] = [];
    const authenticate = (): Promise<{ accept: true }> => {
      return new Promise((done) => decide.push(() => done({ accept: true })));
    };
    await serve({ maxPeers: 1, authenticate });
    const both = [connect(game.clientOptions()), connect(game.clientOptions())];
    const settled = Promise.allSettled(both);
    await game.run(200);
    expect(decide).toHaveLength(2);
    for (const let1 of decide) let1();
    decide = [];
    const results = await game.settle(settled);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    for (const result of results) if (result.status === "fulfilled") game.clients.push(result.value);
    await game.run(500);
    expect(counted()).toEqual({ "server-full": 1 });
    await turnedAway();
    expect(counted()).toEqual({ "server-full": 1 });
    expect(game.server.stats.rejectsSent).toBeGreaterThan(0);
  });

  it("count as failed those whose authenticate throws, or gives no answer in time", async () => {
    let asked = 0;
    await serve({
      handshakeTimeoutMs: 1000,
      authenticate: () => {
        if (asked++ > 0) return new Promise(() => {});
        throw new Error("the database is away");
      },
    });
    game.server.on("error", () => {});
    for (let i = 0; i < 2; i++) await turnedAway();
    expect(counted()).toEqual({ "internal-error": 1, "handshake-timeout": 1 });
    expect(access).toEqual(["fail internal-error", "fail handshake-timeout"]);
  });

  it("count hellos that were rejected, by what their clients were told", async () => {
    await serve({ maxPeers: 1 });
    const none = { version: 0, "protocol-mismatch": 0, "server-full": 0, "shutting-down": 0, "no-common-suite": 0 };
    expect(game.server.stats.rejects).toEqual(none);
    const end = async (protocol: string): Promise<void> => {
      const attempt = connect({ ...game.clientOptions(), protocol }).catch(() => undefined);
      await game.settle(attempt, 60_000);
    };
    await end("test/2");
    const player = await game.connect();
    await end("test/1");
    await end("test/1");
    await game.settle(player.close());
    game.server.startDraining();
    await end("test/1");
    const { rejects, rejectsSent } = game.server.stats;
    // A client asks again before it believes that: for each of the four, the same number of hellos.
    const each = rejects["shutting-down"];
    expect(rejects).toEqual({ ...none, "protocol-mismatch": each, "server-full": 2 * each, "shutting-down": each });
    expect([each > 0, rejectsSent]).toEqual([true, 4 * each]);
    // What was given is a copy.
    expect(game.server.stats.rejects).not.toBe(rejects);
  });

  it("count a client that ends its own attempt as closed, and one that a closing server sends away", async () => {
    await serve({ authenticate: () => new Promise(() => {}) });
    const abort = new AbortController();
    const leaving = connect(game.clientOptions({ signal: abort.signal })).catch(() => undefined);
    await game.run(200);
    abort.abort();
    await game.settle(leaving);
    await game.run(500);
    expect(counted()).toEqual({ closed: 1 });
    const waiting = connect(game.clientOptions()).catch(() => undefined);
    await game.run(200);
    await game.settle(game.server.close());
    await game.settle(waiting);
    expect(counted()).toEqual({ closed: 1, "shutting-down": 1 });
    expect(access).toEqual(["fail closed", "refuse shutting-down"]);
  });
});

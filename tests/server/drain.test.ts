import { type Client, connect, type ConnectError } from "@sortie/client";
import type { DrainingEvent } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { BusyGame } from "../support/busy-game.js";
import { GameNetwork } from "../support/game-network.js";

const LINK = { latencyMs: 40, jitterMs: 15, loss: 0.1, reorder: 0.05, duplicate: 0.02 };
const CLIENTS = 8;
const WHOLE = { missing: 0, falselyAcked: 0, duplicates: 0, outOfOrder: 0 };

/** Clients on a bad network that send and are sent reliable messages for two seconds. */
async function busyNetwork(seed: number): Promise<{ game: GameNetwork; busy: BusyGame; clients: Client[] }> {
  const game = new GameNetwork({ seed, link: LINK, server: { tickRate: 30 } });
  const busy = new BusyGame(game.server);
  await game.listen();
  const clients = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await game.connect());
  for (const client of clients) busy.join(client);
  await game.run(2000);
  expect(busy.hasCarried(20, CLIENTS)).toBe(true);
  return { game, busy, clients };
}

describe("a drain under load at 10 % loss", () => {
  it.each([1, 2])("loses nothing either way when peers are given notice (seed %i)", async (seed) => {
    const { game, busy } = await busyNetwork(seed);
    game.server.on("draining", () => busy.warn());
    game.server.startDraining();
    await game.settle(busy.done(CLIENTS), 20_000);
    await game.settle(game.server.close({ drainMs: 10_000, reason: "an update" }), 20_000);
    await game.run(1000);
    const { down, up } = await busy.results();
    expect(down).toMatchObject({ ...WHOLE, outcomes: { acked: down.accepted } });
    expect(up).toMatchObject({ ...WHOLE, outcomes: { acked: up.accepted } });
    expect(busy.ends).toEqual(Array(CLIENTS).fill({ code: "shutting-down", by: "remote", text: "an update" }));
    await game.end();
  });

  it.each([1, 2, 3])("by close alone delivers what the server sent, and tells the truth (seed %i)", async (seed) => {
    const { game, busy } = await busyNetwork(seed);
    await game.settle(game.server.close({ drainMs: 10_000 }), 20_000);
    await game.run(1000);
    const { down, up } = await busy.results();
    expect(down).toMatchObject({ ...WHOLE, outcomes: { acked: down.accepted } });
    // The clients went on sending to the end: what was not acknowledged by then is told as "closed".
    expect(up).toMatchObject({ falselyAcked: 0, duplicates: 0, outOfOrder: 0 });
    expect(up.outcomes.acked + up.outcomes.closed).toBe(up.accepted);
    expect(up.missing).toBeLessThanOrEqual(up.outcomes.closed);
    await game.end();
  });

  it("whose time is too short says of every message what became of it", async () => {
    const { game, busy } = await busyNetwork(7);
    await game.settle(game.server.close({ drainMs: 30 }), 20_000);
    await game.run(2000);
    const { down, up } = await busy.results();
    for (const result of [down, up]) {
      expect(result.outcomes.acked + result.outcomes.closed).toBe(result.accepted);
      expect(result.missing).toBeLessThanOrEqual(result.outcomes.closed);
    }
    expect(down.outcomes.closed).toBeGreaterThan(0);
    await game.end();
  });
});

describe("a server that drains", () => {
  it("keeps its peers, turns newcomers away with a reason, and says so once", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const client = await game.connect();
    const events: DrainingEvent[] = [];
    game.server.on("draining", (event) => events.push(event));
    expect(game.server.stats.draining).toBe(false);
    game.server.startDraining({ reason: "maintenance" });
    game.server.startDraining({ reason: "again" });
    expect(game.server.stats.draining).toBe(true);
    expect(events).toEqual([{ leaveMs: Infinity, reason: "maintenance" }]);
    const late = await game.settle(connect(game.clientOptions()).catch((error: ConnectError) => error));
    expect(late).toMatchObject({ code: "rejected", message: "10.0.0.1:1474 is shutting down" });
    await game.run(5000);
    expect(client.isConnected).toBe(true);
    await game.end();
  });

  it("says so once it listens, when it was told before", async () => {
    const game = new GameNetwork();
    const notices: DrainingEvent[] = [];
    game.server.on("draining", (event) => notices.push(event));
    game.server.startDraining({ reason: "an update" });
    expect(notices).toEqual([]);
    await game.listen();
    expect(notices).toEqual([{ leaveMs: Infinity, reason: "an update" }]);
    await game.end();
  });

  it("ends as soon as the last peer has left, and at leaveMs when one has not", async () => {
    for (const leaves of [true, false]) {
      const game = new GameNetwork({ link: { latencyMs: 20 } });
      await game.listen();
      const clients = [await game.connect(), await game.connect()];
      await game.run(100);
      const heard: string[] = [];
      for (const client of clients) {
        client.on("message", ({ payload }) => heard.push(new TextDecoder().decode(payload)));
        client.on("disconnect", ({ code, text }) => heard.push(`${code}: ${text}`));
      }
      game.server.on("draining", ({ leaveMs }) => {
        game.server.broadcast(`${leaveMs} ms left`, { delivery: "reliable" });
      });
      const startMs = game.clock.now();
      const closing = game.server.close({ leaveMs: 3000, drainMs: 1000, reason: "over" });
      await game.run(500);
      expect(heard.splice(0)).toEqual(["3000 ms left", "3000 ms left"]);
      expect(game.server.peers.size).toBe(2);
      clients[0]?.send("still here", { delivery: "reliable" });
      await game.settle((clients[0] as Client).close());
      if (leaves) await game.settle((clients[1] as Client).close());
      await game.settle(closing, 10_000);
      const tookMs = game.clock.now() - startMs;
      if (leaves) expect(tookMs).toBeLessThan(1500);
      else {
        expect(tookMs).toBeGreaterThanOrEqual(3000);
        expect(tookMs).toBeLessThan(3500);
        expect(heard).toContain("shutting-down: over");
      }
      await game.end();
    }
  });

  it("lets a listener say a last word, which is delivered before the end", async () => {
    const game = new GameNetwork({ link: { latencyMs: 40, loss: 0.2 } });
    await game.listen();
    const client = await game.connect();
    await game.run(100);
    const heard: string[] = [];
    client.on("message", ({ payload }) => heard.push(new TextDecoder().decode(payload)));
    client.on("disconnect", ({ code }) => heard.push(code));
    game.server.on("draining", ({ reason }) => game.server.broadcast(`go: ${reason}`, { delivery: "reliable" }));
    await game.settle(game.server.close({ drainMs: 5000, reason: "moved" }), 10_000);
    await game.run(1000);
    expect(heard).toEqual(["go: moved", "shutting-down"]);
    await game.end();
  });

  it("may be closed from inside its own notice", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    await game.connect();
    const inside: Promise<void>[] = [];
    game.server.on("draining", () => inside.push(game.server.close()));
    const outside = game.server.close({ leaveMs: 100 });
    expect(inside).toEqual([outside]);
    await game.settle(outside, 5000);
    await game.end();
  });

  it("refuses times and reasons that are none", async () => {
    const game = new GameNetwork();
    for (const [options, message] of [
      [{ leaveMs: -1 }, /"leaveMs" expected a number in 0\.\.3600000, got -1/],
      [{ drainMs: Number.NaN }, /"drainMs" expected a number in 0\.\.3600000, got NaN/],
      [{ leaveMs: "5" }, /"leaveMs" expected/],
      [{ reason: 5 }, /"reason" expected a string, got number/],
      [{ drainMS: 2000 }, /"options" expected "drainMs", got "drainMS"/],
      [{ drain: 2000 }, /"options" expected only leaveMs, drainMs, reason, got "drain"/],
      [5, /"options" expected an object, got number/],
      [null, /"options" expected an object, got null/],
    ] as const) {
      expect(() => void game.server.close(options as never)).toThrow(message);
    }
    const misspelt = { raeson: "an update" } as never;
    expect(() => game.server.startDraining(misspelt)).toThrow('"options" expected only reason, got "raeson"');
    expect(game.server.stats.draining).toBe(false);
    expect(() => game.server.startDraining({ reason: null as never })).toThrow(/"reason" expected a string, got null/);
    await game.end();
  });
});

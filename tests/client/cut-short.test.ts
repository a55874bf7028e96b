import { type ClientOptions, openSwarm } from "@sortie/client";
import type { Peer } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { FrameLoop } from "../support/frame-loop.js";
import { GameNetwork } from "../support/game-network.js";

type Kind = "with events" | "polled" | "of a swarm";

interface Leaving {
  readonly game: GameNetwork;
  readonly close: (options?: { readonly drainMs?: number }) => Promise<void>;
}

/** A client that has something to deliver to a server that is gone. */
async function leaving(
  kind: Kind,
  game: GameNetwork = new GameNetwork({ link: { latencyMs: 20 } }),
  options: Partial<ClientOptions> = {},
): Promise<Leaving> {
  await game.listen();
  if (kind === "polled") {
    const loop = new FrameLoop(game, 16, options);
    await loop.connected();
    game.network.setFilter(() => false);
    loop.client.send("last", { delivery: "reliable" });
    loop.stop();
    return { game, close: (options) => loop.client.close(options) };
  }
  if (kind === "with events") {
    const client = await game.connect();
    game.network.setFilter(() => false);
    client.send("last", { delivery: "reliable" });
    return { game, close: (options) => client.close(options) };
  }
  const swarm = await game.settle(openSwarm(game.clientOptions(), {}));
  const clients = Array.from({ length: 40 }, () => swarm.add());
  await game.run(500);
  game.network.setFilter(() => false);
  for (const client of clients) client.send("last", { delivery: "reliable" });
  return { game, close: (options) => swarm.close(options) };
}

async function end({ game }: Leaving): Promise<void> {
  game.network.setFilter(undefined);
  await game.run(20_000);
  await game.end();
}

describe.each<Kind>(["with events", "polled", "of a swarm"])("the close of a client %s that drains", (kind) => {
  it.each([0, 400])("is cut short by a further one that gives it %i ms", async (drainMs) => {
    const all = await leaving(kind);
    const fromMs = all.game.clock.now();
    const closed = all.close({ drainMs: 8000 });
    await all.game.run(500);
    expect(all.close({ drainMs })).toBe(closed);
    await all.game.settle(closed, 10_000);
    const tookMs = all.game.clock.now() - fromMs;
    expect(tookMs).toBeGreaterThanOrEqual(500 + drainMs);
    // The answer that is still waited for; a polled client without any time for itself waits for none.
    const graceMs = kind === "polled" && drainMs === 0 ? 20 : 1010;
    expect(tookMs).toBeLessThanOrEqual(500 + drainMs + graceMs);
    await end(all);
  });

  it("is not by one that gives it more, or names no time", async () => {
    const all = await leaving(kind);
    const fromMs = all.game.clock.now();
    const closed = all.close({ drainMs: 3000 });
    await all.game.run(500);
    for (const options of [undefined, {}, { drainMs: 8000 }]) expect(all.close(options)).toBe(closed);
    await all.game.settle(closed, 10_000);
    const tookMs = all.game.clock.now() - fromMs;
    expect(tookMs).toBeGreaterThan(3000);
    expect(tookMs).toBeLessThanOrEqual(4010);
    await end(all);
  });
});

describe("a polled client that waits for the answer to its close", () => {
  it("waits no longer once a further one gives it no time", async () => {
    const all = await leaving("polled");
    const fromMs = all.game.clock.now();
    const closed = all.close({ drainMs: 100 });
    await all.game.run(300);
    void all.close({ drainMs: 0 });
    await all.game.settle(closed, 10_000);
    expect(all.game.clock.now() - fromMs).toBeLessThanOrEqual(320);
    await end(all);
  });
});

describe("a close that drains, cut short by what it runs itself", () => {
  it("ends at once with events, and gives no more messages", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    const peers: Peer<unknown>[] = [];
    game.server.on("connect", (peer) => void peers.push(peer));
    await game.listen();
    const client = await game.connect();
    client.pause(0);
    let heard = 0;
    client.on("message", () => {
      heard += 1;
      void client.close({ drainMs: 0 });
    });
    for (const word of ["one", "two"]) peers[0]?.send(word, { delivery: "reliable" });
    await game.run(300);
    game.network.setFilter(() => false);
    client.send("last", { delivery: "reliable" });
    const fromMs = game.clock.now();
    client.resume(0);
    const closed = client.close({ drainMs: 8000 });
    expect(heard).toBe(1);
    await game.settle(closed, 20_000);
    expect(game.clock.now() - fromMs).toBeLessThanOrEqual(1010);
    expect(heard).toBe(1);
    await end({ game, close: () => closed });
  });

  it("ends at once polled", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    const transport = game.network.createTransport();
    const all = await leaving("polled", game, { transport });
    const send = transport.send.bind(transport);
    transport.send = (batch) => {
      void all.close({ drainMs: 0 });
      return send(batch);
    };
    const fromMs = game.clock.now();
    await game.settle(all.close({ drainMs: 8000 }), 20_000);
    expect(game.clock.now() - fromMs).toBeLessThanOrEqual(20);
    await end(all);
  });
});

describe("a swarm whose close is cut short", () => {
  it("gives those that it had not told yet the shorter time", async () => {
    const all = await leaving("of a swarm");
    const fromMs = all.game.clock.now();
    const closed = all.close({ drainMs: 8000 });
    void all.close({ drainMs: 0 });
    await all.game.settle(closed, 10_000);
    expect(all.game.clock.now() - fromMs).toBeLessThan(1100);
    await end(all);
  });
});

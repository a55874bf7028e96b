import { type Client, connect, type ConnectError } from "@sortie/client";
import type { CryptoProvider } from "@sortie/handshake";
import type { ServerOptions } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { InstrumentedCrypto } from "../support/instrumented-crypto.js";
import { recordDatagrams } from "../support/recorder.js";

/** Clients that begin at one instant. Resolves with what became of each: "in", or the code of its error. */
function crowd(game: GameNetwork, count: number, timeoutMs: number = 5000): Promise<string[]> {
  const attempt = async (): Promise<string> => {
    try {
      const client: Client = await connect(game.clientOptions({ timeoutMs }));
      game.clients.push(client);
      return "in";
    } catch (error) {
      return (error as ConnectError).code;
    }
  };
  return Promise.all(Array.from({ length: count }, attempt));
}

function counted(results: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const result of results) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

async function listening(server: Partial<ServerOptions>, crypto: CryptoProvider): Promise<GameNetwork> {
  const game = new GameNetwork({
    crypto,
    server: { handshakesPerPrefix: { perSecond: 1000, burst: 1000 }, ...server },
  });
  await game.listen();
  return game;
}

describe("a crowd that comes at one instant", () => {
  it("gets in, all of it, a few with each tick", async () => {
    const game = await listening({}, new InstrumentedCrypto(1));
    const startMs = game.clock.now();
    expect(counted(await game.settle(crowd(game, 40)))).toEqual({ in: 40 });
    // 9 with each tick, and the rest of the way.
    expect(game.clock.now() - startMs).toBeLessThan(200);
    expect(game.server.stats).toMatchObject({ handshakes: 40, peersAccepted: 40, halfOpen: 0 });
    await game.end();
  });

  it("asks again while it waits, and is answered once", async () => {
    const game = await listening({ tickRate: 1, handshakesPerSecond: 3 }, new InstrumentedCrypto(1));
    const startMs = game.clock.now();
    // Hellos go again after a fraction of a second; ticks are a second apart.
    const first = crowd(game, 9, 10_000);
    await game.run(950);
    const latecomer = crowd(game, 1, 10_000);
    expect(
      counted(
        await game.settle(
          Promise.all([first, latecomer]).then((all) => all.flat()),
          20_000,
        ),
      ),
    ).toEqual({
      in: 10,
    });
    expect(game.server.stats).toMatchObject({ handshakes: 10, peersAccepted: 10 });
    // Two ticks for those before, and the next for the latecomer: no turn went to a repetition.
    expect(game.clock.now() - startMs).toBeLessThan(3500);
    await game.end();
  });

  it("waits for nothing without ticks", async () => {
    const crypto = new InstrumentedCrypto(1);
    const game = await listening({ tickRate: 0 }, crypto);
    const results = crowd(game, 40);
    await game.run(5);
    expect(game.server.stats.handshakes).toBe(40);
    expect(counted(await game.settle(results))).toEqual({ in: 40 });
    await game.end();
  });

  it("is told, in the queue too, that the server is full or shuts down", async () => {
    const game = await listening({ maxPeers: 12 }, new InstrumentedCrypto(1));
    const full = counted(await game.settle(crowd(game, 40), 20_000));
    expect(full).toEqual({ in: 12, "server-full": 28 });
    await game.end();

    const other = await listening({}, new InstrumentedCrypto(1));
    const results = crowd(other, 40);
    await other.run(5);
    other.server.startDraining();
    const counts = counted(await other.settle(results, 20_000));
    // Those who had been answered by then are in.
    expect(counts).toEqual({ in: other.server.stats.handshakes, rejected: 40 - other.server.stats.handshakes });
    expect(other.server.stats.handshakes).toBeLessThan(20);
    await other.end();
  });

  it("that is blocked while it waits is not answered, and keeps no turn from others", async () => {
    const game = await listening({}, new InstrumentedCrypto(1));
    // Hellos alone arrive: nothing but those that wait is there to be dropped.
    game.network.setFilter((datagram, _from, to) => datagram[0] === 0x01 || !to.equals(game.serverAddress));
    const results = crowd(game, 40, 1000);
    await game.run(5);
    const { handshakes } = game.server.stats;
    expect(handshakes).toBe(9);
    game.server.block("0.0.0.0/0");
    const wire = recordDatagrams(game.network);
    // A tick or two: 18 turns at the most.
    await game.run(20);
    expect(wire.filter(({ datagram }) => datagram[0] === 0x03)).toEqual([]);
    expect(game.server.stats.handshakes).toBe(handshakes);
    expect(game.server.stats.drops.blocked).toBe(31);
    await game.settle(results);
    game.network.setFilter(undefined);
    game.server.unblock("0.0.0.0/0");
    expect(counted(await game.settle(crowd(game, 3)))).toEqual({ in: 3 });
    await game.run(12_000);
    await game.end();
  });

  it("does not stop the ticks where the provider fails: it is reported, and others come in", async () => {
    const crypto = new InstrumentedCrypto(1);
    const game = await listening({}, crypto);
    const errors: string[] = [];
    game.server.on("error", (error) => errors.push((error as Error).message));
    let ticks = 0;
    game.server.on("tick", () => (ticks += 1));
    const sign = crypto.sign.bind(crypto);
    const results = crowd(game, 20, 1000);
    await game.run(5);
    const before = game.server.stats.handshakes;
    crypto.sign = () => {
      throw new Error("no entropy");
    };
    await game.run(100);
    crypto.sign = sign;
    expect(before).toBe(9);
    expect(errors.length).toBeGreaterThanOrEqual(11);
    expect(new Set(errors)).toEqual(new Set(["no entropy"]));
    expect(ticks).toBeGreaterThanOrEqual(5);
    expect(counted(await game.settle(results))["in"]).toBeGreaterThanOrEqual(9);
    expect(counted(await game.settle(crowd(game, 3)))).toEqual({ in: 3 });
    await game.end();
  });
});

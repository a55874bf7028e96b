import { connect } from "@sortie/client";
import { Server } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { HeldClock } from "../support/held-clock.js";

const IDLE_MS = 2000;

describe("a server whose process is held up", () => {
  it.each([60, 0])(
    "gives up nobody whose packets came in time and wait in the socket (tickRate %i)",
    async (tickRate) => {
      const game = new GameNetwork({ link: { latencyMs: 5 } });
      const clock = new HeldClock(game.clock);
      const transport = game.network.createTransport({ host: "10.0.0.9", port: 9 });
      const { crypto, identity } = game;
      const server = new Server({
        protocol: "test/1",
        crypto,
        identity,
        clock,
        transport,
        tickRate,
        idleTimeoutMs: IDLE_MS,
      });
      const lost: string[] = [];
      server.on("disconnect", (_peer, reason) => lost.push(reason.code));
      await game.settle(server.listen());
      const client = await game.settle(connect(game.clientOptions({ host: "10.0.0.9", port: 9 })));
      await game.run(500);
      // For a while nothing of the client arrives, but it hears the server.
      game.network.setFilter((_datagram, from) => from.host === "10.0.0.9");
      for (let i = 0; i < 6; i++) {
        server.broadcast("still here");
        await game.run(50);
      }
      game.network.setFilter(undefined);
      // Then the server's process stands still, and the client's packets wait in its socket.
      clock.hold(1800);
      transport.setReceiveLink({ latencyMs: 1805 });
      client.send("I am here", { delivery: "reliable" });
      await game.run(1801);
      transport.setReceiveLink({});
      await game.run(1000);
      expect(lost).toEqual([]);
      expect(client.isConnected).toBe(true);
      // A peer that is truly gone is noticed all the same.
      game.network.setFilter(() => false);
      await game.run(IDLE_MS + 500);
      expect(lost).toEqual(["timeout"]);
      await game.settle(Promise.all([client.close(), server.close()]), 10_000);
      await game.run(1000);
      await game.end();
    },
  );

  it("takes slow ticks for no hold-up: a silent peer ends at its idle timeout and a tick", async () => {
    const game = new GameNetwork({ server: { tickRate: 2, idleTimeoutMs: IDLE_MS } });
    const endedAt: number[] = [];
    game.server.on("disconnect", () => endedAt.push(game.clock.now()));
    await game.listen();
    await game.connect();
    await game.run(1500);
    game.network.setFilter(() => false);
    const silentFrom = game.clock.now();
    await game.run(6000);
    expect(endedAt).toHaveLength(1);
    expect((endedAt[0] as number) - silentFrom).toBeLessThanOrEqual(IDLE_MS + 500);
    await game.end();
  });
});

import { connect } from "@sortie/client";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

/** ms. One way: the first brings ACCEPT before the tick that tells of the peer, the last after it. */
const LATENCIES = [0, 5, 10, 40];

describe("a client that has connected is one of the server's peers", () => {
  it("with the next tick: a broadcast before it may reach nobody", async () => {
    const reached: number[] = [];
    for (const latencyMs of LATENCIES) {
      const game = new GameNetwork({ link: { latencyMs } });
      await game.listen();
      await game.connect();
      const atOnce = game.server.broadcast("hi");
      await game.run(20);
      reached.push(atOnce, game.server.broadcast("hi"));
      await game.end();
    }
    expect(reached).toEqual([0, 1, 0, 1, 0, 1, 1, 1]);
  });

  it.each(LATENCIES)("once the server has said so, which is listened for beforehand (%i ms)", async (latencyMs) => {
    const game = new GameNetwork({ link: { latencyMs } });
    await game.listen();
    const joined = new Promise((resolve) => game.server.once("connect", resolve));
    const client = await game.settle(connect(game.clientOptions()));
    await game.settle(joined);
    expect(game.server.broadcast("hi")).toBe(1);
    game.clients.push(client);
    await game.end();
  });
});

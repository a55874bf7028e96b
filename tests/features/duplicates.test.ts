import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";

describe("duplicate datagrams and messages", () => {
  it.each([1, 2, 3])("are never delivered twice, in any mode (seed %i)", async (seed) => {
    // Everything arrives twice, late and out of order, and a fifth is lost, so that much is also sent again.
    const link = { latencyMs: 30, jitterMs: 20, duplicate: 1, reorder: 0.3, loss: 0.2 };
    const game = new GameNetwork({ seed, link });
    const counts = new Map<string, number>();
    game.server.on("message", (_peer, message) => {
      const name = `${message.delivery} ${text(message.payload)}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    });
    await game.listen();
    const client = await game.connect();
    const modes = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const;
    for (let i = 0; i < 300; i++) {
      for (const delivery of modes) client.send(`${i}`, { delivery });
      await game.run(10);
    }
    await game.run(5000);
    expect(Math.max(...counts.values())).toBe(1);
    for (const delivery of ["reliable", "ordered"]) {
      for (let i = 0; i < 300; i++) expect(counts.get(`${delivery} ${i}`)).toBe(1);
    }
    expect(game.server.stats.drops.duplicate).toBeGreaterThan(200);
    await game.end();
  });
});

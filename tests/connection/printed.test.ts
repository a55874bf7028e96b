import { inspect } from "node:util";
import { createClient, openSwarm } from "@sortie/client";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

describe("what an application may print", () => {
  it("has neither keys nor anything else of connections in it", async () => {
    const game = new GameNetwork();
    const received: unknown[] = [];
    game.server.on("message", (_peer, message) => received.push(message));
    await game.listen();
    const client = await game.connect();
    const swarm = await game.settle(openSwarm(game.clientOptions(), {}));
    const ofSwarm = swarm.add();
    await game.run(200);
    const receipts = [1, 2, 3].map((i) => ofSwarm.send(`message ${i}`, { delivery: "reliable" }));
    await game.run(200);
    const polled = createClient(game.clientOptions());
    const peers = [...game.server.peers.values()];
    expect([peers.length, received.length]).toEqual([2, 3]);
    for (const shown of [game.server, client, swarm, polled, ofSwarm, ...peers, ...receipts, ...received]) {
      expect(inspect(shown, { depth: Infinity }).length).toBeLessThan(500);
      expect(JSON.stringify({ shown }).length).toBeLessThan(500);
    }
    const { sessionId } = ofSwarm;
    expect(JSON.parse(JSON.stringify(ofSwarm))).toEqual({ index: 0, state: "connected", sessionId });
    expect(inspect(ofSwarm)).toContain("state: 'connected'");
    await game.settle(Promise.all([polled.close(), swarm.close()]));
    await game.end();
  });
});

import type { DatagramBatch } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

describe("a transport whose send fails", () => {
  it("for one peer silences nobody else", async () => {
    const game = new GameNetwork({ server: { tickRate: 60 } });
    await game.listen();
    const errors: string[] = [];
    game.server.on("error", (error) => errors.push((error as Error).message));
    game.server.on("message", (peer, { payload }) => peer.send(payload, { delivery: "reliable" }));
    const innocent = await game.connect();
    let echoes = 0;
    innocent.on("message", () => (echoes += 1));
    const other = await game.connect();
    await game.run(50); // the server hears at its next tick that the client is in
    const address = [...game.server.peers.values()].at(-1)?.address;
    expect(game.server.peers.size).toBe(2);
    const { serverTransport } = game;
    const send = serverTransport.send.bind(serverTransport);
    serverTransport.send = (batch: DatagramBatch) => {
      for (let i = 0; i < batch.count; i++)
        if (batch.addresses[i]?.equals(address!) === true) throw new Error("no route");
      send(batch);
    };
    for (let i = 0; i < 60; i++) {
      innocent.send(Uint8Array.of(i), { delivery: "reliable" });
      if (i < 30) other.send(Uint8Array.of(i), { delivery: "reliable" });
      await game.run(100);
    }
    expect(errors.length).toBeGreaterThan(20);
    expect(new Set(errors)).toEqual(new Set(["no route"]));
    await game.run(2000);
    expect([innocent.isConnected, echoes]).toEqual([true, 60]);
    await game.end();
  });

  it("as it gives no batch any more is told to the server, once", async () => {
    const game = new GameNetwork({ server: { tickRate: 60 } });
    await game.listen();
    const errors: unknown[] = [];
    game.server.on("error", (error) => errors.push(error));
    await game.connect();
    while (game.serverTransport.acquireBatch() !== undefined);
    await game.run(900);
    expect(errors).toEqual([]);
    await game.run(3000);
    expect(errors).toMatchObject([{ name: "TransportError", code: "resources" }]);
    await game.end();
  });
});

import { MAX_DATAGRAM_BYTES } from "@sortie/wire";
import { Server } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork, PROTOCOL } from "../support/game-network.js";

function fail(): never {
  throw new Error("broken");
}

describe("a server whose transport fails as it is asked to receive", () => {
  it.each<[string, () => unknown, string | RegExp]>([
    ["throws", fail, "broken"],
    ["rejects", () => Promise.reject(new Error("broken")), /expected receiveNow\(\) to give a boolean, got a promise/],
  ])("is told, and goes on (%s)", async (_, receiveNow, message) => {
    const game = new GameNetwork({ server: { tickRate: 60 } });
    await game.listen();
    const errors: string[] = [];
    game.server.on("error", (error) => errors.push((error as Error).message));
    game.server.on("message", (peer, { payload }) => peer.send(payload, { delivery: "reliable" }));
    const client = await game.connect();
    Object.assign(game.serverTransport, { receiveNow });
    let echoes = 0;
    client.on("message", () => (echoes += 1));
    for (let i = 0; i < 20; i++) {
      client.send(Uint8Array.of(i), { delivery: "reliable" });
      await game.run(50);
    }
    await game.run(500);
    expect([echoes, client.isConnected]).toEqual([20, true]);
    expect(errors[0]).toMatch(message);
    expect(new Set(errors).size).toBe(1);
    Object.assign(game.serverTransport, { receiveNow: undefined });
    await game.end();
  });
});

describe("a server whose transport has too small batches", () => {
  it("does not listen, and says so", async () => {
    const game = new GameNetwork();
    const { crypto, identity, clock, network } = game;
    const listen = (slotBytes: number): Promise<Server<unknown>> => {
      const transport = network.createTransport({ slotBytes });
      const server = new Server({ protocol: PROTOCOL, crypto, identity, clock, transport });
      return game.settle(server.listen()).then(() => server);
    };
    const message = `"transport" expected batches with room for ${MAX_DATAGRAM_BYTES} bytes, got 1200`;
    await expect(listen(1200)).rejects.toThrow(new TypeError(message));
    const server = await listen(MAX_DATAGRAM_BYTES);
    await game.settle(server.close());
    await game.end();
  });
});

import type { SendAdvice } from "@sortie/connection";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";

describe("advice on how much to send", () => {
  it("is given to both sides as the link gets worse and better, without fluttering", async () => {
    const game = new GameNetwork({
      seed: 71,
      link: { latencyMs: 20 },
      crypto: createSeededNodeCrypto(71),
      server: { tickRate: 30 },
    });
    const atServer: number[] = [];
    const atClient: number[] = [];
    const note = (list: number[], advice: SendAdvice): void => {
      if (advice.updateDivisor !== (list.at(-1) ?? 1)) list.push(advice.updateDivisor);
    };
    game.server.on("advice", (_peer, advice) => note(atServer, advice));
    game.server.on("tick", () => {
      for (const peer of game.server.peers.values()) peer.send(new Uint8Array(64));
      for (const client of game.clients) client.send(new Uint8Array(64));
    });
    await game.listen();
    const client = await game.connect();
    client.on("advice", (advice) => note(atClient, advice));

    await game.run(10_000);
    const [peer] = [...game.server.peers.values()];
    expect([atServer, atClient]).toEqual([[], []]);
    expect(client.advice.updateDivisor).toBe(1);
    expect(client.advice.bytesPerSecond).toBeGreaterThan(30 * (64 + 27));
    // A queue of 80 ms, then of 300 ms, on the way; then it empties.
    for (const [latencyMs, ms] of [
      [60, 8000],
      [170, 8000],
      [20, 30_000],
    ] as const) {
      game.network.setDefaultLink({ latencyMs });
      await game.run(ms);
    }
    expect(atServer).toEqual([2, 4, 2, 1]);
    expect(atClient).toEqual([2, 4, 2, 1]);
    expect(peer?.advice.updateDivisor).toBe(1);
    expect(peer?.stats.advice).toEqual(peer?.advice);

    game.network.setDefaultLink({ latencyMs: 20, loss: 0.25 });
    await game.run(15_000);
    expect(peer?.advice.updateDivisor).toBe(4);
    game.network.setDefaultLink({ latencyMs: 20 });
    await game.run(60_000);
    expect(peer?.advice.updateDivisor).toBe(1);
    expect(atServer.length).toBeLessThanOrEqual(9);
    await game.end();
  });
});

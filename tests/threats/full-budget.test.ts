import { createNodeProvider } from "@sortie/handshake/node";
import { SocketAddress } from "@sortie/transport";
import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { HandMadeClient } from "../support/hand-made-client.js";
import { bytesPart, type FramePart, packetOf, piece } from "../support/hostile-frames.js";

const KIB = 1024;
const SMALLEST = new Uint8Array(64);

/** The smallest legal pieces of `count` reliable messages of 100,000 bytes, from the `first` on. */
function bombs(first: number, count: number): FramePart[] {
  const ids = Array.from({ length: count }, (_, i) => first + i);
  return ids.map((id) => piece({ delivery: DeliveryCode.Reliable, channel: 0, id, total: 100_000, bytes: SMALLEST }));
}

describe("T29 the reassembly budget of a server, used up by hostile peers", () => {
  it("T29e what an honest peer acknowledges counts, although its own large message has no room", async () => {
    const game = new GameNetwork({
      crypto: createNodeProvider(),
      link: { latencyMs: 20 },
      server: { reassemblyBudgetBytes: 256 * KIB, tickRate: 20 },
    });
    await game.listen();
    const hostile = [];
    for (let i = 0; i < 2; i++) {
      const one = await new HandMadeClient(game, SocketAddress.parse("203.0.113.9", 5000 + i)).shakeHands();
      one.send(packetOf(bytesPart(0x03, 0)));
      hostile.push(one);
    }
    await game.run(100);
    for (let i = 0; i < 20; i++) {
      for (const one of hostile) one.send(packetOf(...bombs(i * 6, 6)));
      await game.run(10);
    }
    const client = await game.connect();
    await game.run(100);
    const peer = [...game.server.peers.values()].at(-1)!;
    const refusedBefore = game.server.stats.drops["receive-buffer-full"];
    client.send(new Uint8Array(20_000), { delivery: "reliable" });
    await game.run(500);
    const latencies: number[] = [];
    for (let i = 0; i < 100; i++) {
      const sentAtMs = game.clock.now();
      const { outcome } = peer.send(`word ${i}`, { delivery: "reliable" });
      void outcome.then(() => latencies.push(game.clock.now() - sentAtMs));
      for (const one of hostile) one.send(packetOf(...bombs(i % 50, 1)));
      await game.run(100);
    }
    await game.run(100);
    expect(game.server.stats.drops["receive-buffer-full"]).toBeGreaterThan(refusedBefore + 10);
    expect(latencies).toHaveLength(100);
    expect(Math.max(...latencies)).toBeLessThan(300);
    expect(peer.stats.endpoint.retransmittedMessages).toBe(0);
    await game.end();
  });
});

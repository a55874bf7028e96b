import { ConnectionPair, PairAddress } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { createFaultyCrypto, createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { messagesOf } from "../support/pair-reading.js";

describe("a generator that fails as a peer moves", () => {
  it("is told to the owner, and leaves no address that is never asked: the next packet from there is answered", () => {
    const { crypto, broken } = createFaultyCrypto(3);
    const pair = new ConnectionPair({ seed: 3, link: { latencyMs: 20 }, crypto });
    pair.runUntil(() => pair.client.state === "connected" && pair.server.state === "connected", 1000);
    pair.run(500);
    pair.seenAddress = new PairAddress("elsewhere");
    broken.add("randomBytes");
    const receipt = pair.client.send(new Uint8Array(10), { delivery: "reliable" }, pair.nowMs);
    expect(receipt.accepted).toBe(true);
    expect(() => pair.run(30)).toThrow("randomBytes failed");
    broken.clear();
    expect(pair.server.nextTimeoutAt()).toBeGreaterThan(pair.nowMs);
    pair.run(1000);
    expect((pair.server.address as PairAddress).name).toBe("elsewhere");
    expect(messagesOf(pair.server)).toHaveLength(1);
  });

  it("ends that peer of a server alone, and the error is told", async () => {
    const faulty = createFaultyCrypto(4);
    const game = new GameNetwork({ link: { latencyMs: 5 }, crypto: faulty.crypto });
    const errors: string[] = [];
    const reasons: string[] = [];
    game.server.on("error", (error) => errors.push((error as Error).message));
    game.server.on("disconnect", (peer, { code }) => reasons.push(`${peer.id} ${code}`));
    game.server.on("message", (peer, message) => void peer.send(message.payload, { delivery: "reliable" }));
    await game.listen();
    const transport = game.network.createTransport();
    const roamer = await game.connect({ crypto: createSeededNodeCrypto(5), transport });
    const other = await game.connect({ crypto: createSeededNodeCrypto(6) });
    let echoes = 0;
    other.on("message", () => (echoes += 1));
    await game.run(500);
    faulty.broken.add("randomBytes");
    await transport.rebind();
    for (let i = 0; i < 20; i++) {
      if (roamer.isConnected) roamer.send("x");
      other.send("y", { delivery: "reliable" });
      await game.run(50);
    }
    // Once for the challenge, and for each reset that the peer, unknown from then on, would have been sent.
    expect(new Set(errors)).toEqual(new Set(["randomBytes failed"]));
    expect(reasons).toEqual(["1 internal-error"]);
    expect(echoes).toBe(20);
    faulty.broken.clear();
    await game.end();
  });
});

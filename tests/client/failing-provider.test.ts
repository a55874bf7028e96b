import { createClient, openSwarm } from "@sortie/client";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { createFaultyCrypto, type CryptoFault, createSeededNodeCrypto } from "../support/hostile-crypto.js";

/** Of those that a client asks for once the server has answered. */
const FAULTS = ["sharedSecret", "hmacSha256", "createAead"] as const satisfies readonly CryptoFault[];

async function playing(seed: number): Promise<GameNetwork> {
  const game = new GameNetwork({ link: { latencyMs: 5 }, crypto: createSeededNodeCrypto(seed) });
  await game.listen();
  return game;
}

describe("a client whose provider fails in the handshake", () => {
  it.each(FAULTS)("by %s is told at once, and why", async (fault) => {
    const game = await playing(61);
    const { crypto, broken } = createFaultyCrypto(62);
    const options = game.clientOptions({ crypto });
    const startMs = game.clock.now();
    const attempt = game.connect(options);
    // After the options were checked.
    broken.add(fault);
    const cause = expect.objectContaining({ message: `${fault} failed` }) as Error;
    await expect(attempt).rejects.toMatchObject({ name: "ConnectError", code: "aborted", cause });
    expect(game.clock.now() - startMs).toBeLessThan(100);
    await game.run(12_000);
    expect(game.server.stats.halfOpen).toBe(0);
    await game.end();
  });

  it("by its generator, which makes the first packet, is told so, too", async () => {
    const game = await playing(63);
    const { crypto, broken } = createFaultyCrypto(64);
    const attempt = game.connect({ crypto });
    broken.add("randomBytes");
    const cause = expect.objectContaining({ message: "randomBytes failed" }) as Error;
    await expect(attempt).rejects.toMatchObject({ name: "ConnectError", code: "aborted", cause });
    await game.end();
  });

  it.each(FAULTS)("and that is polled has the error at once: %s", async (fault) => {
    const game = await playing(65);
    const { crypto, broken } = createFaultyCrypto(66);
    const client = createClient(game.clientOptions({ crypto }));
    broken.add(fault);
    const startMs = game.clock.now();
    while (client.state === "connecting" && game.clock.now() - startMs < 2000) {
      client.update(game.clock.now());
      await game.run(10);
    }
    expect(client.state).toBe("closed");
    expect(client.error).toMatchObject({ code: "aborted", cause: { message: `${fault} failed` } });
    expect(game.clock.now() - startMs).toBeLessThan(100);
    await game.settle(client.close());
    await game.run(12_000);
    await game.end();
  });

  it.each(FAULTS)("and that is one of a swarm is told of alone: %s", async (fault) => {
    const game = await playing(67);
    const { crypto, broken } = createFaultyCrypto(68);
    const codes: unknown[] = [];
    const errors: string[] = [];
    let connected = 0;
    const swarm = await game.settle(
      openSwarm(game.clientOptions({ crypto }), {
        onConnect: () => (connected += 1),
        onFailure: (_client, { code, cause }) => codes.push([code, (cause as Error).message]),
        onError: (error) => errors.push((error as Error).message),
      }),
    );
    swarm.add();
    await game.run(100);
    broken.add(fault);
    swarm.add();
    await game.run(100);
    expect([codes, errors, connected]).toEqual([[["aborted", `${fault} failed`]], [`${fault} failed`], 1]);
    broken.clear();
    await game.settle(swarm.close());
    await game.run(12_000);
    await game.end();
  });
});

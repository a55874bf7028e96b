import { type Client, createClient, openSwarm, type PolledClient, type SwarmClient } from "@sortie/client";
import type { SendOptions } from "@sortie/reliability";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

/** Every mistake that `send` throws for, and what it says. */
const MISTAKES: readonly (readonly [object, string])[] = [
  [{ chanel: 4 }, '"options" expected only delivery, channel, priority, expiresInMs, got "chanel"'],
  [{ delivery: "nope" }, '"delivery" expected "unreliable", '],
  [{ delivery: "reliable", expiresInMs: 50 }, '"expiresInMs" expected'],
  [{ channel: 256 }, '"channel" expected an integer in 0..255, got 256'],
];

function expectThrows(client: Client | PolledClient | SwarmClient): void {
  for (const [options, message] of MISTAKES) {
    expect(() => client.send("hi", options as SendOptions)).toThrow(message);
  }
}

describe("options of send that are mistaken throw at any time:", () => {
  it("of a polled client while it connects, once it has, and after its end", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const client = createClient(game.clientOptions());
    const seen = new Set<string>();
    for (let frame = 0; frame < 30; frame++) {
      seen.add(client.state);
      expectThrows(client);
      await game.run(16);
      client.update(game.clock.now());
    }
    await game.settle(client.close());
    expectThrows(client);
    expect([[...seen], client.send("hi").refusal]).toEqual([["connecting", "connected"], "closed"]);
    await game.end();
  });

  it("of a polled client that nobody answers", async () => {
    const game = new GameNetwork();
    const client = createClient(game.clientOptions({ timeoutMs: 100 }));
    for (const nowMs of [0, 200]) {
      await game.run(200);
      client.update(nowMs);
    }
    expect(client.state).toBe("closed");
    expectThrows(client);
    await game.end();
  });

  it("of a swarm's client while it connects, once it has, and after its end", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const swarm = await game.settle(openSwarm(game.clientOptions(), {}));
    const client = swarm.add();
    const seen = new Set<string>();
    for (let step = 0; step < 30; step++) {
      seen.add(client.state);
      expectThrows(client);
      await game.run(16);
    }
    await game.settle(swarm.close());
    expectThrows(client);
    expect([[...seen], client.send("hi").refusal]).toEqual([["connecting", "connected"], "closed"]);
    await game.end();
  });

  it("of a client with events, also after its end", async () => {
    const game = new GameNetwork();
    await game.listen();
    const client = await game.connect();
    expectThrows(client);
    await game.settle(client.close());
    expectThrows(client);
    expect(client.send("hi").refusal).toBe("closed");
    await game.end();
  });
});

import { type ClientSwarm, openSwarm, type SwarmClient } from "@sortie/client";
import type { TraceEvent } from "@sortie/connection";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";

const FAULT = "trace is broken";

async function open(
  game: GameNetwork,
  onError: (error: unknown) => void,
): Promise<{ swarm: ClientSwarm; ends: string[] }> {
  const ends: string[] = [];
  await game.listen();
  const opening = openSwarm(game.clientOptions(), {
    onFailure: ({ index }, { code }) => void ends.push(`${index} ${code}`),
    onDisconnect: ({ index }, { code }) => void ends.push(`${index} ${code}`),
    onError,
  });
  return { swarm: await game.settle(opening), ends };
}

async function end(game: GameNetwork, swarm: ClientSwarm): Promise<void> {
  await game.settle(swarm.close(), 60_000);
  expect(swarm.size).toBe(0);
  await game.end();
}

/** Throws, or rejects, at each of these events once `isArmed`. */
class BrokenTrace {
  isArmed = false;
  readonly listen: (event: TraceEvent) => void;

  constructor(type: TraceEvent["type"], isAsync: boolean) {
    this.listen = ((event: TraceEvent) => {
      if (!this.isArmed || event.type !== type) return undefined;
      if (isAsync) return Promise.reject(new Error(FAULT));
      throw new Error(FAULT);
    }) as (event: TraceEvent) => void;
  }
}

const TYPES = ["packet-sent", "packet-received", "packet-acked", "state", "closed"] as const;

describe("a trace that fails", () => {
  it.each(TYPES.flatMap((type) => [[type, "throws"] as const, [type, "rejects"] as const]))(
    "at %s, and %s: it is told, and all clients play on and leave",
    async (type, how) => {
      const game = new GameNetwork({ link: { latencyMs: 5 } });
      const heard: string[] = [];
      game.server.on("message", (_peer, { payload }) => void heard.push(text(payload)));
      const errors = new Set<string>();
      const { swarm, ends } = await open(game, (error) => void errors.add(String(error)));
      const trace = new BrokenTrace(type, how === "rejects");
      const clients = [swarm.add(), swarm.add({ trace: trace.listen }), swarm.add()] as const;
      await game.run(500);
      trace.isArmed = true;
      for (let round = 0; round < 5; round++) {
        for (const client of clients) client.send(String(client.index), { delivery: "reliable" });
        await game.run(50);
      }
      expect([ends, heard.sort()]).toEqual([[], ["0", "1", "2"].flatMap((word) => Array<string>(5).fill(word))]);
      clients[1].close();
      await game.run(500);
      expect(ends).toEqual(["1 closed"]);
      expect([...errors]).toEqual([`Error: ${FAULT}`]);
      expect(game.server.peers.size).toBe(2);
      await end(game, swarm);
    },
  );

  it("is told of outside of the work on its connection, which may be ended there", async () => {
    const game = new GameNetwork({ link: { latencyMs: 5 } });
    const broken: { client?: SwarmClient } = {};
    let isAtWork = false;
    const told: boolean[] = [];
    const { swarm, ends } = await open(game, () => {
      told.push(isAtWork);
      broken.client?.close({ reason: "not to be watched" });
    });
    const trace = new BrokenTrace("packet-sent", false);
    broken.client = swarm.add({
      trace: (event) => {
        isAtWork = true;
        // Over by the end of the turn that it is part of.
        game.clock.defer(() => (isAtWork = false));
        trace.listen(event);
      },
    });
    await game.run(500);
    trace.isArmed = true;
    broken.client.send("x", { delivery: "reliable" });
    await game.run(500);
    expect(told.length).toBeGreaterThan(0);
    expect(told).not.toContain(true);
    expect(ends).toEqual(["0 closed"]);
    await end(game, swarm);
  });
});

import { openSwarm } from "@sortie/client";
import { describe, expect, it } from "vitest";
import { FrameLoop } from "../support/frame-loop.js";
import { GameNetwork } from "../support/game-network.js";

/** Far enough away that the end is repeated for longer than it is waited for. */
const FAR = { latencyMs: 300 };
/** ms of game time. */
const LONG_MS = 60_000;

type Kind = "with events" | "polled" | "of a swarm";
type Leave = (options: { readonly drainMs: number }) => Promise<void>;

interface Leaving {
  readonly game: GameNetwork;
  readonly send: () => void;
  readonly leave: Leave;
}

async function connected(kind: Kind): Promise<Leaving> {
  const game = new GameNetwork({ link: FAR });
  await game.listen();
  const reliable = { delivery: "reliable" } as const;
  if (kind === "with events") {
    const client = await game.connect();
    await game.run(2000);
    return { game, send: () => client.send("x", reliable), leave: (options) => client.close(options) };
  }
  if (kind === "polled") {
    const loop = new FrameLoop(game, 16);
    await loop.connected();
    await game.run(2000);
    const leave: Leave = (options) => {
      loop.stop();
      return loop.client.close(options);
    };
    return { game, send: () => loop.client.send("x", reliable), leave };
  }
  const swarm = await game.settle(openSwarm(game.clientOptions(), {}));
  const client = swarm.add();
  await game.run(4000);
  return { game, send: () => client.send("x", reliable), leave: (options) => swarm.close(options) };
}

async function msToLeave({ game, leave }: Leaving, drainMs: number): Promise<number> {
  const fromMs = game.clock.now();
  await game.settle(leave({ drainMs }), 2 * LONG_MS);
  return game.clock.now() - fromMs;
}

async function end({ game }: Leaving): Promise<void> {
  game.network.setFilter(undefined);
  await game.run(20_000);
  await game.end();
}

describe.each<Kind>(["with events", "polled", "of a swarm"])(
  "a client %s that leaves a server that is gone",
  (kind) => {
    it("waits 1000 ms for its answer where nothing was left to deliver, whatever drainMs is", async () => {
      const leaving = await connected(kind);
      leaving.game.network.setFilter(() => false);
      expect(await msToLeave(leaving, LONG_MS)).toBeLessThanOrEqual(1000);
      await end(leaving);
    });

    it("waits 1000 ms from when the last was delivered", async () => {
      const leaving = await connected(kind);
      const { game } = leaving;
      const closingMs = game.clock.now();
      leaving.send();
      // What is sent goes and is acknowledged; after that the path is dead.
      game.network.setFilter((_, from) => game.clock.now() < closingMs + (from.equals(game.serverAddress) ? 500 : 100));
      const tookMs = await msToLeave(leaving, LONG_MS);
      expect(tookMs).toBeGreaterThan(1000);
      expect(tookMs).toBeLessThanOrEqual(1700);
      await end(leaving);
    });

    it("still takes drainMs, and 1000 ms more, where something is", async () => {
      const leaving = await connected(kind);
      leaving.game.network.setFilter(() => false);
      leaving.send();
      const tookMs = await msToLeave(leaving, 2500);
      expect(tookMs).toBeGreaterThan(2500);
      expect(tookMs).toBeLessThanOrEqual(3500);
      await end(leaving);
    });
  },
);

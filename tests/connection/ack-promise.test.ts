import { openSwarm } from "@sortie/client";
import type { Clock, TimerHandle } from "@sortie/transport";
import type { VirtualClock } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

/** ms. What timers of Node are late by on a machine that is not busy. */
const LATE_MS = 2.9;
const LATENCY_MS = 10;

/** Its timers are late, as any machine's are. */
class LateClock implements Clock {
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  setTimer(atMs: number, callback: () => void): TimerHandle {
    return this.#clock.setTimer(atMs + LATE_MS, callback);
  }

  clearTimer(timer: TimerHandle): void {
    this.#clock.clearTimer(timer);
  }

  defer(callback: () => void): void {
    this.#clock.defer(callback);
  }
}

describe("acknowledgements", () => {
  it.each([
    { delivery: "reliable", promisedMs: 25 },
    { delivery: "unreliable", promisedMs: 25 + 75 },
  ] as const)("of $delivery messages come within the time that was announced, though timers are late", async (row) => {
    const { delivery, promisedMs } = row;
    const game = new GameNetwork({
      link: { latencyMs: LATENCY_MS },
      server: { tickRate: 0 },
      serverClock: (clock) => new LateClock(clock),
    });
    await game.listen();
    const acked = new Map<number, number>();
    const sent = new Map<number, number>();
    const swarm = await game.settle(openSwarm(game.clientOptions({ mtu: 1200 }), {}));
    const client = swarm.add({
      trace: (event) => {
        if (event.type === "packet-sent") sent.set(event.packetNumber, event.atMs);
        if (event.type === "packet-acked") acked.set(event.packetNumber, event.atMs);
      },
    });
    await game.run(1000);
    const delays: number[] = [];
    for (let i = 0; i < 5; i++) {
      acked.clear();
      client.send("alone", { delivery });
      await game.run(200);
      const [packetNumber, atMs] = [...acked][0] as [number, number];
      delays.push(atMs - (sent.get(packetNumber) as number) - 2 * LATENCY_MS);
    }
    expect(Math.max(...delays)).toBeLessThanOrEqual(promisedMs);
    // It is not that they go at once.
    expect(Math.min(...delays)).toBeGreaterThan(promisedMs - 5);
    await game.settle(swarm.close());
    await game.end();
  });
});

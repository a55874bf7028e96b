import { AdaptiveRate } from "@sortie/reliability";
import { ConnectionPair, PAIR_PARAMETERS } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const MBIT = 125_000;
const LATENCY_MS = 25;
const WARM_UP_MS = 3000;
const MEASURED_MS = 7000;
const OUTSTANDING_BYTES = 1_000_000;
const MESSAGE = new Uint8Array(1000);

interface Outcome {
  /** Share of the link that messages got. */
  readonly up: number;
  readonly down: number;
  /** ms. Median of the round trip. */
  readonly rttMs: number;
}

interface Case {
  readonly seed: number;
  readonly up: number;
  readonly down: number;
  /** Whether both sides send, or the client alone. */
  readonly isBoth?: boolean;
  readonly timedAcks?: 0 | 1;
}

/** Bulk over links of `up` and `down` Mbit/s, with buffers of 100 ms. */
function transfer({ seed, up, down, isBoth = true, timedAcks = 1 }: Case): Outcome {
  const parameters = { ...PAIR_PARAMETERS, timedAcks };
  const pair = new ConnectionPair({
    seed,
    crypto: createSimulationCrypto(seed),
    link: { latencyMs: LATENCY_MS, bandwidthBytesPerSecond: up * MBIT },
    returnLink: { latencyMs: LATENCY_MS, bandwidthBytesPerSecond: down * MBIT },
    settings: { createCongestionController: () => new AdaptiveRate() },
    clientParameters: parameters,
    serverParameters: parameters,
  });
  pair.runUntil(() => pair.client.state === "connected", 5000);
  const senders = isBoth ? [pair.client, pair.server] : [pair.client];
  const startMs = pair.nowMs;
  const bytes = { up: 0, down: 0 };
  const rtts: number[] = [];
  while (pair.nowMs < startMs + WARM_UP_MS + MEASURED_MS) {
    for (const sender of senders) {
      while (sender.statistics(pair.nowMs).endpoint.queuedBytes < OUTSTANDING_BYTES) {
        if (!sender.send(MESSAGE, { delivery: "reliable", channel: 1 }, pair.nowMs).accepted) break;
      }
    }
    pair.run(10);
    const counts = pair.nowMs > startMs + WARM_UP_MS;
    for (let message = pair.server.pollMessage(); message !== undefined; message = pair.server.pollMessage()) {
      if (counts) bytes.up += message.payload.length;
    }
    for (let message = pair.client.pollMessage(); message !== undefined; message = pair.client.pollMessage()) {
      if (counts) bytes.down += message.payload.length;
    }
    if (counts) rtts.push(pair.client.rttMs);
  }
  const shareOf = (received: number, rate: number): number => (received * 1000) / MEASURED_MS / (rate * MBIT);
  return {
    up: shareOf(bytes.up, up),
    down: shareOf(bytes.down, down),
    rttMs: rtts.sort((a, b) => a - b)[rtts.length >> 1] as number,
  };
}

describe("bulk in both directions at once", () => {
  it.each([1, 2])("fills both ways of 10 Mbit/s and keeps queues short (seed %d)", (seed) => {
    const { up, down, rttMs } = transfer({ seed, up: 10, down: 10 });
    expect(up).toBeGreaterThan(0.9);
    expect(down).toBeGreaterThan(0.9);
    expect(rttMs).toBeLessThan(75);
  });

  it.each([1, 2])("fills the quicker way where ACKs share the slower one with data (seed %d)", (seed) => {
    const { up, down } = transfer({ seed, up: 10, down: 1 });
    expect(up).toBeGreaterThan(0.8);
    // ACKs take a fifth of it.
    expect(down).toBeGreaterThan(0.6);
    // Without times it took that queue for its own.
    expect(transfer({ seed, up: 10, down: 1, timedAcks: 0 }).up).toBeLessThan(0.6);
  });

  it("slows down to what a thin way back carries of ACKs alone", () => {
    const { rttMs } = transfer({ seed: 1, up: 20, down: 0.1, isBoth: false });
    expect(rttMs).toBeLessThan(100);
  });
});

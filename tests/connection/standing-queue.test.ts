import { AdaptiveRate } from "@sortie/reliability";
import { ConnectionPair } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const TICK_MS = 16;
const CHUNK = new Uint8Array(16 * 1024);

interface Step {
  readonly atMs: number;
  readonly latencyMs?: number;
  readonly bandwidthBytesPerSecond?: number;
  readonly queueBytes?: number;
}

/** A link that changes; both directions may have the same latency at all times. */
function linkOf(base: object, steps: readonly Step[]) {
  return { base, trace: { format: "sortie-link-trace/1" as const, durationMs: 10_000_000, steps: [...steps] } };
}

function pairOf(seed: number, link: object, returnLink: object, flushIntervalMs: number): ConnectionPair {
  const createCongestionController = () => new AdaptiveRate({ flushIntervalMs });
  return new ConnectionPair({
    seed,
    crypto: createSimulationCrypto(seed),
    link,
    returnLink,
    settings: { createCongestionController },
  });
}

/** What became of the client's messages of some time. */
interface Seen {
  sent: number;
  /** ms, of each that arrived. */
  readonly delays: number[];
  bulkBytes: number;
}

interface Offer {
  /** bytes of an unreliable message each tick. */
  readonly gameBytes?: number;
  /** bytes of bulk that the application keeps outstanding. */
  readonly outstandingBytes?: number;
}

function play(pair: ConnectionPair, ms: number, { gameBytes = 0, outstandingBytes = 0 }: Offer): Seen {
  const seen: Seen = { sent: 0, delays: [], bulkBytes: 0 };
  for (let i = 0; i < ms; i++) {
    while (pair.client.statistics(pair.nowMs).endpoint.queuedBytes < outstandingBytes) {
      pair.client.send(CHUNK, { delivery: "reliable", channel: 1 }, pair.nowMs);
    }
    if (gameBytes > 0 && i % TICK_MS === 0) {
      const message = new Uint8Array(gameBytes);
      new DataView(message.buffer).setFloat64(0, pair.nowMs);
      pair.client.send(message, { delivery: "unreliable" }, pair.nowMs);
      seen.sent += 1;
    }
    pair.run(1);
    for (let message = pair.server.pollMessage(); message !== undefined; message = pair.server.pollMessage()) {
      const { payload } = message;
      if (message.channel === 1) seen.bulkBytes += payload.length;
      else seen.delays.push(pair.nowMs - new DataView(payload.buffer, payload.byteOffset).getFloat64(0));
    }
  }
  return seen;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

/** Something large, by which the path's rate is learned, and a second of game traffic after it. */
function learn(pair: ConnectionPair, gameBytes: number): void {
  pair.run(300);
  for (let i = 0; i < 180; i++) pair.client.send(CHUNK, { delivery: "reliable", channel: 1 }, pair.nowMs);
  play(pair, 8000, { gameBytes });
}

describe("game traffic after a download, when the path becomes narrower than what it sends", () => {
  it.each([1, 2, 3])("keeps no standing queue (seed %d)", (seed) => {
    for (const bufferMs of [300, 1000]) {
      const narrow = { bandwidthBytesPerSecond: 40_000, queueBytes: 40 * bufferMs };
      const wide = { bandwidthBytesPerSecond: 1_250_000, queueBytes: 125_000 };
      const link = linkOf({ latencyMs: 20 }, [
        { atMs: 0, ...wide },
        { atMs: 9000, ...narrow },
      ]);
      const pair = pairOf(seed, link, { latencyMs: 20 }, TICK_MS);
      learn(pair, 960);
      play(pair, 7000, { gameBytes: 960 });
      const { sent, delays } = play(pair, 12_000, { gameBytes: 960 });
      expect(median(delays)).toBeLessThan(240);
      expect(delays.length / sent).toBeGreaterThan(0.5);
    }
  });
});

describe("an application that bounds what it has outstanding, when the path becomes narrower", () => {
  it.each([
    { seed: 1, latencyMs: 75, wide: 5_000_000, narrow: 500_000, queueBytes: 100_000, outstandingBytes: 512 * 1024 },
    { seed: 2, latencyMs: 75, wide: 5_000_000, narrow: 500_000, queueBytes: 100_000, outstandingBytes: 512 * 1024 },
    { seed: 3, latencyMs: 25, wide: 2_500_000, narrow: 250_000, queueBytes: 50_000, outstandingBytes: 100 * 1024 },
  ])("loses next to nothing and fills it: $wide to $narrow bytes/s (seed $seed)", (path) => {
    const { seed, latencyMs, wide, narrow, queueBytes, outstandingBytes } = path;
    const link = linkOf({ latencyMs }, [
      { atMs: 0, bandwidthBytesPerSecond: wide, queueBytes },
      { atMs: 5000, bandwidthBytesPerSecond: narrow, queueBytes },
    ]);
    const pair = pairOf(seed, link, { latencyMs }, 0);
    const offer = { gameBytes: 32, outstandingBytes };
    play(pair, 8500, offer);
    const before = pair.client.statistics(pair.nowMs).endpoint;
    const [sentBefore, lostBefore] = [before.packetsSent, before.packetsLost];
    const { bulkBytes } = play(pair, 5000, offer);
    const after = pair.client.statistics(pair.nowMs).endpoint;
    expect((after.packetsLost - lostBefore) / (after.packetsSent - sentBefore)).toBeLessThan(0.04);
    expect(bulkBytes / 5).toBeGreaterThan(0.8 * narrow);
  });
});

describe("bulk that has all packet numbers in flight that an ACK can state", () => {
  it("does not count as wanting data, and gives way when the path becomes narrower (seed 1)", () => {
    const link = linkOf({ latencyMs: 200 }, [
      { atMs: 0, bandwidthBytesPerSecond: 5_000_000, queueBytes: 1_000_000 },
      { atMs: 8000, bandwidthBytesPerSecond: 500_000, queueBytes: 100_000 },
    ]);
    const pair = pairOf(1, link, { latencyMs: 200 }, 0);
    const offer = { outstandingBytes: 3_000_000 };
    play(pair, 6000, offer);
    let wanting = 0;
    for (let i = 0; i < 20; i++) {
      play(pair, 75, offer);
      if (pair.client.statistics(pair.nowMs).endpoint.isAppLimited) wanting += 1;
    }
    expect(wanting).toBe(0);
    play(pair, 5000, offer);
    const before = pair.client.statistics(pair.nowMs).endpoint.packetsLost;
    expect(play(pair, 5000, offer).bulkBytes / 5).toBeGreaterThan(0.7 * 500_000);
    expect(pair.client.statistics(pair.nowMs).endpoint.packetsLost - before).toBeLessThan(100);
  });
});

describe("bulk on a path that becomes longer", () => {
  it.each([
    { from: 10, to: 40, share: 0.7, seeds: [1, 2, 3] },
    { from: 10, to: 150, share: 0.3, seeds: [1, 2, 3] },
    // Where the course hardly depends on the seed.
    { from: 20, to: 35, share: 0.7, seeds: [1] },
    { from: 20, to: 28, share: 0.7, seeds: [1] },
  ])("is as quick again within seconds: $from to $to ms one way", ({ from, to, share, seeds }) => {
    for (const seed of seeds) {
      const steps = [
        { atMs: 0, latencyMs: from },
        { atMs: 6000, latencyMs: to },
      ];
      const rate = 1_250_000;
      const link = linkOf({ bandwidthBytesPerSecond: rate }, steps);
      const pair = pairOf(seed, link, linkOf({}, steps), TICK_MS);
      const offer = { outstandingBytes: 2_000_000 };
      play(pair, 6000, offer);
      expect(play(pair, 10_000, offer).bulkBytes / 10).toBeGreaterThan(share * rate);
    }
  });
});

describe("game traffic that fills no queue", () => {
  it.each([1, 2, 3])("waits for nothing when the path becomes longer at once (seed %d)", (seed) => {
    const steps = [
      { atMs: 0, latencyMs: 10 },
      { atMs: 9000, latencyMs: 150 },
    ];
    const link = linkOf({ bandwidthBytesPerSecond: 1_250_000 }, steps);
    const pair = pairOf(seed, link, linkOf({}, steps), TICK_MS);
    learn(pair, 960);
    const { sent, delays } = play(pair, 30_000, { gameBytes: 960 });
    expect(Math.max(...delays)).toBeLessThanOrEqual(150 + TICK_MS);
    expect(sent - delays.length).toBeLessThan(12);
  });

  it.each([1, 2, 3])("is as quick as before once a queue of others does not yield to it (seed %d)", (seed) => {
    const steps = [{ atMs: 0, latencyMs: 10 }];
    for (let i = 1; i <= 100; i++) steps.push({ atMs: 9000 + i * 50, latencyMs: 10 + i });
    const link = linkOf({ bandwidthBytesPerSecond: 1_250_000 }, steps);
    const pair = pairOf(seed, link, { latencyMs: 10 }, TICK_MS);
    learn(pair, 960);
    const { bandwidthBytesPerSecond } = pair.client.statistics(pair.nowMs).endpoint;
    play(pair, 8000, { gameBytes: 960 });
    const { delays } = play(pair, 20_000, { gameBytes: 960 });
    expect(Math.max(...delays)).toBeLessThanOrEqual(110 + TICK_MS);
    const after = pair.client.statistics(pair.nowMs).endpoint.bandwidthBytesPerSecond;
    expect(after).toBeGreaterThan(bandwidthBytesPerSecond / 5);
  });

  it.each([1, 2, 3])("is held up by neither jitter nor reordering (seed %d)", (seed) => {
    const rough = { latencyMs: 20, jitterMs: 30, reorder: 0.1, bandwidthBytesPerSecond: 1_250_000 };
    const pair = pairOf(seed, rough, rough, TICK_MS);
    learn(pair, 960);
    const phases = play(pair, 60_000, { gameBytes: 960 });
    expect(phases.sent - phases.delays.length).toBeLessThan(30);
    const { bandwidthBytesPerSecond } = pair.client.statistics(pair.nowMs).endpoint;
    expect(bandwidthBytesPerSecond).toBeGreaterThan(60_000);
    expect(Math.max(...phases.delays)).toBeLessThan(20 + 4 * 30 + TICK_MS);
  });
});

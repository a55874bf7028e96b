import type { TraceEvent } from "@sortie/connection";
import { AdaptiveRate, FixedBudget, NewReno } from "@sortie/reliability";
import { ConnectionPair } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

/** 2 Mbit/s with 64 KiB of buffer, 50 ms there and back: what S5 has. */
const NARROW = { latencyMs: 25, bandwidthBytesPerSecond: 250_000, queueBytes: 64 * 1024 };
const SMALL = new Uint8Array(64);
const CHUNK = new Uint8Array(16 * 1024);

type CongestionEvent = Extract<TraceEvent, { type: "congestion" }>;

/** Bulk and a small message each 16 ms from the client; what the link's queue was. */
function play(pair: ConnectionPair, ms: number): { queueMs: number[]; smallDelayMs: number[]; bulkBytes: number } {
  const queueMs: number[] = [];
  const smallDelayMs: number[] = [];
  let bulkBytes = 0;
  const endMs = pair.nowMs + ms;
  while (pair.nowMs < endMs) {
    while (pair.client.statistics(pair.nowMs).endpoint.queuedBytes < 256 * 1024) {
      pair.client.send(CHUNK, { delivery: "ordered", channel: 1 }, pair.nowMs);
    }
    new DataView(SMALL.buffer).setFloat64(0, pair.nowMs);
    pair.client.send(SMALL, { delivery: "unreliable" }, pair.nowMs);
    for (let i = 0; i < 16; i++) {
      pair.run(1);
      for (let message = pair.server.pollMessage(); message !== undefined; message = pair.server.pollMessage()) {
        if (message.channel === 1) bulkBytes += message.payload.length;
        else
          smallDelayMs.push(
            pair.nowMs - new DataView(message.payload.buffer, message.payload.byteOffset).getFloat64(0),
          );
      }
    }
    queueMs.push(pair.toServer.queueingDelayMs(pair.nowMs));
  }
  return { queueMs, smallDelayMs, bulkBytes };
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] as number;
}

describe("congestion control of a connection (seed 26)", () => {
  it("fills a narrow link, keeps its queue short, and small messages pass bulk", () => {
    const pair = new ConnectionPair({ seed: 26, crypto: createSimulationCrypto(26), link: NARROW });
    const { queueMs, smallDelayMs, bulkBytes } = play(pair, 6000);
    expect(bulkBytes / 6).toBeGreaterThan(0.75 * 250_000);
    expect(quantile(queueMs, 0.95)).toBeLessThan(60);
    expect(quantile(smallDelayMs, 0.95)).toBeLessThan(25 + 60);
    expect(pair.toServer.statistics.queueFull).toBe(0);
  });

  it("tells of window, pace, bandwidth and who is the limit, in statistics and trace", () => {
    const events: CongestionEvent[] = [];
    const clientTrace = (event: TraceEvent): void => {
      if (event.type === "congestion") events.push(event);
    };
    const pair = new ConnectionPair({ seed: 26, crypto: createSimulationCrypto(26), link: NARROW, clientTrace });
    play(pair, 3000);
    const { endpoint, rttMinMs } = pair.client.statistics(pair.nowMs);
    expect(endpoint.bandwidthBytesPerSecond).toBeGreaterThan(200_000);
    expect(endpoint.bandwidthBytesPerSecond).toBeLessThan(260_000);
    expect(endpoint.paceBytesPerSecond).toBeGreaterThan(100_000);
    expect(endpoint.congestionWindowBytes).toBeGreaterThan(12_000);
    expect(endpoint.deliveryRateBytesPerSecond).toBeGreaterThan(0);
    expect(endpoint.isAppLimited).toBe(false);
    expect(rttMinMs).toBeGreaterThanOrEqual(50);
    expect(events.length).toBeGreaterThan(100);
    const last = events.at(-1) as CongestionEvent;
    expect(last.windowBytes).toBe(endpoint.congestionWindowBytes);
    expect(last.bandwidthBytesPerSecond).toBe(endpoint.bandwidthBytesPerSecond);
    expect(events.every(({ rttMs }) => rttMs === -1 || rttMs >= 50)).toBe(true);
    // The server has only answered.
    expect(pair.server.statistics(pair.nowMs).endpoint.isAppLimited).toBe(true);
  });

  it.each([
    ["adaptive", 60, () => new AdaptiveRate()],
    ["new-reno", 262, () => new NewReno()],
    ["fixed", 262, () => new FixedBudget({ rateBytesPerSecond: 240_000, burstBytes: 3000 })],
  ])(
    "%s: a small message passes within a round trip once an outage ends, and the queue stays below %d ms",
    (_name, maxQueueMs, create) => {
      const pair = new ConnectionPair({
        seed: 26,
        crypto: createSimulationCrypto(26),
        link: NARROW,
        settings: { createCongestionController: create },
      });
      play(pair, 2000);
      pair.toServer.configure({ loss: 1 }, pair.nowMs);
      pair.toClient.configure({ loss: 1 }, pair.nowMs);
      const during = play(pair, 3000);
      pair.toServer.configure(NARROW, pair.nowMs);
      pair.toClient.configure(NARROW, pair.nowMs);
      const receipt = pair.client.send(SMALL, { delivery: "ordered", channel: 2 }, pair.nowMs);
      expect(receipt.accepted).toBe(true);
      const fromMs = pair.nowMs;
      let arrivedMs = -1;
      let longestQueueMs = 0;
      for (let i = 0; i < 1000; i++) {
        pair.run(1);
        longestQueueMs = Math.max(longestQueueMs, pair.toServer.queueingDelayMs(pair.nowMs));
        for (let message = pair.server.pollMessage(); message !== undefined; message = pair.server.pollMessage()) {
          if (message.channel === 2 && arrivedMs < 0) arrivedMs = pair.nowMs - fromMs;
        }
      }
      expect(during.smallDelayMs.length).toBeLessThan(10);
      expect(arrivedMs).toBeGreaterThan(0);
      expect(arrivedMs).toBeLessThanOrEqual(50 + 2 * 17);
      expect(longestQueueMs).toBeLessThanOrEqual(maxQueueMs);
    },
  );
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdaptiveRate } from "../src/congestion/adaptive-rate.js";
import type { CongestionController } from "../src/congestion/congestion-controller.js";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import { NewReno } from "../src/congestion/new-reno.js";
import { DeliveryRateSampler } from "../src/congestion/delivery-rate.js";
import { SentPackets } from "../src/sent-packets.js";
import { SentState } from "../src/sent-state.js";

const BYTES = 1452;
/** ms. A datagram after the longest debt at the least pace: 5000 bytes/s and three datagrams. */
const MAX_WAIT_MS = 1500;

const step = fc.oneof(
  fc.record({ kind: fc.constant("send" as const), count: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ kind: fc.constant("force" as const), count: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ kind: fc.constant("ack" as const), count: fc.integer({ min: 1, max: 60 }), delayMs: fc.nat(60_000) }),
  fc.record({ kind: fc.constant("lose" as const), count: fc.integer({ min: 1, max: 60 }), persistent: fc.boolean() }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat(50), fc.nat(100_000)) }),
  fc.record({ kind: fc.constant("spurious" as const), bytes: fc.nat(100_000) }),
  fc.record({ kind: fc.constant("idle" as const) }),
  fc.record({ kind: fc.constant("move" as const) }),
);

const CONTROLLERS: [name: string, create: () => CongestionController][] = [
  ["AdaptiveRate", () => new AdaptiveRate()],
  ["AdaptiveRate of a server with ticks", () => new AdaptiveRate({ flushIntervalMs: 1000 / 60 })],
  ["NewReno", () => new NewReno()],
  ["FixedBudget", () => new FixedBudget({ rateBytesPerSecond: 5000, burstBytes: 3000 })],
];

describe.each(CONTROLLERS)("%s after any sequence of packets, ACKs, losses and time", (_name, create) => {
  it("has sane figures, and lets data go within bounded time once nothing is in flight", () => {
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const controller = create();
      const sampler = new DeliveryRateSampler();
      const sent = new SentPackets(0, () => 0xffff);
      const inFlight: number[] = [];
      let nowMs = 1000;
      let minRttMs = 60_000;
      const send = (): void => {
        const packetNumber = sent.begin();
        sampler.onSent(sent, packetNumber, sent.bytesInFlight, nowMs);
        sent.commit(SentState.InFlight, BYTES, nowMs, 0, -1);
        controller.onPacketSent(BYTES, nowMs, sent.bytesInFlight);
        inFlight.push(packetNumber);
      };
      const acknowledge = (count: number, delayMs: number): void => {
        const numbers = inFlight.splice(0, count);
        const newest = numbers.at(-1);
        if (newest === undefined) return;
        sampler.begin(nowMs, Math.min(delayMs, 1000));
        for (const packetNumber of numbers) {
          sent.resolve(packetNumber, SentState.Acked);
          sampler.onAcked(sent, packetNumber);
          controller.onPacketAcked(BYTES, sent.sentAtOf(packetNumber), nowMs, sent.wasAppLimited(packetNumber));
        }
        const rttMs = Math.max(nowMs - sent.sentAtOf(newest), 0.01);
        minRttMs = Math.min(minRttMs, rttMs);
        const sample = sampler.end(minRttMs);
        Object.assign(sample, { rttMs, smoothedRttMs: rttMs, bytesInFlight: sent.bytesInFlight, lostBytes: 0 });
        controller.onAck(sample);
      };
      for (const action of steps) {
        if (action.kind === "send") {
          for (let i = 0; i < action.count && controller.canSend(BYTES, sent.bytesInFlight, nowMs, false); i++) send();
        } else if (action.kind === "force") {
          for (let i = 0; i < action.count && sent.hasRoom; i++) send();
        } else if (action.kind === "ack") {
          acknowledge(action.count, action.delayMs);
        } else if (action.kind === "lose") {
          const numbers = inFlight.splice(0, action.count);
          for (const packetNumber of numbers) sent.resolve(packetNumber, SentState.LostByTime);
          const at = sent.sentAtOf(numbers.at(-1) ?? 0);
          if (numbers.length > 0) controller.onPacketsLost(numbers.length * BYTES, at, nowMs, action.persistent);
        } else if (action.kind === "wait") nowMs += action.ms;
        else if (action.kind === "spurious") controller.onSpuriousLoss(action.bytes, nowMs, nowMs);
        else if (action.kind === "idle") sampler.onAppLimited(sent.bytesInFlight);
        else controller.onPathChanged(nowMs);
        expect(controller.windowBytes).toBeGreaterThanOrEqual(BYTES);
        expect(controller.paceBytesPerSecond).toBeGreaterThanOrEqual(1000);
        expect(controller.paceBytesPerSecond).toBeLessThanOrEqual(1e9);
        expect(controller.bandwidthBytesPerSecond).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(controller.bandwidthBytesPerSecond)).toBe(true);
        for (const isSmall of [false, true]) {
          expect(controller.nextSendAt(BYTES, nowMs, isSmall)).toBeGreaterThanOrEqual(nowMs);
        }
        expect(controller.nextSendAt(BYTES, nowMs, true)).toBeLessThanOrEqual(
          controller.nextSendAt(BYTES, nowMs, false),
        );
      }
      nowMs += 100;
      acknowledge(inFlight.length, 0);
      const at = controller.nextSendAt(BYTES, nowMs, false);
      expect(at - nowMs).toBeLessThanOrEqual(MAX_WAIT_MS);
      expect(controller.canSend(BYTES, 0, at, false)).toBe(true);
    });
    fc.assert(property, { numRuns: 60, seed: 26 });
  });
});

import { describe, expect, it } from "vitest";
import { createAckSample } from "../src/congestion/ack-sample.js";
import { AdaptiveRate } from "../src/congestion/adaptive-rate.js";
import { SlowRestart } from "../src/congestion/slow-restart.js";

const PACKET_BYTES = 1200;
const TICK_MS = 16;

/** The peer of a server with ticks, a short way off. */
class ShortPath {
  readonly controller: AdaptiveRate = new AdaptiveRate({ flushIntervalMs: TICK_MS });
  private nowMs = 1000;
  private deliveredBytes = 0;

  /** A tick sends so many packets; those but the first `arriving` are lost, which the ACK tells a moment later. */
  tick(packets: number, arriving: number): void {
    const { controller } = this;
    this.nowMs += TICK_MS;
    for (let i = 1; i <= packets; i++) controller.onPacketSent(PACKET_BYTES, this.nowMs, i * PACKET_BYTES);
    for (let i = 0; i < arriving; i++) controller.onPacketAcked(PACKET_BYTES, this.nowMs, this.nowMs, false);
    const sample = createAckSample();
    sample.nowMs = sample.deliveredAtMs = this.nowMs + 0.05;
    sample.rttMs = sample.smoothedRttMs = 0.05;
    sample.ackedBytes = arriving * PACKET_BYTES;
    sample.lostBytes = (packets - arriving) * PACKET_BYTES;
    sample.priorDeliveredBytes = this.deliveredBytes;
    this.deliveredBytes += sample.ackedBytes;
    sample.deliveredBytes = this.deliveredBytes;
    sample.deliveryRateBytesPerSecond = sample.ackedBytes / 0.000_05;
    controller.onAck(sample);
  }
}

describe("a round of which nearly all was lost", () => {
  it("leaves a window of what arrived, however quickly that came, and as much more as arrives", () => {
    const path = new ShortPath();
    path.tick(10, 10);
    expect(path.controller.windowBytes).toBeGreaterThan(100 * PACKET_BYTES);
    path.tick(100, 10);
    expect(path.controller.windowBytes).toBe(10 * PACKET_BYTES);
    path.tick(10, 10);
    expect(path.controller.windowBytes).toBe(20 * PACKET_BYTES);
    path.tick(20, 1);
    expect(path.controller.windowBytes).toBe(4 * PACKET_BYTES);
    path.tick(4, 4);
    expect(path.controller.windowBytes).toBe(8 * PACKET_BYTES);
  });

  it("is bound no less when the flow has given way meanwhile and the path seems quick again", () => {
    const path = new ShortPath();
    for (let i = 0; i < 10; i++) path.tick(100, 100);
    for (let i = 0; i < 100; i++) {
      path.tick(Math.floor(path.controller.windowBytes / PACKET_BYTES), 1);
      expect(path.controller.windowBytes).toBeLessThanOrEqual(6 * PACKET_BYTES);
    }
  });

  it("lets small messages go beyond the window by a datagram, or by what arrived since", () => {
    const path = new ShortPath();
    path.tick(100, 100);
    path.tick(100, 1);
    const { controller } = path;
    expect(controller.canSend(100, controller.windowBytes, Infinity, true)).toBe(true);
    expect(controller.canSend(100, controller.windowBytes + PACKET_BYTES, Infinity, true)).toBe(false);
    path.tick(4, 4);
    expect(controller.canSend(100, controller.windowBytes + 3 * PACKET_BYTES, Infinity, true)).toBe(true);
    expect(controller.canSend(100, controller.windowBytes + 4 * PACKET_BYTES, Infinity, true)).toBe(false);
  });

  it("is chance where it was few packets, and none where two fifths arrived", () => {
    const path = new ShortPath();
    path.tick(10, 10);
    path.tick(3, 1);
    path.tick(100, 40);
    expect(path.controller.windowBytes).toBeGreaterThan(100 * PACKET_BYTES);
  });
});

describe("SlowRestart", () => {
  it("gives another path as much as any begins with, and no bound away", () => {
    const restart = new SlowRestart();
    restart.onPathChanged();
    expect(restart.windowBytes).toBe(Infinity);
    restart.begin(0);
    restart.onPathChanged();
    expect(restart.windowBytes).toBe(10 * PACKET_BYTES);
    restart.onArrived(500);
    expect(restart.windowBytes).toBe(10 * PACKET_BYTES + 500);
  });

  it("is not widened by a worse round that tells of more", () => {
    const restart = new SlowRestart();
    restart.begin(10_000);
    restart.begin(20_000);
    expect(restart.windowBytes).toBe(10_000);
  });
});

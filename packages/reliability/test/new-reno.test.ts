import { describe, expect, it } from "vitest";
import { NewReno } from "../src/congestion/new-reno.js";
import { createAckSample } from "../src/congestion/ack-sample.js";
import { PACKET_BYTES, PathModel } from "./support/path-model.js";

/** A controller whose round trip is 100 ms. */
function started(): NewReno {
  const controller = new NewReno();
  controller.onAck({ ...createAckSample(), nowMs: 0, smoothedRttMs: 100 });
  return controller;
}

describe("NewReno", () => {
  it("starts with ten packets, doubles in slow start and adds a packet a round after a loss", () => {
    const controller = started();
    expect(controller.windowBytes).toBe(12_000);
    for (let i = 0; i < 10; i++) controller.onPacketAcked(1200, 10, 100, false);
    expect(controller.windowBytes).toBe(24_000);
    controller.onPacketsLost(1200, 150, 200, false);
    expect(controller.windowBytes).toBe(12_000);
    for (let i = 0; i < 10; i++) controller.onPacketAcked(1200, 250, 300, false);
    expect(controller.windowBytes).toBeGreaterThan(13_100);
    expect(controller.windowBytes).toBeLessThan(13_300);
  });

  it("takes losses of one round trip for one event, and does not grow by packets from before it", () => {
    const controller = started();
    controller.onPacketsLost(1200, 50, 200, false);
    controller.onPacketsLost(1200, 199, 220, false);
    expect(controller.windowBytes).toBe(6000);
    controller.onPacketAcked(1200, 199, 230, false);
    expect(controller.windowBytes).toBe(6000);
    controller.onPacketsLost(1200, 210, 300, false);
    expect(controller.windowBytes).toBe(3000);
  });

  it("does not grow by what the application sent for want of more", () => {
    const controller = started();
    for (let i = 0; i < 1000; i++) controller.onPacketAcked(1200, i, i + 100, true);
    expect(controller.windowBytes).toBe(12_000);
  });

  it("does not grow beyond what can be in flight", () => {
    const controller = started();
    for (let i = 0; i < 5000; i++) controller.onPacketAcked(1200, i, i + 100, false);
    expect(controller.windowBytes).toBe(1024 * 1452);
  });

  it("falls to two packets by persistent congestion, and takes a reduction back that was a mistake", () => {
    const controller = started();
    controller.onPacketsLost(2400, 50, 200, false);
    expect(controller.windowBytes).toBe(6000);
    controller.onSpuriousLoss(1200, 40, 210);
    expect(controller.windowBytes).toBe(6000);
    controller.onSpuriousLoss(1200, 50, 220);
    expect(controller.windowBytes).toBe(12_000);
    controller.onPacketsLost(12_000, 300, 4000, true);
    expect(controller.windowBytes).toBe(2400);
    controller.onPathChanged(5000);
    expect(controller.windowBytes).toBe(12_000);
  });

  it("paces a quarter above window by round trip, and never above the cap", () => {
    expect(started().paceBytesPerSecond).toBe(150_000);
    const capped = new NewReno({ maxRateBytesPerSecond: 50_000 });
    const model = new PathModel(capped, { bytesPerSecond: 1e7, baseRttMs: 10 });
    model.run(5000);
    expect(model.deliveredBytes / 5).toBeLessThan(54_000);
    expect(model.deliveredBytes / 5).toBeGreaterThan(48_000);
  });

  it("fills a link and its buffer, which is why it is not the default", () => {
    const model = new PathModel(new NewReno(), { bytesPerSecond: 500_000, baseRttMs: 50, bufferBytes: 50_000 });
    model.run(20_000);
    expect(model.deliveredBytes / 20).toBeGreaterThan(0.85 * 500_000);
    expect(Math.max(...model.queueMs)).toBeGreaterThan(90);
    expect(model.bytesInFlight % PACKET_BYTES).toBe(0);
  });
});

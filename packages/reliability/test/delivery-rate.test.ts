import { describe, expect, it } from "vitest";
import { DeliveryRateSampler } from "../src/congestion/delivery-rate.js";
import { TrainMeter } from "../src/congestion/train-meter.js";
import { SentPackets } from "../src/sent-packets.js";
import { SentState } from "../src/sent-state.js";

/** Packets of 1000 bytes and their acknowledgements, one ACK each. */
class Sent {
  readonly sampler = new DeliveryRateSampler();
  readonly packets = new SentPackets(0, () => 0xffff);

  send(nowMs: number): number {
    const packetNumber = this.packets.begin();
    this.sampler.onSent(this.packets, packetNumber, this.packets.bytesInFlight, nowMs);
    this.packets.commit(SentState.InFlight, 1000, nowMs, 0, -1);
    return packetNumber;
  }

  acknowledge(packetNumbers: readonly number[], nowMs: number, ackDelayMs: number = 0, minRttMs: number = 50) {
    this.sampler.begin(nowMs, ackDelayMs);
    for (const packetNumber of packetNumbers) {
      this.packets.resolve(packetNumber, SentState.Acked);
      this.sampler.onAcked(this.packets, packetNumber);
    }
    return this.sampler.end(minRttMs);
  }
}

describe("DeliveryRateSampler", () => {
  it("says of an ACK of path probes alone, which it is not shown, whether data was wanting at that time", () => {
    const sent = new Sent();
    sent.send(0);
    sent.sampler.onAppLimited(sent.packets.bytesInFlight);
    expect(sent.acknowledge([], 50).isAppLimited).toBe(true);
    sent.send(55);
    sent.acknowledge([0, 1], 105);
    expect(sent.acknowledge([], 110).isAppLimited).toBe(false);
  });

  it("measures what arrived between sending and acknowledgement of a packet", () => {
    const sent = new Sent();
    // 10 packets, one each 10 ms, round trip 50 ms: 100 kB/s.
    const numbers = Array.from({ length: 20 }, (_, i) => {
      const at = i * 10;
      if (i >= 5) sent.acknowledge([i - 5], at);
      return sent.send(at);
    });
    const sample = sent.acknowledge([numbers[15] as number], 200);
    expect(sample.deliveryRateBytesPerSecond).toBeCloseTo(100_000, -3);
    expect(sample.deliveredBytes).toBe(16_000);
    expect(sample.ackedBytes).toBe(1000);
  });

  it("dates arrivals back by the delay of the ACK, so that lumps of a tick tell the true rate", () => {
    const sent = new Sent();
    for (let i = 0; i < 10; i++) sent.send(0);
    // All arrive by 58 ms; the peer answers in its tick at 75 ms.
    const sample = sent.acknowledge([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 75, 17);
    expect(sample.deliveryRateBytesPerSecond).toBeCloseTo((10_000 * 1000) / 58, 6);
    expect(sample.deliveredAtMs).toBe(58);
  });

  it("never exceeds the rate of sending, whatever delay the peer claims", () => {
    const sent = new Sent();
    for (let i = 0; i < 11; i++) sent.send(i * 10);
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    expect(sent.acknowledge(all, 160, 1000).deliveryRateBytesPerSecond).toBeLessThanOrEqual(11_000 / 0.1);
  });

  it("a path without any round trip has a rate all the same: else a slow sender stayed slow on it", () => {
    const sent = new Sent();
    // The ACK comes 25 ms later and says that it waited for all of them.
    const sample = sent.acknowledge([sent.send(100)], 125, 25, 0.01);
    expect(sample.deliveryRateBytesPerSecond).toBeCloseTo(1000 / 0.00001, 0);
  });

  it("gives no sample over less than a round trip", () => {
    const sent = new Sent();
    sent.send(0);
    expect(sent.acknowledge([0], 20).deliveryRateBytesPerSecond).toBe(0);
  });

  it("does not count time in which nothing was under way", () => {
    const sent = new Sent();
    sent.send(0);
    sent.acknowledge([0], 50);
    sent.send(10_000);
    expect(sent.acknowledge([1], 10_050).deliveryRateBytesPerSecond).toBeCloseTo(20_000, 6);
  });

  it("marks packets sent for want of more data until the last of them has arrived", () => {
    const sent = new Sent();
    const first = sent.send(0);
    sent.sampler.onAppLimited(sent.packets.bytesInFlight);
    const second = sent.send(10);
    expect(sent.acknowledge([first], 50).isAppLimited).toBe(false);
    const third = sent.send(55);
    expect(sent.acknowledge([second], 60).isAppLimited).toBe(true);
    expect(sent.sampler.isAppLimited).toBe(false);
    const fourth = sent.send(65);
    expect(sent.acknowledge([third], 105).isAppLimited).toBe(true);
    expect(sent.acknowledge([fourth], 115).isAppLimited).toBe(false);
  });

  it("sees the rate of the bottleneck in packets that left together", () => {
    const sent = new Sent();
    for (let i = 0; i < 10; i++) sent.send(0);
    const trains = new TrainMeter();
    for (let i = 0; i < 5; i++) trains.onAck(sent.acknowledge([i], 50 + i * 2));
    expect(trains.bytesPerSecond).toBe(0); // of so few it is not believed
    for (let i = 5; i < 10; i++) trains.onAck(sent.acknowledge([i], 50 + i * 2));
    expect(trains.bytesPerSecond).toBeCloseTo(500_000, 6);
    sent.send(100);
    const next = sent.acknowledge([10], 150);
    expect([next.trainBytes, next.trainMs]).toEqual([0, 0]);
    trains.reset();
    expect(trains.bytesPerSecond).toBe(0);
  });

  it("takes the trains of two rounds together, so that lumps of arrivals even out", () => {
    const trains = new TrainMeter();
    for (let round = 0; round < 3; round++) {
      for (let train = 0; train < 4; train++) {
        const sent = new Sent();
        for (let i = 0; i < 10; i++) sent.send(0);
        // Seen by a clock that ticks every other millisecond, each train at another point of its step.
        for (let i = 0; i < 10; i++) {
          const atMs = 50 + i * 0.8 + train / 2;
          trains.onAck(sent.acknowledge([i], Math.ceil(atMs / 2) * 2));
        }
      }
      trains.onRound();
    }
    expect(trains.bytesPerSecond).toBeGreaterThan(0.85 * 1_250_000);
    expect(trains.bytesPerSecond).toBeLessThan(1.15 * 1_250_000);
  });

  it("keeps what belongs to each packet while the ring grows", () => {
    const sent = new Sent();
    for (let i = 0; i < 500; i++) sent.send(i);
    const sample = sent.acknowledge([0], 500);
    expect(sample.priorDeliveredBytes).toBe(0);
    expect(sent.packets.firstSentAtOf(499)).toBe(0);
    const late = sent.send(501);
    for (let i = 1; i < 500; i++) sent.acknowledge([i], 502);
    expect(sent.acknowledge([late], 552).priorDeliveredBytes).toBe(1000);
  });
});

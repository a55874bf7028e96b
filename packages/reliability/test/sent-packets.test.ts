import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { LossDetector, type LossSink } from "../src/loss-detector.js";
import { OutgoingMessage } from "../src/outgoing-message.js";
import { RttEstimator } from "../src/rtt-estimator.js";
import { SentPackets } from "../src/sent-packets.js";
import { SentState } from "../src/sent-state.js";
import { seededRandom } from "./support/pair.js";

const noSkips = (): number => 255;

function message(): OutgoingMessage {
  return new OutgoingMessage(new Uint8Array(4), DeliveryCode.Reliable, 0, 4, Infinity, 0);
}

function send(sent: SentPackets, nowMs: number = 0, state: SentState = SentState.InFlight): number {
  const number = sent.begin();
  sent.commit(state, 100, nowMs, 0, -1);
  return number;
}

describe("SentPackets", () => {
  it.each([0, 2 ** 32 - 700, 2 ** 48 - 4000])("keeps a full window from number %i on, in order", (first) => {
    const sent = new SentPackets(first, noSkips);
    const numbers: number[] = [];
    const messages = Array.from({ length: 1024 }, message);
    while (sent.hasRoom) {
      const number = sent.begin();
      const one = messages[numbers.length % 1024] as OutgoingMessage;
      sent.addItem(one, number - first, number - first + 4);
      sent.addItem(one, 0, 1);
      sent.commit(SentState.InFlight, 100, number - first, 0, -1);
      numbers.push(number);
    }
    expect(sent.nextNumber - sent.lowest).toBe(1024);
    expect(sent.packetsInFlight).toBe(numbers.length);
    expect(sent.bytesInFlight).toBe(numbers.length * 100);
    for (const [i, number] of numbers.entries()) {
      expect(sent.stateOf(number)).toBe(SentState.InFlight);
      expect(sent.sentAtOf(number)).toBe(number - first);
      const items: [OutgoingMessage, number, number, number][] = [];
      sent.visitItems(number, { onItem: (one, from, to, packet) => items.push([one, from, to, packet]) });
      const one = messages[i % 1024];
      expect(items).toEqual([
        [one, number - first, number - first + 4, number],
        [one, 0, 1, number],
      ]);
    }
    for (const number of numbers) sent.resolve(number, SentState.Acked);
    expect([sent.packetsInFlight, sent.bytesInFlight, sent.lowest]).toEqual([0, 0, sent.nextNumber]);
  });

  it("remembers lost packets for a while, then forgets them", () => {
    const sent = new SentPackets(0, noSkips);
    const lost = send(sent);
    sent.resolve(lost, SentState.LostByOrder);
    for (let i = 0; i < 12; i++) sent.resolve(send(sent), SentState.Acked);
    expect(sent.stateOf(lost)).toBe(SentState.LostByOrder);
    for (let i = 0; i < 3000; i++) sent.resolve(send(sent), SentState.Acked);
    expect(sent.stateOf(lost)).toBe(SentState.Unknown);
    expect(sent.stateOf(sent.nextNumber)).toBe(SentState.Unknown);
  });

  it("leaves numbers out, which are never in flight", () => {
    const random = seededRandom(3);
    const sent = new SentPackets(0, () => Math.floor(random() * 2 ** 32));
    let skipped = 0;
    for (let i = 0; i < 5000; i++) {
      const before = sent.nextNumber;
      const number = send(sent);
      for (let n = before; n < number; n++) {
        expect(sent.stateOf(n)).toBe(SentState.Skipped);
        skipped += 1;
      }
      sent.resolve(number, SentState.Acked);
      expect(sent.lowest).toBe(sent.nextNumber);
    }
    expect(skipped).toBeGreaterThan(12);
    expect(skipped).toBeLessThan(40);
  });

  it("begin without commit leaves no trace; passive packets and probes count for nothing", () => {
    const sent = new SentPackets(0, noSkips);
    expect(sent.begin()).toBe(0);
    expect(sent.begin()).toBe(0);
    send(sent, 0, SentState.Passive);
    expect([sent.lowest, sent.packetsInFlight]).toEqual([1, 0]);
    send(sent, 0, SentState.Probe);
    expect([sent.lowest, sent.packetsInFlight, sent.bytesInFlight]).toEqual([1, 0, 0]);
    sent.resolve(1, SentState.LostByTime);
    expect([sent.lowest, sent.packetsInFlight, sent.bytesInFlight]).toEqual([2, 0, 0]);
  });

  it("clear shows every message part once and forgets all", () => {
    const sent = new SentPackets(0, noSkips);
    for (let i = 0; i < 100; i++) {
      sent.begin();
      sent.addItem(message(), i, i + 1);
      sent.commit(SentState.InFlight, 50, 0, 0, -1);
    }
    const seen: number[] = [];
    sent.clear({ onItem: (_one, from) => seen.push(from) });
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([sent.packetsInFlight, sent.bytesInFlight, sent.hasRoom]).toEqual([0, 0, true]);
  });
});

describe("LossDetector", () => {
  class Losses implements LossSink {
    readonly lost: [number, SentState][] = [];
    private readonly sent: SentPackets;

    constructor(sent: SentPackets) {
      this.sent = sent;
    }

    onPacketLost(packetNumber: number, state: SentState): void {
      this.sent.resolve(packetNumber, state);
      this.lost.push([packetNumber, state]);
    }
  }

  function setUp(packets: number, gapMs: number): { sent: SentPackets; losses: Losses; rtt: RttEstimator } {
    const sent = new SentPackets(0, noSkips);
    for (let i = 0; i < packets; i++) send(sent, i * gapMs);
    const rtt = new RttEstimator(100, 0);
    rtt.update(80, 0);
    return { sent, losses: new Losses(sent), rtt };
  }

  it("RFC 9002 6.1.1: three packets behind the largest acknowledged", () => {
    const { sent, losses, rtt } = setUp(6, 1);
    sent.resolve(4, SentState.Acked);
    const detector = new LossDetector();
    detector.detect(sent, 4, rtt, 80, losses);
    expect(losses.lost).toEqual([
      [0, SentState.LostByOrder],
      [1, SentState.LostByOrder],
    ]);
    // Packet 2 was sent at 2 ms; 9/8 of 80 ms later it is lost by time.
    expect(detector.lossTimeAt).toBe(92);
  });

  it("RFC 9002 6.1.2: 9/8 of a round trip", () => {
    const { sent, losses, rtt } = setUp(3, 10);
    sent.resolve(2, SentState.Acked);
    const detector = new LossDetector();
    detector.detect(sent, 2, rtt, 99.9, losses);
    expect(losses.lost).toEqual([[0, SentState.LostByTime]]);
    expect(detector.lossTimeAt).toBe(100);
    detector.detect(sent, 2, rtt, 100, losses);
    expect(losses.lost).toHaveLength(2);
    expect(detector.lossTimeAt).toBe(Infinity);
  });

  it("spurious losses raise the threshold that was wrong; time takes it back", () => {
    const { sent, losses, rtt } = setUp(3, 1);
    const detector = new LossDetector();
    detector.onSpuriousLoss(SentState.LostByOrder, 10, 90, rtt, 0);
    expect([detector.packetThreshold, detector.timeThreshold]).toEqual([11, 9 / 8]);
    detector.onSpuriousLoss(SentState.LostByTime, 1, 120, rtt, 0);
    expect([detector.packetThreshold, detector.timeThreshold]).toEqual([11, 1.5]);
    detector.onSpuriousLoss(SentState.LostByOrder, 1e6, 1e6, rtt, 0);
    detector.onSpuriousLoss(SentState.LostByTime, 1e6, 1e6, rtt, 0);
    expect([detector.packetThreshold, detector.timeThreshold]).toEqual([128, 2]);
    detector.detect(sent, 0, rtt, 9999, losses);
    expect(detector.packetThreshold).toBe(128);
    detector.detect(sent, 0, rtt, 10_000, losses);
    expect(detector.packetThreshold).toBe(65);
    detector.detect(sent, 0, rtt, 1e6, losses);
    expect([detector.packetThreshold, detector.timeThreshold]).toEqual([3, 9 / 8]);
  });
});

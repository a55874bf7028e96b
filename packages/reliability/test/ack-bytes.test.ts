import { ByteWriter, PacketFrames } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AckTracker } from "../src/ack-tracker.js";
import { AckUrgency } from "../src/ack-urgency.js";
import { Pair, payload, type Side } from "./support/pair.js";

const { Prompt } = AckUrgency;
/** bytes of the smallest packet. */
const SMALLEST = 26;
const buffer = new Uint8Array(256);
const writer = new ByteWriter();
const frames = new PacketFrames();

/** Writes an ACK: the numbers that it states, and the bytes of its bitmap. */
function writeAck(tracker: AckTracker): { largest: number; stated: Set<number>; bitmapBytes: number } {
  writer.reset(buffer);
  const bytes = tracker.frameBytes(0);
  const largest = tracker.write(writer, 0);
  expect(writer.written).toBe(bytes);
  expect(frames.decode(buffer, 0, bytes)).toBeUndefined();
  const { start, end } = frames.at(0);
  const stated = new Set([largest]);
  for (let bit = 0; bit < (end - start) * 8; bit++) {
    if (((buffer[start + (bit >>> 3)] as number) >>> (bit & 7)) & 1) stated.add(largest - 1 - bit);
  }
  return { largest, stated, bitmapBytes: end - start };
}

describe("AckTracker: bitmaps take no more than was received", () => {
  it("states the newest numbers when a peer that acknowledges nothing has not paid for all", () => {
    const tracker = new AckTracker(25);
    let written = 0;
    for (let n = 0; n < 3000; n++) {
      tracker.onPacketReceived(n, Prompt, 0, SMALLEST);
      const { largest, stated, bitmapBytes } = writeAck(tracker);
      written += bitmapBytes;
      expect(written).toBeLessThanOrEqual((n + 1) * SMALLEST);
      expect([largest, stated.size]).toEqual([n, Math.min(n, bitmapBytes * 8) + 1]);
      if (n > 1000) expect(bitmapBytes).toBe(SMALLEST);
    }
  });

  it("states all again when packets are larger, and does not take for known what it left out", () => {
    const tracker = new AckTracker(25);
    for (let n = 0; n < 3000; n++) {
      tracker.onPacketReceived(n, Prompt, 0, SMALLEST);
      writeAck(tracker);
    }
    // That ACK was cut: its acknowledgement says nothing of the numbers that it did not state.
    tracker.onAckAcked(2999);
    tracker.onPacketReceived(3000, Prompt, 0, 1200);
    const { stated } = writeAck(tracker);
    expect(stated.has(2999)).toBe(false);
    for (const number of [2000, 2400, 2700]) expect(stated.has(number)).toBe(true);
    tracker.onAckAcked(3000);
    expect(writeAck(tracker).stated.size).toBe(1);
  });

  it("answers one small packet after many large ones with all that the peer may have missed", () => {
    const tracker = new AckTracker(25);
    for (let n = 0; n < 1024; n++) tracker.onPacketReceived(n, Prompt, 0, 1200);
    tracker.onPacketReceived(1024, Prompt, 0, SMALLEST);
    expect(writeAck(tracker).stated.size).toBe(1025);
  });

  it("property: ACKs are true, and whatever is left out is known to the peer or stated later", () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("new"), by: fc.integer({ min: 1, max: 30 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("late"), by: fc.integer({ min: 1, max: 300 }) }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom("ack", "lostAck"), by: fc.constant(0) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("ackAcked"), by: fc.nat() }) },
    );
    let cut = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 150 }), (bytes, steps) => {
        const tracker = new AckTracker(25);
        const received = new Set<number>();
        const known = new Set<number>();
        const arrived: number[] = [];
        let largest = 0;
        const receive = (number: number): void => {
          if (number < 0 || received.has(number)) return;
          tracker.onPacketReceived(number, Prompt, 0, bytes);
          received.add(number);
        };
        const missing = (stated: Set<number>): number[] =>
          [...received].filter((n) => n >= largest - 1024 && !stated.has(n) && !known.has(n));
        receive(0);
        for (const { kind, by } of steps) {
          if (kind === "new") receive((largest += by));
          else if (kind === "late") receive(largest - by);
          else if (kind === "ackAcked") {
            if (arrived.length > 0) tracker.onAckAcked(arrived[by % arrived.length] as number);
          } else {
            const ack = writeAck(tracker);
            for (const number of ack.stated) if (!received.has(number)) expect.fail(`${number} never came`);
            const left = missing(ack.stated);
            if (left.length > 0) cut += 1;
            // Only the oldest are left out.
            const lowest = Math.min(...ack.stated);
            for (const number of left) expect(number).toBeLessThan(lowest);
            if (kind === "lostAck") continue;
            arrived.push(ack.largest);
            for (const number of ack.stated) known.add(number);
          }
        }
        tracker.onPacketReceived(++largest, Prompt, 0);
        received.add(largest);
        expect(missing(writeAck(tracker).stated)).toEqual([]);
      }),
      { seed: 6, numRuns: 500 },
    );
    expect(cut).toBeGreaterThan(50);
  });

  /** Of a game each way and an upload: what became of packets, with bitmaps bounded or not. */
  function play(loss: number, isBounded: boolean): unknown {
    const pair = new Pair({ latencyMs: 40, jitterMs: 10, loss, reorder: 0.05 }, { seed: 3 });
    const sides: Side[] = [pair.a, pair.b];
    if (!isBounded) {
      for (const { endpoint } of sides) {
        const apply = endpoint.onPacketReceived.bind(endpoint);
        endpoint.onPacketReceived = (number, urgency, nowMs) => apply(number, urgency, nowMs);
      }
    }
    for (let i = 0; i < 1500; i++) {
      for (const { endpoint } of sides) endpoint.send(payload(i, 4), undefined, pair.nowMs);
      if (i % 5 === 0) pair.b.endpoint.send(payload(i, 30), { delivery: "ordered" }, pair.nowMs);
      if (i % 300 === 0) pair.a.endpoint.send(payload(i, 200_000), { delivery: "reliable" }, pair.nowMs);
      pair.runFor(8);
    }
    pair.runWhile(() => pair.isBusy, 60_000);
    return sides.map(({ endpoint, packets, wireBytes }) => {
      const { packetsAcked, packetsLost, spuriousLosses, probeTimeouts, retransmittedBytes } = endpoint.statistics;
      expect(packetsAcked).toBeGreaterThan(500);
      return { packets, wireBytes, packetsAcked, packetsLost, spuriousLosses, probeTimeouts, retransmittedBytes };
    });
  }

  it.each([0, 0.1, 0.3])("which changes nothing for honest peers, at a loss of %d", (loss) => {
    expect(play(loss, true)).toEqual(play(loss, false));
  });
});

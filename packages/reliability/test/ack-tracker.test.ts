import { ByteWriter, FrameKind, PacketFrames } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AckTracker } from "../src/ack-tracker.js";
import { AckUrgency } from "../src/ack-urgency.js";

const DELAY_MS = 25;
const buffer = new Uint8Array(256);
const writer = new ByteWriter();
const frames = new PacketFrames();

interface Ack {
  largest: number;
  delayUs: number;
  /** Numbers below `largest` whose bit is set, highest first. */
  below: number[];
  bytes: number;
}

/** Writes an ACK, decodes it again, and checks the announced size and the returned number. */
function writeAck(tracker: AckTracker, nowMs: number): Ack {
  writer.reset(buffer);
  const bytes = tracker.frameBytes(nowMs);
  const returned = tracker.write(writer, nowMs);
  expect(writer.written).toBe(bytes);
  expect(frames.decode(buffer, 0, bytes)).toBeUndefined();
  expect(frames.count).toBe(1);
  const frame = frames.at(0);
  expect(frame.kind).toBe(FrameKind.Ack);
  expect(frame.largest).toBe(returned);
  const below: number[] = [];
  for (let bit = 0; bit < (frame.end - frame.start) * 8; bit++) {
    if (((buffer[frame.start + (bit >>> 3)] as number) >>> (bit & 7)) & 1) below.push(frame.largest - 1 - bit);
  }
  return { largest: frame.largest, delayUs: frame.delayUs, below, bytes };
}

function receiveAll(tracker: AckTracker, numbers: number[], nowMs = 0): void {
  for (const number of numbers) tracker.onPacketReceived(number, AckUrgency.Prompt, nowMs);
}

describe("AckTracker: what is stated", () => {
  it("has nothing to say before the first packet", () => {
    const tracker = new AckTracker(DELAY_MS);
    expect(tracker.isWorthwhile(0, 0)).toBe(false);
    expect(tracker.isDue(1e9)).toBe(false);
    expect(tracker.dueAt()).toBe(Infinity);
    expect(tracker.frameBytes(0)).toBe(0);
    writer.reset(buffer);
    expect(tracker.write(writer, 0)).toBe(-1);
    expect(writer.written).toBe(0);
    tracker.onAckAcked(5);
    tracker.onPacketReceived(0, AckUrgency.Prompt, 0);
    expect(writeAck(tracker, 0)).toMatchObject({ largest: 0, below: [], bytes: 4 });
  });

  it("states largest, delay and the numbers below", () => {
    const tracker = new AckTracker(DELAY_MS);
    receiveAll(tracker, [0, 1, 3, 4, 7], 100);
    const ack = writeAck(tracker, 102.5);
    expect(ack).toEqual({ largest: 7, delayUs: 2500, below: [4, 3, 1, 0], bytes: 1 + 1 + 2 + 1 + 1 });
  });

  it("measures the delay from the largest, not from late packets", () => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(5, AckUrgency.Prompt, 100);
    tracker.onPacketReceived(4, AckUrgency.Prompt, 110);
    expect(writeAck(tracker, 111).delayUs).toBe(11_000);
  });

  it("never writes a negative or unbounded delay", () => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(5, AckUrgency.Prompt, 100);
    expect(writeAck(tracker, 90).delayUs).toBe(0);
    expect(writeAck(tracker, 1e12).delayUs).toBe(0x3fff_ffff);
    expect(tracker.frameBytes(1e12)).toBe(1 + 1 + 4 + 1);
  });

  it("reaches exactly 1024 below the largest", () => {
    const tracker = new AckTracker(DELAY_MS);
    receiveAll(tracker, [0, 1, 2, 1025]);
    const ack = writeAck(tracker, 0);
    expect(ack.below).toEqual([2, 1]);
    expect(ack.bytes).toBe(1 + 2 + 1 + 1 + 128);
    tracker.onPacketReceived(0, AckUrgency.Prompt, 0); // out of reach: ignored
    expect(tracker.isWorthwhile(0, 0)).toBe(false);
    expect(tracker.isDue(1e9)).toBe(false);
    expect(writeAck(tracker, 0).below).toEqual([2, 1]);
    tracker.onPacketReceived(1026, AckUrgency.Prompt, 0);
    expect(writeAck(tracker, 0).below).toEqual([1025, 2]);
  });

  it("takes a late packet in that is exactly 1024 below the largest", () => {
    const tracker = new AckTracker(DELAY_MS);
    receiveAll(tracker, [1500]);
    writeAck(tracker, 0);
    tracker.onPacketReceived(475, AckUrgency.Prompt, 0);
    expect(tracker.isWorthwhile(0, 0)).toBe(false);
    tracker.onPacketReceived(476, AckUrgency.Prompt, 0);
    expect(tracker.isWorthwhile(0, 0)).toBe(true);
    expect(writeAck(tracker, 0).below).toEqual([476]);
  });

  it("fills at most 142 bytes", () => {
    const tracker = new AckTracker(DELAY_MS);
    const top = 2 ** 48 - 1;
    for (let n = top - 1024; n <= top; n++) tracker.onPacketReceived(n, AckUrgency.Prompt, 0);
    const ack = writeAck(tracker, 1e9);
    expect(ack.bytes).toBe(142);
    expect(ack.below.length).toBe(1024);
  });

  it("does not count a number twice", () => {
    const tracker = new AckTracker(DELAY_MS);
    receiveAll(tracker, [0, 2, 1]);
    writeAck(tracker, 0);
    receiveAll(tracker, [2, 1]);
    expect(tracker.isWorthwhile(0, 0)).toBe(false);
    expect(tracker.dueAt()).toBe(Infinity);
  });

  it.each([2 ** 31, 2 ** 32, 2 ** 40])("crosses %d without a slip", (edge) => {
    const tracker = new AckTracker(DELAY_MS);
    for (let n = edge - 600; n < edge + 600; n++) if (n % 3 !== 0) tracker.onPacketReceived(n, AckUrgency.Prompt, 0);
    const largest = edge + 599 - ((edge + 599) % 3 === 0 ? 1 : 0);
    const wanted: number[] = [];
    for (let n = largest - 1; n >= largest - 1024; n--) if (n % 3 !== 0) wanted.push(n);
    expect(writeAck(tracker, 0)).toMatchObject({ largest, below: wanted });
  });

  it.each([1024, 1025, 1026, 2047, 2048, 2049, 2 ** 33])("T06 forgets the past after a leap of %d", (leap) => {
    const tracker = new AckTracker(DELAY_MS);
    for (let n = 0; n < 1500; n++) tracker.onPacketReceived(n, AckUrgency.Prompt, 0);
    tracker.onPacketReceived(1499 + leap, AckUrgency.Prompt, 0);
    expect(writeAck(tracker, 0)).toMatchObject({ largest: 1499 + leap, below: leap === 1024 ? [1499] : [] });
    receiveAll(tracker, [1499 + leap - 1, 1499 + leap - 1023, 1499 + leap + 1]);
    expect(writeAck(tracker, 0).below).toEqual(
      [1499 + leap, 1499 + leap - 1, 1499 + leap - 1023].filter((n) => n >= 1500 + leap - 1024),
    );
  });
});

describe("AckTracker: when an ACK is due (RFC 9000 section 13.2)", () => {
  it("waits for company, at most the announced delay", () => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(0, AckUrgency.Prompt, 100);
    expect(tracker.dueAt()).toBe(125);
    expect(tracker.isDue(124.9)).toBe(false);
    expect(tracker.isDue(125)).toBe(true);
    writeAck(tracker, 125);
    expect(tracker.isDue(1e9)).toBe(false);
    expect(tracker.dueAt()).toBe(Infinity);
  });

  it("is due at once with the second ack-eliciting packet", () => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(0, AckUrgency.Prompt, 100);
    tracker.onPacketReceived(1, AckUrgency.None, 101);
    expect(tracker.isDue(101)).toBe(false);
    tracker.onPacketReceived(2, AckUrgency.Prompt, 102);
    expect(tracker.isDue(102)).toBe(true);
    expect(tracker.dueAt()).toBe(102);
    tracker.onPacketReceived(3, AckUrgency.Prompt, 103);
    expect(tracker.dueAt()).toBe(102);
    writeAck(tracker, 103);
    tracker.onPacketReceived(4, AckUrgency.Prompt, 104); // counts anew
    expect(tracker.dueAt()).toBe(129);
  });

  it("gives relaxed packets 75 ms more, or eight of them", () => {
    const tracker = new AckTracker(DELAY_MS);
    for (let n = 0; n < 7; n++) tracker.onPacketReceived(n, AckUrgency.Relaxed, 100 + n);
    expect(tracker.dueAt()).toBe(200);
    tracker.onPacketReceived(7, AckUrgency.Relaxed, 110);
    expect(tracker.dueAt()).toBe(110);
    writeAck(tracker, 110);
    tracker.onPacketReceived(8, AckUrgency.Relaxed, 120);
    expect(tracker.dueAt()).toBe(220);
  });

  it("is due for a prompt packet as soon as without the relaxed ones before it", () => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(0, AckUrgency.Relaxed, 100);
    tracker.onPacketReceived(1, AckUrgency.Prompt, 110);
    expect(tracker.dueAt()).toBe(135);
    tracker.onPacketReceived(2, AckUrgency.Relaxed, 111);
    expect(tracker.dueAt()).toBe(135);
    tracker.onPacketReceived(3, AckUrgency.Prompt, 112);
    expect(tracker.dueAt()).toBe(112);
  });

  it("is due at once for relaxed packets behind a gap, and late ones", () => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(0, AckUrgency.Relaxed, 0);
    writeAck(tracker, 0);
    tracker.onPacketReceived(2, AckUrgency.Relaxed, 10);
    expect(tracker.isDue(10)).toBe(true);
    writeAck(tracker, 10);
    tracker.onPacketReceived(1, AckUrgency.Relaxed, 11);
    expect(tracker.isDue(11)).toBe(true);
  });

  it("is never due for packets that elicit no ACK, yet takes every four of them along", () => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(0, AckUrgency.None, 0);
    tracker.onPacketReceived(5, AckUrgency.None, 0);
    tracker.onPacketReceived(3, AckUrgency.None, 0);
    expect(tracker.dueAt()).toBe(Infinity);
    expect(tracker.isWorthwhile(1e6, 1e6)).toBe(false);
    tracker.onPacketReceived(4, AckUrgency.None, 0);
    expect(tracker.dueAt()).toBe(Infinity);
    expect(tracker.isWorthwhile(0, 0)).toBe(true);
    expect(writeAck(tracker, 0)).toMatchObject({ largest: 5, below: [4, 3, 0] });
    expect(tracker.isWorthwhile(1e6, 1e6)).toBe(false);
  });

  it("is due at once behind a gap and for a late packet", () => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(0, AckUrgency.Prompt, 0);
    writeAck(tracker, 0);
    tracker.onPacketReceived(2, AckUrgency.Prompt, 10);
    expect(tracker.isDue(10)).toBe(true);
    writeAck(tracker, 10);
    tracker.onPacketReceived(1, AckUrgency.Prompt, 11);
    expect(tracker.isDue(11)).toBe(true);
    writeAck(tracker, 11);
    tracker.onPacketReceived(3, AckUrgency.Prompt, 12);
    expect(tracker.dueAt()).toBe(37);
  });

  it("remembers a gap that a packet without need of an ACK has shown", () => {
    const tracker = new AckTracker(DELAY_MS);
    tracker.onPacketReceived(0, AckUrgency.Prompt, 0);
    writeAck(tracker, 0);
    tracker.onPacketReceived(2, AckUrgency.None, 1);
    expect(tracker.isDue(1)).toBe(false);
    tracker.onPacketReceived(3, AckUrgency.Prompt, 2);
    expect(tracker.isDue(2)).toBe(true);
  });

  it("has no gap before a first packet with number 0", () => {
    const tracker = new AckTracker(0);
    tracker.onPacketReceived(0, AckUrgency.Prompt, 7);
    expect(tracker.dueAt()).toBe(7);
    const patient = new AckTracker(DELAY_MS);
    patient.onPacketReceived(0, AckUrgency.Prompt, 7);
    expect(patient.isDue(7)).toBe(false);
  });

  it("refuses bad configuration", () => {
    expect(() => new AckTracker(-1)).toThrow('"localMaxAckDelayMs" expected 0..16384, got -1');
    expect(() => new AckTracker(NaN)).toThrow(RangeError);
  });
});

describe("AckTracker: what the peer knows is left out", () => {
  it("keeps the bitmap short in steady traffic", () => {
    const tracker = new AckTracker(DELAY_MS);
    const roundTripPackets = 20;
    for (let n = 0; n < 1500; n++) {
      tracker.onPacketReceived(n, AckUrgency.Prompt, n);
      const ack = writeAck(tracker, n);
      expect(ack.below.length).toBeLessThanOrEqual(roundTripPackets);
      if (n >= roundTripPackets) tracker.onAckAcked(n - roundTripPackets);
    }
  });

  it("goes on stating what only unacknowledged ACKs stated", () => {
    const tracker = new AckTracker(DELAY_MS);
    receiveAll(tracker, [0, 1, 2, 3]);
    writeAck(tracker, 0);
    receiveAll(tracker, [4, 5]);
    writeAck(tracker, 0);
    tracker.onAckAcked(3);
    expect(writeAck(tracker, 0)).toMatchObject({ largest: 5, below: [4] });
    tracker.onAckAcked(5);
    expect(writeAck(tracker, 0)).toMatchObject({ largest: 5, below: [] });
    tracker.onPacketReceived(6, AckUrgency.Prompt, 0);
    expect(writeAck(tracker, 0)).toMatchObject({ largest: 6, below: [] });
  });

  it("states a late number though an ACK above it is known: that ACK may have been written before", () => {
    const tracker = new AckTracker(DELAY_MS);
    receiveAll(tracker, [0, 2]);
    writeAck(tracker, 0); // largest 2, without 1
    tracker.onPacketReceived(1, AckUrgency.Prompt, 1);
    tracker.onAckAcked(2);
    expect(writeAck(tracker, 1)).toMatchObject({ largest: 2, below: [1] });
    tracker.onAckAcked(2); // still proves nothing: which of the two was it?
    expect(writeAck(tracker, 1)).toMatchObject({ largest: 2, below: [1] });
    tracker.onPacketReceived(3, AckUrgency.Prompt, 2);
    expect(writeAck(tracker, 2)).toMatchObject({ largest: 3, below: [1] });
    tracker.onAckAcked(3);
    expect(writeAck(tracker, 2)).toMatchObject({ largest: 3, below: [] });
  });

  it("states late numbers that come below what is known", () => {
    const tracker = new AckTracker(DELAY_MS);
    for (let n = 10; n < 500; n++) tracker.onPacketReceived(n, AckUrgency.Prompt, 0);
    writeAck(tracker, 0);
    tracker.onAckAcked(499);
    tracker.onPacketReceived(3, AckUrgency.Prompt, 0);
    expect(writeAck(tracker, 0)).toMatchObject({ largest: 499, below: [3] });
    tracker.onPacketReceived(500, AckUrgency.Prompt, 0);
    writeAck(tracker, 0);
    tracker.onAckAcked(500);
    expect(writeAck(tracker, 0)).toMatchObject({ largest: 500, below: [] });
  });

  it("is not confused by acknowledgements out of order, repeated, or above what was received", () => {
    const tracker = new AckTracker(DELAY_MS);
    receiveAll(tracker, [0, 1, 2, 3]);
    tracker.onAckAcked(2);
    tracker.onAckAcked(1);
    tracker.onAckAcked(2);
    expect(writeAck(tracker, 0)).toMatchObject({ largest: 3, below: [] });
    tracker.onAckAcked(1000);
    expect(writeAck(tracker, 0)).toMatchObject({ largest: 3, below: [] });
  });

  it("property: every ACK is true, and every received number in reach is stated or known to the peer", () => {
    const newer = (min: number, max: number) =>
      fc.record({ kind: fc.constant("new" as const), ahead: fc.integer({ min, max }) });
    const late = (min: number, max: number) =>
      fc.record({ kind: fc.constant("late" as const), back: fc.integer({ min, max }) });
    const step = fc.oneof(
      { weight: 6, arbitrary: newer(1, 4) },
      { weight: 1, arbitrary: newer(900, 2100) },
      { weight: 5, arbitrary: late(1, 40) },
      { weight: 1, arbitrary: late(900, 1100) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant("ack" as const), arrives: fc.boolean() }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("ackAcked" as const), pick: fc.nat() }) },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(0, 700, 2 ** 31 - 100, 2 ** 32 - 100, 2 ** 45),
        fc.array(step, { maxLength: 150 }),
        (base, steps) => {
          const tracker = new AckTracker(DELAY_MS);
          const received = new Set<number>();
          const known = new Set<number>();
          const arrived: number[] = [];
          let largest = base - 1;
          let news = false;
          for (const [time, action] of steps.entries()) {
            if (action.kind === "new") {
              largest += action.ahead;
              tracker.onPacketReceived(largest, AckUrgency.Prompt, time);
              received.add(largest);
              news = true;
            } else if (action.kind === "late") {
              const number = largest - action.back;
              if (received.size === 0 || number < 0 || received.has(number)) continue; // the replay window's work
              tracker.onPacketReceived(number, AckUrgency.Prompt, time);
              if (action.back > 1024) continue;
              received.add(number);
              news = true;
            } else if (action.kind === "ack" && received.size > 0) {
              const ack = writeAck(tracker, time);
              news = false;
              expect(ack.largest).toBe(largest);
              for (const number of ack.below) if (!received.has(number)) expect.fail(`${number} never came`);
              const stated = new Set(ack.below);
              for (const number of received) {
                if (number === largest || number < largest - 1024 || stated.has(number) || known.has(number)) continue;
                expect.fail(`${number} neither stated nor known`);
              }
              if (action.arrives) {
                arrived.push(ack.largest);
                known.add(ack.largest);
                for (const number of ack.below) known.add(number);
              }
            } else if (action.kind === "ackAcked" && arrived.length > 0) {
              tracker.onAckAcked(arrived[action.pick % arrived.length] as number);
            }
            expect(tracker.isWorthwhile(0, 0)).toBe(news);
          }
          // With everything acknowledged twice over, nothing remains to be repeated.
          if (received.size === 0) return;
          tracker.onPacketReceived(largest + 1, AckUrgency.Prompt, 1000);
          tracker.onAckAcked(writeAck(tracker, 1000).largest);
          expect(writeAck(tracker, 1000).below).toEqual([]);
        },
      ),
      { seed: 4, numRuns: 400 },
    );
  });
});

import { FrameKind, type PacketFrames } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import type { CongestionController } from "../src/congestion/congestion-controller.js";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import { indexOf, Pair, payload } from "./support/pair.js";

/** Game traffic: 60 unreliable messages per second each way and 10 ordered, in ticks. */
function playTicks(pair: Pair, ticks: number, startIndex: number): number {
  let index = startIndex;
  for (let i = 0; i < ticks; i++) {
    for (const side of [pair.a, pair.b]) {
      side.endpoint.send(payload(i, 64), undefined, pair.nowMs);
      if (i % 6 === 0) side.endpoint.send(payload(index, 40), { delivery: "ordered" }, pair.nowMs);
    }
    if (i % 6 === 0) index += 1;
    pair.runFor(1000 / 60);
  }
  return index;
}

/** Of the last frame that is not PADDING. */
function askingKind(frames: PacketFrames): number {
  const last = frames.at(frames.count - 1);
  return last.kind === FrameKind.Padding ? frames.at(frames.count - 2).kind : last.kind;
}

describe("loss recovery", () => {
  it("a lost tail is probed for within a probe timeout", () => {
    const pair = new Pair({ latencyMs: 50 });
    playTicks(pair, 120, 0);
    pair.runFor(500);
    pair.b.received.length = 0;
    let first = true;
    pair.fromA.drop = () => {
      const drop = first;
      first = false;
      return drop;
    };
    const sentAtMs = pair.nowMs;
    const timeoutMs = pair.a.endpoint.probeTimeoutMs();
    pair.a.endpoint.send(payload(7, 40), { delivery: "ordered" }, pair.nowMs);
    pair.runWhile(() => pair.b.received.length === 0, 1000);
    expect(pair.nowMs - sentAtMs).toBeLessThan(timeoutMs + 50 + 6);
    expect(timeoutMs).toBeLessThan(160);
    expect(pair.a.endpoint.statistics.probeTimeouts).toBe(1);
  });

  it("a timeout with nothing to resend sends a PING", () => {
    const pair = new Pair();
    const kinds: number[] = [];
    pair.a.onPacket = (_number, frames: PacketFrames) => kinds.push(askingKind(frames));
    pair.fromA.drop = (packetNumber) => packetNumber === 0;
    pair.a.endpoint.send(payload(0, 10), undefined, pair.nowMs);
    pair.runFor(1000);
    expect(kinds).toEqual([FrameKind.Message, FrameKind.Ping]);
    expect(pair.a.endpoint.statistics.packetsInFlight).toBe(0);
  });

  it("requestPing sends one, unless other frames ask for an ACK anyway", () => {
    const pair = new Pair();
    const kinds: number[] = [];
    pair.a.onPacket = (_number, frames: PacketFrames) => kinds.push(askingKind(frames));
    pair.a.endpoint.requestPing();
    pair.flush();
    pair.a.endpoint.requestPing();
    pair.a.endpoint.send(payload(0, 10), undefined, pair.nowMs);
    pair.flush();
    expect(kinds).toEqual([FrameKind.Ping, FrameKind.Message]);
    expect(pair.a.endpoint.wantsToSend(pair.nowMs)).toBe(false);
  });

  it("requestPing keeps the size that was asked for before, when a PING of any size is asked for too", () => {
    const pair = new Pair();
    pair.a.endpoint.requestPing(500);
    pair.a.endpoint.requestPing();
    pair.flush();
    expect(pair.a.endpoint.statistics.bytesInFlight).toBe(500);
    pair.a.endpoint.requestPing();
    pair.flush();
    expect(pair.a.endpoint.statistics.bytesInFlight).toBeLessThan(600);
  });

  it("probes back off to two seconds at most, and no further", () => {
    const pair = new Pair();
    pair.fromA.drop = () => true;
    const sentAtMs: number[] = [];
    pair.a.onPacket = () => {
      if (sentAtMs[sentAtMs.length - 1] !== pair.nowMs) sentAtMs.push(pair.nowMs);
    };
    pair.a.endpoint.send(payload(0, 10), { delivery: "reliable" }, pair.nowMs);
    pair.runFor(15_000);
    const gaps = sentAtMs.slice(1).map((at, i) => at - (sentAtMs[i] as number));
    expect(gaps[0]).toBeCloseTo(310);
    expect(gaps[1]).toBeCloseTo(620);
    expect(Math.max(...gaps)).toBe(2000);
    expect(gaps.length).toBeGreaterThan(7);
  });

  it("a round trip longer than two seconds does not make probes overlap", () => {
    const pair = new Pair({ latencyMs: 1500 });
    pair.a.endpoint.send(payload(0, 10), { delivery: "ordered" }, pair.nowMs);
    pair.runFor(20_000);
    const before = pair.a.endpoint.statistics.probeTimeouts;
    for (let i = 0; i < 60; i++) {
      pair.a.endpoint.send(payload(i + 1, 10), { delivery: "ordered" }, pair.nowMs);
      pair.runFor(500);
    }
    pair.runFor(10_000);
    expect(pair.b.received).toHaveLength(61);
    expect(pair.a.endpoint.statistics.probeTimeouts).toBe(before);
  });

  it.each([2000, 8000])("S7 after an outage of %i ms ordered data comes within 1 RTT and 2 ticks", (outageMs) => {
    const pair = new Pair({ latencyMs: 30 }, { seed: 3 });
    let index = playTicks(pair, 200, 0);
    const down = (): boolean => true;
    pair.fromA.drop = down;
    pair.fromB.drop = down;
    index = playTicks(pair, Math.round((outageMs * 60) / 1000), index);
    pair.fromA.drop = undefined;
    pair.fromB.drop = undefined;
    const backAtMs = pair.nowMs;
    index = playTicks(pair, 120, index);
    pair.runWhile(() => pair.isBusy, 5000);
    for (const side of [pair.a, pair.b]) {
      const ordered = side.received.filter((m) => m.delivery === "ordered");
      expect(ordered.map((m) => indexOf(m.payload))).toEqual(Array.from({ length: index }, (_, i) => i));
      const at = side.receivedAtMs.filter((_, i) => side.received[i]?.delivery === "ordered");
      const firstAfter = at.find((ms) => ms > backAtMs) as number;
      expect(firstAfter - backAtMs).toBeLessThan(60 + 2 * (1000 / 60));
    }
  });

  it("S3 ordered at 5 % loss: median one way, 99 % within 2.5 round trips, at most 1.25 times the bytes", () => {
    const run = (loss: number): { bytes: number; delays: number[] } => {
      const pair = new Pair({ latencyMs: 50, loss }, { seed: 21 });
      const sentAtMs: number[] = [];
      for (let i = 0; i < 1500; i++) {
        sentAtMs.push(pair.nowMs);
        pair.a.endpoint.send(payload(i, 64), { delivery: "ordered" }, pair.nowMs);
        pair.runFor(1000 / 60);
      }
      pair.runWhile(() => pair.isBusy, 5000);
      expect(pair.b.received).toHaveLength(1500);
      const delays = pair.b.receivedAtMs.map((at, i) => at - (sentAtMs[i] as number)).sort((x, y) => x - y);
      return { bytes: pair.a.wireBytes, delays };
    };
    const clean = run(0);
    const lossy = run(0.05);
    expect(lossy.delays[750]).toBeLessThanOrEqual(50 + 1000 / 60);
    expect(lossy.delays[1485]).toBeLessThanOrEqual(250);
    expect(lossy.bytes / clean.bytes).toBeLessThan(1.25);
  });

  it("reordering raises the threshold, so that losses taken wrongly become rare", () => {
    const pair = new Pair({ latencyMs: 25, reorder: 0.05, reorderDelayMs: 25 }, { seed: 4 });
    const spurious: number[] = [];
    for (let i = 0; i < 2000; i++) {
      pair.a.endpoint.send(payload(i, 30), { delivery: "reliable" }, pair.nowMs);
      pair.runFor(4);
      if (i % 500 === 499) spurious.push(pair.a.endpoint.statistics.spuriousLosses);
    }
    expect(spurious[0]).toBeGreaterThan(0);
    const late = (spurious[3] as number) - (spurious[2] as number);
    expect(late).toBeLessThanOrEqual(10);
    pair.runFor(500);
    expect(pair.b.received).toHaveLength(2000);
  });

  it("an acknowledgement that comes late takes back what was to be resent", () => {
    const losses: number[] = [];
    const spurious: number[] = [];
    const trace = {
      onPacketLost: (packetNumber: number) => losses.push(packetNumber),
      onSpuriousLoss: (packetNumber: number) => spurious.push(packetNumber),
    };
    const budget = new FixedBudget();
    const pair = new Pair({}, { a: { trace, congestion: budget } });
    // The first packet takes 60 ms more than those after it.
    pair.fromA.reorderDelayMs = 60;
    pair.fromA.reorder = 1;
    pair.a.endpoint.send(payload(0, 10), { delivery: "reliable" }, pair.nowMs);
    pair.flush();
    pair.fromA.reorder = 0;
    for (let i = 1; i < 8; i++) {
      pair.a.endpoint.send(payload(i, 10), { delivery: "reliable" }, pair.nowMs);
      pair.flush();
    }
    pair.runFor(500);
    expect(losses).toEqual([0]);
    expect(spurious).toEqual([0]);
    expect(pair.b.received).toHaveLength(8);
    expect(pair.a.endpoint.statistics.spuriousLosses).toBe(1);
    expect(pair.a.endpoint.statistics.retransmittedMessages).toBe(1);
  });

  it("at most 1024 numbers are in flight; without acknowledgements the rest waits", () => {
    const pair = new Pair({}, { a: { congestion: new FixedBudget({ rateBytesPerSecond: 1e9, burstBytes: 1e8 }) } });
    pair.fromA.drop = () => true;
    for (let i = 0; i < 3000; i++) pair.a.endpoint.send(payload(i, 1000), { delivery: "reliable" }, pair.nowMs);
    pair.flush();
    expect(pair.a.endpoint.statistics.packetsInFlight).toBeGreaterThan(1000);
    expect(pair.a.endpoint.statistics.packetsInFlight).toBeLessThanOrEqual(1024);
    pair.runFor(10_000);
    // A dead path gets at most a packet each 25 ms, and the probes.
    expect(pair.a.packets).toBeLessThan(1024 + 10_000 / 25 + 20);
    expect(pair.a.endpoint.statistics.packetsInFlight).toBeLessThanOrEqual(1024);
    pair.fromA.drop = undefined;
    pair.runWhile(() => pair.isBusy, 20_000);
    expect(pair.b.received).toHaveLength(3000);
  });

  it("a path that carries less than before: whole messages go again in pieces", () => {
    const pair = new Pair({}, { a: { maxDatagramBytes: 1452 } });
    for (const delivery of ["reliable", "ordered", "bestEffort"] as const) {
      for (let i = 0; i < 20; i++) {
        const deadline = delivery === "bestEffort" ? { expiresInMs: 9000 } : {};
        pair.a.endpoint.send(payload(i, 1300), { delivery, channel: 1, ...deadline }, pair.nowMs);
      }
    }
    pair.a.endpoint.send(payload(99, 100_000), { delivery: "ordered" }, pair.nowMs);
    pair.fromA.mtu = 1280;
    pair.runFor(1000);
    expect(pair.b.received).toHaveLength(0);
    pair.setMaxDatagramBytes(pair.a, 1200);
    pair.runWhile(() => pair.isBusy, 10_000);
    expect(pair.b.received).toHaveLength(61);
    const big = pair.b.received.find((m) => m.channel === 0);
    expect(Buffer.compare(big?.payload as Uint8Array, payload(99, 100_000))).toBe(0);
    expect(pair.b.violation).toBeUndefined();
  });

  it("a path that grows in the middle of a message", () => {
    const pair = new Pair({ loss: 0.1 }, { seed: 9 });
    for (let i = 0; i < 10; i++) pair.a.endpoint.send(payload(i, 1400), { delivery: "ordered" }, pair.nowMs);
    pair.a.endpoint.send(payload(10, 1_000_000), { delivery: "ordered" }, pair.nowMs);
    pair.runFor(30);
    pair.setMaxDatagramBytes(pair.a, 1452);
    pair.runWhile(() => pair.isBusy, 10_000);
    expect(pair.b.received.map((m) => indexOf(m.payload))).toEqual(Array.from({ length: 11 }, (_, i) => i));
    expect(pair.b.violation).toBeUndefined();
  });

  it("path probes are outside of timeouts, congestion and loss", () => {
    const pair = new Pair();
    const number = pair.a.endpoint.buildProbe(pair.nowMs, 1452);
    expect(number).toBe(0);
    expect(pair.a.endpoint.statistics.bytesInFlight).toBe(0);
    expect(pair.a.endpoint.nextTimeoutAt()).toBe(Infinity);
    for (let i = 0; i < 10; i++) {
      pair.a.endpoint.send(payload(i, 10), { delivery: "reliable" }, pair.nowMs);
      pair.runFor(10);
    }
    pair.runFor(500);
    expect(pair.a.endpoint.statistics.packetsLost).toBe(0);
    expect(pair.a.endpoint.statistics.packetsInFlight).toBe(0);
  });

  it("the budget holds data but neither ACKs nor probes", () => {
    const rateBytesPerSecond = 50_000;
    const pair = new Pair({}, { a: { congestion: new FixedBudget({ rateBytesPerSecond, burstBytes: 3000 }) } });
    pair.a.endpoint.send(payload(0, 200_000), { delivery: "reliable" }, pair.nowMs);
    const startMs = pair.nowMs;
    for (let i = 0; i < 100; i++) {
      pair.b.endpoint.send(payload(i, 20), { delivery: "reliable" }, pair.nowMs);
      pair.runFor(20);
    }
    const seconds = (pair.nowMs - startMs) / 1000;
    const allowed = rateBytesPerSecond * seconds + 3000;
    expect(pair.a.wireBytes).toBeLessThan(allowed * 1.1);
    expect(pair.a.wireBytes).toBeGreaterThan(allowed * 0.9);
    expect(pair.a.received.length).toBeGreaterThan(97);
    expect(pair.b.endpoint.statistics.packetsLost).toBe(0);
  });
});

describe("a probe", () => {
  /** Lets so many packets with data go as it was told. */
  class Gate implements CongestionController {
    readonly windowBytes = Infinity;
    readonly paceBytesPerSecond = Infinity;
    readonly bandwidthBytesPerSecond = 0;
    packets = 0;

    onPacketSent(): void {
      this.packets -= 1;
    }
    onPacketAcked(): void {}
    onAck(): void {}
    onPacketsLost(): void {}
    onSpuriousLoss(): void {}
    onPathChanged(): void {}
    canSend(): boolean {
      return this.packets > 0;
    }
    nextSendAt(): number {
      return Infinity;
    }
  }

  it.each([
    [255, true],
    [256, false],
  ])("looks at 256 messages for what to send again: behind %i that need nothing, one is found: %s", (count, found) => {
    const gate = new Gate();
    const pair = new Pair({}, { a: { congestion: gate } });
    for (let i = 0; i < count; i++) {
      pair.a.endpoint.send(payload(i, 10_000), { delivery: "reliable", channel: i }, pair.nowMs);
    }
    // Two packets of each message go and arrive, which is a turn; nothing of it has to go again.
    gate.packets = 2 * count;
    pair.runFor(500);
    expect(pair.a.endpoint.statistics).toMatchObject({ packetsInFlight: 0, fragmentsSent: 2 * count });
    const sent: boolean[] = [];
    pair.a.onPacket = (_number, frames) => {
      const kinds = Array.from({ length: frames.count }, (_, i) => frames.at(i).kind);
      sent.push(kinds.includes(FrameKind.Message));
    };
    pair.fromA.drop = () => sent.length === 1;
    gate.packets = 1;
    pair.a.endpoint.send(payload(999, 20), { delivery: "reliable", priority: 7 }, pair.nowMs);
    pair.runWhile(() => sent.length < 2, 1000);
    // The message, lost, and the probe for it: one, as nothing else is in flight.
    expect(sent.slice(0, 2)).toEqual([true, found]);
    pair.runFor(100);
    gate.packets = 100;
    pair.runFor(100);
    // What is not probed for is sent again when the probes are acknowledged.
    expect(pair.b.received.map((m) => indexOf(m.payload))).toContain(999);
  });
});

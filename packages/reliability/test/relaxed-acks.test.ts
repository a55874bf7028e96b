import { FrameKind, type PacketFrames } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { AdaptiveRate } from "../src/congestion/adaptive-rate.js";
import type { SendOptions } from "../src/send-options.js";
import { Pair, payload } from "./support/pair.js";

const TICK_MS = 1000 / 60;

/** Sends from a to b in each tick. */
function play(pair: Pair, ms: number, bytes: number, options?: SendOptions): void {
  for (let left = ms; left > 0; left -= TICK_MS) {
    pair.a.endpoint.send(payload(0, bytes), options, pair.nowMs);
    pair.runFor(TICK_MS);
  }
}

/** Frames of a kind that one side sends. */
function countKinds(pair: Pair, side: "a" | "b", kind: FrameKind): () => number {
  let count = 0;
  pair[side].onPacket = (_number: number, frames: PacketFrames) => {
    for (let i = 0; i < frames.count; i++) if (frames.at(i).kind === kind) count += 1;
  };
  return () => count;
}

describe("acknowledgements of messages that are never sent again", () => {
  it("come every 85 ms from a peer that says nothing, and measure the same round trip", () => {
    const pair = new Pair({ latencyMs: 30 });
    play(pair, 1000, 100);
    const before = pair.b.packets;
    const pings = countKinds(pair, "a", FrameKind.Ping);
    play(pair, 10_000, 100);
    // The promise of 10 ms and 75 more, and the packet that starts the clock.
    const expected = 10_000 / (85 + TICK_MS / 2);
    expect(pair.b.packets - before).toBeGreaterThan(expected * 0.8);
    expect(pair.b.packets - before).toBeLessThan(expected * 1.2);
    expect(pings()).toBe(0);
    const { rtt, statistics } = pair.a.endpoint;
    expect(rtt.smoothedMs).toBeGreaterThan(59);
    expect(rtt.smoothedMs).toBeLessThan(62);
    expect(statistics.probeTimeouts).toBe(0);
    expect(statistics.packetsLost).toBe(0);
  });

  // Ticks between packets of a, and of b; ACKs that b sends in 600 ticks, and those of them in packets of their own.
  it.each([
    { a: 1, b: 1, acks: 153, alone: 1 },
    { a: 1, b: 3, acks: 202, alone: 4 },
    { a: 2, b: 2, acks: 150, alone: 0 },
    { a: 5, b: 3, acks: 119, alone: 1 },
    { a: 2, b: 6, acks: 101, alone: 2 },
    // b pauses for longer than an ACK may wait after a packet of a that comes late in the pause.
    { a: 5, b: 6, acks: 99, alone: 21 },
    { a: 5, b: 12, acks: 70, alone: 51 },
  ])("go along with some of what the peer says anyway (every $a and every $b ticks)", ({ a, b, acks, alone }) => {
    const pair = new Pair({ latencyMs: 30 });
    const carried = countKinds(pair, "b", FrameKind.Ack);
    let said = 0;
    for (let tick = 0; tick < 600; tick++) {
      if (tick % a === 0) pair.a.endpoint.send(payload(0, 50), undefined, pair.nowMs);
      if (tick % b === 0) {
        pair.b.endpoint.send(payload(0, 50), undefined, pair.nowMs);
        said += 1;
      }
      pair.runFor(TICK_MS);
    }
    expect(Math.abs(carried() - acks)).toBeLessThanOrEqual(3);
    expect(Math.abs(pair.b.packets - said - alone)).toBeLessThanOrEqual(3);
    expect(pair.a.endpoint.statistics.probeTimeouts).toBe(0);
    expect(pair.a.endpoint.rtt.smoothedMs).toBeGreaterThan(59);
    expect(pair.a.endpoint.rtt.smoothedMs).toBeLessThan(72);
  });

  it("come within the promised delay when something waits for them", () => {
    for (const delivery of ["bestEffort", "reliable", "ordered"] as const) {
      const pair = new Pair({ latencyMs: 30 });
      play(pair, 500, 100);
      pair.runFor(200);
      const sentAtMs = pair.nowMs;
      pair.a.endpoint.send(payload(0, 10), { delivery }, sentAtMs);
      while (pair.a.endpoint.undelivered > 0) pair.runFor(1);
      expect(pair.nowMs - sentAtMs).toBe(70);
    }
  });

  it("are asked for before the round trip is known, and with PINGs once more waits than may go", () => {
    const pair = new Pair({ latencyMs: 30 }, { a: { congestion: new AdaptiveRate() } });
    const pings = countKinds(pair, "a", FrameKind.Ping);
    pair.a.endpoint.send(payload(0, 100), undefined, pair.nowMs);
    pair.runFor(100);
    expect(pings()).toBe(1);
    play(pair, 1000, 100);
    expect(pings()).toBe(1);
    play(pair, 300, 60_000);
    expect(pings()).toBeGreaterThan(50);
  });

  it("leave room for a message that fills the packet", () => {
    const pair = new Pair({ latencyMs: 30 });
    pair.a.endpoint.send(payload(0, 1200 - 25 - 4), undefined, pair.nowMs);
    pair.runFor(100);
    expect(pair.b.received).toHaveLength(1);
    expect(pair.a.packets).toBe(1);
  });

  it("tell of losses as they come", () => {
    const pair = new Pair({ latencyMs: 30, loss: 0.05 });
    play(pair, 20_000, 100);
    pair.runFor(2000);
    const { statistics } = pair.a.endpoint;
    const lost = 1200 - pair.b.received.length;
    expect(lost).toBeGreaterThan(30);
    expect(statistics.messagesDropped).toBe(lost);
    expect(statistics.packetsInFlight).toBe(0);
  });
});

import { ConnectionPair } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const FRAME_MS = 1000 / 60;

/** A client whose link takes so many bytes a second. */
function narrowPair(bandwidthBytesPerSecond: number): ConnectionPair {
  const link = { latencyMs: 25, bandwidthBytesPerSecond, queueBytes: 64 * 1024 };
  const pair = new ConnectionPair({ seed: 99, crypto: createSimulationCrypto(99), link });
  if (!pair.runUntil(() => pair.client.state === "connected", 10_000)) throw new Error("not connected");
  return pair;
}

interface Arrived {
  readonly bytes: number;
  readonly atMs: number;
  readonly payload: Uint8Array;
}
type Of = (channel: number) => readonly Arrived[];

/** Lets `frame` send 60 times a second; what arrived, with when after the start, by channel. */
function play(pair: ConnectionPair, seconds: number, frame: (index: number, of: Of) => void) {
  const arrived = new Map<number, Arrived[]>();
  const of: Of = (channel) => arrived.get(channel) ?? [];
  const startMs = pair.nowMs;
  for (let index = 0; pair.nowMs < startMs + seconds * 1000; index++) {
    frame(index, of);
    pair.run(FRAME_MS);
    for (let m = pair.server.pollMessage(); m !== undefined; m = pair.server.pollMessage()) {
      const list = arrived.get(m.channel) ?? [];
      list.push({ bytes: m.payload.length, atMs: pair.nowMs - startMs, payload: m.payload });
      arrived.set(m.channel, list);
    }
  }
  return { of };
}

const sumOf = (list: readonly { bytes: number }[]): number => list.reduce((sum, { bytes }) => sum + bytes, 0);

describe("messages larger than a packet beside small ones (seed 99)", () => {
  it("go first where their priority is higher, though small ones could borrow from the pace", () => {
    const pair = narrowPair(50_000);
    pair.client.send(new Uint8Array(30_000), { delivery: "reliable", channel: 1, priority: 7 }, pair.nowMs);
    const got = play(pair, 5, () =>
      pair.client.send(new Uint8Array(1000), { delivery: "unreliable", priority: 0 }, pair.nowMs),
    );
    expect(got.of(1)[0]?.atMs).toBeLessThan(2000);
    // And what the link carries is used.
    expect(sumOf(got.of(0))).toBeGreaterThan(0.7 * 4 * 50_000);
  });

  it("go each time where a snapshot has a higher priority than what fills the link", () => {
    const pair = narrowPair(40_000);
    const got = play(pair, 20, (index) => {
      if (index % 6 === 0) {
        pair.client.send(new Uint8Array(2000), { delivery: "sequenced", channel: 1, priority: 7 }, pair.nowMs);
      }
      pair.client.send(new Uint8Array(700), { delivery: "unreliable", priority: 0 }, pair.nowMs);
    });
    expect(got.of(1).length).toBeGreaterThan(0.85 * 200);
    expect(got.of(0).length).toBeGreaterThan(100);
  });

  it.each(["unreliable", "reliable"] as const)(
    "have a quarter of a link that small %s ones of the same priority fill",
    (delivery) => {
      const pair = narrowPair(20_000);
      pair.client.send(new Uint8Array(30_000), { delivery: "reliable", channel: 1 }, pair.nowMs);
      const got = play(pair, 12, () => pair.client.send(new Uint8Array(500), { delivery }, pair.nowMs));
      expect(got.of(1)[0]?.atMs).toBeLessThan(9000);
      expect(sumOf(got.of(0))).toBeGreaterThan(0.5 * 12 * 20_000);
    },
  );

  it("leave small ones three quarters, however many of them there are", () => {
    const pair = narrowPair(40_000);
    const sent = new Map<number, number>();
    const got = play(pair, 20, (_index, of) => {
      for (const [channel, bytes] of [
        [1, 8000],
        [2, 1000],
      ] as const) {
        for (let waiting = (sent.get(channel) ?? 0) - sumOf(of(channel)); waiting < 64 * 1024; waiting += bytes) {
          pair.client.send(new Uint8Array(bytes), { delivery: "reliable", channel }, pair.nowMs);
          sent.set(channel, (sent.get(channel) ?? 0) + bytes);
        }
      }
    });
    const [large, small] = [sumOf(got.of(1)), sumOf(got.of(2))];
    expect(large / (large + small)).toBeGreaterThan(0.2);
    expect(large / (large + small)).toBeLessThan(0.3);
  });

  it("borrow no more than small ones of lower priorities have: those that only wait lend them nothing", () => {
    const delaysOf = (lowest: boolean): number[] => {
      const pair = narrowPair(20_000);
      if (lowest) pair.client.send(new Uint8Array(50), { delivery: "reliable", priority: 0 }, pair.nowMs);
      const got = play(pair, 30, (index) => {
        while (pair.client.statistics(pair.nowMs).endpoint.queuedBytes < 128 * 1024) {
          pair.client.send(new Uint8Array(16_384), { delivery: "reliable", channel: 1, priority: 6 }, pair.nowMs);
        }
        if (index % 30 !== 0) return;
        const urgent = new Uint8Array(8);
        new DataView(urgent.buffer).setFloat64(0, pair.nowMs);
        pair.client.send(urgent, { delivery: "reliable", channel: 2, priority: 7 }, pair.nowMs);
      });
      const startMs = pair.nowMs - 30_000;
      return got
        .of(2)
        .map(({ atMs, payload }) => {
          return atMs + startMs - new DataView(payload.buffer, payload.byteOffset).getFloat64(0);
        })
        .sort((a, b) => a - b);
    };
    const [alone, beside] = [delaysOf(false), delaysOf(true)];
    expect(beside.length).toBeGreaterThan(55);
    for (const share of [0.5, 0.95]) {
      const at = (delays: readonly number[]): number => delays[Math.floor(delays.length * share)] as number;
      expect(at(beside)).toBeLessThan(at(alone) + 10);
    }
  });

  it("do not hold up small ones that leave room", () => {
    const pair = narrowPair(100_000);
    const delays: number[] = [];
    const got = play(pair, 20, () => {
      while (pair.client.statistics(pair.nowMs).endpoint.queuedBytes < 256 * 1024) {
        pair.client.send(new Uint8Array(16_384), { delivery: "ordered", channel: 1 }, pair.nowMs);
      }
      const small = new Uint8Array(200);
      new DataView(small.buffer).setFloat64(0, pair.nowMs);
      pair.client.send(small, { delivery: "unreliable" }, pair.nowMs);
    });
    const startMs = pair.nowMs - 20_000;
    for (const { atMs, payload } of got.of(0)) {
      const sentAtMs = new DataView(payload.buffer, payload.byteOffset).getFloat64(0);
      delays.push(atMs + startMs - sentAtMs);
    }
    delays.sort((a, b) => a - b);
    expect(delays.length).toBeGreaterThan(0.97 * 20 * 60);
    // 25 ms on the way, a frame until it is seen, and a queue that bulk keeps.
    expect(delays[Math.floor(delays.length * 0.95)]).toBeLessThan(25 + 17 + 60);
    expect(sumOf(got.of(1))).toBeGreaterThan(0.6 * 20 * 100_000);
  });
});

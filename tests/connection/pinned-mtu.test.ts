import { ConnectionPair, PairAddress, TraceRecorder } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { messagesOf } from "../support/pair-reading.js";

const PINNED_BYTES = 1452;

interface Pinned {
  readonly pair: ConnectionPair;
  readonly trace: TraceRecorder;
  /** bytes that pass. */
  pathBytes: number;
}

/** A pair whose `mtu` is set, over a path that swallows what is larger than `pathBytes`. */
function connected(pathBytes: number, seed: number = 1): Pinned {
  const trace = new TraceRecorder();
  const pair = new ConnectionPair({
    seed,
    link: { latencyMs: 20 },
    settings: { mtuBytes: PINNED_BYTES },
    clientTrace: trace.sink,
  });
  const pinned = { pair, trace, pathBytes };
  pair.interceptor = (datagram) => (datagram.length > pinned.pathBytes ? undefined : datagram);
  if (!pair.runUntil(() => pair.server.state === "connected", 1000)) throw new Error("the pair did not connect");
  pair.run(200);
  return pinned;
}

function mtuOf({ pair }: Pinned): number {
  return pair.client.statistics(pair.nowMs).mtuBytes;
}

describe("a pinned mtu above what the path carries", () => {
  it("costs neither the large message that shows it nor the small ones beside it", () => {
    const pinned = connected(1300);
    const { pair } = pinned;
    expect(mtuOf(pinned)).toBe(PINNED_BYTES);
    pair.client.send(new Uint8Array(5000), { delivery: "reliable" }, pair.nowMs);
    let small = 0;
    let large = 0;
    for (let i = 0; i < 60; i++) {
      pair.client.send(new Uint8Array(10), { delivery: "unreliable" }, pair.nowMs);
      pair.run(500);
      for (const { payload } of messagesOf(pair.server)) {
        if (payload.length === 10) small += 1;
        else large += 1;
      }
    }
    expect(large).toBe(1);
    expect(small).toBeGreaterThanOrEqual(58);
    expect(mtuOf(pinned)).toBe(1200);
  });

  it.each([1, 2, 3])("lets bulk alone through, though every packet of it is too large at first (seed %d)", (seed) => {
    const pinned = connected(1300, seed);
    const { pair } = pinned;
    pair.client.send(new Uint8Array(300_000), { delivery: "reliable" }, pair.nowMs);
    let received = 0;
    for (let elapsed = 0; elapsed < 3000 && received === 0; elapsed += 10) {
      pair.run(10);
      received = messagesOf(pair.server).length;
    }
    expect(received).toBe(1);
  });

  it("is tried again when the path carries it, and nothing between is", () => {
    const pinned = connected(1300);
    const { pair, trace } = pinned;
    pair.client.send(new Uint8Array(5000), { delivery: "reliable" }, pair.nowMs);
    pair.run(5000);
    expect(mtuOf(pinned)).toBe(1200);
    pinned.pathBytes = 1500;
    pair.run(590_000);
    expect(mtuOf(pinned)).toBe(1200);
    pair.run(20_000);
    expect(mtuOf(pinned)).toBe(PINNED_BYTES);
    expect(trace.of("mtu").map(({ mtuBytes, cause }) => `${mtuBytes} ${cause}`)).toEqual([
      "1200 black-hole",
      "1452 probe",
    ]);
    const sizes = new Set(trace.of("packet-sent").map(({ bytes }) => bytes));
    expect([...sizes].filter((bytes) => bytes > 1200 && bytes < PINNED_BYTES - 2)).toEqual([]);
  });

  it("is not given up for what was lost on a path that was left", () => {
    const pinned = connected(1500);
    const { pair } = pinned;
    pair.client.send(new Uint8Array(300_000), { delivery: "reliable" }, pair.nowMs);
    pair.run(30);
    pair.interceptor = () => undefined;
    pair.run(20);
    pair.interceptor = undefined;
    pair.seenAddress = new PairAddress("elsewhere");
    pair.client.onLocalMove(pair.nowMs);
    pair.client.send(new Uint8Array(10), { delivery: "reliable", priority: 7 }, pair.nowMs);
    pair.run(2000);
    expect(messagesOf(pair.server)).toHaveLength(2);
    expect(pinned.trace.of("mtu")).toEqual([]);
  });
});

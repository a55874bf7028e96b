import { describe, expect, it } from "vitest";
import { MtuDiscovery } from "../src/mtu-discovery.js";

const PINNED_BYTES = 1400;
const PROBE_TIMEOUT_MS = 100;

function pinned(capBytes: number = PINNED_BYTES): MtuDiscovery {
  const mtu = new MtuDiscovery({ capBytes, search: false });
  mtu.start();
  return mtu;
}

/** Three packets of the pinned size are lost from `number` on, a small one behind them arrives. */
function swallow(mtu: MtuDiscovery, number: number, nowMs: number): void {
  mtu.onPacketAcked(number + 3, 100);
  for (let lost = number; lost < number + 3; lost++) mtu.onPacketLost(lost, PINNED_BYTES);
  expect(mtu.update(nowMs)).toBe(true);
  expect(mtu.usableBytes).toBe(1200);
}

/** Probes as long as one is due; gives their sizes. */
function probe(mtu: MtuDiscovery, pathBytes: number, number: number, nowMs: number): number[] {
  const sizes: number[] = [];
  for (let bytes = mtu.dueProbeBytes(); bytes > 0; bytes = mtu.dueProbeBytes()) {
    mtu.onProbeSent(number + sizes.length, bytes, nowMs, PROBE_TIMEOUT_MS);
    if (bytes <= pathBytes) mtu.onPacketAcked(number + sizes.length, bytes);
    else mtu.onPacketLost(number + sizes.length, bytes);
    mtu.update(nowMs);
    sizes.push(bytes);
  }
  return sizes;
}

describe("a size that was set", () => {
  it("is used from the start, without a probe, and not given up for losses of all sizes", () => {
    const mtu = pinned();
    expect(mtu.usableBytes).toBe(PINNED_BYTES);
    expect(mtu.nextAtMs).toBe(Infinity);
    for (let number = 0; number < 100; number++) mtu.onPacketLost(number, number % 2 === 0 ? PINNED_BYTES : 100);
    expect(mtu.update(0)).toBe(false);
    expect(mtu.dueProbeBytes()).toBe(0);
    expect(mtu.usableBytes).toBe(PINNED_BYTES);
  });

  it("gives way to 1200 bytes in a black hole, and comes back by a probe of that size, at once", () => {
    const mtu = pinned();
    swallow(mtu, 10, 1000);
    expect(probe(mtu, 1500, 20, 1000)).toEqual([PINNED_BYTES]);
    expect(mtu.usableBytes).toBe(PINNED_BYTES);
    expect(mtu.nextAtMs).toBe(Infinity);
  });

  it("is probed for thrice where the path does not carry it, no size between is, and again after ten minutes", () => {
    const mtu = pinned();
    swallow(mtu, 10, 1000);
    expect(probe(mtu, 1300, 20, 1000)).toEqual([PINNED_BYTES, PINNED_BYTES, PINNED_BYTES]);
    expect(mtu.usableBytes).toBe(1200);
    expect(mtu.nextAtMs).toBe(601_000);
    mtu.onTimeout(601_000);
    expect(probe(mtu, 1500, 30, 601_000)).toEqual([PINNED_BYTES]);
    expect(mtu.usableBytes).toBe(PINNED_BYTES);
  });

  it("after a second black hole is probed for when a minute has passed, then two", () => {
    const mtu = pinned();
    swallow(mtu, 10, 1000);
    probe(mtu, 1500, 20, 1000);
    swallow(mtu, 30, 5000);
    expect([mtu.dueProbeBytes(), mtu.nextAtMs]).toEqual([0, 65_000]);
    mtu.onTimeout(65_000);
    probe(mtu, 1500, 40, 65_000);
    expect(mtu.usableBytes).toBe(PINNED_BYTES);
    swallow(mtu, 50, 70_000);
    expect(mtu.nextAtMs).toBe(190_000);
  });

  it("gives way while nothing is acknowledged", () => {
    const mtu = pinned();
    mtu.onStalled();
    expect(mtu.usableBytes).toBe(1200);
    mtu.onPacketAcked(10, 100);
    expect(mtu.usableBytes).toBe(PINNED_BYTES);
  });

  it("is used again on another path", () => {
    const mtu = pinned();
    swallow(mtu, 10, 1000);
    probe(mtu, 1300, 20, 1000);
    mtu.restart();
    expect(mtu.usableBytes).toBe(PINNED_BYTES);
    expect(mtu.update(1000)).toBe(false);
    expect([mtu.dueProbeBytes(), mtu.nextAtMs]).toEqual([0, Infinity]);
  });

  it("of 1200 bytes never changes", () => {
    const mtu = pinned(1200);
    mtu.onStalled();
    mtu.onPacketAcked(200, 100);
    for (let number = 0; number < 100; number++) mtu.onPacketLost(number, 1200);
    mtu.restart();
    expect(mtu.update(0)).toBe(false);
    expect([mtu.usableBytes, mtu.dueProbeBytes(), mtu.nextAtMs]).toEqual([1200, 0, Infinity]);
  });

  it("stays where it was when the connection ends, whatever was about to be found out", () => {
    const mtu = pinned();
    mtu.onPacketAcked(13, 100);
    for (let lost = 10; lost < 13; lost++) mtu.onPacketLost(lost, PINNED_BYTES);
    mtu.stop();
    expect(mtu.update(1000)).toBe(false);
    expect(mtu.dueProbeBytes()).toBe(0);
  });
});

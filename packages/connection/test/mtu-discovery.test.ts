import { describe, expect, it } from "vitest";
import { MtuDiscovery } from "../src/mtu-discovery.js";

const PROBE_TIMEOUT_MS = 100;

/** Lets the search run over a path that carries `pathBytes`; gives the number of probes. */
function probe(mtu: MtuDiscovery, pathBytes: number, nowMs: number, firstNumber = 0): number {
  let number = firstNumber;
  for (let bytes = mtu.dueProbeBytes(); bytes > 0; bytes = mtu.dueProbeBytes()) {
    mtu.onProbeSent(number, bytes, nowMs, PROBE_TIMEOUT_MS);
    expect(mtu.dueProbeBytes()).toBe(0);
    if (bytes <= pathBytes) mtu.onPacketAcked(number, bytes);
    else mtu.onPacketLost(number, bytes);
    mtu.update(nowMs);
    number += 1;
  }
  return number - firstNumber;
}

function started(capBytes = 1452): MtuDiscovery {
  const mtu = new MtuDiscovery({ capBytes, search: true });
  expect(mtu.dueProbeBytes()).toBe(0);
  mtu.start();
  return mtu;
}

describe("MtuDiscovery", () => {
  it("begins at 1200 and reaches the cap with one probe", () => {
    const mtu = started();
    expect(mtu.currentBytes).toBe(1200);
    expect(probe(mtu, 1500, 0)).toBe(1);
    expect(mtu.currentBytes).toBe(1452);
    expect(mtu.nextAtMs).toBe(Infinity);
  });

  it("gives a size up after three lost probes, and comes back to it after ten minutes", () => {
    const mtu = started();
    expect(probe(mtu, 1252, 0)).toBeLessThanOrEqual(3 * 5);
    expect(mtu.currentBytes).toBe(1252);
    expect(mtu.nextAtMs).toBe(600_000);
    expect(mtu.onTimeout(599_999)).toBe(false);
    expect(mtu.dueProbeBytes()).toBe(0);
    mtu.onTimeout(600_000);
    expect(mtu.currentBytes).toBe(1252);
    expect(probe(mtu, 1500, 600_000, 100)).toBe(1);
    expect(mtu.currentBytes).toBe(1452);
  });

  it("is not stopped by one or two lost probes of a size that passes", () => {
    const mtu = started();
    for (const number of [0, 1]) {
      expect(mtu.dueProbeBytes()).toBe(1452);
      mtu.onProbeSent(number, 1452, 0, PROBE_TIMEOUT_MS);
      mtu.onPacketLost(number, 1452);
      mtu.update(0);
    }
    expect(probe(mtu, 1452, 0, 2)).toBe(1);
    expect(mtu.currentBytes).toBe(1452);
  });

  it("asks for a packet behind a probe that nothing follows, once", () => {
    const mtu = started();
    mtu.onProbeSent(0, 1452, 1000, PROBE_TIMEOUT_MS);
    expect(mtu.nextAtMs).toBe(1100);
    expect(mtu.onTimeout(1100)).toBe(true);
    expect(mtu.nextAtMs).toBe(Infinity);
    expect(mtu.onTimeout(5000)).toBe(false);
  });

  it("falls to 1200 in a black hole, searches at once, and after a second one only when a minute has passed", () => {
    const mtu = started();
    probe(mtu, 1500, 0);
    const blackHole = (from: number, nowMs: number): void => {
      mtu.onPacketAcked(from + 50, 100);
      for (let number = from; number < from + 3; number++) mtu.onPacketLost(number, 1452);
      expect(mtu.update(nowMs)).toBe(true);
      expect(mtu.currentBytes).toBe(1200);
    };
    blackHole(100, 1000);
    expect(mtu.dueProbeBytes()).toBe(1452);
    probe(mtu, 1500, 1000, 200);
    expect(mtu.currentBytes).toBe(1452);
    blackHole(300, 5000);
    expect(mtu.dueProbeBytes()).toBe(0);
    expect(mtu.nextAtMs).toBe(65_000);
    mtu.onTimeout(65_000);
    expect(mtu.dueProbeBytes()).toBe(1452);
    probe(mtu, 1500, 65_000, 400);
    blackHole(500, 70_000);
    expect(mtu.nextAtMs).toBe(190_000);
  });

  it("sends no more than 1200 bytes while nothing is acknowledged, and goes on where it was after that", () => {
    const mtu = started();
    probe(mtu, 1500, 0);
    mtu.onStalled();
    expect(mtu.usableBytes).toBe(1200);
    expect(mtu.dueProbeBytes()).toBe(0);
    mtu.onPacketAcked(10, 100);
    expect(mtu.usableBytes).toBe(1452);
  });

  it("knows nothing of another path, and takes no word of an old probe there", () => {
    const mtu = started();
    mtu.onProbeSent(7, 1452, 0, PROBE_TIMEOUT_MS);
    mtu.restart();
    mtu.onPacketAcked(7, 1452);
    expect(mtu.currentBytes).toBe(1200);
    mtu.onProbeSent(8, 1452, 0, PROBE_TIMEOUT_MS);
    mtu.onPacketAcked(8, 1452);
    expect(mtu.currentBytes).toBe(1452);
    mtu.restart();
    expect(mtu.currentBytes).toBe(1200);
  });

  it("never goes below 1200 nor above the cap, whatever is acknowledged or lost", () => {
    let random = 36;
    const next = (below: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return (random >>> 8) % below;
    };
    const mtu = started(1400);
    let number = 0;
    for (let step = 0; step < 20_000; step++) {
      const bytes = mtu.dueProbeBytes();
      if (bytes > 0) {
        expect(bytes).toBeGreaterThan(1200);
        expect(bytes).toBeLessThanOrEqual(1400);
        mtu.onProbeSent(number++, bytes, step, PROBE_TIMEOUT_MS);
      }
      const other = next(number + 1);
      if (next(2) === 0) mtu.onPacketAcked(other, 1100 + next(352));
      else mtu.onPacketLost(other, 1100 + next(352));
      if (next(50) === 0) mtu.onStalled();
      mtu.update(step);
      mtu.onTimeout(step);
      number += next(2);
      expect(mtu.usableBytes).toBeGreaterThanOrEqual(1200);
      expect(mtu.currentBytes).toBeLessThanOrEqual(1400);
    }
  });
});

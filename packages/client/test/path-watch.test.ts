import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { PathWatch } from "../src/path-watch.js";
import { otherAddress } from "../src/server-addresses.js";

const healthy = { unansweredSinceMs: Infinity, probeTimeoutMs: 100 };
const silent = { unansweredSinceMs: 1000, probeTimeoutMs: 100 };

describe("PathWatch", () => {
  it("sees a dead path after 2.5 s without an answer, and none where nothing is asked", () => {
    expect(new PathWatch().dueAtMs(healthy)).toBe(Infinity);
    expect(new PathWatch().dueAtMs(silent)).toBe(3500);
  });

  it("waits for three probe timeouts where these are long", () => {
    expect(new PathWatch().dueAtMs({ unansweredSinceMs: 1000, probeTimeoutMs: 2000 })).toBe(7000);
  });

  it("tries more and more rarely while nothing is heard, at most every 30 s, and at once again after that", () => {
    const watch = new PathWatch();
    const attempts: number[] = [];
    for (let nowMs = watch.dueAtMs(silent); nowMs < 120_000; nowMs = watch.dueAtMs(silent)) {
      attempts.push(nowMs);
      watch.onAttempt(nowMs);
    }
    expect(attempts).toEqual([3500, 6000, 11_000, 21_000, 41_000, 71_000, 101_000]);
    watch.onHeard();
    expect(watch.attempts).toBe(0);
  });

  it("does not wait that long when the system refuses to send, unless an answer comes all the same", () => {
    const watch = new PathWatch();
    watch.onRefusedSends(3, 1200);
    expect(watch.dueAtMs(silent)).toBe(1700);
    expect(watch.dueAtMs(healthy)).toBe(Infinity);
    watch.onRefusedSends(3, 1300);
    watch.onHeard();
    expect(watch.dueAtMs(silent)).toBe(3500);
    watch.onRefusedSends(4, 1600);
    expect(watch.dueAtMs(silent)).toBe(2100);
  });

  it("acts at once when the socket is gone, but not in a storm of such errors", () => {
    const watch = new PathWatch();
    watch.onBroken(1000);
    expect(watch.dueAtMs(healthy)).toBe(1000);
    watch.onAttempt(1000);
    for (let nowMs = 1001; nowMs < 3500; nowMs += 10) {
      watch.onBroken(nowMs);
      expect(watch.dueAtMs(healthy)).toBe(3500);
    }
  });
});

describe("otherAddress", () => {
  const [a4, b4, a6] = ["10.0.0.1", "10.0.0.2", "fd00::1"].map((host) => SocketAddress.parse(host, 7));
  const all = [a4, b4, a6] as SocketAddress[];

  it("gives those of the other family first, then the rest, in turn", () => {
    expect([0, 1, 2].map((attempt) => otherAddress(all, a4 as SocketAddress, attempt))).toEqual([a6, b4, a6]);
    expect([0, 1].map((attempt) => otherAddress(all, a6 as SocketAddress, attempt))).toEqual([a4, b4]);
  });

  it("has none where there is but one", () => {
    expect(otherAddress([a4 as SocketAddress], a4 as SocketAddress, 3)).toBeUndefined();
  });
});

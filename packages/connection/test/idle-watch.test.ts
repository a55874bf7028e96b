import { describe, expect, it } from "vitest";
import { IdleWatch, wasHeldUp } from "../src/idle-watch.js";

describe("IdleWatch", () => {
  it("takes a refused packet for a word of the peer when its number is above all before, and never twice", () => {
    const idle = new IdleWatch(5000, 1500, 0);
    expect(idle.onRefused(10, true, 1000)).toBe(true);
    expect(idle.heardAtMs).toBe(1000);
    expect(idle.onRefused(10, true, 2000)).toBe(false);
    expect(idle.onRefused(9, true, 2000)).toBe(false);
    expect(idle.heardAtMs).toBe(1000);
    expect(idle.onRefused(11, true, 3000)).toBe(true);
    expect(idle.heardAtMs).toBe(3000);
    // Another was accepted meanwhile: this one is old.
    expect(idle.onRefused(12, false, 4000)).toBe(false);
    expect(idle.heardAtMs).toBe(3000);
  });

  it("gives a peer that is doubted two probe timeouts, 250 ms at the least and 4 s at the most", () => {
    for (const [probeTimeoutMs, waitMs] of [
      [1, 250],
      [100, 250],
      [200, 400],
      [60_000, 4000],
    ] as const) {
      const idle = new IdleWatch(5000, 1500, 0);
      expect(idle.doubt(1000, probeTimeoutMs)).toBe(true);
      expect(idle.doubt(1100, probeTimeoutMs)).toBe(false);
      expect(idle.nextAtMs).toBe(Math.min(1000 + waitMs, 1500));
      expect(idle.isLost(1000 + waitMs - 1)).toBe(false);
      expect(idle.isLost(1000 + waitMs)).toBe(true);
    }
  });

  it("doubts no more once the peer is heard, nor once the connection is ending, nor by itself", () => {
    const idle = new IdleWatch(5000, 1500, 0);
    expect(idle.isLost(100_000)).toBe(false);
    idle.doubt(1000, 100);
    idle.onHeard(1100);
    expect(idle.isLost(100_000)).toBe(false);
    expect(idle.nextAtMs).toBe(2600);
    idle.doubt(1200, 100);
    idle.stop();
    expect(idle.isLost(100_000)).toBe(false);
    expect(idle.doubt(2000, 100)).toBe(false);
    expect(idle.nextAtMs).toBe(Infinity);
  });

  it("gives a peer up when nothing was heard for the timeout", () => {
    const idle = new IdleWatch(5000, 1500, 100);
    expect(idle.deadlineMs).toBe(5100);
    idle.onHeard(3000);
    expect(idle.deadlineMs).toBe(8000);
  });

  it("excuses silence that a process which was held up could not have heard through", () => {
    const idle = new IdleWatch(5000, 1500, 0);
    idle.excuse(6000);
    expect(idle.deadlineMs).toBe(7000);
  });

  it("never shortens a deadline, nor excuses for longer than the timeout itself", () => {
    const idle = new IdleWatch(5000, 1500, 0);
    idle.excuse(1000);
    expect(idle.deadlineMs).toBe(5000);
    for (let nowMs = 5000; nowMs < 60_000; nowMs += 500) idle.excuse(nowMs);
    expect(idle.deadlineMs).toBe(10_000);
  });

  it("excuses only the silence that was, not the one that follows", () => {
    const idle = new IdleWatch(500, 150, 0);
    idle.excuse(450);
    expect(idle.deadlineMs).toBe(1000);
    idle.onHeard(460);
    expect(idle.deadlineMs).toBe(960);
  });

  it("asks for a word after each interval of silence", () => {
    const idle = new IdleWatch(5000, 1500, 0);
    expect(idle.nextAtMs).toBe(1500);
    expect(idle.takePing(1499)).toBe(false);
    expect(idle.takePing(1500)).toBe(true);
    expect(idle.takePing(1500)).toBe(false);
    expect(idle.nextAtMs).toBe(3000);
    idle.onHeard(2000);
    expect(idle.nextAtMs).toBe(3500);
    idle.stop();
    expect(idle.nextAtMs).toBe(Infinity);
  });

  it("takes a deadline served a little late for what it is", () => {
    expect(wasHeldUp(1000, 1020)).toBe(false);
    expect(wasHeldUp(1000, 1300)).toBe(true);
    expect(wasHeldUp(1000, 1300, 100)).toBe(false);
    expect(wasHeldUp(Infinity, 1300)).toBe(false);
  });
});

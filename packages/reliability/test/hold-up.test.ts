import { describe, expect, it } from "vitest";
import { NewReno } from "../src/congestion/new-reno.js";
import type { CongestionController } from "../src/congestion/congestion-controller.js";
import { HoldUp } from "../src/hold-up.js";
import { LossBatch } from "../src/loss-batch.js";
import { RttEstimator } from "../src/rtt-estimator.js";
import { SentPackets } from "../src/sent-packets.js";
import { SentState } from "../src/sent-state.js";

/** Time is told. Whether a pause is over; the one timer is due at `dueAtMs`. */
function judge(holdUp: HoldUp, dueAtMs: number, nowMs: number): boolean {
  return holdUp.isLeap(nowMs) && holdUp.judge(dueAtMs, nowMs, 7);
}

describe("HoldUp", () => {
  it("takes a timer for late that is served beyond what is usual and 25 ms", () => {
    for (const [usualMs, nowMs, isPause] of [
      [25, 1050, false],
      [25, 1051, true],
      [42, 1067, false],
      [42, 1068, true],
    ] as const) {
      const holdUp = new HoldUp(usualMs);
      expect(judge(holdUp, Infinity, 900)).toBe(false);
      expect(judge(holdUp, 1000, nowMs)).toBe(isPause);
      expect(holdUp.firstNumber).toBe(isPause ? 7 : 0);
      expect(holdUp.endedAtMs).toBe(isPause ? nowMs : -Infinity);
      expect(holdUp.excusedUntilMs).toBe(isPause ? nowMs + usualMs + 25 : -Infinity);
    }
  });

  it("follows an owner whose rhythm changes", () => {
    const holdUp = new HoldUp(25);
    holdUp.setUsualDelay(100);
    expect(judge(holdUp, 1000, 1125)).toBe(false);
    holdUp.setUsualDelay(16);
    expect(judge(holdUp, 2000, 2042)).toBe(true);
  });

  it("takes no overdue timer for a pause while time is told again and again", () => {
    const holdUp = new HoldUp(25);
    for (let nowMs = 1000; nowMs < 2000; nowMs += 50) expect(judge(holdUp, 900, nowMs)).toBe(nowMs === 1000);
  });

  it("takes who is late for longer than it is not for slow, and for held up again once it is punctual", () => {
    const holdUp = new HoldUp(25);
    expect(judge(holdUp, 1000, 1500)).toBe(true);
    // Punctual for 100 ms, then late for 400.
    expect(judge(holdUp, 1600, 2000)).toBe(false);
    expect(judge(holdUp, 2100, 2500)).toBe(false);
    expect(holdUp.endedAtMs).toBe(1500);
    expect(judge(holdUp, 3000, 3500)).toBe(true);
  });
});

describe("losses before and after a pause", () => {
  it.each([
    [true, false],
    [false, true],
  ])("are no persistent congestion (held up: %s)", (isPause, isPersistent) => {
    const sent = new SentPackets(0, () => 0xffff);
    const rtt = new RttEstimator(50, 25);
    rtt.update(50, 0);
    const holdUp = new HoldUp(25);
    const losses = new LossBatch(sent, rtt, holdUp);
    const told: boolean[] = [];
    const congestion: CongestionController = new NewReno();
    congestion.onPacketsLost = (_bytes, _sentAtMs, _nowMs, persistent) => void told.push(persistent);
    for (const atMs of [1000, 3000]) {
      if (atMs === 3000 && isPause) holdUp.judge(1100, 3000, 1);
      sent.begin();
      sent.commit(SentState.InFlight, 100, atMs, 0, -1);
      losses.add(sent.nextNumber - 1);
    }
    losses.report(congestion, 3100);
    expect(told).toEqual([isPersistent]);
    expect(losses.takeSinceAck()).toBe(200);
  });
});

import { describe, expect, it } from "vitest";
import { AttemptDeadline, heldUpText } from "../src/attempt-deadline.js";

describe("the deadline of an attempt", () => {
  it("is put off where nobody looked in time, by as long, or 1000 ms, and once", () => {
    for (const [nowMs, atMs] of [
      [5251, 5502],
      [9000, 10_000],
    ] as const) {
      const deadline = new AttemptDeadline(5000);
      expect(deadline.isOver(nowMs)).toBe(false);
      expect([deadline.atMs, deadline.heldUpMs]).toEqual([atMs, nowMs - 5000]);
      expect(deadline.isOver(atMs + 5000)).toBe(true);
    }
  });

  it("is not for who looks in time, or has time left", () => {
    const deadline = new AttemptDeadline(5000);
    expect(deadline.isOver(3000, 100)).toBe(false);
    expect([deadline.atMs, deadline.heldUpMs]).toEqual([5000, 0]);
    expect(deadline.isOver(5250)).toBe(true);
  });

  it("counts how long nobody looked from what was to be done before", () => {
    const deadline = new AttemptDeadline(5000);
    expect(deadline.isOver(5001, 1000)).toBe(false);
    expect(deadline.heldUpMs).toBe(4001);
  });

  it("that was put off stays so, whatever is waited for meanwhile", () => {
    const deadline = new AttemptDeadline(5000);
    deadline.narrow(2000);
    expect(deadline.isOver(6000, 2000)).toBe(false);
    deadline.narrow(9000);
    expect(deadline.atMs).toBe(7000);
    deadline.narrow(6500);
    deadline.widen();
    expect(deadline.atMs).toBe(7000);
  });

  it("is put off at its end, though a narrowed time was put off before, and ends", () => {
    const deadline = new AttemptDeadline(10_000);
    deadline.narrow(2000);
    expect(deadline.isOver(2400, 2000)).toBe(false);
    expect([deadline.atMs, deadline.heldUpMs]).toEqual([2800, 400]);
    expect(deadline.isOver(3200)).toBe(true);
    deadline.widen();
    expect([deadline.atMs, deadline.heldUpMs]).toEqual([10_000, 0]);
    expect(deadline.isOver(10_900)).toBe(false);
    expect([deadline.atMs, deadline.heldUpMs]).toEqual([11_800, 900]);
    deadline.narrow(11_900);
    expect(deadline.isOver(12_800)).toBe(true);
    expect(deadline.heldUpMs).toBe(900);
  });

  it("that is narrowed is put off once each time, and not beyond the end", () => {
    const deadline = new AttemptDeadline(5000);
    for (const narrowedMs of [2000, 3000]) {
      deadline.narrow(narrowedMs);
      expect(deadline.heldUpMs).toBe(0);
      expect(deadline.isOver(narrowedMs + 300)).toBe(false);
      expect([deadline.atMs, deadline.heldUpMs]).toEqual([narrowedMs + 600, 300]);
    }
    expect(deadline.isOver(4900)).toBe(true);
    expect(deadline.isOver(9000)).toBe(true);
  });

  it("is said to have been", () => {
    expect(heldUpText(0, true)).toBe("");
    expect(heldUpText(1234.5, false)).toBe(" (this process was held up for 1235 ms)");
    expect(heldUpText(800, true)).toBe(" (update was not called for 800 ms)");
  });
});

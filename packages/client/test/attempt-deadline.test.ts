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

  it("is said to have been", () => {
    expect(heldUpText(0, true)).toBe("");
    expect(heldUpText(1234.5, false)).toBe(" (this process was held up for 1235 ms)");
    expect(heldUpText(800, true)).toBe(" (update was not called for 800 ms)");
  });
});

import { describe, expect, it } from "vitest";
import { FrameClock } from "../src/frame-clock.js";

describe("FrameClock", () => {
  it("takes the first frame as it is, follows those after it, and counts a hitch as 100 ms", () => {
    const frames = new FrameClock();
    frames.begin(5000, 0);
    expect(frames.intervalMs).toBe(0);
    frames.begin(5016, 16);
    expect(frames.intervalMs).toBe(16);
    let nowMs = 5016;
    for (let frame = 0; frame < 30; frame++) frames.begin((nowMs += 33), 0);
    expect(frames.intervalMs).toBeCloseTo(33, 1);
    frames.begin((nowMs += 60_000), 0);
    expect(frames.intervalMs).toBeLessThan(50);
    for (let frame = 0; frame < 30; frame++) frames.begin((nowMs += 1000), 0);
    expect(frames.intervalMs).toBeCloseTo(100, 1);
  });

  it("dates what came by the clock, in the game's time and within the last frame", () => {
    const frames = new FrameClock();
    frames.begin(100, 7000);
    expect(frames.arrivedAt(6000)).toBe(100);
    frames.begin(116, 7016);
    expect([7000, 7010, 7016].map((clockMs) => frames.arrivedAt(clockMs))).toEqual([100, 110, 116]);
    expect(frames.leadMs).toBe(6900);
    // A game whose time runs slower than the clock, or a clock that was set.
    frames.begin(124, 7032);
    expect([7016, 7020, 7030, 9000].map((clockMs) => frames.arrivedAt(clockMs))).toEqual([116, 116, 122, 124]);
  });

  it("tells by how much the clock was ahead when something came, however slow the game is", () => {
    const frames = new FrameClock();
    frames.begin(100, 7000);
    for (let frame = 1; frame <= 100; frame++) {
      frames.begin(100 + frame, 7000 + frame * 16);
      for (const clockMs of [7000 + frame * 16 - 12, 7000 + frame * 16]) {
        expect(frames.arrivedAt(clockMs) + frames.leadMs).toBeCloseTo(clockMs, 9);
      }
    }
  });

  it("goes on with the clock where no frame tells the time, and never back", () => {
    const frames = new FrameClock();
    frames.begin(100, 7000);
    expect([6990, 7000, 7500].map((clockMs) => frames.timeAt(clockMs))).toEqual([100, 100, 600]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GameLoop } from "../src/game-loop.js";

describe("GameLoop", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });

  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it("keeps its rate without drift, though timers count whole milliseconds", () => {
    const turns: number[] = [];
    const loop = new GameLoop(60, (nowMs) => turns.push(nowMs));
    loop.start();
    vi.advanceTimersByTime(10_000);
    loop.stop();
    vi.advanceTimersByTime(1_000);
    expect(turns.length).toBeGreaterThanOrEqual(599);
    expect(turns.length).toBeLessThanOrEqual(600);
  });

  it("makes up for a short delay, and lets go what a long one has missed", () => {
    let turns = 0;
    /** ms for which the next turn has the processor, and all such ms so far. */
    let delayMs = 0;
    let held = 0;
    const loop = new GameLoop(50, () => {
      turns++;
      held += delayMs;
      delayMs = 0;
    });
    const fakeNow = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => fakeNow() + held);
    loop.start();
    vi.advanceTimersByTime(1_000);
    expect(turns).toBe(50);
    delayMs = 100;
    vi.advanceTimersByTime(900);
    expect(turns).toBe(100);
    delayMs = 10_000;
    vi.advanceTimersByTime(1_000);
    expect(turns).toBeLessThanOrEqual(151);
    loop.stop();
  });

  it("may be stopped by its own turn", () => {
    let turns = 0;
    const loop = new GameLoop(60, () => {
      turns++;
      loop.stop();
    });
    loop.start();
    vi.advanceTimersByTime(1_000);
    expect(turns).toBe(1);
  });
});

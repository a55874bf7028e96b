import { describe, expect, it } from "vitest";
import { IdleWatch, wasHeldUp } from "../src/idle-watch.js";

describe("IdleWatch", () => {
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

import { describe, expect, it } from "vitest";
import { Timer, TimerTable } from "../src/timer-table.js";

describe("TimerTable", () => {
  it("has nothing to wait for at first", () => {
    const timers = new TimerTable();
    expect(timers.next()).toBe(Infinity);
    for (const timer of Object.values(Timer)) {
      expect(timers.at(timer)).toBe(Infinity);
      expect(timers.takeDue(timer, Number.MAX_VALUE)).toBe(false);
    }
  });

  it("has a place of its own for every timer", () => {
    const timers = new TimerTable();
    const all = Object.values(Timer);
    expect(new Set(all).size).toBe(all.length);
    all.forEach((timer, i) => timers.set(timer, 100 - i));
    all.forEach((timer, i) => expect(timers.at(timer)).toBe(100 - i));
    expect(timers.next()).toBe(100 - all.length + 1);
    for (const timer of all.toReversed()) {
      expect(timers.next()).toBe(timers.at(timer));
      timers.clear(timer);
    }
    expect(timers.next()).toBe(Infinity);
  });

  it("is due at its time, not before, and once", () => {
    const timers = new TimerTable();
    timers.set(Timer.ConnectRepeat, 10.5);
    expect(timers.takeDue(Timer.ConnectRepeat, 10.499)).toBe(false);
    expect(timers.takeDue(Timer.ConnectRepeat, 10.5)).toBe(true);
    expect(timers.takeDue(Timer.ConnectRepeat, 11)).toBe(false);
  });

  it("moves a timer that is set again, and clears them all", () => {
    const timers = new TimerTable();
    timers.set(Timer.Handshake, 10);
    timers.set(Timer.Handshake, 30);
    timers.set(Timer.Handshake, 20);
    expect(timers.takeDue(Timer.Handshake, 15)).toBe(false);
    expect(timers.next()).toBe(20);
    timers.clearAll();
    expect(timers.next()).toBe(Infinity);
  });
});

import { VirtualClock } from "@sortie/transport-memory";
import { describe, expect, it, vi } from "vitest";
import { untilSignal, waitFor } from "../src/cli/command-host.js";

describe("waiting for a time or for something sooner", () => {
  it("listens to a promise that stays open once, however often it is waited for", async () => {
    const clock = new VirtualClock();
    const never = new Promise<void>(() => {});
    const listen = vi.spyOn(never, "then");
    for (let i = 0; i < 100; i++) await clock.runUntilSettled(waitFor(10, [never], clock));
    expect(clock.now()).toBe(1000);
    expect(listen).toHaveBeenCalledTimes(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it("ends with what comes sooner, also where that was so before", async () => {
    const clock = new VirtualClock();
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const both = Promise.all([waitFor(10, [ended], clock), waitFor(20, [new Promise(() => {}), ended], clock)]);
    end();
    await both;
    await waitFor(10, [ended], clock);
    expect([clock.now(), clock.pendingTimers]).toEqual([0, 0]);
  });

  it("rejects as what is waited for does", async () => {
    const clock = new VirtualClock();
    const broken = Promise.reject(new Error("broken"));
    await expect(waitFor(10, [broken], clock)).rejects.toThrow("broken");
    await expect(waitFor(10, [broken], clock)).rejects.toThrow("broken");
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("waiting for a signal", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "takes %s, and leaves the next one of either kind to the system",
    async (first) => {
      const before = { SIGINT: process.listeners("SIGINT"), SIGTERM: process.listeners("SIGTERM") };
      const ours = (signal: NodeJS.Signals): NodeJS.SignalsListener[] =>
        process.listeners(signal).filter((listener) => !before[signal as typeof first].includes(listener));
      const signalled = untilSignal();
      expect([ours("SIGINT"), ours("SIGTERM")].map((added) => added.length)).toEqual([1, 1]);
      // Not by an event: those who run the tests may listen too.
      for (const listener of ours(first)) listener(first);
      await signalled;
      expect([ours("SIGINT"), ours("SIGTERM")]).toEqual([[], []]);
    },
  );
});

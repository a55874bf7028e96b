import { describe, expect, it } from "vitest";
import { watchAbort } from "../src/abort-watch.js";
import type { AbortSignalLike } from "../src/options.js";

/** A signal of another make, whose listeners are called where the test sees what they throw. */
class OddSignal implements AbortSignalLike {
  aborted = false;
  readonly listeners = new Set<() => void>();

  addEventListener(_type: "abort", listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.listeners.delete(listener);
  }

  abort(): void {
    this.aborted = true;
    for (const listener of this.listeners) listener();
  }
}

describe("watchAbort", () => {
  it("tells everybody by one listener, though one of them throws, but nobody who has stopped", () => {
    const signal = new OddSignal();
    const told: string[] = [];
    const stops = ["a", "b", "c", "d"].map((name) =>
      watchAbort(signal, () => {
        told.push(name);
        if (name === "a") stops[2]!();
        if (name === "b") throw new Error("b failed");
      }),
    );
    expect(signal.listeners.size).toBe(1);
    expect(() => signal.abort()).toThrow("b failed");
    expect(told).toEqual(["a", "b", "d"]);
    for (const stop of stops) stop();
    expect(signal.listeners.size).toBe(0);
  });

  it("a stop that is called again ends nothing of those that came later", () => {
    const signal = new OddSignal();
    const told: string[] = [];
    const stop = watchAbort(signal, () => told.push("first"));
    stop();
    expect(signal.listeners.size).toBe(0);
    watchAbort(signal, () => told.push("second"));
    stop();
    signal.abort();
    watchAbort(signal, () => told.push("at once"));
    expect(told).toEqual(["second", "at once"]);
    watchAbort(undefined, () => expect.unreachable())();
  });
});

import { afterEach, describe, expect, it, vi } from "vitest";
import { hostTurnsOf } from "../src/host-turn.js";

const real = { setImmediate, clearImmediate, setTimeout };

afterEach(() => void vi.useRealTimers());

describe("a turn of the host", () => {
  it("comes where fake timers were there first, each after one of the whole loop", async () => {
    vi.useFakeTimers();
    const turn = hostTurnsOf(globalThis as never);
    await turn();
    expect(vi.getTimerCount()).toBe(0);
    for (let i = 0; i < 5; i++) {
      let isLoopThere = false;
      real.setImmediate(() => (isLoopThere = true));
      await turn();
      await turn();
      expect(isLoopThere).toBe(true);
    }
  });

  it("is setImmediate's where that is real", async () => {
    const setImmediate = vi.fn(real.setImmediate);
    const turn = hostTurnsOf({ ...real, setImmediate, MessageChannel } as never);
    for (let i = 0; i < 4; i++) await turn();
    expect(setImmediate).toHaveBeenCalledTimes(4);
  });

  it.each<[string, object]>([
    ["setImmediate, as in browsers", { setTimeout: real.setTimeout, MessageChannel }],
    ["MessageChannel", { setImmediate: real.setImmediate }],
  ])("comes without %s", async (_name, host) => {
    const turn = hostTurnsOf(host as never);
    for (let i = 0; i < 4; i++) await turn();
  });
});

import type { Clock } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { runFrames } from "../src/own-frames.js";

/** Time that passes as soon as a timer is set. */
class HastyClock {
  atMs = 0;

  now(): number {
    return this.atMs;
  }

  setTimer(atMs: number, callback: () => void): { readonly atMs: number } {
    void Promise.resolve().then(() => {
      this.atMs = atMs;
      callback();
    });
    return { atMs };
  }
}

/** When frames came, of which the one at `lastAtMs` says that it is the last. */
async function frames(untilMs: number, lastAtMs: number): Promise<readonly number[]> {
  const clock = new HastyClock();
  const atMs: number[] = [];
  await runFrames(clock as unknown as Clock, untilMs, () => {
    atMs.push(clock.atMs);
    return clock.atMs >= lastAtMs;
  });
  return atMs;
}

describe("frames of its own", () => {
  it("come every 10 ms until one is the last", async () => {
    expect(await frames(1000, 30)).toEqual([0, 10, 20, 30]);
    expect(await frames(1000, 0)).toEqual([0]);
  });

  it("end when the time is up, with one then", async () => {
    expect(await frames(25, Infinity)).toEqual([0, 10, 20, 25]);
    expect(await frames(0, Infinity)).toEqual([0]);
  });
});

import type { RoundMeter } from "./round-meter.js";

/** Share of the longest queue that the shortest one must be: jitter comes and goes, a full queue and a path stay. */
const STEADY = 0.9;

/** What a queue has done since it became long: how much was lost before it, and whether it stays as it is. */
export class LongQueue {
  /** Since the flow gave way, or the queue moved: rounds, their bytes, lost bytes, lossy ACKs and ms. */
  count = 0;
  bytes = 0;
  lostBytes = 0;
  events = 0;
  elapsedMs = 0;
  /** ms. The shortest and the longest queue since it was last steady, and how long that is. */
  lowMs = 0;
  topMs = 0;
  levelForMs = 0;

  /** The queue was short. */
  restart(): void {
    this.clear();
    this.beginLevel(0);
  }

  /** Losses are summed from here on. */
  clear(): void {
    this.count = this.bytes = this.lostBytes = this.events = this.elapsedMs = 0;
  }

  beginLevel(queueMs: number): void {
    this.lowMs = this.topMs = queueMs;
    this.levelForMs = 0;
  }

  /** A round ended with a queue of so many ms. Returns whether the queue stays as it is; else a level begins anew. */
  follow(queueMs: number, roundMs: number): boolean {
    this.lowMs = Math.min(this.lowMs, queueMs);
    this.topMs = Math.max(this.topMs, queueMs);
    this.levelForMs += roundMs;
    if (this.lowMs >= STEADY * this.topMs) return true;
    this.beginLevel(queueMs);
    return false;
  }

  add(rounds: RoundMeter): void {
    this.count += 1;
    this.bytes += rounds.bytes;
    this.lostBytes = Math.max(this.lostBytes + rounds.lostBytes - rounds.regainedBytes, 0);
    this.events += rounds.lossEvents;
    this.elapsedMs += rounds.elapsedMs;
  }
}

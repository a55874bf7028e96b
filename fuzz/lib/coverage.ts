/** Counters of all sources under test. More than they have: about 4000. */
const MAX_POINTS = 1 << 15;
/** Classes of how often a point was passed: 1, 2, 3, 4..7, 8..15, 16..31, 32..127, 128 and more (as AFL has them). */
const CLASSES = 8;

const counters = new Uint8Array(MAX_POINTS);
const words = new Uint32Array(counters.buffer);
let used = 0;

const classOf = new Uint8Array(256);
for (let count = 1; count < 256; count++) {
  classOf[count] = count < 4 ? count - 1 : count < 8 ? 3 : count < 16 ? 4 : count < 32 ? 5 : count < 128 ? 6 : 7;
}

declare global {
  /** Called by each instrumented source when it is loaded: its own part of the counters. */
  var __sortieFuzzPoints: (points: number) => Uint8Array;
}

globalThis.__sortieFuzzPoints = (points) => {
  if (used + points > MAX_POINTS) throw new Error(`MAX_POINTS is too small: ${used + points} points are needed`);
  used += points;
  return counters.subarray(used - points, used);
};

/** Points of all sources that were loaded. */
export function totalPoints(): number {
  return used;
}

/** Before an execution. */
export function resetCounters(): void {
  counters.fill(0, 0, used);
}

/** What executions have reached: points alone, or points and how often they were passed. */
export class Coverage {
  count = 0;
  private readonly seen: Uint8Array;
  private readonly withCounts: boolean;

  constructor(withCounts: boolean) {
    this.withCounts = withCounts;
    this.seen = new Uint8Array(withCounts ? MAX_POINTS * CLASSES : MAX_POINTS);
  }

  /** Adds what the last execution reached; returns what of it is new. */
  add(): number[] {
    const found: number[] = [];
    this.visit((feature) => {
      if (this.seen[feature] !== 0) return;
      this.seen[feature] = 1;
      this.count += 1;
      found.push(feature);
    });
    return found;
  }

  /** Whether the last execution reached all of these. */
  reaches(features: readonly number[]): boolean {
    const wanted = new Set(features);
    this.visit((feature) => void wanted.delete(feature));
    return wanted.size === 0;
  }

  /** Quick answer for the many executions that bring nothing new. */
  hasNews(): boolean {
    for (let word = 0; word << 2 < used; word++) {
      if (words[word] === 0) continue;
      for (let at = word << 2; at < (word << 2) + 4; at++) {
        const count = counters[at] as number;
        if (count !== 0 && this.seen[this.feature(at, count)] === 0) return true;
      }
    }
    return false;
  }

  private visit(take: (feature: number) => void): void {
    for (let at = 0; at < used; at++) {
      const count = counters[at] as number;
      if (count !== 0) take(this.feature(at, count));
    }
  }

  private feature(at: number, count: number): number {
    return this.withCounts ? at * CLASSES + (classOf[count] as number) : at;
  }
}

/**
 * How much an application should send over a connection, so that its updates do not queue on their way. Advice: nothing
 * is held back by it.
 */
export interface SendAdvice {
  /**
   * Send only every n-th of the regular updates: 1 all of them, 2 every other one, 4 every fourth. Rises when packets
   * queue on the way, come irregularly or are lost; falls back one step at a time.
   */
  readonly updateDivisor: 1 | 2 | 4;
  /** bytes/s. What congestion control lets through at present, everything included: a bound for bulk data and voice. */
  readonly bytesPerSecond: number;
}

const DIVISORS = [1, 2, 4] as const;

/**
 * Bounds of the divisors: below the first all updates are in order, below the second every other one. The round trip as
 * such says nothing of how much a path carries, its growth does: `queueingMs` is what it has above the shortest one of
 * the last minute.
 */
const BOUNDS = {
  queueingMs: [50, 150],
  jitterMs: [60, 120],
  loss: [0.05, 0.15],
} as const;

/** Share of a bound below which a value must be for less restraint. */
const RELAX_MARGIN = 0.7;
/** ms that more restraint must be called for before it is advised: two looks. */
const RESTRAIN_AFTER_MS = 1000;
/**
 * ms that less restraint must be in order before it is advised. Twice as long each time that it proved premature, half
 * as long after each ten good seconds: Glenn Fiedler, "Reliability and Congestion Avoidance over UDP", Gaffer on Games,
 * with longer times, as a change of update rate is seen.
 */
const RELAX_AFTER_MS = 5000;
/** ms. */
const MAX_RELAX_AFTER_MS = 60_000;
/** ms. Restraint that comes again this soon shows that it was dropped too early; as long without shows the contrary. */
const TRIAL_MS = 10_000;
/** ms. The shortest round trip is that of the present and the last period: 30 to 60 s. */
const MIN_RTT_PERIOD_MS = 30_000;
/** Weight of a new look in the smoothed rate. */
const RATE_WEIGHT = 0.25;
/** The rate is told again when it differs by more than this share of what was told .. */
const RATE_STEP: number = 1 / 3;
/** .. in this many looks in a row. */
const RATE_LOOKS = 3;

/** What the advice is made from, once a second. */
export interface AdviceInput {
  /** ms, smoothed. */
  readonly rttMs: number;
  /** ms. RTT variance (RFC 9002 section 5.3). */
  readonly jitterMs: number;
  /** Smoothed share of packets lost, 0..1. */
  readonly loss: number;
  /** bytes/s. */
  readonly rateBytesPerSecond: number;
}

/** Makes the advice, with hysteresis both in values and in time, so that it does not flutter. */
export class SendAdvisor {
  advice: SendAdvice;
  private level = 0;
  private pendingSinceMs = NaN;
  private relaxAfterMs: number = RELAX_AFTER_MS;
  private changedAtMs = -Infinity;
  private relaxedAtMs = -Infinity;
  private shortestMs: number = Infinity;
  private lastShortestMs: number = Infinity;
  private periodEndsAtMs = -Infinity;
  private smoothedRate: number;
  private looksApart = 0;

  /** @param rateBytesPerSecond what congestion control lets through to begin with */
  constructor(rateBytesPerSecond: number) {
    this.smoothedRate = rateBytesPerSecond;
    this.advice = { updateDivisor: 1, bytesPerSecond: Math.round(rateBytesPerSecond) };
  }

  /** Takes a look; true when the advice changed. */
  evaluate(input: AdviceInput, nowMs: number): boolean {
    const level = this.nextLevel(input, nowMs);
    const rate = this.nextRate(input.rateBytesPerSecond);
    if (level === this.level && rate === this.advice.bytesPerSecond) return false;
    this.level = level;
    this.advice = { updateDivisor: DIVISORS[level] as 1 | 2 | 4, bytesPerSecond: rate };
    return true;
  }

  /** Another path: its shortest round trip is its own. */
  onPathChanged(): void {
    this.shortestMs = Infinity;
    this.lastShortestMs = Infinity;
  }

  private nextLevel(input: AdviceInput, nowMs: number): number {
    const queueingMs = input.rttMs - this.shortestRttMs(input.rttMs, nowMs);
    const { level } = this;
    const wanted = Math.max(
      levelOf(queueingMs, BOUNDS.queueingMs, level),
      levelOf(input.jitterMs, BOUNDS.jitterMs, level),
      levelOf(input.loss, BOUNDS.loss, level),
    );
    if (wanted === level) {
      this.pendingSinceMs = NaN;
      this.easeTrial(nowMs);
      return level;
    }
    if (Number.isNaN(this.pendingSinceMs)) this.pendingSinceMs = nowMs;
    const restrain = wanted > level;
    if (nowMs - this.pendingSinceMs < (restrain ? RESTRAIN_AFTER_MS : this.relaxAfterMs)) return level;
    this.pendingSinceMs = NaN;
    this.changedAtMs = nowMs;
    if (restrain) {
      if (nowMs - this.relaxedAtMs < TRIAL_MS) this.relaxAfterMs = Math.min(2 * this.relaxAfterMs, MAX_RELAX_AFTER_MS);
      return wanted;
    }
    this.relaxedAtMs = nowMs;
    return level - 1;
  }

  private easeTrial(nowMs: number): void {
    if (this.level > 0 || nowMs - this.changedAtMs < TRIAL_MS) return;
    this.changedAtMs = nowMs;
    this.relaxAfterMs = Math.max(this.relaxAfterMs / 2, RELAX_AFTER_MS);
  }

  private shortestRttMs(rttMs: number, nowMs: number): number {
    if (nowMs >= this.periodEndsAtMs) {
      this.periodEndsAtMs = nowMs + MIN_RTT_PERIOD_MS;
      this.lastShortestMs = this.shortestMs;
      this.shortestMs = Infinity;
    }
    this.shortestMs = Math.min(this.shortestMs, rttMs);
    return Math.min(this.shortestMs, this.lastShortestMs);
  }

  private nextRate(rate: number): number {
    const told = this.advice.bytesPerSecond;
    this.smoothedRate += RATE_WEIGHT * (rate - this.smoothedRate);
    this.looksApart = Math.abs(this.smoothedRate - told) <= RATE_STEP * told ? 0 : this.looksApart + 1;
    if (this.looksApart < RATE_LOOKS) return told;
    this.looksApart = 0;
    return Math.round(this.smoothedRate);
  }
}

/** 0, 1 or 2; a bound that would relax the present level is tightened. */
function levelOf(value: number, bounds: readonly [number, number], current: number): number {
  for (let i = 0; i < 2; i++) {
    const bound = bounds[i] as number;
    if (value < (i < current ? bound * RELAX_MARGIN : bound)) return i;
  }
  return 2;
}

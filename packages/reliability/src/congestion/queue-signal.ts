/** ms. Bounds of the eighth of a round trip that a queue must amount to (HyStart++, RFC 9406 section 4.2). */
const MIN_QUEUE_MS = 5;
const MAX_QUEUE_MS = 16;
const QUEUE_OF_BASE: number = 1 / 8;
/** Samples whose minimum is looked at: one late ACK is no queue (RFC 9406 section 4.2). */
const RECENT_SAMPLES = 8;
/** Fewer will do when they took half a round trip: slow flows have no more. */
const MIN_SAMPLES = 3;
const RECENT_OF_BASE: number = 1 / 2;
/** ms. How long a shortest round trip is believed without being seen again (as in BBR). */
const BASE_AGE_MS = 10_000;
/** A sample that comes as near to the shortest one confirms it. */
const CONFIRM_OF_BASE = 1.02;
const CONFIRM_MS = 1;
/** Round trips that differ by less than one part in so many of what they rose by are the same; in so many rounds. */
const STEADY_SHARE = 4;
const STEADY_ROUNDS = 8;
/** The same after a jump to round trips of so many ms, of which eight are seconds: no queue keeps still for as long. */
const STEADY_LONG_ROUNDS = 4;
const LONG_ROUND_MS = 300;
/** Rounds from no queue to where round trips stay: a path changes at once, other senders take longer. */
const JUMP_ROUNDS = 4;
/** ms. Packets that left no further apart are of one burst. */
const SAME_BURST_MS = 0.5;
/** ms. A peer that keeps packets for longer acknowledges seldom. */
const SELDOM_MS = 100;
/** Weight of a new round in the noise. */
const NOISE_WEIGHT: number = 1 / 4;

/**
 * Tells from round trips how long packets wait in queues: by how much the least of the last few exceeds the least of
 * the last ten seconds, with allowance for the spread that round trips have on this path anyway.
 *
 * Minima are what jitter and late ACKs leave alone. They are taken over no less than one flush of the owner: packets
 * that leave together wait for each other.
 */
export class QueueSignal {
  private base = Infinity;
  private noise = 0;
  private minSpanMs: number;
  private seldom = 0;
  private baseAtMs = -Infinity;
  /** ms. Shortest round trip of the first of the last rounds in which it hardly changed, and how many they are. */
  private steadyMs = 0;
  private steadyRounds = 0;
  /** Rounds since there was no queue, and whether the last ones that hardly changed began soon after that. */
  private queueRounds = 0;
  private hasJumped = false;
  private recentMs = Infinity;
  private runningMs = Infinity;
  private runningSamples = 0;
  private runningFromMs = -Infinity;
  private roundMinMs = Infinity;
  /** When the burst left whose round trips come in, and the shortest of them. */
  private burstSentAtMs = -Infinity;
  private burstMinMs = 0;
  private roundMaxMs = 0;
  private lastRoundMinMs = Infinity;

  /** @param flushIntervalMs how often the owner sends */
  constructor(flushIntervalMs: number) {
    this.minSpanMs = flushIntervalMs;
  }

  /** The owner sends once in `flushIntervalMs` from now on. */
  setFlushInterval(flushIntervalMs: number): void {
    this.minSpanMs = flushIntervalMs;
  }

  /** ms. Shortest round trip; Infinity before the first. */
  get baseMs(): number {
    return this.base;
  }

  /** ms. Spread of the round trips within a round while there is no queue, of each burst the shortest. */
  get noiseMs(): number {
    return this.noise;
  }

  /** ms by which the least of the last few round trips exceeds the shortest. */
  get recentQueueMs(): number {
    return this.recentMs === Infinity ? 0 : Math.max(this.recentMs - this.base, 0);
  }

  /** ms by which the least round trip of the last round exceeds the shortest: slower, and less troubled by jitter. */
  get roundQueueMs(): number {
    return this.lastRoundMinMs === Infinity ? 0 : Math.max(this.lastRoundMinMs - this.base, 0);
  }

  /** ms that a rise must exceed to count as a queue, for a path without noise. */
  get stepMs(): number {
    return Math.min(Math.max(this.base * QUEUE_OF_BASE, MIN_QUEUE_MS), MAX_QUEUE_MS);
  }

  /** Whether round trips are shorter than what a process waits for its core, which looks like a queue. */
  get isShortPath(): boolean {
    return this.base < MIN_QUEUE_MS;
  }

  /** ms that a rise must exceed to count as a queue on this path. */
  get thresholdMs(): number {
    return this.stepMs + this.noise;
  }

  /** ms. For how long packets wait at a peer that acknowledges less often than each 100 ms; 0 at any other. */
  get seldomMs(): number {
    return this.seldom;
  }

  /** Whether round trips are longer, and always by the same: the path is. Queues that flows make come and go. */
  get isLongerPath(): boolean {
    return this.steadyRounds >= STEADY_ROUNDS;
  }

  /** Whether they became so at once, as by a change of the path: a queue that many flows keep up comes by and by. */
  get hasPathJumped(): boolean {
    const enough = this.steadyMs > LONG_ROUND_MS ? STEADY_LONG_ROUNDS : STEADY_ROUNDS;
    return this.hasJumped && this.steadyRounds >= enough;
  }

  /** Whether the shortest round trip has not been seen for ten seconds. */
  isStale(nowMs: number): boolean {
    return nowMs - this.baseAtMs > BASE_AGE_MS;
  }

  /**
   * @param sentAtMs when the packet left
   * @param ackDelayMs for which packets may wait at the peer before they are acknowledged
   */
  onSample(rttMs: number, nowMs: number, sentAtMs: number, ackDelayMs: number = 0): void {
    this.seldom = ackDelayMs > SELDOM_MS ? ackDelayMs : 0;
    if (rttMs <= this.base * CONFIRM_OF_BASE + CONFIRM_MS) this.baseAtMs = nowMs;
    if (rttMs < this.base) this.base = rttMs;
    this.roundMinMs = Math.min(this.roundMinMs, rttMs);
    this.followBurst(rttMs, sentAtMs);
    this.runningMs = Math.min(this.runningMs, rttMs);
    this.runningSamples += 1;
    if (!this.isSpanFull(nowMs)) return;
    this.recentMs = this.runningMs;
    this.runningMs = Infinity;
    this.runningSamples = 0;
    this.runningFromMs = nowMs;
  }

  /** A round ends. `isQuiet`: no queue was built or drained in it, so that the spread is the path's own. */
  onRound(isQuiet: boolean): void {
    if (this.roundMinMs === Infinity) return;
    if (isQuiet) this.noise += NOISE_WEIGHT * (Math.max(this.roundMaxMs - this.roundMinMs, 0) - this.noise);
    this.followSteadiness();
    this.lastRoundMinMs = this.roundMinMs;
    this.roundMinMs = Infinity;
    this.roundMaxMs = 0;
  }

  /** The shortest round trip is `baseMs` from now on. */
  rebase(baseMs: number, nowMs: number): void {
    this.base = baseMs;
    this.baseAtMs = nowMs;
    this.steadyRounds = 0;
  }

  /**
   * Packets that leave together wait for each other, which is no spread of the path's: a quick flow of a server with
   * ticks would take queues for it that make slower ones give way.
   */
  private followBurst(rttMs: number, sentAtMs: number): void {
    if (sentAtMs <= this.burstSentAtMs + SAME_BURST_MS) {
      this.burstMinMs = Math.min(this.burstMinMs, rttMs);
      return;
    }
    this.roundMaxMs = Math.max(this.roundMaxMs, this.burstMinMs);
    this.burstSentAtMs = sentAtMs;
    this.burstMinMs = rttMs;
  }

  private followSteadiness(): void {
    const { roundMinMs, steadyMs } = this;
    this.queueRounds = roundMinMs - this.base > this.thresholdMs ? this.queueRounds + 1 : 0;
    if (Math.abs(roundMinMs - steadyMs) * STEADY_SHARE < steadyMs - this.base) {
      this.steadyRounds += 1;
      return;
    }
    this.steadyMs = roundMinMs;
    this.steadyRounds = 0;
    this.hasJumped = this.queueRounds <= JUMP_ROUNDS;
  }

  /** ms. The least of the last few round trips; Infinity before there are enough. */
  get recentMinMs(): number {
    return this.recentMs;
  }

  reset(): void {
    this.base = this.recentMs = this.runningMs = this.roundMinMs = this.lastRoundMinMs = Infinity;
    this.runningSamples = this.roundMaxMs = this.noise = this.burstMinMs = 0;
    this.baseAtMs = this.runningFromMs = this.burstSentAtMs = -Infinity;
    this.steadyMs = this.steadyRounds = this.queueRounds = 0;
    this.hasJumped = false;
  }

  private isSpanFull(nowMs: number): boolean {
    const elapsedMs = nowMs - this.runningFromMs;
    if (elapsedMs < this.minSpanMs) return false;
    if (this.runningSamples >= RECENT_SAMPLES) return true;
    return this.runningSamples >= MIN_SAMPLES && elapsedMs >= this.base * RECENT_OF_BASE;
  }
}

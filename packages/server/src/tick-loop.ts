import type { Clock, TimerHandle } from "@sortie/transport";
import { TickStatistics } from "./tick-statistics.js";

/**
 * Ticks made up for, one after the other, when the loop was held up; what is missed beyond that is skipped and counted,
 * so that a slow tick never makes the next one slower still.
 */
const MAX_CATCH_UP_TICKS = 4;

/**
 * Of the time of a late tick, or of its interval where that is longer: for so long what has come is received before the
 * next one, which is due already; less once nothing is left. Where nobody can tell when that is, it is left for
 * receiving after ticks that take longer than their interval, again and again: without it an overloaded server would
 * send, and hear a few datagrams between two ticks.
 */
const RECEIVE_SHARE = 0.25;

/**
 * Intervals from a tick to the next one's time, at the most: there is one between them, and a timer may come early by a
 * part of it. Beyond that the clock has stepped back.
 */
const MOST_INTERVALS_AHEAD = 2;

/**
 * What a tick is told. Ticks run only while there is a connection; what must go on in an empty server needs a timer of
 * its own.
 */
export interface TickEvent {
  /** Number of the tick, from 0. Counts on where it stopped when there was no connection. */
  readonly tick: number;
  /** ms of game time that this tick covers: the tick's interval, exactly. */
  readonly deltaMs: number;
  /**
   * ms this tick came after its time, or after that of the first of those that were left out before it, where the
   * process was held up or cannot keep the rate. So it may be seconds.
   */
  readonly lateMs: number;
  /** ms that the tick before this one took; 0 for the first. */
  readonly previousBusyMs: number;
}

/** What a loop runs. */
export interface TickWork {
  /** Runs a tick; whether it has received all that had come. */
  readonly tick: (event: TickEvent) => boolean;
  /** Lets the event loop receive what has come, for `limitMs` at most, and then calls `done`; false where it cannot. */
  readonly receiveSoon: (limitMs: number, done: () => void) => boolean;
}

/**
 * Keeps a rate without drift: each tick has its time, counted from the start and not from the tick before. Sleeps while
 * `stop`ped. The only timer of the server beside the driver's.
 */
export class TickLoop {
  readonly statistics: TickStatistics;
  readonly intervalMs: number;
  private readonly clock: Clock;
  private readonly work: TickWork;
  private timer: TimerHandle | undefined;
  private nextAtMs = 0;
  /** When the first of those was due that were left out since the last tick; Infinity: none was. */
  private leftOutFromMs = Infinity;
  private tick = 0;
  private overrunsInRow = 0;
  private busyMs = 0;
  /** Whether the last tick began by receiving all that had come: then none is left waiting by ticks without a pause. */
  private hasReceived = false;

  constructor(tickRate: number, clock: Clock, work: TickWork) {
    this.intervalMs = 1000 / tickRate;
    this.clock = clock;
    this.work = work;
    this.statistics = new TickStatistics(this.intervalMs);
  }

  get isRunning(): boolean {
    return this.timer !== undefined;
  }

  start(): void {
    if (this.timer !== undefined) return;
    this.overrunsInRow = 0;
    this.leftOutFromMs = Infinity;
    this.nextAtMs = this.clock.now() + this.intervalMs;
    this.arm();
  }

  stop(): void {
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private arm(): void {
    this.timer = this.clock.setTimer(this.nextAtMs, this.fire);
  }

  private readonly fire = (): void => {
    const startMs = this.clock.now();
    const behindMs = startMs - this.nextAtMs;
    this.skip(Math.floor(behindMs / this.intervalMs) - MAX_CATCH_UP_TICKS + 1, behindMs);
    const { timer } = this;
    try {
      // One at a time, even when others are due: between two ticks what has arrived is received.
      this.runTick();
    } finally {
      // The tick may have stopped the loop, and started it anew: then another timer runs.
      if (this.timer === timer) this.goOn(startMs);
    }
  };

  /**
   * Arms the next tick. One that is due already comes once what has arrived is received: else it would find little to
   * do, and a later one all of it. After as many overruns in a row as would be made up for, the loop cannot keep its
   * rate, and skips what it is behind by.
   */
  private goOn(startMs: number): void {
    const nowMs = this.clock.now();
    // Less than nothing where the clock stepped back meanwhile.
    const busyMs = Math.max(0, nowMs - startMs);
    this.overrunsInRow = busyMs > this.intervalMs ? this.overrunsInRow + 1 : 0;
    const isDue = this.nextAtMs <= nowMs;
    if (isDue && !this.hasReceived && this.receiveFirst(RECEIVE_SHARE * Math.max(busyMs, this.intervalMs))) return;
    // A pause of a part of each tick's time, in which more comes: a loop that has fallen behind may never catch up so.
    this.armNext(this.hasReceived ? 0 : RECEIVE_SHARE * busyMs);
  }

  /** Goes on when what has come is received; false where nobody can tell when that is. */
  private receiveFirst(limitMs: number): boolean {
    const goOn = (): void => {
      if (this.timer !== timer) return;
      this.clock.clearTimer(timer);
      this.armNext(0);
    };
    // For a transport that never says that it is done.
    const timer = this.clock.setTimer(this.clock.now() + limitMs + this.intervalMs, goOn);
    this.timer = timer;
    if (this.work.receiveSoon(limitMs, goOn)) return true;
    this.clock.clearTimer(timer);
    return false;
  }

  /** @param pauseMs after ticks of a loop that cannot keep its rate; 0: the next one comes at once */
  private armNext(pauseMs: number): void {
    this.followClock(this.clock.now());
    if (this.overrunsInRow >= MAX_CATCH_UP_TICKS) {
      const behindMs = this.clock.now() - this.nextAtMs;
      const behind = behindMs / this.intervalMs;
      this.skip(pauseMs > 0 ? Math.ceil(behind + pauseMs / this.intervalMs) : Math.floor(behind), behindMs);
    }
    this.arm();
  }

  /**
   * Clocks are monotonic, but those of applications may err. After a step back the next tick's time, as it was counted,
   * would come when the clock is where it was: until then, an hour perhaps, no tick would run, and nobody be told.
   */
  private followClock(nowMs: number): void {
    if (this.nextAtMs - nowMs <= MOST_INTERVALS_AHEAD * this.intervalMs) return;
    this.nextAtMs = nowMs + this.intervalMs;
  }

  /** @param behindMs since the first of them was due */
  private skip(ticks: number, behindMs: number): void {
    if (ticks <= 0) return;
    this.leftOutFromMs = Math.min(this.leftOutFromMs, this.nextAtMs);
    this.nextAtMs += ticks * this.intervalMs;
    this.statistics.onSkipped(ticks, behindMs);
  }

  private runTick(): void {
    const beganMs = this.clock.now();
    const lateMs = Math.max(0, beganMs - Math.min(this.nextAtMs, this.leftOutFromMs));
    this.leftOutFromMs = Infinity;
    this.nextAtMs += this.intervalMs;
    this.hasReceived = false;
    this.hasReceived = this.work.tick({
      tick: this.tick++,
      deltaMs: this.intervalMs,
      lateMs,
      previousBusyMs: this.busyMs,
    });
    this.busyMs = Math.max(0, this.clock.now() - beganMs);
    this.statistics.onTick(lateMs, this.busyMs);
  }
}

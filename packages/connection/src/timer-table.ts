/** Timers of a connection, by name. Those of the endpoint, the path and the closing are asked for separately. */
export const Timer = {
  /** The handshake's deadline. */
  Handshake: 0,
  /** Client: CONNECT is sent again. */
  ConnectRepeat: 1,
} as const;
export type Timer = (typeof Timer)[keyof typeof Timer];

const TIMER_COUNT = 2;

/** Deadlines in ms, `Infinity` when unset; a scan of a few numbers, no allocation. So few are less as a plain array. */
export class TimerTable {
  private readonly deadlines: number[] = new Array<number>(TIMER_COUNT).fill(Infinity);

  set(timer: Timer, atMs: number): void {
    this.deadlines[timer] = atMs;
  }

  clear(timer: Timer): void {
    this.deadlines[timer] = Infinity;
  }

  clearAll(): void {
    this.deadlines.fill(Infinity);
  }

  at(timer: Timer): number {
    return this.deadlines[timer] as number;
  }

  /** Clears the timer and says true when it was due. */
  takeDue(timer: Timer, nowMs: number): boolean {
    if (this.at(timer) > nowMs) return false;
    this.clear(timer);
    return true;
  }

  next(): number {
    let earliest = Infinity;
    for (let i = 0; i < TIMER_COUNT; i++) {
      const at = this.deadlines[i] as number;
      if (at < earliest) earliest = at;
    }
    return earliest;
  }
}

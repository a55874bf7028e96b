/** The timers of a connection, by name. Those of the endpoint, the path and the closing are asked for separately. */
export const Timer = {
  /** Nothing was heard for the idle timeout. */
  Idle: 0,
  /** Nothing was heard for the keep-alive interval: send a PING. */
  KeepAlive: 1,
  /** The handshake's deadline. */
  Handshake: 2,
  /** Client: CONNECT is sent again. */
  ConnectRepeat: 3,
} as const;
export type Timer = (typeof Timer)[keyof typeof Timer];

const TIMER_COUNT = 4;

/** Deadlines in ms, `Infinity` when unset; a scan of four numbers, no allocation. */
export class TimerTable {
  private readonly deadlines: Float64Array = new Float64Array(TIMER_COUNT).fill(Infinity);

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

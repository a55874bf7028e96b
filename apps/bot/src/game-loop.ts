/** ms. A loop that was held up for longer lets the missed turns go. */
const MAX_BEHIND_MS = 250;

/** Calls a function at a fixed rate without drift: each turn has its time, counted from the one before it. */
export class GameLoop {
  private readonly intervalMs: number;
  private readonly onTurn: (nowMs: number) => void;
  private timer: NodeJS.Timeout | undefined;
  private nextAtMs = 0;

  constructor(turnsPerSecond: number, onTurn: (nowMs: number) => void) {
    this.intervalMs = 1_000 / turnsPerSecond;
    this.onTurn = onTurn;
  }

  start(): void {
    this.nextAtMs = performance.now() + this.intervalMs;
    this.arm();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(): void {
    this.timer = setTimeout(this.run, Math.max(0, this.nextAtMs - performance.now()));
  }

  private readonly run = (): void => {
    const nowMs = performance.now();
    this.nextAtMs += this.intervalMs;
    if (nowMs - this.nextAtMs > MAX_BEHIND_MS) this.nextAtMs = nowMs + this.intervalMs;
    // Armed first, so that a turn may stop the loop.
    this.arm();
    this.onTurn(nowMs);
  };
}

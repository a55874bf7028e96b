import type { Clock, TimerHandle } from "@sortie/transport";

interface BackgroundTimer extends TimerHandle {
  readonly handle: NodeJS.Timeout;
}

/** The machine's clock, with timers that do not keep the process alive: metrics end with what they watch. */
export class BackgroundClock implements Clock {
  now(): number {
    return performance.now();
  }

  setTimer(atMs: number, callback: () => void): TimerHandle {
    const handle = setTimeout(callback, Math.max(0, Math.ceil(atMs - this.now())));
    handle.unref();
    const timer: BackgroundTimer = { atMs, handle };
    return timer;
  }

  clearTimer(timer: TimerHandle): void {
    clearTimeout((timer as BackgroundTimer).handle);
  }

  defer(callback: () => void): void {
    queueMicrotask(callback);
  }
}

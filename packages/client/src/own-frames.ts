import type { Clock } from "@sortie/transport";

/** ms between two frames. */
const FRAME_MS = 10;

/**
 * Frames that nobody has to call for: a game may stop its loop as soon as it leaves. Resolves once a frame says that
 * it was the last, or when the time is up, with a last one.
 * @param untilMs ms of the clock
 * @param frame must not throw
 */
export function runFrames(clock: Clock, untilMs: number, frame: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const next = (): void => {
      const isLast = clock.now() >= untilMs;
      if (frame() || isLast) resolve();
      else clock.setTimer(Math.min(clock.now() + FRAME_MS, untilMs), next);
    };
    next();
  });
}

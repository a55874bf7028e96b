import type { Clock } from "@sortie/transport";

/**
 * ms that an attempt which is over waits for its transport to close. A socket is closed by the next turn of the event
 * loop; whoever is told that connecting failed, or gave it up, must not wait for a transport that hangs.
 */
export const CLOSE_WAIT_MS = 100;

/** Resolves when `work`, which must not reject, has, and after `ms` at the latest: then it goes on unattended. */
export function waitAtMost(clock: Clock, ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(clock.now() + ms, resolve);
    void work.then(() => {
      clock.clearTimer(timer);
      resolve();
    });
  });
}

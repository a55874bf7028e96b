// For the baselines: the same work by ticks that a Sortie server has, counted from the start and without drift.
import { percentile } from "../lib/figures.mjs";

/** ms. A process that stood still for longer leaves out the ticks that it missed. */
const STOPPED_MS = 1000;

/** Calls `onTick` `tickRate` times a second; returns what to report. */
export function startTicks(tickRate, onTick) {
  let late = [];
  let ticks = 0;
  if (!(tickRate > 0)) return () => ({});
  let dueMs = performance.now();
  const arm = () => {
    dueMs += 1000 / tickRate;
    if (performance.now() - dueMs > STOPPED_MS) dueMs = performance.now();
    setTimeout(
      () => {
        late.push(performance.now() - dueMs);
        ticks += 1;
        onTick();
        arm();
      },
      Math.max(0, dueMs - performance.now()),
    );
  };
  arm();
  return () => {
    const lateness = { lateP50Ms: percentile(late, 0.5), lateP99Ms: percentile(late, 0.99) };
    late = [];
    return { ticks, ...lateness };
  };
}

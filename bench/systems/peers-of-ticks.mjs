// For the baselines: the same work by ticks that a Sortie server has, counted from the start and without drift.
import { percentile } from "../lib/figures.mjs";

/** Calls `onTick` `tickRate` times a second; returns what to report. */
export function startTicks(tickRate, onTick) {
  let late = [];
  let ticks = 0;
  if (!(tickRate > 0)) return () => ({});
  const startMs = performance.now();
  const arm = () => {
    const dueMs = startMs + ((ticks + 1) * 1000) / tickRate;
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

// For the baselines: the same work by ticks that a Sortie server has, counted from the start and without drift.
import { percentile } from "../lib/figures.mjs";

/** Calls `onTick` `tickRate` times a second; returns what to report. */
export function startTicks(tickRate, onTick) {
  const late = [];
  let ticks = 0;
  if (!(tickRate > 0)) return () => ({});
  const startMs = performance.now();
  const arm = () => {
    const dueMs = startMs + ((ticks + 1) * 1000) / tickRate;
    setTimeout(
      () => {
        late.push(Math.max(0, performance.now() - dueMs));
        if (late.length > 1024) late.shift();
        ticks += 1;
        onTick();
        arm();
      },
      Math.max(0, dueMs - performance.now()),
    );
  };
  arm();
  return () => ({ ticks, lateP50Ms: percentile(late, 0.5), lateP99Ms: percentile(late, 0.99) });
}

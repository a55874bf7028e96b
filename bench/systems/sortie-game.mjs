// What a Sortie server of the benchmarks plays, alone or as a worker.
import { percentile } from "../lib/figures.mjs";

/** Made once: an application that sends the same way each time does the same. */
export const OPTIONS = Object.fromEntries(
  ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"].map((delivery) => [delivery, { delivery }]),
);

/** Keeps the thread busy, as a game's rules would. */
export function work(micros) {
  const untilMs = performance.now() + micros / 1000;
  while (performance.now() < untilMs);
}

/** Sends so many bytes to every peer in every tick, while `isOn()`. */
export function sendState(server, bytes, isOn) {
  const state = new Uint8Array(bytes).fill(0xff);
  server.on("tick", () => {
    if (!isOn()) return;
    for (const peer of server.peers.values()) peer.send(state, OPTIONS.unreliable);
  });
}

/**
 * How late ticks came since the last call: the server's own statistics reach back to before the measured window.
 */
export function measureLateness(server) {
  let late = [];
  server.on("tick", ({ lateMs }) => late.push(lateMs));
  return () => {
    const lateness = { lateP50Ms: percentile(late, 0.5), lateP99Ms: percentile(late, 0.99) };
    late = [];
    return lateness;
  };
}

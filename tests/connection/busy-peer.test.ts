import { ConnectionPair } from "@sortie/testkit";
import type { LinkSimulator } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const RATE = 2_000_000;
const CHUNK = new Uint8Array(16_384);

/** What arrives while the peer's thread is busy waits in its socket, and is read all at once. */
function keepBusy(link: LinkSimulator, busyMs: number, freeMs: number): void {
  const arrivalMs = link.arrivalMs.bind(link);
  const periodMs = busyMs + freeMs;
  link.arrivalMs = (copy) => {
    const atMs = arrivalMs(copy);
    const inPeriodMs = atMs % periodMs;
    return inPeriodMs < busyMs ? atMs - inPeriodMs + busyMs : atMs;
  };
}

/** bytes/s of reliable data that reach the application of a busy server from second 5 to second 15. */
function upload(seed: number, busyMs: number, freeMs: number): number {
  const link = { bandwidthBytesPerSecond: RATE, queueBytes: RATE / 10, latencyMs: 20 };
  const pair = new ConnectionPair({ seed, crypto: createSimulationCrypto(seed), link, returnLink: { latencyMs: 20 } });
  keepBusy(pair.toServer, busyMs, freeMs);
  pair.run(busyMs + 200);
  let received = 0;
  for (let ms = 0; ms < 15_000; ms += 10) {
    if (ms === 5000) received = 0;
    while (pair.client.flow.queuedBytes < 1_000_000) {
      if (!pair.client.send(CHUNK, { delivery: "reliable" }, pair.nowMs).accepted) break;
    }
    pair.run(10);
    for (let message = pair.server.pollMessage(); message !== undefined; message = pair.server.pollMessage()) {
      received += message.payload.length;
    }
  }
  return received / 10;
}

describe("a bulk transfer to a peer whose thread is busy for long at a time, and promised to acknowledge soon", () => {
  it.each([
    [100, 1],
    [150, 16],
    [250, 16],
    [300, 20],
  ])("goes on at much of the path's rate: busy for %d ms, then free for %d", (busyMs, freeMs) => {
    expect(upload(1, busyMs, freeMs)).toBeGreaterThan(0.4 * RATE);
  });
});

import { ConnectionPair } from "@sortie/testkit";
import type { LinkSimulator } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const RATE = 1_250_000;
const CHUNK = new Uint8Array(16_384);

/** What arrives comes in lumps, as over Wi-Fi: the first waits for so long, and others with it. */
function lump(link: LinkSimulator, fromMs: number, toMs: number, seed: number): void {
  const arrivalMs = link.arrivalMs.bind(link);
  let state = seed;
  let lumpAtMs = -1;
  link.arrivalMs = (copy) => {
    const atMs = arrivalMs(copy);
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    if (atMs > lumpAtMs) lumpAtMs = atMs + fromMs + ((toMs - fromMs) * state) / 0x7fff_ffff;
    return lumpAtMs;
  };
}

/** bytes/s of reliable data that a client's application gets from second 5 to second 15. */
function upload(seed: number, loss = 0): number {
  const link = { bandwidthBytesPerSecond: RATE, queueBytes: RATE / 10, latencyMs: 3, loss };
  const pair = new ConnectionPair({ seed, crypto: createSimulationCrypto(seed), link, returnLink: { latencyMs: 3 } });
  lump(pair.toServer, 2, 8, seed);
  lump(pair.toClient, 10, 40, seed + 100);
  pair.run(200);
  let received = 0;
  for (let ms = 0; ms < 15_000; ms += 5) {
    if (ms === 5000) received = 0;
    while (pair.client.flow.queuedBytes < 500_000) {
      if (!pair.client.send(CHUNK, { delivery: "reliable" }, pair.nowMs).accepted) break;
    }
    pair.run(5);
    for (let message = pair.server.pollMessage(); message !== undefined; message = pair.server.pollMessage()) {
      received += message.payload.length;
    }
  }
  return received / 10;
}

describe("a bulk transfer whose acknowledgements come in lumps of 10 to 40 ms", () => {
  it.each([1, 2, 3])("fills its path all the same (seed %d)", (seed) => {
    expect(upload(seed)).toBeGreaterThan(0.75 * RATE);
  });
});

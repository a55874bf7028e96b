import { connect } from "@sortie/client";
import { identityOf } from "@sortie/handshake";
import { AdaptiveRate, NewReno } from "@sortie/reliability";
import { type Peer, Server } from "@sortie/server";
import { createNetwork } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const RATE = 1_250_000;
const BUFFER_MS = 300;
const CHUNK = new Uint8Array(30_000);
const OUTSTANDING_BYTES = 500_000;
const TICK_RATE = 60;
const ALONE_MS = 3000;
const BESIDE_MS = 24_000;
const SETTLE_MS = 3000;

/** Updates of the game that arrive each second beside `downloads` flows that fill buffers until packets are lost. */
async function updatesBeside(seed: number, downloads: number, updateBytes: number): Promise<number> {
  const network = createNetwork({ seed, link: { latencyMs: 20 } });
  const { clock } = network;
  const crypto = createSimulationCrypto(seed);
  const identity = identityOf(crypto.generateKeyPair());
  const link = { bandwidthBytesPerSecond: RATE, queueBytes: (RATE * BUFFER_MS) / 1000 };
  const transport = network.createTransport({ host: "10.0.0.1", port: 1, link });
  let made = 0;
  const server = new Server({
    protocol: "x",
    identity,
    crypto,
    clock,
    transport,
    tickRate: TICK_RATE,
    createCongestionController: ({ flushIntervalMs }) => {
      made += 1;
      return made === 1 ? new AdaptiveRate({ flushIntervalMs }) : new NewReno({ flushIntervalMs });
    },
  });
  await clock.runUntilSettled(server.listen());
  const peers: Peer[] = [];
  server.on("connect", (peer) => peers.push(peer));
  let arrived = 0;
  for (let i = 0; i <= downloads; i++) {
    const own = network.createTransport({ host: `10.0.1.${i + 1}` });
    const to = { host: "10.0.0.1", port: 1, protocol: "x", serverKey: identity.publicKey };
    const client = await clock.runUntilSettled(connect({ ...to, crypto, clock, transport: own }));
    if (i === 0) client.on("message", () => (arrived += 1));
  }
  let areDownloading = false;
  server.on("tick", () => {
    const [game, ...others] = peers;
    game?.send(new Uint8Array(updateBytes), { delivery: "unreliable" });
    for (const peer of areDownloading ? others : []) {
      while (peer.queuedBytes < OUTSTANDING_BYTES && peer.send(CHUNK, { delivery: "reliable" }).accepted);
    }
  });
  await clock.run(ALONE_MS);
  areDownloading = true;
  await clock.run(SETTLE_MS);
  arrived = 0;
  await clock.run(BESIDE_MS - SETTLE_MS);
  return (arrived * 1000) / (BESIDE_MS - SETTLE_MS);
}

describe("a game of 60 updates a second, a twentieth of the link, beside downloads that fill its buffer", () => {
  it.each([11, 12])("keeps most of them beside four (seed %d)", async (seed) => {
    // Giving way to a queue that is none of its own left 34.
    expect(await updatesBeside(seed, 4, 1000)).toBeGreaterThan(47);
  });
});

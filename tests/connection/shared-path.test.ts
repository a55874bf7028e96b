import { connect } from "@sortie/client";
import { identityOf } from "@sortie/handshake";
import { type Peer, Server } from "@sortie/server";
import { createNetwork } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const CHUNK = new Uint8Array(30_000);
const RATE = 2_000_000;

/** ms after which shares are looked at, and for how long. */
const SETTLE_MS = 12_000;

/** bytes that each of `count` downloads over one uplink of a server got, from `SETTLE_MS` after they began. */
async function download(seed: number, count: number): Promise<number[]> {
  const network = createNetwork({ seed, link: { latencyMs: 20 } });
  const { clock } = network;
  const crypto = createSimulationCrypto(seed);
  const identity = identityOf(crypto.generateKeyPair());
  const uplink = { bandwidthBytesPerSecond: RATE, queueBytes: RATE / 10 };
  const transport = network.createTransport({ host: "10.0.0.1", port: 1, link: uplink });
  const server = new Server({ protocol: "x", identity, crypto, clock, transport });
  await clock.runUntilSettled(server.listen());
  const peers: Peer[] = [];
  server.on("connect", (peer) => peers.push(peer));
  const received = new Array<number>(count).fill(0);
  for (let i = 0; i < count; i++) {
    const own = network.createTransport({ host: `10.0.1.${i + 1}` });
    const to = { host: "10.0.0.1", port: 1, protocol: "x", serverKey: identity.publicKey };
    const client = await clock.runUntilSettled(connect({ ...to, crypto, clock, transport: own }));
    client.on("message", ({ payload }) => (received[i] = (received[i] as number) + payload.length));
  }
  await clock.run(200);
  let before: number[] = [];
  for (let ms = 0; ms < 2 * SETTLE_MS; ms += 50) {
    if (ms === SETTLE_MS) before = [...received];
    for (const peer of peers) {
      while (peer.queuedBytes < 500_000 && peer.send(CHUNK, { delivery: "reliable" }).accepted);
    }
    await clock.run(50);
  }
  return received.map((bytes, i) => bytes - (before[i] as number));
}

describe("downloads that share a server's uplink", () => {
  it.each([1, 2])("come near to equal shares and fill it (seed %d)", async (seed) => {
    const shares = await download(seed, 4);
    const sum = shares.reduce((a, b) => a + b);
    expect(sum ** 2 / (shares.length * shares.reduce((a, b) => a + b * b, 0))).toBeGreaterThan(0.75);
    expect((sum * 1000) / SETTLE_MS).toBeGreaterThan(0.85 * RATE);
  });
});

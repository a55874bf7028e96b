import { createClient } from "@sortie/client";
import { identityOf } from "@sortie/handshake";
import type { ReliableEndpoint } from "@sortie/reliability";
import { type Peer, Server } from "@sortie/server";
import { createNetwork } from "@sortie/transport-memory";
import { afterEach, describe, expect, it, vi } from "vitest";
import { rewriteAckTimes } from "../support/ack-times.js";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const LATENCY_MS = 20;
const FRAME_MS = 16;
const FRAMES = 400;

describe("a polled client whose game runs slow", () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ["at half speed", (frame: number) => (frame * FRAME_MS) / 2],
    ["and stands still", (frame: number) => Math.min(frame, 100) * FRAME_MS],
    ["and then fast", (frame: number) => (frame < 200 ? frame : 3 * frame - 400) * FRAME_MS],
  ])("%s: tells the server by the machine's clock when packets came", async (_what, gameMs) => {
    const network = createNetwork({ seed: 5, link: { latencyMs: LATENCY_MS } });
    const { clock } = network;
    const crypto = createSimulationCrypto(5);
    const identity = identityOf(crypto.generateKeyPair());
    const transport = network.createTransport({ host: "10.0.0.1", port: 1 });
    const server = new Server({ protocol: "x", identity, crypto, clock, transport });
    await clock.runUntilSettled(server.listen());
    const peers: Peer[] = [];
    server.on("connect", (peer) => peers.push(peer));
    /** ms on the way to the other side, as its times have it, for the server and for the client. */
    const waysOf = new Map<ReliableEndpoint, number[]>();
    rewriteAckTimes((cameMs, sentMs, at) => {
      const ways = waysOf.get(at) ?? [];
      waysOf.set(at, ways);
      ways.push(cameMs - sentMs);
      return cameMs;
    });
    const common = { host: "10.0.0.1", port: 1, protocol: "x", serverKey: identity.publicKey, crypto, clock };
    const client = createClient({ ...common, transport: network.createTransport({ host: "10.0.1.1" }) });
    for (let frame = 0; frame < FRAMES; frame++) {
      client.update(gameMs(frame));
      peers[0]?.send(new Uint8Array(1200), { delivery: "unreliable" });
      await clock.run(FRAME_MS);
    }
    // The server's: it sends most.
    const [ways = []] = [...waysOf.values()].sort((a, b) => b.length - a.length);
    expect(ways.length).toBeGreaterThan(50);
    for (const wayMs of ways) expect(wayMs).toBeCloseTo(LATENCY_MS, 1);
    await clock.runUntilSettled(Promise.all([client.close({ drainMs: 0 }), server.close()]));
  });
});

import { connect, createClient } from "@sortie/client";
import { identityOf } from "@sortie/handshake";
import { AdaptiveRate } from "@sortie/reliability";
import { type Peer, Server } from "@sortie/server";
import { createNetwork } from "@sortie/transport-memory";
import { afterEach, describe, expect, it, vi } from "vitest";
import { rewriteAckTimes } from "../support/ack-times.js";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const LATENCY_MS = 20;
const UPLINK_BYTES_PER_SECOND = 1_250_000;
const QUEUE_MS = 600;
const FRAME_MS = 16;
const FRAMES = 1250;
const WARM_UP_FRAMES = 350;
const SERVER = { host: "10.0.0.1", port: 1 };

/** ms at which a packet came by the peer's clock, when it left at `sentMs` and really came at `cameMs`. */
type Lie = (cameMs: number, sentMs: number) => number;

interface Seen {
  readonly rttMs: number;
  readonly updatesPerSecond: number;
}

/** Without lies it is 44 to 48 ms; 20 ms of a queue are always believed to be the peer's. */
function expectUnharmed({ rttMs, updatesPerSecond }: Seen): void {
  expect(rttMs).toBeLessThan(70);
  expect(updatesPerSecond).toBeGreaterThan(58);
}

/**
 * What a player has, behind whose server's uplink another one downloads, and sends 62 kB/s.
 * @param speed of that one's game, in terms of the clock
 */
async function bystander(speed = 1): Promise<Seen> {
  const seed = 3;
  const network = createNetwork({ seed, link: { latencyMs: LATENCY_MS } });
  const { clock } = network;
  const crypto = createSimulationCrypto(seed);
  const identity = identityOf(crypto.generateKeyPair());
  const uplink = {
    bandwidthBytesPerSecond: UPLINK_BYTES_PER_SECOND,
    queueBytes: (UPLINK_BYTES_PER_SECOND * QUEUE_MS) / 1000,
  };
  const server = new Server({
    ...{ protocol: "x", identity, crypto, clock, tickRate: 60 },
    transport: network.createTransport({ ...SERVER, link: uplink }),
    createCongestionController: ({ flushIntervalMs }) => new AdaptiveRate({ flushIntervalMs }),
  });
  await clock.runUntilSettled(server.listen());
  const peers: Peer[] = [];
  server.on("connect", (peer) => peers.push(peer));
  const common = { ...SERVER, protocol: "x", serverKey: identity.publicKey, crypto, clock };
  const player = await clock.runUntilSettled(
    connect({ ...common, transport: network.createTransport({ host: "10.0.2.2" }) }),
  );
  let updates = 0;
  player.on("message", () => (updates += 1));
  const client = createClient({ ...common, transport: network.createTransport({ host: "10.0.1.1" }) });
  const chunk = new Uint8Array(30_000);
  server.on("tick", () => {
    peers[0]?.send(new Uint8Array(200), { delivery: "unreliable" });
    for (const peer of peers.slice(1)) {
      while (peer.queuedBytes < 500_000 && peer.send(chunk, { delivery: "reliable" }).accepted);
    }
  });
  const rtts: number[] = [];
  const startMs = clock.now();
  for (let frame = 0; frame < FRAMES; frame++) {
    client.update((clock.now() - startMs) * speed);
    while (client.receive() !== undefined);
    if (client.state === "connected") client.send(new Uint8Array(1000), { delivery: "unreliable" });
    await clock.run(FRAME_MS);
    if (frame === WARM_UP_FRAMES) updates = 0;
    if (frame >= WARM_UP_FRAMES) rtts.push(peers[0]?.rttMs ?? Infinity);
  }
  const seconds = ((FRAMES - WARM_UP_FRAMES) * FRAME_MS) / 1000;
  rtts.sort((a, b) => a - b);
  const ends = [player.close({ drainMs: 0 }), client.close({ drainMs: 0 }), server.close()];
  await clock.runUntilSettled(Promise.all(ends));
  return { rttMs: rtts[rtts.length >> 1] as number, updatesPerSecond: updates / seconds };
}

describe("T32g a player beside one whose times in ACKs are not true", () => {
  afterEach(() => vi.restoreAllMocks());

  it.each<[string, Lie]>([
    ["of a clock that loses a hundredth", (cameMs) => cameMs * 0.99],
    ["of a clock that loses a tenth", (cameMs) => cameMs * 0.9],
    ["of a clock at half speed", (cameMs) => cameMs * 0.5],
    ["of a clock that gains a tenth", (cameMs) => cameMs * 1.1],
    ["of one that stands still for 100 ms each second", (cameMs) => cameMs - 100 * Math.floor(cameMs / 1000)],
    ["of one that catches up after that", (cameMs) => Math.max(cameMs, Math.floor(cameMs / 1000) * 1000 + 100)],
    ["that never show a queue there", (_cameMs, sentMs) => sentMs + LATENCY_MS],
    ["that do not for 4 s of 6", (cameMs, sentMs) => (cameMs % 6000 < 4000 ? sentMs + LATENCY_MS : cameMs)],
    ["that do not for 1 s of 2", (cameMs, sentMs) => (cameMs % 2000 < 1000 ? sentMs + LATENCY_MS : cameMs)],
  ])("T32g sees no queue of it for long: times %s", async (_what, lie) => {
    rewriteAckTimes(lie);
    expectUnharmed(await bystander());
  });

  it.each([1, 0.99, 0.9, 0.5])("T32h nor of a game whose time runs at %d of the clock", async (speed) => {
    expectUnharmed(await bystander(speed));
  });
});

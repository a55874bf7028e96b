import { connect } from "@sortie/client";
import { identityOf } from "@sortie/handshake";
import { type Peer, Server } from "@sortie/server";
import { createNetwork } from "@sortie/transport-memory";
import type { DatagramReceiver, DatagramTransport } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const RATE = 1_000_000;
const CHUNK = new Uint8Array(16_384);
const TICK_MS = 16;

type Now = () => number;
type Later = (atMs: number, callback: () => void) => unknown;

/** What arrives while the owner's thread is busy waits in the socket, and is read all at once. */
function busyTransport(inner: DatagramTransport, busyMs: number, now: Now, later: Later): DatagramTransport {
  const periodMs = busyMs + TICK_MS;
  const open = inner.open.bind(inner);
  inner.open = (receiver: DatagramReceiver) => {
    let waiting: (() => void)[] = [];
    return open({
      onDatagram(payload, from) {
        const inPeriodMs = now() % periodMs;
        if (inPeriodMs >= busyMs) return receiver.onDatagram(payload, from);
        const copy = payload.slice();
        waiting.push(() => void receiver.onDatagram(copy, from));
        if (waiting.length > 1) return;
        later(now() - inPeriodMs + busyMs, () => {
          const all = waiting;
          waiting = [];
          for (const read of all) read();
          receiver.onBatchEnd();
        });
      },
      onBatchEnd: () => receiver.onBatchEnd(),
      onError: (error) => receiver.onError(error),
      onWritable: () => receiver.onWritable(),
    });
  };
  return inner;
}

/** A server's uplink with a game and two downloads, one of them to a client that is busy. */
async function play(busyMs: number) {
  const network = createNetwork({ seed: 1, link: { latencyMs: 20 } });
  const { clock } = network;
  const crypto = createSimulationCrypto(1);
  const identity = identityOf(crypto.generateKeyPair());
  const link = { bandwidthBytesPerSecond: RATE, queueBytes: RATE };
  const transport = network.createTransport({ host: "10.0.0.1", port: 1, link });
  const server = new Server({ protocol: "x", identity, crypto, clock, transport, tickRate: 60 });
  const peers: Peer[] = [];
  server.on("connect", (peer) => peers.push(peer));
  await clock.runUntilSettled(server.listen());
  const received = [0, 0, 0];
  const delays: number[] = [];
  for (let i = 0; i < 3; i++) {
    let own: DatagramTransport = network.createTransport({ host: `10.0.1.${i + 1}` });
    if (i === 1)
      own = busyTransport(
        own,
        busyMs,
        () => clock.now(),
        (atMs, callback) => clock.setTimer(atMs, callback),
      );
    const to = { host: "10.0.0.1", port: 1, protocol: "x", serverKey: identity.publicKey };
    const client = await clock.runUntilSettled(connect({ ...to, crypto, clock, transport: own }));
    client.on("message", ({ payload }) => {
      received[i] = (received[i] as number) + payload.length;
      if (i === 0) delays.push(clock.now() - new DataView(payload.buffer, payload.byteOffset).getFloat64(0));
    });
  }
  const [game, ...downloads] = peers as [Peer, ...Peer[]];
  for (let ms = 0; ms < 15_000; ms += TICK_MS) {
    if (ms < 5000) delays.length = received.fill(0)[0] as number;
    for (const peer of downloads) {
      while (peer.queuedBytes < 500_000 && peer.send(CHUNK, { delivery: "reliable" }).accepted);
    }
    const update = new Uint8Array(200);
    new DataView(update.buffer).setFloat64(0, clock.now());
    game.send(update, { delivery: "unreliable", priority: 7 });
    await clock.run(TICK_MS);
  }
  const gameMs = delays.sort((a, b) => a - b)[Math.floor(delays.length * 0.99)] as number;
  const [, busy, other] = received.map((bytes) => bytes / 10) as [number, number, number];
  return { gameMs, busy, other };
}

describe("a download to a client whose thread is busy, beside others", () => {
  it.each([
    [250, 0.25, 0.3],
    [600, 0.01, 0.8],
  ])("takes neither their share nor the game's time: busy for %d ms", async (busyMs, least, others) => {
    const { gameMs, busy, other } = await play(busyMs);
    expect(gameMs).toBeLessThan(120);
    expect(busy).toBeGreaterThan(least * RATE);
    expect(other).toBeGreaterThan(others * RATE);
  });
});

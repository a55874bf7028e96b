import { connect } from "@sortie/client";
import { identityOf } from "@sortie/handshake";
import { type Peer, Server } from "@sortie/server";
import { createNetwork, type LinkOptions } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const RELIABLE_CHANNEL = 4;
const RELIABLE_TICKS = 20;
/** Ticks of a second, which is also how often each peer gets an update. */
const TICK_RATE = 60;

interface Seen {
  /** Of all updates that the server sent, the share that arrived. */
  readonly share: number;
  /** ms. Median delay of the reliable messages. */
  readonly reliableMs: number;
  readonly packetsSent: number;
  readonly packetsLost: number;
}

/** A server that sends `count` peers a small update each tick, and now and then a reliable message. */
async function crowd(seed: number, count: number, updateBytes: number, uplink: LinkOptions) {
  const network = createNetwork({ seed, link: { latencyMs: 20 } });
  const { clock } = network;
  const crypto = createSimulationCrypto(seed);
  const identity = identityOf(crypto.generateKeyPair());
  const transport = network.createTransport({ host: "10.0.0.1", port: 1, link: uplink });
  const server = new Server({ protocol: "x", identity, crypto, clock, transport, tickRate: TICK_RATE });
  await clock.runUntilSettled(server.listen());
  const peers: Peer[] = [];
  server.on("connect", (peer) => peers.push(peer));
  let arrived = 0;
  let delays: number[] = [];
  for (let i = 0; i < count; i++) {
    const own = network.createTransport({ host: `10.0.1.${i + 1}` });
    const to = { host: "10.0.0.1", port: 1, protocol: "x", serverKey: identity.publicKey };
    const client = await clock.runUntilSettled(connect({ ...to, crypto, clock, transport: own }));
    client.on("message", ({ payload, channel }) => {
      if (channel !== RELIABLE_CHANNEL) arrived += 1;
      else delays.push(clock.now() - new DataView(payload.buffer, payload.byteOffset).getFloat64(0));
    });
  }
  server.on("tick", ({ tick }) => {
    const message = new Uint8Array(40);
    new DataView(message.buffer).setFloat64(0, clock.now());
    for (const peer of peers) {
      peer.send(new Uint8Array(updateBytes), { delivery: "unreliable" });
      if (tick % RELIABLE_TICKS === 0) peer.send(message, { delivery: "reliable", channel: RELIABLE_CHANNEL });
    }
  });
  const total = (key: "packetsSent" | "packetsLost") => peers.reduce((sum, p) => sum + p.stats.endpoint[key], 0);
  const play = async (seconds: number): Promise<Seen> => {
    arrived = 0;
    delays = [];
    const [sent, lost] = [total("packetsSent"), total("packetsLost")];
    await clock.run(seconds * 1000);
    const reliableMs = delays.sort((a, b) => a - b)[delays.length >> 1] as number;
    const share = arrived / (count * TICK_RATE * seconds);
    return { share, reliableMs, packetsSent: total("packetsSent") - sent, packetsLost: total("packetsLost") - lost };
  };
  return { play, setUplink: (link: LinkOptions) => transport.setSendLink(link) };
}

/** Half of what `count` peers are sent, with a queue of so many ms. */
function half(count: number, updateBytes: number, queueMs: number): LinkOptions {
  const bandwidthBytesPerSecond = (count * (updateBytes + 60) * TICK_RATE) / 2;
  return { bandwidthBytesPerSecond, queueBytes: (bandwidthBytesPerSecond * queueMs) / 1000 };
}

describe("many peers with little traffic each, together twice what the uplink carries", () => {
  it.each([
    { seed: 1, count: 20, updateBytes: 200, queueMs: 200, maxMs: 300 },
    { seed: 2, count: 60, updateBytes: 100, queueMs: 500, maxMs: 400 },
  ])("give way until little is lost: $count peers (seed $seed)", async (path) => {
    const { seed, count, updateBytes, queueMs, maxMs } = path;
    const { play } = await crowd(seed, count, updateBytes, half(count, updateBytes, queueMs));
    await play(5);
    const seen = await play(20);
    expect(seen.packetsLost / seen.packetsSent).toBeLessThan(0.12);
    expect(seen.packetsLost).toBeLessThan(count * 30);
    expect(seen.reliableMs).toBeLessThan(maxMs);
    expect(seen.share).toBeGreaterThan(0.5);
  });

  it("do not forget it in a minute (seed 3)", async () => {
    const { play } = await crowd(3, 20, 200, half(20, 200, 200));
    await play(50);
    const seen = await play(10);
    expect(seen.packetsLost).toBeLessThan(20 * 30);
    expect(seen.reliableMs).toBeLessThan(320);
  });

  it.each([1, 2])("are sent all again seconds after there is room (seed %d)", async (seed) => {
    const { play, setUplink } = await crowd(seed, 20, 200, half(20, 200, 200));
    await play(10);
    setUplink({ bandwidthBytesPerSecond: 624_000, queueBytes: 125_000 });
    await play(3);
    const seen = await play(5);
    expect(seen.share).toBeGreaterThan(0.99);
    expect(seen.packetsLost).toBe(0);
    expect(seen.reliableMs).toBeLessThan(40);
  });
});

describe("many peers with little traffic each on paths that lose at random", () => {
  const LOSSES: [string, LinkOptions][] = [
    ["5 %", { loss: 0.05 }],
    ["10 %", { loss: 0.1 }],
    ["10 % and 100 ms of jitter", { loss: 0.1, jitterMs: 100 }],
    ["10 % in bursts", { loss: 0.1, burst: 5 }],
  ];

  it.each(LOSSES)("are sent everything: %s", async (_name, uplink) => {
    const { play } = await crowd(1, 20, 200, uplink);
    await play(5);
    const seen = await play(10);
    expect(seen.packetsSent).toBeGreaterThanOrEqual(20 * TICK_RATE * 10);
    expect(seen.share).toBeGreaterThan(1 - 1.1 * (uplink.loss as number));
  });

  it("are sent everything again when the path has become longer as well", async () => {
    const { play, setUplink } = await crowd(1, 20, 200, { loss: 0.1 });
    await play(10);
    setUplink({ loss: 0.1, latencyMs: 100 });
    expect((await play(20)).share).toBeGreaterThan(0.8);
    const seen = await play(10);
    expect(seen.packetsSent).toBeGreaterThan(0.95 * 20 * TICK_RATE * 10);
    expect(seen.share).toBeGreaterThan(0.87);
  });
});

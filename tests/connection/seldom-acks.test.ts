import type { InboundMessage } from "@sortie/reliability";
import type { Peer } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { FrameLoop } from "../support/frame-loop.js";
import { GameNetwork } from "../support/game-network.js";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

/** 40 ms there and back; the queue holds 100 ms. */
const LINK = { latencyMs: 20, bandwidthBytesPerSecond: 1_000_000, queueBytes: 100_000 };
const PIECE = new Uint8Array(100_000);
const SMALL_CHANNEL = 3;
const STEP_MS = 100;
/** ms until the link must be full, and how long and in which parts that is looked at. */
const SETTLE_MS = 20_000;
const PART_MS = 5000;
const PARTS = 3;

type Sender = Pick<Peer<unknown>, "send" | "stats">;

interface Course {
  /** bytes/s that arrived in each part. */
  readonly rates: number[];
  readonly lostShare: number;
  /** Packets lost after the link was full. */
  readonly lostLater: number;
  /** ms that small reliable messages took after the link was full, in order of length. */
  readonly smallMs: number[];
}

/** More bulk than goes, and a small reliable message each 100 ms. */
class Traffic {
  readonly smallMs: number[] = [];
  bytes = 0;
  private readonly game: GameNetwork;

  constructor(game: GameNetwork) {
    this.game = game;
  }

  receive({ channel, payload }: InboundMessage): void {
    if (channel !== SMALL_CHANNEL) this.bytes += payload.length;
    else this.smallMs.push(this.game.clock.now() - new DataView(payload.buffer, payload.byteOffset).getFloat64(0));
  }

  async run(sender: Sender, ms: number): Promise<void> {
    const small = new Uint8Array(8);
    for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
      while (sender.send(PIECE, { delivery: "ordered" }).accepted);
      new DataView(small.buffer).setFloat64(0, this.game.clock.now());
      sender.send(small, { delivery: "reliable", channel: SMALL_CHANNEL });
      await this.game.run(STEP_MS);
    }
  }

  async course(sender: Sender): Promise<Course> {
    await this.run(sender, SETTLE_MS);
    const lostBefore = sender.stats.endpoint.packetsLost;
    const rates: number[] = [];
    this.smallMs.length = 0;
    for (let part = 0; part < PARTS; part++) {
      const before = this.bytes;
      await this.run(sender, PART_MS);
      rates.push(((this.bytes - before) * 1000) / PART_MS);
    }
    const { packetsLost, packetsSent } = sender.stats.endpoint;
    this.smallMs.sort((a, b) => a - b);
    const lostLater = packetsLost - lostBefore;
    return { rates, lostLater, lostShare: packetsLost / packetsSent, smallMs: this.smallMs };
  }
}

async function upload(tickRate: number): Promise<Course> {
  const game = new GameNetwork({ crypto: createSimulationCrypto(1), link: LINK, server: { tickRate } });
  const traffic = new Traffic(game);
  game.server.on("message", (_, message) => traffic.receive(message));
  await game.listen();
  return traffic.course(await game.connect());
}

async function download(frameMs: number): Promise<Course> {
  const game = new GameNetwork({ crypto: createSimulationCrypto(1), link: LINK });
  const traffic = new Traffic(game);
  let peer: Peer<unknown> | undefined;
  game.server.on("connect", (connected) => (peer = connected));
  await game.listen();
  const loop = new FrameLoop(game, frameMs);
  loop.onMessage = (message): void => traffic.receive(message);
  await loop.connected();
  return traffic.course(peer as Peer<unknown>);
}

function expectFull({ rates, lostShare, lostLater, smallMs }: Course, intervalMs: number): void {
  for (const rate of rates) expect(rate).toBeGreaterThan(700_000);
  // What the start overran of the queue, before it could be told.
  expect(lostShare).toBeLessThan(0.005);
  expect(lostLater).toBeLessThan(10);
  // The way, a queue as long as the link's, and the receiver's next tick or frame.
  expect(smallMs.length).toBeGreaterThan((0.9 * PARTS * PART_MS) / STEP_MS);
  expect(smallMs[smallMs.length >> 1]).toBeLessThan(20 + intervalMs);
  expect(smallMs[Math.floor(smallMs.length * 0.99)]).toBeLessThan(20 + 100 + intervalMs);
}

describe("a peer that acknowledges less often than the path's round trip", () => {
  it.each([2, 5, 10])("gets bulk at the link's rate: a server with %d ticks a second", async (tickRate) => {
    expectFull(await upload(tickRate), 1000 / tickRate);
  });

  it("gets bulk at the link's rate: a polled client with 5 frames a second", async () => {
    expectFull(await download(200), 200);
  });
});

import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { GameNetwork } from "../../../tests/support/game-network.js";
import { recordDatagrams } from "../../../tests/support/recorder.js";
import { Prefetcher } from "../src/prefetcher.js";

/** A block of connections whose state is read ahead. */
interface Call {
  readonly connections: readonly unknown[];
  readonly count: number;
  readonly receives: boolean;
  /** Of the connections at the time of the call. */
  readonly different: number;
}

/** The method that reads, beside what it reads. */
interface Fetching {
  readonly block: readonly unknown[];
  fetch(count: number, receives: boolean): void;
}

const prototype = Prefetcher.prototype as unknown as Fetching;
const { fetch } = prototype;
let calls: Call[] = [];

/** @param reads false: nothing is read ahead */
function watch(reads: boolean): void {
  vi.spyOn(prototype, "fetch").mockImplementation(function (this: Fetching, count, receives) {
    const different = new Set(this.block.slice(0, count)).size;
    calls.push({ connections: this.block, count, receives, different });
    if (reads) fetch.call(this, count, receives);
  });
}

afterEach(() => {
  vi.restoreAllMocks();
  calls = [];
});

const TICKS = 8;
const TICK_RATE = 30;

interface Play {
  /** Of every datagram in order, with its addresses. */
  readonly digest: string;
  readonly datagrams: number;
  readonly received: number;
}

/** Clients that send in every tick and are sent to; a third of them leaves meanwhile. */
async function play(peers: number): Promise<Play> {
  const game = new GameNetwork({
    server: {
      maxPeers: 1000,
      tickRate: TICK_RATE,
      handshakesPerSecond: 100_000,
      handshakesPerPrefix: { perSecond: 100_000, burst: 100_000 },
    },
    link: { latencyMs: 5, loss: 0.02 },
  });
  await game.listen();
  const seen = recordDatagrams(game.network);
  let received = 0;
  game.server.on("message", (peer, { payload }) => {
    received += 1;
    peer.send(payload, { delivery: "reliable" });
  });
  game.server.on("tick", () => {
    game.server.broadcast(new Uint8Array(100));
  });
  await game.connectAtOnce(peers);
  calls = [];
  for (let tick = 0; tick < TICKS; tick++) {
    for (const [index, client] of game.clients.entries()) {
      client.send(new Uint8Array(64).fill(index));
      if (tick === TICKS / 2 && index % 3 === 0) void client.close();
    }
    await game.run(1000 / TICK_RATE);
  }
  const digest = createHash("sha256");
  for (const { datagram, from, to } of seen) digest.update(`${from.toString()} ${to.toString()}`).update(datagram);
  const result = { digest: digest.digest("hex"), datagrams: seen.length, received };
  const ofPlay = calls;
  await game.end();
  calls = ofPlay;
  return result;
}

describe("reading the state of many peers ahead", () => {
  it("is done for tens of them at a time, for what has come and for what goes, and changes no datagram", async () => {
    watch(true);
    const ahead = await play(300);
    for (const receives of [true, false]) {
      const counts = calls.filter((call) => call.receives === receives).map((call) => call.count);
      expect(counts.length).toBeGreaterThan(TICKS);
      expect(Math.max(...counts)).toBe(32);
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(8);
      // All that there is a packet for, and nobody twice in a tick; some leave.
      const perTick = counts.reduce((sum, count) => sum + count, 0) / TICKS;
      expect(perTick).toBeGreaterThan(150);
      expect(perTick).toBeLessThan(310);
    }
    // Packets of a peer are built at once; two that have come may be its.
    for (const { count, receives, different } of calls) if (!receives) expect(different).toBe(count);
    // And keeps nobody alive.
    expect(calls.flatMap((call) => call.connections.filter((connection) => connection !== undefined))).toEqual([]);
    vi.restoreAllMocks();
    watch(false);
    expect(await play(300)).toEqual(ahead);
    expect(ahead.received).toBeGreaterThan(1500);
  });

  it("is left out with few peers, whose state stays in the caches", async () => {
    watch(true);
    await play(100);
    expect(calls).toEqual([]);
  });
});

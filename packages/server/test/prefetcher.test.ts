import { createHash } from "node:crypto";
import type { Connection, prefetch } from "@sortie/connection";
import { SocketAddress } from "@sortie/transport";
import { afterEach, describe, expect, it, vi } from "vitest";
import { GameNetwork } from "../../../tests/support/game-network.js";
import { recordDatagrams } from "../../../tests/support/recorder.js";
import type { ConnectionEntry } from "../src/connection-table.js";
import { EntryQueue } from "../src/entry-queue.js";
import { Prefetcher } from "../src/prefetcher.js";
import { TickInbox } from "../src/tick-inbox.js";

const MANY = 256;

/** Entries 1..400, whose connections bear their numbers, and a prefetcher that tells which of them it reads. */
class Reading {
  readonly entries: ConnectionEntry[] = Array.from({ length: 400 }, (_, slot) => {
    return { connection: { localConnectionId: slot } as Connection } as ConnectionEntry;
  });
  readonly blocks: { readonly numbers: number[]; readonly receives: boolean }[] = [];
  /** The array that was handed over. */
  handed: readonly (Connection | undefined)[] = [];
  readonly prefetcher: Prefetcher;

  constructor(size: number) {
    const read: typeof prefetch = (connections, count, receives) => {
      this.handed = connections;
      this.blocks.push({ numbers: connections.slice(0, count).map((one) => one?.localConnectionId ?? -1), receives });
      return count;
    };
    const find = (connectionId: number) => this.entries[connectionId];
    this.prefetcher = new Prefetcher({ size, find }, read);
  }

  /** Builds for entries `from`..`to - 1`, in a queue of their own. */
  build(from: number, to: number): void {
    const queue = new EntryQueue();
    for (const entry of this.entries.slice(from, to)) queue.push(entry);
    while (queue.peek() !== undefined) {
      // Asked again where the batch was full: nothing is read twice.
      for (let asked = 0; asked < 2; asked++) this.prefetcher.beforeBuilding(queue);
      queue.shift();
      this.prefetcher.onBuilt();
    }
  }

  open(connectionIds: readonly number[]): void {
    const inbox = new TickInbox();
    for (const id of connectionIds) {
      const datagram = new Uint8Array(40);
      new DataView(datagram.buffer).setUint32(1, id);
      inbox.push(datagram, SocketAddress.parse("192.0.2.1", 1000), 0);
    }
    for (let i = 0; i < inbox.count; i++) this.prefetcher.beforeOpening(inbox, i);
  }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("Prefetcher", () => {
  it("reads 32 at a time before packets are built, each once, and few that are left not at all", () => {
    const reading = new Reading(MANY);
    reading.build(0, 72);
    reading.build(100, 107);
    reading.build(200, 232);
    expect(reading.blocks).toEqual([
      { numbers: numbers(0, 32), receives: false },
      { numbers: numbers(32, 64), receives: false },
      { numbers: numbers(64, 72), receives: false },
      { numbers: numbers(200, 232), receives: false },
    ]);
  });

  it("reads whose datagrams are opened next, 32 at a time, but for those that have gone", () => {
    const reading = new Reading(MANY);
    reading.open([...numbers(0, 30), 5000, 3, ...numbers(40, 47)]);
    reading.open(numbers(100, 108));
    expect(reading.blocks).toEqual([
      { numbers: [...numbers(0, 30), 3], receives: true },
      { numbers: numbers(100, 108), receives: true },
    ]);
  });

  it("reads nothing with fewer than 256 connections, whose state stays in the caches", () => {
    const reading = new Reading(MANY - 1);
    reading.build(0, 100);
    reading.open(numbers(0, 100));
    expect(reading.blocks).toEqual([]);
  });

  it("keeps no connection alive", () => {
    const reading = new Reading(MANY);
    reading.build(0, 32);
    expect(reading.handed).toEqual(new Array(32).fill(undefined));
    reading.open(numbers(0, 32));
    expect(reading.handed).toEqual(new Array(32).fill(undefined));
  });
});

interface Play {
  /** Of every datagram in order, with its addresses. */
  readonly digest: string;
  readonly datagrams: number;
  readonly received: number;
}

/** 300 clients that send in every tick and are sent to; a third of them leaves meanwhile. */
async function play(): Promise<Play> {
  const game = new GameNetwork({
    server: {
      maxPeers: 1000,
      tickRate: 30,
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
  await game.connectAtOnce(300);
  for (let tick = 0; tick < 8; tick++) {
    for (const [index, client] of game.clients.entries()) {
      client.send(new Uint8Array(64).fill(index));
      if (tick === 4 && index % 3 === 0) void client.close();
    }
    await game.run(1000 / 30);
  }
  const digest = createHash("sha256");
  for (const { datagram, from, to } of seen) digest.update(`${from.toString()} ${to.toString()}`).update(datagram);
  await game.end();
  return { digest: digest.digest("hex"), datagrams: seen.length, received };
}

describe("a server with 300 peers", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("sends the same datagrams with reading ahead and without it, and reads ahead for all of both kinds", async () => {
    const told = [
      vi.spyOn(Prefetcher.prototype, "beforeOpening"),
      vi.spyOn(Prefetcher.prototype, "beforeBuilding"),
      vi.spyOn(Prefetcher.prototype, "onBuilt"),
    ] as const;
    const ahead = await play();
    expect(ahead.received).toBeGreaterThan(1500);
    expect(told[0].mock.calls.length).toBeGreaterThanOrEqual(ahead.received);
    expect(told[1].mock.calls.length).toBeGreaterThanOrEqual(told[2].mock.calls.length);
    expect(told[2].mock.calls.length).toBeGreaterThanOrEqual(ahead.received);
    for (const method of told) method.mockImplementation(() => undefined);
    expect(await play()).toEqual(ahead);
  });
});

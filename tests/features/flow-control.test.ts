import { createClient } from "@sortie/client";
import type { Peer } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { createNodeProvider } from "@sortie/handshake/node";
import { GameNetwork } from "../support/game-network.js";

const MIB = 1024 * 1024;
const FRAME_MS = 16;
/** What a channel may have unread with a receive window of 1 MiB: 320 KiB more, overhead included. */
const CREDIT_BYTES = MIB + 320 * 1024;

/** A payload of `bytes` that begins with its number. */
function numbered(index: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes);
  new DataView(payload.buffer).setUint32(0, index);
  return payload;
}

function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

describe("S13 a receiver whose application stops reading for 30 s during bulk", () => {
  it.each([{ seed: 1, loss: 0, resumedMs: 130 }, ...[1, 2, 3].map((seed) => ({ seed, loss: 0.01, resumedMs: 260 }))])(
    "the sender stops within its credit, memory is bounded, it resumes at once (seed $seed, loss $loss)",
    async ({ seed, loss, resumedMs }) => {
      const link = { latencyMs: 25, loss, bandwidthBytesPerSecond: 2 * MIB };
      const game = new GameNetwork({ seed, link, crypto: createNodeProvider() });
      let peer: Peer | undefined;
      let next = 0;
      let beat = 0;
      game.server.on("connect", (connected) => (peer = connected));
      game.server.on("tick", () => {
        // Bulk as fast as the queue takes it, and game state beside it.
        while (peer?.send(numbered(next, 16_000), { delivery: "ordered", channel: 1 }).accepted === true) next += 1;
        peer?.send(numbered(beat++, 64), { channel: 2 });
        peer?.send(numbered(beat, 64), { delivery: "bestEffort", channel: 3 });
      });
      await game.listen();
      const client = createClient(game.clientOptions({ receiveWindowBytes: MIB }));
      const bulk: number[] = [];
      let states = 0;
      const frame = async (reads: boolean, ms = FRAME_MS): Promise<void> => {
        client.update(game.clock.now());
        for (let message = reads ? client.receive() : undefined; message !== undefined; message = client.receive()) {
          if (message.channel === 1) bulk.push(numberOf(message.payload));
          else states += 1;
        }
        await game.run(ms);
      };
      for (let at = 0; at < 2000; at += FRAME_MS) await frame(true);
      expect(bulk.length).toBeGreaterThan(50);

      // 10 s in, the credit is used up; then nothing of the bulk moves for 20 s, and everything else does.
      for (let at = 0; at < 10_000; at += 50) await frame(false, 50);
      const before = peer?.stats.endpoint;
      const heardBefore = client.stats?.endpoint;
      for (let at = 0; at < 20_000; at += 50) await frame(false, 50);
      const after = peer?.stats.endpoint;
      const heard = client.stats?.endpoint;
      expect(after?.messagesSent[4]).toBe(before?.messagesSent[4]);
      // Neither for the first time nor again.
      expect(after?.fragmentsSent).toBe(before?.fragmentsSent);
      expect(after?.blockedChannels).toBe(1);
      expect(heard?.packetsRefused).toBe(0);
      expect(heard?.inboxBytes).toBeLessThan(CREDIT_BYTES + 2 * 8192 * 64);
      expect(heard?.heldBytes).toBe(0);
      expect((heard?.messagesReceived[0] ?? 0) - (heardBefore?.messagesReceived[0] ?? 0)).toBeGreaterThan(1100);

      const unread = bulk.length;
      await frame(true);
      const read = bulk.length;
      // At least three quarters of what the window holds: the sender is told a quarter at a time.
      expect(read).toBeGreaterThan(unread + 45);
      // The next frame sends the credit; a tick and a round trip later new data is here, two more where some was lost.
      for (let at = 0; at < resumedMs && bulk.length <= read; at += FRAME_MS) await frame(true);
      expect(bulk.length).toBeGreaterThan(read);
      for (let at = 0; at < 2000; at += FRAME_MS) await frame(true);
      expect(bulk.length).toBeGreaterThan(read + 150);
      expect(bulk).toEqual(bulk.map((_, i) => i));
      expect(states).toBeGreaterThan(1000);
      expect(client.state).toBe("connected");
      await game.settle(client.close());
      await game.end();
    },
    // 32 s of traffic take a second or two; a machine that is busy otherwise takes longer.
    60_000,
  );
});

describe("a paused channel", () => {
  it("of a peer: its messages wait with the client, others come; resumed, all come in order", async () => {
    const game = new GameNetwork({ link: { latencyMs: 10 }, server: { receiveWindowBytes: MIB } });
    const heard = new Map<number, number[]>([1, 2].map((channel) => [channel, []]));
    let peer: Peer | undefined;
    game.server.on("connect", (connected) => (peer = connected));
    game.server.on("message", (_peer, { channel, payload }) => heard.get(channel)?.push(numberOf(payload)));
    await game.listen();
    const client = await game.connect();
    await game.run(100);
    peer?.pause(1);
    let sent = 0;
    for (let i = 0; i < 150; i++) {
      if (client.send(numbered(sent, 16_000), { delivery: "ordered", channel: 1 }).accepted) sent += 1;
      client.send(numbered(i, 100), { delivery: "ordered", channel: 2 });
      await game.run(20);
    }
    expect(heard.get(1)).toEqual([]);
    expect(heard.get(2)?.length).toBeGreaterThan(140);
    const inbox = peer?.stats.endpoint.inboxBytes ?? 0;
    expect(inbox).toBeGreaterThan(CREDIT_BYTES - 320 * 1024 - 17_000);
    expect(inbox).toBeLessThanOrEqual(CREDIT_BYTES);
    peer?.resume(1);
    await game.run(3000);
    expect(heard.get(1)).toEqual(Array.from({ length: sent }, (_, i) => i));
    expect(client.stats.endpoint.blockedChannels).toBe(0);
    await game.end();
  });

  it.each([
    { when: "between datagrams", tickRate: 0, boundMs: 21 },
    { when: "and flushed", tickRate: 0, boundMs: 21 },
    { when: "in a listener of another peer", tickRate: 0, boundMs: 31 },
    { when: "and flushed", tickRate: 60, boundMs: 60 },
    { when: "in a tick", tickRate: 60, boundMs: 75 },
  ])("of an idle peer, resumed $when: its sender goes on at once (tick rate $tickRate)", async (row) => {
    const { when, tickRate, boundMs } = row;
    const server = { tickRate, receiveWindowBytes: 65_536, maxMessageBytes: 65_536 };
    const game = new GameNetwork({ link: { latencyMs: 10 }, server });
    const peers: Peer[] = [];
    let heard = 0;
    game.server.on("connect", (peer) => peers.push(peer));
    game.server.on("message", (_peer, { channel }) => void (channel === 1 ? (heard += 1) : peers[0]?.resume(1)));
    await game.listen();
    const client = await game.connect();
    const other = await game.connect();
    await game.run(100);
    const peer = peers[0] as Peer;
    peer.pause(1);
    for (let i = 0; i < 40; i++) client.send(numbered(i, 16_000), { delivery: "reliable", channel: 1 });
    // What fits the credit is here, and the next keep-alive is far.
    await game.run(1500);
    expect(client.stats.endpoint.blockedChannels).toBe(1);
    const unread = peer.stats.endpoint.inboxMessages;
    if (when === "in a tick") game.server.once("tick", () => peer.resume(1));
    else if (when !== "in a listener of another peer") peer.resume(1);
    else other.send("go on", { channel: 2 });
    if (when === "and flushed") peer.flush();
    const resumedAtMs = game.clock.now();
    while (heard <= unread && game.clock.now() < resumedAtMs + 500) await game.run(1);
    expect(game.clock.now() - resumedAtMs).toBeLessThanOrEqual(boundMs);
    await game.end();
  });

  it.each([60, 0])("of a peer that leaves: what was acked comes before its end (tick rate %i)", async (tickRate) => {
    const game = new GameNetwork({ link: { latencyMs: 10 }, server: { tickRate } });
    const heard: unknown[] = [];
    game.server.on("connect", (peer) => peer.pause(1));
    game.server.on("message", (peer, { payload }) => {
      heard.push(numberOf(payload));
      peer.pause(1); // Too late: nothing more will come.
    });
    game.server.on("disconnect", (_peer, { code }) => heard.push(code));
    await game.listen();
    const client = await game.connect();
    await game.run(100);
    const receipts = [0, 1, 2].map((i) => client.send(numbered(i, 100), { delivery: "reliable", channel: 1 }));
    await game.run(500);
    expect(heard).toEqual([]);
    await game.settle(client.close());
    await game.run(100);
    expect(await Promise.all(receipts.map((receipt) => receipt.outcome))).toEqual(["acked", "acked", "acked"]);
    expect(heard).toEqual([0, 1, 2, "closed"]);
    await game.end();
  });

  it("of a client that is sent away: what was acknowledged comes before its end", async () => {
    const game = new GameNetwork({ link: { latencyMs: 10 } });
    await game.listen();
    const client = await game.connect();
    const heard: unknown[] = [];
    client.on("message", ({ payload }) => heard.push(numberOf(payload)));
    client.on("disconnect", ({ code }) => heard.push(code));
    client.pause(3);
    await game.run(100);
    const peer = [...game.server.peers.values()][0];
    const receipt = peer?.send(numbered(7, 100), { delivery: "ordered", channel: 3 });
    await game.run(500);
    expect(await receipt?.outcome).toBe("acked");
    expect(heard).toEqual([]);
    peer?.disconnect("enough");
    await game.run(500);
    expect(heard).toEqual([7, "kicked"]);
    await game.end();
  });

  it.each([60, 0])("of a client, with events; the server goes on by itself (tick rate %i)", async (tickRate) => {
    const game = new GameNetwork({ link: { latencyMs: 10 }, server: { tickRate } });
    let peer: Peer | undefined;
    game.server.on("connect", (connected) => (peer = connected));
    await game.listen();
    const client = await game.connect({ receiveWindowBytes: MIB });
    const heard: number[] = [];
    client.on("message", ({ payload }) => heard.push(numberOf(payload)));
    await game.run(100);
    client.pause(0);
    for (let i = 0; i < 200; i++) peer?.send(numbered(i, 16_000), { delivery: "reliable" });
    await game.run(3000);
    expect(heard).toEqual([]);
    expect(peer?.stats.endpoint.blockedChannels).toBe(1);
    client.resume(0);
    await game.run(3000);
    expect(new Set(heard).size).toBe(200);
    expect(() => peer?.pause(256)).toThrow('"channel" expected an integer in 0..255, got 256');
    expect(() => client.pause(-1)).toThrow('"channel" expected an integer in 0..255, got -1');
    await game.end();
  });
});

describe("backpressure", () => {
  it("is told by the receipt, by queuedBytes, and by drain when there is room again", async () => {
    const game = new GameNetwork({ link: { latencyMs: 10 }, server: { sendRateBytesPerSecond: MIB } });
    const drains: number[] = [];
    let peer: Peer | undefined;
    game.server.on("connect", (connected) => (peer = connected));
    game.server.on("drain", (drained) => drains.push(drained.queuedBytes));
    await game.listen();
    const client = await game.connect({ sendRateBytesPerSecond: MIB });
    await game.run(100);
    const fill = (side: Pick<Peer, "send">): string | undefined => {
      for (;;) {
        const receipt = side.send(new Uint8Array(60_000), { delivery: "reliable" });
        if (!receipt.accepted) return receipt.refusal;
      }
    };
    let clientDrains = 0;
    client.on("drain", () => (clientDrains += 1));
    expect(fill(peer as Peer)).toBe("queue-full");
    expect(fill(client)).toBe("queue-full");
    expect(client.queuedBytes).toBeGreaterThan(4 * MIB - 60_001);
    await game.run(1000);
    expect([drains, clientDrains]).toEqual([[], 0]);
    await game.run(2000);
    expect(clientDrains).toBe(1);
    expect(drains).toHaveLength(1);
    expect(drains[0]).toBeGreaterThan(MIB);
    expect(drains[0]).toBeLessThanOrEqual(2 * MIB);
    await game.run(3000);
    expect([drains.length, clientDrains, peer?.queuedBytes]).toEqual([1, 1, 0]);
    await game.end();
  });
});

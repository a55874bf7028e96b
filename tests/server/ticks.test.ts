import type { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

describe("ticks", () => {
  it("come at their rate without drift, with an exact deltaMs, and sleep when nobody is there", async () => {
    const game = new GameNetwork({ server: { tickRate: 60 } });
    const ticks: number[] = [];
    game.server.on("tick", ({ deltaMs }) => {
      ticks.push(game.clock.now());
      expect(deltaMs).toBeCloseTo(1000 / 60, 9);
    });
    await game.listen();
    await game.run(1000);
    expect(ticks).toEqual([]);
    const client = await game.connect();
    const from = ticks.length;
    await game.run(10_000);
    expect(ticks.length - from).toBeGreaterThanOrEqual(599);
    expect(ticks.length - from).toBeLessThanOrEqual(601);
    const span = (ticks.at(-1) as number) - (ticks[0] as number);
    expect(span / (ticks.length - 1)).toBeCloseTo(1000 / 60, 6);
    await game.settle(client.close());
    await game.run(2000);
    const after = ticks.length;
    await game.run(1000);
    expect(ticks.length).toBe(after);
    await game.end();
  });

  it("dispatch messages first, then tick, then send one coalesced flush", async () => {
    const game = new GameNetwork({ server: { tickRate: 20 } });
    const order: string[] = [];
    game.server.on("message", (peer) => {
      order.push("message");
      for (let i = 0; i < 5; i++) peer.send("answer");
    });
    game.server.on("tick", () => order.push("tick"));
    await game.listen();
    const client = await game.connect();
    await game.run(100);
    order.length = 0;
    const sentBefore = game.serverTransport.statistics.datagramsSent;
    let answers = 0;
    client.on("message", () => (answers += 1));
    client.send("question");
    await game.run(50);
    expect(order[0]).toBe("message");
    expect(order[1]).toBe("tick");
    expect(answers).toBe(5);
    expect(game.serverTransport.statistics.datagramsSent - sentBefore).toBe(1);
    await game.end();
  });

  it("are what peers' datagrams wait for, also after a peer has moved", async () => {
    const game = new GameNetwork({ server: { tickRate: 30 }, link: { latencyMs: 5 } });
    const tickMs = 1000 / 30;
    let tickedAtMs = 0;
    game.server.on("tick", () => (tickedAtMs = game.clock.now()));
    await game.listen();
    const transport = game.network.createTransport();
    const client = await game.connect({ transport });
    await game.run(100);
    const peer = game.server.peers.get(1);
    for (const moves of [0, 1, 2]) {
      if (moves > 0) await game.settle(transport.rebind());
      client.send("here I am");
      await game.run(1000);
      expect(peer?.stats.migrations).toBe(moves);
      // Just after a tick, so that what is sent now arrives well before the next one.
      while (game.clock.now() - tickedAtMs > 0.5) await game.run(0.25);
      const before = peer?.stats.packetsReceived ?? 0;
      client.send("between two ticks");
      await game.run(tickMs / 2);
      expect(peer?.stats.packetsReceived).toBe(before);
      await game.run(tickMs);
      expect(peer?.stats.packetsReceived).toBeGreaterThan(before);
    }
    await game.end();
  });

  it("as slow as they may be for the idle timeout keep a quiet peer", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 }, server: { tickRate: 1, idleTimeoutMs: 2000 } });
    await game.listen();
    const client = await game.connect();
    await game.run(60_000);
    expect([client.isConnected, game.server.peers.size]).toEqual([true, 1]);
    await game.end();
  });

  it("hold answers back to the tick, unless flushed", async () => {
    const game = new GameNetwork({ server: { tickRate: 1 } });
    const arrivals: number[] = [];
    await game.listen();
    const client = await game.connect();
    client.on("message", () => arrivals.push(game.clock.now()));
    await game.run(1100);
    const sentAt = game.clock.now();
    game.server.peers.get(1)?.send("now");
    game.server.peers.get(1)?.flush();
    await game.run(10);
    expect(arrivals).toHaveLength(1);
    expect((arrivals[0] as number) - sentAt).toBeLessThan(5);
    game.server.peers.get(1)?.send("later");
    await game.run(10);
    expect(arrivals).toHaveLength(1);
    await game.run(1000);
    expect(arrivals).toHaveLength(2);
    await game.end();
  });

  it("event-driven mode answers at once and coalesces what one batch caused", async () => {
    const game = new GameNetwork({ server: { tickRate: 0 }, link: { latencyMs: 5 } });
    game.server.on("message", (peer, message) => peer.send(message.payload));
    await game.listen();
    const client = await game.connect();
    const arrivals: number[] = [];
    client.on("message", () => arrivals.push(game.clock.now()));
    await game.run(100);
    const sentAt = game.clock.now();
    for (let i = 0; i < 10; i++) client.send("x");
    await game.run(100);
    expect(arrivals).toHaveLength(10);
    for (const at of arrivals) expect(at - sentAt).toBeCloseTo(10, 6);
    expect(game.server.stats.ticks).toBeUndefined();
    await game.end();
  });

  it("peers' datagrams are opened at the tick, as of the time when they came", async () => {
    const game = new GameNetwork({ server: { tickRate: 30 }, link: { latencyMs: 10 } });
    const ticks: number[] = [];
    game.server.on("tick", () => ticks.push(game.clock.now()));
    await game.listen();
    const client = await game.connect();
    await game.run(1000);
    const [peer] = game.server.peers.values();
    const before = peer?.stats.packetsReceived;
    // Arrives between two ticks: 10 ms on its way, from 10 ms after one.
    await game.run((ticks.at(-1) as number) + 1000 / 30 + 10 - game.clock.now());
    client.send("between", { delivery: "reliable" });
    await game.run(20);
    expect(peer?.stats.packetsReceived).toBe(before);
    await game.run(1000 / 30);
    expect(peer?.stats.packetsReceived).toBeGreaterThan(before as number);
    for (let i = 0; i < 50; i++) {
      client.send("again", { delivery: "reliable" });
      peer?.send("and back", { delivery: "reliable" });
      await game.run(47);
    }
    // 20 ms of path: the wait for the tick is in neither side's samples.
    expect(client.rttMs).toBeGreaterThan(19.9);
    expect(client.rttMs).toBeLessThan(21);
    expect(peer?.rttMs).toBeLessThan(24);
    await game.end();
  });

  it("more datagrams between two ticks than are kept for the tick are opened early, and none is lost", async () => {
    const game = new GameNetwork({ server: { tickRate: 30 } });
    await game.listen();
    const client = await game.connect();
    let sent: [Uint8Array, SocketAddress, SocketAddress] | undefined;
    game.network.tap((datagram, from, to) => {
      if (to.equals(game.serverAddress)) sent = [datagram.slice(), from, to];
    });
    client.send("hello", { delivery: "reliable" });
    await game.run(200);
    const dropped = (): number => Object.values(game.server.stats.drops).reduce((sum, count) => sum + count, 0);
    const before = dropped();
    // Copies of a datagram of the peer: each is opened far enough to be told from a new one.
    for (let i = 0; i < 1500; i++) game.network.inject(...(sent as NonNullable<typeof sent>));
    await game.run(100);
    expect(dropped() - before).toBe(1500);
    await game.end();
  });
});

import { type Client, connect, createClient } from "@sortie/client";
import { Server, type ServerOptions } from "@sortie/server";
import { assertNoLeaks } from "@sortie/testkit";
import { SocketAddress } from "@sortie/transport";
import { connect as connectUdp, createServer, generateIdentity } from "sortie";
import { describe, expect, it, vi } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { HeldClock } from "../support/held-clock.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";

const GAME = { link: { latencyMs: 20 }, crypto: createSeededNodeCrypto(43) };

/** A server on a machine whose event loop can be blocked, beside the game's own. */
async function blockable(options: Partial<ServerOptions> = {}) {
  const game = new GameNetwork({ crypto: createSeededNodeCrypto(43) });
  const clock = new HeldClock(game.clock);
  const transport = game.network.createTransport({ host: "10.0.0.9", port: 9 });
  const { crypto, identity } = game;
  const server = new Server({ protocol: "test/1", crypto, identity, clock, transport, tickRate: 60, ...options });
  await game.settle(server.listen());
  const clients: Client[] = [];
  for (let i = 0; i < 4; i++) clients.push(await game.connect({ host: "10.0.0.9", port: 9 }));
  await game.run(500);
  return { game, clock, server, clients, address: transport.localAddress as SocketAddress, transport };
}

describe("T43 an event loop that is blocked for two seconds", () => {
  it.each([60, 0])("T43 10,000 datagrams queued (tickRate %i): all served, no spiral, all live", async (rate) => {
    const { game, clock, server, clients, address, transport } = await blockable({ tickRate: rate });
    let messages = 0;
    let ticks = 0;
    const lost: unknown[] = [];
    server.on("message", (peer, { payload }) => {
      messages += 1;
      peer.send(payload, { delivery: "reliable" });
    });
    server.on("tick", () => (ticks += 1));
    server.on("disconnect", (_peer, reason) => lost.push(reason));
    let echoes = 0;
    for (const client of clients) client.on("message", () => (echoes += 1));
    const skippedBefore = server.stats.ticks?.skipped ?? 0;
    clock.hold(2000);
    // What clients send meanwhile is taken from the socket when the block is over.
    transport.setReceiveLink({ latencyMs: 1990 });
    for (let i = 0; i < 200; i++) clients[i % 4]?.send(`${i}`, { delivery: "ordered" });
    for (let i = 0; i < 10_000; i++) {
      const from = SocketAddress.parse(`203.0.113.${i & 0xff}`, 1024 + i);
      game.network.inject(new Uint8Array(80).fill(0x40), from, address, 1995);
    }
    await game.run(1989);
    expect({ messages, ticks }).toEqual({ messages: 0, ticks: 0 });
    await game.run(12);
    transport.setReceiveLink({});
    // Four to make up for what was missed, and perhaps the next one.
    expect(ticks).toBeLessThanOrEqual(5);
    expect(messages).toBe(200);
    expect(server.stats.drops["unknown-connection"]).toBe(10_000);
    await game.run(1000);
    if (rate > 0) {
      const skipped = (server.stats.ticks?.skipped ?? 0) - skippedBefore;
      expect(skipped).toBeGreaterThan(110);
      expect(skipped + ticks).toBeGreaterThanOrEqual(179);
      expect(skipped + ticks).toBeLessThanOrEqual(181);
    }
    expect(echoes).toBe(200);
    expect(lost).toEqual([]);
    expect(server.peers.size).toBe(4);
    await game.settle(server.close());
    await game.end();
  });

  it("T43b each tick takes three times its interval: the game goes on at the rate it can keep", async () => {
    const { game, clock, server, clients } = await blockable({ tickRate: 50 });
    let ticks = 0;
    server.on("tick", () => {
      ticks += 1;
      clock.hold(60);
    });
    await game.run(6000);
    // 300 ticks were due, 100 blocks fit; each block is followed by what is made up for, at most four.
    expect(ticks).toBeGreaterThan(90);
    expect(ticks).toBeLessThanOrEqual(300);
    expect(server.peers.size).toBe(4);
    expect(clients.every((client) => client.isConnected)).toBe(true);
    await game.settle(server.close());
    await game.end();
  });

  it("T43c over UDP: blocked with thousands of datagrams in the socket, then everybody is served", async () => {
    const identity = generateIdentity();
    const server = createServer({ protocol: "udp/1", identity, host: "127.0.0.1", port: 0, tickRate: 60 });
    const lost: unknown[] = [];
    server.on("message", (peer, { payload }) => peer.send(payload, { delivery: "reliable" }));
    server.on("disconnect", (_peer, reason) => lost.push(reason));
    const { port } = await server.listen();
    const options = { host: "127.0.0.1", port, protocol: "udp/1", serverKey: identity.publicKey };
    const clients = await Promise.all([connectUdp(options), connectUdp(options)]);
    let echoes = 0;
    for (const client of clients) client.on("message", () => (echoes += 1));
    for (const client of clients) {
      for (let i = 0; i < 2000; i++) client.send(`${i}`, { delivery: "reliable" });
      client.flush();
    }
    const untilMs = performance.now() + 700;
    while (performance.now() < untilMs);
    await vi.waitFor(() => expect(echoes).toBe(4000), { timeout: 30_000, interval: 20 });
    expect(lost).toEqual([]);
    expect(server.stats.ticks?.skipped).toBeGreaterThan(30);
    await Promise.all(clients.map((client) => client.close()));
    await server.close();
    expect(server.stats).toMatchObject({ peers: 0, halfOpen: 0 });
  });
});

describe("T44 close at any time", () => {
  it("T44 of a client, at each stage of its handshake: it ends, and the server keeps nothing", async () => {
    for (let ms = 0; ms <= 200; ms += 8) {
      const game = new GameNetwork({ ...GAME, server: { tickRate: 0 } });
      await game.listen();
      const controller = new AbortController();
      const attempt = connect(game.clientOptions({ signal: controller.signal })).then(
        (client) => client.close(),
        (error: { code: string }) => expect(error.code).toBe("aborted"),
      );
      await game.run(ms);
      controller.abort();
      await game.settle(attempt, 5000);
      // Without keys yet, it cannot tell the server, which waits for the handshake's deadline.
      await game.run(11_000);
      expect(game.server.stats, `${ms} ms`).toMatchObject({ peers: 0, halfOpen: 0 });
      await game.end();
    }
  });

  it("T44b of a polled client before it is open, and twice", async () => {
    const game = new GameNetwork(GAME);
    await game.listen();
    for (const ms of [0, 25, 50, 90, 500]) {
      const client = createClient(game.clientOptions());
      for (let passed = 0; passed < ms; passed += 5) {
        await game.run(5);
        client.update(game.clock.now());
      }
      await game.settle(Promise.all([client.close(), client.close()]));
      expect(client.state).toBe("closed");
      client.update(game.clock.now());
    }
    await game.run(15_000);
    await game.end();
  });

  it("T44c of the server, at each stage of a handshake: the client hears or times out, nothing is left", async () => {
    for (let ms = 0; ms <= 200; ms += 8) {
      const game = new GameNetwork(GAME);
      await game.listen();
      const attempt = connect(game.clientOptions({ timeoutMs: 2000 })).then(
        async (client) => {
          await new Promise<void>((resolve) => client.on("disconnect", () => resolve()));
          return "connected";
        },
        (error: { code: string }) => error.code,
      );
      await game.run(ms);
      await game.settle(game.server.close(), 10_000);
      expect(["connected", "rejected", "timeout"]).toContain(await game.settle(attempt, 20_000));
      expect(game.server.stats).toMatchObject({ peers: 0, halfOpen: 0 });
      await game.end();
    }
  });

  it("T44d of the server while authenticate has not answered: told, and the late answer admits nobody", async () => {
    let accept: (answer: { accept: true }) => void = () => {};
    const authenticate = () => new Promise<{ accept: true }>((resolve) => (accept = resolve));
    const game = new GameNetwork({ ...GAME, server: { authenticate } });
    await game.listen();
    const attempt = connect(game.clientOptions()).catch((error: { code: string }) => error.code);
    await game.run(300);
    expect(game.server.stats.halfOpen).toBe(1);
    await game.settle(game.server.close(), 5000);
    expect(await game.settle(attempt as Promise<unknown>, 5000)).toBe("rejected");
    accept({ accept: true });
    await game.run(100);
    expect(game.server.stats).toMatchObject({ peers: 0, halfOpen: 0, peersAccepted: 0 });
    await game.end();
  });

  it.each(["client", "server"] as const)("T44e of the %s in a transfer each way: receipts say closed", async (who) => {
    const game = new GameNetwork(GAME);
    await game.listen();
    const client = await game.connect();
    const ends: string[] = [];
    client.on("disconnect", ({ code, by }) => ends.push(`client ${code} ${by}`));
    game.server.on("disconnect", (_peer, { code, by }) => ends.push(`server ${code} ${by}`));
    await game.run(100);
    const peer = [...game.server.peers.values()][0];
    const up = client.send(new Uint8Array(1_000_000), { delivery: "reliable" });
    const down = peer?.send(new Uint8Array(1_000_000), { delivery: "ordered" });
    await game.run(70);
    const closing = who === "client" ? client.close({ drainMs: 0 }) : game.server.close({ drainMs: 0 });
    await game.settle(closing, 5000);
    await game.run(1000);
    expect(await up.outcome).toBe("closed");
    expect(await down?.outcome).toBe("closed");
    expect(ends.sort()).toEqual(
      who === "client"
        ? ["client closed local", "server closed remote"]
        : ["client shutting-down remote", "server shutting-down local"],
    );
    await game.end();
  });

  it("T44f of both sides at the same instant: one end each, and at once", async () => {
    const game = new GameNetwork(GAME);
    await game.listen();
    const client = await game.connect();
    const ends: string[] = [];
    client.on("disconnect", ({ code }) => ends.push(`client ${code}`));
    game.server.on("disconnect", (_peer, { code }) => ends.push(`server ${code}`));
    await game.run(100);
    const startMs = game.clock.now();
    await game.settle(Promise.all([client.close(), game.server.close()]), 5000);
    expect(game.clock.now() - startMs).toBeLessThan(200);
    expect(ends.sort()).toEqual(["client closed", "server shutting-down"]);
    await game.end();
  });

  it("T44g twice, a hundred times, after the end, and before listen: one promise each, no error", async () => {
    const game = new GameNetwork(GAME);
    await game.listen();
    const client = await game.connect();
    const first = client.close();
    for (let i = 0; i < 100; i++) expect(client.close()).toBe(first);
    await game.settle(first);
    expect(client.close()).toBe(first);
    expect(client.send("late").refusal).toBe("closed");
    const end = game.server.close();
    expect(game.server.close({ drainMs: 1000 })).toBe(end);
    await game.settle(end);
    await game.end();
    const idle = new GameNetwork(GAME);
    await idle.settle(idle.server.close());
    await expect(idle.server.listen()).rejects.toThrow("closed");
    assertNoLeaks({ servers: [idle.server], clock: idle.clock });
    const opening = new GameNetwork(GAME);
    const listening = opening.server.listen().catch((error: Error) => error.name);
    await opening.settle(opening.server.close());
    await opening.settle(listening);
    assertNoLeaks({ servers: [opening.server], clock: opening.clock });
  });
});

import type { Client } from "@sortie/client";
import { Server } from "@sortie/server";
import { assertNoLeaks } from "@sortie/testkit";
import { SocketAddress, SystemClock } from "@sortie/transport";
import { afterEach, describe, expect, it, vi } from "vitest";
import { GameNetwork, PROTOCOL } from "../support/game-network.js";
import { readdressed } from "../support/hostile-packets.js";
import { InstrumentedCrypto } from "../support/instrumented-crypto.js";
import { recordDatagrams, type SeenDatagram } from "../support/recorder.js";
import { ShiftedClock } from "../support/shifted-clock.js";

const isProtected = ({ datagram }: { datagram: Uint8Array }): boolean => (datagram[0] as number) >= 0x40;

function idOf(datagram: Uint8Array): number {
  return new DataView(datagram.buffer, datagram.byteOffset).getUint32(1);
}

function disconnectsOf(client: Client): string[] {
  const codes: string[] = [];
  client.on("disconnect", ({ code }) => codes.push(code));
  return codes;
}

/** Another server of the same identity. */
function newServer(game: GameNetwork, host: string, port: number): Server<unknown> {
  const { identity, crypto, clock, network } = game;
  const transport = network.createTransport({ host, port });
  return new Server({ protocol: PROTOCOL, identity, crypto, transport, clock });
}

/** The server loses its network without a word, and another one takes its place. */
async function restart(game: GameNetwork): Promise<Server<unknown>> {
  const { serverAddress } = game;
  game.network.setFilter((_datagram, from) => !from.equals(serverAddress));
  await game.settle(game.server.close({ drainMs: 0 }), 10_000);
  game.network.setFilter(undefined);
  const second = newServer(game, "10.0.0.1", 1474);
  await game.settle(second.listen());
  return second;
}

describe("T08 a restarted server", () => {
  it("T08 takes nothing of the old sessions, and gives who comes back fresh keys", async () => {
    const crypto = new InstrumentedCrypto(8);
    const game = new GameNetwork({ crypto });
    await game.listen();
    const wire = recordDatagrams(game.network);
    const client = await game.connect();
    const codes = disconnectsOf(client);
    for (let i = 0; i < 50; i++) {
      client.send(`secret ${i}`, { delivery: "reliable" });
      game.server.peers.get(1)?.send(`answer ${i}`, { delivery: "reliable" });
      await game.run(17);
    }
    const old = wire.slice();
    const toServer = old.filter(({ to }) => to.equals(game.serverAddress));
    const oldData = toServer.filter(isProtected);
    const from = (oldData[0] as { from: SocketAddress }).from;
    const second = await restart(game);
    const heard: string[] = [];
    second.on("message", (_peer, { payload }) => heard.push(new TextDecoder().decode(payload)));

    // Everything that the client ever sent, hello and cookie included.
    for (const { datagram } of toServer) game.network.inject(datagram, from, SocketAddress.parse("10.0.0.1", 1474));
    await game.run(500);
    // The client's questions, whether it is known there, are among them.
    expect(second.stats.drops["unknown-connection"]).toBeGreaterThanOrEqual(oldData.length);
    expect(second.stats.drops["unknown-connection"]).toBeLessThan(oldData.length + 10);
    expect(second.stats.drops["bad-cookie"]).toBe(1);
    expect(second.stats).toMatchObject({ handshakes: 0, halfOpen: 0, peers: 0 });
    // The answers, resets, tell the client that it is alone.
    expect(codes).toEqual(["server-restarted"]);

    // The client comes back, and the old packets come again, under the new connection's IDs too.
    const again = await game.connect();
    const received: string[] = [];
    again.on("message", ({ payload }) => received.push(new TextDecoder().decode(payload)));
    again.send("hello again", { delivery: "reliable" });
    await game.run(100);
    const fresh = wire.slice(old.length).filter(isProtected);
    const newPort = again.localAddress as SocketAddress;
    const upward = fresh.findLast(({ from: source }) => source.equals(newPort)) as SeenDatagram;
    const downward = fresh.findLast(({ to }) => to.equals(newPort)) as SeenDatagram;
    const serverId = idOf(upward.datagram);
    const clientId = idOf(downward.datagram);
    const failedBefore = second.stats.drops["authentication-failed"];
    for (const { datagram } of oldData) {
      game.network.inject(readdressed(datagram, serverId), newPort, SocketAddress.parse("10.0.0.1", 1474));
    }
    for (const { datagram, to } of old.filter(isProtected)) {
      if (to.equals(from)) {
        game.network.inject(readdressed(datagram, clientId), SocketAddress.parse("10.0.0.1", 1474), newPort);
      }
    }
    await game.run(100);
    const { drops } = second.stats;
    // Numbers that the new connection has used already are known as duplicates before the tag is looked at.
    expect(drops["authentication-failed"] - failedBefore + drops.duplicate).toBe(oldData.length);
    expect(drops["authentication-failed"] - failedBefore).toBeGreaterThan(40);
    expect(heard).toEqual(["hello again"]);
    expect(received).toEqual([]);
    expect(again.isConnected).toBe(true);
    expect(crypto.secrets).toHaveLength(2);
    expect(crypto.repeatedNonces).toBe(0);
    await game.settle(Promise.all([again.close(), second.close()]));
    assertNoLeaks({ servers: [second] });
    await game.end();
  });

  it("T08b a recorded session played again from the first hello, while its cookie is good, gets new keys", async () => {
    const crypto = new InstrumentedCrypto(9);
    const game = new GameNetwork({ crypto });
    let delivered = 0;
    game.server.on("message", () => (delivered += 1));
    await game.listen();
    const wire = recordDatagrams(game.network, game.serverAddress);
    const client = await game.connect();
    client.send("pay 100", { delivery: "reliable" });
    await game.run(100);
    await game.settle(client.close());
    await game.run(500);
    const recorded = wire.slice();
    for (const { datagram, from } of recorded) game.network.inject(datagram, from, game.serverAddress);
    await game.run(100);
    // The hello is good for another handshake, but what followed it is not.
    expect(game.server.stats).toMatchObject({ handshakes: 2, peersAccepted: 1, peers: 0, halfOpen: 1 });
    expect(game.server.stats.drops["unknown-connection"]).toBe(recorded.filter(isProtected).length);
    expect(delivered).toBe(1);
    expect(crypto.secrets).toHaveLength(2);
    expect(crypto.repeatedNonces).toBe(0);
    await game.run(12_000);
    expect(game.server.stats.halfOpen).toBe(0);
    await game.end();
  });

  it("T08c a second server of the same identity is no oracle for resets against the first one's players", async () => {
    const game = new GameNetwork();
    await game.listen();
    const wire = recordDatagrams(game.network, game.serverAddress);
    const player = await game.connect();
    await game.run(100);
    const second = newServer(game, "10.0.0.1", 1475);
    await game.settle(second.listen());
    const codes = disconnectsOf(player);
    // The attacker has seen a packet of the player, and sends a copy in the player's name to the other server, which
    // does not know the connection: its reset goes to the player, with a token that is right.
    const seen = wire.findLast(isProtected) as { datagram: Uint8Array };
    const address = player.localAddress as SocketAddress;
    for (let i = 0; i < 5; i++) game.network.inject(seen.datagram, address, SocketAddress.parse("10.0.0.1", 1475), i);
    await game.run(100);
    expect(second.stats.drops["unknown-connection"]).toBe(5);
    expect(second.stats.transport.datagramsSent).toBe(5);
    expect(codes).toEqual([]);
    player.send("still here", { delivery: "reliable" });
    await game.run(100);
    expect(game.server.peers.get(1)?.stats.endpoint.messagesReceived[3]).toBe(1);
    await game.settle(second.close());
    await game.end();
  });
});

describe("T09 the clock", () => {
  afterEach(() => void vi.restoreAllMocks());

  it("T09 of the wall may leap back and forth: nothing depends on it", async () => {
    let wallMs = Date.UTC(2024, 1, 29);
    const leaps = [-86_400_000 * 365, 86_400_000 * 3650, -1, 0, 3_600_000, -7_200_000];
    let reads = 0;
    vi.spyOn(Date, "now").mockImplementation(() => (wallMs += leaps[reads++ % leaps.length] as number));
    const monotonic = new SystemClock();
    const before = monotonic.now();
    for (let i = 0; i < 100; i++) Date.now();
    expect(monotonic.now() - before).toBeGreaterThanOrEqual(0);
    expect(monotonic.now() - before).toBeLessThan(5000);

    const game = new GameNetwork({ link: { latencyMs: 20, loss: 0.05 } });
    let delivered = 0;
    game.server.on("message", () => (delivered += 1));
    await game.listen();
    const client = await game.connect();
    reads = 0;
    for (let i = 0; i < 200; i++) {
      client.send("x", { delivery: "ordered" });
      await game.run(20);
    }
    await game.run(1000);
    // Over a minute: cookies and their secrets have changed too.
    await game.run(70_000);
    await game.connect();
    expect(delivered).toBe(200);
    expect(client.isConnected).toBe(true);
    expect(client.rttMs).toBeGreaterThan(39);
    expect(client.rttMs).toBeLessThan(120);
    expect(reads).toBe(0);
    await game.end();
  });

  it("T09b of a client whose machine slept for an hour: both sides time out, and it comes back", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    const gone: string[] = [];
    game.server.on("disconnect", (_peer, { code }) => gone.push(code));
    await game.listen();
    const clock = new ShiftedClock(game.clock);
    const client = await game.connect({ clock });
    const codes = disconnectsOf(client);
    await game.run(500);
    const receipt = client.send("late", { delivery: "reliable" });
    clock.leap(3_600_000);
    await game.run(50);
    expect(codes).toEqual(["timeout"]);
    expect(await receipt.outcome).toBe("closed");
    await game.run(11_000);
    expect(gone).toEqual(["timeout"]);
    const again = await game.connect({ clock });
    again.send("back", { delivery: "reliable" });
    await game.run(200);
    expect(game.server.peers.size).toBe(1);
    await game.end();
  });

  it("T09c of a server that slept: short is survived, an hour ends in timeouts; ticks do not run riot", async () => {
    const base = new GameNetwork();
    const clock = new ShiftedClock(base.clock);
    const transport = base.network.createTransport({ host: "10.0.0.2", port: 1474 });
    const { identity, crypto } = base;
    const server = new Server({ protocol: PROTOCOL, identity, crypto, transport, clock });
    const reasons: string[] = [];
    let ticks = 0;
    server.on("disconnect", (_peer, { code }) => reasons.push(code));
    server.on("tick", () => (ticks += 1));
    await base.settle(server.listen());
    const clients = [];
    for (let i = 0; i < 5; i++) clients.push(await base.connect({ host: "10.0.0.2" }));
    const codes = clients.map((client) => disconnectsOf(client));
    await base.run(500);
    clock.leap(2000);
    ticks = 0;
    // Four to catch up, and the one that is due.
    await base.run(0);
    expect(ticks).toBeLessThanOrEqual(5);
    await base.run(1000);
    expect(server.peers.size).toBe(5);
    expect(codes.flat()).toEqual([]);

    ticks = 0;
    clock.leap(3_600_000);
    await base.run(0);
    expect(ticks).toBeLessThanOrEqual(5);
    await base.run(1000);
    expect(reasons).toEqual(new Array(5).fill("timeout"));
    expect(server.stats.ticks?.skipped).toBeGreaterThan(200_000);
    // Their next PING is answered by a reset, their idle timeout comes at the latest.
    await base.run(11_000);
    expect(codes.flat().every((code) => code === "server-restarted" || code === "timeout")).toBe(true);
    expect(codes.flat()).toHaveLength(5);
    await base.connect({ host: "10.0.0.2" });
    await base.settle(server.close());
    assertNoLeaks({ servers: [server] });
    await base.end();
  });
});

import type { Peer } from "@sortie/server";
import type { MemoryTransport } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork, type GameNetworkOptions, text } from "../support/game-network.js";

/** A server and so many clients; what each of them hears. */
async function withClients(
  count: number,
  options: GameNetworkOptions = {},
): Promise<{ game: GameNetwork; peers: Peer[]; heard: string[][] }> {
  const game = new GameNetwork(options);
  await game.listen();
  const heard: string[][] = [];
  for (let i = 0; i < count; i++) {
    const words: string[] = [];
    (await game.connect()).on("message", (message) => words.push(text(message.payload)));
    heard.push(words);
  }
  // The first tick, however slow they are.
  await game.run(1000);
  return { game, peers: [...game.server.peers.values()], heard };
}

describe("a peer that has gone", () => {
  it("can be asked, sent to, flushed and disconnected as before, to no effect", async () => {
    const { game, peers } = await withClients(2);
    const [gone, here] = peers as [Peer, Peer];
    gone.data = "mine";
    const waiting = gone.send("never", { delivery: "reliable" });
    gone.disconnect("first");
    expect(await waiting.outcome).toBe("closed");
    await game.run(500);
    expect(gone.isConnected).toBe(false);
    const receipt = gone.send("hello?", { delivery: "reliable" });
    expect([receipt.accepted, receipt.refusal]).toEqual([false, "closed"]);
    expect(await receipt.outcome).toBe("closed");
    gone.flush();
    gone.disconnect("second");
    expect(gone.data).toBe("mine");
    expect(gone.address.port).toBeGreaterThan(0);
    expect(gone.rttMs).toBeGreaterThanOrEqual(0);
    expect(gone.stats.packetsSent).toBeGreaterThan(0);
    expect(gone.quality).toBe("good");
    expect(game.server.broadcast("x", { to: [gone, here] })).toBe(1);
    expect(game.server.broadcast("x", { except: gone })).toBe(1);
    expect([...game.server.peers.keys()]).toEqual([here.id]);
    await game.end();
    expect(here.send("late").refusal).toBe("closed");
    here.disconnect();
    here.flush();
  });

  it("keeps the bad arguments of send bad", async () => {
    const { game, peers } = await withClients(1);
    const [peer] = peers as [Peer];
    for (let round = 0; round < 2; round++) {
      expect(() => peer.send(5 as never)).toThrow(/"payload" expected/);
      expect(() => peer.send("x", { channel: 256 })).toThrow(RangeError);
      expect(() => peer.send("x", { delivery: "fast" as never })).toThrow(/"delivery" expected/);
      peer.disconnect();
      await game.run(300);
    }
    await game.end();
  });
});

describe("broadcast", () => {
  it("leaves out one, several or none, given as a peer, an array, a set or a generator", async () => {
    const { game, peers, heard } = await withClients(4);
    const [a, b, c, d] = peers as [Peer, Peer, Peer, Peer];
    const { server } = game;
    const options = { delivery: "ordered" } as const;
    expect(server.broadcast("1", { ...options, except: a })).toBe(3);
    expect(server.broadcast("2", { ...options, except: [a, b] })).toBe(2);
    expect(server.broadcast("3", { ...options, except: new Set([a, b, c]) })).toBe(1);
    expect(server.broadcast("4", { ...options, except: server.peers.values() })).toBe(0);
    expect(server.broadcast("5", { ...options, except: [] })).toBe(4);
    expect(server.broadcast("6", { ...options, to: new Set([a, d]), except: d })).toBe(1);
    expect(server.broadcast("7", { ...options, to: [] })).toBe(0);
    await game.run(200);
    expect(heard).toEqual([
      ["5", "6"],
      ["1", "5"],
      ["1", "2", "5"],
      ["1", "2", "3", "5"],
    ]);
    expect(() => server.broadcast(null as never)).toThrow(/"payload" expected/);
    await game.end();
  });

  it("counts those who took it: one whose queue is full did not", async () => {
    const { game, peers } = await withClients(2);
    const [full] = peers as [Peer, Peer];
    while (full.send(new Uint8Array(60_000), { delivery: "reliable" }).accepted);
    expect(game.server.broadcast(new Uint8Array(60_000), { delivery: "reliable" })).toBe(1);
    await game.end();
  });
});

describe("block", () => {
  it("ends peers of an IPv6 range and keeps them out, and nobody else", async () => {
    const game = new GameNetwork();
    await game.listen();
    const codes: string[] = [];
    const hosts = ["2001:db8:1::5", "2001:db8:2::5", "10.0.0.77"];
    for (const host of hosts) {
      const client = await game.connect({ transport: game.network.createTransport({ host }) });
      client.on("disconnect", (reason) => codes.push(`${host} ${reason.code}`));
    }
    await game.run(100);
    game.server.block("2001:db8:1::/48");
    await game.run(500);
    expect(codes).toEqual(["2001:db8:1::5 kicked"]);
    expect(game.server.blocked).toEqual(["2001:db8:1::/48"]);
    expect(game.server.peers.size).toBe(2);
    const transport = game.network.createTransport({ host: "2001:db8:1:ffff::1" });
    await expect(game.connect({ transport, timeoutMs: 500 })).rejects.toMatchObject({ code: "timeout" });
    game.server.block("::ffff:10.0.0.77");
    await game.run(500);
    expect(codes).toEqual(["2001:db8:1::5 kicked", "10.0.0.77 kicked"]);
    expect(game.server.unblock("10.0.0.77")).toBe(true);
    expect(() => game.server.block("2001:db8::/200")).toThrow(RangeError);
    await game.end();
  });

  it("takes several entries at once, or none of them", async () => {
    const game = new GameNetwork();
    await game.listen();
    const codes: string[] = [];
    for (const host of ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) {
      const client = await game.connect({ transport: game.network.createTransport({ host }) });
      client.on("disconnect", (reason) => codes.push(`${host} ${reason.code}`));
    }
    expect(() => game.server.block(["10.0.0.1", "nobody"])).toThrow(/^"ipOrCidr" expected/);
    await game.run(100);
    expect(codes).toEqual([]);
    game.server.block(["10.0.0.1", "10.0.0.3"]);
    await game.run(500);
    expect(codes.sort()).toEqual(["10.0.0.1 kicked", "10.0.0.3 kicked"]);
    expect(game.server.blocked).toEqual(["10.0.0.1", "10.0.0.3"]);
    await game.end();
  });

  it("from the start keeps out whom the options name", async () => {
    const game = new GameNetwork({ server: { blocked: ["10.0.0.0/8"] } });
    await game.listen();
    await expect(game.connect({ timeoutMs: 500 })).rejects.toMatchObject({ code: "timeout" });
    expect(game.server.stats).toMatchObject({ retriesSent: 0, halfOpen: 0 });
    await game.end();
  });
});

describe("flush", () => {
  it("of the server sends to everybody at once, of a peer to that peer alone", async () => {
    const { game, peers, heard } = await withClients(3, { server: { tickRate: 1 } });
    const [first] = peers as [Peer];
    game.server.broadcast("held");
    first.flush();
    await game.run(10);
    expect(heard).toEqual([["held"], [], []]);
    game.server.flush();
    await game.run(10);
    expect(heard).toEqual([["held"], ["held"], ["held"]]);
    game.server.flush();
    await game.end();
    game.server.flush();
  });
});

describe("outcomes", () => {
  it("are told for every mode: acked, dropped, expired, closed", async () => {
    const { game, peers } = await withClients(1, { link: { latencyMs: 20 } });
    const [peer] = peers as [Peer];
    const modes = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const;
    const acked = modes.map((delivery) => peer.send("x", { delivery }).outcome);
    await game.run(300);
    expect(await Promise.all(acked)).toEqual(modes.map(() => "acked"));
    game.network.setFilter(() => false);
    const lost = peer.send("x").outcome;
    const late = peer.send("x", { delivery: "bestEffort", expiresInMs: 200 }).outcome;
    const reliable = peer.send("x", { delivery: "reliable" }).outcome;
    await game.run(400);
    expect(await late).toBe("expired");
    game.network.setFilter(undefined);
    for (let i = 0; i < 10; i++) {
      peer.send("y");
      await game.run(50);
    }
    expect(await lost).toBe("dropped");
    expect(await reliable).toBe("acked");
    const never = peer.send(new Uint8Array(500_000), { delivery: "reliable" }).outcome;
    peer.disconnect();
    expect(await never).toBe("closed");
    await game.run(500);
    await game.end();
  });
});

describe("a client that moves", () => {
  async function moving(): Promise<{ game: GameNetwork; transport: MemoryTransport; peer: Peer; heard: string[] }> {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const transport = game.network.createTransport();
    const client = await game.connect({ transport });
    const heard: string[] = [];
    client.on("message", (message) => heard.push(text(message.payload)));
    await game.run(300);
    const peer = game.server.peers.get(1) as Peer;
    return { game, transport, peer, heard };
  }

  it("to another port by rebind() is followed without having to send anything, and loses nothing", async () => {
    const { game, peer, heard } = await moving();
    const [client] = game.clients;
    const before = peer.address;
    const ids: number[] = [];
    game.server.on("connect", (other) => ids.push(other.id));
    peer.send("on its way to the old port", { delivery: "reliable" });
    await game.settle(client?.rebind() as Promise<void>);
    await game.run(300);
    expect(peer.address.port).not.toBe(before.port);
    expect(peer.address.equals(client?.localAddress as typeof before)).toBe(true);
    expect(peer.stats.migrations).toBe(1);
    peer.send("to the new one", { delivery: "reliable" });
    await game.run(1500);
    expect(heard.sort()).toEqual(["on its way to the old port", "to the new one"]);
    expect(ids).toEqual([]);
    await game.end();
  });

  it("to another host, again and again, while both sides send, stays the same peer", async () => {
    const { game, transport, peer, heard } = await moving();
    const [client] = game.clients;
    const arrived: string[] = [];
    game.server.on("message", (_peer, message) => arrived.push(text(message.payload)));
    const words = Array.from({ length: 100 }, (_, i) => `${i}`);
    for (const word of words) {
      if (Number(word) % 25 === 10) await game.settle(transport.rebind(`172.16.0.${word}`));
      client?.send(word, { delivery: "ordered" });
      peer.send(word, { delivery: "ordered" });
      await game.run(16);
    }
    await game.run(3000);
    expect(arrived).toEqual(words);
    expect(heard).toEqual(words);
    expect(peer.address.host).toBe("172.16.0.85");
    expect(peer.stats.migrations).toBe(4);
    expect(game.server.stats.peersAccepted).toBe(1);
    await game.end();
  });

  it("into a blocked range is heard no more", async () => {
    const { game, transport } = await moving();
    const [client] = game.clients;
    game.server.block("172.16.0.0/12");
    await game.settle(transport.rebind("172.16.0.1"));
    client?.send("x");
    await game.run(11_000);
    expect(game.server.peers.size).toBe(0);
    await game.run(11_000);
    expect(client?.isConnected).toBe(false);
    await game.end();
  });
});

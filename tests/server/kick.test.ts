import type { Client } from "@sortie/client";
import type { DisconnectReason } from "@sortie/connection";
import type { Peer } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork, type GameNetworkOptions, text } from "../support/game-network.js";

const RELIABLE = { delivery: "reliable" } as const;
const LATENCY_MS = 40;

interface Kick {
  readonly game: GameNetwork;
  readonly client: Client;
  readonly peer: Peer;
  /** What the client heard, and what the server was told, in order. */
  readonly heard: string[];
  readonly told: string[];
  /** ms of the clock. When the server was told of the end. */
  readonly endedAtMs: () => number;
}

const words = ({ code, by, text: said }: DisconnectReason): string => `disconnect ${code} ${by} ${said}`;

/** A server with one peer that has been there for a second. */
async function withPeer(options: GameNetworkOptions = {}): Promise<Kick> {
  const game = new GameNetwork({ link: { latencyMs: LATENCY_MS }, ...options });
  const [heard, told]: [string[], string[]] = [[], []];
  let endedAtMs = Infinity;
  game.server.on("message", (_peer, { payload }) => told.push(text(payload)));
  game.server.on("disconnect", (_peer, reason) => {
    told.push(words(reason));
    endedAtMs = game.clock.now();
  });
  await game.listen();
  const client = await game.connect();
  client.on("message", ({ payload }) => heard.push(text(payload)));
  client.on("disconnect", (reason) => heard.push(words(reason)));
  await game.run(1000);
  const peer = [...game.server.peers.values()][0] as Peer;
  return { game, client, peer, heard, told, endedAtMs: () => endedAtMs };
}

describe.each([0, 60])("a peer that is sent away, tickRate %i", (tickRate) => {
  it("with drainMs hears the last word first, over losses, and is gone as soon as it has it", async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const link = { latencyMs: LATENCY_MS, loss: 0.2 };
      const { game, peer, heard, told, endedAtMs } = await withPeer({ seed, link, server: { tickRate } });
      const parts = Array.from({ length: 20 }, (_, i) => `word ${i} ${"x".repeat(1000)}`);
      const receipts = parts.map((part) => peer.send(part, { delivery: "ordered" }));
      peer.disconnect("until Friday", { drainMs: 5000 });
      const startMs = game.clock.now();
      await game.run(6000);
      expect(await Promise.all(receipts.map(({ outcome }) => outcome))).toEqual(parts.map(() => "acked"));
      expect(heard).toEqual([...parts, "disconnect kicked remote until Friday"]);
      expect(told).toEqual(["disconnect kicked local until Friday"]);
      expect(endedAtMs() - startMs).toBeLessThan(3000);
      await game.end();
    }
  });

  it("by what it said itself knows that it was heard", async () => {
    for (const drainMs of [0, 1000]) {
      const { game, client, peer, told } = await withPeer({ server: { tickRate } });
      game.server.on("message", () => peer.disconnect("as you wish", { drainMs }));
      const receipt = client.send("let me go", RELIABLE);
      await game.run(500);
      expect(told).toEqual(["let me go", "disconnect kicked local as you wish"]);
      expect(await receipt.outcome).toBe("acked");
      await game.end();
    }
  });

  it("without drainMs, or with 0, is gone at once, and what was queued with it", async () => {
    for (const options of [undefined, {}, { drainMs: 0 }, { drainMs: undefined }]) {
      const { game, peer, heard, told } = await withPeer({ server: { tickRate } });
      const receipt = peer.send("lost", RELIABLE);
      peer.disconnect("banned", options);
      expect(await receipt.outcome).toBe("closed");
      await game.run(500);
      expect(heard).toEqual(["disconnect kicked remote banned"]);
      expect(told).toEqual(["disconnect kicked local banned"]);
      await game.end();
    }
  });

  it("with drainMs and nothing to say is gone at once", async () => {
    const { game, peer, heard, endedAtMs } = await withPeer({ server: { tickRate } });
    const startMs = game.clock.now();
    peer.disconnect("banned", { drainMs: 60_000 });
    await game.run(200);
    expect(endedAtMs() - startMs).toBeLessThan(20);
    expect(heard).toEqual(["disconnect kicked remote banned"]);
    await game.end();
  });
});

describe("a peer that drains", () => {
  it("stays, but takes no more; what it sends still comes, and its sender is told the truth", async () => {
    const { game, client, peer, heard, told } = await withPeer();
    peer.send("last word", RELIABLE);
    peer.disconnect("bye", { drainMs: 5000 });
    const last = client.send("my last word", RELIABLE);
    expect(peer.isConnected).toBe(false);
    expect([...game.server.peers.values()]).toEqual([peer]);
    const refused = peer.send("more", RELIABLE);
    expect([refused.accepted, refused.refusal, await refused.outcome]).toEqual([false, "closed", "closed"]);
    expect(game.server.broadcast("to all")).toBe(0);
    await game.run(LATENCY_MS + 20);
    expect(told).toEqual(["my last word"]);
    expect(game.server.peers.size).toBe(1);
    await game.run(500);
    expect(await last.outcome).toBe("acked");
    expect(heard).toEqual(["last word", "disconnect kicked remote bye"]);
    expect(told).toEqual(["my last word", "disconnect kicked local bye"]);
    expect(game.server.peers.size).toBe(0);
    await game.end();
  });

  it("is gone after drainMs where it acknowledges nothing", async () => {
    const { game, peer, told, endedAtMs } = await withPeer();
    game.network.setFilter((_datagram, from) => from.equals(game.serverAddress));
    const receipt = peer.send("heard?", RELIABLE);
    const startMs = game.clock.now();
    peer.disconnect("bye", { drainMs: 700 });
    await game.run(690);
    expect(told).toEqual([]);
    await game.run(50);
    expect(endedAtMs() - startMs).toBeGreaterThanOrEqual(700);
    expect(told).toEqual(["disconnect kicked local bye"]);
    expect(await receipt.outcome).toBe("closed");
    game.network.setFilter(undefined);
    await game.end();
  });

  it.each([
    ["without drainMs ends it", [undefined], 0],
    ["with less makes it shorter", [{ drainMs: 300 }], 300],
    ["with more changes nothing", [{ drainMs: 50_000 }], 1000],
    ["without drainMs ends it, whatever follows", [undefined, { drainMs: 500 }], 0],
  ] as const)("is sent away again: a call %s; the first reason stays", async (_what, options, leftMs) => {
    const { game, client, peer, heard, told, endedAtMs } = await withPeer();
    game.network.setFilter((_datagram, from) => from.equals(game.serverAddress));
    peer.send("heard?", RELIABLE);
    peer.disconnect("first", { drainMs: 1100 });
    await game.run(100);
    const startMs = game.clock.now();
    for (const option of options) peer.disconnect("second", option);
    client.send("after that");
    await game.run(leftMs + 100);
    expect(endedAtMs() - startMs).toBeGreaterThanOrEqual(leftMs);
    expect(endedAtMs() - startMs).toBeLessThan(leftMs + 50);
    expect(told).toEqual(["disconnect kicked local first"]);
    expect(heard).toEqual(["heard?", "disconnect kicked remote first"]);
    game.network.setFilter(undefined);
    await game.end();
  });

  it("counts for maxPeers until it has gone", async () => {
    const { game, peer } = await withPeer({ server: { maxPeers: 1 } });
    game.network.setFilter((datagram, from) => from.equals(game.serverAddress) || (datagram[0] as number) < 0x40);
    peer.send("heard?", RELIABLE);
    peer.disconnect("bye", { drainMs: 2000 });
    await game.run(100);
    await expect(game.connect({ timeoutMs: 500 })).rejects.toMatchObject({ code: "server-full" });
    game.network.setFilter(undefined);
    await game.run(3000);
    expect((await game.connect()).isConnected).toBe(true);
    await game.end();
  });

  it.each([
    ["at once", {}, 0],
    ["with less time", { drainMs: 300 }, 300],
    ["with more time", { drainMs: 5000 }, 2000],
    ["with time to leave", { leaveMs: 5000 }, 2000],
  ] as const)("ends with a server that closes %s, and is told its own reason", async (_how, options, afterMs) => {
    const { game, peer, heard, told, endedAtMs } = await withPeer();
    game.network.setFilter((_datagram, from) => from.equals(game.serverAddress));
    peer.send("heard?", RELIABLE);
    peer.disconnect("banned", { drainMs: 2000 });
    const startMs = game.clock.now();
    const closed = game.server.close({ reason: "an update", ...options });
    await game.settle(closed, 10_000);
    expect(endedAtMs() - startMs).toBeGreaterThanOrEqual(afterMs);
    expect(endedAtMs() - startMs).toBeLessThan(afterMs + 50);
    await game.run(100);
    expect(told).toEqual(["disconnect kicked local banned"]);
    expect(heard).toEqual([...(afterMs > 0 ? ["heard?"] : []), "disconnect kicked remote banned"]);
    game.network.setFilter(undefined);
    await game.end();
  });
});

describe("arguments of disconnect", () => {
  it("that are none are refused, and nothing has changed", async () => {
    const { game, peer } = await withPeer();
    for (const drainMs of [-1, 3_600_001, NaN, Infinity, null, "5"]) {
      const got = typeof drainMs === "string" ? `"${drainMs}"` : String(drainMs);
      const message = `"drainMs" expected a number in 0..3600000, got ${got}`;
      expect(() => peer.disconnect("bye", { drainMs: drainMs as number })).toThrow(new RangeError(message));
    }
    const misspelt = { drainms: 5 } as object;
    expect(() => peer.disconnect("bye", misspelt)).toThrow(
      new TypeError('"options" expected "drainMs", got "drainms"'),
    );
    expect(() => peer.disconnect("bye", { reason: "x" } as object)).toThrow(/^"options" expected only drainMs, got/);
    expect(() => peer.disconnect("bye", null as never)).toThrow('"options" expected an object, got null');
    expect(() => peer.disconnect(5 as never, { drainMs: 5 })).toThrow('"reason" expected a string, got number');
    await game.run(500);
    expect(peer.isConnected).toBe(true);
    peer.disconnect("bye", { drainMs: 3_600_000 });
    await game.end();
  });
});

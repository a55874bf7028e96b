import type { Peer } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";

describe("a server and its peers", () => {
  it("echoes a message", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    game.server.on("message", (peer, message) => peer.send(message.payload, { delivery: message.delivery }));
    await game.listen();
    const client = await game.connect();
    const heard: string[] = [];
    client.on("message", (message) => heard.push(`${message.delivery}:${text(message.payload)}`));
    client.send("hello", { delivery: "reliable" });
    client.send("there");
    await game.run(200);
    expect(heard.sort()).toEqual(["reliable:hello", "unreliable:there"]);
    await game.end();
  });

  it("tells connect, messages in order, disconnect with its reason, in this order", async () => {
    const game = new GameNetwork();
    const log: string[] = [];
    game.server.on("connect", (peer) => log.push(`connect ${peer.id}`));
    game.server.on("message", (peer, message) => log.push(`message ${peer.id} ${text(message.payload)}`));
    game.server.on("disconnect", (peer, reason) => log.push(`disconnect ${peer.id} ${reason.code} ${reason.by}`));
    await game.listen();
    const client = await game.connect();
    for (const word of ["one", "two", "three"]) client.send(word, { delivery: "ordered" });
    await game.settle(client.close({ reason: "bye" }));
    await game.run(100);
    const messages = ["message 1 one", "message 1 two", "message 1 three"];
    expect(log).toEqual(["connect 1", ...messages, "disconnect 1 closed remote"]);
    expect(game.server.peers.size).toBe(0);
    await game.end();
  });

  it("keeps its peers to itself: what reads them cannot remove one from broadcasts", async () => {
    const game = new GameNetwork();
    await game.listen();
    await game.connect();
    await game.run(50);
    const { peers } = game.server;
    for (const change of ["clear", "delete", "set"] as const) {
      expect(() => (peers as Map<number, unknown>)[change](1, undefined)).toThrow(/use peer\.disconnect\(\)/);
    }
    expect(game.server.broadcast("still here")).toBe(1);
    await game.end();
    expect(peers.size).toBe(0);
  });

  it("broadcasts to all, to some, and to all but some", async () => {
    const game = new GameNetwork();
    await game.listen();
    const heard: string[][] = [];
    for (let i = 0; i < 3; i++) {
      const client = await game.connect();
      const words: string[] = [];
      heard.push(words);
      client.on("message", (message) => words.push(text(message.payload)));
    }
    await game.run(50);
    const [first, second] = [...game.server.peers.values()] as [Peer, Peer, Peer];
    expect(game.server.broadcast("all", { delivery: "reliable" })).toBe(3);
    expect(game.server.broadcast("not 1", { delivery: "reliable", except: first })).toBe(2);
    expect(game.server.broadcast("only 2", { delivery: "reliable", to: [second] })).toBe(1);
    expect(game.server.broadcast("just 2", { delivery: "reliable", to: second })).toBe(1);
    expect(game.server.broadcast("nobody", { to: second, except: [second] })).toBe(0);
    await game.run(100);
    const ofSecond = ["all", "just 2", "not 1", "only 2"];
    expect(heard.map((words) => words.sort())).toEqual([["all"], ofSecond, ["all", "not 1"]]);
    await game.end();
  });

  it("refuses to broadcast to what is no peer, and names the option", async () => {
    const game = new GameNetwork();
    await game.listen();
    await game.connect();
    await game.run(50);
    const { server } = game;
    for (const [to, got] of [
      [{ id: 1 }, "a peer or an iterable of peers, got object"],
      [1, "a peer or an iterable of peers, got number"],
      [null, "a peer or an iterable of peers, got null"],
      ["all", "a peer or an iterable of peers, got string"],
      [[{ id: 1 }], "peers only, got object among them"],
      [server.peers, "peers only, got an array among them"],
    ]) {
      expect(() => server.broadcast("x", { to: to as never })).toThrow(new TypeError(`"to" expected ${got as string}`));
    }
    expect(() => server.broadcast("x", { except: { id: 1 } as never })).toThrow(
      new TypeError('"except" expected a peer or an iterable of peers, got object'),
    );
    await game.end();
  });

  it("refuses bad options of a broadcast with nobody there as well, and reasons that are none", async () => {
    const game = new GameNetwork();
    await game.listen();
    expect(() => game.server.broadcast("x", { delivery: "relable" as never })).toThrow('"delivery" expected');
    expect(() => game.server.broadcast("x", { chanel: 1 } as never)).toThrow(/"chanel"/);
    const client = await game.connect();
    await game.run(50);
    const [peer] = [...game.server.peers.values()] as [Peer];
    for (const reason of [new Error("out"), null, 7]) {
      expect(() => peer.disconnect(reason as never)).toThrow(/^"reason" expected a string, got (object|null|number)$/);
    }
    await game.run(500);
    expect([peer.isConnected, client.isConnected]).toEqual([true, true]);
    await game.end();
  });

  it("gives a kicked peer the reason, on both sides", async () => {
    const game = new GameNetwork();
    await game.listen();
    const client = await game.connect();
    const reasons: string[] = [];
    client.on("disconnect", (reason) => reasons.push(`${reason.code} ${reason.by} ${reason.text}`));
    game.server.on("disconnect", (_peer, reason) => reasons.push(`${reason.code} ${reason.by} ${reason.text}`));
    await game.run(50);
    [...game.server.peers.values()][0]?.disconnect("cheating");
    await game.run(500);
    expect(reasons.sort()).toEqual(["kicked local cheating", "kicked remote cheating"]);
    await game.end();
  });

  it("ends both sides by the idle timeout when the network dies", async () => {
    const game = new GameNetwork({ link: { latencyMs: 10 }, server: { idleTimeoutMs: 3000 } });
    await game.listen();
    const client = await game.connect();
    const codes: string[] = [];
    client.on("disconnect", (reason) => codes.push(reason.code));
    game.server.on("disconnect", (_peer, reason) => codes.push(reason.code));
    await game.run(100);
    game.network.setFilter(() => false);
    await game.run(2500);
    expect(codes).toEqual([]);
    await game.run(1500);
    expect(codes).toEqual(["timeout", "timeout"]);
    await game.end();
  });

  it("stays connected without a word from the application, by keep-alives", async () => {
    const game = new GameNetwork({ link: { latencyMs: 30, loss: 0.05 } });
    await game.listen();
    const client = await game.connect();
    await game.run(120_000);
    expect(client.isConnected).toBe(true);
    expect(game.server.peers.size).toBe(1);
    await game.end();
  });

  it("numbers peers and never gives a number twice", async () => {
    const game = new GameNetwork();
    const ids: number[] = [];
    game.server.on("connect", (peer) => ids.push(peer.id));
    await game.listen();
    for (let i = 0; i < 3; i++) {
      const client = await game.connect();
      await game.run(50);
      await game.settle(client.close());
    }
    expect(ids).toEqual([1, 2, 3]);
    await game.end();
  });

  it("contains what listeners throw, tells it with the peer, and serves everybody else", async () => {
    const game = new GameNetwork();
    const errors: string[] = [];
    let heard = 0;
    game.server.on("message", (peer) => {
      if (peer.id === 1) throw new Error("bug");
    });
    game.server.on("message", () => {
      heard += 1;
    });
    game.server.on("error", (error, peer) => errors.push(`${(error as Error).message} ${peer?.id}`));
    await game.listen();
    for (let i = 0; i < 2; i++) (await game.connect()).send("x", { delivery: "reliable" });
    await game.run(200);
    expect(errors).toEqual(["bug 1"]);
    expect(heard).toBe(2);
    expect(game.server.stats.listenerErrors).toBe(1);
    await game.end();
  });

  it("keeps a message's payload untouched after the listener returned", async () => {
    const game = new GameNetwork();
    const kept: Uint8Array[] = [];
    game.server.on("message", (_peer, message) => kept.push(message.payload));
    await game.listen();
    const client = await game.connect();
    const buffer = new Uint8Array(100);
    for (let i = 0; i < 50; i++) {
      buffer.fill(i);
      client.send(buffer, { delivery: "ordered" });
    }
    await game.run(300);
    expect(kept).toHaveLength(50);
    kept.forEach((payload, i) => expect(payload.every((byte) => byte === i)).toBe(true));
    await game.end();
  });
});

import { identityOf } from "@sortie/handshake";
import { connect, type ConnectError } from "@sortie/client";
import { Server } from "@sortie/server";
import { TransportError } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

describe("close", () => {
  it("delivers what is reliable before it tells the peers, and turns newcomers away", async () => {
    const game = new GameNetwork({ link: { latencyMs: 40, loss: 0.1 } });
    await game.listen();
    const client = await game.connect();
    let received = 0;
    const reasons: string[] = [];
    client.on("message", () => (received += 1));
    client.on("disconnect", (reason) => reasons.push(`${reason.code} ${reason.by}`));
    await game.run(200);
    for (let i = 0; i < 300; i++) game.server.peers.get(1)?.send(new Uint8Array(800), { delivery: "ordered" });
    const closing = game.server.close({ drainMs: 5000 });
    const late = connect(game.clientOptions({ timeoutMs: 1500 })).catch((error: ConnectError) => error.code);
    await game.settle(closing, 20_000);
    await game.run(1000);
    expect(received).toBe(300);
    expect(reasons).toEqual(["shutting-down remote"]);
    expect(["rejected", "timeout"]).toContain(await game.settle(late));
    await game.end();
  });

  it("without a drain is quick, tells the peers, and may be called twice and before listen", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const client = await game.connect();
    const codes: string[] = [];
    client.on("disconnect", (reason) => codes.push(reason.code));
    await game.run(100);
    const startMs = game.clock.now();
    const first = game.server.close();
    expect(game.server.close()).toBe(first);
    await game.settle(first);
    expect(game.clock.now() - startMs).toBeLessThan(500);
    await game.run(100);
    expect(codes).toEqual(["shutting-down"]);
    await game.end();
    const idle = new GameNetwork();
    await idle.settle(idle.server.close());
    await expect(idle.server.listen()).rejects.toThrow("closed");
  });

  it("while listen() is in progress lets that say so: it is not the transport that somebody closed", async () => {
    const game = new GameNetwork();
    // As a socket of the system: it is bound in a later turn, and fails to where it was closed meanwhile.
    const lateClosed = new TransportError("closed", "the transport is closed: make a new one");
    for (const isOpened of [true, false]) {
      const transport = game.network.createTransport({ host: "10.0.0.7", port: isOpened ? 7 : 8 });
      const openLate = transport.open.bind(transport);
      transport.open = async (receiver) => {
        await Promise.resolve();
        if (!isOpened) throw lateClosed;
        return openLate(receiver);
      };
      const { identity, crypto, clock } = game;
      const server = new Server({ protocol: "test/1", identity, crypto, clock, transport });
      const listening = server.listen();
      const closing = server.close();
      await expect(listening).rejects.toMatchObject({
        name: "TransportError",
        code: "closed",
        message: "the server was closed while listen() was in progress: create another one",
      });
      await game.settle(closing);
      expect(server.address).toBeUndefined();
    }
    await game.end();
  });

  it("leaves another fault of listen() as it is", async () => {
    const game = new GameNetwork();
    const inUse = new TransportError("address-in-use", "port 1474 is in use");
    game.serverTransport.open = () => Promise.reject(inUse);
    const listening = game.server.listen();
    await Promise.all([expect(listening).rejects.toBe(inUse), game.settle(game.server.close())]);
    await game.end();
  });

  it("gives up on peers that do not answer", async () => {
    const game = new GameNetwork();
    await game.listen();
    await game.connect();
    await game.run(100);
    game.network.setFilter(() => false);
    const startMs = game.clock.now();
    game.server.peers.get(1)?.send("never", { delivery: "reliable" });
    await game.settle(game.server.close({ drainMs: 500 }), 10_000);
    expect(game.clock.now() - startMs).toBeLessThan(2000);
    await game.run(15_000);
    await game.end();
  });

  it("again with shorter times ends sooner what is under way; without any it only gives the promise", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const client = await game.connect();
    const ends: string[] = [];
    client.on("disconnect", ({ code, text }) => ends.push(`${code}: ${text}`));
    await game.run(100);
    const startMs = game.clock.now();
    const closing = game.server.close({ leaveMs: 60_000, reason: "until the end of the round" });
    expect(game.server.close()).toBe(closing);
    expect(game.server.close({ drainMs: 0, reason: "another" })).toBe(closing);
    void game.server.close({ leaveMs: 3_600_000 });
    await game.run(10_000);
    expect([ends, game.server.peers.size]).toEqual([[], 1]);
    expect(game.server.close({ leaveMs: 5000 })).toBe(closing);
    await game.run(4900);
    expect(ends).toEqual([]);
    await game.settle(closing, 2000);
    await game.run(100);
    expect(ends).toEqual(["shutting-down: until the end of the round"]);
    expect(game.clock.now() - startMs).toBeLessThan(16_500);
    await game.end();
  });

  it("again, in a listener that hears of the first call, cuts its time to leave", async () => {
    const game = new GameNetwork();
    await game.listen();
    await game.connect();
    game.server.on("draining", () => void game.server.close({ leaveMs: 0 }));
    const startMs = game.clock.now();
    await game.settle(game.server.close({ leaveMs: 60_000 }), 70_000);
    expect(game.clock.now() - startMs).toBeLessThan(2000);
    await game.end();
  });

  it.each([0, 500])("again while reliable messages go ends that after %i ms", async (drainMs) => {
    const game = new GameNetwork();
    await game.listen();
    await game.connect();
    await game.run(100);
    // The peer hears everything, and nobody hears the peer: nothing is ever acknowledged.
    game.network.setFilter((_datagram, from) => from.equals(game.serverAddress));
    game.server.peers.get(1)?.send("never", { delivery: "reliable" });
    const closing = game.server.close({ leaveMs: 1000, drainMs: 3_600_000 });
    await game.run(3000);
    const startMs = game.clock.now();
    expect(game.server.close({ leaveMs: 0 })).toBe(closing);
    await game.run(3000);
    expect(game.server.peers.size).toBe(1);
    expect(game.server.close({ drainMs })).toBe(closing);
    await game.settle(closing, 2000);
    expect(game.clock.now() - startMs - 3000).toBeGreaterThanOrEqual(drainMs);
    await game.run(15_000);
    await game.end();
  });

  it("again refuses bad options as the first call does", async () => {
    const game = new GameNetwork();
    const closing = game.server.close();
    expect(() => game.server.close({ leaveMs: -1 })).toThrow('"leaveMs" expected a number in 0..3600000, got -1');
    expect(() => game.server.close({ drainMS: 1 } as object)).toThrow('got "drainMS"');
    await game.settle(closing);
  });

  it("of a transport that fails to is told to the caller, and the server is over all the same", async () => {
    const game = new GameNetwork();
    const { serverTransport: transport } = game;
    const close = transport.close.bind(transport);
    transport.close = async () => {
      await close();
      throw new Error("close failed");
    };
    await game.listen();
    await game.connect();
    await game.run(100);
    const reasons: string[] = [];
    game.server.on("disconnect", (_peer, { code, by }) => reasons.push(`${code} ${by}`));
    game.network.setFilter(() => false);
    await expect(game.settle(game.server.close(), 10_000)).rejects.toThrow("close failed");
    expect(reasons).toEqual(["shutting-down local"]);
    expect(game.server.address).toBeUndefined();
    await game.run(15_000);
  });

  it("of a client in the middle of a large transfer ends both sides", async () => {
    const game = new GameNetwork({ link: { latencyMs: 50 } });
    await game.listen();
    const client = await game.connect();
    await game.run(100);
    const receipt = client.send(new Uint8Array(1_000_000), { delivery: "reliable" });
    await game.run(60);
    await game.settle(client.close({ drainMs: 0 }));
    expect(await receipt.outcome).toBe("closed");
    await game.run(1000);
    expect(game.server.peers.size).toBe(0);
    await game.end();
  });

  it.each([
    ["a restarted server tells its old clients, who believe it when they hear no more of the old one", false],
    ["so does one whose key was renewed while it ran, to those who came after that", true],
  ])("%s", async (_name, isRenewed) => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const identity = isRenewed ? identityOf(game.crypto.generateKeyPair()) : game.identity;
    if (isRenewed) game.server.setIdentity(identity);
    const client = await game.connect({ serverKey: identity.publicKey });
    await game.run(100);
    const codes: string[] = [];
    client.on("disconnect", (reason) => codes.push(reason.code));
    // The first server loses its network, and a second one with the same key takes its place.
    game.network.setFilter((_datagram, from) => !from.equals(game.serverAddress));
    await game.settle(game.server.close({ drainMs: 0 }), 10_000);
    game.network.setFilter(undefined);
    const second = new Server({
      protocol: "test/1",
      identity,
      crypto: game.crypto,
      transport: game.network.createTransport({ host: "10.0.0.1", port: 1474 }),
      clock: game.clock,
    });
    await game.settle(second.listen());
    client.send("anyone there?");
    await game.run(60);
    expect(codes).toEqual([]);
    await game.run(350);
    expect(codes).toEqual(["server-restarted"]);
    await game.settle(second.close());
    await game.end();
  });
});

import { type Client, connect } from "@sortie/client";
import { createNodeProvider } from "@sortie/handshake/node";
import type { Peer } from "@sortie/server";
import { TransportError } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";
import { recordDatagrams } from "../support/recorder.js";
import { recordingLogger } from "../support/recording-logger.js";

async function pair(link = { latencyMs: 10 }): Promise<{ game: GameNetwork; peer: Peer }> {
  const game = new GameNetwork({ link });
  await game.listen();
  await game.connect();
  await game.run(100);
  return { game, peer: game.server.peers.get(1) as Peer };
}

describe("a client", () => {
  it("that is closed twice gives the same promise, tells the server once, and hears its own end once", async () => {
    const { game } = await pair();
    const [client] = game.clients as [Client];
    const reasons: string[] = [];
    client.on("disconnect", (reason) => reasons.push(`${reason.code} ${reason.by} ${reason.text}`));
    const first = client.close({ reason: "bye" });
    expect(client.close({ drainMs: 5 })).toBe(first);
    await game.settle(first);
    expect(client.close()).toBe(first);
    await game.run(100);
    expect(reasons).toEqual(["closed local bye"]);
    expect(client.isConnected).toBe(false);
    expect(game.server.peers.size).toBe(0);
    await game.end();
  });

  it("that is closed again by whoever hears of its end gives the same promise, which waits no longer", async () => {
    const { game } = await pair();
    const [client] = game.clients as [Client];
    let again: Promise<void> | undefined;
    client.on("disconnect", () => (again = client.close({ drainMs: 60_000 })));
    const first = client.close({ drainMs: 0 });
    await game.run(50);
    expect(again).toBe(first);
    const sinceMs = game.clock.now();
    await game.settle(first);
    expect(game.clock.now() - sinceMs).toBeLessThan(50);
    await game.end();
  });

  it("refuses to be closed with what is none, and can be closed after that", async () => {
    const { game } = await pair();
    const [client] = game.clients as [Client];
    expect(() => client.close({ reason: new Error("bye") as never })).toThrow(
      /^"reason" expected a string, got object$/,
    );
    expect(() => client.close({ drainMs: Number.NaN })).toThrow('"drainMs" expected a number in 0..3600000, got NaN');
    expect(() => client.close({ drainMS: 0 } as never)).toThrow('"options" expected "drainMs", got "drainMS"');
    expect(() => client.close("bye" as never)).toThrow('"options" expected an object, got string');
    expect(client.isConnected).toBe(true);
    await game.end();
  });

  it("hears nothing more once it leaves at once; with a drain it does", async () => {
    for (const drainMs of [0, 1000]) {
      const { game, peer } = await pair();
      const [client] = game.clients as [Client];
      const heard: string[] = [];
      client.on("message", ({ payload }) => {
        heard.push(text(payload));
        void client.close({ drainMs });
      });
      for (const word of ["one", "two", "three"]) peer.send(word, { delivery: "ordered" });
      await game.run(500);
      expect(heard).toEqual(drainMs === 0 ? ["one"] : ["one", "two", "three"]);
      await game.end();
    }
  });

  it("goes on hearing while it drains, though it be closed again at once", async () => {
    const { game, peer } = await pair();
    const [client] = game.clients as [Client];
    const heard: string[] = [];
    client.on("message", ({ payload }) => heard.push(text(payload)));
    client.send(new Uint8Array(100_000), { delivery: "reliable" });
    const closed = client.close({ drainMs: 1000 });
    expect(client.close()).toBe(closed);
    peer.send("goodbye", { delivery: "reliable" });
    await game.settle(closed);
    expect(heard).toEqual(["goodbye"]);
    await game.end();
  });

  it("delivers what is reliable before it leaves, and what is not when it was sent before", async () => {
    const { game } = await pair();
    const [client] = game.clients;
    const words: string[] = [];
    game.server.on("message", (_peer, message) => words.push(text(message.payload)));
    client?.send("unreliable");
    const receipts = ["a", "b"].map((word) => client?.send(word, { delivery: "ordered" }));
    await game.settle(client?.close() as Promise<void>);
    await game.run(100);
    expect(words.sort()).toEqual(["a", "b", "unreliable"]);
    expect(await Promise.all(receipts.map((receipt) => receipt?.outcome))).toEqual(["acked", "acked"]);
    await game.end();
  });

  it("gives up on a server that does not answer its close, in bounded time", async () => {
    const { game } = await pair();
    const [client] = game.clients;
    game.network.setFilter(() => false);
    const receipt = client?.send("never", { delivery: "reliable" });
    const startMs = game.clock.now();
    await game.settle(client?.close({ drainMs: 300 }) as Promise<void>);
    expect(game.clock.now() - startMs).toBeLessThan(1400);
    expect(await receipt?.outcome).toBe("closed");
    expect(client?.localAddress).toBeUndefined();
    await game.run(12_000);
    await game.end();
  });

  it.each([-1, NaN, Infinity, "1000"])("refuses to drain for %j ms", async (drainMs) => {
    const { game } = await pair();
    expect(() => game.clients[0]?.close({ drainMs: drainMs as number })).toThrow(
      new RangeError(
        `"drainMs" expected a number in 0..3600000, got ${typeof drainMs === "string" ? `"${drainMs}"` : drainMs}`,
      ),
    );
    expect(game.clients[0]?.isConnected).toBe(true);
    await game.end();
  });

  it("that leaves is connected no more, while what it sent before is still delivered", async () => {
    const { game, peer } = await pair();
    const [client] = game.clients as [Client];
    expect(client.isConnected).toBe(true);
    peer.pause(0);
    const receipt = client.send(new Uint8Array(100_000), { delivery: "reliable" });
    const closing = client.close({ drainMs: 500 });
    expect([client.isConnected, client.send("x").refusal]).toEqual([false, "closed"]);
    await game.run(100);
    expect(client.isConnected).toBe(false);
    peer.resume(0);
    expect(await game.settle(receipt.outcome)).toBe("acked");
    await game.settle(closing);
    expect(client.isConnected).toBe(false);
    await game.end();
  });

  it.each([
    ["in the turn that tells of the connection", (abort: () => void) => abort()],
    ["right after it", (abort: () => void) => void Promise.resolve().then(abort)],
  ])("whose signal says stop %s is not given to anybody, and leaves", async (_, when) => {
    const game = new GameNetwork({ link: { latencyMs: 10 } });
    await game.listen();
    const controller = new AbortController();
    const { logger } = recordingLogger();
    const info = (fields: object, message: string): void => {
      logger.info(fields, message);
      if (message === "connected") when(() => controller.abort(new Error("left the lobby")));
    };
    const transport = game.network.createTransport();
    const options = game.clientOptions({ transport, signal: controller.signal, logger: { ...logger, info } });
    const error: unknown = await game.settle(connect(options), 60_000).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ConnectError", code: "aborted", cause: new Error("left the lobby") });
    expect(transport.localAddress).toBeUndefined();
    await game.run(500);
    expect(game.server.peers.size).toBe(0);
    await game.end();
  });

  it("that the server lets go closes its socket by itself, and can be asked and closed after that", async () => {
    const { game, peer } = await pair();
    const [client] = game.clients;
    const log: string[] = [];
    client?.on("disconnect", (reason) => log.push(`${reason.code} ${reason.by} ${reason.text}`));
    client?.on("message", (message) => log.push(text(message.payload)));
    peer.send("last words", { delivery: "reliable" });
    peer.flush();
    await game.run(30);
    peer.disconnect("enough");
    await game.run(200);
    expect(log).toEqual(["last words", "kicked remote enough"]);
    expect(client?.localAddress).toBeUndefined();
    expect(client?.isConnected).toBe(false);
    expect(client?.send("x").refusal).toBe("closed");
    expect(client?.stats.packetsSent).toBeGreaterThan(0);
    expect(client?.sessionId).toMatch(/^[0-9a-f]{32}$/);
    client?.flush();
    await expect(client?.rebind()).rejects.toThrow(TransportError);
    await game.settle(client?.close() as Promise<void>);
    expect(log).toHaveLength(2);
    await game.end();
  });

  it("contains what its listeners throw, and tells it by error, else to its log", async () => {
    const game = new GameNetwork();
    game.server.on("message", (peer, message) => void peer.send(message.payload));
    await game.listen();
    const { logger, lines } = recordingLogger("error");
    const client = await game.connect({ logger });
    let later = 0;
    client.on("message", () => {
      throw new Error("bug");
    });
    client.on("message", () => (later += 1));
    client.send("1");
    await game.run(100);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/unhandled error in the client [^]*bug/);
    const errors: unknown[] = [];
    client.on("error", (error) => {
      errors.push((error as Error).message);
      throw new Error("worse");
    });
    client.send("2");
    await game.run(100);
    expect(errors).toEqual(["bug"]);
    expect(lines[1]).toMatch(/a listener of "error" threw[^]*worse/);
    expect(later).toBe(2);
    await game.end();
  });

  it("is told of a fault of its socket, and lives on", async () => {
    const game = new GameNetwork();
    await game.listen();
    const transport = game.network.createTransport();
    const client = await game.connect({ transport });
    const errors: unknown[] = [];
    client.on("error", (error) => errors.push(error));
    const fault = new TransportError("resources", "no buffers");
    transport.raiseError(fault);
    await game.run(3000);
    expect(errors).toEqual([fault]);
    expect(client.isConnected).toBe(true);
    await game.end();
  });

  it("sends what one turn queued in one datagram, and at once when flushed", async () => {
    const { game } = await pair();
    const [client] = game.clients;
    await game.run(1000);
    const seen = recordDatagrams(game.network, game.serverAddress);
    for (let i = 0; i < 10; i++) client?.send("x");
    expect(seen).toHaveLength(0);
    await game.run(0);
    expect(seen).toHaveLength(1);
    client?.send("now");
    client?.flush();
    expect(seen).toHaveLength(2);
    await game.end();
  });

  it("says that it cannot move when its transport cannot", async () => {
    const game = new GameNetwork();
    await game.listen();
    const transport = game.network.createTransport();
    Object.defineProperty(transport, "rebind", { value: undefined });
    const client = await game.connect({ transport });
    await expect(client.rebind()).rejects.toThrow(new TypeError('"transport" expected one with rebind()'));
    await game.end();
  });

  it("notices a dead network by its idle timeout alone", async () => {
    const { game } = await pair();
    const [client] = game.clients;
    const codes: string[] = [];
    client?.on("disconnect", (reason) => codes.push(reason.code));
    game.network.setFilter(() => false);
    await game.run(11_000);
    expect(codes).toEqual(["timeout"]);
    await game.end();
  });

  it("of many that come and go leaves nothing behind", async () => {
    const game = new GameNetwork({ crypto: createNodeProvider() });
    await game.listen();
    for (let round = 0; round < 5; round++) {
      const clients = await game.settle(
        Promise.all(Array.from({ length: 10 }, () => connect(game.clientOptions()))),
        60_000,
      );
      for (const client of clients) client.send("hello", { delivery: "reliable" });
      await game.settle(Promise.all(clients.map((client) => client.close())));
      await game.run(1000);
      expect(game.server.stats).toMatchObject({ peers: 0, halfOpen: 0 });
      expect(game.clock.pendingTimers).toBe(0);
    }
    await game.end();
  });
});

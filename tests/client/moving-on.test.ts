import { createClient } from "@sortie/client";
import { Server } from "@sortie/server";
import { assertNoLeaks } from "@sortie/testkit";
import { type SocketAddress, TransportError } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { DualStack } from "../support/dual-stack.js";
import { GameNetwork, PROTOCOL, text } from "../support/game-network.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";

async function playing(seed: number): Promise<GameNetwork> {
  const game = new GameNetwork({ seed, link: { latencyMs: 20 }, crypto: createSeededNodeCrypto(seed) });
  game.server.on("message", (peer, message) => void peer.send(message.payload, { delivery: message.delivery }));
  await game.listen();
  return game;
}

/** A filter for which the way between the server and this port of a client is dead. */
function without(port: number | undefined) {
  return (_datagram: Uint8Array, from: SocketAddress, to: SocketAddress): boolean =>
    from.port !== port && to.port !== port;
}

describe("a client whose path dies", () => {
  it("takes a new port by itself, and loses nothing reliable", async () => {
    const game = await playing(51);
    const client = await game.connect();
    const heard: string[] = [];
    client.on("message", (message) => heard.push(text(message.payload)));
    await game.run(500);
    const port = client.localAddress?.port;
    game.network.setFilter(without(port));
    client.send("before", { delivery: "ordered" });
    await game.run(2400);
    expect(client.localAddress?.port).toBe(port);
    client.send("after", { delivery: "ordered" });
    await game.run(800);
    expect(client.localAddress?.port).not.toBe(port);
    expect(heard).toEqual(["before", "after"]);
    expect([...game.server.peers.values()][0]?.address.port).toBe(client.localAddress?.port);
    await game.end();
  });

  it("does so when it is idle too, before the idle timeout", async () => {
    const game = await playing(52);
    const client = await game.connect();
    await game.run(1000);
    game.network.setFilter(without(client.localAddress?.port));
    await game.run(20_000);
    expect(client.isConnected).toBe(true);
    expect(game.server.peers.size).toBe(1);
    await game.end();
  });

  it("moves a few times in an outage, and no more", async () => {
    const game = await playing(53);
    const client = await game.connect({ idleTimeoutMs: 60_000 });
    await game.run(500);
    game.network.setFilter(() => false);
    const ports = new Set<number | undefined>();
    for (let second = 0; second < 7; second++) {
      client.send("hello?", { delivery: "reliable" });
      ports.add(client.localAddress?.port);
      await game.run(1000);
    }
    expect(ports.size).toBe(3);
    game.network.setFilter(undefined);
    await game.run(2000);
    expect(client.isConnected).toBe(true);
    await game.end();
  });

  it("moves at once when its socket is gone, and not again for every error that follows", async () => {
    const game = await playing(54);
    const transport = game.network.createTransport();
    const client = await game.connect({ transport });
    const errors: unknown[] = [];
    client.on("error", (error) => errors.push(error));
    await game.run(500);
    const ports = new Set([client.localAddress?.port]);
    for (let i = 0; i < 100; i++) {
      transport.raiseError(new TransportError("address-not-available", "the interface went down"));
      await game.run(10);
      ports.add(client.localAddress?.port);
    }
    expect(errors).toHaveLength(100);
    // One at once; each is followed by an answer, so that the next one counts again after a pause of 2.5 s.
    expect(ports.size).toBe(2);
    expect(client.isConnected).toBe(true);
    await game.end();
  });

  it.each([
    ["moves when the system refuses to send", false],
    ["stays when its datagrams are only too large for the link: that is how an MTU is found", true],
  ])("%s", async (_name, areTooLarge) => {
    const game = await playing(55);
    const transport = game.network.createTransport();
    const client = await game.connect({ transport });
    await game.run(500);
    const port = client.localAddress?.port;
    // Counted as send errors, as ENETUNREACH is; nothing arrives.
    let refused = 0;
    Object.defineProperty(transport, "statistics", {
      get: () => ({ sendErrors: refused, tooLarge: areTooLarge ? refused : 0 }),
    });
    game.network.setFilter((_datagram, from, to) => {
      if (from.port !== port) return to.port !== port;
      refused += 1;
      return false;
    });
    client.send("hello?", { delivery: "reliable" });
    await game.run(1200);
    expect(client.localAddress?.port === port).toBe(areTooLarge);
    expect(client.isConnected).toBe(true);
    await game.end();
  });

  it("stays when its transport cannot move, and says why a move failed", async () => {
    const game = await playing(56);
    const transport = game.network.createTransport();
    const failing = game.network.createTransport();
    Object.defineProperty(transport, "rebind", { value: undefined });
    Object.defineProperty(failing, "rebind", {
      value: () => Promise.reject(new TransportError("resources", "no socket left")),
    });
    const [still, told] = [await game.connect({ transport }), await game.connect({ transport: failing })];
    const errors: unknown[] = [];
    told.on("error", (error) => errors.push((error as TransportError).code));
    game.network.setFilter(() => false);
    for (const client of [still, told]) client.send("hello?", { delivery: "reliable" });
    await game.run(4000);
    game.network.setFilter(undefined);
    await game.run(2500);
    expect(errors).toEqual(["resources"]);
    expect(still.isConnected && told.isConnected).toBe(true);
    await game.end();
  });

  it("that is polled moves within its updates", async () => {
    const game = await playing(57);
    const transport = game.network.createTransport();
    const client = createClient(game.clientOptions({ transport }));
    const play = async (ms: number): Promise<void> => {
      for (let elapsed = 0; elapsed < ms; elapsed += 16) {
        client.update(game.clock.now());
        await game.run(16);
      }
    };
    await play(500);
    expect(client.state).toBe("connected");
    const port = transport.localAddress?.port;
    game.network.setFilter(without(port));
    client.send("hello?", { delivery: "reliable" });
    await play(3200);
    expect(transport.localAddress?.port).not.toBe(port);
    expect(text(client.receive()?.payload ?? new Uint8Array())).toBe("hello?");
    await game.settle(client.close());
    await game.end();
  });
});

describe("a server with addresses of both families", () => {
  /** IPv6 is preferred and carries the connection; `blocked` then cuts it. */
  async function dualStack(seed: number) {
    const { network, clock, crypto, identity, ...game } = await playing(seed);
    await game.server.close();
    const transport = new DualStack(
      network.createTransport({ host: "10.9.0.1", port: 1474 }),
      network.createTransport({ host: "fd09::1", port: 1474 }),
    );
    const server = new Server({ protocol: PROTOCOL, identity, crypto, transport, clock });
    server.on("message", (peer, message) => void peer.send(message.payload, { delivery: "ordered" }));
    await clock.runUntilSettled(server.listen());
    const own = new DualStack(
      network.createTransport({ host: "10.9.1.1" }),
      network.createTransport({ host: "fd09:1::1" }),
      new Map([["arena.example", ["fd09::1", "10.9.0.1"]]]),
    );
    return { network, clock, crypto, identity, server, own };
  }

  it("keeps a client that loses IPv6: it goes on over IPv4", async () => {
    const { network, clock, crypto, identity, server, own } = await dualStack(58);
    const { connect } = await import("@sortie/client");
    const options = { host: "arena.example", port: 1474, protocol: PROTOCOL, serverKey: identity.publicKey };
    const client = await clock.runUntilSettled(connect({ ...options, crypto, transport: own, clock }));
    expect(client.address.family).toBe(6);
    const heard: string[] = [];
    client.on("message", (message) => heard.push(text(message.payload)));
    await clock.run(500);
    network.setFilter((_datagram, from, to) => from.family === 4 && to.family === 4);
    for (let i = 0; i < 40; i++) {
      client.send(`${i}`, { delivery: "ordered" });
      await clock.run(100);
    }
    await clock.run(500);
    expect(client.address.toString()).toBe("10.9.0.1:1474");
    expect([...server.peers.values()][0]?.address.host).toBe("10.9.1.1");
    expect(client.stats.migrations).toBe(1);
    expect(heard).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`));
    await clock.runUntilSettled(Promise.all([client.close(), server.close()]), 10_000);
    assertNoLeaks({ servers: [server], clock });
  });

  it("is not left for an address at which another server answers", async () => {
    const { network, clock, crypto, identity, server, own } = await dualStack(59);
    const { connect } = await import("@sortie/client");
    // The same identity, as two servers behind one name have: it can even make the reset token of this client.
    const stranger = new Server({
      protocol: PROTOCOL,
      identity,
      crypto,
      transport: network.createTransport({ host: "10.9.0.2", port: 1474 }),
      clock,
    });
    await clock.runUntilSettled(stranger.listen());
    const names = new Map([["arena.example", ["fd09::1", "10.9.0.2"]]]);
    const transport = new DualStack(own.ipv4, own.ipv6, names);
    const options = { host: "arena.example", port: 1474, protocol: PROTOCOL, serverKey: identity.publicKey };
    const client = await clock.runUntilSettled(connect({ ...options, crypto, transport, clock }));
    const reasons: string[] = [];
    client.on("disconnect", (reason) => reasons.push(reason.code));
    await clock.run(500);
    network.setFilter((_datagram, from, to) => from.family === 4 && to.family === 4);
    client.send("hello?", { delivery: "reliable" });
    await clock.run(6000);
    expect(stranger.stats.drops["unknown-connection"]).toBeGreaterThan(0);
    expect(client.isConnected).toBe(true);
    expect(client.address.family).toBe(6);
    network.setFilter(undefined);
    await clock.run(2500);
    expect(client.isConnected).toBe(true);
    expect(reasons).toEqual([]);
    await clock.runUntilSettled(Promise.all([client.close(), server.close(), stranger.close()]), 10_000);
    assertNoLeaks({ servers: [server, stranger], clock });
  });
});

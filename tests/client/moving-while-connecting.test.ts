import { connect, createClient, openSwarm } from "@sortie/client";
import { Server } from "@sortie/server";
import { type SocketAddress, TransportError } from "@sortie/transport";
import { datagramKind, HandshakeType, peekHandshakeType } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork, type GameNetworkOptions, PROTOCOL } from "../support/game-network.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { recordingLogger } from "../support/recording-logger.js";

async function open(seed: number, options: GameNetworkOptions = {}): Promise<GameNetwork> {
  const game = new GameNetwork({ seed, link: { latencyMs: 20 }, crypto: createSeededNodeCrypto(seed), ...options });
  await game.listen();
  return game;
}

/**
 * Kills the way between the server and the first port that asks it, as a stuck middlebox or a hung process of a cluster
 * does; of what the server sends there, `passes` goes through. Gives the ports that asked, in their order.
 */
function killFirstFlow(game: GameNetwork, passes: (datagram: Uint8Array) => boolean = () => false): number[] {
  const ports: number[] = [];
  game.network.setFilter((datagram, from, to) => {
    if (to.port === 1474 && !ports.includes(from.port)) ports.push(from.port);
    if (to.port === ports[0]) return passes(datagram);
    return from.port !== ports[0] || passes(datagram);
  });
  return ports;
}

/** Ports that have asked the server. */
function ports(game: GameNetwork, passes: (from: SocketAddress, to: SocketAddress) => boolean): Set<number> {
  const seen = new Set<number>();
  game.network.setFilter((_datagram, from, to) => {
    if (to.port === 1474) seen.add(from.port);
    return passes(from, to);
  });
  return seen;
}

const isHandshake = (datagram: Uint8Array): boolean => datagramKind(datagram[0] as number) === "handshake";

describe("a client that connects and is not answered", () => {
  it("takes a new port after 2.5 s, and gets in there", async () => {
    const game = await open(71);
    const asked = killFirstFlow(game);
    const client = await game.connect();
    expect(game.clock.now()).toBeGreaterThan(2500);
    expect(game.clock.now()).toBeLessThan(2800);
    expect(asked).toHaveLength(2);
    expect(client.localAddress?.port).toBe(asked[1]);
    expect(game.server.stats).toMatchObject({ peers: 1, halfOpen: 0, handshakes: 1 });
    await game.end();
  });

  it("after a cookie gets another one for its new port", async () => {
    const game = await open(72);
    const isRetry = (datagram: Uint8Array): boolean => peekHandshakeType(datagram) === HandshakeType.Retry;
    let hellos = 0;
    const asked = killFirstFlow(game, (datagram) => isRetry(datagram) || (isHandshake(datagram) && ++hellos === 1));
    await game.connect();
    expect(asked).toHaveLength(2);
    expect(game.clock.now()).toBeLessThan(2900);
    // The hello with the old port's cookie is answered by a new one, as one without any is.
    expect(game.server.stats.drops["bad-cookie"]).toBe(1);
    expect(game.server.stats.retriesSent).toBe(2);
    await game.end();
  });

  it("with keys already takes a new port too, and goes on with them", async () => {
    const game = await open(73);
    const asked = killFirstFlow(game, isHandshake);
    const client = await game.connect();
    expect(asked).toHaveLength(2);
    expect(game.clock.now()).toBeLessThan(3500);
    expect(game.server.stats).toMatchObject({ peers: 1, halfOpen: 0, handshakes: 1 });
    await game.run(500);
    expect([...game.server.peers.values()][0]?.address.port).toBe(client.localAddress?.port);
    await game.end();
  });

  it("stays where it is while the server's application takes its time", async () => {
    const decide = (clock: GameNetwork["clock"]) => new Promise((resolve) => clock.setTimer(6000, () => resolve(0)));
    const server = { authenticate: () => decide(game.clock).then(() => ({ accept: true as const })) };
    const game: GameNetwork = await open(74, { server });
    const seen = ports(game, () => true);
    await game.connect();
    expect(game.clock.now()).toBeGreaterThan(6000);
    expect(seen.size).toBe(1);
    await game.end();
  });

  it("takes two new ports in ten seconds, and fewer as time goes by", async () => {
    const game = await open(75);
    const seen = ports(game, () => false);
    await expect(game.connect()).rejects.toMatchObject({ code: "timeout" });
    expect([game.clock.now(), seen.size]).toEqual([10_000, 3]);
    seen.clear();
    await expect(game.connect({ timeoutMs: 58_000 })).rejects.toMatchObject({ code: "timeout" });
    expect(seen.size).toBe(6);
    await game.end();
  });

  it("goes on asking from the old port where there is no other", async () => {
    const game = await open(76);
    const transport = game.network.createTransport();
    const failing = game.network.createTransport();
    Object.defineProperty(transport, "rebind", { value: undefined });
    Object.defineProperty(failing, "rebind", { value: () => Promise.reject(new Error("no socket left")) });
    const { logger, lines } = recordingLogger();
    game.network.setFilter(() => game.clock.now() > 4000);
    const clients = await game.settle(
      Promise.all([
        connect(game.clientOptions({ transport })),
        connect(game.clientOptions({ transport: failing, logger })),
      ]),
    );
    expect(game.clock.now()).toBeLessThan(4400);
    expect(lines.map((line) => line.split("\n")[0])).toEqual([
      expect.stringMatching(/^WARN nothing is answered: /),
      expect.stringMatching(/^WARN while connecting: no socket left/),
      expect.stringMatching(/^INFO connected/),
    ]);
    game.clients.push(...clients);
    await game.end();
  });

  it("does not move for addresses that the system cannot send to, as those of IPv6 often are", async () => {
    const game = await open(77, { names: { "play.example": ["2001:db8::9", "10.0.0.1"] }, link: { latencyMs: 700 } });
    const transport = game.network.createTransport();
    let refused = 0;
    Object.defineProperty(transport, "statistics", { get: () => ({ sendErrors: refused, tooLarge: 0 }) });
    game.network.setFilter((_datagram, _from, to) => {
      if (to.family === 4) return true;
      refused += 1;
      return false;
    });
    let moves = 0;
    const { rebind } = transport;
    Object.defineProperty(transport, "rebind", {
      value: () => {
        moves += 1;
        return rebind.call(transport);
      },
    });
    await game.connect({ host: "play.example", transport });
    expect([refused > 0, moves]).toEqual([true, 0]);
    await game.end();
  });

  it("asks all addresses of the server again from its new port", async () => {
    const game = await open(78, { names: { "play.example": ["10.0.0.9", "10.0.0.1"] } });
    const { crypto, identity, clock } = game;
    const transport = game.network.createTransport({ host: "10.0.0.9", port: 1474 });
    const hanging = new Server({ protocol: PROTOCOL, crypto, identity, clock, transport });
    await game.settle(hanging.listen());
    // It gives a cookie, and no more than that.
    let heard = 0;
    game.network.setFilter((_datagram, _from, to) => to.host !== "10.0.0.9" || ++heard === 1);
    const client = await game.connect({ host: "play.example" });
    expect(hanging.stats.retriesSent).toBe(1);
    expect(game.clock.now()).toBeLessThan(3200);
    expect(client.address.host).toBe("10.0.0.1");
    await game.settle(hanging.close());
    await game.end();
  });

  it("moves at once when its socket is gone", async () => {
    const game = await open(79);
    const transport = game.network.createTransport();
    const asked = killFirstFlow(game);
    const connecting = connect(game.clientOptions({ transport }));
    await game.run(100);
    transport.raiseError(new TransportError("address-not-available", "the interface went down"));
    game.clients.push(await game.settle(connecting));
    expect(asked).toHaveLength(2);
    expect(game.clock.now()).toBeLessThan(300);
    await game.end();
  });

  it.each([
    [16, 3200],
    [400, 9000],
    [600, 9000],
  ])("that is polled moves within its updates, one each %d ms", async (frameMs, withinMs) => {
    const game = await open(80);
    const asked = killFirstFlow(game);
    const client = createClient(game.clientOptions());
    for (let elapsed = 0; elapsed < withinMs && client.state === "connecting"; elapsed += frameMs) {
      client.update(game.clock.now());
      await game.run(frameMs);
    }
    expect(client.state).toBe("connected");
    expect(asked).toHaveLength(2);
    await game.settle(client.close());
    await game.end();
  });

  it("in a swarm stays at the socket of all, and asks again", async () => {
    const game = await open(82);
    const seen = ports(game, () => game.clock.now() > 4000);
    const connected: number[] = [];
    const swarm = await game.settle(
      openSwarm(game.clientOptions(), { onConnect: () => void connected.push(game.clock.now()) }),
    );
    swarm.add();
    swarm.add();
    await game.run(4500);
    expect(connected).toHaveLength(2);
    expect(seen.size).toBe(1);
    await game.settle(swarm.close());
    await game.end();
  });
});

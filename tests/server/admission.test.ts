import { connect, ConnectError } from "@sortie/client";
import type { AccessLogEntry, ServerOptions } from "@sortie/server";
import { SocketAddress } from "@sortie/transport";
import { encodeClientHello, HandshakeType } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";
import { HandMadeClient } from "../support/hand-made-client.js";
import { HelloFlood } from "../support/hello-flood.js";

async function failure(attempt: Promise<unknown>): Promise<ConnectError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectError)) throw new Error(`expected a ConnectError, got ${String(error)}`);
  return error;
}

describe("authenticate", () => {
  it("gets the payload, the address and the session, and gives the peer its data", async () => {
    const sessions: string[] = [];
    const game = new GameNetwork({
      server: {
        authenticate: async (request) => {
          sessions.push(request.sessionId);
          await Promise.resolve();
          return { accept: true, data: { name: text(request.payload), host: request.address.host } };
        },
      },
    });
    await game.listen();
    const client = await game.connect({ payload: "ann" });
    await game.run(50);
    expect(game.server.peers.get(1)?.data).toEqual({ name: "ann", host: client.localAddress?.host });
    expect(client.sessionId).toBe(sessions[0]);
    expect(client.sessionId).toMatch(/^[0-9a-f]{32}$/);
    await game.end();
  });

  it("refuses with a reason, and takes no slot", async () => {
    const log: AccessLogEntry[] = [];
    const game = new GameNetwork({
      server: {
        maxPeers: 1,
        authenticate: ({ payload }) => (payload.length > 0 ? { accept: true } : { accept: false, reason: "bad token" }),
        onAccess: (entry) => log.push(entry),
      },
    });
    await game.listen();
    const error = await failure(game.connect());
    expect(error.code).toBe("rejected");
    expect(error.reason).toBe("bad token");
    expect(error.message).toContain("bad token");
    await game.connect({ payload: "token" });
    await game.run(50);
    expect(log.map((entry) => entry.event)).toEqual(["refuse", "connect"]);
    await game.end();
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("database down");
      },
    ],
    ["rejects", () => Promise.reject(new Error("database down"))],
  ])("that %s ends that attempt only, and is reported", async (_what, authenticate) => {
    const errors: unknown[] = [];
    const game = new GameNetwork({ server: { authenticate } });
    game.server.on("error", (error) => errors.push(error));
    await game.listen();
    const error = await failure(game.connect());
    expect(error.code).toBe("rejected");
    expect(error.message).not.toContain("database");
    expect((errors[0] as Error).message).toBe("database down");
    await game.end();
  });

  it("that never answers ends by the handshake's deadline", async () => {
    const game = new GameNetwork({
      server: { handshakeTimeoutMs: 2000, authenticate: () => new Promise<never>(() => {}) },
    });
    await game.listen();
    const error = await failure(game.connect());
    expect(error.code).toBe("timeout");
    await game.run(3000);
    expect(game.server.stats.halfOpen).toBe(0);
    await game.end();
  });

  it("that answers nonsense lets nobody in", async () => {
    const errors: Error[] = [];
    const game = new GameNetwork({ server: { authenticate: (() => ({ accept: "yes" })) as never } });
    game.server.on("error", (error) => errors.push(error as Error));
    await game.listen();
    expect((await failure(game.connect())).code).toBe("rejected");
    expect(errors[0]?.message).toContain('"authenticate" expected');
    await game.end();
  });
});

describe("admission", () => {
  it("tells a client that the server is full", async () => {
    const game = new GameNetwork({ server: { maxPeers: 1 } });
    await game.listen();
    await game.connect();
    const error = await failure(game.connect());
    expect(error.code).toBe("server-full");
    await game.end();
  });

  it("tells a client that the protocols differ", async () => {
    const game = new GameNetwork();
    await game.listen();
    const error = await failure(game.connect({ protocol: "other/2" }));
    expect(error.code).toBe("protocol-mismatch");
    // The client asks twice.
    expect(game.server.stats.drops["wrong-protocol"]).toBe(2);
    await game.end();
  });

  it("tells a client that the server has another key, and sends it nothing", async () => {
    const game = new GameNetwork({
      server: {
        authenticate: () => {
          throw new Error("must not be asked");
        },
      },
    });
    await game.listen();
    const { publicKey } = game.crypto.generateKeyPair();
    const error = await failure(game.connect({ serverKey: publicKey }));
    expect(error.code).toBe("identity-mismatch");
    expect(game.server.stats.listenerErrors).toBe(0);
    await game.run(15_000);
    await game.end();
  });

  it("tells a client that nobody answers", async () => {
    const game = new GameNetwork();
    const error = await failure(game.connect({ timeoutMs: 1500 }));
    expect(error.code).toBe("timeout");
    expect(error.message).toContain("10.0.0.1:1474");
    expect(game.clock.now()).toBeLessThan(4000);
    await game.end();
  });

  it("gives an attempt up when its signal says so", async () => {
    const game = new GameNetwork({ server: { authenticate: () => new Promise<never>(() => {}) } });
    await game.listen();
    const controller = new AbortController();
    const attempt = failure(connect(game.clientOptions({ signal: controller.signal })));
    await game.run(500);
    expect(game.server.stats.halfOpen).toBe(1);
    controller.abort(new Error("user left"));
    const error = await game.settle(attempt);
    expect(error.code).toBe("aborted");
    expect((error.cause as Error).message).toBe("user left");
    await game.run(2000);
    expect(game.server.stats.halfOpen).toBe(0);
    await game.end();
  });

  it("drops blocked addresses and ranges, and ends peers there", async () => {
    const game = new GameNetwork();
    await game.listen();
    const client = await game.connect();
    const codes: string[] = [];
    client.on("disconnect", (reason) => codes.push(`${reason.code} ${reason.text}`));
    await game.run(50);
    game.server.block("10.0.0.0/8");
    await game.run(500);
    expect(codes).toEqual(["kicked blocked"]);
    expect((await failure(game.connect({ timeoutMs: 1000 }))).code).toBe("timeout");
    expect(game.server.stats.drops.blocked).toBeGreaterThan(0);
    expect(game.server.unblock("10.0.0.0/8")).toBe(true);
    await game.connect();
    await game.end();
  });

  it("limits handshakes by prefix", async () => {
    const game = new GameNetwork({ server: { handshakesPerPrefix: { perSecond: 0.1, burst: 3 } } });
    await game.listen();
    const attempts = Array.from({ length: 6 }, () =>
      connect(game.clientOptions({ timeoutMs: 2000 })).then(
        (client) => {
          game.clients.push(client);
          return "in";
        },
        (error: ConnectError) => error.code,
      ),
    );
    const results = await game.settle(Promise.all(attempts));
    expect(results.filter((result) => result === "in")).toHaveLength(3);
    expect(game.server.stats.drops["rate-limited"]).toBeGreaterThan(0);
    await game.end();
  });

  it("caps half-open connections without touching players", async () => {
    const waiting: (() => void)[] = [];
    const game = new GameNetwork({
      server: {
        maxHalfOpen: 2,
        authenticate: ({ payload }) =>
          payload.length > 0 ? { accept: true } : new Promise(() => waiting.push(() => {})),
      },
    });
    await game.listen();
    const player = await game.connect({ payload: "player" });
    const attempts = Array.from({ length: 5 }, () => failure(connect(game.clientOptions({ timeoutMs: 3000 }))));
    await game.run(1500);
    expect(game.server.stats.halfOpen).toBe(2);
    expect(game.server.stats.drops["half-open-full"]).toBeGreaterThan(0);
    await game.settle(Promise.all(attempts));
    expect(player.isConnected).toBe(true);
    await game.run(12_000);
    await game.end();
  });

  it("answers a repeated hello with the same SERVER_HELLO and makes no second connection", async () => {
    const game = new GameNetwork();
    await game.listen();
    // Every hello arrives three times.
    game.network.setDefaultLink({ duplicate: 1 });
    await game.connect();
    await game.run(1000);
    expect(game.server.stats.handshakes).toBe(1);
    expect(game.server.stats.peersAccepted).toBe(1);
    await game.end();
  });
});

describe("a hello whose connection has ended", () => {
  const ELSEWHERE = SocketAddress.parse("203.0.113.9", 5000);

  it.each([
    ["while CLOSE is repeated", 700],
    ["after the last CLOSE", 1600],
  ])("before its client was heard starts another (%s)", async (_when, silentMs) => {
    const game = new GameNetwork({ server: { handshakeTimeoutMs: 500 } });
    await game.listen();
    const startMs = game.clock.now();
    // The cookie arrives, and then nothing: neither SERVER_HELLO nor CLOSE.
    game.network.setFilter((datagram, from) => {
      const isSilent = game.clock.now() - startMs < silentMs && from.equals(game.serverAddress);
      return !isSilent || datagram[0] === HandshakeType.Retry;
    });
    await game.connect({ timeoutMs: 10_000 });
    expect(game.clock.now() - startMs).toBeLessThan(silentMs + 400);
    await game.run(5000);
    expect(game.server.stats).toMatchObject({ peers: 1, halfOpen: 0, peersAccepted: 1 });
    await game.end();
  });

  it("by a server that shuts down is refused with the reason", async () => {
    const game = new GameNetwork();
    await game.listen();
    game.network.setFilter((datagram) => datagram[0] !== HandshakeType.ServerHello && (datagram[0] as number) < 0x40);
    const attempt = failure(connect(game.clientOptions()));
    await game.run(300);
    expect(game.server.stats.halfOpen).toBe(1);
    const closed = game.server.close();
    expect(await game.settle(attempt)).toMatchObject({ code: "rejected", reason: "shutting down" });
    await game.settle(closed);
    await game.end();
  });

  it("starts no other when its client holds the keys", async () => {
    const game = new GameNetwork({ server: { handshakeTimeoutMs: 500 } });
    await game.listen();
    const client = await new HandMadeClient(game, ELSEWHERE).shakeHands();
    client.send(Uint8Array.of(1)); // PING
    await game.run(600);
    expect(game.server.stats.halfOpen).toBe(0);
    client.sendRaw(client.handshake.hello());
    await game.run(50);
    expect(game.server.stats.handshakes).toBe(1);
    expect(game.server.stats.drops["unexpected-handshake"]).toBe(1);
    await game.run(5000);
    await game.end();
  });
});

describe("the limit of a prefix", () => {
  const HOLDER = SocketAddress.parse("203.0.113.9", 5000);

  async function serve(server: Partial<ServerOptions>): Promise<GameNetwork> {
    const game = new GameNetwork({ server });
    await game.listen();
    return game;
  }

  /** All come with their cookies within a millisecond, each with an attempt of its own. */
  async function rush(game: GameNetwork, addresses: readonly SocketAddress[]): Promise<void> {
    const hellos = await new HelloFlood(game).withCookies(addresses);
    hellos.forEach((hello, i) => {
      game.network.inject(encodeClientHello(hello), addresses[i] as SocketAddress, game.serverAddress, i / 1000);
    });
    await game.run(1);
  }

  it("does not count hellos for which there was no room: their client comes in once there is", async () => {
    const game = await serve({
      maxHalfOpen: 1,
      handshakeTimeoutMs: 5000,
      handshakesPerPrefix: { perSecond: 0.1, burst: 3 },
    });
    await new HandMadeClient(game, HOLDER).shakeHands();
    const startMs = game.clock.now();
    await game.connect({ timeoutMs: 30_000 });
    expect(game.clock.now() - startMs).toBeGreaterThan(4900);
    expect(game.clock.now() - startMs).toBeLessThan(5500);
    expect(game.server.stats.drops["half-open-full"]).toBeGreaterThan(15);
    expect(game.server.stats.drops["rate-limited"]).toBe(0);
    await game.run(5000);
    await game.end();
  });

  it("does not count them either when the budget of the server is used up", async () => {
    const game = await serve({
      maxHalfOpen: 1000,
      handshakesPerSecond: 1,
      tickRate: 0,
      handshakesPerPrefix: { perSecond: 0.001, burst: 1 },
    });
    const all = Array.from({ length: 250 }, (_, i) => SocketAddress.parse(`198.51.${i}.7`, 5000));
    await rush(game, all);
    await rush(
      game,
      all.slice(0, 6).map((_, i) => SocketAddress.parse(`203.0.${i}.7`, 5000)),
    );
    expect(game.server.stats).toMatchObject({ handshakes: 256 });
    const startMs = game.clock.now();
    await game.connect({ timeoutMs: 30_000 });
    expect(game.clock.now() - startMs).toBeLessThan(1500);
    expect(game.server.stats.drops["half-open-full"]).toBeGreaterThan(1);
    await game.run(15_000);
    await game.end();
  });

  it("bounds what a prefix may try for a place, so that a flood does not take each one that comes free", async () => {
    const game = await serve({ maxHalfOpen: 1, handshakesPerPrefix: { perSecond: 0.1, burst: 3 } });
    await new HandMadeClient(game, HOLDER).shakeHands();
    await rush(
      game,
      Array.from({ length: 200 }, (_, i) => SocketAddress.parse(`198.51.100.${i}`, 5000)),
    );
    expect(game.server.stats.drops).toMatchObject({ "half-open-full": 60, "rate-limited": 140 });
    await game.run(15_000);
    await game.end();
  });

  it("is paid by those who wait for their turn, and for them a place is kept", async () => {
    const game = await serve({
      maxHalfOpen: 20,
      handshakeTimeoutMs: 1000,
      handshakesPerPrefix: { perSecond: 0.001, burst: 1 },
    });
    const addresses = Array.from({ length: 40 }, (_, i) => SocketAddress.parse(`198.51.${i}.7`, 5000));
    await rush(game, addresses);
    expect(game.server.stats.drops["half-open-full"]).toBe(20);
    await game.run(500);
    expect(game.server.stats).toMatchObject({ halfOpen: 20, handshakes: 20 });
    await game.run(4000);
    // Those that found no place have paid for none.
    await rush(game, addresses.slice(20));
    await game.run(500);
    expect(game.server.stats).toMatchObject({ halfOpen: 20, handshakes: 40 });
    expect(game.server.stats.drops).toMatchObject({ "half-open-full": 20, "rate-limited": 0 });
    await game.run(5000);
    await game.end();
  });
});

import { connect, ConnectError } from "@sortie/client";
import type { AccessLogEntry } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";

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

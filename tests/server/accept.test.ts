import { type Client, type ClientOptions, connect, ConnectError } from "@sortie/client";
import type { CryptoProvider } from "@sortie/handshake";
import { Server, type AccessLogEntry, type AuthenticateResult } from "@sortie/server";
import { createSeededCrypto } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

type Answer = (result: AuthenticateResult<unknown>) => void;

/** A server whose answers to clients wait for the test. */
function undecided(options: { maxPeers?: number; onAccess?: (entry: AccessLogEntry) => void } = {}): {
  game: GameNetwork;
  answers: Answer[];
} {
  const answers: Answer[] = [];
  const authenticate = (): Promise<AuthenticateResult<unknown>> =>
    new Promise<AuthenticateResult<unknown>>((resolve) => answers.push(resolve));
  return { game: new GameNetwork({ server: { authenticate, ...options } }), answers };
}

/** Begins to connect; time is the caller's to move. */
async function begin(game: GameNetwork, options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = await connect(game.clientOptions(options));
  game.clients.push(client);
  return client;
}

function codeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => "in",
    (error: unknown) => (error instanceof ConnectError ? error.code : String(error)),
  );
}

describe("the moment of acceptance", () => {
  it("finds the server full: the last slot goes to who was decided on first", async () => {
    const log: string[] = [];
    const { game, answers } = undecided({
      maxPeers: 1,
      onAccess: ({ event, code = "" }) => log.push(`${event} ${code}`.trim()),
    });
    await game.listen();
    const codes = Promise.all([codeOf(begin(game)), codeOf(begin(game))]);
    await game.run(100);
    expect(answers).toHaveLength(2);
    expect(game.server.stats.halfOpen).toBe(2);
    for (const answer of answers) answer({ accept: true });
    expect(await game.settle(codes)).toEqual(["in", "server-full"]);
    await game.run(500);
    expect(game.server.peers.size).toBe(1);
    expect(log).toEqual(["connect", "refuse server-full"]);
    await game.end();
  });

  it("finds the server shutting down: nobody gets in any more", async () => {
    const { game, answers } = undecided();
    await game.listen();
    const code = codeOf(begin(game));
    await game.run(100);
    const closing = game.server.close({ drainMs: 500 });
    answers[0]?.({ accept: true });
    expect(await game.settle(code)).toBe("rejected");
    await game.settle(closing);
    expect(game.server.stats.peersAccepted).toBe(0);
    await game.end();
  });

  it.each([
    ["rejects", new Error("the database is gone")],
    ["is no answer", { accept: "perhaps" }],
  ])("finds the server closed: a decision that %s is not told any more", async (what, decision) => {
    const waiting: { resolve: (value: never) => void; reject: (error: unknown) => void }[] = [];
    const authenticate = (): Promise<never> => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    const game = new GameNetwork({ server: { authenticate } });
    const errors: string[] = [];
    game.server.on("error", (error) => void errors.push(String(error)));
    await game.listen();
    const codes = Promise.all([codeOf(begin(game)), codeOf(begin(game))]);
    await game.run(100);
    const decide = (): void => {
      const { resolve, reject } = waiting.shift() as (typeof waiting)[0];
      if (what === "rejects") reject(decision);
      else resolve(decision as never);
    };
    decide();
    await game.run(100);
    // While it listens, its operator wants to know.
    expect(errors).toHaveLength(1);
    await game.settle(game.server.close(), 60_000);
    expect(await game.settle(codes, 60_000)).toEqual(["rejected", "rejected"]);
    const listenerErrors = game.server.stats.listenerErrors;
    decide();
    await game.run(100);
    expect(errors).toHaveLength(1);
    expect(game.server.stats.listenerErrors).toBe(listenerErrors);
    await game.end();
  });

  it("finds the client gone: no peer, no event, no slot", async () => {
    const { game, answers } = undecided();
    const events: string[] = [];
    game.server.on("connect", () => events.push("connect"));
    await game.listen();
    const code = codeOf(begin(game, { timeoutMs: 300 }));
    expect(await game.settle(code)).toBe("timeout");
    await game.run(1000);
    answers[0]?.({ accept: true });
    await game.run(1000);
    expect(events).toEqual([]);
    expect(game.server.stats).toMatchObject({ peers: 0, halfOpen: 0, peersAccepted: 0 });
    await game.end();
  });

  it("finds the address blocked meanwhile: nobody gets in from there", async () => {
    const { game, answers } = undecided();
    await game.listen();
    const attempt = begin(game).then(
      () => "in",
      (error: ConnectError) => `${error.code} ${error.reason}`,
    );
    await game.run(100);
    game.server.block("10.0.0.0/8");
    answers[0]?.({ accept: true });
    expect(await game.settle(attempt)).toBe("rejected blocked");
    await game.run(2000);
    expect(game.server.stats).toMatchObject({ peers: 0, halfOpen: 0, peersAccepted: 0 });
    await game.end();
  });

  it("comes, goes and is told in one tick: connect, then messages, then disconnect", async () => {
    const events: string[] = [];
    const game = new GameNetwork({ server: { tickRate: 1 } });
    game.server.on("connect", (peer) => events.push(`connect ${peer.id}`));
    game.server.on("message", (peer) => events.push(`message ${peer.id}`));
    game.server.on("disconnect", (peer, reason) => events.push(`disconnect ${peer.id} ${reason.code}`));
    await game.listen();
    const client = await game.connect();
    client.send("hello");
    await game.settle(client.close());
    expect(events).toEqual([]);
    await game.run(2000);
    expect(events).toEqual(["connect 1", "message 1", "disconnect 1 closed"]);
    expect(game.server.stats.peers).toBe(0);
    await game.end();
  });

  it("with a provider that fails lets nobody in, is reported, and harms no peer", async () => {
    const seeded = createSeededCrypto(3);
    let broken = false;
    const crypto: CryptoProvider = {
      ...bound(seeded),
      hmacSha256: (key, ...parts) => {
        if (broken) throw new Error("no hmac");
        return seeded.hmacSha256(key, ...parts);
      },
    };
    const answers: Answer[] = [];
    const game = new GameNetwork();
    const server = new Server({
      protocol: "test/1",
      identity: game.identity,
      crypto,
      clock: game.clock,
      transport: game.network.createTransport({ host: "10.0.0.9", port: 9 }),
      handshakeTimeoutMs: 1000,
      authenticate: () => new Promise<AuthenticateResult<unknown>>((resolve) => answers.push(resolve)),
    });
    const errors: string[] = [];
    server.on("error", (error) => errors.push((error as Error).message));
    await game.settle(server.listen());
    const target = { host: "10.0.0.9", port: 9 };
    const first = begin(game, target);
    await game.run(100);
    answers[0]?.({ accept: true });
    const peer = await game.settle(first);
    const second = codeOf(begin(game, target));
    await game.run(100);
    broken = true;
    answers[1]?.({ accept: true });
    expect(await game.settle(second)).toBe("timeout");
    expect(errors).toEqual(["no hmac"]);
    expect(peer.isConnected).toBe(true);
    broken = false;
    await game.settle(Promise.all([peer.close(), server.close()]));
    expect(server.stats).toMatchObject({ peers: 0, halfOpen: 0 });
    await game.end();
  });
});

/** A provider's methods as a plain object, so that one of them can be replaced. */
function bound(crypto: CryptoProvider): CryptoProvider {
  return {
    name: crypto.name,
    suitePreference: crypto.suitePreference,
    randomBytes: (length) => crypto.randomBytes(length),
    sha256: (...parts) => crypto.sha256(...parts),
    hmacSha256: (key, ...parts) => crypto.hmacSha256(key, ...parts),
    hkdfSha256: (key, salt, info, length) => crypto.hkdfSha256(key, salt, info, length),
    generateKeyPair: () => crypto.generateKeyPair(),
    importPrivateKey: (scalar) => crypto.importPrivateKey(scalar),
    sharedSecret: (privateKey, publicKey) => crypto.sharedSecret(privateKey, publicKey),
    sign: (privateKey, message) => crypto.sign(privateKey, message),
    verify: (publicKey, message, signature) => crypto.verify(publicKey, message, signature),
    createAead: (suite, key) => crypto.createAead(suite, key),
  };
}

import type { AuthenticateResult, ServerOptions } from "@sortie/server";
import { SocketAddress } from "@sortie/transport";
import { CloseCode, encodeClose, encodeConnect } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { HandMadeClient } from "../support/hand-made-client.js";
import { exactPacketOf } from "../support/hostile-frames.js";

const EMPTY = new Uint8Array(0);
const CONNECT = exactPacketOf((writer) => encodeConnect(writer, EMPTY));
const CLOSE = exactPacketOf((writer) => encodeClose(writer, CloseCode.Normal, EMPTY));

/** A server whose backend answers when the test says so. */
class SlowBackend {
  readonly game: GameNetwork;
  /** Calls that have not answered. */
  readonly calls: (() => void)[] = [];
  called = 0;
  most = 0;
  private next = 0;

  constructor(options: Partial<ServerOptions> = {}) {
    const authenticate = (): Promise<AuthenticateResult<unknown>> => {
      this.called += 1;
      return new Promise((done) => {
        this.calls.push(() => done({ accept: true }));
        this.most = Math.max(this.most, this.calls.length);
      });
    };
    this.game = new GameNetwork({ server: { maxHalfOpen: 4, maxPeers: 4, authenticate, ...options } });
  }

  /** Another client, from a prefix of its own; undefined when it got no handshake. */
  async arrive(): Promise<HandMadeClient | undefined> {
    const i = this.next++;
    const client = new HandMadeClient(this.game, SocketAddress.parse(`198.${51 + (i >> 8)}.${i & 255}.7`, 4000));
    return client.shakeHands().catch(() => undefined);
  }

  /** Hello, CONNECT, CLOSE: whether it came as far as CONNECT. */
  async comeAndGo(): Promise<boolean> {
    const client = await this.arrive();
    if (client === undefined) return false;
    client.send(CONNECT);
    await this.game.run(1);
    client.send(CLOSE);
    await this.game.run(20);
    return true;
  }

  answerAll(): void {
    for (const answer of this.calls.splice(0)) answer();
  }
}

describe("T18 calls of authenticate", () => {
  it("T18i cannot be made beyond maxHalfOpen by clients that hang up at once and come again", async () => {
    const backend = new SlowBackend();
    const { game } = backend;
    await game.listen();
    for (let i = 0; i < 100; i++) await backend.comeAndGo();
    expect(game.clock.now()).toBeLessThan(10_000);
    expect([backend.called, backend.most]).toEqual([4, 4]);
    const { halfOpen, pendingAuthenticateCalls, drops } = game.server.stats;
    expect({ halfOpen, pendingAuthenticateCalls }).toEqual({ halfOpen: 0, pendingAuthenticateCalls: 4 });
    expect(drops["half-open-full"]).toBe(96);
    // Each answer makes room for one, whoever it was for.
    backend.answerAll();
    await game.run(20);
    expect(game.server.stats.pendingAuthenticateCalls).toBe(0);
    expect(await backend.comeAndGo()).toBe(true);
    backend.answerAll();
    await game.run(20);
    expect(game.server.stats).toMatchObject({ pendingAuthenticateCalls: 0, peers: 0, peersAccepted: 0 });
    await game.end();
  });

  it("T18i are bounded just as well where some of the clients stay", async () => {
    const backend = new SlowBackend();
    const { game } = backend;
    await game.listen();
    for (let i = 0; i < 2; i++) (await backend.arrive())?.send(CONNECT);
    for (let i = 0; i < 20; i++) await backend.comeAndGo();
    expect(backend.most).toBe(4);
    expect(game.server.stats).toMatchObject({ halfOpen: 2, pendingAuthenticateCalls: 4 });
    backend.answerAll();
    await game.run(20);
    expect(game.server.stats).toMatchObject({ halfOpen: 0, peers: 2, pendingAuthenticateCalls: 0 });
    await game.end();
  });

  it("T18j that never answer keep nobody out for longer than their clients could have waited, and show", async () => {
    const backend = new SlowBackend({ handshakeTimeoutMs: 2000 });
    const { game } = backend;
    await game.listen();
    for (let i = 0; i < 4; i++) expect(await backend.comeAndGo()).toBe(true);
    await game.run(1500);
    expect(await backend.comeAndGo()).toBe(false);
    await game.run(600);
    for (let i = 0; i < 4; i++) expect(await backend.comeAndGo()).toBe(true);
    expect(await backend.comeAndGo()).toBe(false);
    expect(game.server.stats.pendingAuthenticateCalls).toBe(8);
    await game.run(10_000);
    // They may answer after all, when nobody waits any more.
    backend.answerAll();
    await game.run(20);
    expect(game.server.stats).toMatchObject({ halfOpen: 0, peers: 0, pendingAuthenticateCalls: 0 });
    await game.end();
  });

  it("T18j are counted when they throw, reject, and answer at once", async () => {
    const answers: (() => unknown)[] = [
      () => ({ accept: true }),
      () => Promise.reject(new Error("away")),
      () => {
        throw new Error("broken");
      },
      () => ({ accept: false }),
    ];
    let asked = 0;
    const authenticate = (() => answers[asked++ % answers.length]?.()) as ServerOptions["authenticate"];
    const backend = new SlowBackend({ authenticate, maxHalfOpen: 1 });
    const { game } = backend;
    game.server.on("error", () => {});
    await game.listen();
    for (let i = 0; i < 8; i++) expect(await backend.comeAndGo()).toBe(true);
    expect([asked, game.server.stats.pendingAuthenticateCalls]).toEqual([8, 0]);
    await game.run(10_000);
    await game.end();
  });
});

describe("T18 places of connections that end", () => {
  it("T18k clients that never answer a CLOSE keep nobody out of a server that has room", async () => {
    const backend = new SlowBackend({ authenticate: () => ({ accept: true }) });
    const { game } = backend;
    await game.listen();
    const rejoined: boolean[] = [];
    for (let i = 0; i < 40; i++) {
      const client = await backend.arrive();
      rejoined.push(client !== undefined);
      client?.send(CONNECT);
      await game.run(20);
      client?.send(exactPacketOf((writer) => writer.copy(Uint8Array.of(0x3f)))); // no frame: the server closes
      await game.run(20);
    }
    expect(rejoined).toEqual(new Array(40).fill(true));
    expect(game.server.stats).toMatchObject({ peers: 0, halfOpen: 0, peersAccepted: 40 });
    expect(game.server.stats.drops["half-open-full"]).toBe(0);
    // Those that are still told of their end, 8 at the most, hold nothing for good either.
    await game.run(10_000);
    await game.connect();
    await game.end();
  });
});

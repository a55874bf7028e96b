import type { SocketAddress } from "@sortie/transport";
import {
  ByteWriter,
  type ClientHello,
  decodeClientHello,
  decodeRetry,
  encodeClientHello,
  encodeRetry,
} from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { InstrumentedCrypto } from "../support/instrumented-crypto.js";

const CLIENT_HELLO = 0x01;
const RETRY = 0x02;
const LATENCY_MS = 20;

async function serve(seed: number, server: object = {}): Promise<GameNetwork> {
  const game = new GameNetwork({ crypto: new InstrumentedCrypto(seed), link: { latencyMs: LATENCY_MS }, server });
  await game.listen();
  return game;
}

function helloOf(datagram: Uint8Array): ClientHello {
  const hello = decodeClientHello(datagram.slice());
  if (typeof hello === "string") throw new Error(hello);
  return hello;
}

let forgeries = 0;

/** A RETRY with a cookie that no server made. */
function forgedRetry(clientConnectionId: number): Uint8Array {
  const cookie = new Uint8Array(36);
  new DataView(cookie.buffer).setUint32(32, (forgeries += 1));
  const bytes = new Uint8Array(45);
  encodeRetry(new ByteWriter().reset(bytes), { clientConnectionId, cookie });
  return bytes;
}

/** A listener beside the client: hears each hello as it leaves, and sends forged RETRYs ahead of what answers it. */
function forgeRetries(game: GameNetwork, perHello: (hello: ClientHello) => number): { hellos: number } {
  const seen = { hellos: 0 };
  game.network.setFilter((datagram, from, to) => {
    if (datagram[0] !== CLIENT_HELLO) return true;
    const hello = helloOf(datagram);
    seen.hellos += 1;
    const count = perHello(hello);
    for (let i = 0; i < count; i++) {
      // Each by itself, so that none hides behind the one after it.
      game.network.inject(forgedRetry(hello.clientConnectionId), to, from, 1 + i * 0.2);
    }
    return true;
  });
  return seen;
}

describe("T22 injections of a listener who cannot hold anything back", () => {
  it.each<[string, (hello: ClientHello, share: Uint8Array) => Partial<ClientHello>]>([
    ["key share", (_hello, keyShare) => ({ keyShare })],
    ["suites", ({ suites }) => ({ suites: suites.slice(1) })],
    ["parameters", ({ parameters }) => ({ parameters: parameters.map((byte, i) => (i === 3 ? byte ^ 1 : byte)) })],
  ])("T22i the hello with other %s, first, from its owner's address: the owner connects", async (_w, change) => {
    for (const tickRate of [0, 60]) {
      const game = await serve(22, { tickRate, handshakeTimeoutMs: 3000 });
      const { publicKey } = game.crypto.generateKeyPair();
      let hello: ClientHello | undefined;
      let injected = 0;
      game.network.setFilter((datagram, from, to) => {
        if (datagram[0] === CLIENT_HELLO) hello ??= helloOf(datagram);
        if (datagram[0] !== RETRY || hello === undefined || injected > 0) return true;
        const retry = decodeRetry(datagram);
        if (typeof retry === "string") throw new Error(retry);
        // Signed for nobody: whoever is bound to it by the server waits for ever.
        const forged = { ...hello, ...change(hello, publicKey), cookie: retry.cookie.slice() };
        game.network.inject(encodeClientHello(forged), to, from, 5);
        injected += 1;
        return true;
      });
      const startMs = game.clock.now();
      const client = await game.connect();
      expect(game.clock.now() - startMs).toBeLessThan(200);
      expect(injected).toBe(1);
      await game.run(50);
      expect(game.server.peers.get(1)?.address.equals(client.localAddress as SocketAddress)).toBe(true);
      expect(game.server.stats).toMatchObject({ handshakes: 2, peers: 1, halfOpen: 1 });
      // What the listener began ends by the deadline of every handshake.
      await game.run(4000);
      expect(game.server.stats).toMatchObject({ peers: 1, halfOpen: 0 });
      await game.end();
    }
  });

  it("T22j hellos in a client's name are held to the limit of its prefix, and leave other prefixes alone", async () => {
    const game = await serve(22, { handshakesPerPrefix: { perSecond: 1, burst: 5 }, handshakeTimeoutMs: 3000 });
    let hello: ClientHello | undefined;
    game.network.setFilter((datagram, from, to) => {
      if (datagram[0] === CLIENT_HELLO) hello ??= helloOf(datagram);
      if (datagram[0] !== RETRY || hello === undefined) return true;
      const retry = decodeRetry(datagram);
      if (typeof retry === "string") throw new Error(retry);
      for (let i = 0; i < 100; i++) {
        const { publicKey } = game.crypto.generateKeyPair();
        const forged = { ...hello, keyShare: publicKey, cookie: retry.cookie.slice() };
        game.network.inject(encodeClientHello(forged), to, from, 1);
      }
      hello = undefined;
      game.network.setFilter(undefined);
      return true;
    });
    await game.connect({ timeoutMs: 3000 });
    expect(game.server.stats.handshakes).toBeLessThanOrEqual(5 + 3);
    expect(game.server.stats.halfOpen).toBeLessThanOrEqual(5 + 3);
    const neighbour = game.network.createTransport({ host: "203.0.113.7", port: 7777 });
    await game.connect({ transport: neighbour, timeoutMs: 500 });
    await game.run(4000);
    expect(game.server.stats).toMatchObject({ peers: 2, halfOpen: 0 });
    await game.end();
  });

  it("T22k forged RETRYs after each hello with a cookie: the client still knows what it is answered", async () => {
    for (const perHello of [3, 8, 40]) {
      const game = await serve(perHello);
      forgeRetries(game, ({ cookie }) => (cookie.length === 0 ? 0 : perHello));
      const startMs = game.clock.now();
      await game.connect();
      // Without them it takes 120 ms.
      expect(game.clock.now() - startMs, `${perHello} for each hello`).toBeLessThan(200);
      await game.end();
    }
  });

  it("T22l forged RETRYs ahead of the true one: its turn comes, by chance; few hellos are sent", async () => {
    const took: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const game = await serve(seed, { tickRate: 0 });
      // All that are taken at once, and as many again.
      const seen = forgeRetries(game, () => 16);
      const startMs = game.clock.now();
      await game.connect({ timeoutMs: 50_000 });
      const tookMs = game.clock.now() - startMs;
      took.push(tookMs);
      expect(seen.hellos).toBeLessThanOrEqual(9 * (1 + Math.ceil(tookMs / 250)));
      await game.end();
    }
    took.sort((a, b) => a - b);
    expect(took[10]).toBeGreaterThan(250);
    expect(took[10]).toBeLessThan(5000);
  });
});

import { SocketAddress } from "@sortie/transport";
import { type ClientHello, encodeClientHello } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork, type GameNetworkOptions } from "../support/game-network.js";
import { HelloFlood } from "../support/hello-flood.js";
import { InstrumentedCrypto } from "../support/instrumented-crypto.js";
import { recordDatagrams } from "../support/recorder.js";

const HELLO_BYTES = 1200;

interface Flooded {
  readonly game: GameNetwork;
  readonly crypto: InstrumentedCrypto;
  readonly flood: HelloFlood;
}

async function serve(server: GameNetworkOptions["server"] = {}): Promise<Flooded> {
  const crypto = new InstrumentedCrypto(15);
  const game = new GameNetwork({ crypto, server });
  await game.listen();
  return { game, crypto, flood: new HelloFlood(game) };
}

function spoofed(i: number): SocketAddress {
  return SocketAddress.parse(`198.${18 + (i >> 16)}.${(i >> 8) & 0xff}.${i & 0xff}`, 1024 + (i % 60_000));
}

/** A player that sends 30 times a second and is answered; `lost` tells how many answers are missing. */
async function playing(game: GameNetwork): Promise<{ play(ms: number): Promise<void>; lost(): number }> {
  game.server.on("message", (peer, message) => void peer.send(message.payload));
  const player = await game.connect();
  await game.run(100);
  let sent = 0;
  let answered = 0;
  player.on("message", () => (answered += 1));
  return {
    async play(ms) {
      for (let at = 0; at < ms; at += 33) {
        player.send(`${sent++}`);
        await game.run(33);
      }
    },
    lost: () => sent - answered,
  };
}

describe("T15 a flood of hellos from spoofed addresses", () => {
  it("T15 keeps nothing, costs no public-key operation, gets less than it sent, and harms nobody", async () => {
    const { game, crypto, flood } = await serve();
    const { play, lost } = await playing(game);
    const wire = recordDatagrams(game.network);
    const before = game.server.stats;
    const { publicKeyOperations, secrets } = crypto;
    const known = secrets.length;
    const count = 5000;
    for (let i = 0; i < count; i++) {
      game.network.inject(encodeClientHello(flood.next()), spoofed(i), game.serverAddress, i / 10);
    }
    await play(600);
    const after = game.server.stats;
    expect(after.retriesSent - before.retriesSent).toBe(count);
    expect(crypto.publicKeyOperations).toBe(publicKeyOperations);
    expect(secrets.length).toBe(known);
    expect(after).toMatchObject({ handshakes: 1, halfOpen: 0, peers: 1 });
    expect(after.drops).toEqual(before.drops);
    const answers = wire.filter(({ datagram }) => datagram[0] === 0x02);
    expect(answers.length).toBe(count);
    expect(Math.max(...answers.map(({ datagram }) => datagram.length))).toBe(45);
    expect(lost()).toBe(0);
    // Nothing was kept that a later hello of the same addresses could find.
    await game.connect();
    expect(game.server.stats.handshakes).toBe(2);
    await game.end();
  });

  it("T15b in one burst gets as many answers as the ring holds; who comes right after is let in", async () => {
    const { game, crypto, flood } = await serve();
    const { play, lost } = await playing(game);
    const before = game.server.stats;
    const { publicKeyOperations } = crypto;
    for (let i = 0; i < 5000; i++) {
      game.network.inject(encodeClientHello(flood.next()), spoofed(i), game.serverAddress, 50);
    }
    await play(330);
    const after = game.server.stats;
    expect(after.retriesSent - before.retriesSent).toBe(256);
    expect(after.drops["rate-limited"] - before.drops["rate-limited"]).toBe(5000 - 256);
    expect(crypto.publicKeyOperations).toBe(publicKeyOperations);
    expect(lost()).toBe(0);
    const startMs = game.clock.now();
    await game.connect();
    expect(game.clock.now() - startMs).toBeLessThan(100);
    await game.end();
  });

  it("T15c hellos for other protocols and versions draw a limited number of smaller answers", async () => {
    const { game, crypto, flood } = await serve();
    const wire = recordDatagrams(game.network);
    const { publicKeyOperations } = crypto;
    for (let i = 0; i < 6000; i++) {
      const hello = encodeClientHello(flood.next({ protocolId: new Uint8Array(8).fill(i % 2) }));
      if (i % 2 === 0) hello[4] = 7;
      game.network.inject(hello, spoofed(i), game.serverAddress, i / 12);
    }
    await game.run(501);
    const { rejectsSent, retriesSent, halfOpen, drops } = game.server.stats;
    // 1000 at once and 1000 a second, over half a second.
    expect(rejectsSent).toBeGreaterThan(1400);
    expect(rejectsSent).toBeLessThanOrEqual(1501);
    expect(drops["rate-limited"]).toBe(6000 - rejectsSent);
    expect(drops["wrong-protocol"] + drops["wrong-version"]).toBe(rejectsSent);
    expect([retriesSent, halfOpen]).toEqual([0, 0]);
    expect(crypto.publicKeyOperations).toBe(publicKeyOperations);
    expect(Math.max(...wire.map(({ datagram }) => datagram.length))).toBeLessThan(HELLO_BYTES);
    await game.end();
  });
});

describe("T16 cookies", () => {
  const HOME = SocketAddress.parse("203.0.113.5", 4000);

  it("T16 serve only the address, port, client random, ID and protocol that they were made for", async () => {
    const { game, crypto, flood } = await serve();
    const [hello] = (await flood.withCookies([HOME])) as [ClientHello];
    const { publicKeyOperations } = crypto;
    const attempts: [Partial<ClientHello>, SocketAddress][] = [
      [{}, SocketAddress.parse("203.0.113.5", 4001)],
      [{}, SocketAddress.parse("203.0.113.6", 4000)],
      [{}, SocketAddress.parse("::cb00:7105", 4000)],
      [{ clientRandom: hello.clientRandom.map((byte) => byte ^ 1) }, HOME],
      [{ clientConnectionId: hello.clientConnectionId ^ 1 }, HOME],
    ];
    for (let bit = 0; bit < 288; bit++) {
      const cookie = hello.cookie.slice();
      cookie[bit >> 3] = (cookie[bit >> 3] as number) ^ (1 << (bit & 7));
      attempts.push([{ cookie }, HOME]);
    }
    const before = game.server.stats.retriesSent;
    for (const [changes, from] of attempts) {
      game.network.inject(encodeClientHello({ ...hello, ...changes }), from, game.serverAddress);
      await game.run(1);
    }
    expect(game.server.stats.drops["bad-cookie"]).toBe(attempts.length);
    // Each is answered as if it had none.
    expect(game.server.stats.retriesSent - before).toBe(attempts.length);
    const other = { ...hello, protocolId: hello.protocolId.map((byte) => byte ^ 1) };
    game.network.inject(encodeClientHello(other), HOME, game.serverAddress);
    await game.run(1);
    expect(game.server.stats.drops["wrong-protocol"]).toBe(1);
    expect(crypto.publicKeyOperations).toBe(publicKeyOperations);
    // The true one, in the other spelling of the same address.
    game.network.inject(encodeClientHello(hello), SocketAddress.parse("::ffff:203.0.113.5", 4000), game.serverAddress);
    await game.run(1);
    expect(game.server.stats.handshakes).toBe(1);
    await game.run(15_000);
    await game.end();
  });

  it("T16b live for ten seconds at the most, over changes of the secret too, and cannot be dated ahead", async () => {
    const { game, crypto, flood } = await serve();
    // Along the buckets of 5 s and the secrets of 60 s.
    for (const startMs of [100, 52_000, 58_000, 64_500]) {
      await game.run(startMs - (game.clock.now() % 60_000) + (startMs < game.clock.now() % 60_000 ? 60_000 : 0));
      const issuedMs = game.clock.now();
      const hellos = await flood.withCookies([HOME, HOME, HOME]);
      const [early, late, ahead] = hellos as [ClientHello, ClientHello, ClientHello];
      const before = game.server.stats;
      await game.run(4900);
      game.network.inject(encodeClientHello(early), HOME, game.serverAddress);
      await game.run(1);
      expect(game.server.stats.handshakes - before.handshakes).toBe(1);
      const { publicKeyOperations } = crypto;
      const cookie = ahead.cookie.slice();
      new DataView(cookie.buffer).setUint32(0, Math.floor((issuedMs + 10_100) / 5000));
      await game.run(10_100 - (game.clock.now() - issuedMs));
      game.network.inject(encodeClientHello(late), HOME, game.serverAddress);
      game.network.inject(encodeClientHello({ ...ahead, cookie }), HOME, game.serverAddress);
      await game.run(1);
      const after = game.server.stats;
      expect(after.drops["bad-cookie"] - before.drops["bad-cookie"]).toBe(2);
      expect(crypto.publicKeyOperations).toBe(publicKeyOperations);
    }
    await game.run(15_000);
    await game.end();
  });

  it("T16c replayed in time from the right address: one connection, the same SERVER_HELLO, no more work", async () => {
    const { game, crypto, flood } = await serve();
    const [hello] = (await flood.withCookies([HOME])) as [ClientHello];
    const wire = recordDatagrams(game.network);
    for (let i = 0; i < 50; i++) game.network.inject(encodeClientHello(hello), HOME, game.serverAddress, i);
    const { signatures } = crypto;
    await game.run(100);
    expect(game.server.stats).toMatchObject({ handshakes: 1, halfOpen: 1 });
    expect(crypto.signatures - signatures).toBe(1);
    const answers = wire.filter(({ datagram }) => datagram[0] === 0x03).map(({ datagram }) => Buffer.from(datagram));
    expect(answers).toHaveLength(50);
    expect(answers.every((answer) => answer.equals(answers[0] as Buffer))).toBe(true);
    await game.run(15_000);
    await game.end();
  });
});

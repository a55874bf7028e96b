import type { CryptoProvider } from "@sortie/handshake";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { createFaultyCrypto, createSeededNodeCrypto, type FaultyCrypto } from "../support/hostile-crypto.js";
import { packetOf } from "../support/hostile-frames.js";
import { recordDatagrams } from "../support/recorder.js";

interface Broken {
  readonly game: GameNetwork;
  readonly faulty: FaultyCrypto;
  readonly errors: string[];
  readonly reasons: string[];
}

/** A server whose provider can be broken; clients have a good one of their own. */
async function serverThatMayBreak(tickRate: number = 60): Promise<Broken> {
  const faulty = createFaultyCrypto(41);
  const game = new GameNetwork({ link: { latencyMs: 5 }, crypto: faulty.crypto, server: { tickRate } });
  const errors: string[] = [];
  const reasons: string[] = [];
  game.server.on("error", (error) => errors.push((error as Error).message));
  game.server.on("disconnect", (peer, { code, by }) => reasons.push(`${peer.id} ${code} ${by}`));
  game.server.on("message", (peer, message) => peer.send(message.payload, { delivery: "reliable" }));
  await game.listen();
  return { game, faulty, errors, reasons };
}

let seeds = 100;
const goodCrypto = () => ({ crypto: createSeededNodeCrypto(seeds++) });

async function unhandledDuring(work: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    await work();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", note);
  }
  return unhandled;
}

describe("T41 a provider that fails", () => {
  it.each([60, 0])("T41 one connection's AEAD throws (tickRate %i): that peer ends, no other", async (rate) => {
    const { game, faulty, errors, reasons } = await serverThatMayBreak(rate);
    const before = faulty.aeads();
    const first = await game.connect(goodCrypto());
    const made = faulty.aeads();
    const second = await game.connect(goodCrypto());
    await game.run(200);
    let echoes = 0;
    second.on("message", () => (echoes += 1));
    for (let index = before; index < made; index++) faulty.brokenAeads.add(index);
    for (let i = 0; i < 100; i++) {
      if (first.isConnected) first.send("x");
      second.send("y", { delivery: "reliable" });
      game.server.broadcast("z", { delivery: "unreliable" });
      await game.run(20);
    }
    expect(echoes).toBe(200);
    expect(second.isConnected).toBe(true);
    expect(reasons).toEqual(["1 internal-error local"]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^(seal|open) failed$/);
    expect(faulty.thrown()).toBe(1);
    await game.end();
  });

  it.each(["seal", "open"] as const)("T41b every %s throws: all peers end, the server recovers", async (fault) => {
    const { game, faulty, errors, reasons } = await serverThatMayBreak();
    for (let i = 0; i < 3; i++) await game.connect(goodCrypto());
    await game.run(200);
    faulty.broken.add(fault);
    const sent = recordDatagrams(game.network).filter(({ from }) => from.equals(game.serverAddress));
    for (let i = 0; i < 50; i++) {
      for (const client of game.clients) client.send("x");
      game.server.broadcast("z");
      await game.run(20);
    }
    expect(reasons.sort()).toEqual(["1 internal-error local", "2 internal-error local", "3 internal-error local"]);
    // One for each peer, none for each datagram.
    expect(errors).toEqual([`${fault} failed`, `${fault} failed`, `${fault} failed`]);
    expect(game.server.stats.peers).toBe(0);
    // Nothing left unsealed.
    expect(sent.filter(({ datagram }) => (datagram[0] as number) === 0x40 && datagram.length > 41)).toEqual([]);
    faulty.broken.clear();
    const next = await game.connect(goodCrypto());
    expect(next.isConnected).toBe(true);
    await game.end();
  });

  it.each(["randomBytes", "sharedSecret", "sign", "createAead", "hmacSha256"] as const)(
    "T41c %s throws while clients come: none gets in, players play on, nothing is left, and later it works again",
    async (fault) => {
      const unhandled = await unhandledDuring(async () => {
        const { game, faulty, errors } = await serverThatMayBreak();
        const player = await game.connect(goodCrypto());
        await game.run(200);
        let echoes = 0;
        player.on("message", () => (echoes += 1));
        faulty.broken.add(fault);
        const codes: string[] = [];
        for (let i = 0; i < 3; i++) {
          const attempt = game.connect({ ...goodCrypto(), timeoutMs: 2000 });
          await attempt.catch((error: { code: string }) => codes.push(error.code));
          player.send("x", { delivery: "reliable" });
          await game.run(100);
        }
        expect(codes).toEqual(["timeout", "timeout", "timeout"]);
        expect(errors.length).toBeGreaterThanOrEqual(3);
        expect(new Set(errors)).toEqual(new Set([`${fault} failed`]));
        expect(game.server.stats).toMatchObject({ peers: 1, halfOpen: 0, peersAccepted: 1 });
        expect(echoes).toBe(3);
        faulty.broken.clear();
        expect((await game.connect(goodCrypto())).isConnected).toBe(true);
        await game.end();
      });
      expect(unhandled).toEqual([]);
    },
  );

  it("T41d the generator fails between handshake and acceptance: nobody gets in, nothing rejects unheard", async () => {
    const unhandled = await unhandledDuring(async () => {
      const faulty = createFaultyCrypto(42);
      const authenticate = async () => {
        faulty.broken.add("hmacSha256");
        return { accept: true } as const;
      };
      const game = new GameNetwork({ crypto: faulty.crypto, server: { authenticate, handshakeTimeoutMs: 1000 } });
      const errors: string[] = [];
      game.server.on("error", (error) => errors.push((error as Error).message));
      await game.listen();
      const attempt = game.connect({ ...goodCrypto(), timeoutMs: 3000 });
      await expect(attempt).rejects.toMatchObject({ name: "ConnectError" });
      expect(errors).toEqual(["hmacSha256 failed"]);
      await game.run(3000);
      expect(game.server.stats).toMatchObject({ peers: 0, halfOpen: 0 });
      await game.end();
    });
    expect(unhandled).toEqual([]);
  });

  it.each(["seal", "open"] as const)("T41e at a client %s throws: it ends, nothing goes clear", async (fault) => {
    const faulty = createFaultyCrypto(43);
    const game = new GameNetwork({ link: { latencyMs: 5 }, crypto: createSeededNodeCrypto(44) });
    game.server.on("message", (peer) => peer.send("echo"));
    await game.listen();
    const client = await game.connect({ crypto: faulty.crypto });
    const errors: string[] = [];
    const codes: string[] = [];
    client.on("error", (error) => errors.push((error as Error).message));
    client.on("disconnect", ({ code }) => codes.push(code));
    await game.run(200);
    const sent = recordDatagrams(game.network, game.serverAddress);
    faulty.broken.add(fault);
    for (let i = 0; i < 500 && client.isConnected; i++) {
      client.send("secret words", { delivery: "unreliable" });
      await game.run(20);
    }
    const secret = Buffer.from("secret words");
    for (const { datagram } of sent) expect(Buffer.from(datagram).includes(secret)).toBe(false);
    expect(codes).toEqual(["internal-error"]);
    expect(errors).toEqual([`${fault} failed`]);
    faulty.broken.clear();
    await game.end();
  });

  /** A provider whose `seal` gives a promise, and seals later, if at all. */
  function asyncSeal(seed: number, when: () => boolean): CryptoProvider {
    const inner = createSeededNodeCrypto(seed);
    const createAead: CryptoProvider["createAead"] = (suite, key) => {
      const aead = inner.createAead(suite, key);
      return {
        seal: (...args) => (when() ? (Promise.reject(new Error("too late")) as never) : aead.seal(...args)),
        open: (...args) => aead.open(...args),
      };
    };
    return Object.assign(Object.create(inner) as CryptoProvider, { createAead });
  }

  it("T41g a seal that is asynchronous gets near no packet, of a client or a server", async () => {
    const unhandled = await unhandledDuring(async () => {
      const game = new GameNetwork({ crypto: createSeededNodeCrypto(45) });
      await game.listen();
      const sent = recordDatagrams(game.network);
      const crypto = asyncSeal(46, () => true);
      const message = '"seal" of "crypto" (node) expected to be synchronous, got a promise';
      await expect(game.connect({ crypto, payload: "secret words" })).rejects.toThrow(new TypeError(message));
      expect(() => new GameNetwork({ server: { crypto } })).toThrow(message);
      expect(sent).toEqual([]);
      await game.end();
    });
    expect(unhandled).toEqual([]);
  });

  it("T41h a seal that turns asynchronous sends nothing clear, and ends its own connection alone", async () => {
    const unhandled = await unhandledDuring(async () => {
      let isAsync = false;
      const game = new GameNetwork({ link: { latencyMs: 5 }, crypto: createSeededNodeCrypto(47) });
      await game.listen();
      const sent = recordDatagrams(game.network);
      const other = await game.connect(goodCrypto());
      const codes: string[] = [];
      const client = await game.connect({ crypto: asyncSeal(48, () => isAsync) });
      client.on("error", () => {});
      client.on("disconnect", ({ code }) => codes.push(code));
      isAsync = true;
      for (let i = 0; i < 20 && client.isConnected; i++) {
        client.send("secret words", { delivery: "reliable" });
        await game.run(20);
      }
      expect([codes, other.isConnected]).toEqual([["internal-error"], true]);
      const secret = Buffer.from("secret words");
      expect(sent.filter(({ datagram }) => Buffer.from(datagram).includes(secret))).toEqual([]);
      await game.run(12_000);
      await game.end();
    });
    expect(unhandled).toEqual([]);
  });

  it("T41i a verification that is asynchronous takes nobody for the server", async () => {
    const unhandled = await unhandledDuring(async () => {
      const game = new GameNetwork({ crypto: createSeededNodeCrypto(49) });
      await game.listen();
      const inner = createSeededNodeCrypto(50);
      const verify = () => Promise.resolve(false) as never;
      const crypto = Object.assign(Object.create(inner) as CryptoProvider, { verify });
      const cause = { message: '"crypto.verify" expected to give true or false, got a promise' };
      await expect(game.connect({ crypto })).rejects.toMatchObject({ code: "aborted", cause });
      await game.run(12_000);
      expect(game.server.stats.peersAccepted).toBe(0);
      await game.end();
    });
    expect(unhandled).toEqual([]);
  });

  it("T41f a hostile peer's garbage makes no sound provider throw", async () => {
    const { game, errors } = await serverThatMayBreak();
    const client = await game.connect(goodCrypto());
    const [seen] = recordDatagrams(game.network, game.serverAddress);
    expect(seen).toBeUndefined();
    await game.run(100);
    for (let length = 0; length < 1500; length += 3) {
      const datagram = new Uint8Array(length).fill(length & 0xff);
      if (length > 0) datagram[0] = 0x40;
      game.network.inject(datagram, game.serverAddress, game.serverAddress);
    }
    game.network.inject(packetOf(), game.serverAddress, game.serverAddress);
    await game.run(100);
    expect(errors).toEqual([]);
    expect(client.isConnected).toBe(true);
    await game.end();
  });
});

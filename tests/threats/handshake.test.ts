import { type CryptoProvider, type Identity, identityOf } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import type { SocketAddress } from "@sortie/transport";
import {
  ByteWriter,
  type ClientHello,
  decodeClientHello,
  decodeServerHello,
  encodeClientHello,
  encodeReject,
  encodeRetry,
  encodeUnsignedServerHello,
  encodeUtf8,
  RejectReason,
  type ServerHello,
  signServerHello,
} from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { InstrumentedCrypto } from "../support/instrumented-crypto.js";
import { recordDatagrams } from "../support/recorder.js";

const RETRY = 0x02;
const SERVER_HELLO = 0x03;

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter().reset(new Uint8Array(1200));
  write(writer);
  return writer.bytes.slice(0, writer.offset);
}

function decoded(datagram: Uint8Array): ClientHello {
  const hello = decodeClientHello(datagram);
  if (typeof hello === "string") throw new Error(hello);
  return { ...hello, clientRandom: hello.clientRandom.slice(), cookie: hello.cookie.slice() };
}

/** A SERVER_HELLO with changed fields, rightly signed by `signer` over the client's hello. */
function resigned(
  crypto: CryptoProvider,
  serverHello: Uint8Array,
  clientHello: Uint8Array,
  signer: Identity,
  changes: Partial<ServerHello> = {},
): Uint8Array {
  const fields = decodeServerHello(serverHello) as ServerHello;
  const unsigned = encodeUnsignedServerHello({ ...fields, identity: signer.publicKey, ...changes });
  const hash = crypto.sha256(clientHello, unsigned);
  const message = new Uint8Array([...encodeUtf8("sortie v1 server hello\0"), ...hash]);
  return signServerHello(unsigned, crypto.sign(signer.keyPair.privateKey, message));
}

/** Somebody on the path who sees each datagram before it arrives, and may send others ahead of it or in its place. */
function onPath(
  game: GameNetwork,
  act: (
    datagram: Uint8Array,
    to: "server" | "client",
    inject: (forged: Uint8Array, delayMs?: number) => void,
  ) => boolean | void,
): void {
  game.network.setFilter((datagram, from, to) => {
    const side = to.equals(game.serverAddress) ? "server" : "client";
    return act(datagram, side, (forged, delayMs) => game.network.inject(forged, from, to, delayMs)) !== false;
  });
}

async function serve(server: object = {}): Promise<GameNetwork> {
  const game = new GameNetwork({ crypto: new InstrumentedCrypto(22), link: { latencyMs: 10 }, server });
  await game.listen();
  return game;
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => "connected",
    (error: { code: string }) => error.code,
  );
}

describe("T22 forged answers", () => {
  it("T22 of an off-path attacker, who knows the addresses but neither ID nor random, do nothing", async () => {
    const game = await serve();
    const other = identityOf(game.crypto.generateKeyPair());
    let forgeries = 0;
    const attempt = game.connect();
    // The client's address is the next of the network; answers come in the server's name all through the handshake.
    const clientId = 7;
    const clientRandom = new Uint8Array(32).fill(7);
    const wire = recordDatagrams(game.network, game.serverAddress);
    onPath(game, (datagram, to) => {
      if (to !== "server" || datagram[0] !== 0x01) return;
      const from = (wire.at(-1) as { from: SocketAddress }).from;
      const guesses = [
        written((w) => encodeRetry(w, { clientConnectionId: clientId, cookie: new Uint8Array(36).fill(1) })),
        ...[1, 2, 3, 4, 5].map((reason) =>
          written((w) =>
            encodeReject(w, { clientConnectionId: clientId, clientRandom, reason: reason as RejectReason }),
          ),
        ),
      ];
      const { clientConnectionId } = decoded(datagram);
      // Even with the right ID a REJECT needs the random.
      guesses.push(
        written((w) => encodeReject(w, { clientConnectionId, clientRandom, reason: RejectReason.ServerFull })),
        encodeUnsignedServerHello({
          clientConnectionId,
          serverConnectionId: 1,
          suite: 1,
          serverRandom: new Uint8Array(32),
          keyShare: other.publicKey,
          parameters: decoded(datagram).parameters,
          identityType: 0,
          identity: game.identity.publicKey,
        }),
      );
      const unsigned = guesses.at(-1) as Uint8Array;
      guesses[guesses.length - 1] = signServerHello(unsigned, game.crypto.sign(other.keyPair.privateKey, unsigned));
      forgeries += guesses.length;
      for (const guess of guesses) game.network.inject(guess, game.serverAddress, from, 1);
    });
    const client = await attempt;
    expect(forgeries).toBe(16);
    expect(client.isConnected).toBe(true);
    client.send("here", { delivery: "reliable" });
    await game.run(100);
    expect(game.server.peers.get(1)?.stats.endpoint.messagesReceived[3]).toBe(1);
    await game.end();
  });

  it("T22b SERVER_HELLO of an injector on the path, signed with its own key, ahead of the true one", async () => {
    const game = await serve({
      // Longer than the grace that a client gives the true server after it has seen another identity.
      authenticate: () =>
        new Promise((resolve) => game.clock.setTimer(game.clock.now() + 3000, () => resolve({ accept: true }))),
    });
    const mallory = identityOf(game.crypto.generateKeyPair());
    let hello = new Uint8Array(0);
    let injected = 0;
    onPath(game, (datagram, to, inject) => {
      if (to === "server" && datagram[0] === 0x01) hello = datagram.slice();
      if (to !== "client" || datagram[0] !== SERVER_HELLO) return;
      inject(resigned(game.crypto, datagram, hello, mallory, { keyShare: mallory.publicKey }));
      injected += 1;
    });
    const client = await game.connect();
    expect(injected).toBe(1);
    expect(client.isConnected).toBe(true);
    expect(game.server.stats).toMatchObject({ peers: 1, handshakes: 1 });
    await game.end();
  });

  it("T22c RETRYs with cookies of the injector's: the client takes the true one and connects", async () => {
    const game = await serve();
    onPath(game, (datagram, to, inject) => {
      if (to !== "client" || datagram[0] !== RETRY) return;
      for (let i = 0; i < 3; i++) {
        const forged = datagram.slice();
        forged[44 - i] = (forged[44 - i] as number) ^ 0xff;
        inject(forged);
      }
    });
    await game.connect();
    expect(game.server.stats.drops["bad-cookie"]).toBeGreaterThan(0);
    expect(game.server.stats).toMatchObject({ peersAccepted: 1, halfOpen: 0 });
    await game.end();
  });

  it("T22d a flood of forged RETRYs draws few hellos, and delays the client by one repetition", async () => {
    const game = await serve();
    const wire = recordDatagrams(game.network, game.serverAddress);
    let first = true;
    onPath(game, (datagram, to, inject) => {
      if (to !== "client" || datagram[0] !== RETRY || !first) return;
      first = false;
      for (let i = 0; i < 500; i++) {
        const forged = datagram.slice();
        new DataView(forged.buffer).setUint32(41, i);
        // Each by itself, so that none hides behind the one after it.
        inject(forged, i / 20);
      }
    });
    await game.connect({ timeoutMs: 2000 });
    expect(wire.filter(({ datagram }) => datagram[0] === 0x01).length).toBeLessThanOrEqual(8 + 4);
    await game.end();
  });

  it("T22e SERVER_HELLO of another session, as it was and with the client's ID in it, is no answer", async () => {
    const game = await serve();
    const wire = recordDatagrams(game.network);
    const first = await game.connect();
    const recorded = wire.find(({ datagram }) => datagram[0] === SERVER_HELLO)?.datagram as Uint8Array;
    let injected = 0;
    onPath(game, (datagram, to, inject) => {
      if (to !== "client" || datagram[0] !== SERVER_HELLO) return;
      const patched = recorded.slice();
      patched.set(datagram.subarray(5, 9), 5);
      inject(recorded);
      inject(patched);
      injected += 2;
    });
    const second = await game.connect();
    expect(injected).toBe(2);
    second.send("mine", { delivery: "reliable" });
    await game.run(100);
    expect(game.server.peers.get(2)?.stats.endpoint.messagesReceived[3]).toBe(1);
    expect(first.isConnected).toBe(true);
    await game.end();
  });

  it("T22f a suite stripped from the offer ends in no connection: the transcript is signed", async () => {
    const game = await serve();
    onPath(game, (datagram, to, inject) => {
      if (to !== "server" || datagram[0] !== 0x01) return true;
      const hello = decoded(datagram);
      inject(encodeClientHello({ ...hello, suites: hello.suites.slice(1) }));
      return false;
    });
    expect(await codeOf(game.connect({ timeoutMs: 2000 }))).toBe("timeout");
    expect(game.server.stats.handshakes).toBe(1);
    expect(game.server.stats.peersAccepted).toBe(0);
    await game.run(12_000);
    await game.end();
  });

  it("T22g a copy of the hello that comes first from the attacker's address does not lock its owner out", async () => {
    const game = await serve();
    const thief = game.network.createTransport({ host: "203.0.113.66", port: 6666 });
    const thiefAddress = await game.settle(
      thief.open({ onDatagram: () => {}, onBatchEnd: () => {}, onError: () => {}, onWritable: () => {} }),
    );
    let stolen: Uint8Array | undefined;
    game.network.tap((datagram, _from, to, verdict) => {
      if (verdict === "sent" && datagram[0] === RETRY && to.equals(thiefAddress) && stolen !== undefined) {
        const cookie = datagram.slice(9);
        game.network.inject(encodeClientHello({ ...decoded(stolen), cookie }), thiefAddress, game.serverAddress);
      }
    });
    onPath(game, (datagram, to) => {
      if (to !== "server" || datagram[0] !== 0x01 || stolen !== undefined) return;
      stolen = datagram.slice();
      game.network.inject(stolen, thiefAddress, game.serverAddress);
    });
    const client = await game.connect({ timeoutMs: 2000 });
    await game.run(100);
    expect(game.server.stats.handshakes).toBe(2);
    expect(game.server.peers.get(1)?.address.equals(client.localAddress as SocketAddress)).toBe(true);
    await game.run(12_000);
    expect(game.server.stats).toMatchObject({ peers: 1, halfOpen: 0 });
    await thief.close();
    await game.end();
  });

  it("T22h a REJECT after the keys are there changes nothing, although its random is right", async () => {
    const game = await serve();
    let hello: ClientHello | undefined;
    let injected = 0;
    onPath(game, (datagram, to, inject) => {
      if (to === "server" && datagram[0] === 0x01) hello = decoded(datagram);
      // Before ACCEPT, and before everything after it.
      if (to !== "client" || (datagram[0] as number) < 0x40 || hello === undefined) return;
      const { clientConnectionId, clientRandom } = hello;
      inject(written((w) => encodeReject(w, { clientConnectionId, clientRandom, reason: RejectReason.ServerFull })));
      injected += 1;
    });
    const client = await game.connect();
    client.send("x", { delivery: "reliable" });
    await game.run(200);
    expect(injected).toBeGreaterThan(1);
    expect(client.isConnected).toBe(true);
    await game.end();
  });
});

describe("T23 a server with another key than the pinned one", () => {
  it("T23 is refused with the reason, and no application byte was sent", async () => {
    let asked = 0;
    const game = await serve({
      authenticate: () => {
        asked += 1;
        return { accept: true };
      },
    });
    const wire = recordDatagrams(game.network, game.serverAddress);
    const { publicKey } = game.crypto.generateKeyPair();
    const payload = "password of the player";
    expect(await codeOf(game.connect({ serverKey: publicKey, payload }))).toBe("identity-mismatch");
    await game.run(12_000);
    expect(wire.length).toBeGreaterThan(1);
    // Nothing but hellos, and no word of the payload in them.
    expect(wire.every(({ datagram }) => datagram[0] === 0x01)).toBe(true);
    expect(wire.some(({ datagram }) => Buffer.from(datagram).includes(payload))).toBe(false);
    expect(asked).toBe(0);
    expect(game.server.stats).toMatchObject({ halfOpen: 0, peersAccepted: 0 });
    await game.end();
  });

  it("T23b that shows the pinned key but signs with its own is no mismatch: there is no proof at all", async () => {
    const game = await serve();
    const mallory = identityOf(game.crypto.generateKeyPair());
    let hello = new Uint8Array(0);
    onPath(game, (datagram, to, inject) => {
      if (to === "server" && datagram[0] === 0x01) hello = datagram.slice();
      if (to !== "client" || datagram[0] !== SERVER_HELLO) return true;
      inject(resigned(game.crypto, datagram, hello, mallory, { identity: game.identity.publicKey }));
      return false;
    });
    const wire = recordDatagrams(game.network, game.serverAddress);
    expect(await codeOf(game.connect({ timeoutMs: 2000 }))).toBe("timeout");
    expect(wire.every(({ datagram }) => datagram[0] === 0x01)).toBe(true);
    await game.run(12_000);
    await game.end();
  });
});

/** Not on the curve, infinity in its encodings, a compressed point, coordinates beyond the field. */
const BAD_SHARES: [what: string, share: Uint8Array][] = [
  ["off the curve", Uint8Array.from({ length: 65 }, (_, i) => (i === 0 ? 4 : i))],
  ["zero coordinates", Uint8Array.from({ length: 65 }, (_, i) => (i === 0 ? 4 : 0))],
  ["infinity", new Uint8Array(65)],
  ["compressed", Uint8Array.from({ length: 65 }, (_, i) => (i === 0 ? 2 : i < 33 ? 0x6b : 0))],
  [
    "hybrid",
    createNodeProvider()
      .generateKeyPair()
      .publicKey.map((byte, i) => (i === 0 ? 6 : byte)),
  ],
  ["beyond the field", Uint8Array.from({ length: 65 }, (_, i) => (i === 0 ? 4 : 0xff))],
];

describe("T24 key shares that are no points", () => {
  it.each(BAD_SHARES)("T24 %s, of a client: refused and counted, nothing is kept", async (_what, share) => {
    const game = await serve();
    const crypto = game.crypto as InstrumentedCrypto;
    const wire = recordDatagrams(game.network);
    let changed = 0;
    onPath(game, (datagram, to, inject) => {
      if (to !== "server" || datagram[0] !== 0x01) return true;
      inject(encodeClientHello({ ...decoded(datagram), keyShare: share }));
      changed += 1;
      return false;
    });
    expect(await codeOf(game.connect({ timeoutMs: 400 }))).toBe("timeout");
    expect(changed).toBeGreaterThan(1);
    expect(game.server.stats).toMatchObject({ handshakes: 0, halfOpen: 0 });
    expect(game.server.stats.drops["handshake-refused"]).toBeGreaterThan(0);
    expect(crypto.signatures).toBe(0);
    expect(wire.some(({ datagram }) => datagram[0] === SERVER_HELLO)).toBe(false);
    await game.end();
  });

  it.each(BAD_SHARES)(
    "T24b %s, of a server that signs with the pinned key: the client waits on",
    async (_what, share) => {
      const game = await serve();
      let hello = new Uint8Array(0);
      let injected = 0;
      onPath(game, (datagram, to, inject) => {
        if (to === "server" && datagram[0] === 0x01) hello = datagram.slice();
        if (to !== "client" || datagram[0] !== SERVER_HELLO) return;
        inject(resigned(game.crypto, datagram, hello, game.identity, { keyShare: share }));
        injected += 1;
      });
      const client = await game.connect({ timeoutMs: 3000 });
      expect(injected).toBe(1);
      expect(client.isConnected).toBe(true);
      await game.end();
    },
  );

  it("T24c a shared secret of zeros is refused on both sides", async () => {
    class Zeros extends InstrumentedCrypto {
      zero = false;
      override sharedSecret(...key: Parameters<CryptoProvider["sharedSecret"]>): Uint8Array | undefined {
        return this.zero ? new Uint8Array(32) : super.sharedSecret(...key);
      }
    }
    const server = new Zeros(1);
    const game = new GameNetwork({ crypto: server });
    await game.listen();
    server.zero = true;
    expect(await codeOf(game.connect({ timeoutMs: 500, crypto: new InstrumentedCrypto(2) }))).toBe("timeout");
    expect(game.server.stats.drops["handshake-refused"]).toBeGreaterThan(0);
    expect(game.server.stats.halfOpen).toBe(0);
    server.zero = false;
    const client = new Zeros(3);
    client.zero = true;
    const wire = recordDatagrams(game.network, game.serverAddress);
    expect(await codeOf(game.connect({ timeoutMs: 500, crypto: client }))).toBe("timeout");
    expect(wire.every(({ datagram }) => datagram[0] === 0x01)).toBe(true);
    expect(wire.length).toBeGreaterThan(0);
    await game.run(12_000);
    await game.end();
  });
});

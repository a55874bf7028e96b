import { connect } from "@sortie/client";
import { Server } from "@sortie/server";
import { SocketAddress } from "@sortie/transport";
import { Prng } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork, PROTOCOL } from "../support/game-network.js";
import { InstrumentedCrypto } from "../support/instrumented-crypto.js";
import { recordDatagrams, type SeenDatagram } from "../support/recorder.js";

const isHandshake = (datagram: Uint8Array): boolean => (datagram[0] as number) < 0x40;

describe("T20 handshakes over a bad network", () => {
  it("T20 lost, doubled, reordered, delayed: both sides agree in the end on a connection, or on none", async () => {
    const outcomes = { connected: 0, failed: 0 };
    for (let seed = 1; seed <= 40; seed++) {
      const link = { latencyMs: 30, jitterMs: 100, loss: 0.45, duplicate: 0.4, reorder: 0.4, reorderDelayMs: 400 };
      const game = new GameNetwork({
        seed,
        link,
        crypto: new InstrumentedCrypto(seed),
        server: { handshakeTimeoutMs: 3000 },
      });
      const sessions: string[] = [];
      game.server.on("connect", (peer) => sessions.push(peer.sessionId));
      await game.listen();
      const attempt = connect(game.clientOptions({ timeoutMs: 2500, idleTimeoutMs: 60_000 }));
      const client = await game.settle(attempt.catch((error: { code: string }) => error.code));
      game.network.setDefaultLink({ latencyMs: 30 });
      await game.run(15_000);
      if (typeof client === "string") {
        expect(client, `seed ${seed}`).toBe("timeout");
        outcomes.failed += 1;
        expect(game.server.stats, `seed ${seed}`).toMatchObject({ peers: 0, halfOpen: 0 });
      } else {
        game.clients.push(client);
        outcomes.connected += 1;
        expect(client.isConnected, `seed ${seed}`).toBe(true);
        expect(sessions, `seed ${seed}`).toEqual([client.sessionId]);
        expect(game.server.stats, `seed ${seed}`).toMatchObject({ peers: 1, halfOpen: 0, handshakes: 1 });
      }
      await game.end();
    }
    expect(outcomes.connected).toBeGreaterThan(10);
    expect(outcomes.failed).toBeGreaterThan(2);
  });

  it("T20b each packet, held back until the attempt is over, makes nothing of it", async () => {
    // The first hello, the second, the first RETRY, SERVER_HELLO, CONNECT, ACCEPT: all from there on.
    for (let held = 0; held < 6; held++) {
      const game = new GameNetwork({ crypto: new InstrumentedCrypto(held), server: { handshakeTimeoutMs: 3000 } });
      let disconnects = 0;
      game.server.on("disconnect", () => (disconnects += 1));
      await game.listen();
      const late: SeenDatagram[] = [];
      let count = 0;
      game.network.setFilter((datagram, from, to) => {
        if (count++ < held) return true;
        late.push({ datagram: datagram.slice(), from, to });
        return false;
      });
      const code = await game.connect({ timeoutMs: 1500 }).then(
        () => "connected",
        (error: { code: string }) => error.code,
      );
      expect(code, `held from ${held}`).toBe("timeout");
      const { handshakes } = game.server.stats;
      game.network.setFilter(undefined);
      await game.run(15_000);
      for (const { datagram, from, to } of late) game.network.inject(datagram, from, to);
      await game.run(15_000);
      const { stats } = game.server;
      expect(stats, `held from ${held}`).toMatchObject({ peers: 0, halfOpen: 0, handshakes });
      expect(disconnects, `held from ${held}`).toBe(stats.peersAccepted);
      await game.end();
    }
  });

  it("T20d any one packet lost, or sent ten times: one connection, and soon", async () => {
    for (const copies of [0, 10]) {
      // Hello, RETRY, hello, SERVER_HELLO, CONNECT, ACCEPT.
      for (let chosen = 0; chosen < 6; chosen++) {
        const game = new GameNetwork({ crypto: new InstrumentedCrypto(chosen), link: { latencyMs: 20 } });
        await game.listen();
        let count = 0;
        game.network.setFilter((datagram, from, to) => {
          if (count++ !== chosen) return true;
          for (let i = 0; i < copies; i++) game.network.inject(datagram, from, to, 20 + 7 * i);
          return false;
        });
        const client = await game.connect({ timeoutMs: 1000 });
        await game.run(500);
        const what = `packet ${chosen}, ${copies} times`;
        expect(client.isConnected, what).toBe(true);
        expect(game.server.stats, what).toMatchObject({ peers: 1, halfOpen: 0, handshakes: 1, peersAccepted: 1 });
        await game.end();
      }
    }
  });

  it("T20c answers of two attempts, each given to the other as well: both connect, each to its own", async () => {
    const game = new GameNetwork({ link: { latencyMs: 10 } });
    await game.listen();
    const options = [0, 1].map(() => game.clientOptions());
    let mixed = 0;
    const clientAddresses = new Map<string, SocketAddress>();
    game.network.setFilter((datagram, from, to) => {
      if (to.equals(game.serverAddress)) clientAddresses.set(from.toString(), from);
      if (!from.equals(game.serverAddress)) return true;
      // Ahead of the true ones: all that the server says, protected packets too.
      for (const other of clientAddresses.values()) {
        if (!other.equals(to)) game.network.inject(datagram, from, other);
        mixed += 1;
      }
      return true;
    });
    const clients = await game.settle(Promise.all(options.map((one) => connect(one))));
    game.clients.push(...clients);
    const names: string[] = [];
    game.server.on("message", (peer, { payload }) =>
      names.push(`${peer.sessionId} ${new TextDecoder().decode(payload)}`),
    );
    for (const client of clients) client.send(client.sessionId, { delivery: "reliable" });
    await game.run(200);
    expect(mixed).toBeGreaterThan(6);
    expect(names.sort()).toEqual(clients.map(({ sessionId }) => `${sessionId} ${sessionId}`).sort());
    expect(game.server.stats).toMatchObject({ peers: 2, halfOpen: 0, handshakes: 2 });
    await game.end();
  });
});

describe("T21 datagrams that are nothing", () => {
  const STRANGER = SocketAddress.parse("203.0.113.9", 5000);

  it("T21 empty, short, huge, garbage, unknown IDs: counted; silence, or a smaller answer in its rate", async () => {
    const game = new GameNetwork();
    await game.listen();
    const player = await game.connect();
    await game.run(100);
    const prng = new Prng(21);
    const before = game.server.stats;
    const answers = recordDatagrams(game.network, STRANGER);
    const random = (length: number, first: number): Uint8Array =>
      Uint8Array.from({ length }, (_, i) => (i === 0 ? first : prng.uint32() & 0xff));
    const magic = (type: number, length: number, version: number): Uint8Array => {
      const datagram = random(length, type);
      datagram.set([0x53, 0x52, 0x54, version].slice(0, length - 1), 1);
      return datagram;
    };
    const cases: [reason: string, datagrams: Uint8Array[]][] = [
      ["too-short", [new Uint8Array(0), random(1, 0x40), random(25, 0x41), random(1, 0x01), magic(0x01, 4, 1)]],
      ["too-long", [random(1453, 0x40), random(9000, 0x01), random(65_507, 0x40), random(65_507, 0xff)]],
      ["unknown-type", [random(1, 0x80), random(100, 0xff), random(1200, 0x01), magic(0, 100, 1), magic(0x3f, 100, 1)]],
      ["unexpected-handshake", [magic(0x02, 45, 1), magic(0x03, 300, 1), magic(0x04, 42, 1)]],
      ["malformed-handshake", [magic(0x01, 1200, 1), magic(0x01, 1199, 1), magic(0x01, 1201, 1), magic(0x01, 600, 2)]],
      ["unknown-connection", [random(26, 0x40), random(27, 0x41), random(1452, 0x40)]],
    ];
    for (const [reason, datagrams] of cases) {
      for (const datagram of datagrams) {
        // A random ID could be the player's, once in four thousand million.
        const count = game.server.stats.drops[reason as keyof typeof before.drops];
        const answered = answers.length;
        game.network.inject(datagram, STRANGER, game.serverAddress);
        await game.run(1);
        const what = `${reason}, ${datagram.length} bytes, first ${datagram[0]}`;
        expect(game.server.stats.drops[reason as keyof typeof before.drops], what).toBe(count + 1);
        const bytes = answers.slice(answered).reduce((sum, one) => sum + one.datagram.length, 0);
        if (reason === "unknown-connection" && datagram.length > 26) expect(bytes, what).toBeGreaterThan(0);
        else expect(bytes, what).toBe(0);
        expect(bytes, what).toBeLessThan(Math.max(datagram.length, 1));
      }
    }
    const total = (drops: Readonly<Record<string, number>>): number => Object.values(drops).reduce((a, b) => a + b, 0);
    expect(total(game.server.stats.drops) - total(before.drops)).toBe(
      cases.reduce((n, [, list]) => n + list.length, 0),
    );
    expect(game.server.stats).toMatchObject({ handshakes: 1, halfOpen: 0, peers: 1, retriesSent: before.retriesSent });

    // A flood of unknown IDs is answered at 100 a second.
    await game.run(1000);
    const answered = answers.length;
    for (let i = 0; i < 3000; i++) game.network.inject(random(60, 0x40), STRANGER, game.serverAddress, i / 3);
    await game.run(1001);
    expect(answers.length - answered).toBeGreaterThan(150);
    expect(answers.length - answered).toBeLessThanOrEqual(201);
    expect(player.isConnected).toBe(true);
    await game.end();
  });

  it("T21b garbage for the ID of a connection is dropped without an answer", async () => {
    const game = new GameNetwork();
    await game.listen();
    const wire = recordDatagrams(game.network, game.serverAddress);
    const player = await game.connect();
    await game.run(200);
    const id = (wire.at(-1) as SeenDatagram).datagram.subarray(1, 5);
    const answers = recordDatagrams(game.network, STRANGER);
    for (let i = 0; i < 500; i++) {
      const garbage = new Uint8Array(26 + (i % 1400)).fill(i);
      garbage[0] = 0x40 | (i & 1);
      garbage.set(id, 1);
      garbage.set([0, 0, 200, i & 0xff], 5);
      game.network.inject(garbage, STRANGER, game.serverAddress, i / 10);
    }
    await game.run(200);
    expect(game.server.stats.drops["authentication-failed"]).toBe(500);
    expect(answers).toEqual([]);
    expect(game.server.peers.get(1)?.address.equals(player.localAddress as SocketAddress)).toBe(true);
    await game.end();
  });

  it("T21c two servers made to talk to each other fall silent", async () => {
    const game = new GameNetwork();
    await game.listen();
    const transport = game.network.createTransport({ host: "10.0.0.2", port: 1474 });
    const { identity, crypto, clock } = game;
    const second = new Server({ protocol: PROTOCOL, identity, crypto, transport, clock });
    await game.settle(second.listen());
    const address = transport.localAddress as SocketAddress;
    const wire = recordDatagrams(game.network);
    await game.connect();
    const handshake = wire.filter(({ datagram }) => isHandshake(datagram)).map(({ datagram }) => datagram);
    const start = wire.length;
    // Everything that exists, in each one's name, and a large packet of an unknown connection.
    for (const datagram of [...handshake, new Uint8Array(1200).fill(0x40)]) {
      game.network.inject(datagram, address, game.serverAddress);
      game.network.inject(datagram, game.serverAddress, address);
    }
    await game.run(5000);
    const between = wire.slice(start).filter(({ from, to }) => from.equals(address) || to.equals(address));
    // A reset of 41 bytes, one of 40 and so on down to 26, from each side; two RETRYs for hellos each.
    expect(between.length).toBeGreaterThan(20);
    expect(between.length).toBeLessThanOrEqual(2 * 16 + 2 * 2);
    await game.settle(second.close());
    await game.end();
  });
});

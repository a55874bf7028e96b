import { Socket } from "node:dgram";
import { CidrSet, SocketAddress } from "@sortie/transport";
import { createDgramTransport } from "@sortie/transport-dgram";
import { decodeRetry, encodeClose, encodePing } from "@sortie/wire";
import { type Client, connect, createConsoleLogger, createServer, generateIdentity } from "sortie";
import { afterEach, describe, expect, it, vi } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { HandMadeClient } from "../support/hand-made-client.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { exactPacketOf } from "../support/hostile-frames.js";
import { recordDatagrams, type SeenDatagram } from "../support/recorder.js";

afterEach(() => void vi.restoreAllMocks());

function osError(code: string): Error {
  return Object.assign(new Error(`send ${code}`), { code });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A server and two clients over UDP on loopback whose sockets of node:dgram fail as the test likes. What the batched
 * transport does with such errors is in packages/transport-mmsg/test/send-queue.test.ts.
 */
async function overUdp() {
  const sockets = new Set<Socket>();
  let fault: string | undefined;
  let sends = 0;
  const send = Socket.prototype.send as (...args: unknown[]) => void;
  vi.spyOn(Socket.prototype, "send").mockImplementation(function (this: Socket, ...args: unknown[]) {
    sockets.add(this);
    // Every third fails, turn about by throwing and by the callback.
    if (fault === undefined || ++sends % 3 !== 0) return send.apply(this, args);
    const error = osError(fault);
    if (sends % 2 === 0) throw error;
    const done = args.at(-1) as (error: Error, bytes: number) => void;
    setImmediate(() => done(error, 0));
  });
  const errors: string[] = [];
  const identity = generateIdentity();
  const transport = createDgramTransport({ host: "127.0.0.1" });
  const server = createServer({
    protocol: "udp/1",
    identity,
    transport,
    logger: createConsoleLogger({ level: "silent" }),
  });
  server.on("error", (error) => errors.push(String(error)));
  server.on("message", (peer, message) => peer.send(message.payload, { delivery: message.delivery }));
  const { port } = await server.listen();
  const options = { host: "127.0.0.1", port, protocol: "udp/1", serverKey: identity.publicKey };
  const player = (): Promise<Client> => connect({ ...options, transport: createDgramTransport() });
  const clients = [await player(), await player()];
  const received = [0, 0];
  clients.forEach((client, i) => client.on("message", () => (received[i] = (received[i] as number) + 1)));
  const reasons: unknown[] = [];
  for (const client of clients) client.on("disconnect", (reason) => reasons.push(reason));
  server.on("disconnect", (_peer, reason) => reasons.push(reason));
  return {
    server,
    clients,
    received,
    reasons,
    errors,
    sockets,
    setFault: (code: string | undefined) => void (fault = code),
    async end() {
      fault = undefined;
      reasons.length = 0;
      await Promise.all(clients.map((client) => client.close()));
      await server.close();
      expect(server.stats).toMatchObject({ peers: 0, halfOpen: 0 });
    },
  };
}

describe("T37 errors of sockets and forged ends", () => {
  it.each(["EMSGSIZE", "ENETUNREACH", "ENOBUFS", "ECONNREFUSED", "EAGAIN"])(
    "T37 %s for every third datagram, on both sides: counted, nobody ends, all reliable messages arrive",
    async (code) => {
      const udp = await overUdp();
      udp.setFault(code);
      // 300 ms of ticks: every third of some 36 datagrams of the server, and half of that on a machine with other work.
      for (let i = 0; i < 60; i++) {
        for (const client of udp.clients) client.send(`${i}`, { delivery: "ordered" });
        await pause(5);
      }
      await vi.waitFor(() => expect(udp.received).toEqual([60, 60]), { timeout: 30_000 });
      expect(udp.reasons).toEqual([]);
      expect(udp.errors).toEqual([]);
      expect(udp.server.stats.transport.sendErrors).toBeGreaterThan(5);
      expect(udp.server.peers.size).toBe(2);
      await udp.end();
    },
  );

  it("T37b ECONNRESET and its kin, a hundred times on each socket: counted, nobody ends", async () => {
    const udp = await overUdp();
    for (const socket of udp.sockets) {
      for (const code of ["ECONNRESET", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]) {
        for (let i = 0; i < 25; i++) socket.emit("error", osError(code));
      }
    }
    for (const client of udp.clients) client.send("after", { delivery: "reliable" });
    await vi.waitFor(() => expect(udp.received).toEqual([1, 1]), { timeout: 30_000 });
    expect(udp.sockets.size).toBe(3);
    expect(udp.server.stats.transport.receiveErrors).toBe(100);
    expect(udp.reasons).toEqual([]);
    expect(udp.errors).toEqual([]);
    await udp.end();
  });

  it("T37c a CLOSE without keys, in every disguise, ends nobody", async () => {
    const game = new GameNetwork({ link: { latencyMs: 5 } });
    await game.listen();
    const toServer = recordDatagrams(game.network);
    const client = await game.connect();
    await game.run(200);
    const ends: unknown[] = [];
    client.on("disconnect", (reason) => ends.push(reason));
    game.server.on("disconnect", (_peer, reason) => ends.push(reason));
    const genuine = toServer.filter(({ datagram }) => (datagram[0] as number) >= 0x40);
    const before = game.server.stats.drops;
    const close = exactPacketOf((w) => encodeClose(w, 0, new Uint8Array(0)));
    for (const { datagram, from, to } of genuine) {
      const disguises = [
        close,
        Uint8Array.from([...datagram.subarray(0, 9), ...close, ...new Uint8Array(16)]),
        Uint8Array.from([...datagram.subarray(0, 5), 0, 0, 0xff, 0xff, ...close, ...new Uint8Array(16)]),
        datagram,
        datagram.subarray(0, datagram.length - 1),
      ];
      for (const disguise of disguises) game.network.inject(disguise, from, to);
    }
    // And the end of an attempt, to those who have keys.
    for (const { datagram, from, to } of toServer.filter(({ datagram: d }) => (d[0] as number) < 0x40)) {
      game.network.inject(datagram, from, to);
    }
    await game.run(500);
    expect(ends).toEqual([]);
    expect(client.isConnected).toBe(true);
    const { drops } = game.server.stats;
    expect(drops["authentication-failed"]).toBeGreaterThan(before["authentication-failed"]);
    expect(drops.duplicate).toBeGreaterThan(before.duplicate);
    expect(drops["unexpected-handshake"]).toBeGreaterThan(before["unexpected-handshake"]);
    await game.end();
  });
});

describe("T38 spellings of a blocked address", () => {
  it.each([
    ...["10.0.0.77", "::ffff:10.0.0.77", "::ffff:a00:4d", "0:0:0:0:0:ffff:0a00:004d"],
    ...["10.0.0.77/32", "10.0.0.76/31", "::ffff:10.0.0.0/121"],
  ])("T38 %s blocks 10.0.0.77 from its first datagram, and nobody else", async (text) => {
    const game = new GameNetwork({ crypto: createSeededNodeCrypto(38), server: { blocked: [text] } });
    await game.listen();
    const transport = game.network.createTransport({ host: "10.0.0.77" });
    await expect(game.connect({ transport, timeoutMs: 1000 })).rejects.toMatchObject({ code: "timeout" });
    expect(game.server.stats.drops.blocked).toBeGreaterThan(0);
    expect(game.server.stats).toMatchObject({ retriesSent: 0, handshakes: 0 });
    const neighbour = game.network.createTransport({ host: "10.0.0.178" });
    expect((await game.connect({ transport: neighbour })).isConnected).toBe(true);
    game.server.unblock(text);
    const again = game.network.createTransport({ host: "10.0.0.77", port: 5 });
    expect((await game.connect({ transport: again })).isConnected).toBe(true);
    await game.end();
  });

  it("T38b edges of ranges: the first and the last address are in, those beside are out", () => {
    for (const [range, first, last, below, above] of [
      ["10.1.2.0/24", "10.1.2.0", "10.1.2.255", "10.1.1.255", "10.1.3.0"],
      ["10.1.2.4/30", "10.1.2.4", "10.1.2.7", "10.1.2.3", "10.1.2.8"],
      ["::ffff:10.1.2.4/127", "10.1.2.4", "10.1.2.5", "10.1.2.3", "10.1.2.6"],
      ["128.0.0.0/1", "128.0.0.0", "255.255.255.255", "127.255.255.255", "::1"],
      ["2001:db8::/33", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db7::", "2001:db8:8000::"],
    ] as const) {
      const set = new CidrSet();
      set.add(range);
      const inside = [first, last, below, above].map((text) => set.has(SocketAddress.parse(text, 1)));
      expect(inside, range).toEqual([true, true, false, false]);
    }
  });

  it("T38c a peer that is blocked while it plays ends, and comes back under no spelling or port", async () => {
    const game = new GameNetwork({ crypto: createSeededNodeCrypto(39) });
    await game.listen();
    const transport = game.network.createTransport({ host: "10.0.0.77" });
    const client = await game.connect({ transport });
    await game.run(100);
    game.server.block("::ffff:10.0.0.64/122");
    await game.run(15_000);
    expect(game.server.peers.size).toBe(0);
    expect(client.isConnected).toBe(false);
    const again = game.network.createTransport({ host: "::ffff:10.0.0.77", port: 9 });
    await expect(game.connect({ transport: again, timeoutMs: 1000 })).rejects.toMatchObject({ code: "timeout" });
    await game.end();
  });
});

describe("T39 chosen inputs for tables", () => {
  const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];

  it.each(NAMES)("T39 %s is no event, delivery, address or host, and leaves every object as it was", async (name) => {
    const game = new GameNetwork({ crypto: createSeededNodeCrypto(39) });
    await game.listen();
    const client = await game.connect();
    await game.run(50);
    const peer = [...game.server.peers.values()][0];
    expect(() => game.server.on(name as "tick", () => {})).toThrow(TypeError);
    expect(() => client.on(name as "message", () => {})).toThrow(TypeError);
    expect(game.server.listenerCount(name as "tick")).toBe(0);
    expect(() => client.send("x", { delivery: name as "reliable" })).toThrow();
    expect(() => peer?.send("x", { delivery: name as "reliable" })).toThrow();
    expect(() => game.server.block(name)).toThrow(RangeError);
    await expect(game.connect({ host: name, timeoutMs: 500 })).rejects.toMatchObject({ code: "network" });
    const payload = JSON.stringify({ [name]: { polluted: true } });
    client.send(payload, { delivery: "reliable" });
    await game.run(50);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    await game.end();
  });

  it("T39b a player's own hello, sent from elsewhere, is another attempt; neither locks the other out", async () => {
    const game = new GameNetwork({ crypto: createSeededNodeCrypto(39) });
    await game.listen();
    const seen = recordDatagrams(game.network);
    const client = await game.connect();
    await game.run(100);
    const stolen = seen[0]?.datagram as Uint8Array;
    const thief = SocketAddress.parse("203.0.113.5", 4000);
    const { handshakes } = game.server.stats;
    const retry = await ownCookie(game, seen, stolen, thief);
    for (let i = 0; i < 10; i++) game.network.inject(withCookie(stolen, retry.cookie), thief, game.serverAddress);
    await game.run(100);
    expect(game.server.stats).toMatchObject({ handshakes: handshakes + 1, halfOpen: 1, peers: 1 });
    // The player's second hello, again from its own address: no second connection.
    const own = client.localAddress as SocketAddress;
    const before = game.server.stats.drops["unexpected-handshake"];
    game.network.inject(withCookie(stolen, (await ownCookie(game, seen, stolen, own)).cookie), own, game.serverAddress);
    await game.run(10);
    expect(game.server.stats.drops["unexpected-handshake"] - before).toBe(1);
    expect(game.server.stats.handshakes).toBe(handshakes + 1);
    await game.run(11_000);
    expect(game.server.stats).toMatchObject({ halfOpen: 0, peers: 1 });
    expect(client.isConnected).toBe(true);
    await game.end();
  });

  it("T39c connection IDs that share a player's slot find nobody, at the cost of an index and few resets", async () => {
    const game = new GameNetwork({ crypto: createSeededNodeCrypto(39) });
    await game.listen();
    const seen = recordDatagrams(game.network);
    const client = await game.connect();
    await game.run(200);
    const { datagram, from } = seen.findLast(({ to, datagram: d }) => to.equals(game.serverAddress) && d[0] === 0x40)!;
    const before = game.server.stats;
    for (let high = 0; high < 20_000; high++) {
      const forged = datagram.slice();
      forged[1] = high >> 8;
      forged[2] = high & 0xff;
      if (forged[1] !== datagram[1] || forged[2] !== datagram[2]) game.network.inject(forged, from, game.serverAddress);
    }
    await game.run(500);
    const after = game.server.stats;
    expect(after.drops["unknown-connection"] - before.drops["unknown-connection"]).toBeGreaterThanOrEqual(19_999);
    expect(after.transport.datagramsSent - before.transport.datagramsSent).toBeLessThan(250);
    expect(client.isConnected).toBe(true);
    await game.end();
  });
});

/** A cookie for an address, as its owner would get it. */
async function ownCookie(game: GameNetwork, seen: SeenDatagram[], hello: Uint8Array, address: SocketAddress) {
  seen.length = 0;
  game.network.inject(hello, address, game.serverAddress);
  await game.run(10);
  const retry = decodeRetry(seen.find(({ to }) => to.equals(address))?.datagram as Uint8Array);
  if (typeof retry === "string") throw new Error(retry);
  return retry;
}

/** A hello without cookie, with this one (docs/PROTOCOL.md section 3.1). */
function withCookie(hello: Uint8Array, cookie: Uint8Array): Uint8Array {
  const at = 5 + 8 + 32 + 4 + 1 + (hello[49] as number) + 65;
  const bytes = [...hello.subarray(0, at), cookie.length, ...cookie, ...hello.subarray(at + 1)];
  return Uint8Array.from(bytes.slice(0, 1200));
}

describe("T40 malformed traffic", () => {
  it("T40 thousands of malformed datagrams, with keys and without, are counted and fill no log", async () => {
    const spies = (["log", "info", "warn", "error", "debug", "trace"] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation(() => {}),
    );
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    let access = 0;
    const server = { logger: console, onAccess: () => void (access += 1) };
    const game = new GameNetwork({ crypto: createSeededNodeCrypto(40), server });
    await game.listen();
    const seen = recordDatagrams(game.network, game.serverAddress);
    const client = await game.connect();
    await game.run(100);
    const samples = seen.map(({ datagram }) => datagram);
    const before = game.server.stats.transport.datagramsReceived;
    const accessBefore = access;
    for (let i = 0; i < 5000; i++) {
      const from = SocketAddress.parse(`198.51.100.${i & 0xff}`, 1024 + i);
      const forged = (samples[i % samples.length] as Uint8Array).slice(0, i % 7 === 0 ? i % 1200 : undefined);
      for (let k = 0; k < 3 && forged.length > 0; k++) forged[(i * 131 + k * 977) % forged.length] = i & 0xff;
      const source = i % 2 === 0 ? from : (client.localAddress as SocketAddress);
      game.network.inject(forged, source, game.serverAddress, i / 10);
    }
    await game.run(1000);
    expect(game.server.stats.transport.datagramsReceived - before).toBeGreaterThanOrEqual(5000);
    expect(access).toBe(accessBefore);
    // Ten attackers with keys each break the protocol: one line of the access log each, and nothing else.
    for (let i = 0; i < 10; i++) {
      const hostile = await new HandMadeClient(game, SocketAddress.parse("203.0.113.9", 2000 + i)).shakeHands();
      for (let k = 0; k < 100; k++) hostile.send(k % 2 === 0 ? Uint8Array.of(0x3f) : exactPacketOf(encodePing));
      await game.run(10);
    }
    await game.run(5000);
    expect(access - accessBefore).toBe(10);
    expect(game.server.stats.drops["malformed-frames"]).toBeGreaterThanOrEqual(10);
    const drops = Object.values(game.server.stats.drops).reduce((sum, count) => sum + count, 0);
    expect(drops).toBeGreaterThan(4000);
    const said = spies.flatMap((spy) => spy.mock.calls.map((call) => call.at(-1) as unknown));
    expect(said).toEqual(["listening", "peer 1 connected", "handshakes failed"]);
    expect(warnings).not.toHaveBeenCalled();
    expect(client.isConnected).toBe(true);
    await game.end();
  });
});

import { Connection, createResources } from "@sortie/connection";
import { ClientHandshake, identityOf, protocolId, respond } from "@sortie/handshake";
import { PAIR_PARAMETERS, PairAddress } from "@sortie/testkit";
import type { SocketAddress } from "@sortie/transport";
import {
  ByteWriter,
  type ClientHello,
  decodeClientHello,
  encodeClientHello,
  encodeClose,
  encodeReject,
  encodeRetry,
  type RejectReason,
} from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { AttackedPair } from "../support/attacked-pair.js";
import { GameNetwork } from "../support/game-network.js";
import { bitFlipped, readdressed } from "../support/hostile-packets.js";
import { InstrumentedCrypto } from "../support/instrumented-crypto.js";
import { wordsOf } from "../support/pair-reading.js";
import { recordDatagrams } from "../support/recorder.js";

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter().reset(new Uint8Array(1200));
  write(writer);
  return writer.bytes.slice(0, writer.offset);
}

describe("T10 reflection", () => {
  it("T10 a packet sent back to its sender opens nothing, even where both sides have the same connection ID", () => {
    const crypto = new InstrumentedCrypto(10);
    const identity = identityOf(crypto.generateKeyPair());
    const id = 0x1234_5678;
    const handshake = new ClientHandshake({
      crypto,
      protocolId: protocolId(crypto, "mirror/1"),
      clientConnectionId: id,
      parameters: PAIR_PARAMETERS,
      trust: { kind: "pin", publicKey: identity.publicKey },
    });
    const hello = decodeClientHello(handshake.hello()) as ClientHello;
    const response = respond({ crypto, identity, parameters: PAIR_PARAMETERS }, handshake.hello(), hello, id);
    if (typeof response === "string") throw new Error(response);
    const progress = handshake.receive(response.packet);
    if (progress.kind !== "established") throw new Error(progress.kind);
    const address = new PairAddress("mirror");
    const common = { resources: createResources(crypto), localParameters: PAIR_PARAMETERS, settings: {}, address };
    const client = new Connection({ ...common, role: "client", keys: progress.keys, nowMs: 0 });
    const server = new Connection({ ...common, role: "server", keys: response.keys, nowMs: 0 });
    const buffer = new Uint8Array(2000);
    const reflections: (string | undefined)[] = [];
    const exchange = (from: Connection, to: Connection, nowMs: number): void => {
      for (;;) {
        const sent = buffer.slice(0, from.pollTransmit(buffer, 0, nowMs));
        if (sent.length === 0) return;
        // Header and all are as the sender would expect them of its peer.
        reflections.push(from.receive(sent, address, nowMs));
        expect(to.receive(sent, address, nowMs)).toBeUndefined();
      }
    };
    exchange(client, server, 0);
    server.takeConnectRequest();
    server.accept(new Uint8Array(16), new Uint8Array(16), 1);
    exchange(server, client, 2);
    expect([client.state, server.state]).toEqual(["connected", "connected"]);
    for (let i = 0; i < 20; i++) {
      client.send(Uint8Array.of(i), { delivery: "reliable" }, 10 + i);
      server.send(Uint8Array.of(i), { delivery: "reliable" }, 10 + i);
      exchange(client, server, 10 + i);
      exchange(server, client, 10 + i);
    }
    expect(client.statistics(40).endpoint.messagesReceived[3]).toBe(20);
    expect(server.statistics(40).endpoint.messagesReceived[3]).toBe(20);
    // Numbers that the other side has used already are known before the tag is looked at.
    expect(reflections.length).toBeGreaterThan(40);
    expect(new Set(reflections)).toEqual(new Set(["authentication-failed", "duplicate"]));
    expect(reflections.filter((reason) => reason === "duplicate").length).toBeLessThan(reflections.length / 2 + 2);
  });

  it("T10b a reflector in the network, which readdresses what it reflects, changes nothing", async () => {
    const game = new GameNetwork({ crypto: new InstrumentedCrypto(11) });
    let delivered = 0;
    game.server.on("message", () => (delivered += 1));
    await game.listen();
    const client = await game.connect();
    await game.run(100);
    const wire = recordDatagrams(game.network);
    for (let i = 0; i < 30; i++) {
      client.send(`${i}`, { delivery: "reliable" });
      game.server.peers.get(1)?.send(`${i}`, { delivery: "reliable" });
      await game.run(20);
    }
    const seen = wire.slice();
    const to = client.localAddress as SocketAddress;
    const idOf = (datagram: Uint8Array): number => new DataView(datagram.buffer).getUint32(1);
    const clientId = idOf((seen.find((one) => one.to.equals(to)) as { datagram: Uint8Array }).datagram);
    const serverId = idOf((seen.find((one) => one.from.equals(to)) as { datagram: Uint8Array }).datagram);
    const before = { ...game.server.stats.drops };
    const droppedBefore = client.stats.packetsDropped;
    let reflected = 0;
    for (const { datagram, from } of seen) {
      if (!from.equals(to)) {
        // Numbers far ahead, that no window knows.
        const copy = readdressed(datagram, serverId);
        new DataView(copy.buffer).setUint32(5, 5000 + reflected);
        game.network.inject(copy, to, game.serverAddress);
        reflected += 1;
      } else game.network.inject(readdressed(datagram, clientId), game.serverAddress, to);
    }
    await game.run(100);
    expect(game.server.stats.drops["authentication-failed"] - before["authentication-failed"]).toBe(reflected);
    expect(client.stats.packetsDropped - droppedBefore).toBe(seen.length - reflected);
    expect(delivered).toBe(30);
    expect(client.isConnected).toBe(true);
    await game.end();
  });
});

describe("T11 changed headers", () => {
  it("T11 any header bit flipped, alone, is refused and counted; the packet itself still counts", () => {
    const attacked = new AttackedPair().connect();
    const { pair } = attacked;
    attacked.swallowed.add("server");
    const genuine = attacked.sendOne("genuine");
    attacked.swallowed.clear();
    for (let bit = 0; bit < 72; bit++) pair.inject(bitFlipped(genuine, bit), "server", pair.clientAddress);
    pair.run(0);
    // The first byte's other bits make it no protected packet at all; some numbers lie below the window.
    const { "unknown-type": unknown, ...rest } = attacked.drops("server");
    expect(unknown).toBe(7);
    expect(rest).toEqual({ "authentication-failed": 65 - (rest["duplicate"] ?? 0), duplicate: rest["duplicate"] });
    expect(wordsOf(pair.server)).toEqual([]);
    pair.inject(genuine, "server", pair.clientAddress);
    pair.run(0);
    expect(wordsOf(pair.server)).toEqual(["genuine"]);
    attacked.end();
  });

  it("T11b any byte of the first hellos changed on the way: refused with a reason, or never connected", async () => {
    // Type, magic, version, protocol ID, random, connection ID, suites, key share, cookie, parameters, padding.
    const places = [0, 1, 2, 3, 4, 5, 12, 13, 44, 45, 48, 49, 50, 51, 52, 53, 80, 116, 117, 118, 125, 153, 160, 1199];
    const results: Record<string, number> = {};
    for (const at of places) {
      const game = new GameNetwork({ crypto: new InstrumentedCrypto(at) });
      await game.listen();
      game.network.setFilter((datagram, from, to) => {
        if (!to.equals(game.serverAddress) || datagram[0] !== 0x01) return true;
        const changed = datagram.slice();
        changed[at] = (changed[at] as number) ^ 0x02;
        game.network.inject(changed, from, to);
        return false;
      });
      const code = await game.connect({ timeoutMs: 1500 }).then(
        () => "connected",
        (error: { code: string }) => error.code,
      );
      results[code] = (results[code] ?? 0) + 1;
      const { drops, peersAccepted } = game.server.stats;
      expect(peersAccepted, `byte ${at}`).toBe(0);
      if (at === 4) expect(code).toBe("timeout");
      if (at === 5 || at === 12) expect([code, drops["wrong-protocol"]]).toEqual(["protocol-mismatch", 2]);
      await game.run(12_000);
      await game.end();
    }
    expect(results).toEqual({ "protocol-mismatch": 2, timeout: places.length - 2 });
  });

  it("T11c a hello of another version is refused with the version, and the client says so", async () => {
    const game = new GameNetwork();
    await game.listen();
    const replies = recordDatagrams(game.network);
    game.network.setFilter((datagram, from, to) => {
      if (!to.equals(game.serverAddress)) {
        // The server's answer comes from a server of another version.
        const changed = datagram.slice();
        changed[4] = 9;
        game.network.inject(changed, from, to);
        return false;
      }
      const changed = datagram.slice();
      changed[4] = 2;
      game.network.inject(changed, from, to);
      return false;
    });
    await expect(game.connect({ timeoutMs: 1000 })).rejects.toMatchObject({ code: "version" });
    expect(game.server.stats.drops["wrong-version"]).toBe(2);
    const reply = replies.find(({ from }) => from.equals(game.serverAddress));
    expect(reply?.datagram.length).toBe(42);
    await game.end();
  });
});

describe("T12 plaintext at an established connection", () => {
  it("T12 every handshake packet, well-formed and of the right addresses, changes nothing on either side", async () => {
    const game = new GameNetwork();
    let delivered = 0;
    game.server.on("message", () => (delivered += 1));
    await game.listen();
    const wire = recordDatagrams(game.network);
    const client = await game.connect();
    const codes: string[] = [];
    client.on("disconnect", ({ code }) => codes.push(code));
    await game.run(200);
    const to = client.localAddress as SocketAddress;
    const server = game.serverAddress;
    const packets = wire.filter(({ datagram }) => (datagram[0] as number) < 0x40);
    const hellos = packets.filter(({ datagram }) => datagram[0] === 0x01).map(({ datagram }) => datagram);
    const answers = packets.filter(({ from }) => from.equals(server)).map(({ datagram }) => datagram);
    expect([hellos.length, answers.length]).toEqual([2, 2]);
    const { clientConnectionId, clientRandom, ...fields } = decodeClientHello(hellos[0] as Uint8Array) as ClientHello;
    // What an attacker can make who has seen it all: valid, with the right random and IDs.
    const forged = [
      ...hellos,
      ...answers,
      ...[1, 2, 3, 4, 5].map((reason) =>
        written((w) => encodeReject(w, { clientConnectionId, clientRandom, reason: reason as RejectReason })),
      ),
      written((w) => encodeRetry(w, { clientConnectionId, cookie: new Uint8Array(36).fill(9) })),
      encodeClientHello({
        ...fields,
        clientConnectionId,
        clientRandom,
        keyShare: game.crypto.generateKeyPair().publicKey,
      }),
      // A CLOSE that nobody encrypted, bare and behind a header.
      written((w) => encodeClose(w, 0, new Uint8Array(0))),
    ];
    const before = { server: game.server.stats, peer: game.server.peers.get(1)?.stats, client: client.stats };
    for (let round = 0; round < 3; round++) {
      for (const datagram of forged) {
        game.network.inject(datagram, to, server);
        game.network.inject(datagram, server, to);
      }
      await game.run(50);
    }
    const after = game.server.stats;
    expect(after).toMatchObject({ handshakes: 1, peersAccepted: 1, peers: 1, halfOpen: 0 });
    // 9 that a server never gets, and the hello with the cookie that it has answered, three times each.
    expect(after.drops["unexpected-handshake"] - before.server.drops["unexpected-handshake"]).toBe(3 * 9);
    expect(after.drops["too-short"] - before.server.drops["too-short"]).toBe(3);
    // Two hellos without a cookie get one each, as from anybody.
    expect(after.retriesSent - before.server.retriesSent).toBe(3 * 2);
    const peer = game.server.peers.get(1)?.stats;
    expect(peer?.packetsReceived).toBe(before.peer?.packetsReceived);
    expect(client.stats.packetsReceived).toBe(before.client.packetsReceived);
    expect(codes).toEqual([]);
    client.send("still here", { delivery: "reliable" });
    await game.run(100);
    expect(delivered).toBe(1);
    await game.end();
  });

  it("T12b the SERVER_HELLO is not given out again once the client was heard under its keys", async () => {
    const game = new GameNetwork();
    await game.listen();
    const wire = recordDatagrams(game.network);
    const client = await game.connect();
    const withCookie = wire.filter(({ datagram }) => datagram[0] === 0x01)[1] as { datagram: Uint8Array };
    const sent = wire.filter(({ datagram }) => datagram[0] === 0x03).length;
    for (let i = 0; i < 20; i++) {
      game.network.inject(withCookie.datagram, client.localAddress as SocketAddress, game.serverAddress, i);
    }
    await game.run(100);
    expect(game.server.stats.drops["unexpected-handshake"]).toBe(20);
    expect(wire.filter(({ datagram }) => datagram[0] === 0x03).length).toBe(sent);
    await game.end();
  });
});

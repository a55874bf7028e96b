import { SocketAddress } from "@sortie/transport";
import { CLIENT_HELLO_BYTES, RESET_TOKEN_BYTES } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork, type GameNetworkOptions } from "../support/game-network.js";
import { recordDatagrams, type SeenDatagram } from "../support/recorder.js";

const STRANGER = SocketAddress.parse("203.0.113.5", 4242);

function protectedPacket(bytes: number, connectionId: number): Uint8Array {
  const datagram = new Uint8Array(bytes).fill(0xa5);
  datagram[0] = 0x40;
  if (bytes >= 5) new DataView(datagram.buffer).setUint32(1, connectionId);
  return datagram;
}

/** A server with one live peer, and everything that is sent from now on. */
async function withPlayer(server: GameNetworkOptions = {}): Promise<{
  game: GameNetwork;
  answers: SeenDatagram[];
  stillPlays(): Promise<void>;
}> {
  const game = new GameNetwork(server);
  game.server.on("message", (peer, message) => void peer.send(message.payload, { delivery: "reliable" }));
  await game.listen();
  const client = await game.connect();
  let echoes = 0;
  client.on("message", () => (echoes += 1));
  await game.run(100);
  const answers = recordDatagrams(game.network, STRANGER);
  const stillPlays = async (): Promise<void> => {
    const before = echoes;
    client.send("ping", { delivery: "reliable" });
    await game.run(200);
    expect(echoes).toBe(before + 1);
    expect(game.server.peers.size).toBe(1);
  };
  return { game, answers, stillPlays };
}

describe("a packet with an unknown connection ID", () => {
  it("of any size gets at most one answer, which is smaller, ends in a token and causes no other", async () => {
    const { game, answers, stillPlays } = await withPlayer();
    for (let bytes = 0; bytes <= 1500; bytes += bytes < 60 ? 1 : 97) {
      answers.length = 0;
      game.network.inject(protectedPacket(bytes, 0x1234_5678), STRANGER, game.serverAddress);
      await game.run(100);
      expect(answers.length).toBe(bytes >= 27 && bytes <= 1452 ? 1 : 0);
      for (const { datagram } of answers) {
        expect(datagram.length).toBeLessThan(bytes);
        expect(datagram[0]).toBe(0x40);
      }
    }
    expect(game.server.stats.drops["unknown-connection"]).toBeGreaterThan(30);
    expect(game.server.stats.halfOpen).toBe(0);
    await stillPlays();
    await game.end();
  });

  it("is answered a hundred times a second at the most, whoever asks", async () => {
    const { game, answers, stillPlays } = await withPlayer();
    for (let i = 0; i < 5000; i++) {
      game.network.inject(protectedPacket(1200, i * 7919), STRANGER, game.serverAddress, i / 2.5);
    }
    await game.run(2100);
    // A burst of a hundred, and a hundred for each of two seconds.
    expect(answers.length).toBeGreaterThan(250);
    expect(answers.length).toBeLessThanOrEqual(301);
    expect(game.server.stats.drops["unknown-connection"]).toBe(5000);
    await stillPlays();
    await game.end();
  });

  it("and flags that are illegal is none: it is dropped in silence, and takes nothing from the answers", async () => {
    const { game, answers, stillPlays } = await withPlayer();
    const before = game.server.stats.drops;
    for (let first = 0x42; first < 0x80; first++) {
      for (const bytes of [26, 60, 1200]) {
        const datagram = protectedPacket(bytes, 0x1234_5678);
        datagram[0] = first;
        game.network.inject(datagram, STRANGER, game.serverAddress);
      }
    }
    await game.run(10);
    const { drops } = game.server.stats;
    expect(answers).toEqual([]);
    expect(drops["unknown-type"] - before["unknown-type"]).toBe(62 * 3);
    expect(drops["unknown-connection"]).toBe(before["unknown-connection"]);
    // More than the answers of a second, so none would be left.
    for (const first of [0x40, 0x41]) {
      const datagram = protectedPacket(60, 0x1234_5678);
      datagram[0] = first;
      game.network.inject(datagram, STRANGER, game.serverAddress);
    }
    await game.run(10);
    expect(answers).toHaveLength(2);
    await stillPlays();
    await game.end();
  });

  it("does not tell the token of another address: the same ID gives each address its own", async () => {
    const { game, answers } = await withPlayer();
    const other = SocketAddress.parse("203.0.113.6", 4242);
    const toOther = recordDatagrams(game.network, other);
    game.network.inject(protectedPacket(100, 77), STRANGER, game.serverAddress);
    game.network.inject(protectedPacket(100, 77), other, game.serverAddress);
    game.network.inject(protectedPacket(100, 77), STRANGER, game.serverAddress, 5);
    await game.run(50);
    const token = (seen: SeenDatagram | undefined): string => String(seen?.datagram.slice(-RESET_TOKEN_BYTES));
    expect(token(answers[0])).toBe(token(answers[1]));
    expect(token(answers[0])).not.toBe(token(toOther[0]));
    await game.end();
  });
});

describe("garbage", () => {
  it("of every first byte and many sizes is dropped, counted by its reason, and harms nobody", async () => {
    const { game, answers, stillPlays } = await withPlayer();
    let injected = 0;
    const before = game.server.stats.drops;
    for (let first = 0; first < 256; first++) {
      for (const bytes of [1, 4, 5, 30, 1200, 1452, 1453, 65_507]) {
        game.network.inject(new Uint8Array(bytes).fill(first), STRANGER, game.serverAddress);
        injected += 1;
      }
      game.network.inject(new Uint8Array(0), STRANGER, game.serverAddress);
      injected += 1;
    }
    await game.run(100);
    const after = game.server.stats.drops;
    const counted = Object.entries(after).map(([name, n]) => n - before[name as keyof typeof before]);
    expect(counted.reduce((sum, n) => sum + n, 0)).toBe(injected);
    expect(after["unknown-type"]).toBeGreaterThan(128 * 5);
    expect(after["too-short"]).toBeGreaterThan(256);
    expect(after["too-long"]).toBe(256 * 2);
    for (const { datagram } of answers) expect(datagram.length).toBeLessThanOrEqual(41);
    expect(game.server.stats.listenerErrors).toBe(0);
    await stillPlays();
    await game.end();
  });

  it("aimed at a live peer's connection, and handshake packets from its own address, change nothing", async () => {
    const { game, stillPlays } = await withPlayer();
    const fromServer = recordDatagrams(game.network);
    await stillPlays();
    const toServer = fromServer.find(({ to }) => to.equals(game.serverAddress)) as SeenDatagram;
    const id = new DataView(toServer.datagram.buffer).getUint32(1);
    for (let i = 0; i < 500; i++) {
      const from = i % 2 === 0 ? toServer.from : STRANGER;
      game.network.inject(protectedPacket(26 + i, id), from, game.serverAddress, i);
      const handshake = new Uint8Array(CLIENT_HELLO_BYTES).fill(i);
      handshake.set([1 + (i % 4), 0x53, 0x52, 0x54, 1]);
      game.network.inject(handshake, toServer.from, game.serverAddress, i);
    }
    await game.run(600);
    expect(game.server.stats.drops["authentication-failed"]).toBeGreaterThan(400);
    expect(game.server.stats.drops["unexpected-handshake"]).toBeGreaterThan(300);
    await stillPlays();
    await game.end();
  });
});

describe("a flood of hellos", () => {
  async function firstHello(game: GameNetwork): Promise<Uint8Array> {
    const seen = recordDatagrams(game.network, game.serverAddress);
    await game.connect();
    await game.run(100);
    return seen[0]?.datagram as Uint8Array;
  }

  it("within one batch is answered as far as the reply queue reaches; the rest is dropped and counted", async () => {
    const game = new GameNetwork();
    await game.listen();
    const hello = await firstHello(game);
    const before = game.server.stats;
    for (let i = 0; i < 1000; i++) {
      const from = SocketAddress.parse(`198.18.${i >> 8}.${i & 0xff}`, 2000);
      game.network.inject(hello, from, game.serverAddress);
    }
    await game.run(10);
    const after = game.server.stats;
    const retries = after.retriesSent - before.retriesSent;
    expect(retries).toBe(256);
    expect(after.drops["rate-limited"] - before.drops["rate-limited"]).toBe(1000 - 256);
    expect(after.handshakes).toBe(before.handshakes);
    await game.connect();
    await game.end();
  });

  it("of another version or protocol gets small refusals, a thousand and a thousand a second at the most", async () => {
    const game = new GameNetwork();
    await game.listen();
    const hello = await firstHello(game);
    const otherVersion = hello.slice();
    otherVersion[4] = 9;
    const otherProtocol = hello.slice();
    otherProtocol[5] = (otherProtocol[5] as number) ^ 1;
    const answers = recordDatagrams(game.network, STRANGER);
    const before = game.server.stats.rejectsSent;
    for (let i = 0; i < 5000; i++) {
      const datagram = i % 2 === 0 ? otherVersion : otherProtocol;
      game.network.inject(datagram, STRANGER, game.serverAddress, i / 5);
    }
    await game.run(1100);
    expect(answers.length).toBe(game.server.stats.rejectsSent - before);
    expect(answers.length).toBeGreaterThan(1500);
    expect(answers.length).toBeLessThanOrEqual(2001);
    for (const { datagram } of answers) expect(datagram.length).toBe(42);
    expect(game.server.stats.drops["rate-limited"]).toBeGreaterThan(2500);
    expect(game.server.stats.halfOpen).toBe(0);
    await game.end();
  });

  it("answers no hello with more bytes than it had, however it is damaged", async () => {
    const game = new GameNetwork();
    await game.listen();
    const hello = await firstHello(game);
    const answers = recordDatagrams(game.network, STRANGER);
    let sent = 0;
    for (let cut = 0; cut < hello.length; cut += 13) {
      game.network.inject(hello.subarray(0, cut), STRANGER, game.serverAddress);
      const damaged = hello.slice();
      damaged[cut] = (damaged[cut] as number) ^ 0xff;
      game.network.inject(damaged, STRANGER, game.serverAddress);
      sent += 2;
      await game.run(1);
    }
    expect(answers.length).toBeLessThanOrEqual(sent);
    for (const { datagram } of answers) expect(datagram.length).toBeLessThanOrEqual(45);
    await game.end();
  });
});

import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { recordDatagrams } from "../support/recorder.js";

describe("amplification", () => {
  it("is impossible: before validation no answer is larger than its cause, nor are there more of them", async () => {
    const game = new GameNetwork();
    await game.listen();
    const seen = recordDatagrams(game.network);
    await game.connect();
    const handshake = seen.filter(({ datagram }) => (datagram[0] as number) < 0x40);
    const fromClient = handshake.filter(({ to }) => to.equals(game.serverAddress));
    const fromServer = handshake.filter(({ from }) => from.equals(game.serverAddress));
    expect(fromClient.length).toBe(2);
    expect(fromServer.length).toBe(2);
    for (const { datagram } of fromClient) expect(datagram.length).toBe(1200);
    for (const { datagram } of fromServer) expect(datagram.length).toBeLessThan(1200);
    expect(fromServer[0]?.datagram.length).toBe(45);
    await game.end();
  });

  it("spoofed hellos leave nothing behind, cost no public-key operation, and harm no player", async () => {
    const game = new GameNetwork();
    await game.listen();
    const player = await game.connect();
    let echoes = 0;
    player.on("message", () => (echoes += 1));
    game.server.on("message", (peer, message) => peer.send(message.payload));
    const recorded = recordDatagrams(game.network, game.serverAddress);
    await game.connect();
    const hello = recorded.find(({ datagram }) => datagram[0] === 0x01)?.datagram as Uint8Array;
    await game.run(100);
    const before = game.server.stats;
    for (let i = 0; i < 5000; i++) {
      const from = SocketAddress.parse(`198.51.${100 + (i >> 12)}.${i & 0xff}`, 1024 + (i % 60_000));
      game.network.inject(hello, from, game.serverAddress, i / 10);
      if (i % 100 === 0) {
        player.send("x");
        await game.run(10);
      }
    }
    await game.run(500);
    const after = game.server.stats;
    expect(after.retriesSent - before.retriesSent).toBeGreaterThan(4000);
    expect(after.handshakes).toBe(before.handshakes);
    expect(after.halfOpen).toBe(0);
    expect(after.transport.bytesSent - before.transport.bytesSent).toBeLessThan(5000 * 1200);
    expect(echoes).toBe(50);
    await game.end();
  });

  it("a cookie serves only the address, port and hello it was made for, and not for long", async () => {
    const game = new GameNetwork();
    await game.listen();
    const recorded = recordDatagrams(game.network, game.serverAddress);
    await game.connect();
    await game.run(100);
    const withCookie = recorded.filter(({ datagram }) => datagram[0] === 0x01)[1]?.datagram as Uint8Array;
    const { handshakes } = game.server.stats;
    const client = recorded[0]?.from as SocketAddress;
    game.network.inject(withCookie, SocketAddress.parse(client.host, client.port + 1), game.serverAddress);
    game.network.inject(withCookie, SocketAddress.parse("10.9.9.9", client.port), game.serverAddress);
    const otherRandom = withCookie.slice();
    otherRandom[20] = (otherRandom[20] as number) ^ 1;
    game.network.inject(otherRandom, client, game.serverAddress);
    await game.run(100);
    expect(game.server.stats.drops["bad-cookie"]).toBe(3);
    await game.end();
    expect(game.server.stats.handshakes).toBe(handshakes);
  });
});

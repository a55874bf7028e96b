import { DROP_REASONS } from "@sortie/connection";
import { encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { recordDatagrams } from "../support/recorder.js";

const SECRET = "the treasure lies under the third oak";

function contains(datagram: Uint8Array, needle: Uint8Array): boolean {
  return Buffer.from(datagram).includes(Buffer.from(needle));
}

describe("encryption end to end", () => {
  it("shows nothing of messages, credentials, refusals or goodbyes on the wire", async () => {
    const game = new GameNetwork({
      server: { authenticate: ({ payload }) => ({ accept: payload.length > 0, reason: SECRET }) as never },
    });
    game.server.on("message", (peer, message) => peer.send(message.payload, { delivery: message.delivery }));
    await game.listen();
    const seen = recordDatagrams(game.network);
    const client = await game.connect({ payload: SECRET });
    let echoes = 0;
    client.on("message", () => (echoes += 1));
    for (const delivery of ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const) {
      client.send(SECRET, { delivery });
      client.send(SECRET.repeat(200), { delivery });
    }
    await game.run(500);
    await game.settle(client.close({ reason: SECRET }));
    await game.connect().catch(() => undefined);
    expect(echoes).toBe(10);
    expect(seen.length).toBeGreaterThan(30);
    expect(seen.filter(({ datagram }) => contains(datagram, encodeUtf8(SECRET.slice(0, 12))))).toEqual([]);
    await game.end();
  });

  it("never gives two packets the same key and nonce: the same message looks different each time", async () => {
    const game = new GameNetwork();
    await game.listen();
    const client = await game.connect();
    await game.run(100);
    const seen = recordDatagrams(game.network, game.serverAddress);
    for (let i = 0; i < 200; i++) {
      client.send(SECRET);
      client.flush();
    }
    await game.run(100);
    const bodies = new Set(seen.map(({ datagram }) => Buffer.from(datagram.subarray(9, 40)).toString("hex")));
    expect(bodies.size).toBe(seen.length);
    const numbers = seen.map(({ datagram }) => Buffer.from(datagram).readUInt32BE(5));
    for (let i = 1; i < numbers.length; i++) expect(numbers[i]).toBeGreaterThan(numbers[i - 1] as number);
    await game.end();
  });

  it("gives two connections of one client and server different keys", async () => {
    const game = new GameNetwork();
    await game.listen();
    const first = await game.connect();
    const second = await game.connect();
    await game.run(100);
    // A packet of the first connection, readdressed to the second, opens nothing.
    const seen = recordDatagrams(game.network, game.serverAddress);
    second.send("mine");
    second.flush();
    const target = Buffer.from(seen[0]?.datagram as Uint8Array).readUInt32BE(1);
    first.send("stolen", { delivery: "unreliable" });
    first.flush();
    const readdressed = Buffer.from(seen.at(-1)?.datagram as Uint8Array);
    readdressed.writeUInt32BE(target, 1);
    readdressed.writeUInt32BE(readdressed.readUInt32BE(5) + 50, 5);
    let heard = 0;
    game.server.on("message", (peer) => (heard += peer.id === 2 ? 1 : 0));
    game.network.inject(readdressed, second.localAddress as never, game.serverAddress);
    await game.run(100);
    expect(heard).toBe(1);
    expect(game.server.stats.drops["authentication-failed"]).toBe(1);
    await game.end();
  });

  it("counts drops by reasons of a closed list", async () => {
    const game = new GameNetwork();
    await game.listen();
    expect(Object.keys(game.server.stats.drops).sort()).toEqual([...DROP_REASONS].sort());
    await game.end();
  });
});

import type { ServerOptions } from "@sortie/server";
import { SocketAddress } from "@sortie/transport";
import { encodeConnect, encodePing } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { HandMadeClient } from "../support/hand-made-client.js";
import { exactPacketOf } from "../support/hostile-frames.js";

const LIMIT = { perSecond: 100, burst: 20 };
const EMPTY = new Uint8Array(0);
const CONNECT = exactPacketOf((writer) => encodeConnect(writer, EMPTY));
const PING = exactPacketOf((writer) => encodePing(writer));

async function open(options: Partial<ServerOptions>): Promise<GameNetwork> {
  const game = new GameNetwork({ server: options, link: { latencyMs: 10 } });
  await game.listen();
  return game;
}

/** A client that was let in and does as the attacker likes. */
async function letIn(game: GameNetwork): Promise<HandMadeClient> {
  const hostile = new HandMadeClient(game, SocketAddress.parse("198.51.100.7", 4000));
  await hostile.shakeHands();
  hostile.send(CONNECT);
  await game.run(20);
  return hostile;
}

describe("T18m packets of a client that was let in", () => {
  it.each([60, 0])("are opened up to packetsPerPeer, and others play on (tickRate %i)", async (tickRate) => {
    const game = await open({ packetsPerPeer: LIMIT, tickRate });
    const player = await game.connect();
    const hostile = await letIn(game);
    const answers: number[] = [];
    game.server.on("message", (peer, { payload }) => void peer.send(payload, { delivery: "ordered" }));
    player.on("message", () => answers.push(game.clock.now()));
    const peer = [...game.server.peers.values()].find(({ address }) => address.host === "198.51.100.7");
    const before = peer?.stats.packetsReceived ?? NaN;
    for (let i = 0; i < 50; i++) {
      for (let n = 0; n < 4; n++) hostile.send(PING);
      if (i % 10 === 0) player.send("ping", { delivery: "ordered" });
      await game.run(10);
    }
    const opened = (peer?.stats.packetsReceived ?? NaN) - before;
    // 200 were sent in half a second.
    expect(opened).toBeGreaterThanOrEqual(0.45 * LIMIT.perSecond);
    expect(opened).toBeLessThanOrEqual(LIMIT.burst + 0.55 * LIMIT.perSecond);
    const { drops } = game.server.stats;
    expect(drops["peer-rate-limited"]).toBe(200 - opened);
    await game.run(100);
    expect(answers).toHaveLength(5);
    await game.end();
  });

  it("are all opened where nothing is said", async () => {
    const game = await open({});
    const hostile = await letIn(game);
    for (let i = 0; i < 100; i++) hostile.send(PING);
    await game.run(50);
    expect(game.server.stats.drops["peer-rate-limited"]).toBe(0);
    await game.end();
  });

  it("are no fewer for what others send in its name, or copy", async () => {
    const game = await open({ packetsPerPeer: LIMIT });
    const player = await game.connect();
    const seen: Uint8Array[] = [];
    let from: SocketAddress | undefined;
    game.network.setFilter((datagram, source) => {
      if (source.host === "10.0.0.1" || (datagram[0] as number) >= 0x80) return true;
      seen.push(datagram.slice());
      from = source;
      return true;
    });
    player.send("first", { delivery: "ordered" });
    await game.run(100);
    game.network.setFilter(undefined);
    const copy = seen[0] as Uint8Array;
    const forged = copy.slice();
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
    forged[5] = (forged[5] as number) ^ 1;
    const received: string[] = [];
    game.server.on("message", (_peer, { payload }) => void received.push(String(payload[0])));
    for (let i = 0; i < 50; i++) {
      for (let n = 0; n < 10; n++) {
        game.network.inject(forged, from as SocketAddress, game.serverAddress);
        game.network.inject(copy, from as SocketAddress, game.serverAddress);
      }
      player.send(Uint8Array.of(i), { delivery: "unreliable" });
      await game.run(10);
    }
    await game.run(50);
    expect(received).toHaveLength(50);
    const { drops } = game.server.stats;
    expect(drops["peer-rate-limited"]).toBe(0);
    expect(drops["authentication-failed"] + drops.duplicate + drops["too-old"]).toBe(1000);
    await game.end();
  });

  it("that are beyond it slow an honest upload down, and lose nothing of it", async () => {
    const game = await open({ packetsPerPeer: LIMIT });
    const player = await game.connect();
    let bytes = 0;
    game.server.on("message", (_peer, { payload }) => void (bytes += payload.length));
    const total = 200_000;
    for (let i = 0; i < 10; i++) player.send(new Uint8Array(total / 10), { delivery: "ordered" });
    const fromMs = game.clock.now();
    while (bytes < total && game.clock.now() - fromMs < 30_000) await game.run(100);
    const seconds = (game.clock.now() - fromMs) / 1000;
    expect(bytes).toBe(total);
    expect(player.isConnected).toBe(true);
    // 170 packets, of which 20 at once and 100 a second.
    expect(seconds).toBeGreaterThan(1.2);
    expect(game.server.stats.drops["peer-rate-limited"]).toBeGreaterThan(0);
    await game.end();
  });
});

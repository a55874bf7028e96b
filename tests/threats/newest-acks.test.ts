import { SocketAddress } from "@sortie/transport";
import { encodeConnect, readTruncatedPacketNumber } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { HandMadeClient } from "../support/hand-made-client.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { ack, exactPacketOf } from "../support/hostile-frames.js";

const SECONDS = 4;
/** bytes of reliable messages for each peer in each tick. */
const OFFERED_BYTES = 8000;
/** bytes. What is sent before it shows what becomes of it: a full burst, and what is judged by rounds. */
const CONSTANT_BYTES = 200_000;

/** The ACKs, by the packets that each of them states, for the packets of one tick. */
type Answer = (burst: readonly number[]) => readonly (readonly number[])[];

/** Server with ticks of 16 ms, a peer that answers them like this after `rttMs`, and an honest one beside it. */
async function play(rttMs: number, answer: Answer): Promise<{ sent: number; stated: number; honest: number }> {
  const crypto = createSeededNodeCrypto(35);
  const game = new GameNetwork({ crypto, link: { latencyMs: rttMs / 2 }, server: { tickRate: 62.5 } });
  await game.listen();
  const player = await game.connect();
  const attacker = await new HandMadeClient(game, SocketAddress.parse("203.0.113.9", 5000)).shakeHands();
  attacker.send(exactPacketOf((writer) => encodeConnect(writer, new Uint8Array(0))));
  await game.run(100);
  expect(game.server.peers.size).toBe(2);

  let honest = 0;
  player.on("message", ({ payload }) => (honest += payload.length));
  const chunk = new Uint8Array(1000);
  game.server.on("tick", () => {
    for (const peer of game.server.peers.values()) {
      for (let bytes = 0; bytes < OFFERED_BYTES; bytes += chunk.length) peer.send(chunk, { delivery: "reliable" });
    }
  });
  let sent = 0;
  let stated = 0;
  const burst = new Map<number, number>();
  const reply = (): void => {
    for (const numbers of answer([...burst.keys()])) {
      for (const number of numbers) stated += burst.get(number) ?? 0;
      attacker.send(exactPacketOf(ack(Math.max(...numbers), numbers)));
    }
    burst.clear();
  };
  game.network.tap((datagram, _from, to, verdict) => {
    if (verdict !== "sent" || !to.equals(attacker.from)) return;
    sent += datagram.length;
    if (burst.size === 0) game.clock.setTimer(game.clock.now() + rttMs, reply);
    burst.set(readTruncatedPacketNumber(datagram), datagram.length);
  });
  await game.run(SECONDS * 1000);
  expect(game.server.peers.size).toBe(2);
  await game.end();
  return { sent, stated, honest };
}

const newest: Answer = (burst) => [burst.slice(-1)];

// A rate by one packet and a short way is no rate by which a server with ticks may send for 16 ms.
describe("T35h a peer that states few of the packets it gets", () => {
  it.each<[string, number, Answer]>([
    ["the newest of a tick", 0.01, newest],
    ["the newest of a tick", 0.05, newest],
    ["the newest of a tick", 0.2, newest],
    ["the newest of a tick", 1, newest],
    ["the newest two, one by one", 0.05, (burst) => burst.slice(-2).map((number) => [number])],
    ["the first, then the newest", 0.05, (burst) => [burst.slice(0, 1), burst.slice(-1)]],
    ["for a second all, then the newest", 0.05, (burst) => [burst.slice((burst[0] as number) % 500 < 400 ? 0 : -1)]],
  ])("T35h %s, after %d ms, gets at most six times as much, and its neighbour all", async (_what, rttMs, answer) => {
    const { sent, stated, honest } = await play(rttMs, answer);
    expect(sent).toBeLessThan(6 * stated + CONSTANT_BYTES);
    expect(honest).toBeGreaterThan(0.99 * OFFERED_BYTES * 62.5 * SECONDS);
  });
});

import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { recordDatagrams } from "../support/recorder.js";

async function largestDatagrams(serverMtu: number, clientMtu: number): Promise<{ up: number; down: number }> {
  const game = new GameNetwork({ server: { mtu: serverMtu } });
  const sizes: number[] = [];
  game.server.on("message", (peer, message) => {
    sizes.push(message.payload.length);
    peer.send(message.payload, { delivery: "reliable" });
  });
  await game.listen();
  const client = await game.connect({ mtu: clientMtu });
  client.on("message", (message) => sizes.push(message.payload.length));
  await game.run(100);
  const seen = recordDatagrams(game.network);
  client.send(new Uint8Array(20_000), { delivery: "reliable" });
  await game.run(1000);
  expect(sizes).toEqual([20_000, 20_000]);
  await game.end();
  const up = seen.filter(({ from }) => from.host !== "10.0.0.1").map(({ datagram }) => datagram.length);
  const down = seen.filter(({ from }) => from.host === "10.0.0.1").map(({ datagram }) => datagram.length);
  return { up: Math.max(...up), down: Math.max(...down) };
}

describe("mtu", () => {
  it("bounds the datagrams that each side sends, and full ones come within two bytes of it", async () => {
    for (const [server, client] of [
      [1200, 1200],
      [1452, 1300],
    ] as const) {
      const { up, down } = await largestDatagrams(server, client);
      expect(up).toBeLessThanOrEqual(client);
      expect(up).toBeGreaterThanOrEqual(client - 2);
      expect(down).toBeLessThanOrEqual(server);
      expect(down).toBeGreaterThanOrEqual(server - 2);
    }
  });

  it.each([1199, 1453, 1200.5, Number.NaN])("refuses %d with its range", async (mtu) => {
    expect(() => new GameNetwork({ server: { mtu } })).toThrow(`"mtu" expected an integer in 1200..1452, got ${mtu}`);
    const game = new GameNetwork();
    await expect(game.connect({ mtu })).rejects.toThrow('"mtu" expected');
  });

  it("at 1200 bytes passes a path that carries no more", async () => {
    const game = new GameNetwork({ link: { mtu: 1200 } });
    let heard = 0;
    game.server.on("message", () => (heard += 1));
    await game.listen();
    const client = await game.connect();
    client.send(new Uint8Array(50_000), { delivery: "ordered" });
    await game.run(1000);
    expect(heard).toBe(1);
    await game.end();
  });
});

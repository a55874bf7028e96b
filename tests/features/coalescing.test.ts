import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { recordDatagrams } from "../support/recorder.js";

describe("small messages", () => {
  it("share datagrams: a hundred of 20 bytes go in three", async () => {
    const game = new GameNetwork();
    let heard = 0;
    game.server.on("message", () => (heard += 1));
    await game.listen();
    const client = await game.connect();
    await game.run(200);
    const seen = recordDatagrams(game.network, game.serverAddress);
    for (let i = 0; i < 100; i++)
      client.send(new Uint8Array(20), { delivery: i % 2 === 0 ? "reliable" : "unreliable" });
    await game.run(5);
    expect(seen.length).toBeLessThanOrEqual(3);
    await game.run(200);
    expect(heard).toBe(100);
    await game.end();
  });

  it("of one message the overhead is 27 bytes: header, tag, type and channel", async () => {
    const game = new GameNetwork({ link: { latencyMs: 5 }, server: { mtu: 1200 } });
    await game.listen();
    // Without MTU probes there is nothing to acknowledge beside it.
    const client = await game.connect({ mtu: 1200 });
    await game.run(1000);
    const seen = recordDatagrams(game.network, game.serverAddress);
    client.send(new Uint8Array(64));
    await game.run(1);
    expect(seen[0]?.datagram.length).toBe(64 + 27);
    await game.end();
  });
});

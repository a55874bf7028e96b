import { connect, openSwarm } from "@sortie/client";
import { describe, expect, it } from "vitest";
import { BusyClock } from "../support/busy-clock.js";
import { GameNetwork, text } from "../support/game-network.js";

const MODES = ["unreliable", "sequenced", "bestEffort", "reliable"] as const;

async function serving(): Promise<{ readonly game: GameNetwork; readonly clock: BusyClock; readonly heard: string[] }> {
  const game = new GameNetwork({ link: { latencyMs: 5 } });
  const heard: string[] = [];
  game.server.on("message", (_, { payload }) => heard.push(text(payload)));
  await game.listen();
  return { game, clock: new BusyClock(game.clock), heard };
}

describe("what is sent before the process is busy", () => {
  it.each([80, 150, 900])("goes after it, from a client, after %i ms", async (busyMs) => {
    const { game, clock, heard } = await serving();
    const client = await game.settle(connect(game.clientOptions({ clock })));
    game.clients.push(client);
    await game.run(200);
    const outcomes = MODES.map((delivery) => client.send(delivery, { delivery }).outcome);
    clock.work(busyMs);
    await game.run(busyMs + 500);
    expect(heard.toSorted()).toEqual(MODES.toSorted());
    expect(await Promise.all(outcomes)).toEqual(["acked", "acked", "acked", "acked"]);
    await game.end();
  });

  it("goes after it, from every client of a swarm", async () => {
    const { game, clock, heard } = await serving();
    const swarm = await game.settle(openSwarm(game.clientOptions({ clock }), {}));
    const clients = [swarm.add(), swarm.add(), swarm.add()];
    await game.run(500);
    for (const client of clients) for (let i = 0; i < 20; i++) client.send("word");
    clock.work(150);
    await game.run(500);
    expect(heard).toHaveLength(60);
    await game.settle(swarm.close());
    await game.end();
  });
});

import { type ClientOptions, type ClientSwarm, openSwarm, type SwarmClient, type SwarmListener } from "@sortie/client";
import { type CongestionController, NewReno } from "@sortie/reliability";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";

type Create = NonNullable<ClientOptions["createCongestionController"]>;

interface Crowd {
  readonly game: GameNetwork;
  readonly swarm: ClientSwarm;
  readonly clients: readonly SwarmClient[];
  /** What the server was given, and when. */
  readonly heard: Map<string, number>;
  /** What the swarm told of its clients, and of faults. */
  readonly told: string[];
  /** `method` of the third client's controller throws from now on. */
  fail(method: keyof CongestionController): void;
}

async function crowd(more: (told: string[]) => SwarmListener = () => ({})): Promise<Crowd> {
  const controllers: CongestionController[] = [];
  const createCongestionController: Create = ({ maxRateBytesPerSecond }) => {
    const controller = new NewReno({ maxRateBytesPerSecond });
    controllers.push(controller);
    return controller;
  };
  const game = new GameNetwork({ link: { latencyMs: 10 } });
  const heard = new Map<string, number>();
  game.server.on("message", (_, { payload }) => heard.set(text(payload), game.clock.now()));
  await game.listen();
  const told: string[] = [];
  const listener: SwarmListener = {
    onDisconnect: ({ index }, { code, text: words }) => told.push(`${index} ${code}: ${words}`),
    onError: (error) => told.push(String(error)),
    ...more(told),
  };
  const swarm = await game.settle(openSwarm(game.clientOptions({ createCongestionController }), listener));
  const clients = [];
  for (let i = 0; i < 5; i++) {
    clients.push(swarm.add());
    await game.run(500);
  }
  const fail = (method: keyof CongestionController): void => {
    const thrown = (): never => {
      throw new Error(`mine in ${method}`);
    };
    Object.defineProperty(controllers[2], method, { value: thrown });
  };
  return { game, swarm, clients, heard, told, fail };
}

async function end({ game, swarm }: Crowd): Promise<void> {
  await game.settle(swarm.close());
  await game.run(20_000);
  await game.end();
}

const OTHERS = ["hi 0", "hi 1", "hi 3", "hi 4"];

describe("a client of a swarm whose congestion controller fails", () => {
  it.each(["canSend", "onPacketSent"] as const)(
    "in %s ends alone: what others sent before and after it in the same batch goes",
    async (method) => {
      const all = await crowd();
      const { game, clients, heard, told, swarm } = all;
      const fromMs = game.clock.now();
      all.fail(method);
      for (const client of clients) client.send(`hi ${client.index}`, { delivery: "reliable" });
      await game.run(60);
      expect([...heard.keys()].sort()).toEqual(OTHERS);
      // One way and a tick of the server's: none of them had to be sent again.
      for (const atMs of heard.values()) expect(atMs - fromMs).toBeLessThan(30);
      expect(told).toEqual([`Error: mine in ${method}`, `2 internal-error: an exception: mine in ${method}`]);
      expect(swarm.size).toBe(4);
      await end(all);
    },
  );

  it("in onAck does not keep those behind it from what came with the same batch", async () => {
    const all = await crowd();
    const { game, clients, heard, told } = all;
    all.fail("onAck");
    for (const client of clients) client.send(`hi ${client.index}`, { delivery: "reliable" });
    await game.run(500);
    expect([...heard.keys()].sort()).toEqual(["hi 0", "hi 1", "hi 2", "hi 3", "hi 4"]);
    expect(told).toEqual(["Error: mine in onAck", "2 internal-error: an exception: mine in onAck"]);
    await end(all);
  });

  it("at a timeout does not hold up the timeouts of others", async () => {
    const all = await crowd();
    const { game, clients, heard, told } = all;
    all.fail("nextSendAt");
    all.fail("onPacketsLost");
    const fromMs = game.clock.now();
    game.network.setFilter(() => false);
    for (const client of clients) client.send(`hi ${client.index}`, { delivery: "reliable" });
    await game.run(1);
    game.network.setFilter(undefined);
    await game.run(500);
    expect([...heard.keys()].filter((word) => word !== "hi 2").sort()).toEqual(OTHERS);
    for (const atMs of heard.values()) expect(atMs - fromMs).toBeLessThan(200);
    expect(told.filter((word) => word.startsWith("2 "))).toHaveLength(1);
    await end(all);
  });

  it("is told of at once where it fails in what a listener has sent", async () => {
    const all = await crowd(() => ({ onMessage: (client) => void client.send("answer", { delivery: "reliable" }) }));
    const { game, told } = all;
    all.fail("canSend");
    const [, , peer] = [...game.server.peers.values()];
    peer?.send("question", { delivery: "unreliable" });
    await game.run(60);
    expect(told).toEqual(["Error: mine in canSend", "2 internal-error: an exception: mine in canSend"]);
    await end(all);
  });

  it("lets whoever hears of it act on the swarm", async () => {
    const all = await crowd((told) => ({
      onError: (error) => {
        told.push(String(error));
        for (const client of all.swarm.clients()) client.send(`bye ${client.index}`, { delivery: "reliable" });
        all.swarm.flush();
      },
    }));
    all.fail("canSend");
    for (const client of all.clients) client.send(`hi ${client.index}`, { delivery: "reliable" });
    await all.game.run(100);
    expect([...all.heard.keys()].sort()).toEqual(["bye 0", "bye 1", "bye 3", "bye 4", ...OTHERS]);
    await end(all);
  });
});

import { type ClientSwarm, openSwarm, type SwarmClient } from "@sortie/client";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";

interface Crowd {
  readonly game: GameNetwork;
  readonly swarm: ClientSwarm;
  readonly clients: readonly SwarmClient[];
  /** What the server was given. */
  readonly heard: string[];
}

async function crowd(count: number): Promise<Crowd> {
  const game = new GameNetwork({ link: { latencyMs: 20 } });
  const heard: string[] = [];
  game.server.on("message", (_, { payload }) => heard.push(text(payload)));
  await game.listen();
  const swarm = await game.settle(openSwarm(game.clientOptions(), {}));
  const clients = Array.from({ length: count }, () => swarm.add());
  await game.run(1000);
  return { game, swarm, clients, heard };
}

/** The path is gone for so long. */
async function outage({ game }: Crowd, ms: number): Promise<void> {
  game.network.setFilter(() => false);
  await game.run(ms);
  game.network.setFilter(undefined);
}

describe("a client of a swarm that leaves by itself", () => {
  it("keeps the time that it was given, where the swarm closes without any", async () => {
    const all = await crowd(2);
    const [patient, other] = all.clients as [SwarmClient, SwarmClient];
    const kept = patient.send("kept", { delivery: "reliable" });
    const dropped = other.send("dropped", { delivery: "reliable" });
    patient.close({ drainMs: 4000 });
    const closed = all.swarm.close();
    // Longer than the answers are waited for.
    await outage(all, 2000);
    await all.game.settle(closed, 10_000);
    expect([await kept.outcome, await dropped.outcome]).toEqual(["acked", "closed"]);
    expect(all.heard).toEqual(["kept"]);
    expect(all.swarm.size).toBe(0);
    await all.game.run(20_000);
    await all.game.end();
  });

  it("does not hold the swarm for longer than that", async () => {
    const all = await crowd(1);
    const [client] = all.clients as [SwarmClient];
    all.game.network.setFilter(() => false);
    client.send("lost", { delivery: "reliable" });
    client.close({ drainMs: 1500 });
    await all.game.run(500);
    const fromMs = all.game.clock.now();
    await all.game.settle(all.swarm.close(), 10_000);
    expect(all.game.clock.now() - fromMs).toBeLessThanOrEqual(2000);
    all.game.network.setFilter(undefined);
    await all.game.run(20_000);
    await all.game.end();
  });

  it("is cut short by a call of its own that gives no time", async () => {
    const all = await crowd(1);
    const [client] = all.clients as [SwarmClient];
    all.game.network.setFilter(() => false);
    const receipt = client.send("lost", { delivery: "reliable" });
    client.close({ drainMs: 60_000 });
    client.close();
    expect(await receipt.outcome).toBe("closed");
    const fromMs = all.game.clock.now();
    await all.game.settle(all.swarm.close(), 10_000);
    expect(all.game.clock.now() - fromMs).toBeLessThanOrEqual(1000);
    all.game.network.setFilter(undefined);
    await all.game.run(20_000);
    await all.game.end();
  });
});

describe("a client of a swarm whose congestion controller fails", () => {
  it("is over in the turn in which it fails, and told in the words of that", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    let made = 0;
    const told: string[] = [];
    const create = (): never => {
      made += 1;
      throw new Error("mine");
    };
    const swarm = await game.settle(
      openSwarm(game.clientOptions({ createCongestionController: create }), {
        onFailure: ({ index }, { code, message }) => told.push(`${index} ${code} at ${game.clock.now()}: ${message}`),
        onError: (error) => told.push(`${String(error)} at ${game.clock.now()}`),
      }),
    );
    swarm.add();
    await game.run(5000);
    expect(made).toBe(1);
    const [fault, failure] = told;
    const at = fault?.split(" at ")[1] as string;
    expect([fault, failure]).toEqual([
      `Error: mine at ${at}`,
      `0 aborted at ${at}: connecting to 10.0.0.1:1474 was given up: mine`,
    ]);
    await game.settle(swarm.close());
    await game.run(20_000);
    await game.end();
  });
});

describe("a swarm that is closed again with less time", () => {
  it("has it from that call on, for those too whose turn has not come yet", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const endedAtMs: number[] = [];
    const swarm = await game.settle(
      openSwarm(game.clientOptions(), { onDisconnect: () => void endedAtMs.push(game.clock.now()) }),
    );
    const clients = Array.from({ length: 100 }, () => swarm.add());
    await game.run(3000);
    game.network.setFilter(() => false);
    for (const client of clients) client.send("lost", { delivery: "reliable" });
    const fromMs = game.clock.now();
    const closed = swarm.close({ drainMs: 8000 });
    void swarm.close({ drainMs: 100 });
    await game.settle(closed, 10_000);
    expect(endedAtMs.map((atMs) => atMs - fromMs)).toEqual(clients.map(() => 100));
    await game.run(20_000);
    await game.end();
  });
});

describe("a swarm whose listener hears of ends", () => {
  it("is closed from then on: it gives the same promise and takes no client more", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const told: unknown[] = [];
    const swarm: ClientSwarm = await game.settle(
      openSwarm(game.clientOptions(), {
        onDisconnect() {
          told.push(swarm.close({ drainMs: 30_000 }));
          expect(() => swarm.add()).toThrow("the swarm is closed");
        },
      }),
    );
    for (let i = 0; i < 3; i++) swarm.add();
    await game.run(500);
    const fromMs = game.clock.now();
    const closed = swarm.close();
    await game.settle(closed);
    expect(told).toEqual([closed, closed, closed]);
    expect(game.clock.now() - fromMs).toBeLessThan(200);
    await game.end();
  });

  it("hears that there is room again after a refusal", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const drained: SwarmClient[] = [];
    const swarm = await game.settle(
      openSwarm(game.clientOptions(), { onDrain: (client) => void drained.push(client) }),
    );
    const clients = [swarm.add(), swarm.add()];
    await game.run(500);
    const chunk = new Uint8Array(60_000);
    let receipt = clients[1]!.send(chunk, { delivery: "reliable" });
    while (receipt.accepted) receipt = clients[1]!.send(chunk, { delivery: "reliable" });
    expect(receipt.refusal).toBe("queue-full");
    expect(drained).toEqual([]);
    await game.run(60_000);
    expect(drained).toEqual([clients[1]]);
    await game.settle(swarm.close());
    await game.end();
  });
});

import type { InboundMessage, Outcome } from "@sortie/reliability";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";

const LINK = { latencyMs: 40, jitterMs: 10, loss: 0.15, reorder: 0.1, burst: 2 };

async function exchange(seed: number, delivery: InboundMessage["delivery"], expiresInMs?: number) {
  const game = new GameNetwork({ seed, link: LINK });
  const heard: number[] = [];
  game.server.on("message", (_peer, message) => heard.push(Number(text(message.payload))));
  await game.listen();
  const client = await game.connect();
  const outcomes: Promise<Outcome>[] = [];
  for (let i = 0; i < 500; i++) {
    const receipt = client.send(`${i}`, { delivery, ...(expiresInMs === undefined ? {} : { expiresInMs }) });
    expect(receipt.accepted).toBe(true);
    outcomes.push(receipt.outcome);
    await game.run(10);
  }
  await game.run(5000);
  const settled = await Promise.all(outcomes);
  await game.end();
  return { heard, settled };
}

describe.each([11, 12, 13])("delivery at 15 %% loss in bursts with reordering (seed %i)", (seed) => {
  it("ordered: all, once, in order, and every outcome is acked", async () => {
    const { heard, settled } = await exchange(seed, "ordered");
    expect(heard).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(new Set(settled)).toEqual(new Set(["acked"]));
  });

  it("reliable: all, once", async () => {
    const { heard, settled } = await exchange(seed, "reliable");
    expect(heard.slice().sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(new Set(settled)).toEqual(new Set(["acked"]));
  });

  it("sequenced: never older than one delivered before; outcomes tell what was lost", async () => {
    const { heard, settled } = await exchange(seed, "sequenced");
    for (let i = 1; i < heard.length; i++) expect(heard[i]).toBeGreaterThan(heard[i - 1] as number);
    expect(heard.length).toBeGreaterThan(330);
    expect(settled.filter((outcome) => outcome === "dropped").length).toBeGreaterThan(30);
  });

  it("unreliable: what is not lost, once", async () => {
    const { heard } = await exchange(seed, "unreliable");
    expect(new Set(heard).size).toBe(heard.length);
    expect(heard.length).toBeGreaterThan(500 * (1 - 0.15 - 0.08));
    expect(heard.length).toBeLessThan(500);
  });

  it("bestEffort: sent again until its deadline", async () => {
    const patient = await exchange(seed, "bestEffort", 2000);
    expect(new Set(patient.heard).size).toBe(500);
    expect(patient.heard).toHaveLength(500);
    const hasty = await exchange(seed, "bestEffort", 60);
    expect(hasty.settled).toContain("expired");
    expect(hasty.heard.length).toBeLessThan(500);
  });
});

describe("channels", () => {
  it("do not wait for each other: a gap on one delays nothing on another", async () => {
    const game = new GameNetwork({ link: { latencyMs: 50 } });
    const arrivals = new Map<number, number>();
    game.server.on("message", (_peer, message) => arrivals.set(message.channel, game.clock.now()));
    await game.listen();
    const client = await game.connect();
    await game.run(500);
    let swallowed = false;
    game.network.setFilter((_datagram, _from, to) => {
      if (swallowed || !to.equals(game.serverAddress)) return true;
      swallowed = true;
      return false;
    });
    client.send("lost at first", { delivery: "ordered", channel: 1 });
    client.flush();
    client.send("behind it", { delivery: "ordered", channel: 1 });
    client.send("elsewhere", { delivery: "ordered", channel: 2 });
    await game.run(2000);
    expect((arrivals.get(1) as number) - (arrivals.get(2) as number)).toBeGreaterThan(50);
    await game.end();
  });

  it("there are 256, each with its own order", async () => {
    const game = new GameNetwork({ seed: 3, link: LINK });
    const next = new Array<number>(256).fill(0);
    let wrong = 0;
    game.server.on("message", (_peer, message) => {
      if (Number(text(message.payload)) !== next[message.channel]) wrong += 1;
      next[message.channel] = Number(text(message.payload)) + 1;
    });
    await game.listen();
    const client = await game.connect();
    for (let i = 0; i < 8; i++) {
      for (let channel = 0; channel < 256; channel++) client.send(`${i}`, { delivery: "ordered", channel });
      await game.run(20);
    }
    await game.run(5000);
    expect(wrong).toBe(0);
    expect(next.every((count) => count === 8)).toBe(true);
    await game.end();
  });
});

import type { SendOptions } from "@sortie/reliability";
import { describe, expect, it } from "vitest";
import { FrameLoop } from "../support/frame-loop.js";
import { GameNetwork, text } from "../support/game-network.js";

const FRAME_MS = 16;

interface Played {
  readonly game: GameNetwork;
  readonly loop: FrameLoop;
  /** What the server was given. */
  readonly heard: string[];
}

async function played(): Promise<Played> {
  const game = new GameNetwork({ link: { latencyMs: 5 } });
  const heard: string[] = [];
  game.server.on("message", (_, { payload }) => heard.push(text(payload)));
  await game.listen();
  const loop = new FrameLoop(game, FRAME_MS);
  await loop.connected();
  return { game, loop, heard };
}

/** Sends first thing in the next frame, which is `frameMs` long. */
async function sendFirst(
  { game, loop }: Played,
  sends: readonly (readonly [word: string, options: SendOptions])[],
  frameMs: number,
): Promise<string[]> {
  loop.frameMs = frameMs;
  await game.run(FRAME_MS);
  const outcomes: Promise<string>[] = [];
  loop.beforeUpdate = (): void => {
    for (const [word, options] of sends) outcomes.push(loop.client.send(word, options).outcome);
    loop.beforeUpdate = (): void => undefined;
    loop.frameMs = FRAME_MS;
  };
  await game.run(frameMs + 500);
  return Promise.all(outcomes);
}

describe("a message of a polled client", () => {
  it("goes with the update after it, however long there was none before", async () => {
    const all = await played();
    const sends = (["bestEffort", "unreliable", "sequenced", "reliable"] as const).map(
      (delivery) => [delivery, { delivery }] as const,
    );
    expect(await sendFirst(all, sends, 1100)).toEqual(["acked", "acked", "acked", "acked"]);
    expect(all.heard.sort()).toEqual(["bestEffort", "reliable", "sequenced", "unreliable"]);
    await all.loop.end();
    await all.game.end();
  });

  it("lives from that update on: a time below one frame is time enough", async () => {
    const { game, loop, heard } = await played();
    const outcomes: Promise<string>[] = [];
    const give = (expiresInMs: number): void => {
      for (const delivery of ["bestEffort", "unreliable", "sequenced"] as const) {
        const channel = outcomes.length;
        outcomes.push(loop.client.send(`${delivery} ${expiresInMs}`, { delivery, expiresInMs, channel }).outcome);
      }
    };
    // Just after an update, and again later in the same frame.
    give(15);
    await game.run(5);
    give(1);
    await game.run(500);
    expect(heard).toHaveLength(6);
    // A bestEffort message whose time is less than a round trip goes, and has then expired.
    const settled = await Promise.all(outcomes);
    expect(settled).toEqual(["expired", "acked", "acked", "expired", "acked", "acked"]);
    await loop.end();
    await game.end();
  });

  it("still expires, counted from the update that could have sent it", async () => {
    const { game, loop, heard } = await played();
    game.network.setDefaultLink({ latencyMs: 5, loss: 1 });
    const sentAtMs = game.clock.now();
    let settledAtMs = 0;
    const receipt = loop.client.send("late", { delivery: "bestEffort", expiresInMs: 200 });
    void receipt.outcome.then(() => (settledAtMs = game.clock.now()));
    await game.run(1000);
    expect(await receipt.outcome).toBe("expired");
    expect(settledAtMs - sentAtMs).toBeGreaterThanOrEqual(200);
    expect(settledAtMs - sentAtMs).toBeLessThanOrEqual(200 + 2 * FRAME_MS);
    expect(heard).toEqual([]);
    game.network.setDefaultLink({ latencyMs: 5 });
    await loop.end();
    await game.end();
  });

  it("replaces, drops and settles as ever where many are given in one frame without an update", async () => {
    const { game, loop, heard } = await played();
    loop.frameMs = 3000;
    await game.run(FRAME_MS);
    const outcomes = Array.from(
      { length: 10_000 },
      (_, at) => loop.client.send(`${at}`, { delivery: at % 2 === 0 ? "sequenced" : "unreliable" }).outcome,
    );
    loop.frameMs = FRAME_MS;
    await game.run(10_000);
    const settled = await Promise.all(outcomes);
    expect(settled.filter((outcome) => outcome === "acked").length).toBe(heard.length);
    expect(heard).toContain("9998");
    expect(heard).toContain("9999");
    await loop.end();
    await game.end();
  });
});

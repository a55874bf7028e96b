import { createClient, type PolledClient } from "@sortie/client";
import type { Peer } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";

interface Paused {
  readonly game: GameNetwork;
  readonly client: PolledClient;
  readonly peers: Peer<unknown>[];
  /** Frames; what was received in them. */
  play(frames: number): Promise<string[]>;
}

/** A polled client that was not updated yet, of a server that greets on channels 5 and 6 as soon as it lets it in. */
async function greeted(): Promise<Paused> {
  const game = new GameNetwork({ link: { latencyMs: 10 } });
  const peers: Peer<unknown>[] = [];
  game.server.on("connect", (peer) => {
    peers.push(peer);
    for (const channel of [5, 6]) peer.send(`hello on ${channel}`, { delivery: "ordered", channel });
  });
  await game.listen();
  const client = createClient(game.clientOptions());
  const play = async (frames: number): Promise<string[]> => {
    const words: string[] = [];
    for (let i = 0; i < frames; i++) {
      client.update(game.clock.now());
      for (let next = client.receive(); next !== undefined; next = client.receive()) words.push(text(next.payload));
      await game.run(16);
    }
    return words;
  };
  return { game, client, peers, play };
}

async function end({ game, client }: Paused): Promise<void> {
  await game.settle(client.close());
  await game.run(12_000);
  await game.end();
}

describe("a polled client that is not connected yet", () => {
  it("keeps a channel paused from before its first update, until it is resumed", async () => {
    const all = await greeted();
    all.client.pause(5);
    expect(await all.play(40)).toEqual(["hello on 6"]);
    all.peers[0]?.send("more", { delivery: "ordered", channel: 5 });
    expect(await all.play(20)).toEqual([]);
    all.client.resume(5);
    expect(await all.play(2)).toEqual(["hello on 5", "more"]);
    await end(all);
  });

  it("keeps it paused from any frame of the handshake on", async () => {
    for (let frames = 0; frames < 8; frames++) {
      const all = await greeted();
      const before = await all.play(frames);
      if (all.client.state !== "connecting") return end(all);
      all.client.pause(5);
      expect([before, await all.play(40)]).toEqual([[], ["hello on 6"]]);
      await end(all);
    }
  });

  it("forgets what was resumed before it was connected, whenever that was", async () => {
    for (let frames = 0; frames < 8; frames++) {
      const all = await greeted();
      all.client.pause(5);
      const before = await all.play(frames);
      all.client.resume(5);
      expect([...before, ...(await all.play(40))].sort()).toEqual(["hello on 5", "hello on 6"]);
      await end(all);
    }
  });

  it.each([-1, 256, 1.5, "5", undefined, Symbol("five")])("refuses channel %s, as it does later", async (channel) => {
    const all = await greeted();
    const { client } = all;
    for (const expected of ["connecting", "connected"]) {
      expect(client.state).toBe(expected);
      const message = /^"channel" expected an integer in 0\.\.255, got /;
      expect(() => client.pause(channel as never)).toThrow(message);
      expect(() => client.resume(channel as never)).toThrow(message);
      expect(() => client.pause(channel as never)).toThrow(RangeError);
      await all.play(20);
    }
    await end(all);
  });

  it("whose pause nobody let in is closed as ever", async () => {
    const all = await greeted();
    all.client.pause(5);
    await all.game.settle(all.client.close());
    all.client.pause(6);
    all.client.resume(5);
    expect(all.client.state).toBe("closed");
    await all.game.end();
  });
});

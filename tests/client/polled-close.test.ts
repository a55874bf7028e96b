import type { PolledClient } from "@sortie/client";
import type { DisconnectReason } from "@sortie/connection";
import type { Peer } from "@sortie/server";
import { assertNoLeaks } from "@sortie/testkit";
import type { LinkSpec } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { FrameLoop } from "../support/frame-loop.js";
import { GameNetwork, text } from "../support/game-network.js";

interface Leaving {
  readonly game: GameNetwork;
  readonly loop: FrameLoop;
  readonly client: PolledClient;
  readonly peer: Peer<unknown>;
  /** What the server was given. */
  readonly heard: string[];
  /** What the server was told of ends. */
  readonly ends: DisconnectReason[];
}

async function connected(link: LinkSpec = { latencyMs: 20 }): Promise<Leaving> {
  const game = new GameNetwork({ link });
  const heard: string[] = [];
  const ends: DisconnectReason[] = [];
  game.server.on("message", (_, { payload }) => heard.push(text(payload)));
  game.server.on("disconnect", (_, reason) => ends.push(reason));
  await game.listen();
  const loop = new FrameLoop(game, 16);
  await loop.connected();
  await game.run(200);
  return { game, loop, client: loop.client, peer: game.server.peers.get(1) as Peer<unknown>, heard, ends };
}

/** The game's loop stops and the client is closed; the server's end comes in `game.end`. */
async function leave({ game, loop }: Leaving, options?: Parameters<PolledClient["close"]>[0]): Promise<number> {
  const fromMs = game.clock.now();
  loop.stop();
  await game.settle(loop.client.close(options), 60_000);
  return game.clock.now() - fromMs;
}

describe("a polled client that is closed", () => {
  it("delivers what is reliable first and tells its reason, though nobody updates it any more", async () => {
    const all = await connected({ latencyMs: 20, loss: 0.3 });
    const receipts = ["one", "two", "three"].map((word) => all.client.send(word, { delivery: "ordered" }));
    const tookMs = await leave(all, { reason: "quit to desktop" });
    expect(await Promise.all(receipts.map(({ outcome }) => outcome))).toEqual(["acked", "acked", "acked"]);
    expect(all.heard).toEqual(["one", "two", "three"]);
    expect(all.ends).toEqual([{ code: "closed", by: "remote", text: "quit to desktop" }]);
    expect(all.client.reason).toEqual({ code: "closed", by: "local", text: "quit to desktop" });
    expect(tookMs).toBeLessThan(2000);
    assertNoLeaks({ clock: all.game.clock, servers: [] });
    await all.game.end();
  });

  it("is closed for its game at once, and takes nothing more to send", async () => {
    const { game, loop, client } = await connected();
    client.send("last", { delivery: "reliable" });
    loop.stop();
    const closed = client.close();
    expect([client.state, client.reason]).toEqual(["closed", undefined]);
    expect(client.send("too late", { delivery: "reliable" }).refusal).toBe("closed");
    await game.settle(closed);
    await game.end();
  });

  it("sends what was queued since the last update even with drainMs 0, once, and ends at once", async () => {
    const all = await connected();
    all.client.send("now", { delivery: "unreliable" });
    expect(await leave(all, { drainMs: 0, reason: "bye" })).toBe(0);
    await all.game.run(100);
    expect(all.heard).toEqual(["now"]);
    expect(all.ends).toEqual([{ code: "closed", by: "remote", text: "bye" }]);
    await all.game.end();
  });

  it("tells the server again where the first word of it is lost", async () => {
    const all = await connected();
    let sent = 0;
    all.game.network.setFilter((_, from) => from.equals(all.game.serverAddress) || ++sent > 1);
    await leave(all, { reason: "again" });
    expect(sent).toBe(2);
    expect(all.ends.map((end) => end.text)).toEqual(["again"]);
    await all.game.end();
  });

  it("gives reliable data up after drainMs, and the answer 1000 ms later", async () => {
    const all = await connected();
    all.game.network.setFilter(() => false);
    const receipt = all.client.send("to nobody", { delivery: "reliable" });
    const tookMs = await leave(all, { drainMs: 300 });
    expect(await receipt.outcome).toBe("closed");
    expect(tookMs).toBeGreaterThanOrEqual(300);
    expect(tookMs).toBeLessThanOrEqual(1300);
    expect(all.client.reason?.code).toBe("closed");
    all.game.network.setFilter(undefined);
    await all.game.run(15_000);
    await all.game.end();
  });

  it("gives its game what comes meanwhile", async () => {
    const { game, loop, client, peer } = await connected();
    client.send(new Uint8Array(100_000), { delivery: "reliable" });
    loop.stop();
    const closed = client.close({ drainMs: 2000 });
    peer.send("goodbye", { delivery: "reliable" });
    await game.settle(closed);
    expect(text(client.receive()?.payload as Uint8Array)).toBe("goodbye");
    await game.end();
  });

  it("may go on being updated, by a time that runs as it likes", async () => {
    for (const speed of [0, 0.5, 10]) {
      const { game, loop, client, heard, ends } = await connected({ latencyMs: 50 });
      const fromMs = game.clock.now();
      client.send("saved", { delivery: "reliable" });
      loop.stop();
      const closed = client.close({ reason: "bye" });
      for (let frame = 0; frame < 20; frame++) {
        client.update(fromMs + (game.clock.now() - fromMs) * speed);
        await game.run(16);
      }
      await game.settle(closed);
      expect(() => client.update(-1)).toThrow(RangeError);
      expect([heard, ends.map((end) => end.text)]).toEqual([["saved"], ["bye"]]);
      await game.end();
    }
  });

  it("takes up what waited for an update that never came", async () => {
    const all = await connected();
    const receipt = all.client.send("before", { delivery: "reliable" });
    await all.game.run(16);
    all.loop.stop();
    await all.game.run(3000);
    expect(await leave(all)).toBeLessThan(200);
    expect(await receipt.outcome).toBe("acked");
    expect(all.ends.map((end) => end.code)).toEqual(["closed"]);
    await all.game.end();
  });

  it("is closed once: further calls give the same promise, and the first reason stays", async () => {
    const { game, loop, client, heard, ends } = await connected();
    client.send("kept", { delivery: "reliable" });
    loop.stop();
    const closed = client.close({ reason: "first" });
    expect(client.close({ reason: "second" })).toBe(closed);
    await game.settle(closed);
    expect(client.close()).toBe(closed);
    expect([heard, ends.map((end) => end.text)]).toEqual([["kept"], ["first"]]);
    await game.end();
  });

  it("refuses options that there are not, and can be closed after that", async () => {
    const all = await connected();
    const { client } = all;
    expect(() => client.close({ reason: new Error("bye") as never })).toThrow(
      /^"reason" expected a string, got object$/,
    );
    expect(() => client.close({ drainMs: Number.NaN })).toThrow('"drainMs" expected a number in 0..3600000, got NaN');
    expect(() => client.close({ drainMS: 0 } as never)).toThrow('"options" expected "drainMs", got "drainMS"');
    expect(client.state).toBe("connected");
    await leave(all);
    await all.game.end();
  });
});

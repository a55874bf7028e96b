import { createMetrics, type ServerMetrics } from "@sortie/metrics";
import { afterEach, describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { parseExposition, valueOf } from "./prometheus-text.js";

let game: GameNetwork;
let metrics: ServerMetrics;

afterEach(async () => {
  metrics.close();
  await game.end();
});

/** A server whose peers have names from their "connect" on, set by a listener that comes after that of the metrics. */
async function serve(): Promise<void> {
  const names = new Map<number, string>();
  game = new GameNetwork();
  await game.listen();
  metrics = createMetrics(game.server, { clock: game.clock, describePeer: ({ id }) => names.get(id) ?? "nobody" });
  game.server.on("connect", ({ id }) => names.set(id, `player ${id}`));
}

/** Peers by the gauge, and by the sum of those by quality. */
async function gauges(): Promise<[number, number]> {
  const families = parseExposition(await metrics.text());
  const byQuality = families.get("sortie_peers_by_quality")?.metrics.map(({ value }) => Number(value)) ?? [];
  return [valueOf(families, "sortie_server_peers"), byQuality.reduce((sum, count) => sum + count, 0)];
}

describe("a peer that has just connected", () => {
  it("has a row at once, with its name and round trip, before anybody has looked at it", async () => {
    await serve();
    await game.run(1500); // in the middle of a round: the next one that could find it begins in half a second
    await game.connect();
    await game.run(30);
    expect(game.server.peers.size).toBe(1);
    const [row] = metrics.peers();
    expect(row).toMatchObject({ id: 1, label: "player 1", quality: "good", queuedBytes: 0 });
    expect([row?.rttMs, row?.connectedSeconds]).toEqual([game.server.peers.get(1)?.rttMs, expect.closeTo(0, 1)]);
    expect(await gauges()).toEqual([1, 1]);
    expect(metrics.summary().distributions.rttMs.p50).toBe(row?.rttMs);
  });

  it("is looked at once a second all the same: asking makes no figures new", async () => {
    await serve();
    await game.connect();
    await game.run(30);
    const [first] = metrics.peers();
    await game.run(50);
    expect(metrics.peers()[0]).toBe(first);
    await game.run(2000);
    expect(metrics.peers()[0]?.connectedSeconds).toBeGreaterThan(0.9);
    expect(valueOf(parseExposition(await metrics.text()), "sortie_peer_rtt_seconds")).toBe(2);
  });

  it("leaves no row when it goes before anybody has looked at it", async () => {
    await serve();
    const client = await game.connect();
    await game.run(30);
    await game.settle(client.close());
    await game.run(30);
    expect(metrics.peers()).toEqual([]);
    expect(await gauges()).toEqual([0, 0]);
  });
});

describe("peers that were there before the metrics", () => {
  it("have rows at once too", async () => {
    game = new GameNetwork();
    await game.listen();
    await game.connect();
    await game.connect();
    await game.run(30);
    metrics = createMetrics(game.server, { clock: game.clock });
    expect(metrics.peers().map(({ id }) => id)).toEqual([1, 2]);
    await game.run(1000);
    expect(metrics.peers()[0]?.connectedSeconds).toBeGreaterThan(0);
  });
});

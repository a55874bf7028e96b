import { runInNewContext } from "node:vm";
import { createNodeProvider } from "@sortie/handshake/node";
import { createMetrics, type MetricsOptions, type ServerMetrics } from "@sortie/metrics";
import { Counter, Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { GameNetwork, type GameNetworkOptions } from "../support/game-network.js";
import { type Family, parseExposition, seriesOf, valueOf } from "./prometheus-text.js";

interface Watched {
  readonly game: GameNetwork;
  readonly metrics: ServerMetrics;
  scrape(): Promise<Map<string, Family>>;
  end(): Promise<void>;
}

async function watched(options: GameNetworkOptions = {}, metricsOptions: MetricsOptions = {}): Promise<Watched> {
  const game = new GameNetwork(options);
  game.server.on("message", (peer, { payload, delivery }) => void peer.send(payload, { delivery }));
  await game.listen();
  const metrics = createMetrics(game.server, { clock: game.clock, ...metricsOptions });
  return {
    game,
    metrics,
    scrape: async () => parseExposition(await metrics.text()),
    end: async () => {
      metrics.close();
      await game.end();
    },
  };
}

describe("Prometheus text", () => {
  it("has what the server, its transport and its connections count", async () => {
    const { game, scrape, end } = await watched({ link: { latencyMs: 20, loss: 0.05 } });
    const clients = [await game.connect(), await game.connect()];
    for (let i = 0; i < 300; i++) {
      for (const client of clients)
        client.send(new Uint8Array(60), { delivery: i % 2 === 0 ? "reliable" : "unreliable" });
      await game.run(20);
    }
    await game.run(2500);
    const families = await scrape();
    const { stats, peers } = game.server;
    const all = [...peers.values()].map((peer) => peer.stats);
    const sum = (read: (each: (typeof all)[number]) => number): number =>
      all.reduce((total, each) => total + read(each), 0);

    expect(valueOf(families, "sortie_server_peers")).toBe(2);
    expect(valueOf(families, "sortie_server_peers_accepted_total")).toBe(2);
    expect(valueOf(families, "sortie_transport_datagrams_received_total")).toBe(stats.transport.datagramsReceived);
    expect(valueOf(families, "sortie_transport_received_bytes_total")).toBe(stats.transport.bytesReceived);
    expect(valueOf(families, "sortie_ticks_total")).toBe(stats.ticks?.ticks);
    expect(valueOf(families, "sortie_tick_interval_seconds")).toBeCloseTo(1 / 60, 9);
    // Messages stopped two seconds ago: the last look at each peer has them all.
    expect(valueOf(families, "sortie_reliability_messages_received_total", { delivery: "reliable" })).toBe(
      sum((each) => each.endpoint.messagesReceived[3] as number),
    );
    expect(valueOf(families, "sortie_reliability_messages_received_total", { delivery: "reliable" })).toBe(300);
    expect(valueOf(families, "sortie_reliability_packets_lost_total")).toBe(sum((each) => each.endpoint.packetsLost));
    expect(valueOf(families, "sortie_reliability_packets_lost_total")).toBeGreaterThan(0);
    expect(valueOf(families, "sortie_peers_by_quality", { quality: "good" })).toBeLessThanOrEqual(2);
    await end();
  });

  it("has histograms of ticks, round trips and losses in seconds and shares", async () => {
    const { game, scrape, end } = await watched({ link: { latencyMs: 40 } });
    await game.connect();
    await game.run(5050);
    const families = await scrape();
    const rtt = families.get("sortie_peer_rtt_seconds")?.metrics[0];
    // A peer that comes in the middle of a round is first looked at in the next.
    const looks = Number(rtt?.count);
    expect(looks).toBe(4);
    expect(Number(rtt?.sum) / looks).toBeGreaterThan(0.0799);
    expect(Number(rtt?.buckets?.["0.075"])).toBe(0);
    expect(Number(rtt?.buckets?.["+Inf"])).toBe(looks);
    const late = families.get("sortie_tick_late_seconds")?.metrics[0];
    expect(Number(late?.count)).toBe(valueOf(families, "sortie_ticks_total"));
    expect(Number(families.get("sortie_tick_busy_seconds")?.metrics[0]?.count)).toBe(Number(late?.count) - 1);
    await end();
  });

  it("never takes back what a peer counted that has left, and forgets what it had queued", async () => {
    const { game, scrape, end } = await watched({ link: { latencyMs: 10 } });
    const [first] = [await game.connect(), await game.connect()];
    for (let i = 0; i < 50; i++) first.send("x", { delivery: "ordered" });
    await game.run(3000);
    const before = await scrape();
    // Between two looks: what comes now is counted when the peer leaves.
    first.send("the last word", { delivery: "ordered" });
    await game.run(100);
    await game.settle(first.close());
    await game.run(2000);
    const after = await scrape();
    for (const [name, { type, metrics }] of before) {
      if (type !== "COUNTER") continue;
      for (const { labels, value } of metrics) {
        expect(valueOf(after, name, labels ?? {}), name).toBeGreaterThanOrEqual(Number(value));
      }
    }
    expect(valueOf(after, "sortie_reliability_messages_received_total", { delivery: "ordered" })).toBe(51);
    expect(valueOf(after, "sortie_server_disconnects_total", { code: "closed", by: "remote" })).toBe(1);
    await game.settle((game.clients[1] as (typeof game.clients)[number]).close());
    await game.run(2000);
    const empty = await scrape();
    expect(valueOf(empty, "sortie_reliability_queued_bytes")).toBe(0);
    expect(valueOf(empty, "sortie_reliability_in_flight_packets")).toBe(0);
    expect(valueOf(empty, "sortie_reliability_congestion_window_bytes")).toBe(0);
    await end();
  });

  it("has the known ways in which peers end from 0 on, and each of them once", async () => {
    const { game, scrape, end } = await watched();
    const [first] = [await game.connect(), await game.connect()];
    const name = "sortie_server_disconnects_total";
    const before = await scrape();
    expect(before.get(name)?.metrics).toHaveLength(14);
    const [closed, kicked] = [
      { code: "closed", by: "remote" },
      { code: "kicked", by: "local" },
    ];
    for (const labels of [closed, kicked, { code: "timeout", by: "local" }]) {
      expect(valueOf(before, name, labels)).toBe(0);
    }
    await game.settle(first.close());
    for (const peer of game.server.peers.values()) peer.disconnect("enough");
    await game.run(500);
    const after = await scrape();
    expect(after.get(name)?.metrics).toHaveLength(14);
    expect([valueOf(after, name, closed), valueOf(after, name, kicked)]).toEqual([1, 1]);
    await end();
  });

  it("counts a peer that came and went between two looks", async () => {
    const { game, scrape, end } = await watched();
    const client = await game.connect();
    client.send("hello", { delivery: "reliable" });
    await game.run(50);
    await game.settle(client.close());
    await game.run(50);
    const families = await scrape();
    expect(valueOf(families, "sortie_reliability_messages_received_total", { delivery: "reliable" })).toBe(1);
    await end();
  });

  it("follows Prometheus' conventions for names", async () => {
    const { game, scrape, end } = await watched();
    await game.connect();
    await game.run(1100);
    const families = await scrape();
    expect(families.size).toBeGreaterThan(60);
    for (const { metrics, name } of families.values()) {
      // A window without a limit is Infinity in a connection's statistics: no sum may take it over.
      for (const { value } of metrics) if (value !== undefined) expect(Number.isFinite(Number(value)), name).toBe(true);
    }
    for (const [name, { type, help }] of families) {
      expect(name).toMatch(/^sortie_[a-z0-9]+(_[a-z0-9]+)*$/);
      expect(help.length, name).toBeGreaterThan(5);
      expect(help, name).toMatch(/\.$/);
      expect(name.endsWith("_total"), `${name} is a ${type}`).toBe(type === "COUNTER");
      expect(name, "base units only").not.toMatch(/_(ms|milliseconds|minutes|kb|kilobytes|percent)(_|$)/);
      expect(name, "no type in a name").not.toMatch(/_(counter|gauge|histogram|count|sum|bucket)$/);
    }
    await end();
  });

  it("has as many series for one peer as for thirty", async () => {
    const { game, scrape, end } = await watched({ crypto: createNodeProvider() });
    await game.connect();
    await game.run(1100);
    const forOne = seriesOf(await scrape());
    for (let i = 0; i < 29; i++) await game.connect();
    await game.run(2100);
    const families = await scrape();
    expect(valueOf(families, "sortie_server_peers")).toBe(30);
    expect(seriesOf(families)).toEqual(forOne);
    await end();
  });

  it("has one series of the libraries that the server uses, though their name changes", async () => {
    const { game, scrape, end } = await watched();
    const { stats } = game.server;
    const seen: (readonly string[])[] = [];
    for (const crypto of ["node", "node + openssl for large packets"]) {
      Object.defineProperty(game.server, "stats", { configurable: true, get: () => ({ ...stats, crypto }) });
      await game.run(1100);
      seen.push(seriesOf(await scrape()).filter((name) => name.startsWith("sortie_server_info ")));
    }
    expect(seen).toEqual([
      ['sortie_server_info [["crypto","node"]]'],
      ['sortie_server_info [["crypto","node + openssl for large packets"]]'],
    ]);
    await end();
  });

  it("goes to a registry of the application, and leaves it as it was", async () => {
    const registry = new Registry();
    new Counter({ name: "goals_total", help: "Goals.", registers: [registry] }).inc(3);
    const { game, metrics, end } = await watched({}, { registry, prefix: "arena_" });
    expect(metrics.registry).toBe(registry);
    const families = parseExposition(await registry.metrics());
    expect(valueOf(families, "goals_total")).toBe(3);
    expect(valueOf(families, "arena_server_peers")).toBe(0);
    metrics.close();
    expect([...parseExposition(await registry.metrics()).keys()]).toEqual(["goals_total"]);
    for (const event of ["connect", "disconnect", "tick"] as const) expect(game.server.listenerCount(event)).toBe(0);
    await end();
  });

  it("leaves neither listeners nor metrics when a name is taken, or the server takes no more listeners", async () => {
    const { game, metrics, end } = await watched();
    const again = (registry: Registry): unknown => createMetrics(game.server, { clock: game.clock, registry });
    const listeners = (): number[] =>
      (["connect", "disconnect", "tick"] as const).map((event) => game.server.listenerCount(event));
    expect(() => again(metrics.registry)).toThrow(/A metric with the name sortie_\w+ has already been registered/);
    expect(await metrics.text()).toContain("sortie_server_peers 0");

    // The last one that is registered: all others are there when it clashes.
    const registry = new Registry();
    new Counter({ name: "sortie_peer_mtu_bytes", help: "Ours.", registers: [registry] });
    expect(() => again(registry)).toThrow(/sortie_peer_mtu_bytes has already been registered/);
    expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual(["sortie_peer_mtu_bytes"]);
    expect(listeners()).toEqual([1, 1, 1]);

    const onTick = (): void => {};
    for (let i = 1; i < 1000; i++) game.server.on("tick", onTick);
    const empty = new Registry();
    expect(() => again(empty)).toThrow(/"tick" expected at most 1000 listeners/);
    expect([empty.getMetricsAsArray(), listeners()]).toEqual([[], [1, 1, 1000]]);
    await end();
  });

  it("refuses bad options by name", async () => {
    const game = new GameNetwork();
    const create = (options: unknown) => () => createMetrics(game.server, options as MetricsOptions);
    expect(create({ prefix: "9lives" })).toThrow(/"prefix" expected 1..32 letters.*got "9lives"/);
    expect(create({ prefix: null })).toThrow(/"prefix" expected 1..32 letters.*got null/);
    expect(create({ prefix: ["game_"] })).toThrow(/"prefix" expected 1..32 letters.*got an array/);
    expect(create({ registry: null })).toThrow(/"registry" expected a Registry of prom-client, got null/);
    expect(create({ registry: Promise.resolve(new Registry()) })).toThrow(/a Registry of prom-client, got a promise/);
    const gone = "registerMetric, removeSingleMetric, metrics";
    expect(create({ registry: {} })).toThrow(
      `"registry" expected a Registry of prom-client, got an object without ${gone}`,
    );
    expect(create({ describePeer: "name" })).toThrow(/"describePeer" expected a function, got a string/);
    expect(create({ onError: null })).toThrow(/"onError" expected a function, got null/);
    expect(create({ prefx: "game_" })).toThrow(/"options" expected only prefix, registry, .*got "prefx"/);
    expect(create({ onerror: () => {} })).toThrow(/"options" expected "onError", got "onerror"/);
    expect(create(null)).toThrow(/"options" expected an object, got null/);
    expect(() => createMetrics(undefined as never)).toThrow(/"server" expected what createServer\(\) gives/);
    expect(() => createMetrics({ on: () => {} } as never)).toThrow(/gives, got an object without off, block, unblock/);
  });
});

describe("history", () => {
  it("has five minutes, second by second, and tells what came since", async () => {
    const { game, metrics, end } = await watched({ server: { tickRate: 10 } });
    const client = await game.connect();
    const { history } = metrics;
    await game.run(10_000);
    const part = history.since();
    expect(part.next).toBe(10);
    expect(part.columns.peers).toEqual(new Array(10).fill(1));
    expect(part.columns.ticks.slice(2).every((rate) => Math.abs(rate - 10) <= 1)).toBe(true);
    client.send("x");
    await game.run(2000);
    const more = history.since(part.next);
    expect(more.columns.datagramsReceived).toHaveLength(2);
    expect(more.next).toBe(12);
    await game.run(300_000);
    expect(history.since().columns.peers).toHaveLength(300);
    expect(history.since(history.next).columns.peers).toHaveLength(0);
    // A number from before a restart: everything.
    expect(history.since(10_000).columns.peers).toHaveLength(300);
    await end();
  });

  it.each<[string, () => string, string]>([
    [
      "throws",
      () => {
        throw new Error("no name");
      },
      "Error: no name",
    ],
    [
      "gives a promise, which rejects",
      () => Promise.reject(new Error("no name")) as unknown as string,
      'TypeError: "describePeer" expected to give a text at once, got a promise',
    ],
    [
      "gives a promise of another realm",
      () => runInNewContext('Promise.reject(new Error("no name"))') as string,
      'TypeError: "describePeer" expected to give a text at once, got a promise',
    ],
  ])("contains a describePeer that %s, and tells of it once", async (_, describePeer, error) => {
    const errors: unknown[] = [];
    const { game, metrics, end } = await watched({}, { describePeer, onError: (each) => void errors.push(each) });
    await game.connect();
    await game.run(5000);
    expect(metrics.peers()).toMatchObject([{ id: 1, label: "" }]);
    expect(errors.map(String)).toEqual([error]);
    await end();
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnTimers } from "../../../tests/support/own-timers.js";
import type { AgonesCluster, AgonesClusterStatistics } from "../src/cluster-subject.js";
import { type AgonesRunner, runWithAgones } from "../src/run-with-agones.js";
import type { AgonesSdk, GameServerView } from "../src/sdk.js";

const silence = (): void => {};
const LOGGER = { debug: silence, info: silence, warn: silence, error: silence };
/** ms. More than workers are asked again after, and an update waits. */
const SOON_MS = 1600;

/** ms between two looks whether it drains, or ends. */
const LOOK_MS = 250;

/** What of a cluster is used, moved by hand. */
class HandCluster implements AgonesCluster {
  readonly workers = 2;
  readonly closes: unknown[] = [];
  address: object | undefined = {};
  peersByWorker = [0, 0];
  draining = [false, false];
  state = "serving";
  /** Of a cluster that does not say so, undefined. */
  isDraining: boolean | undefined;
  isClosing: boolean | undefined;
  asked = 0;
  /** What its answers wait for. */
  answers: Promise<void> | undefined;
  /** What `close` waits for. */
  left: Promise<void> | undefined;

  async statistics(): Promise<AgonesClusterStatistics> {
    this.asked += 1;
    const workers = this.draining.map((draining) => ({ state: this.state, server: { draining } }));
    const total = { peers: this.peersByWorker.reduce((sum, peers) => sum + peers) };
    await this.answers;
    return { total, workers };
  }

  async close(options?: object): Promise<void> {
    this.closes.push(options);
    await this.left;
    this.address = undefined;
  }
}

let cluster: HandCluster;
let calls: string[];
let tell: (state: string) => void;
let runner: AgonesRunner;
let timers: OwnTimers;

beforeEach(() => {
  timers = new OwnTimers("/packages/agones/src/");
  cluster = new HandCluster();
  calls = [];
});

afterEach(() => {
  runner.close();
  timers.restore();
  expect(timers.count, "no timer is left").toBe(0);
});

async function run(options: { allocateOnFirstPeer?: boolean } = {}): Promise<void> {
  const call = (name: string) => (): Promise<unknown> => Promise.resolve(calls.push(name));
  const sdk = {
    connect: () => Promise.resolve(),
    close: silence,
    ready: call("ready"),
    allocate: call("allocate"),
    shutdown: call("shutdown"),
    health: () => void calls.push("health"),
    getGameServer: () => Promise.resolve({ status: { state: "Scheduled" } }),
    watchGameServer: (onChange: (gameServer: GameServerView) => void) =>
      void (tell = (state) => onChange({ status: { state } })),
    beta: { setCounterCount: (name: string, count: number) => Promise.resolve(calls.push(`${name} ${count}`)) },
  } as unknown as AgonesSdk;
  const all = { counter: "players", logger: LOGGER, healthIntervalMs: 60_000, createSdk: () => sdk, ...options };
  runner = runWithAgones(cluster, all);
  await vi.advanceTimersByTimeAsync(SOON_MS);
}

describe("a cluster under Agones", () => {
  it("is one GameServer: ready, with pings, and the number of all peers", async () => {
    cluster.peersByWorker = [2, 3];
    await run();
    expect(calls.splice(0).sort()).toEqual(["health", "players 5", "ready"]);
    cluster.peersByWorker = [2, 1];
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(calls.splice(0)).toEqual(["players 3"]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(calls).toEqual([]);
    expect(cluster.asked).toBeLessThan(16);
  });

  it("is not ended by a worker that is renewed; all that drain are kept from allocators", async () => {
    await run();
    calls = [];
    cluster.draining = [true, false];
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(calls).toEqual([]);
    cluster.draining = [true, true];
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(calls.splice(0)).toEqual(["allocate"]);
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(calls).toEqual([]);
  });

  it("is told to Agones when it has ended", async () => {
    await run();
    calls = [];
    await cluster.close();
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(calls).toEqual(["shutdown"]);
    expect(runner.isConnected).toBe(false);
  });

  it("is told to Agones at the beginning of its close, and counted until its end", async () => {
    await run();
    calls = [];
    let leave = silence;
    cluster.left = new Promise((resolve) => (leave = resolve));
    cluster.isDraining = cluster.isClosing = true;
    // One worker may have gone at once, for want of peers.
    cluster.state = "gone";
    cluster.draining = [false, false];
    await vi.advanceTimersByTimeAsync(LOOK_MS);
    expect(calls.splice(0)).toEqual(["shutdown"]);
    cluster.peersByWorker = [0, 3];
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(calls).toEqual(["players 3"]);
    expect(runner.isConnected).toBe(true);
    leave();
    await vi.advanceTimersByTimeAsync(0);
    expect(runner.isConnected).toBe(false);
  });

  it("is kept from allocators as soon as it says that it drains, whatever its workers do", async () => {
    await run();
    calls = [];
    cluster.isDraining = true;
    await vi.advanceTimersByTimeAsync(2 * LOOK_MS);
    expect(calls).toEqual(["allocate"]);
    await vi.advanceTimersByTimeAsync(10 * SOON_MS);
    expect(calls).toEqual(["allocate"]);
  });

  it("is never offered where it closes already; Agones is told of its end", async () => {
    cluster.isDraining = cluster.isClosing = true;
    await run();
    expect(calls).not.toContain("ready");
    calls = [];
    await cluster.close();
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(calls).toEqual(["shutdown"]);
  });

  it("is offered, and counted, only when its workers have said how they are", async () => {
    cluster.draining = [true, true];
    cluster.peersByWorker = [3, 4];
    let answer = silence;
    cluster.answers = new Promise((resolve) => (answer = resolve));
    await run();
    expect(calls.splice(0)).toEqual(["health"]);
    answer();
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(calls.sort()).toEqual(["allocate", "players 7"]);
  });

  it("is closed with time for what was sent when Agones shuts it down", async () => {
    await run();
    tell("Shutdown");
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(cluster.closes[0]).toEqual({ drainMs: 2000 });
    expect(calls).not.toContain("shutdown");
  });

  it("is allocated with the first peer of any worker", async () => {
    await run({ allocateOnFirstPeer: true });
    expect(calls).not.toContain("allocate");
    cluster.peersByWorker = [0, 1];
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(calls).toContain("allocate");
  });

  it("stays ready where the peers of the round before have left; who came meanwhile allocates it", async () => {
    await run({ allocateOnFirstPeer: true });
    cluster.peersByWorker = [2, 2];
    await vi.advanceTimersByTimeAsync(SOON_MS);
    tell("Allocated");
    for (const [peers, expected] of [
      [0, ["ready"]],
      [1, ["ready", "allocate"]],
    ] as const) {
      calls = [];
      // Since the last answer.
      cluster.peersByWorker = [0, peers];
      await runner.ready();
      tell("Ready");
      await vi.advanceTimersByTimeAsync(2 * SOON_MS);
      expect(calls.filter((call) => !call.startsWith("players"))).toEqual(expected);
      cluster.peersByWorker = [3, 0];
      tell("Allocated");
      await vi.advanceTimersByTimeAsync(SOON_MS);
    }
  });

  it("is not allocated for an answer to a question from before it was ready", async () => {
    await run({ allocateOnFirstPeer: true });
    tell("Allocated");
    let answer = silence;
    cluster.answers = new Promise((resolve) => (answer = resolve));
    cluster.peersByWorker = [1, 0];
    // Asked with one peer, who leaves then.
    await vi.advanceTimersByTimeAsync(1000);
    cluster.peersByWorker = [0, 0];
    calls = [];
    const ready = runner.ready();
    // As of the watch, sooner than the answer.
    tell("RequestReady");
    await ready;
    answer();
    await vi.advanceTimersByTimeAsync(1);
    tell("Ready");
    await vi.advanceTimersByTimeAsync(2 * SOON_MS);
    expect(calls).not.toContain("allocate");
  });

  it("plays on where its workers' figures cannot be had", async () => {
    await run();
    calls = [];
    vi.spyOn(cluster, "statistics").mockRejectedValueOnce(new Error("gone"));
    cluster.peersByWorker = [1, 0];
    await vi.advanceTimersByTimeAsync(2 * SOON_MS);
    expect(calls).toEqual(["players 1"]);
  });

  it("has to listen, and has no list of players", async () => {
    await run();
    for (const options of [{ list: "players" }, { playerId: () => "ann" }]) {
      const [name] = Object.keys(options);
      const message = `"${name}" expected a server, got a cluster: its peers are in its workers, and only counted`;
      expect(() => runWithAgones(cluster, options as object)).toThrow(new TypeError(message));
    }
    cluster.address = undefined;
    expect(() => runWithAgones(cluster)).toThrow(/"server" expected one that listens: await server\.listen\(\) first/);
  });
});

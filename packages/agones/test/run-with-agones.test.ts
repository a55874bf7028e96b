import { EventEmitter } from "node:events";
import type { Peer } from "@sortie/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnTimers } from "../../../tests/support/own-timers.js";
import type { AgonesOptions, AgonesServer } from "../src/options.js";
import { type AgonesRunner, runWithAgones } from "../src/run-with-agones.js";
import type { AgonesSdk, GameServerView } from "../src/sdk.js";

const silence = (): void => {};
const LOGGER = { debug: silence, info: silence, warn: silence, error: silence };
/** ms. More than an update waits. */
const UPDATE_MS = 300;

/** What of a server is used, moved by hand. */
class HandServer extends EventEmitter {
  readonly peers: Map<number, Peer<unknown>> = new Map();
  readonly stats: { draining: boolean } = { draining: false };
  address: object | undefined = {};

  connect(id: number): void {
    this.peers.set(id, {} as Peer<unknown>);
    this.emit("connect", this.peers.get(id));
  }

  close(): Promise<void> {
    this.address = undefined;
    return Promise.resolve();
  }
}

/** A sidecar whose watch tells of a state only when the test says so, as it comes later than answers in the cluster. */
class LateSidecar {
  readonly calls: string[] = [];
  state = "Scheduled";
  /** Answers to calls wait while it is set. */
  held: Promise<void> | undefined;
  #onChange: (gameServer: GameServerView) => void = silence;

  readonly sdk: AgonesSdk = {
    connect: () => Promise.resolve(),
    close: silence,
    ready: () => this.#move("ready", "Ready"),
    allocate: () => this.#move("allocate", "Allocated"),
    shutdown: () => this.#move("shutdown", "Shutdown"),
    health: silence,
    getGameServer: () => Promise.resolve({ status: { state: this.state } }),
    watchGameServer: (onChange: (gameServer: GameServerView) => void) => void (this.#onChange = onChange),
  } as unknown as AgonesSdk;

  tell(state: string = this.state): void {
    this.#onChange({ status: { state } });
  }

  async #move(call: string, state: string): Promise<void> {
    this.calls.push(call);
    this.state = state;
    await this.held;
  }
}

let server: HandServer;
let sidecar: LateSidecar;
let runner: AgonesRunner | undefined;
let timers: OwnTimers;

beforeEach(() => {
  timers = new OwnTimers("/packages/agones/src/");
  server = new HandServer();
  sidecar = new LateSidecar();
});

afterEach(() => {
  runner?.close();
  timers.restore();
  expect(timers.count, "no timer is left").toBe(0);
});

async function run(options: AgonesOptions = {}): Promise<AgonesRunner> {
  const createSdk = (): AgonesSdk => sidecar.sdk;
  const all = { logger: LOGGER, healthIntervalMs: 60_000, createSdk, ...options };
  const made = (runner = runWithAgones(server as unknown as AgonesServer, all));
  await vi.advanceTimersByTimeAsync(UPDATE_MS);
  return made;
}

describe("a server that nobody can listen to", () => {
  it("is told to Agones by nothing: there would be no end to it", async () => {
    const events: string[] = [];
    let pings = 0;
    sidecar.sdk.health = () => void (pings += 1);
    server.on = function on(event: string): HandServer {
      if (event === "draining") throw new RangeError('"draining" expected at most 1000 listeners');
      events.push(event);
      return this as HandServer;
    };
    server.off = function off(event: string): HandServer {
      events.splice(events.indexOf(event), events.includes(event) ? 1 : 0);
      return this as HandServer;
    };
    await expect(run()).rejects.toThrow("at most 1000 listeners");
    await vi.advanceTimersByTimeAsync(60_000);
    expect({ events, calls: sidecar.calls, pings }).toEqual({ events: [], calls: [], pings: 0 });
  });
});

describe("a server that drains before it comes under Agones", () => {
  it("is kept from allocators, never offered to them, and ends as any other", async () => {
    server.stats.draining = true;
    await run();
    expect(sidecar.calls).toEqual(["allocate"]);
    sidecar.tell();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sidecar.calls).toEqual(["allocate"]);
    server.emit("draining", { leaveMs: 0, reason: "" });
    await vi.advanceTimersByTimeAsync(UPDATE_MS);
    expect(sidecar.calls).toEqual(["allocate", "shutdown"]);
    expect(runner?.isConnected).toBe(false);
  });

  it("is told to Agones when it has ended, where its close had begun as well", async () => {
    server.stats.draining = true;
    await run();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sidecar.calls).toEqual(["allocate"]);
    server.address = undefined;
    await vi.advanceTimersByTimeAsync(UPDATE_MS);
    expect(sidecar.calls).toEqual(["allocate", "shutdown"]);
    expect(runner?.isConnected).toBe(false);
  });

  it("leaves Agones when it has ended, where Agones itself asked for that meanwhile", async () => {
    server.stats.draining = true;
    await run({ onShutdown: silence });
    sidecar.tell("Shutdown");
    server.address = undefined;
    await vi.advanceTimersByTimeAsync(UPDATE_MS);
    expect(sidecar.calls).toEqual(["allocate"]);
    expect(runner?.isConnected).toBe(false);
  });
});

describe("a server that Agones shuts down", () => {
  it("is not allocated any more, also where it drains before its close", async () => {
    await run({ onShutdown: () => void server.emit("draining", { leaveMs: Infinity, reason: "" }) });
    sidecar.tell("Shutdown");
    await vi.advanceTimersByTimeAsync(UPDATE_MS);
    expect(sidecar.calls).toEqual(["ready"]);
  });
});

describe("allocateOnFirstPeer after a round", () => {
  /** A server that Agones has for allocated, and that has no peers any more. */
  async function afterRound(): Promise<AgonesRunner> {
    const made = await run({ allocateOnFirstPeer: true });
    sidecar.tell();
    server.connect(1);
    await vi.advanceTimersByTimeAsync(UPDATE_MS);
    sidecar.tell();
    expect(sidecar.calls.splice(0)).toEqual(["ready", "allocate"]);
    expect(made.state).toBe("Allocated");
    server.peers.clear();
    return made;
  }

  it("takes a peer that comes after the answer to ready, and before the watch tells of it", async () => {
    const agones = await afterRound();
    await agones.ready();
    expect(agones.state).toBe("Ready");
    server.connect(2);
    await vi.advanceTimersByTimeAsync(UPDATE_MS);
    expect(sidecar.calls).toEqual(["ready", "allocate"]);
    sidecar.tell();
    expect(agones.state).toBe("Allocated");
  });

  it("takes a peer that came before the answer to ready", async () => {
    const agones = await afterRound();
    let answer = silence;
    sidecar.held = new Promise((resolve) => (answer = resolve));
    const ready = agones.ready();
    server.connect(2);
    await vi.advanceTimersByTimeAsync(UPDATE_MS);
    answer();
    await ready;
    sidecar.tell("Ready");
    await vi.advanceTimersByTimeAsync(UPDATE_MS);
    expect(sidecar.calls).toEqual(["ready", "allocate"]);
  });

  it("believes the watch where it tells of another state before the answer to ready", async () => {
    const agones = await afterRound();
    let answer = silence;
    sidecar.held = new Promise((resolve) => (answer = resolve));
    const ready = agones.ready();
    sidecar.tell("Reserved");
    answer();
    await ready;
    expect(agones.state).toBe("Reserved");
  });

  it("does nothing without peers, and nothing where it was not asked for", async () => {
    const agones = await afterRound();
    await agones.ready();
    sidecar.tell();
    await vi.advanceTimersByTimeAsync(UPDATE_MS);
    expect(sidecar.calls).toEqual(["ready"]);
    agones.close();
    sidecar.calls.length = 0;
    await run();
    server.connect(3);
    sidecar.tell("Ready");
    await vi.advanceTimersByTimeAsync(UPDATE_MS);
    expect(sidecar.calls).toEqual([]);
  });
});

import { EventEmitter } from "node:events";
import { vi } from "vitest";
import type * as ClusterModuleTypes from "../../src/cluster.js";
import type { Cluster, WorkerExit } from "../../src/cluster.js";
import { NO_FIGURES } from "../../src/cluster-statistics.js";
import type { ToMain, ToWorker, WorkerConfig, WorkerFigures } from "../../src/messages.js";

/** Whether a cluster of several workers may be made here; no process is started. */
export const mayShare: boolean = process.platform !== "darwin" && process.platform !== "win32";

/** A worker's process as the main process sees it, without a process. It serves as soon as it may, unless told. */
export class FakeWorker extends EventEmitter {
  readonly pid: number;
  connected = true;
  config: WorkerConfig | undefined;
  readonly sent: ToWorker[] = [];
  readonly #serves: boolean;

  constructor(pid: number, serves: boolean) {
    super();
    this.pid = pid;
    this.#serves = serves;
    process.nextTick(() => this.say({ type: "join" }));
  }

  say(message: ToMain): void {
    this.emit("message", message);
  }

  send(message: ToWorker, _handle: undefined, _options: undefined, onSent: () => void): boolean {
    onSent();
    this.sent.push(message);
    if (message.type === "config") {
      this.config = message.config;
      if (this.#serves) process.nextTick(() => this.open());
    } else if (message.type === "links" && this.#serves) this.say({ type: "serving" });
    else if (message.type === "close") process.nextTick(() => this.closeServer());
    return true;
  }

  open(publicKey: Uint8Array = new Uint8Array(65)): void {
    const where = { address: "127.0.0.1", port: 1, family: 4, publicKey } as const;
    this.say({ type: "opened", ...where, linkPort: this.pid });
  }

  /** In order. */
  closeServer(figures: WorkerFigures = NO_FIGURES): void {
    this.say({ type: "closed", figures });
    this.end(0);
  }

  end(code: number): void {
    this.connected = false;
    this.emit("exit", code, null);
  }

  kill(): boolean {
    process.nextTick(() => this.end(1));
    return true;
  }
}

/** A cluster of them that listens, in virtual time. */
export interface FakeCluster {
  readonly cluster: Cluster;
  readonly exits: WorkerExit[];
  readonly closes: unknown[];
  readonly startedAtMs: number[];
  /** Lines of its log, each with its level. */
  readonly log: string[];
  /** Whether workers that start from now on serve. */
  serves: boolean;
  /** Those that there are, by number; undefined in the place of one that is awaited. */
  workers(): (FakeWorker | undefined)[];
}

type ClusterModule = typeof ClusterModuleTypes;

let fork: () => FakeWorker;
let loaded: Promise<ClusterModule> | undefined;

/** A module of its own: that of other test files starts processes. */
async function load(): Promise<ClusterModule> {
  vi.resetModules();
  vi.doMock("node:child_process", () => ({ fork: () => fork() }));
  try {
    return await import("../../src/cluster.js");
  } finally {
    vi.doUnmock("node:child_process");
    vi.resetModules();
  }
}

/** Undo with `vi.useRealTimers()`. */
export async function listening(options: { workers: number; restartsPerMinute?: number }): Promise<FakeCluster> {
  const all: FakeWorker[] = [];
  fork = () => {
    const worker = new FakeWorker(1000 + all.length, fake.serves);
    all.push(worker);
    fake.startedAtMs.push(performance.now());
    return worker;
  };
  const { createCluster } = await (loaded ??= load());
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  const at = (level: string) => (_fields: object, message: string) => void fake.log.push(`${level} ${message}`);
  const logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  // They say nothing of themselves.
  const rest = { entry: "/entry.js", host: "127.0.0.1", port: 0, logger, hangTimeoutMs: 0 };
  const cluster = createCluster({ ...rest, ...options });
  const fake: FakeCluster = {
    cluster,
    exits: [],
    closes: [],
    startedAtMs: [],
    log: [],
    serves: true,
    workers: () => cluster.pids.map((pid) => all.find((worker) => worker.pid === pid)),
  };
  cluster.on("exit", (exit) => void fake.exits.push(exit));
  cluster.on("close", (error) => void fake.closes.push(error));
  await cluster.listen();
  return fake;
}

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMmsgTransport } from "@sortie/transport-mmsg";
import { type Client, type ClientOptions, connect, createConsoleLogger, generateIdentity, saveIdentity } from "sortie";
import { vi } from "vitest";
import { type Cluster, createCluster, type WorkerExit } from "../../src/cluster.js";
import type { ClusterOptions } from "../../src/cluster-options.js";
import type { Entry } from "./workers.js";

/** ms. For conditions that hold within a fraction of a second, but on a machine that is busy with other work. */
export const PATIENCE_MS = 60_000;

/** Whether several processes can share a port here: natively from Node 22.12, else by koffi. */
export const canSharePort: boolean = process.platform === "linux" && (hasReusePort() || hasBatchedTransport());

/** Whether node:dgram has SO_REUSEPORT. */
export function hasReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}

/** Whether there is the batched transport, which answers from the address that was asked. */
export function hasBatchedTransport(): boolean {
  try {
    createMmsgTransport();
    return true;
  } catch {
    return false;
  }
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`did not come to pass: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Asks a cluster that waits for the answers of all its workers, instead of a second at most: on a machine that is busy
 * with other work they may stand for longer, and count as those that missed it.
 */
export async function unhurried<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  try {
    return await ask();
  } finally {
    vi.useRealTimers();
  }
}

/** What the echo worker says of its peers. */
export interface PeerNews {
  readonly connected?: number;
  readonly disconnected?: number;
  readonly code?: string;
  readonly worker: number;
}

/** A cluster of echo workers on a port of loopback, its clients, and what was heard of it. */
export class ClusterGame {
  readonly cluster: Cluster;
  readonly clients: Client[] = [];
  readonly news: PeerNews[] = [];
  readonly exits: WorkerExit[] = [];
  readonly starts: number[] = [];
  readonly closes: unknown[] = [];
  log: string[] = [];
  port = 0;
  readonly #identity = generateIdentity();
  readonly #folder: string;

  private constructor(folder: string, options: ClusterOptions) {
    this.#folder = folder;
    this.cluster = createCluster(options);
    this.cluster.on("message", (message, worker) => void this.news.push({ ...(message as PeerNews), worker }));
    this.cluster.on("exit", (exit) => void this.exits.push(exit));
    this.cluster.on("start", (worker) => void this.starts.push(worker));
    this.cluster.on("close", (error) => void this.closes.push(error));
  }

  /** Not yet listening. */
  static async make(
    entry: Entry,
    options: Partial<ClusterOptions> & { readonly fault?: string } = {},
  ): Promise<ClusterGame> {
    const folder = await mkdtemp(join(tmpdir(), "sortie-cluster-"));
    const keyPath = join(folder, "root.key");
    const { fault, ...rest } = options;
    const log: string[] = [];
    const game: ClusterGame = new ClusterGame(folder, {
      entry: entry.path,
      workers: 2,
      host: "127.0.0.1",
      port: 0,
      data: { keyPath, fault },
      execArgv: [],
      startTimeoutMs: PATIENCE_MS,
      hangTimeoutMs: 0,
      logger: createConsoleLogger({
        level: "error",
        json: true,
        write: (line) => void log.push((JSON.parse(line) as { msg: string }).msg),
      }),
      ...rest,
    });
    await saveIdentity(game.#identity, keyPath);
    for (const worker of [0, 1]) await saveIdentity(generateIdentity(), `${keyPath}.${worker}`);
    game.log = log;
    return game;
  }

  static async listening(entry: Entry, options: Partial<ClusterOptions> = {}): Promise<ClusterGame> {
    const game = await ClusterGame.make(entry, options);
    game.port = (await game.cluster.listen()).port;
    return game;
  }

  async connect(options: Partial<ClientOptions> = {}): Promise<Client> {
    const client = await connect({
      host: "127.0.0.1",
      port: this.port,
      protocol: "cluster/1",
      serverKey: this.#identity.publicKey,
      timeoutMs: PATIENCE_MS,
      idleTimeoutMs: 20_000,
      ...options,
    });
    this.clients.push(client);
    return client;
  }

  /** Connects clients until every worker has `each` or more; the system spreads them by a hash. */
  async populate(each: number): Promise<void> {
    for (;;) {
      const { workers } = await this.cluster.statistics();
      if (workers.every(({ server }) => (server?.peers ?? 0) >= each)) return;
      if (this.clients.length >= 64) throw new Error("64 clients, and a worker has too few");
      await Promise.all(Array.from({ length: 2 * each }, () => this.connect()));
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    await this.cluster.close();
    await rm(this.#folder, { recursive: true });
  }
}

/** Sends a word and resolves with the answer to it. */
export function echo(client: Client, word: string): Promise<string> {
  return new Promise((resolve) => {
    const listener = ({ payload }: { readonly payload: Uint8Array }): void => {
      if (new TextDecoder().decode(payload) !== word) return;
      client.off("message", listener);
      resolve(word);
    };
    client.on("message", listener);
    client.send(word, { delivery: "reliable" });
  });
}

/** Whether a process of this ID runs: not one that has ended, and whose new parent has yet to take note. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== "linux") return true;
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

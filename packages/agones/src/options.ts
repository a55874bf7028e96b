import {
  checkBoolean,
  checkLogger,
  checkMethods,
  checkOptionNames,
  containedLogger,
  type Logger,
  type OptionNames,
} from "@sortie/connection";
import type { Peer, Server, ServerStatistics } from "@sortie/server";
import type { AgonesCluster } from "./cluster-subject.js";
import { isClusterWorker } from "./cluster-worker.js";
import { type AgonesSdk, createAgonesSdk } from "./sdk.js";

/** The part of a server that is used: every `Server` has it. Without `stats` it is taken not to drain yet. */
export type AgonesServer<Data = unknown> = Pick<Server<Data>, "address" | "peers" | "on" | "off" | "close"> & {
  readonly stats?: Pick<ServerStatistics, "draining">;
};

/** Options of {@link runWithAgones}; `Data` is what the server's peers carry as `peer.data`. */
export interface AgonesOptions<Data = unknown> {
  /** ms between two pings, 500..60000. Default 2000; `health.periodSeconds` of Agones should be twice that at least. */
  readonly healthIntervalMs?: number | undefined;
  /**
   * Whether the next ping may go; none goes while it throws, rejects or has not answered. Default: always, so that a
   * process that hangs is found.
   */
  readonly isHealthy?: (() => boolean | Promise<boolean>) | undefined;
  /** Name of a counter of the GameServer that holds the number of peers. */
  readonly counter?: string | undefined;
  /** Name of a list of the GameServer that holds the players. */
  readonly list?: string | undefined;
  /** What the list has of a peer; text, the same for as long as it is connected. Default: its session ID. */
  readonly playerId?: ((peer: Peer<Data>) => string) | undefined;
  /** Allocates the server when its first peer comes, where no allocator does. Default false. */
  readonly allocateOnFirstPeer?: boolean | undefined;
  /**
   * Agones is about to end this server. Default: `server.close({ drainMs: 2000 })`, of a cluster the same. Where it
   * throws or rejects, the server is closed instead.
   */
  readonly onShutdown?: (() => void | Promise<void>) | undefined;
  /** Hears of everything that happens with Agones. Default: the console. */
  readonly logger?: Logger | undefined;
  /** Makes the SDK. Default: the official one. */
  readonly createSdk?: (() => AgonesSdk) | undefined;
}

/** Options of {@link runWithAgones} for a cluster: its peers are in other processes, and are counted only. */
export type AgonesClusterOptions = Omit<AgonesOptions, "list" | "playerId">;

/** Names of the options that have a default. */
type Defaulted = "healthIntervalMs" | "isHealthy" | "playerId" | "onShutdown" | "logger" | "createSdk";

export type CheckedAgonesOptions = AgonesOptions & {
  readonly [Name in Defaulted]-?: NonNullable<AgonesOptions[Name]>;
};

const OPTION_NAMES: OptionNames<AgonesOptions> = {
  healthIntervalMs: true,
  isHealthy: true,
  counter: true,
  list: true,
  playerId: true,
  allocateOnFirstPeer: true,
  onShutdown: true,
  logger: true,
  createSdk: true,
};

const SERVER: string = "what createServer() or createCluster() gives";
const SERVER_METHODS: readonly string[] = ["on", "off", "close"] satisfies (keyof AgonesServer)[];

const DEFAULT_HEALTH_INTERVAL_MS = 2000;
const DRAIN_MS = 2000;

/** Whether it is a cluster's main process that is to run under Agones. */
export function isCluster(server: AgonesServer | AgonesCluster): server is AgonesCluster {
  const { peers, statistics, close } = server as { peers?: unknown; statistics?: unknown; close?: unknown };
  return peers === undefined && typeof statistics === "function" && typeof close === "function";
}

/**
 * Throws TypeError or RangeError that names the option, what is expected, and what came; Error in a process that is a
 * worker.
 */
export function checkAgonesOptions(server: AgonesServer | AgonesCluster, options: AgonesOptions): CheckedAgonesOptions {
  // A worker that is renewed would shut down the GameServer that all workers are, and each count its own peers.
  if (isClusterWorker()) {
    throw new Error(
      "runWithAgones() expected a process that is no worker, got a worker of a cluster, of which all workers are one " +
        "GameServer: call runWithAgones(cluster) in the main process, after await cluster.listen()",
    );
  }
  if (typeof server !== "object" || server === null || !isCluster(server)) checkServer(server);
  if (server.address === undefined) {
    throw new Error(
      '"server" expected one that listens: await server.listen() first, players come as soon as it is ready',
    );
  }
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${options === null ? "null" : typeof options}`);
  }
  checkOptionNames(options, OPTION_NAMES);
  const peersOf = isCluster(server)
    ? (["list", "playerId"] as const).find((name) => options[name] !== undefined)
    : undefined;
  if (peersOf !== undefined) {
    throw new TypeError(
      `"${peersOf}" expected a server, got a cluster: its peers are in its workers, and only counted`,
    );
  }
  const { healthIntervalMs = DEFAULT_HEALTH_INTERVAL_MS, logger = console } = options;
  if (typeof healthIntervalMs !== "number" || !(healthIntervalMs >= 500 && healthIntervalMs <= 60_000)) {
    throw new RangeError(`"healthIntervalMs" expected a number in 500..60000, got ${String(healthIntervalMs)}`);
  }
  for (const name of ["counter", "list"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      throw new TypeError(`"${name}" expected a name, got ${value === "" ? '""' : typeof value}`);
    }
  }
  for (const name of ["isHealthy", "playerId", "onShutdown", "createSdk"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== "function") {
      throw new TypeError(`"${name}" expected a function, got ${value === null ? "null" : typeof value}`);
    }
  }
  checkBoolean("allocateOnFirstPeer", options.allocateOnFirstPeer);
  checkLogger("logger", logger);
  return {
    ...options,
    // As everywhere, undefined means the default.
    isHealthy: options.isHealthy ?? (() => true),
    playerId: options.playerId ?? (({ sessionId }) => sessionId),
    onShutdown: options.onShutdown ?? (() => server.close({ drainMs: DRAIN_MS })),
    createSdk: options.createSdk ?? createAgonesSdk,
    healthIntervalMs,
    logger: containedLogger(logger),
  };
}

function checkServer(server: AgonesServer): void {
  checkMethods("server", server, SERVER, SERVER_METHODS);
  if (typeof (server.peers as { readonly values?: unknown } | undefined)?.values !== "function") {
    throw new TypeError(`"server" expected ${SERVER}, got an object without peers`);
  }
}

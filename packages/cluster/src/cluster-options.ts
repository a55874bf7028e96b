import { availableParallelism } from "node:os";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import {
  checkLogger,
  checkOptionNames,
  containedLogger,
  describeValue,
  type Logger,
  type OptionNames,
} from "@sortie/connection";
import { SocketAddress, TransportError } from "@sortie/transport";
import { createConsoleLogger } from "sortie";
import { inheritedExecArgv } from "./exec-argv.js";

/** Workers at the most: connection IDs have room for their number. */
const MAX_WORKERS = 64;
/** The port of `createServer`. */
const DEFAULT_PORT = 1474;
/** ms. Loading a game's world may take a while. */
const DEFAULT_START_TIMEOUT_MS = 30_000;
/** ms. As long as a connection may be silent by default: whoever was connected has gone by then. */
const DEFAULT_HANG_TIMEOUT_MS = 10_000;
const DEFAULT_RESTARTS_PER_MINUTE = 10;

/** Systems on which sockets that share a port do not share its datagrams. */
const CANNOT_SHARE: ReadonlyMap<string, string> = new Map([
  ["darwin", "macOS gives every datagram to one of the sockets that share a port"],
  ["win32", "Windows has no SO_REUSEPORT"],
]);

/** Options of {@link createCluster}. */
export interface ClusterOptions {
  /** The module that each worker runs, as a `file:` URL or an absolute path; it calls `createWorkerServer`. */
  readonly entry: string | { readonly href: string };
  /** Processes, 1..64. Default: one for each core that this process may use. */
  readonly workers?: number | undefined;
  /** Local address; "::" is IPv6 and IPv4 together. Default "::". */
  readonly host?: string | undefined;
  /** 0..65535; 0 lets the system choose. Default 1474. */
  readonly port?: number | undefined;
  /**
   * What every worker gets as `worker.data`: copied at once, so that one that replaces another gets the same, whatever
   * has been done to the object meanwhile. Plain data, as for `cluster.send`; a KeyObject or a Blob is refused.
   */
  readonly data?: unknown;
  /**
   * Options of Node for workers, such as `["--max-old-space-size=512"]`. Default: those of this process, without the
   * program of `node -e` or `node -p`.
   */
  readonly execArgv?: readonly string[] | undefined;
  /** Environment of workers. Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** ms, 1000..600000: from a worker's start until its server listens. Default 30000. */
  readonly startTimeoutMs?: number | undefined;
  /** ms, 2000..600000, or 0 for never: a worker that is silent for so long is ended and replaced. Default 10000. */
  readonly hangTimeoutMs?: number | undefined;
  /**
   * 0..1000: workers replaced within a minute; one more, and the cluster ends. Those that served and closed their
   * server are counted apart, and each worker's first such end within a minute is not counted. With 0 nothing is
   * replaced, those neither. Default 10.
   */
  readonly restartsPerMinute?: number | undefined;
  /** Hears of workers that end; pino and `console` fit. Default: errors to the console. */
  readonly logger?: Logger | undefined;
}

const OPTION_NAMES: OptionNames<ClusterOptions> = {
  entry: true,
  workers: true,
  host: true,
  port: true,
  data: true,
  execArgv: true,
  env: true,
  startTimeoutMs: true,
  hangTimeoutMs: true,
  restartsPerMinute: true,
  logger: true,
};

/** Checked options with their defaults. */
export interface ResolvedClusterOptions {
  readonly entry: string;
  readonly workers: number;
  readonly host: string | undefined;
  readonly port: number;
  readonly data: unknown;
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startTimeoutMs: number;
  readonly hangTimeoutMs: number;
  readonly restartsPerMinute: number;
  readonly logger: Logger;
}

/**
 * Checks options and adds the defaults. Throws TypeError or RangeError that names the option, its range and what came;
 * TransportError "unsupported" for several workers on a system that cannot share a port.
 */
export function resolveClusterOptions(
  options: ClusterOptions,
  platform: string = process.platform,
): ResolvedClusterOptions {
  checkOptionNames(options, OPTION_NAMES);
  const { workers = Math.min(availableParallelism(), MAX_WORKERS) } = options;
  checkInteger("workers", workers, 1, MAX_WORKERS);
  const { host, port = DEFAULT_PORT, env = process.env } = options;
  const { execArgv = inheritedExecArgv(process.execArgv) } = options;
  const { logger = createConsoleLogger({ level: "error" }) } = options;
  const { startTimeoutMs = DEFAULT_START_TIMEOUT_MS, hangTimeoutMs = DEFAULT_HANG_TIMEOUT_MS } = options;
  const { restartsPerMinute = DEFAULT_RESTARTS_PER_MINUTE } = options;
  checkInteger("port", port, 0, 65_535);
  if (host !== undefined) SocketAddress.parse(host, port);
  checkInteger("startTimeoutMs", startTimeoutMs, 1000, 600_000);
  if (hangTimeoutMs !== 0) checkInteger("hangTimeoutMs", hangTimeoutMs, 2000, 600_000);
  checkInteger("restartsPerMinute", restartsPerMinute, 0, 1000);
  if (!Array.isArray(execArgv) || execArgv.some((one) => typeof one !== "string")) {
    throw new TypeError(`"execArgv" expected an array of strings, got ${describeValue(execArgv)}`);
  }
  if (typeof env !== "object" || env === null) {
    throw new TypeError(`"env" expected an object, got ${env === null ? "null" : typeof env}`);
  }
  checkLogger("logger", logger);
  const data = copyOf(options.data);
  const whyNot = CANNOT_SHARE.get(platform);
  if (workers > 1 && whyNot !== undefined) {
    const message = `"workers" expected 1 on this system, got ${workers}: ${whyNot}. Linux and FreeBSD can`;
    throw new TransportError("unsupported", message);
  }
  const rest = { host, port, data, execArgv, env, startTimeoutMs, hangTimeoutMs, restartsPerMinute };
  return { entry: entryPath(options.entry), workers, ...rest, logger: containedLogger(logger) };
}

function entryPath(entry: string | { readonly href: string }): string {
  const text = typeof entry === "string" ? entry : entry?.href;
  if (typeof text === "string") {
    if (text.startsWith("file:")) return fileURLToPath(text);
    if (entry === text && isAbsolute(text)) return text;
  }
  const wanted = `a file: URL or an absolute path, as new URL("./worker.js", import.meta.url)`;
  throw new TypeError(`"entry" expected ${wanted}, got ${describeValue(text)}`);
}

/** Nobody else has it: what is done to `data` later could not be copied, or reach some of the workers alone. */
function copyOf(data: unknown): unknown {
  try {
    return deserialize(serialize(data));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TypeError(`"data" expected what can be copied to another process, got something else: ${reason}`);
  }
}

function checkInteger(label: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`"${label}" expected an integer in ${min}..${max}, got ${describeValue(value)}`);
  }
}

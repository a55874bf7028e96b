import {
  checkCrypto,
  checkIdentity,
  checkLogger,
  checkMethods,
  checkOptionNames,
  DEFAULT_REASSEMBLY_BUDGET_BYTES,
  describeKind,
  describeValue,
  type Logger,
  type OptionNames,
  PROTOCOL_OPTION_NAMES,
  type ProtocolOptions,
} from "@sortie/connection";
import type { CryptoProvider, Identity, KeyLog } from "@sortie/handshake";
import { type Clock, CLOCK_METHODS, type DatagramTransport, TRANSPORT_METHODS } from "@sortie/transport";
import type { AccessLogEntry } from "./access-log.js";
import { MAX_SLOTS } from "./connection-table.js";
import type { PeerDataOptions } from "./peer-data.js";
import { checkPortShare, type PortShare, type SharedLimits } from "./port-share.js";
import type { RateLimit } from "./prefix-limiter.js";

/** Options of a server, whatever its peers' data. */
export interface ServerBaseOptions extends ProtocolOptions {
  /** 1..255 bytes of UTF-8, such as "arena/1". Both sides must agree; a mismatch is a clear rejection. */
  readonly protocol: string;
  readonly identity: Identity;
  readonly transport: DatagramTransport;
  readonly crypto: CryptoProvider;
  /** Ticks per second, 1..1000, or 0: event-driven. Default 60. */
  readonly tickRate?: number | undefined;
  /** 1..65535. Default 256. */
  readonly maxPeers?: number | undefined;
  /** ms, 100..120000: from first keys to acceptance, `authenticate` included. Default 10000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** bytes, for messages in parts of all peers together. Default 256 MiB. */
  readonly reassemblyBudgetBytes?: number | undefined;
  /** Connections between the first keys and acceptance, 1..32768. Default 1024. They take no peer's slot. */
  readonly maxHalfOpen?: number | undefined;
  /** Public-key handshakes per second, 1..100000. Default 500. */
  readonly handshakesPerSecond?: number | undefined;
  /** Handshakes per /24 or /64; loopback is exempt. Default 20 per second, 60 at once. */
  readonly handshakesPerPrefix?: RateLimit | undefined;
  /**
   * Packets of one client that are opened: what comes beyond it is dropped unread, as if it had been lost, and counts
   * as "peer-rate-limited". Both 1..10^6. Default: as many as come.
   */
  readonly packetsPerPeer?: RateLimit | undefined;
  /** IP addresses and CIDR ranges whose datagrams are dropped. */
  readonly blocked?: readonly string[] | undefined;
  /** Hears of every client that came or left, or was refused after its handshake: see {@link AccessLogEntry}. */
  readonly onAccess?: ((entry: AccessLogEntry) => void) | undefined;
  /**
   * Hears the secrets of every connection, one line for each, to look into captures (docs/DEBUGGING.md): whoever reads
   * them can decrypt all traffic of this server. Default: nobody.
   */
  readonly keyLog?: KeyLog | undefined;
  /**
   * Takes errors that no "error" listener takes, warnings, and who came and went; pino and `console` fit. What could
   * fill a log is told once in ten seconds and kind, with a count. Default: nobody.
   */
  readonly logger?: Logger | undefined;
  /** Tests give one with virtual time. */
  readonly clock?: Clock | undefined;
  /** For servers that share a port: use `@sortie/cluster`, which gives this. Default: alone. */
  readonly share?: PortShare | undefined;
}

/** Options of a server; every one but the first four has a default that suits a 60 Hz game on the open internet. */
export type ServerOptions<Data = unknown> = ServerBaseOptions & PeerDataOptions<Data>;

/** Of a server; for those who add options of their own. */
export const SERVER_OPTION_NAMES: OptionNames<ServerOptions> = {
  protocol: true,
  identity: true,
  transport: true,
  crypto: true,
  tickRate: true,
  maxPeers: true,
  authenticate: true,
  handshakeTimeoutMs: true,
  reassemblyBudgetBytes: true,
  maxHalfOpen: true,
  handshakesPerSecond: true,
  handshakesPerPrefix: true,
  packetsPerPeer: true,
  blocked: true,
  onAccess: true,
  keyLog: true,
  logger: true,
  clock: true,
  share: true,
  ...PROTOCOL_OPTION_NAMES,
};

/** Of `handshakesPerPrefix` and `packetsPerPeer`. */
const RATE_LIMIT_NAMES: OptionNames<RateLimit> = { perSecond: true, burst: true };

export const DEFAULT_TICK_RATE = 60;
const DEFAULT_MAX_PEERS = 256;
const DEFAULT_MAX_HALF_OPEN = 1024;
const DEFAULT_HANDSHAKES_PER_SECOND = 500;
/** A school or a café behind one address gets in; a flood from it does not. */
const DEFAULT_HANDSHAKES_PER_PREFIX: RateLimit = { perSecond: 20, burst: 60 };

/** Checks what is the server's own; throws TypeError or RangeError that names the option, its range and what came. */
export function checkServerOptions(options: ServerOptions): void {
  checkOptionNames(options, SERVER_OPTION_NAMES);
  checkIdentity(options.identity);
  checkMethods("transport", options.transport, "a datagram transport", TRANSPORT_METHODS);
  checkCrypto(options.crypto);
  if (options.clock !== undefined) checkMethods("clock", options.clock, "a clock", CLOCK_METHODS);
  if (options.tickRate !== 0) checkNumber("tickRate", options.tickRate, 1, 1000, "0 or a number");
  checkInteger("maxPeers", options.maxPeers, 1, 65_535);
  checkInteger("maxHalfOpen", options.maxHalfOpen, 1, 32_768);
  checkNumber("handshakesPerSecond", options.handshakesPerSecond, 1, 100_000);
  checkRateLimit("handshakesPerPrefix", options.handshakesPerPrefix, 0.001);
  checkRateLimit("packetsPerPeer", options.packetsPerPeer, 1);
  checkInteger("reassemblyBudgetBytes", options.reassemblyBudgetBytes, 1, 2 ** 40);
  for (const name of ["authenticate", "onAccess", "keyLog"] as const) {
    const value = options[name];
    if (value !== undefined && typeof value !== "function") {
      throw new TypeError(`"${name}" expected a function, got ${describeKind(value)}`);
    }
  }
  if (options.blocked !== undefined && !Array.isArray(options.blocked)) {
    const got = describeValue(options.blocked);
    throw new TypeError(`"blocked" expected an array of IP addresses and ranges, got ${got}`);
  }
  if (options.share !== undefined) checkPortShare(options.share);
  checkLogger("logger", options.logger);
  const slots = (options.maxPeers ?? DEFAULT_MAX_PEERS) + (options.maxHalfOpen ?? DEFAULT_MAX_HALF_OPEN);
  if (slots > MAX_SLOTS) {
    throw new RangeError(`"maxPeers" and "maxHalfOpen" expected at most ${MAX_SLOTS} together, got ${slots}`);
  }
}

/** The limits of checked options, with their defaults. */
export function limitsOf(options: ServerOptions): SharedLimits {
  return {
    maxPeers: options.maxPeers ?? DEFAULT_MAX_PEERS,
    maxHalfOpen: options.maxHalfOpen ?? DEFAULT_MAX_HALF_OPEN,
    handshakesPerSecond: options.handshakesPerSecond ?? DEFAULT_HANDSHAKES_PER_SECOND,
    handshakesPerPrefix: options.handshakesPerPrefix ?? DEFAULT_HANDSHAKES_PER_PREFIX,
    reassemblyBudgetBytes: options.reassemblyBudgetBytes ?? DEFAULT_REASSEMBLY_BUDGET_BYTES,
  };
}

function checkRateLimit(label: string, limit: RateLimit | undefined, minPerSecond: number): void {
  if (limit === undefined) return;
  if (typeof limit !== "object" || limit === null || limit.perSecond === undefined || limit.burst === undefined) {
    throw new TypeError(`"${label}" expected { perSecond, burst }, got ${describeValue(limit)}`);
  }
  checkOptionNames(limit, RATE_LIMIT_NAMES, label);
  checkNumber(`${label}.perSecond`, limit.perSecond, minPerSecond, 1e6);
  checkNumber(`${label}.burst`, limit.burst, 1, 1e6);
}

function checkInteger(label: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`"${label}" expected an integer in ${min}..${max}, got ${describeValue(value)}`);
  }
}

function checkNumber(
  label: string,
  value: number | undefined,
  min: number,
  max: number,
  expected: string = "a number",
): void {
  if (value === undefined) return;
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw new RangeError(`"${label}" expected ${expected} in ${min}..${max}, got ${describeValue(value)}`);
  }
}

import {
  checkBoolean,
  checkCrypto,
  checkLogger,
  checkMethods,
  checkOptionNames,
  describeKind,
  describeValue,
  type Logger,
  type OptionNames,
  PROTOCOL_OPTION_NAMES,
  type ProtocolOptions,
} from "@sortie/connection";
import {
  type CertificateVerifier,
  type CryptoProvider,
  IdentityError,
  type KeyLog,
  parsePublicKey,
  type ServerTrust,
} from "@sortie/handshake";
import {
  checkStatistics,
  type Clock,
  CLOCK_METHODS,
  type DatagramTransport,
  TRANSPORT_METHODS,
} from "@sortie/transport";
import { isBytes, MAX_CONNECT_PAYLOAD_BYTES } from "@sortie/wire";

/** Options of a client. */
export interface ClientOptions extends ProtocolOptions {
  /** Name or IP address of the server. */
  readonly host: string;
  /** 1..65535. */
  readonly port: number;
  /** 1..255 bytes of UTF-8; the same as the server's. */
  readonly protocol: string;
  /** The server's public key: PEM text, or 65 raw bytes. */
  readonly serverKey?: string | Uint8Array | undefined;
  /**
   * Instead of `serverKey`: judges the server's certificate, which must be its own. `createCertificateVerifier` of
   * `@sortie/certificates` makes one.
   */
  readonly trust?: CertificateVerifier | undefined;
  /** Takes any server for the true one: for tests on your own machine. Not together with `serverKey` or `trust`. */
  readonly dangerouslyTrustAnyServer?: boolean | undefined;
  /** What the server's `authenticate` gets, encrypted: at most 1024 bytes. Strings are encoded as UTF-8. */
  readonly payload?: Uint8Array | string | undefined;
  /** Gives the attempt up. */
  readonly signal?: AbortSignalLike | undefined;
  /** ms for the whole attempt, 100..600000. Default 10000. */
  readonly timeoutMs?: number | undefined;
  readonly transport: DatagramTransport;
  readonly crypto: CryptoProvider;
  /**
   * Hears the secrets of the connection, as one line, to look into captures (docs/DEBUGGING.md): whoever reads it can
   * decrypt the connection. Default: nobody.
   */
  readonly keyLog?: KeyLog | undefined;
  /**
   * Takes errors that no "error" listener takes, what went wrong while connecting beside what the ConnectError says,
   * and what becomes of the connection. Default: nobody.
   */
  readonly logger?: Logger | undefined;
  /** Tests give one with virtual time. */
  readonly clock?: Clock | undefined;
}

/** The part of an AbortSignal that is used. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** How a client leaves. */
export interface LeaveOptions {
  /** ms for what is queued and reliable. */
  readonly drainMs?: number | undefined;
  /** What the server is told. */
  readonly reason?: string | undefined;
}

/** Of `close`; see `checkOptionNames`. */
export const LEAVE_OPTION_NAMES: OptionNames<LeaveOptions> = { drainMs: true, reason: true };

/** Of a client; for those who add options of their own. */
export const CLIENT_OPTION_NAMES: OptionNames<ClientOptions> = {
  host: true,
  port: true,
  protocol: true,
  serverKey: true,
  trust: true,
  dangerouslyTrustAnyServer: true,
  payload: true,
  signal: true,
  timeoutMs: true,
  transport: true,
  crypto: true,
  keyLog: true,
  logger: true,
  clock: true,
  ...PROTOCOL_OPTION_NAMES,
};

/** PEM begins with five times "-". */
const DASH = 0x2d;
const PEM_DASHES = 5;
/** ms. As long as a server may take. */
const MAX_DRAIN_MS = 3_600_000;
export const DEFAULT_TIMEOUT_MS = 10_000;

/** Checks what is the client's own; throws TypeError or RangeError that names the option, its range and what came. */
export function checkClientOptions(options: ClientOptions): void {
  checkOptionNames(options, CLIENT_OPTION_NAMES);
  if (typeof options.host !== "string" || options.host === "") {
    throw new TypeError(`"host" expected a name or an IP address, got ${describeValue(options.host)}`);
  }
  if (options.host.startsWith("[")) {
    throw new RangeError(`"host" expected an IPv6 address without brackets, got ${describeValue(options.host)}`);
  }
  if (!Number.isInteger(options.port) || options.port < 1 || options.port > 65_535) {
    throw new RangeError(`"port" expected an integer in 1..65535, got ${describeValue(options.port)}`);
  }
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 100 && timeoutMs <= 600_000)) {
    throw new RangeError(`"timeoutMs" expected a number in 100..600000, got ${describeValue(timeoutMs)}`);
  }
  checkMethods("transport", options.transport, "a datagram transport", TRANSPORT_METHODS);
  checkStatistics(options.transport);
  checkCrypto(options.crypto);
  if (options.clock !== undefined) checkMethods("clock", options.clock, "a clock", CLOCK_METHODS);
  if (options.keyLog !== undefined && typeof options.keyLog !== "function") {
    throw new TypeError(`"keyLog" expected a function, got ${describeKind(options.keyLog)}`);
  }
  checkBoolean("dangerouslyTrustAnyServer", options.dangerouslyTrustAnyServer);
  checkSignal(options.signal);
  checkLogger("logger", options.logger);
}

/** By its parts: an AbortSignal of another realm is none of this one's. Throws TypeError. */
function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  const { aborted, addEventListener, removeEventListener } = (signal ?? {}) as Partial<AbortSignalLike>;
  const isWhole = typeof addEventListener === "function" && typeof removeEventListener === "function";
  if (typeof aborted === "boolean" && isWhole) return;
  // An AbortController says that it is one, and so whose "signal" was meant.
  const got = typeof signal === "object" ? Object.prototype.toString.call(signal).slice(8, -1) : typeof signal;
  throw new TypeError(`"signal" expected an AbortSignal, got ${signal === null ? "null" : got}`);
}

/** Whom to trust. Throws TypeError when nobody was named, or in two ways; IdentityError for a key that is none. */
export function trustOf(options: ClientOptions): ServerTrust {
  const { serverKey, trust, dangerouslyTrustAnyServer } = options;
  if (dangerouslyTrustAnyServer === true && (serverKey !== undefined || trust !== undefined)) {
    const other = serverKey === undefined ? "trust" : "serverKey";
    throw new TypeError(`"dangerouslyTrustAnyServer" expected to be left out beside "${other}", got both`);
  }
  if (serverKey !== undefined && trust !== undefined) {
    throw new TypeError('"serverKey" or "trust" expected, got both: pin a key, or trust an authority');
  }
  if (serverKey !== undefined) return { kind: "pin", publicKey: pinnedKey(serverKey) };
  if (trust !== undefined) return { kind: "certificate", verifier: checkedVerifier(trust) };
  if (dangerouslyTrustAnyServer === true) return { kind: "any" };
  throw new TypeError(
    '"serverKey" expected the server\'s public key (PEM text or 65 bytes), or "trust" an authority, got neither; ' +
      '"dangerouslyTrustAnyServer: true" is for tests on your own machine',
  );
}

function checkedVerifier(trust: CertificateVerifier): CertificateVerifier {
  if (typeof trust?.verify === "function" && typeof trust.leafKey === "function") return trust;
  throw new TypeError(`"trust" expected a certificate verifier, got ${describeKind(trust)}`);
}

function pinnedKey(serverKey: string | Uint8Array): Uint8Array {
  if (typeof serverKey !== "string" && !isBytes(serverKey)) {
    throw new TypeError(`"serverKey" expected PEM text or 65 bytes, got ${describeKind(serverKey)}`);
  }
  try {
    return parsePublicKey(serverKey);
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    const why = isPemFile(serverKey) ? 'expected PEM text, got PEM as bytes: read the file as "utf8"' : error.message;
    throw new IdentityError(error.code, `"serverKey" ${why}`);
  }
}

/** A PEM file that was read without an encoding. */
function isPemFile(key: string | Uint8Array): boolean {
  return (
    typeof key !== "string" && key.length > PEM_DASHES && key.subarray(0, PEM_DASHES).every((byte) => byte === DASH)
  );
}

/** @internal Checks the size of CONNECT's payload, and copies it. */
export function checkConnectPayload(payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_CONNECT_PAYLOAD_BYTES) {
    throw new RangeError(`"payload" expected at most ${MAX_CONNECT_PAYLOAD_BYTES} bytes, got ${payload.length}`);
  }
  // Not slice(): that of a Node Buffer shares its memory.
  return new Uint8Array(payload);
}

/** ms that a client may take to leave. Throws RangeError. */
export function checkDrainMs(drainMs: number): void {
  if (Number.isFinite(drainMs) && drainMs >= 0 && drainMs <= MAX_DRAIN_MS) return;
  throw new RangeError(`"drainMs" expected a number in 0..${MAX_DRAIN_MS}, got ${describeValue(drainMs)}`);
}

import { isIP } from "node:net";
import { checkOptionNames, describeKind, describeValue, type OptionNames } from "@sortie/connection";

/** Bytes of a token, at least: 16 of random text cannot be guessed over a network. */
const MIN_TOKEN_CHARACTERS = 16;
const MAX_TOKEN_CHARACTERS = 256;
/** What an Authorization header carries unharmed (RFC 6750 section 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/=-]+$/;

/** Something an operator did. */
export interface OperatorAction {
  readonly action: "kick" | "block" | "unblock";
  /** Peer ID, or address or range. */
  readonly target: number | string;
  /** IP address of the operator's machine, or of its proxy. */
  readonly from: string;
}

export interface MetricsListenerOptions {
  /** 0..65535, TCP; 0 lets the system choose. Default 9474. */
  readonly port?: number | undefined;
  /** IP address or name to bind. Default "127.0.0.1". One that is not loopback requires `token`. */
  readonly host?: string | undefined;
  /**
   * 16..256 characters of a random bearer token. With it, /metrics and the API ask for it, and peers can be kicked and
   * addresses blocked; without it, those who can reach the port on this machine may read, and nobody may act.
   */
  readonly token?: string | undefined;
  /**
   * What /readyz says beside "it listens and does not drain": false while new players should not be sent here. One that
   * throws, rejects, or has not answered within 5 s is not ready; `onError` of the metrics hears of it, once until the
   * next good answer.
   */
  readonly ready?: (() => boolean | Promise<boolean>) | undefined;
  /**
   * Hears what operators did, after it was done; the operator does not wait for it. What it throws or rejects with goes
   * to `onError` of the metrics.
   */
  readonly onAction?: ((action: OperatorAction) => void | Promise<void>) | undefined;
  /** Name in the dashboard's title, at most 64 characters. Default "Sortie". */
  readonly title?: string | undefined;
}

export interface CheckedListenerOptions extends MetricsListenerOptions {
  readonly port: number;
  readonly host: string;
  readonly title: string;
}

const OPTION_NAMES: OptionNames<MetricsListenerOptions> = {
  port: true,
  host: true,
  token: true,
  ready: true,
  onAction: true,
  title: true,
};

/** Port of the HTTP listener unless told otherwise. */
const DEFAULT_PORT = 9474;

/** Throws TypeError or RangeError that names the option, what is expected, and what came. */
export function checkListenerOptions(options: MetricsListenerOptions): CheckedListenerOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${options === null ? "null" : typeof options}`);
  }
  // A misspelt "token" would leave the listener open to everybody on the machine.
  checkOptionNames(options, OPTION_NAMES);
  const { port = DEFAULT_PORT, host = "127.0.0.1", token, title = "Sortie" } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`"port" expected an integer in 0..65535, got ${describeValue(port)}`);
  }
  if (typeof host !== "string" || host === "") {
    throw new TypeError(`"host" expected an address or a name, got ${describeValue(host)}`);
  }
  if (typeof title !== "string" || title.length > 64) {
    throw new RangeError(`"title" expected at most 64 characters, got ${describeValue(title)}`);
  }
  for (const name of ["ready", "onAction"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== "function") {
      throw new TypeError(`"${name}" expected a function, got ${describeKind(value)}`);
    }
  }
  checkToken("token", token);
  if (token === undefined && !isLoopback(host)) {
    const advice = `a "token" when "host" is not loopback: others could read the server's figures`;
    throw new TypeError(`expected ${advice}; got host "${host}" without one`);
  }
  return { ...options, port, host, title };
}

/** Never has the token itself in its message. */
export function checkToken(label: string, token: string | undefined): void {
  if (token === undefined) return;
  if (typeof token !== "string") throw new TypeError(`"${label}" expected a string, got ${describeKind(token)}`);
  if (token.length < MIN_TOKEN_CHARACTERS || token.length > MAX_TOKEN_CHARACTERS) {
    const range = `${MIN_TOKEN_CHARACTERS}..${MAX_TOKEN_CHARACTERS} characters`;
    throw new RangeError(`"${label}" expected ${range}, got ${token.length}`);
  }
  if (!TOKEN.test(token)) throw new RangeError(`"${label}" expected letters, digits and ._~+/=- only`);
}

/** Whether only this machine reaches the address. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith("127.");
  return host === "::1" || host.toLowerCase() === "localhost";
}

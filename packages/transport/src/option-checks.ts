import type { SocketAddress } from "./address.js";
import type { Clock } from "./clock.js";
import { containRejection } from "./contain-rejection.js";
import { describeValue } from "./describe-value.js";
import type { DatagramTransport } from "./transport.js";

/** @internal The methods of every clock, for those who check what they are given. */
export const CLOCK_METHODS: readonly string[] = ["now", "setTimer", "clearTimer", "defer"] satisfies (keyof Clock)[];

/** @internal The methods of every transport, for those who check what they are given. */
export const TRANSPORT_METHODS: readonly string[] = [
  "open",
  "acquireBatch",
  "send",
  "close",
] satisfies (keyof DatagramTransport)[];

/** @internal Throws TypeError for a transport without counters: without this it would show long after, far from it. */
export function checkStatistics(transport: DatagramTransport): void {
  const statistics: unknown = transport.statistics;
  if (typeof statistics === "object" && statistics !== null) return;
  const got = statistics === undefined ? "an object without statistics" : `statistics: ${describeValue(statistics)}`;
  throw new TypeError(`"transport" expected a datagram transport, got ${got}`);
}

/** @internal Throws TypeError unless `address`, which `open` resolved with, says where others reach the transport. */
export function checkOpened(address: SocketAddress): void {
  const { host, port } = (address ?? {}) as { readonly [Part in keyof SocketAddress]?: unknown };
  if (typeof host === "string" && typeof port === "number") return;
  const got =
    typeof address === "object" && address !== null ? "an object without host and port" : describeValue(address);
  throw new TypeError(`"transport" expected open() to resolve with its local address, got ${got}`);
}

/**
 * @internal For transports and simulated networks: throws TypeError for options that are no object (a promise that
 * nobody awaited has none of them), and for one that is none of `known`. A misspelt one would be passed over, and its
 * default be taken for what was asked for. Those that are undefined are passed over. No option is a promise: those that
 * are will be refused, or others before them, and none ends the process by rejecting after that.
 * @param label what the options are called in the message
 */
export function checkOptionNames(
  options: object,
  known: Readonly<Record<string, true>>,
  label: string = "options",
): void {
  const kind = describeValue(options);
  containRejection(options);
  if (kind !== "an object") throw new TypeError(`"${label}" expected an object, got ${kind}`);
  for (const value of Object.values(options)) containRejection(value);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    const meant = names.find((other) => other.toLowerCase() === name.toLowerCase());
    const expected = meant === undefined ? `only ${names.join(", ")}` : `"${meant}"`;
    throw new TypeError(`"${label}" expected ${expected}, got "${name}"`);
  }
}

import {
  checkOptionNames,
  type Clock,
  type DatagramTransport,
  type SocketAddress,
  TRANSPORT_METHODS,
} from "@sortie/transport";
import {
  checkBoolean,
  checkClock,
  checkFunction,
  checkInteger,
  checkMethods,
  checkNumber,
  type OptionNames,
} from "./check.js";
import type { LinkSpec } from "./link-spec.js";

/** Options of a `LinkProxy`. */
export interface LinkProxyOptions {
  /** Where the clients' datagrams go. */
  readonly target: SocketAddress;
  /** Not yet open: where clients send to in the target's place. */
  readonly front: DatagramTransport;
  /** Makes the socket towards the target for one more client; not yet open. */
  readonly createUpstream: () => DatagramTransport;
  readonly clock: Clock;
  /** 0..2^32-1. The same seed loses the same datagrams of each client; what arrives when is the network's as well. */
  readonly seed: number;
  /** What happens on the way to the target, and back. Default: nothing. */
  readonly toTarget?: LinkSpec | undefined;
  readonly toClient?: LinkSpec | undefined;
  /** Whether all clients share one link for each direction, a common bottleneck; else each has its own. */
  readonly isShared?: boolean | undefined;
  /** 1..65,536. Datagrams of further ones are dropped and counted. Default 256. */
  readonly maxClients?: number | undefined;
  /**
   * Datagrams under way, those that wait for a free batch of their socket included, 1..2^20; what is more is dropped
   * and counted. Default 65,536, at most 100 MB.
   */
  readonly maxInFlight?: number | undefined;
  /** ms without a datagram after which a client is forgotten, 1000..86,400,000. Default 60,000. */
  readonly clientIdleMs?: number | undefined;
  /** Hears of faults of sockets. Default: nobody; they are counted. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const OPTION_NAMES: OptionNames<LinkProxyOptions> = {
  target: true,
  front: true,
  createUpstream: true,
  clock: true,
  seed: true,
  toTarget: true,
  toClient: true,
  isShared: true,
  maxClients: true,
  maxInFlight: true,
  clientIdleMs: true,
  onError: true,
};

const DEFAULT_MAX_CLIENTS = 256;
const DEFAULT_MAX_IN_FLIGHT = 65_536;
const DEFAULT_CLIENT_IDLE_MS = 60_000;

/** Options with the limits that they have by default. */
export type CheckedLinkProxyOptions = LinkProxyOptions & {
  readonly [Name in "maxClients" | "maxInFlight" | "clientIdleMs"]-?: number;
};

/**
 * Throws RangeError for an option out of range, TypeError for one that there is not, or that is of the wrong kind: such
 * a one would show only when the first datagram comes, and then in a callback of the front's socket. Links are checked
 * where they are made.
 */
export function checkLinkProxyOptions(options: LinkProxyOptions): CheckedLinkProxyOptions {
  checkOptionNames(options, OPTION_NAMES);
  const { maxClients = DEFAULT_MAX_CLIENTS, maxInFlight = DEFAULT_MAX_IN_FLIGHT } = options;
  const { clientIdleMs = DEFAULT_CLIENT_IDLE_MS } = options;
  // Of host and port alone the sender of an answer would never be equal to it.
  checkMethods("target", options.target, "a SocketAddress", ["equals"]);
  checkTransport("front", options.front);
  checkFunction("createUpstream", options.createUpstream);
  checkClock(options.clock);
  checkBoolean("isShared", options.isShared);
  checkInteger("maxClients", maxClients, 1, 65_536);
  checkInteger("maxInFlight", maxInFlight, 1, 2 ** 20);
  checkNumber("clientIdleMs", clientIdleMs, 1000, 86_400_000);
  if (options.onError !== undefined) checkFunction("onError", options.onError);
  return { ...options, maxClients, maxInFlight, clientIdleMs };
}

/** Throws TypeError for what is no transport. */
export function checkTransport(label: string, transport: unknown): void {
  checkMethods(label, transport, "a datagram transport", TRANSPORT_METHODS);
}

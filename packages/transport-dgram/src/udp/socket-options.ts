import { checkOptionNames, describeValue, SocketAddress } from "@sortie/transport";

/** Every local address of both families. */
export const ANY_IPV6 = "::";
/** Every local IPv4 address. */
export const ANY_IPV4 = "0.0.0.0";

/**
 * bytes. A burst of 256 peers at 60 Hz with 1200-byte datagrams for 50 ms, the pause of a long tick or a garbage
 * collection. The system may grant less (Linux: net.core.rmem_max).
 */
const DEFAULT_BUFFER_BYTES = 1_048_576;
/** bytes. SO_RCVBUF and SO_SNDBUF are signed 32-bit integers, and Linux doubles what it is given. */
const MAX_BUFFER_BYTES = 2 ** 30 - 1;
/** Batches on their way at once: 512 datagrams. */
const DEFAULT_BATCHES = 8;
/** Batches. 100 MB at the batch's sizes. */
const MAX_BATCHES = 1024;

/** Options of every transport over UDP sockets of Node. */
export interface UdpOptions {
  /**
   * Local address as text, not a name. Default "::": both families where the machine has IPv6, else IPv4 alone.
   */
  readonly host?: string | undefined;
  /** Local port, 0..65535. Default 0: the system chooses. */
  readonly port?: number | undefined;
  /** bytes, 1..2^30-1. Receive buffer to ask the system for; it may grant another size. Default 1 MiB. */
  readonly receiveBufferBytes?: number | undefined;
  /** bytes, 1..2^30-1. Send buffer to ask the system for; it may grant another size. Default 1 MiB. */
  readonly sendBufferBytes?: number | undefined;
  /** Refuse IPv4 on an IPv6 host. Default false. */
  readonly ipv6Only?: boolean | undefined;
  /**
   * SO_REUSEADDR. Default false: for unicast UDP it lets a second process take the port and the traffic without
   * either of them noticing.
   */
  readonly reuseAddress?: boolean | undefined;
  /**
   * SO_REUSEPORT: several sockets of this user share one port, and the system spreads the peers over them by a hash of
   * both addresses. Default false. `open` rejects with "unsupported" where the system or this Node has no such thing.
   */
  readonly reusePort?: boolean | undefined;
  /** Batches of 64 datagrams that may be on their way at once, 1..1024. Default 8. */
  readonly batches?: number | undefined;
  /**
   * Let the process end while the socket is open. The timers of a server or client keep it too, unless its `clock` is
   * `new SystemClock({ unref: true })`. Default false.
   */
  readonly unref?: boolean | undefined;
}

/** The names of these options; the compiler tells of one that is missing or too many. */
export const UDP_OPTION_NAMES: Readonly<Record<keyof UdpOptions, true>> = {
  host: true,
  port: true,
  receiveBufferBytes: true,
  sendBufferBytes: true,
  ipv6Only: true,
  reuseAddress: true,
  reusePort: true,
  batches: true,
  unref: true,
};

/** Options with their defaults, checked. */
export interface SocketOptions {
  readonly local: SocketAddress;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly ipv6Only: boolean;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  readonly batches: number;
  readonly unref: boolean;
}

/**
 * Checks options and adds the defaults. Throws TypeError for an option that is none of `known`, or of a wrong type,
 * RangeError for one out of range.
 */
export function socketOptions(
  options: UdpOptions,
  known: Readonly<Record<string, true>> = UDP_OPTION_NAMES,
): SocketOptions {
  checkOptionNames(options, known);
  const { receiveBufferBytes = DEFAULT_BUFFER_BYTES, sendBufferBytes = DEFAULT_BUFFER_BYTES } = options;
  const { ipv6Only = false, batches = DEFAULT_BATCHES } = options;
  checkRange("receiveBufferBytes", receiveBufferBytes, MAX_BUFFER_BYTES);
  checkRange("sendBufferBytes", sendBufferBytes, MAX_BUFFER_BYTES);
  checkRange("batches", batches, MAX_BATCHES);
  // Not by "??": null is a mistake, and would listen where nobody asked for it.
  const { host = ANY_IPV6, port = 0 } = options;
  const local = SocketAddress.parse(host, port);
  if (ipv6Only && local.family === 4) {
    throw new RangeError(`"host" expected an IPv6 address with "ipv6Only", got ${describeValue(host)}`);
  }
  const { reuseAddress = false, reusePort = false, unref = false } = options;
  checkBooleans({ ipv6Only, reuseAddress, reusePort, unref });
  return { local, receiveBufferBytes, sendBufferBytes, ipv6Only, reuseAddress, reusePort, batches, unref };
}

function checkRange(label: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new RangeError(`"${label}" expected an integer in 1..${max}, got ${describeValue(value)}`);
  }
}

/** Throws TypeError that names the first of these options that is no boolean. */
export function checkBooleans(options: Readonly<Record<string, boolean>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== "boolean") throw new TypeError(`"${name}" expected a boolean, got ${describeValue(value)}`);
  }
}

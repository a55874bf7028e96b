import type { LinkSimulator } from "./link.js";

/** First and last ports handed out when none is asked for (RFC 6335 section 6, dynamic ports). */
const FIRST_DYNAMIC_PORT = 49_152;
const LAST_DYNAMIC_PORT = 65_535;

/** One IP address of the network, its open ports and the paths that lead from it. `S`: what holds a port. */
export class Host<S> {
  /** The address as four 32-bit words, network order. */
  readonly words: readonly [number, number, number, number];
  readonly ports: Map<number, S> = new Map();
  readonly paths: Map<Host<S>, HostPath> = new Map();
  private nextPort = FIRST_DYNAMIC_PORT;

  constructor(bytes: Uint8Array) {
    this.words = [word(bytes, 0), word(bytes, 4), word(bytes, 8), word(bytes, 12)];
  }

  /** The next free dynamic port, in rising order with wrap-around; undefined when all are taken. */
  freePort(): number | undefined {
    for (let tries = FIRST_DYNAMIC_PORT; tries <= LAST_DYNAMIC_PORT; tries++) {
      const port = this.nextPort;
      this.nextPort = port === LAST_DYNAMIC_PORT ? FIRST_DYNAMIC_PORT : port + 1;
      if (!this.ports.has(port)) return port;
    }
    return undefined;
  }
}

/** The link from one host to another, and whether it was set by itself or follows the network's default. */
export interface HostPath {
  readonly link: LinkSimulator;
  isDefault: boolean;
}

/** Hosts by IP address, found without making a string: a hash of the 16 bytes, and a short list behind it. */
export class HostTable<S> {
  private readonly buckets: Map<number, Host<S>[]> = new Map();
  private readonly list: Host<S>[] = [];

  get size(): number {
    return this.list.length;
  }

  /** Every host, in the order of their making. */
  get all(): readonly Host<S>[] {
    return this.list;
  }

  /** The host of an address (16 bytes), if there is one. */
  get(bytes: Uint8Array): Host<S> | undefined {
    const bucket = this.buckets.get(hash(bytes));
    if (bucket === undefined) return undefined;
    for (const host of bucket) if (isHost(host, bytes)) return host;
    return undefined;
  }

  /** Makes the host of an address that has none. */
  add(bytes: Uint8Array): Host<S> {
    const host = new Host<S>(bytes);
    const key = hash(bytes);
    const bucket = this.buckets.get(key);
    if (bucket === undefined) this.buckets.set(key, [host]);
    else bucket.push(host);
    this.list.push(host);
    return host;
  }
}

function isHost<S>(host: Host<S>, bytes: Uint8Array): boolean {
  const { words } = host;
  return (
    words[3] === word(bytes, 12) &&
    words[2] === word(bytes, 8) &&
    words[1] === word(bytes, 4) &&
    words[0] === word(bytes, 0)
  );
}

function word(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
  return high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
}

/** Integer below 2^31, so that it stays a small integer as a Map key. */
function hash(bytes: Uint8Array): number {
  let h = word(bytes, 12);
  h = Math.imul(h, 0x9e3779b1) ^ word(bytes, 8);
  h = Math.imul(h, 0x9e3779b1) ^ word(bytes, 4);
  h = Math.imul(h, 0x9e3779b1) ^ word(bytes, 0);
  return (h ^ (h >>> 15)) & 0x3fff_ffff;
}

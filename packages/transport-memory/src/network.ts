import { type Clock, checkOptionNames, SocketAddress } from "@sortie/transport";
import {
  checkClock,
  checkFunction,
  checkInteger,
  checkNames,
  checkNoNulls,
  checkNumber,
  type OptionNames,
} from "./check.js";
import { DatagramCarrier, type NetworkFilter, type Tap } from "./datagram-carrier.js";
import type { LinkSimulator } from "./link.js";
import {
  MemoryTransport,
  type MemoryTransportOptions,
  type NetworkPort,
  TRANSPORT_OPTION_NAMES,
} from "./memory-transport.js";
import type { NetworkStatistics } from "./network-statistics.js";
import type { LinkSpec } from "./link-spec.js";
import { type HostLike, Topology } from "./topology.js";
import { VirtualClock } from "./virtual-clock.js";

/** Datagrams in flight. At 1500 bytes each about 130 MB, allocated only as they are needed. */
const DEFAULT_MAX_IN_FLIGHT = 65_536;
/** Datagrams in flight, at most: 2^20 full ones are 2 GB. */
const MAX_MAX_IN_FLIGHT = 2 ** 20;
/** bytes. Largest UDP payload over IPv6 (RFC 8200), jumbograms aside. */
const MAX_DATAGRAM_BYTES = 65_527;
/** ms. Longest delay of an injected datagram: a day. */
const MAX_INJECT_DELAY_MS = 86_400_000;

/** Options of {@link createNetwork}. */
export interface NetworkOptions {
  /** 0..2^32-1. The same seed and the same calls give the same outcome. Print it when a test fails. */
  readonly seed: number;
  /** The path from any host to any other, each direction a link of its own. Default: ideal. */
  readonly link?: LinkSpec | undefined;
  /** Datagrams on their way at one time; more are dropped with cause "limit". 1..2^20. Default 65,536. */
  readonly maxInFlight?: number | undefined;
  /** Host names that `resolve` of the transports knows, each with its IP addresses. */
  readonly names?: Readonly<Record<string, readonly string[]>> | undefined;
}

/**
 * A network inside the process. Hosts are IP addresses; each pair of them has a path, one simulated link per
 * direction. A datagram goes through its sender's uplink (if set), the path, and its receiver's downlink (if set), and
 * arrives as a copy. Nothing arrives inside `send`: all deliveries come from the clock.
 *
 * Every link has its own random numbers, named by the seed and its place in the network, so that traffic on one never
 * changes what happens on another.
 */
export class MemoryNetwork<C extends Clock = VirtualClock> {
  readonly clock: C;
  readonly seed: number;
  private readonly names: ReadonlyMap<string, readonly string[]>;
  private readonly topology: Topology;
  private readonly carrier: DatagramCarrier;
  private readonly port: NetworkPort;
  private transportCount = 0;

  /** Use {@link createNetwork}. */
  constructor(options: NetworkOptions, clock: C) {
    const { seed, link = {}, maxInFlight = DEFAULT_MAX_IN_FLIGHT, names = {} } = options;
    checkInteger("seed", seed, 0, 0xffff_ffff);
    checkInteger("maxInFlight", maxInFlight, 1, MAX_MAX_IN_FLIGHT);
    checkNames(names);
    this.seed = seed;
    this.clock = clock;
    this.names = new Map(Object.entries(names));
    const topology = new Topology(seed, link);
    const carrier = new DatagramCarrier(topology, clock, maxInFlight);
    this.topology = topology;
    this.carrier = carrier;
    this.port = {
      clock,
      bind: (transport, host, port) => topology.bind(transport, host, port),
      unbind: (address) => topology.unbind(address),
      carry: (sender, from, batch, index) => carrier.carry(sender, from, batch, index),
      accessLink: (spec, index, direction, label) => topology.newAccessLink(spec, index, direction, label),
      lookUp: (name) => this.lookUp(name),
    };
  }

  /** A snapshot of the counters. */
  get stats(): NetworkStatistics {
    return this.carrier.statistics();
  }

  /**
   * Makes a transport; its port is known after `open`. RangeError for a bad option, TypeError for one that there is
   * not.
   */
  createTransport(options: MemoryTransportOptions = {}): MemoryTransport {
    checkOptionNames(options, TRANSPORT_OPTION_NAMES);
    checkNoNulls(options);
    const { port = 0 } = options;
    checkInteger("port", port, 0, 65_535);
    return new MemoryTransport(this.port, this.transportCount++, this.topology.addHost(options.host), options);
  }

  /** The link from one host to another, for its statistics and queue. RangeError for a host that does not exist. */
  link(from: HostLike, to: HostLike): LinkSimulator {
    return this.topology.namedPath(from, to);
  }

  /**
   * Replaces one direction of the path between two hosts, for datagrams sent from now on; see
   * `LinkSimulator.configure`. RangeError for a host that does not exist or an option out of range.
   */
  setLink(from: HostLike, to: HostLike, link: LinkSpec): LinkSimulator {
    return this.topology.setPath(from, to, link, this.clock.now());
  }

  /** Replaces every path that was not set by `setLink`, and what later paths start with. */
  setDefaultLink(link: LinkSpec): void {
    this.topology.setDefaultPath(link, this.clock.now());
  }

  /**
   * Watches all datagrams, until the returned function is called. The callback comes once when a datagram starts
   * ("sent" or "injected") and once more for the fate of each copy: look at the verdict before counting. What it throws
   * comes out of `send` or the clock. TypeError for what is no function.
   */
  tap(callback: Tap): () => void {
    checkFunction("callback", callback);
    // A function of its own, so that one callback may watch twice.
    const watcher: Tap = (datagram, from, to, verdict, nowMs) => callback(datagram, from, to, verdict, nowMs);
    this.carrier.taps.add(watcher);
    return () => void this.carrier.taps.delete(watcher);
  }

  /**
   * Asks about each datagram that a transport sends: false drops it. undefined lets all pass. TypeError for all else
   * that is no function.
   */
  setFilter(filter: NetworkFilter | undefined): void {
    if (filter !== undefined) checkFunction("filter", filter);
    this.carrier.filter = filter;
  }

  /**
   * Puts a datagram in as an off-path attacker would: with any source address, past filter and links. It arrives
   * `delayMs` (0..86,400,000) from now. RangeError for more than 65,527 bytes or a bad delay.
   */
  inject(datagram: Uint8Array, from: SocketAddress, to: SocketAddress, delayMs: number = 0): void {
    if (datagram.length > MAX_DATAGRAM_BYTES) {
      throw new RangeError(`"datagram" expected at most ${MAX_DATAGRAM_BYTES} bytes, got ${datagram.length}`);
    }
    checkNumber("delayMs", delayMs, 0, MAX_INJECT_DELAY_MS);
    this.carrier.inject(datagram, from, to, delayMs);
  }

  private lookUp(name: string): readonly string[] | undefined {
    const literal = SocketAddress.tryParse(name, 0);
    if (literal === undefined) return this.names.get(name);
    return [literal.family === 4 ? literal.host : literal.ipv6Host];
  }
}

/** The overload with a clock takes one name more. */
const NETWORK_OPTION_NAMES: OptionNames<NetworkOptions & { readonly clock: Clock }> = {
  seed: true,
  link: true,
  maxInFlight: true,
  names: true,
  clock: true,
};

/**
 * Makes a network that lives on `clock`. RangeError for an option out of range, TypeError for one of the wrong kind or
 * that there is not.
 */
export function createNetwork<C extends Clock>(options: NetworkOptions & { readonly clock: C }): MemoryNetwork<C>;
/**
 * Makes a network with a virtual clock. RangeError for an option out of range, TypeError for one of the wrong kind or
 * that there is not.
 */
export function createNetwork(options: NetworkOptions): MemoryNetwork;
export function createNetwork(options: NetworkOptions & { readonly clock?: Clock }): MemoryNetwork<Clock> {
  checkOptionNames(options, NETWORK_OPTION_NAMES);
  checkNoNulls(options);
  const { clock = new VirtualClock() } = options;
  checkClock(clock);
  return new MemoryNetwork(options, clock);
}

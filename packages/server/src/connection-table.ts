import type { Connection, RandomPool } from "@sortie/connection";
import type { TokenBucket } from "@sortie/reliability";
import type { SocketAddress } from "@sortie/transport";
import type { AuthenticateCall } from "./authenticate-call.js";
import { type PortShare, workerBits } from "./port-share.js";

/** Slots at the most: the low half of a connection ID names one. */
export const MAX_SLOTS = 65_536;

/** Slots that there is room for to begin with. */
const INITIAL_SLOTS = 64;

/** A connection and what the server keeps beside it. */
export class ConnectionEntry {
  readonly slot: number;
  readonly connection: Connection;
  /** The SERVER_HELLO, until the client has proved that it holds the keys. */
  serverHello: Uint8Array | undefined;
  /** Whether `authenticate` accepted: it holds a player's slot until it ends. */
  isPeer: boolean;
  /** Whether it waits to be transmitted for: at the end of the tick, or at the next poll. */
  queued: "no" | "held" | "now";
  /** Whether it waits in the list of connections that may have something for the application. */
  eventful: boolean;
  /** The application has ended it: nothing that the peer sent is told any more. */
  isDismissed: boolean;
  /** Whether its owner was told of its end. Set by the table's `finish`. */
  finished: boolean;
  /** Packets that may be opened; undefined where nothing limits them. */
  allowance: TokenBucket | undefined;
  /** The public object, made when the application lets the client in. */
  owner: unknown;
  /** Of `authenticate`, while it has not answered. */
  authenticateCall: AuthenticateCall | undefined;
  /** ms. When the server gives it up, should it be no peer by then. */
  handshakeDeadlineMs: number;
  /** ms. When it became a peer. */
  peerSinceMs: number;
  /** Session ID offered to `authenticate` and told in ACCEPT. */
  readonly sessionId: Uint8Array;
  /** Finds the entry when its CLIENT_HELLO comes again. */
  readonly helloKey: string;

  constructor(slot: number, connection: Connection, sessionId: Uint8Array, helloKey: string, serverHello: Uint8Array) {
    // First what every packet needs: V8 lays fields out as they are assigned.
    this.slot = slot;
    this.connection = connection;
    this.serverHello = serverHello;
    this.isPeer = false;
    this.queued = "no";
    this.eventful = false;
    this.isDismissed = false;
    this.finished = false;
    this.allowance = undefined;
    this.owner = undefined;
    this.authenticateCall = undefined;
    this.handshakeDeadlineMs = Infinity;
    this.peerSinceMs = Infinity;
    this.sessionId = sessionId;
    this.helloKey = helloKey;
  }

  get address(): SocketAddress {
    return this.connection.address as SocketAddress;
  }
}

/**
 * Connections by slot. A connection ID is 16 random bits and the slot's number, so that finding one is an index and a
 * comparison, and no choice of IDs by an attacker can make it slower. Where servers share a port, the first of the
 * random bits are the server's number instead.
 */
export class ConnectionTable {
  private readonly entries: (ConnectionEntry | undefined)[] = [];
  /**
   * Of each slot the connection's ID and, once it is a peer's, the address it is at: what is asked of every datagram
   * as it comes lies side by side, and not in objects that other work has driven out of the caches.
   */
  private ids: Uint32Array = new Uint32Array(INITIAL_SLOTS);
  private readonly homes: (SocketAddress | undefined)[] = [];
  private readonly freeSlots: number[] = [];
  /** Those whose owner was told, and that are there to tell the other side: the oldest first. */
  private readonly finished: Set<ConnectionEntry> = new Set();
  private readonly byHello: Map<string, ConnectionEntry> = new Map();
  private deadlines: Float64Array = new Float64Array(INITIAL_SLOTS).fill(Infinity);
  private readonly capacity: number;
  private readonly random: RandomPool;
  /** Bits of a connection ID that are random. */
  private readonly randomMask: number;
  /** The bits that name the server, in their place. */
  private readonly fixedBits: number;
  private used = 0;

  constructor(capacity: number, random: RandomPool, share?: Pick<PortShare, "worker" | "workers">) {
    this.capacity = Math.min(capacity, MAX_SLOTS);
    this.random = random;
    const bits = share === undefined ? 0 : workerBits(share.workers);
    this.randomMask = 0xffff_0000 & (0xffff_ffff >>> bits);
    this.fixedBits = bits === 0 ? 0 : (share?.worker ?? 0) << (32 - bits);
  }

  get size(): number {
    return this.used;
  }

  /** Whether there is no room for one more. */
  get isFull(): boolean {
    return this.used >= this.capacity;
  }

  /** A connection ID for a free slot; the slot is taken by `add`. Only when not full. */
  nextConnectionId(): number {
    const slot = this.freeSlots.at(-1) ?? this.entries.length;
    return (this.fixedBits | (this.random.u32() & this.randomMask) | slot) >>> 0;
  }

  add(entry: ConnectionEntry): void {
    const { slot } = entry;
    if (this.freeSlots.at(-1) === slot) this.freeSlots.pop();
    this.entries[slot] = entry;
    this.homes[slot] = undefined;
    if (slot >= this.ids.length) this.grow();
    this.ids[slot] = entry.connection.localConnectionId;
    this.byHello.set(entry.helloKey, entry);
    this.used += 1;
  }

  remove(entry: ConnectionEntry): void {
    if (this.entries[entry.slot] !== entry) return;
    this.entries[entry.slot] = undefined;
    this.homes[entry.slot] = undefined;
    this.deadlines[entry.slot] = Infinity;
    this.freeSlots.push(entry.slot);
    this.finished.delete(entry);
    if (this.byHello.get(entry.helloKey) === entry) this.byHello.delete(entry.helloKey);
    this.used -= 1;
  }

  /** The owner was told of its end: it holds neither a peer's place nor that of a client which wants to be one. */
  finish(entry: ConnectionEntry): void {
    entry.finished = true;
    if (this.entries[entry.slot] === entry) this.finished.add(entry);
  }

  /** The one that ended first of those that have, and are there still. */
  get oldestFinished(): ConnectionEntry | undefined {
    const [oldest] = this.finished;
    return oldest;
  }

  find(connectionId: number): ConnectionEntry | undefined {
    const slot = connectionId & 0xffff;
    return this.ids[slot] === connectionId ? this.entries[slot] : undefined;
  }

  /** Where the peer with that connection ID is; undefined for connections that are no peers, and for none. */
  homeOf(connectionId: number): SocketAddress | undefined {
    const slot = connectionId & 0xffff;
    return this.ids[slot] === connectionId ? this.homes[slot] : undefined;
  }

  /** The entry is a peer's, which is at this address now. Changes nothing for an entry that was removed. */
  setHome(entry: ConnectionEntry, address: SocketAddress): void {
    if (this.homes[entry.slot] !== address && this.entries[entry.slot] === entry) this.homes[entry.slot] = address;
  }

  findByHello(helloKey: string): ConnectionEntry | undefined {
    return this.byHello.get(helloKey);
  }

  /** Changes nothing for an entry that was removed: its slot may be another's by now. */
  setDeadline(entry: ConnectionEntry, atMs: number): void {
    if (this.entries[entry.slot] === entry) this.deadlines[entry.slot] = atMs;
  }

  /** Earliest deadline of all connections. */
  nextDeadline(): number {
    let earliest = Infinity;
    const { length } = this.entries;
    for (let slot = 0; slot < length; slot++) {
      const at = this.deadlines[slot] as number;
      if (at < earliest) earliest = at;
    }
    return earliest;
  }

  /** The entry of the first slot from `slot` on whose deadline has passed. */
  nextDue(slot: number, nowMs: number): ConnectionEntry | undefined {
    const { length } = this.entries;
    for (let at = slot; at < length; at++) {
      if ((this.deadlines[at] as number) <= nowMs) return this.entries[at];
    }
    return undefined;
  }

  forEach(visit: (entry: ConnectionEntry) => void): void {
    for (const entry of this.entries) if (entry !== undefined) visit(entry);
  }

  private grow(): void {
    const ids = new Uint32Array(this.ids.length * 2);
    ids.set(this.ids);
    this.ids = ids;
    const deadlines = new Float64Array(ids.length).fill(Infinity);
    deadlines.set(this.deadlines);
    this.deadlines = deadlines;
  }
}

import { DropCounters } from "@sortie/connection";
import type { DatagramBatch, DatagramCore, SocketAddress, TransportError } from "@sortie/transport";
import { datagramKind, HANDSHAKE_HEADER_BYTES, PACKET_HEADER_BYTES, readConnectionId } from "@sortie/wire";
import type { ClientCore } from "../client-core.js";
import { SwarmClient, type SwarmOwner } from "./swarm-client.js";

/** bytes. Handshake packets to a client have its connection ID behind their header (docs/PROTOCOL.md section 3). */
const ANSWER_ID_AT: number = HANDSHAKE_HEADER_BYTES;
/** bytes. The shortest that has an ID in the first place, whichever of both. */
const SHORTEST_BYTES: number = PACKET_HEADER_BYTES;

/**
 * Many clients behind one socket: each is a {@link ClientCore}; what arrives finds its client by the connection ID that
 * the client chose, what they have to send goes out in common batches.
 */
export class SwarmCore implements DatagramCore {
  /** Datagrams that found no client. */
  readonly drops: DropCounters = new DropCounters();
  /** Clients that may have something to tell, in the order in which it happened. */
  readonly eventful: SwarmClient[] = [];
  /** Hears of faults of the socket. */
  onSocketError: (error: TransportError) => void = () => {};
  /** Hears of what threw in the work for one client, which has ended it, in the middle of the work for the others. */
  onFault: (error: unknown) => void = () => {};
  readonly #slots: (SwarmClient | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #byId: Map<number, SwarmClient> = new Map();
  readonly #byServerId: Map<number, SwarmClient> = new Map();
  #deadlines: Float64Array = new Float64Array(64).fill(Infinity);
  #queue: SwarmClient[] = [];
  #added = 0;

  /** Clients that are not over. */
  get size(): number {
    return this.#byId.size;
  }

  clients(): IterableIterator<SwarmClient> {
    return this.#byId.values();
  }

  /** @param makeCore called again where the connection ID is taken: it is random, of 32 bits */
  add(makeCore: () => ClientCore, owner: SwarmOwner): SwarmClient {
    let core = makeCore();
    while (this.#byId.has(core.connectionId)) core = makeCore();
    const slot = this.#freeSlots.pop() ?? this.#slots.length;
    const client = new SwarmClient(this.#added++, slot, core, owner);
    this.#slots[slot] = client;
    if (slot >= this.#deadlines.length) {
      const grown = new Float64Array(this.#deadlines.length * 2).fill(Infinity);
      grown.set(this.#deadlines);
      this.#deadlines = grown;
    }
    this.#byId.set(core.connectionId, client);
    return client;
  }

  /** A client that is over, and of which all was told, is forgotten; what still comes for it finds nobody. */
  remove(client: SwarmClient): void {
    const { slot } = client;
    if (this.#slots[slot] !== client) return;
    this.#slots[slot] = undefined;
    this.#deadlines[slot] = Infinity;
    this.#freeSlots.push(slot);
    this.#byId.delete(client.core.connectionId);
    this.#forgetServerId(client);
  }

  /** The client was acted upon, or heard something. */
  touch(client: SwarmClient): void {
    this.#markEventful(client);
    if (client.isQueued) return;
    client.isQueued = true;
    this.#queue.push(client);
  }

  receive(datagram: Uint8Array, from: SocketAddress, nowMs: number): void {
    const client = this.#find(datagram);
    if (client === undefined) return;
    try {
      client.core.receive(datagram, from, nowMs);
    } catch (error) {
      this.onFault(error);
    }
    // One that failed is over, which its owner hears at once.
    this.touch(client);
    this.#learnServerId(client);
  }

  receiveEnd(): void {}

  pollTransmit(batch: DatagramBatch, nowMs: number): boolean {
    const queue = this.#queue;
    for (let done = 0; done < queue.length; done++) {
      const client = queue[done] as SwarmClient;
      if (batch.count === batch.capacity) {
        this.#queue = queue.slice(done);
        return true;
      }
      if (this.#transmitFor(client, batch, nowMs)) {
        // The others have their turn before it goes on.
        this.#queue = [...queue.slice(done + 1), client];
        return true;
      }
      client.isQueued = false;
      this.#arm(client);
      if (client.state === "closed") this.#markEventful(client);
    }
    queue.length = 0;
    return false;
  }

  nextTimeoutAt(): number {
    let earliest = Infinity;
    const { length } = this.#slots;
    for (let slot = 0; slot < length; slot++) {
      const at = this.#deadlines[slot] as number;
      if (at < earliest) earliest = at;
    }
    return earliest;
  }

  handleTimeout(nowMs: number): void {
    const { length } = this.#slots;
    for (let slot = 0; slot < length; slot++) {
      const client = this.#slots[slot];
      if (client === undefined || (this.#deadlines[slot] as number) > nowMs) continue;
      try {
        client.core.handleTimeout(nowMs);
      } catch (error) {
        this.onFault(error);
      }
      this.#arm(client);
      this.touch(client);
    }
  }

  /** The socket is shared: a fault of it is no reason for one client to move. */
  onTransportError(error: TransportError): void {
    this.onSocketError(error);
  }

  /** True when the batch is full and more waits. What a client that fails has in it by then goes, as that of others. */
  #transmitFor(client: SwarmClient, batch: DatagramBatch, nowMs: number): boolean {
    try {
      return client.core.pollTransmit(batch, nowMs);
    } catch (error) {
      this.onFault(error);
      return false;
    }
  }

  #find(datagram: Uint8Array): SwarmClient | undefined {
    if (datagram.length < SHORTEST_BYTES) {
      this.drops.count("too-short");
      return undefined;
    }
    const kind = datagramKind(datagram[0] as number);
    if (kind === "unknown") {
      this.drops.count("unknown-type");
      return undefined;
    }
    const isHandshake = kind === "handshake";
    const id = isHandshake ? readConnectionId(datagram, ANSWER_ID_AT - 1) : readConnectionId(datagram);
    // A server that restarted knows its own ID of the connection only, out of our packet: its reset has that one.
    const client = this.#byId.get(id) ?? (isHandshake ? undefined : this.#byServerId.get(id));
    if (client === undefined) this.drops.count(isHandshake ? "unexpected-handshake" : "unknown-connection");
    return client;
  }

  #markEventful(client: SwarmClient): void {
    if (client.isEventful) return;
    client.isEventful = true;
    this.eventful.push(client);
  }

  #learnServerId(client: SwarmClient): void {
    const id = client.core.connection?.remoteConnectionId;
    if (id === undefined || id === client.serverConnectionId) return;
    this.#forgetServerId(client);
    client.serverConnectionId = id;
    this.#byServerId.set(id, client);
  }

  #forgetServerId(client: SwarmClient): void {
    const { serverConnectionId: id } = client;
    if (id !== undefined && this.#byServerId.get(id) === client) this.#byServerId.delete(id);
  }

  /** Changes nothing for a client that was removed: its slot may be another's by now. */
  #arm(client: SwarmClient): void {
    if (this.#slots[client.slot] === client) this.#deadlines[client.slot] = client.core.nextTimeoutAt();
  }
}

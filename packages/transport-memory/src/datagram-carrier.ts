import type { Clock, DatagramBatch, SocketAddress, TimerHandle } from "@sortie/transport";
import { DeliveryQueue, type InFlightDatagram } from "./delivery-queue.js";
import type { LinkSimulator, LinkVerdict } from "./link.js";
import type { MemoryTransport } from "./memory-transport.js";
import { type DropCause, NetworkCounters, type NetworkStatistics, type TapVerdict } from "./network-statistics.js";
import type { Topology } from "./topology.js";

/** The links of a datagram's way, in order. */
const STAGE_SEND_LINK = 0;
const STAGE_PATH = 1;
const STAGE_RECEIVE_LINK = 2;
const STAGE_ARRIVED = 3;

/** Sees datagrams and their fates; `datagram` is valid until it returns and must not be changed. */
export type Tap = (
  datagram: Uint8Array,
  from: SocketAddress,
  to: SocketAddress,
  verdict: TapVerdict,
  nowMs: number,
) => void;

/** Says whether a datagram that was just sent may go on its way; `datagram` is valid until it returns. */
export type NetworkFilter = (datagram: Uint8Array, from: SocketAddress, to: SocketAddress) => boolean;

/** Moves datagrams from sender to receiver through the links of their way, as the clock comes to it. */
export class DatagramCarrier {
  filter: NetworkFilter | undefined = undefined;
  readonly taps: Set<Tap> = new Set();
  private readonly topology: Topology;
  private readonly clock: Clock;
  private readonly queue: DeliveryQueue;
  private readonly counters: NetworkCounters = new NetworkCounters();
  private timer: TimerHandle | undefined = undefined;
  /** Datagrams that arrive at the present instant, and the transports that they go to. */
  private readonly arrived: InFlightDatagram[] = [];
  private readonly reached: MemoryTransport[] = [];
  private errors: unknown[] | undefined = undefined;

  constructor(topology: Topology, clock: Clock, maxInFlight: number) {
    this.topology = topology;
    this.clock = clock;
    this.queue = new DeliveryQueue(maxInFlight);
  }

  statistics(): NetworkStatistics {
    const { counters, queue } = this;
    return { ...counters, dropped: { ...counters.dropped }, inFlight: queue.inFlight };
  }

  /** Puts one datagram of a batch on its way. */
  carry(sender: MemoryTransport, from: SocketAddress, batch: DatagramBatch, index: number): void {
    const { counters } = this;
    const to = batch.addresses[index] as SocketAddress;
    const length = batch.lengths[index] as number;
    counters.sent++;
    counters.sentBytes += length;
    if (this.taps.size > 0) this.report(batch.payload(index), from, to, "sent");
    if (this.filter !== undefined && !this.filter(batch.payload(index), from, to)) {
      this.drop(batch.payload(index), from, to, "filtered");
      return;
    }
    const pathLink = this.topology.pathBetween(from, to);
    if (pathLink === undefined) {
      this.drop(batch.payload(index), from, to, this.topology.isHost(to) ? "limit" : "unreachable");
      return;
    }
    const entry = this.queue.take(batch.buffer, batch.offsets[index] as number, length);
    if (entry === undefined) {
      this.drop(batch.payload(index), from, to, "limit");
      return;
    }
    entry.from = from;
    entry.to = to;
    entry.stage = STAGE_SEND_LINK;
    entry.sendLink = sender.sendLink;
    entry.pathLink = pathLink;
    const nowMs = this.clock.now();
    try {
      if (this.advance(entry, nowMs)) this.queue.push(entry, nowMs);
    } finally {
      this.arm();
    }
  }

  /** Puts a datagram in that arrives `delayMs` from now, past filter and links. */
  inject(datagram: Uint8Array, from: SocketAddress, to: SocketAddress, delayMs: number): void {
    this.counters.injected++;
    this.report(datagram, from, to, "injected");
    const entry = this.queue.take(datagram, 0, datagram.length);
    if (entry === undefined) {
      this.drop(datagram, from, to, "limit");
      return;
    }
    entry.from = from;
    entry.to = to;
    entry.stage = STAGE_ARRIVED;
    this.queue.push(entry, this.clock.now() + delayMs);
    this.arm();
  }

  /**
   * Takes a datagram through the links that it still has to pass, up to one that delays it. True when it is at its
   * target; otherwise it is in the queue, or dropped and released.
   */
  private advance(entry: InFlightDatagram, nowMs: number): boolean {
    while (entry.stage < STAGE_ARRIVED) {
      const link = this.nextLink(entry);
      entry.stage++;
      if (link === undefined) continue;
      const copies = link.transmit(entry.payload.length, nowMs);
      if (copies === 0) {
        this.dropEntry(entry, link.verdict as Exclude<LinkVerdict, "passed">);
        return false;
      }
      const isSecondSent = copies === 2 && this.sendSecondCopy(entry, link);
      if (link.isCorrupted(0)) this.damage(entry, link);
      const arrivalMs = link.arrivalMs(0);
      if (copies === 1 && arrivalMs <= nowMs) continue;
      this.queue.push(entry, arrivalMs);
      // Last, because it tells the taps: they may send, which uses the link again, or throw.
      if (copies === 2 && !isSecondSent) this.dropCopy(entry, "limit");
      return false;
    }
    return true;
  }

  private nextLink(entry: InFlightDatagram): LinkSimulator | undefined {
    if (entry.stage === STAGE_SEND_LINK) return entry.sendLink;
    if (entry.stage === STAGE_PATH) return entry.pathLink;
    return entry.stage === STAGE_RECEIVE_LINK ? this.target(entry)?.receiveLink : undefined;
  }

  private target(entry: InFlightDatagram): MemoryTransport | undefined {
    return this.topology.transportAt(entry.to as SocketAddress);
  }

  /** False when there was no room for it. */
  private sendSecondCopy(entry: InFlightDatagram, link: LinkSimulator): boolean {
    this.counters.duplicated++;
    const copy = this.queue.copy(entry);
    if (copy === undefined) return false;
    if (link.isCorrupted(1)) this.damage(copy, link);
    this.queue.push(copy, link.arrivalMs(1));
    return true;
  }

  private damage(entry: InFlightDatagram, link: LinkSimulator): void {
    this.counters.corrupted++;
    link.damage(entry.payload);
  }

  /** One timer, for the earliest arrival. */
  private arm(): void {
    const atMs = this.queue.nextAtMs;
    if (atMs === Infinity) return;
    if (this.timer !== undefined) {
      if (this.timer.atMs <= atMs) return;
      this.clock.clearTimer(this.timer);
    }
    this.timer = this.clock.setTimer(atMs, this.onTimer);
  }

  /**
   * Hands over all that is due, then ends the batch of each transport that got something. A receiver or tap that throws
   * must not cost others their datagrams: all are served first, then the errors go on.
   */
  private readonly onTimer = (): void => {
    this.timer = undefined;
    const count = this.collectArrivals();
    for (let i = 0; i < count; i++) this.deliver(this.arrived[i] as InFlightDatagram);
    this.endBatches();
    this.arm();
    const { errors } = this;
    if (errors === undefined) return;
    this.errors = undefined;
    throw errors.length === 1 ? errors[0] : new AggregateError(errors, "several receivers threw at one instant");
  };

  /**
   * Fills `arrived` with the datagrams that are at their target now, and returns their number. No receiver runs yet, so
   * that what it sends in answer belongs to the next batch.
   */
  private collectArrivals(): number {
    const { arrived, queue } = this;
    const nowMs = this.clock.now();
    let count = 0;
    for (let entry = queue.popDue(nowMs); entry !== undefined; entry = queue.popDue(nowMs)) {
      try {
        // Released entries stay in the list until they are overwritten: the pool keeps them alive anyhow.
        if (this.advance(entry, entry.atMs)) arrived[count++] = entry;
      } catch (error) {
        this.fail(error);
      }
    }
    return count;
  }

  private deliver(entry: InFlightDatagram): void {
    try {
      const transport = this.target(entry);
      if (transport === undefined) this.dropCopy(entry, "unreachable");
      else this.handOver(entry, transport);
    } catch (error) {
      this.fail(error);
    }
    this.queue.release(entry);
  }

  private handOver(entry: InFlightDatagram, transport: MemoryTransport): void {
    this.counters.delivered++;
    this.counters.deliveredBytes += entry.payload.length;
    const from = entry.from as SocketAddress;
    if (transport.beginBatch()) this.reached.push(transport);
    this.report(entry.payload, from, entry.to as SocketAddress, "delivered");
    transport.deliver(entry.payload, from);
  }

  private endBatches(): void {
    const { reached } = this;
    for (const transport of reached) {
      try {
        transport.endBatch();
      } catch (error) {
        this.fail(error);
      }
    }
    reached.length = 0;
  }

  private fail(error: unknown): void {
    (this.errors ??= []).push(error);
  }

  private dropEntry(entry: InFlightDatagram, cause: DropCause): void {
    try {
      this.dropCopy(entry, cause);
    } finally {
      this.queue.release(entry);
    }
  }

  private dropCopy(entry: InFlightDatagram, cause: DropCause): void {
    this.drop(entry.payload, entry.from as SocketAddress, entry.to as SocketAddress, cause);
  }

  private drop(datagram: Uint8Array, from: SocketAddress, to: SocketAddress, cause: DropCause): void {
    this.counters.dropped[cause]++;
    this.report(datagram, from, to, cause);
  }

  private report(datagram: Uint8Array, from: SocketAddress, to: SocketAddress, verdict: TapVerdict): void {
    if (this.taps.size === 0) return;
    for (const tap of this.taps) tap(datagram, from, to, verdict, this.clock.now());
  }
}

import { type DisconnectReason, DropCounters, type DropReason, reasonOfFault, wasHeldUp } from "@sortie/connection";
import type { Identity } from "@sortie/handshake";
import type { DatagramBatch, DatagramCore, SocketAddress, TransportError } from "@sortie/transport";
import {
  CloseCode,
  datagramKind,
  MAX_DATAGRAM_BYTES,
  MIN_PROTECTED_BYTES,
  readConnectionId,
  RejectReason,
} from "@sortie/wire";
import { Admission } from "./admission.js";
import { type ConnectionEntry, ConnectionTable } from "./connection-table.js";
import { EntryQueue } from "./entry-queue.js";
import { PacketLimit } from "./packet-limit.js";
import { Prefetcher } from "./prefetcher.js";
import { ReplyQueue } from "./reply-queue.js";
import { ResetAnswers } from "./reset-answers.js";
import type { ConnectRequest, ServerCoreHandler } from "./server-core-handler.js";
import type { ServerCoreOptions } from "./server-core-options.js";
import { TickInbox } from "./tick-inbox.js";

/**
 * The server without socket, timers and clock: finds each datagram's connection, admits new ones, collects what
 * happened for `dispatch`, and fills batches. Feed it by the methods of {@link DatagramCore}; then poll `pollRequest`,
 * `dispatch`, `pollTransmit`, `nextTimeoutAt`. `nowMs` is monotonic and never runs backwards.
 */
export class ServerCore implements DatagramCore {
  readonly drops: DropCounters = new DropCounters();
  readonly table: ConnectionTable;
  readonly admission: Admission;
  /** Accepted peers whose end was not yet dispatched. */
  peerCount = 0;
  /** Why all newcomers are turned away; undefined while they are not. */
  shutdownReason: string | undefined = undefined;
  private readonly options: ServerCoreOptions;
  private readonly replies: ReplyQueue = new ReplyQueue();
  private readonly resets: ResetAnswers;
  private readonly requests: ConnectRequest[] = [];
  /** Connections that may have something for the application, in the order in which it came. */
  private readonly eventful = new EntryQueue();
  /** Connections to transmit for at the next poll. */
  private readonly sendNow = new EntryQueue();
  /** Peers whose datagrams wait for the end of the tick. */
  private readonly held = new EntryQueue();
  /** Datagrams of peers that wait for the tick; undefined without ticks, and with slow ones. */
  private readonly inbox: TickInbox | undefined;
  private readonly prefetcher: Prefetcher;
  private readonly packets: PacketLimit;
  /** Whether something came since the last `receiveEnd` that does not wait for the tick. */
  private hasNews = false;
  /** ms. The latest time that a connection was told. What arrived before counts as of then: time never runs back. */
  private latestMs = 0;
  /** Counts the ticks, for peers to take turns at being sent to first. */
  private turn = 0;

  constructor(options: ServerCoreOptions) {
    this.options = options;
    const { resources, maxPeers, maxHalfOpen } = options;
    this.table = new ConnectionTable(maxPeers + maxHalfOpen, resources.random, options.share);
    this.admission = new Admission({ ...options, table: this.table, replies: this.replies });
    this.resets = new ResetAnswers(resources.crypto, options.identity, this.replies, options.onFault);
    this.inbox = TickInbox.forTicksOf(options.tickIntervalMs);
    this.prefetcher = new Prefetcher(this.table);
    this.packets = new PacketLimit(options.packetsPerPeer);
  }

  /** Shows another identity from now on; whom it accepts learns of a restart with that one. Throws RangeError. */
  setIdentity(identity: Identity): void {
    this.resets.setIdentity(identity);
    this.admission.identity = identity;
  }

  /** Takes a datagram; with ticks of 34 ms or less, one of a peer waits for `receiveHeld`. */
  receive(datagram: Uint8Array, from: SocketAddress, nowMs: number, waitedMs: number = 0): void {
    const { inbox } = this;
    const arrivedAtMs = waitedMs > 0 ? nowMs - waitedMs : nowMs;
    if (inbox !== undefined) {
      const home = this.homeOf(datagram);
      if (home !== undefined && (home === from || home.equals(from))) {
        if (inbox.isFull) this.receiveHeld();
        inbox.push(datagram, from, arrivedAtMs);
        return;
      }
      // A peer at a new address misses what goes to the old one: it is answered now. What waits keeps its place.
      if (home !== undefined) this.receiveHeld();
    }
    this.hasNews = true;
    this.receiveAt(arrivedAtMs, datagram, from);
  }

  /** Nothing waits for the end of a batch but the flush that the driver does after it. */
  receiveEnd(): void {
    this.hasNews = false;
  }

  /** False when all that came waits for the tick. */
  needsFlush(): boolean {
    return this.hasNews;
  }

  /** Whether what peers send waits for the tick, so that it may as well wait before it is read. */
  get canWait(): boolean {
    return this.inbox !== undefined;
  }

  /** Start of a tick: opens what peers have sent since the last one, each as of the time when it came. */
  receiveHeld(): void {
    const { inbox } = this;
    if (inbox === undefined) return;
    for (let i = 0; i < inbox.count; i++) {
      this.prefetcher.beforeOpening(inbox, i);
      this.receiveAt(inbox.arrivedAtMs(i), inbox.datagram(i), inbox.from(i));
    }
    inbox.clear();
  }

  /** The transport goes on if it can; peers behind a dead socket end by their idle timeout. */
  onTransportError(error: TransportError): void {
    this.options.onTransportError?.(error);
  }

  /** The next client that asks to be let in: answer with `accept` or `refuse`. */
  pollRequest(): ConnectRequest | undefined {
    return this.requests.shift();
  }

  /** Lets a client in; false when it has gone meanwhile or no slot is left (it is told so). */
  accept(entry: ConnectionEntry, nowMs: number): boolean {
    const { connection } = entry;
    if (this.refusal() !== undefined) {
      const text = this.shutdownReason;
      if (text === undefined) this.close(entry, CloseCode.ServerFull, "the server is full", nowMs);
      else this.close(entry, CloseCode.ShuttingDown, text, nowMs);
      return false;
    }
    const token = this.resets.token(connection.localConnectionId, entry.address.bytes);
    if (!connection.accept(entry.sessionId, token, nowMs)) return false;
    entry.isPeer = true;
    this.table.setHome(entry, entry.address);
    this.admission.halfOpen -= 1;
    this.peerCount += 1;
    this.markEventful(entry);
    // ACCEPT is part of the handshake: it does not wait for the end of the tick.
    this.queueNow(entry);
    return true;
  }

  /** Ends a connection, half-open or not; reliable data is delivered first, until `flushUntilMs`. */
  close(entry: ConnectionEntry, code: CloseCode, text: string, nowMs: number, flushUntilMs: number = nowMs): void {
    entry.connection.close(code, text, nowMs, flushUntilMs);
    this.afterInput(entry);
  }

  /** Ends all connections without a word: the socket is gone. `dispatch` tells of it. */
  abortAll(reason: DisconnectReason, nowMs: number): void {
    this.table.forEach((entry) => {
      entry.connection.abort(reason, nowMs);
      this.afterInput(entry);
    });
  }

  /** Tells the handler of everything since the last call, connection by connection. */
  dispatch(handler: ServerCoreHandler): void {
    // What comes up meanwhile waits for the next call: a listener that makes events would else never come to rest.
    for (let left = this.eventful.size; left > 0; left--) {
      const entry = this.eventful.shift();
      if (entry === undefined) return; // A listener's own call has been through them.
      entry.eventful = false;
      this.dispatchEntry(entry, handler);
    }
  }

  /** The application queued something for this connection. */
  markTransmit(entry: ConnectionEntry): void {
    if (this.options.tickIntervalMs === 0 || entry.connection.state !== "connected") this.queueNow(entry);
    else if (entry.queued === "no") {
      entry.queued = "held";
      this.held.push(entry);
    }
  }

  /** This peer's datagrams wait no longer. */
  queueNow(entry: ConnectionEntry): void {
    if (entry.queued === "now") return;
    entry.queued = "now";
    this.sendNow.push(entry);
  }

  /** End of a tick: what was held back may go with the next poll. */
  releasePeers(): void {
    // Whoever always goes first finds the shortest queue before a shared bottleneck, and the others wait behind him.
    if (this.held.size > 1) this.held.rotate(this.turn++ % this.held.size);
    for (let entry = this.held.shift(); entry !== undefined; entry = this.held.shift()) {
      if (entry.queued === "held") this.queueNow(entry);
    }
  }

  pollTransmit(batch: DatagramBatch, nowMs: number): boolean {
    this.latestMs = nowMs;
    if (this.replies.drainInto(batch)) return true;
    const { sendNow, prefetcher } = this;
    for (let entry = sendNow.peek(); entry !== undefined; entry = sendNow.peek()) {
      prefetcher.beforeBuilding(sendNow);
      if (!this.transmitFor(entry, batch, nowMs)) return true;
      sendNow.shift();
      prefetcher.onBuilt();
      entry.queued = "no";
      this.setDeadline(entry, nowMs);
      this.removeIfOver(entry);
    }
    return false;
  }

  /** Whether nothing needs ticks. */
  get isIdle(): boolean {
    return this.table.size === 0 && !this.admission.hasWaiting;
  }

  /** With ticks the tick loop asks for timeouts; without, the driver does. */
  nextTimeoutAt(): number {
    return this.options.tickIntervalMs > 0 ? Infinity : this.table.nextDeadline();
  }

  handleTimeout(nowMs: number): void {
    this.latestMs = nowMs;
    this.admission.startWaiting(nowMs, this.refusal(), this.drops);
    if (wasHeldUp(this.table.nextDeadline(), nowMs, this.options.tickIntervalMs)) {
      this.packets.excuse(nowMs);
      this.table.forEach((held) => {
        held.connection.excuseSilence(nowMs);
        this.setDeadline(held, nowMs);
      });
    }
    let entry = this.table.nextDue(0, nowMs);
    while (entry !== undefined) {
      this.handleTimeoutOf(entry, nowMs);
      entry = this.table.nextDue(entry.slot + 1, nowMs);
    }
  }

  /** Where the peer is that a datagram says it comes from; undefined for newcomers and handshakes: they do not wait. */
  private homeOf(datagram: Uint8Array): SocketAddress | undefined {
    const { length } = datagram;
    if (length < MIN_PROTECTED_BYTES || length > MAX_DATAGRAM_BYTES) return undefined;
    if (datagramKind(datagram[0] as number) !== "protected") return undefined;
    return this.table.homeOf(readConnectionId(datagram));
  }

  private receiveAt(arrivedAtMs: number, datagram: Uint8Array, from: SocketAddress): void {
    // The number that came is handed on: one computed here would be put in a box for each function that is told it.
    const nowMs = arrivedAtMs < this.latestMs ? this.latestMs : arrivedAtMs;
    this.latestMs = nowMs;
    const dropped = this.route(datagram, from, nowMs);
    if (dropped !== undefined) this.drops.count(dropped);
  }

  private route(datagram: Uint8Array, from: SocketAddress, nowMs: number): DropReason | undefined {
    if (datagram.length === 0) return "too-short";
    if (datagram.length > MAX_DATAGRAM_BYTES) return "too-long";
    if (this.options.blockList.has(from)) return "blocked";
    const kind = datagramKind(datagram[0] as number);
    if (kind === "unknown") return "unknown-type";
    if (kind === "handshake") return this.admission.receive(datagram, from, nowMs, this.refusal());
    if (datagram.length < MIN_PROTECTED_BYTES) return "too-short";
    const entry = this.table.find(readConnectionId(datagram));
    if (entry === undefined) return this.resets.answer(datagram, from, nowMs);
    if (!this.packets.allows(entry, nowMs)) return "peer-rate-limited";
    const dropped = this.receiveFor(entry, datagram, from, nowMs);
    this.packets.onOpened(entry, dropped, nowMs);
    // The client holds the keys: its hello needs no answer any more. CONNECT is heard of a packet that is refused, too.
    if (dropped === undefined || entry.connection.state === "authenticating") entry.serverHello = undefined;
    this.afterInput(entry);
    return dropped;
  }

  private receiveFor(
    entry: ConnectionEntry,
    datagram: Uint8Array,
    from: SocketAddress,
    nowMs: number,
  ): DropReason | undefined {
    try {
      return entry.connection.receive(datagram, from, nowMs);
    } catch (error) {
      this.onFault(entry, error, nowMs);
      return "closing";
    }
  }

  private handleTimeoutOf(entry: ConnectionEntry, nowMs: number): void {
    try {
      entry.connection.handleTimeout(nowMs);
    } catch (error) {
      this.onFault(entry, error, nowMs);
    }
    this.setDeadline(entry, nowMs);
    this.afterInput(entry);
  }

  private setDeadline(entry: ConnectionEntry, nowMs: number): void {
    const { connection } = entry;
    try {
      this.table.setDeadline(entry, connection.nextTimeoutAt());
    } catch (error) {
      this.onFault(entry, error, nowMs);
      this.table.setDeadline(entry, Infinity);
    }
  }

  /** Fails closed, for this connection alone: nothing more is sent or taken under its keys. */
  private onFault(entry: ConnectionEntry, error: unknown, nowMs: number): void {
    entry.connection.abort(reasonOfFault(error), nowMs);
    this.afterInput(entry);
    this.options.onFault?.(error, entry);
  }

  /** Whether newcomers are let in at present. */
  get isAccepting(): boolean {
    return this.refusal() === undefined;
  }

  private refusal(): RejectReason | undefined {
    if (this.shutdownReason !== undefined) return RejectReason.ShuttingDown;
    return this.peerCount >= this.options.maxPeers ? RejectReason.ServerFull : undefined;
  }

  /** Something happened at the connection. Requests are taken up at once; everything else waits for `dispatch`. */
  afterInput(entry: ConnectionEntry): void {
    if (entry.isPeer) {
      this.table.setHome(entry, entry.address);
    } else {
      const payload = entry.connection.takeConnectRequest();
      if (payload !== undefined) this.requests.push({ entry, payload });
    }
    if (!entry.finished) this.markEventful(entry);
    this.removeIfOver(entry);
    if (entry.connection.isPathWaiting) this.queueNow(entry);
    else this.markTransmit(entry);
  }

  private markEventful(entry: ConnectionEntry): void {
    if (entry.eventful) return;
    entry.eventful = true;
    this.eventful.push(entry);
  }

  private dispatchEntry(entry: ConnectionEntry, handler: ServerCoreHandler): void {
    const { connection } = entry;
    let ended: DisconnectReason | undefined;
    for (let event = connection.pollEvent(); event !== undefined; event = connection.pollEvent()) {
      if (event.type === "connected") handler.onConnect(entry);
      else if (event.type === "closed") ended = event.reason;
      else if (entry.isDismissed) continue;
      else if (event.type === "quality") handler.onQuality(entry, event.quality);
      else if (event.type === "drain") handler.onDrain(entry);
      else if (event.type === "advice") handler.onAdvice(entry, event.advice);
    }
    if (entry.isPeer) {
      for (let message = connection.pollMessage(); message !== undefined; message = connection.pollMessage()) {
        // What is read gives credit, which is to be sent. After a datagram the connection is marked already.
        if (entry.queued === "no") this.markTransmit(entry);
        // Of one that was sent away they are read to be forgotten: its Peer may be kept for long.
        if (!entry.isDismissed) handler.onMessage(entry, message);
      }
    }
    if (ended === undefined) return;
    this.table.finish(entry);
    if (entry.isPeer) {
      this.peerCount -= 1;
      handler.onDisconnect(entry, ended);
    } else {
      this.admission.onGone(entry, ended);
      handler.onHandshakeFailed(entry, ended);
    }
    this.removeIfOver(entry);
  }

  /** Writes a connection's datagrams; false when the batch is full and more may wait. */
  private transmitFor(entry: ConnectionEntry, batch: DatagramBatch, nowMs: number): boolean {
    const { connection } = entry;
    for (;;) {
      const at = batch.reserve();
      if (at < 0) return false;
      let length = 0;
      try {
        length = connection.pollTransmit(batch.buffer, at, nowMs);
      } catch (error) {
        this.onFault(entry, error, nowMs);
      }
      if (length === 0) return true;
      batch.commit(length, connection.transmitTo as SocketAddress);
    }
  }

  private removeIfOver(entry: ConnectionEntry): void {
    if (entry.finished && entry.connection.state === "closed") this.table.remove(entry);
  }
}

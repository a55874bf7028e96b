import {
  callContained,
  checkIdentity,
  containedKeyLog,
  createResources,
  type DisconnectReason,
  resolveProtocolOptions,
  toHex,
  TypedEmitter,
} from "@sortie/connection";
import { type Identity, protocolId } from "@sortie/handshake";
import { type Clock, Driver, refusedSends, SystemClock } from "@sortie/transport";
import { CloseCode } from "@sortie/wire";
import type { AccessLogEntry } from "./access-log.js";
import { AuthenticateCall } from "./authenticate-call.js";
import { authenticateClient, type Decision } from "./authenticator.js";
import { BlockList } from "./block-list.js";
import { broadcast, type BroadcastParts } from "./broadcast.js";
import type { BroadcastOptions } from "./broadcast-options.js";
import { closedMeanwhile } from "./closed-meanwhile.js";
import type { ConnectionEntry } from "./connection-table.js";
import { SERVER_EVENTS, type ServerEvents } from "./events.js";
import type { ListenAddress } from "./listen-address.js";
import { checkServerOptions, DEFAULT_TICK_RATE, limitsOf, type ServerOptions } from "./options.js";
import { Peer, type PeerHost } from "./peer.js";
import { enterPeer, PeerMap, removePeer } from "./peer-map.js";
import { partOfLimits } from "./port-share.js";
import { RefusalCounters } from "./refusal-counters.js";
import { ServerCore } from "./server-core.js";
import type { ConnectRequest, ServerCoreHandler } from "./server-core-handler.js";
import { ServerLog } from "./server-log.js";
import { createPeerHost } from "./server-peer-host.js";
import { type CloseOptions, Shutdown } from "./shutdown.js";
import { coreStatistics, type ServerStatistics } from "./statistics.js";
import { type TickEvent, TickLoop } from "./tick-loop.js";

/**
 * Ticks that the transport may keep what peers send, where it waits for the tick anyway: a process that is woken for
 * each datagram spends more on waking than on the datagram. More than one: it is the tick that asks for them.
 */
const RECEIVE_HOLD_TICKS = 1.5;
/** Of servers that share a port each has its own range of peer IDs: 64 of them fill 32 bits. */
const PEER_IDS_PER_WORKER = 2 ** 26;

/** A game server: peers, events, ticks. See {@link ServerEvents} for the order of things. */
export class Server<Data = unknown> extends TypedEmitter<ServerEvents<Data>> {
  readonly #options: ServerOptions<Data>;
  readonly #core: ServerCore;
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #ticks: TickLoop | undefined;
  readonly #blockList: BlockList;
  readonly #peers: PeerMap<Peer<Data>> = new PeerMap();
  readonly #host: PeerHost;
  readonly #broadcastParts: BroadcastParts<Data>;
  readonly #refusals: RefusalCounters = new RefusalCounters();
  readonly #maxPeers: number;
  readonly #handler: ServerCoreHandler = {
    onConnect: (entry) => this.#onConnect(entry),
    onMessage: (entry, message) => this.emit("message", this.#peerOf(entry), message),
    onDrain: (entry) => this.emit("drain", this.#peerOf(entry)),
    onQuality: (entry, quality) => this.emit("quality", this.#peerOf(entry), quality),
    onAdvice: (entry, advice) => this.emit("advice", this.#peerOf(entry), advice),
    onDisconnect: (entry, reason) => this.#onDisconnect(entry, reason),
    onHandshakeFailed: (entry, reason) => this.#onHandshakeFailed(entry, reason),
  };
  readonly #log: ServerLog;
  #nextPeerId = 1;
  #peersAccepted = 0;
  #listenerErrors = 0;
  #listening: ListenAddress | undefined;
  readonly #shutdown: Shutdown;

  /** Throws TypeError or RangeError for an option that is missing or out of range, and names it. */
  constructor(options: ServerOptions<Data>) {
    super(SERVER_EVENTS);
    checkServerOptions(options as ServerOptions);
    const tickRate = options.tickRate ?? DEFAULT_TICK_RATE;
    const intervalMs = tickRate > 0 ? 1000 / tickRate : 0;
    const { parameters, settings } = resolveProtocolOptions(options, intervalMs);
    this.#options = options;
    this.#nextPeerId = 1 + (options.share?.worker ?? 0) * PEER_IDS_PER_WORKER;
    this.#log = new ServerLog(options.logger, () => (this.#listenerErrors += 1));
    this.#clock = options.clock ?? new SystemClock();
    this.#blockList = new BlockList(options.blocked);
    const limits = partOfLimits(limitsOf(options as ServerOptions), options.share ?? { worker: 0, workers: 1 });
    this.#maxPeers = limits.maxPeers;
    this.#core = new ServerCore({
      ...limits,
      packetsPerPeer: options.packetsPerPeer,
      resources: createResources(options.crypto, limits.reassemblyBudgetBytes),
      identity: options.identity,
      protocolId: protocolId(options.crypto, options.protocol),
      parameters,
      settings,
      blockList: this.#blockList,
      onTransportError: (error) => this.#report(error, undefined),
      onFault: (error, entry) => this.#report(error, entry?.owner as Peer<Data> | undefined),
      tickIntervalMs: intervalMs,
      share: options.share,
      ...containedKeyLog(options.keyLog, (error) => this.#report(error, undefined)),
    });
    this.#driver = new Driver({
      core: this.#core,
      transport: options.transport,
      clock: this.#clock,
      afterWork: () => this.#afterWork(),
      onError: (error) => this.#report(error, undefined),
    });
    const receiveSoon = (limitMs: number, done: () => void): boolean => this.#driver.receiveSoon(limitMs, done);
    const work = { tick: (event: TickEvent) => this.#runTick(event), receiveSoon };
    this.#ticks = tickRate > 0 ? new TickLoop(tickRate, this.#clock, work) : undefined;
    const parts = { core: this.#core, driver: this.#driver, clock: this.#clock };
    this.#host = createPeerHost({ ...parts, hasTicks: tickRate > 0 });
    const onFault = (error: unknown, peer: Peer<Data>): void => this.#onCallbackError(error, peer);
    this.#broadcastParts = { peers: this.#peers, host: this.#host, clock: this.#clock, onFault };
    this.#shutdown = new Shutdown({
      ...parts,
      isListening: () => this.#listening !== undefined,
      onDraining: (event) => {
        this.#log.write("info", { ...event, peers: this.#peers.size }, "draining: newcomers are turned away");
        this.emit("draining", event);
      },
      stopTicks: () => this.#ticks?.stop(),
      onStopped: () => {
        this.#core.dispatch(this.#handler);
        this.#listening = undefined;
        this.#log.flush(this.#clock.now());
        this.#log.write("info", {}, "closed");
      },
    });
  }

  /** Connected peers by ID; to be read only: `peer.disconnect()` sends one away. */
  get peers(): ReadonlyMap<number, Peer<Data>> {
    return this.#peers;
  }

  /** Whether newcomers are let in at present: it is not draining, and has room for one more peer. */
  get isAccepting(): boolean {
    return this.#core.isAccepting;
  }

  /** A snapshot of the server's counters. */
  get stats(): ServerStatistics {
    return {
      ...coreStatistics(this.#core),
      crypto: this.#options.crypto.name,
      maxPeers: this.#maxPeers,
      ...this.#refusals.snapshot(),
      peersAccepted: this.#peersAccepted,
      listenerErrors: this.#listenerErrors,
      transport: { ...this.#options.transport.statistics },
      ticks: this.#ticks?.statistics.snapshot(),
    };
  }

  /** undefined before `listen` and after `close`. */
  get address(): ListenAddress | undefined {
    return this.#listening;
  }

  /**
   * Opens the socket. Rejects with TransportError, whose code and message say what to do; its code is "closed" where
   * `close` is called meanwhile.
   */
  async listen(): Promise<ListenAddress> {
    if (this.#shutdown.hasBegun) throw new Error("listen() on a server that was closed: create another one");
    if (this.#driver.isStarted) throw new Error("listen() on a server that listens already");
    if (this.#core.canWait && this.#ticks !== undefined) {
      this.#options.transport.holdReceive?.(RECEIVE_HOLD_TICKS * this.#ticks.intervalMs);
    }
    const local = await this.#driver.start().catch((error: unknown) => {
      throw this.#shutdown.hasBegun ? closedMeanwhile(error) : error;
    });
    this.#listening = { address: local.host, port: local.port, family: local.family };
    this.#log.write("info", this.#listening, "listening");
    this.#shutdown.onListening();
    return this.#listening;
  }

  /**
   * Turns newcomers away from now on ("rejected: is shutting down"); peers stay. For a server that is to end when its
   * round is over: "draining" tells of it once. `close` does it too. Throws TypeError for bad options.
   */
  startDraining(options: { readonly reason?: string | undefined } = {}): void {
    this.#shutdown.startDraining(options);
  }

  /**
   * Ends the server: newcomers are turned away and "draining" is emitted; peers have `leaveMs` to leave by themselves;
   * then nothing more is taken from the application, what was sent reliably goes, for `drainMs` at the most, and peers
   * are told why. Resolves when the socket is closed. Further calls give the same promise; a shorter `leaveMs` or
   * `drainMs` holds from then on, as at a second Ctrl-C. Throws TypeError or RangeError for options that there are not,
   * or that are out of range.
   */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#shutdown.close(options);
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Sends to all peers, or those of `to`, but those of `except`. Returns how many took it; `onReceipt` hears who did
   * not. Throws TypeError or RangeError for bad options, and then sends to nobody.
   */
  broadcast(payload: Uint8Array | string, options: BroadcastOptions<Data> = {}): number {
    return broadcast(this.#broadcastParts, payload, options);
  }

  /**
   * Drops everything from an IP address or CIDR range from now on, and ends peers there, and those who are about to
   * become one. Several at once look at the peers once. Throws RangeError for other text, and has blocked none of them
   * then.
   */
  block(ipOrCidr: string | readonly string[]): void {
    if (Array.isArray(ipOrCidr)) this.#blockList.addAll(ipOrCidr as string[]);
    else this.#blockList.add(ipOrCidr as string);
    this.#core.table.forEach((entry) => {
      if (this.#blockList.has(entry.address)) this.#host.disconnect(entry, "blocked", 0);
    });
  }

  /**
   * Takes back one entry of the list, in any spelling: true where exactly this address or range was on it. A wider
   * range that contains it stays, and blocks it still. Throws RangeError for other text.
   */
  unblock(ipOrCidr: string): boolean {
    return this.#blockList.delete(ipOrCidr);
  }

  /** Addresses and ranges that are blocked, until `unblock`. Makes a text for each: 0.1 s for a list that is full. */
  get blocked(): string[] {
    return this.#blockList.entries();
  }

  /**
   * The first of them, in the order of the addresses, at the cost of those alone. Throws RangeError for a bad limit.
   * @param limit 0 or more
   */
  blockedRanges(limit: number): string[] {
    return this.#blockList.entries(limit);
  }

  /** How many of them there are, 0..65536; at no cost, however long the list is. */
  get blockedCount(): number {
    return this.#blockList.size;
  }

  /**
   * Shows another identity to clients from now on: a renewed certificate, or a new key, without a restart. Those who
   * are connected, or about to be, notice nothing. Throws TypeError for what is no identity of this server's provider.
   */
  setIdentity(identity: Identity): void {
    checkIdentity(identity);
    this.#core.setIdentity(identity);
  }

  /** Sends everything that is queued at once, instead of at the end of the tick; for one peer, `peer.flush()`. */
  flush(): void {
    this.#core.releasePeers();
    this.#driver.flush();
  }

  protected override onListenerError(name: keyof ServerEvents<Data>, error: unknown, first: unknown): void {
    const peer = first instanceof Peer ? (first as Peer<Data>) : undefined;
    if (name !== "error") return this.#onCallbackError(error, peer);
    // A listener for errors that throws has had its chance.
    this.#listenerErrors += 1;
    this.#log.error({ err: error }, 'a listener of "error" threw', this.#clock.now());
  }

  #onCallbackError(error: unknown, peer: Peer<Data> | undefined): void {
    this.#listenerErrors += 1;
    this.#report(error, peer);
  }

  #peerOf(entry: ConnectionEntry): Peer<Data> {
    return entry.owner as Peer<Data>;
  }

  #onConnect(entry: ConnectionEntry): void {
    const peer = this.#peerOf(entry);
    enterPeer(this.#peers, peer.id, peer);
    this.#access({ event: "connect", address: entry.address, sessionId: peer.sessionId, peerId: peer.id });
    this.emit("connect", peer);
  }

  #onDisconnect(entry: ConnectionEntry, reason: DisconnectReason): void {
    const peer = this.#peerOf(entry);
    removePeer(this.#peers, peer.id);
    const durationMs = this.#clock.now() - entry.peerSinceMs;
    const { code, text } = reason;
    const { address } = entry;
    this.#access({ event: "disconnect", address, sessionId: peer.sessionId, peerId: peer.id, code, text, durationMs });
    this.emit("disconnect", peer, reason);
  }

  #onHandshakeFailed(entry: ConnectionEntry, reason: DisconnectReason): void {
    const event = this.#refusals.count(reason) ? "refuse" : "fail";
    const { code, text } = reason;
    this.#access({ event, address: entry.address, sessionId: toHex(entry.sessionId), code, text });
  }

  #report(error: unknown, peer: Peer<Data> | undefined): void {
    if (this.listenerCount("error") > 0) return this.emit("error", error, peer);
    const whose = peer === undefined ? {} : { peerId: peer.id };
    const message = 'unhandled error in the server (listen to "error")';
    this.#log.error({ err: error, ...whose }, message, this.#clock.now());
  }

  #access(entry: AccessLogEntry): void {
    this.#log.access(entry, this.#clock.now());
    const onError = (error: unknown): void => this.#onCallbackError(error, undefined);
    callContained(() => this.#options.onAccess?.(entry), onError);
  }

  #afterWork(): void {
    this.#takeRequests();
    if (this.#ticks === undefined) this.#core.dispatch(this.#handler);
    else if (!this.#core.isIdle) this.#ticks.start();
    this.#afterRound();
  }

  #runTick(event: TickEvent): boolean {
    const isAllReceived = this.#driver.receiveNow();
    this.#core.receiveHeld();
    this.#core.handleTimeout(this.#clock.now());
    this.#takeRequests();
    this.#core.dispatch(this.#handler);
    this.emit("tick", event);
    this.#core.releasePeers();
    this.#driver.flush();
    if (this.#core.isIdle) this.#ticks?.stop();
    this.#afterRound();
    return isAllReceived;
  }

  #afterRound(): void {
    const nowMs = this.#clock.now();
    if (this.#log.isLookDue(nowMs)) {
      const { drops, shutdownReason, admission } = this.#core;
      const refused = refusedSends(this.#options.transport.statistics);
      const ticks = this.#ticks?.statistics;
      const [skippedTicks, holdUpMs] = [ticks?.skipped ?? 0, ticks?.takeHoldUpMs() ?? 0];
      const { halfOpen, calls } = admission;
      const draining = shutdownReason !== undefined;
      const counters = { drops, draining, halfOpen, pendingAuthenticateCalls: calls.pending, refused };
      this.#log.watch({ ...counters, skippedTicks, holdUpMs }, nowMs);
    }
    this.#shutdown.check();
  }

  #takeRequests(): void {
    for (let next = this.#core.pollRequest(); next !== undefined; next = this.#core.pollRequest()) {
      this.#authenticate(next);
    }
  }

  #authenticate({ entry, payload }: ConnectRequest): void {
    const sessionId = toHex(entry.sessionId);
    const call = new AuthenticateCall(payload, entry.address, sessionId);
    const { calls } = this.#core.admission;
    calls.begin(entry, call);
    authenticateClient(this.#options.authenticate, call.request, (decision) => {
      calls.end(entry);
      if (decision.kind === "failed" && call.isOfSignal(decision.error)) return;
      // The server has ended meanwhile: nobody waits for the decision, and nothing more is told.
      if (entry.finished && this.#listening === undefined) return;
      try {
        this.#decide(entry, sessionId, decision);
      } catch (error) {
        // A provider that fails: nobody gets in, and the handshake's deadline ends the attempt.
        this.#report(error, undefined);
      }
      this.#driver.wake();
    });
  }

  #decide(entry: ConnectionEntry, sessionId: string, decision: Decision<Data>): void {
    const nowMs = this.#clock.now();
    if (decision.kind === "accept") {
      if (!this.#core.accept(entry, nowMs)) return;
      this.#peersAccepted += 1;
      const peer = new Peer<Data>(this.#nextPeerId++, decision.data as Data, sessionId, entry, this.#host);
      entry.owner = peer;
      entry.peerSinceMs = nowMs;
      return;
    }
    if (decision.kind === "refuse") return this.#core.close(entry, decision.code, decision.reason, nowMs);
    this.#onCallbackError(decision.error, undefined);
    this.#core.close(entry, CloseCode.InternalError, "the server could not check the credentials", nowMs);
  }
}

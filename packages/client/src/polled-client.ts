import {
  checkOptionNames,
  checkReason,
  type ConnectionStatistics,
  containedLogger,
  type DisconnectReason,
  payloadBytes,
  type Quality,
  type SendAdvice,
  toHex,
} from "@sortie/connection";
import type { InboundMessage, SendOptions, SendReceipt } from "@sortie/reliability";
import {
  type Clock,
  type DatagramReceiver,
  type DatagramTransport,
  refusedSends,
  type SocketAddress,
  SystemClock,
  type TransportError,
} from "@sortie/transport";
import type { ClientCore } from "./client-core.js";
import type { ClientState } from "./client-core-event.js";
import { closedReceipt } from "./closed-receipt.js";
import { prepare } from "./connect.js";
import { abortedError, ConnectError, errorOfFault, socketError } from "./connect-error.js";
import { FrameClock } from "./frame-clock.js";
import { checkDrainMs, type ClientOptions, LEAVE_OPTION_NAMES } from "./options.js";
import { OwnTransport } from "./own-transport.js";
import { PausedChannels } from "./paused-channels.js";
import { PolledLeaving } from "./polled-leaving.js";
import { PolledOpening } from "./polled-opening.js";
import { promiseFirst } from "./promise-first.js";
import { BatchSender } from "./send-batches.js";
import { SocketFaults } from "./socket-faults.js";
import { targetText } from "./target-text.js";
import { WaitingDatagrams } from "./waiting-datagrams.js";

/**
 * A client for a game loop that polls: call `update` once a frame, then `receive` until it gives nothing. Nothing of
 * the protocol happens outside of those calls until `close`; between them datagrams only wait. Made by `createClient`.
 */
export class PolledClient implements DatagramReceiver {
  /** Datagrams dropped because `update` was not called for too long. */
  overflowed = 0;
  readonly #options: ClientOptions;
  readonly #transport: DatagramTransport;
  readonly #waiting: WaitingDatagrams = new WaitingDatagrams();
  readonly #clock: Clock;
  readonly #sender: BatchSender;
  readonly #frames: FrameClock = new FrameClock();
  #core: ClientCore | undefined;
  #makeCore: ((nowMs: number) => ClientCore) | undefined;
  readonly #logger: ClientOptions["logger"];
  /** The time that the game gave last. */
  #givenMs = 0;
  /** The time of the connection: the same until the client leaves. */
  #nowMs = 0;
  #error: ConnectError | undefined;
  #reason: DisconnectReason | undefined;
  readonly #faults: SocketFaults = new SocketFaults();
  #sessionId = "";
  /** `close` was called. */
  #isLeaving = false;
  /** The socket is not used any more. */
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #leaving: PolledLeaving | undefined;
  readonly #own: OwnTransport;
  readonly #opening: PolledOpening;
  readonly #paused: PausedChannels = new PausedChannels();
  /** A new socket is there since the last update. */
  #rebound = false;

  /** @internal Use `createClient`. */
  constructor(options: ClientOptions) {
    const makeCore = prepare(options, this.#frames);
    this.#clock = options.clock ?? new SystemClock();
    this.#options = options;
    this.#logger = options.logger === undefined ? undefined : containedLogger(options.logger);
    this.#transport = options.transport;
    this.#own = new OwnTransport(options.transport, this.#clock);
    this.#sender = new BatchSender(options.transport, this.#clock, this.#onSendFault);
    this.#opening = new PolledOpening(options);
    const host = { isClosed: () => this.#isClosed, onOpen: (address: SocketAddress) => this.#onOpen(address) };
    this.#opening.run(makeCore, this.#own, this, this.#clock, host).then(
      (make) => (this.#makeCore = make),
      (error: unknown) => (this.#error ??= error instanceof ConnectError ? error : socketError(error)),
    );
  }

  /** "closed" from `close` on. */
  get state(): ClientState {
    if (this.#error !== undefined || this.#isLeaving || this.#isClosed) return "closed";
    return this.#core?.state ?? "connecting";
  }

  /** Why connecting failed, once `state` is "closed". */
  get error(): ConnectError | undefined {
    return this.#error;
  }

  /** Why the connection ended, once it has: after `close`, when its promise resolves at the latest. */
  get reason(): DisconnectReason | undefined {
    return this.#reason;
  }

  /** 32 hexadecimal digits once connected. */
  get sessionId(): string {
    return this.#sessionId;
  }

  /** ms. Smoothed round-trip time; undefined before the handshake is done. */
  get rttMs(): number | undefined {
    return this.#core?.connection?.rttMs;
  }

  get quality(): Quality | undefined {
    return this.#core?.connection?.quality;
  }

  /** How much to send so that it does not queue on its way; undefined before the handshake is done. */
  get advice(): SendAdvice | undefined {
    return this.#core?.connection?.advice;
  }

  get stats(): ConnectionStatistics | undefined {
    return this.#core?.connection?.statistics(this.#nowMs);
  }

  /**
   * Takes in what arrived, serves timeouts, sends what is queued. What fails in it, such as a congestion controller of
   * yours, ends the connection, as `error` or `reason` then says, and is told to the `logger`. Without effect once the
   * client is closed.
   * @param nowMs monotonic milliseconds, 0 or more. Throws RangeError when it is no number or runs backwards.
   */
  update(nowMs: number): void {
    if (!Number.isFinite(nowMs) || nowMs < this.#givenMs) {
      throw new RangeError(`"nowMs" expected a number of at least ${this.#givenMs}, got ${String(nowMs)}`);
    }
    this.#givenMs = nowMs;
    if (this.#isLeaving || this.#isClosed) return;
    this.#begin(nowMs);
    // The attempt is timed from the first update on.
    this.#opening.deadlineAt(nowMs);
    if (this.#makeCore !== undefined) this.#start(this.#makeCore, nowMs);
    const core = this.#core;
    if (core === undefined) return this.#giveUpIfDue(nowMs);
    this.#frame(core);
    if (core.isOver) this.#closeUnasked();
  }

  /** The next message that arrived, or undefined. */
  receive(): InboundMessage | undefined {
    // What came for one that was never let in is nobody's, also once it gave up.
    return this.#sessionId === "" ? undefined : this.#core?.connection?.pollMessage();
  }

  /**
   * Keeps reliable and ordered messages of a channel (0..255) from `receive`: they wait, first here and then with the
   * server, while other channels and modes go on; before it is connected, from when it is. Throws RangeError for
   * another number.
   */
  pause(channel: number): void {
    this.#paused.set(channel, true, this.#core?.connection?.flow);
  }

  /** What `pause` kept back is to be received. Throws RangeError as that does. */
  resume(channel: number): void {
    this.#paused.set(channel, false, this.#core?.connection?.flow);
  }

  /** bytes of messages that wait to be sent or, where they are resent, to be acknowledged. */
  get queuedBytes(): number {
    return this.#core?.connection?.flow.queuedBytes ?? 0;
  }

  /**
   * Queues a message for the next `update`, with which its `expiresInMs` begins; see `Client.send`. Refused as "closed"
   * before the server has let the client in: its application would never get it, should it refuse.
   */
  send(payload: Uint8Array | string, options?: SendOptions): SendReceipt {
    const bytes = payloadBytes(payload);
    const connection = this.#core?.state === "connecting" ? undefined : this.#core?.connection;
    return connection === undefined ? closedReceipt(bytes, options) : connection.send(bytes, options, this.#nowMs);
  }

  /**
   * Leaves: what is queued and reliable is delivered first, for `drainMs` (default 1000) at the most, then the server
   * is told, and 1000 ms more at the most are waited for its answer. The client sees to that by timers of its own:
   * `update` need not be called any more. What comes meanwhile is there for `receive`. Resolves when the socket is
   * closed; rejects with what that failed with, and with TransportError "system" where it was not done within 5 s. With
   * `drainMs` 0, and where it is not connected, it tells the server once and closes the socket at once. Further calls
   * give the same promise; a `drainMs` that they name, counted from the call, holds where it ends sooner. Throws
   * TypeError or RangeError for options that there are not, or that are out of range.
   */
  close(options: { readonly drainMs?: number | undefined; readonly reason?: string | undefined } = {}): Promise<void> {
    checkOptionNames(options, LEAVE_OPTION_NAMES);
    const { drainMs = 1000, reason = "" } = options;
    checkDrainMs(drainMs);
    checkReason(reason);
    if (this.#closing !== undefined) {
      // Not the default: who only waits for the end is not in a hurry.
      if (options.drainMs !== undefined) this.#leaving?.shorten(drainMs);
      return this.#closing;
    }
    // A logger or a trace may come here while the end is told.
    const keep = (promise: Promise<void>): void => void (this.#closing = promise);
    return promiseFirst(keep, () => this.#shutDown(drainMs, reason));
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  onDatagram(payload: Uint8Array, from: SocketAddress): void {
    if (!this.#waiting.push(payload, from, this.#clock.now())) this.overflowed += 1;
  }

  /** @internal */
  onBatchEnd(): void {}

  /** The last fault of the whole socket, such as that it did not close; the connection lives on if it can. */
  get socketError(): TransportError | undefined {
    return this.#faults.last;
  }

  /** @internal */
  onError(error: TransportError): void {
    this.#faults.onError(error, this.#transport.rebind !== undefined);
  }

  /** @internal The next update sends on. */
  onWritable(): void {}

  /** While there is no socket yet, or no address. */
  #giveUpIfDue(nowMs: number): void {
    if (this.#error !== undefined) return;
    this.#error = this.#opening.errorAt(nowMs);
    if (this.#error !== undefined) this.#closeUnasked();
  }

  #onOpen(address: SocketAddress): void {
    try {
      this.#sender.checkOpened(address);
    } catch (error) {
      // It is open all the same, and whoever is told of the mistake has no reason to close anything.
      this.#closeUnasked();
      throw error;
    }
  }

  #start(makeCore: (nowMs: number) => ClientCore, nowMs: number): void {
    this.#makeCore = undefined;
    try {
      this.#core = makeCore(nowMs);
    } catch (error) {
      this.#error = errorOfFault(error, targetText(this.#options));
      this.#onFault(error);
      this.#closeUnasked();
    }
  }

  #begin(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#frames.begin(nowMs, this.#clock.now());
  }

  /** All that a frame does. What throws in the core has ended the connection there; the game's loop is not to end. */
  #frame(core: ClientCore): void {
    try {
      this.#work(core, this.#nowMs);
    } catch (error) {
      this.#onFault(error);
    }
    this.#waiting.clear();
    this.#collect(core);
  }

  #work(core: ClientCore, nowMs: number): void {
    if (core.state === "connecting" && this.#options.signal?.aborted === true) {
      // The core knows of no signal.
      this.#error = abortedError(this.#options);
      core.close("", nowMs);
    }
    for (const { payload, from, clockMs } of this.#waiting.all()) {
      core.receive(payload, from, this.#frames.arrivedAt(clockMs));
    }
    this.#waiting.clear();
    core.beginFrame(this.#frames.intervalMs, nowMs);
    core.onRefusedSends(refusedSends(this.#transport.statistics), nowMs);
    this.#faults.tell(core, nowMs);
    if (this.#rebound) core.onRebound(nowMs);
    this.#rebound = false;
    if (core.nextTimeoutAt() <= nowMs) core.handleTimeout(nowMs);
    this.#collect(core);
    this.#sender.send(core, nowMs);
  }

  #onFault(error: unknown): void {
    this.#faults.onThrown(error);
    this.#logger?.error({ err: error }, "the client failed");
  }

  /** The connection lives on: what was in the batch is lost, as datagrams may be. */
  readonly #onSendFault = (error: TransportError): void => {
    if (this.#isClosed) return;
    this.#faults.onThrown(error);
    this.#logger?.error({ err: error }, "the transport does not send");
  };

  #collect(core: ClientCore): void {
    for (let event = core.pollEvent(); event !== undefined; event = core.pollEvent()) {
      if (event.type === "connected") this.#onConnected(core, event.sessionId);
      else if (event.type === "failed") this.#error ??= event.error;
      else if (event.type === "disconnected") this.#onDisconnected(event.reason);
      else if (event.type === "path-dead") void this.#moveOn();
    }
  }

  #onConnected(core: ClientCore, sessionId: Uint8Array): void {
    this.#sessionId = toHex(sessionId);
    this.#paused.applyTo(core.connection?.flow);
    this.#logger?.info({ sessionId: this.#sessionId, address: String(core.connection?.address) }, "connected");
  }

  #onDisconnected(reason: DisconnectReason): void {
    this.#reason = reason;
    this.#logger?.info({ ...reason, sessionId: this.#sessionId }, `disconnected: ${reason.code}`);
  }

  /** The client goes, without the game. */
  async #shutDown(drainMs: number, reason: string): Promise<void> {
    this.#isLeaving = true;
    const core = this.#core;
    if (core !== undefined) {
      this.#leaving = new PolledLeaving(core, this.#clock, {
        nowMs: () => this.#nowMs,
        begin: () => this.#begin(this.#frames.timeAt(this.#clock.now())),
        frame: (of) => this.#frame(of),
        send: (of) => this.#sender.send(of, this.#nowMs),
        collect: (of) => this.#collect(of),
        onFault: (error) => this.#onFault(error),
      });
      await this.#leaving.run(drainMs, reason);
    } else this.#error ??= new ConnectError("aborted", `connecting to ${targetText(this.#options)} was given up`);
    await this.#closeTransport();
  }

  /** The way to the server is dead: a new socket, where that can be had, of which the next update tells the core. */
  async #moveOn(): Promise<void> {
    this.#logger?.warn({ sessionId: this.#sessionId }, "nothing is answered: taking another way to the server");
    try {
      await this.#transport.rebind?.();
    } catch (error) {
      this.#faults.onMoveFailed(error);
    }
    this.#rebound = true;
  }

  /** Nobody waits for it: a rejection that nobody takes would end the process. */
  #closeUnasked(): void {
    this.#closing ??= this.#closeTransport();
    this.#closing.catch((cause: unknown) => {
      const text = this.#faults.onCloseFailed(cause);
      this.#logger?.error({ err: cause }, text);
    });
  }

  async #closeTransport(): Promise<void> {
    this.#isClosed = true;
    this.#sender.stop();
    this.#waiting.clear();
    await this.#own.close();
  }
}

/** A client for a polling game loop: see {@link PolledClient}. Connecting starts at once; throws for bad options. */
export function createClient(options: ClientOptions): PolledClient {
  return new PolledClient(options);
}

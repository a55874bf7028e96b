import {
  checkOptionNames,
  checkReason,
  containedLogger,
  type ConnectionStatistics,
  type DisconnectReason,
  type LogLevel,
  payloadBytes,
  type Quality,
  type SendAdvice,
  toHex,
  TypedEmitter,
} from "@sortie/connection";
import type { SendOptions, SendReceipt } from "@sortie/reliability";
import { type Clock, type DatagramTransport, Driver, refusedSends, type SocketAddress } from "@sortie/transport";
import { watchAbort } from "./abort-watch.js";
import { AttemptFaults } from "./attempt-faults.js";
import { AwaitedWork } from "./awaited-work.js";
import type { ClientCore } from "./client-core.js";
import type { ClientCoreEvent } from "./client-core-event.js";
import { ConnectError, socketError } from "./connect-error.js";
import { CLIENT_EVENTS, type ClientEvents } from "./events.js";
import { goneText, isTransportGone } from "./lost-transport.js";
import { promiseFirst } from "./promise-first.js";
import { type AbortSignalLike, checkDrainMs, type ClientOptions, LEAVE_OPTION_NAMES } from "./options.js";
import { CLOSE_WAIT_MS, waitAtMost } from "./wait-at-most.js";

/** ms that `close` waits, beyond its `drainMs`, for the server to confirm that it heard. */
export const CLOSE_GRACE_MS = 1000;

/** A connected client: messages come as events, sends go out at the end of the current turn. Made by `connect`. */
export class Client extends TypedEmitter<ClientEvents> {
  readonly #core: ClientCore;
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #transport: DatagramTransport;
  readonly #logger: ClientOptions["logger"];
  #sessionId = "";
  #opened: ((error: ConnectError | undefined) => void) | undefined;
  #closing: Promise<void> | undefined;
  #isEnding = false;
  /** ms. Until when `close` delivers what is reliable. */
  #drainUntilMs = 0;
  /** `#closing` where nobody asked for it, and so nobody waits for what becomes of it. Never rejects. */
  #unasked: Promise<void> | undefined;
  /** `close` said that nothing more is wanted. */
  #isDeaf = false;
  /** Why it ended, until somebody was told. */
  #ended: DisconnectReason | undefined;
  /** How far leaving has come. */
  readonly #leaving: AwaitedWork;
  /** What went wrong so far; undefined once connected. */
  #attempt: AttemptFaults | undefined = new AttemptFaults((fields, text) => this.#log("warn", fields, text));

  /** @internal Use `connect`. */
  constructor(core: ClientCore, transport: DatagramTransport, clock: Clock, logger: ClientOptions["logger"]) {
    super(CLIENT_EVENTS);
    this.#core = core;
    this.#clock = clock;
    this.#leaving = new AwaitedWork(clock);
    this.#transport = transport;
    this.#logger = logger === undefined ? undefined : containedLogger(logger);
    this.#driver = new Driver({
      core,
      transport,
      clock,
      afterWork: () => this.#afterWork(),
      onError: (error) => this.#report(error),
    });
  }

  /** 32 hexadecimal digits, as the server's `authenticate` was told. */
  get sessionId(): string {
    return this.#sessionId;
  }

  /** Whether messages can still be sent: false from `close` on. */
  get isConnected(): boolean {
    return this.#core.state === "connected" && this.#core.connection?.state === "connected";
  }

  /** Our own address; changes with `rebind`. */
  get localAddress(): SocketAddress | undefined {
    return this.#transport.localAddress;
  }

  /** The server's address. */
  get address(): SocketAddress {
    return this.#live().address as SocketAddress;
  }

  /** ms. Smoothed round-trip time. */
  get rttMs(): number {
    return this.#live().rttMs;
  }

  get quality(): Quality {
    return this.#live().quality;
  }

  /** How much to send so that it does not queue on its way. */
  get advice(): SendAdvice {
    return this.#live().advice;
  }

  /** A snapshot of the connection's counters. */
  get stats(): ConnectionStatistics {
    return this.#live().statistics(this.#clock.now());
  }

  /**
   * Queues a message; it goes at the end of the current turn, together with others of it. The payload is copied;
   * strings are encoded as UTF-8. Throws TypeError or RangeError for bad arguments; a full queue or a closed
   * connection is told by the receipt.
   */
  send(payload: Uint8Array | string, options?: SendOptions): SendReceipt {
    const receipt = this.#live().send(payloadBytes(payload), options, this.#clock.now());
    if (receipt.accepted) this.#driver.wake();
    return receipt;
  }

  /** As `TypedEmitter.on`. What came before there was a listener for "message" or "disconnect" waits for one. */
  override on<Name extends keyof ClientEvents>(name: Name, listener: ClientEvents[Name]): this {
    super.on(name, listener);
    if (name === "message" || name === "disconnect") this.#clock.defer(() => this.#tellMessages());
    return this;
  }

  /**
   * Keeps reliable and ordered messages of a channel (0..255) back: they wait, first here and then with the server,
   * while other channels and modes go on.
   */
  pause(channel: number): void {
    this.#live().flow.setPaused(channel, true);
  }

  /** What `pause` kept back comes, at the end of the current turn. */
  resume(channel: number): void {
    this.#live().flow.setPaused(channel, false);
    this.#clock.defer(() => this.#tellMessages());
  }

  /** bytes of messages that wait to be sent or, where they are resent, to be acknowledged. */
  get queuedBytes(): number {
    return this.#live().flow.queuedBytes;
  }

  /** Sends what is queued at once. */
  flush(): void {
    this.#driver.flush();
  }

  /**
   * Takes a new local port, as when the network changed; the server follows by itself. Needs a transport that can. A
   * client does so without being asked when nothing is answered for 2.5 s, or the system refuses to send.
   */
  async rebind(): Promise<void> {
    if (this.#transport.rebind === undefined) throw new TypeError('"transport" expected one with rebind()');
    await this.#transport.rebind();
    this.#live();
    this.#onRebound();
  }

  /**
   * Leaves: what is queued and reliable is delivered first, for `drainMs` (default 1000) at the most, then the server
   * is told. Until then messages still come, unless `drainMs` is 0. Resolves when the socket is closed; rejects with
   * what that failed with, and with TransportError "system" where a transport has not closed within 5 s. Further calls
   * give the same promise; a `drainMs` that they name, counted from the call, holds where it ends sooner. Throws
   * TypeError or RangeError for options that there are not, or that are out of range.
   */
  close(options: { readonly drainMs?: number | undefined; readonly reason?: string | undefined } = {}): Promise<void> {
    checkOptionNames(options, LEAVE_OPTION_NAMES);
    const { drainMs = 1000, reason = "" } = options;
    checkDrainMs(drainMs);
    checkReason(reason);
    if (drainMs === 0) this.#isDeaf = true;
    // Not the default: who only waits for the end is not in a hurry.
    if (this.#closing !== undefined && options.drainMs !== undefined) this.#shorten(drainMs);
    return this.#leave(drainMs, reason);
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Opens the socket and waits for the server's answer, until the deadline of the core at the latest. */
  async open(signal: AbortSignalLike | undefined): Promise<void> {
    const answer = new Promise<ConnectError | undefined>((resolve) => {
      this.#opened = resolve;
    });
    const stopWatching = watchAbort(signal, () => {
      this.#core.close("", this.#clock.now());
      this.#driver.flush();
      this.#afterWork();
    });
    // Without a socket nobody asks the core for its timeouts, and over other transports than UDP opening may take long.
    const look = (): void => {
      this.#core.handleTimeout(this.#clock.now());
      this.#afterWork();
      // It may be put off.
      if (this.#core.state === "connecting") timer = this.#clock.setTimer(this.#core.deadlineMs, look);
    };
    let timer = this.#clock.setTimer(this.#core.deadlineMs, look);
    let isOpening = true;
    const opening = this.#driver.start().finally(() => (isOpening = false));
    try {
      await Promise.race([opening, answer]);
      const error = await answer;
      if (error !== undefined) throw error;
    } catch (error) {
      // Where the socket did not open, there is nobody to wait for; a transport may wait for its opening to close.
      this.#core.close("", this.#clock.now());
      const failure = error instanceof ConnectError ? error : socketError(error);
      this.#attempt?.end(failure);
      const stopped = this.#closeUnasked();
      if (!isOpening) await waitAtMost(this.#clock, CLOSE_WAIT_MS, stopped);
      throw failure;
    } finally {
      this.#clock.clearTimer(timer);
      stopWatching();
    }
  }

  /** @internal Ends it without a word. Never rejects, and resolves soon, also where the transport has not closed. */
  giveUp(): Promise<void> {
    return waitAtMost(this.#clock, CLOSE_WAIT_MS, this.#closeUnasked());
  }

  protected override onListenerError(name: keyof ClientEvents, error: unknown): void {
    if (name === "error") this.#log("error", { err: error }, 'a listener of "error" threw');
    else this.#report(error);
  }

  #live(): NonNullable<ClientCore["connection"]> {
    const { connection } = this.#core;
    if (connection === undefined) throw new Error("the client is not connected");
    return connection;
  }

  #report(error: unknown): void {
    if (this.#attempt !== undefined) {
      this.#core.noteFault(error);
      this.#attempt.add(error);
    } else if (this.listenerCount("error") > 0) this.emit("error", error);
    else this.#log("error", { err: error }, 'unhandled error in the client (listen to "error")');
  }

  #log(level: LogLevel, fields: object, message: string): void {
    this.#logger?.[level](fields, message);
  }

  #afterWork(): void {
    const core = this.#core;
    core.onRefusedSends(refusedSends(this.#transport.statistics), this.#clock.now());
    for (let event = core.pollEvent(); event !== undefined; event = core.pollEvent()) {
      if (event.type === "disconnected") this.#onDisconnected(event.reason);
      else this.#onEvent(event);
    }
    this.#tellWaiting();
    if (this.#isEnding) this.#leaving.onWork();
    // Nothing more will come: the socket is not kept.
    else if (core.isOver && this.#opened === undefined) void this.#closeUnasked();
  }

  /** Outside of the driver's turns: what is read gives the server credit, which has to be sent. */
  #tellMessages(): void {
    this.#tellWaiting();
    this.#driver.wake();
  }

  /** Messages, and last the end, wait until somebody listens: nothing is lost between `connect` and `on`. */
  #tellWaiting(): void {
    const { connection } = this.#core;
    while (connection !== undefined && this.listenerCount("message") > 0) {
      const message = connection.pollMessage();
      if (message === undefined) break;
      if (!this.#isDeaf) this.emit("message", message);
    }
    if (this.#ended === undefined || this.listenerCount("disconnect") === 0) return;
    // A listener may end the process: what tells the server goes before that.
    this.#driver.flush();
    const reason = this.#ended as DisconnectReason | undefined;
    // The flush may have told it.
    if (reason === undefined) return;
    this.#ended = undefined;
    this.emit("disconnect", reason);
  }

  #onDisconnected(reason: DisconnectReason): void {
    this.#ended = reason;
    this.#log("info", { ...reason, sessionId: this.#sessionId }, `disconnected: ${reason.code}`);
  }

  #onEvent(event: Exclude<ClientCoreEvent, { type: "disconnected" }>): void {
    switch (event.type) {
      case "connected":
        this.#sessionId = toHex(event.sessionId);
        this.#attempt?.end();
        this.#attempt = undefined;
        this.#log("info", { sessionId: this.#sessionId, address: this.address.toString() }, "connected");
        this.#finishOpening(undefined);
        break;
      case "failed":
        this.#finishOpening(event.error);
        break;
      case "quality":
        this.emit("quality", event.quality);
        break;
      case "drain":
        this.emit("drain");
        break;
      case "advice":
        this.emit("advice", event.advice);
        break;
      case "path-dead":
        this.#moveOn().catch((error: unknown) => this.#report(error));
        break;
      case "socket-error":
        this.#report(event.error);
        if (this.#transport.rebind === undefined) this.#endIfGone(event.error);
    }
  }

  /** The way to the server is dead: a new socket, where that can be had, and another address of the server. */
  async #moveOn(): Promise<void> {
    if (this.#core.isOver) return;
    this.#log("warn", { sessionId: this.#sessionId }, "nothing is answered: taking another way to the server");
    try {
      await this.#transport.rebind?.();
    } catch (error) {
      // The old socket is still there; the next attempt comes by itself. One that `close` cut short is no fault.
      if (this.#closing === undefined) this.#report(error);
      this.#endIfGone(error);
    }
    this.#onRebound();
  }

  /** Nothing will be heard any more: to wait for the idle timeout would only tell a wrong reason, and late. */
  #endIfGone(error: unknown): void {
    if (this.#closing !== undefined || !isTransportGone(error)) return;
    this.#core.abort(goneText(error), this.#clock.now());
    this.#driver.wake();
  }

  #onRebound(): void {
    this.#core.onRebound(this.#clock.now());
    this.#driver.wake();
  }

  #finishOpening(error: ConnectError | undefined): void {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.(error);
  }

  /** A transport that fails to close is told of, where else a rejection that nobody takes would end the process. */
  #closeUnasked(): Promise<void> {
    return (this.#unasked ??= this.#leave(0, "").catch((error: unknown) => this.#report(error)));
  }

  /** Once; a listener of "disconnect" may come here while the end is told. */
  #leave(drainMs: number, reason: string): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    const keep = (promise: Promise<void>): void => void (this.#closing = promise);
    this.#drainUntilMs = this.#clock.now() + drainMs;
    return promiseFirst(keep, () => this.#shutDown(reason));
  }

  /** What is still being delivered has no longer than that; a listener may say so before that has begun. */
  #shorten(drainMs: number): void {
    const nowMs = this.#clock.now();
    this.#drainUntilMs = Math.min(this.#drainUntilMs, nowMs + drainMs);
    if (this.#core.connection?.state !== "flushing") return;
    this.#core.close("", nowMs, this.#drainUntilMs);
    this.#driver.flush();
  }

  async #shutDown(reason: string): Promise<void> {
    this.#isEnding = true;
    // What was sent before goes, reliable or not.
    this.#driver.flush();
    const core = this.#core;
    core.close(reason, this.#clock.now(), this.#drainUntilMs);
    this.#driver.flush();
    // First what is reliable, then the server's answer, however much of `drainMs` is left.
    await this.#leaving.wait(this.#drainUntilMs - this.#clock.now(), () => core.state === "closed");
    await this.#leaving.wait(CLOSE_GRACE_MS, () => core.isOver);
    try {
      await this.#driver.stop();
    } finally {
      // One that fails to close is not used any more either.
      core.abort("the socket was closed", this.#clock.now());
      this.#opened = undefined;
      this.#afterWork();
    }
  }
}

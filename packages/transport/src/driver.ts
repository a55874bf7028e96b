import type { SocketAddress } from "./address.js";
import type { Clock } from "./clock.js";
import type { DatagramCore } from "./datagram-core.js";
import type { DriverOptions } from "./driver-options.js";
import { RearmingTimer } from "./rearming-timer.js";
import { Transmitter } from "./transmitter.js";
import type { DatagramReceiver, DatagramTransport } from "./transport.js";
import { TransportError } from "./transport-error.js";

/** Calls of handleTimeout in one turn, for a core whose next timeout is due again at once. */
const MAX_TIMEOUTS_PER_TURN = 8;
/** ms. The pause after a core whose timeouts stay in the past used up its turn. */
const OVERDUE_PAUSE_MS = 1;

/**
 * Joins a core, a transport and a clock; the only user of timers. It feeds what arrives, calls `handleTimeout` when
 * due, and after each entry lets the owner drain events and sends what the core then has to send.
 */
export class Driver implements DatagramReceiver {
  readonly #core: DatagramCore;
  readonly #transport: DatagramTransport;
  readonly #clock: Clock;
  readonly #afterWork: (() => void) | undefined;
  readonly #report: ((error: unknown) => void) | undefined;
  readonly #transmitter: Transmitter;
  readonly #timer: RearmingTimer;
  #state: "idle" | "starting" | "running" | "stopped" = "idle";
  #stopping: Promise<void> | undefined = undefined;
  /** Timeouts are not served before this time. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  /** A flush comes without a wake: a receive batch is open, or an entry is under way. */
  #flushComing = false;
  #wakePending = false;
  #draining = false;

  constructor(options: DriverOptions) {
    this.#core = options.core;
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#afterWork = options.afterWork;
    this.#report = options.onError;
    this.#transmitter = new Transmitter(options.core, options.transport, options.clock);
    this.#timer = new RearmingTimer(options.clock, () => this.#enter(this.#serveTimeouts));
  }

  /**
   * Opens the transport and resolves with its local address. Rejects with what `open` rejected with (it may then be
   * started again), with TransportError "closed" when stopped meanwhile, with Error when it was started before.
   */
  async start(): Promise<SocketAddress> {
    if (this.#state !== "idle") throw new Error(`"start" expected an idle driver, got one that is ${this.#state}`);
    this.#state = "starting";
    let address: SocketAddress;
    try {
      address = await this.#transport.open(this);
    } catch (error) {
      if (this.#state === "starting") this.#state = "idle";
      throw error;
    }
    if (!this.#isLive()) throw new TransportError("closed", "the driver was stopped while it started");
    this.flush();
    return address;
  }

  /** The core was changed from outside: sends at the end of the current turn, or of the open receive batch; once. */
  wake(): void {
    if (this.#state !== "running" || this.#flushComing || this.#wakePending) return;
    this.#wakePending = true;
    this.#clock.defer(this.#onWake);
  }

  /** Sends now what the core has to send, as far as batches reach. Without effect before `start` and after `stop`. */
  flush(): void {
    if (this.#state !== "running" || this.#transmitter.active) return;
    try {
      this.#transmit();
      this.#drain();
    } finally {
      this.#arm();
    }
  }

  /**
   * Sends what waits, as far as batches reach, disarms the timer and closes the transport; resolves when that is
   * done. Idempotent. The core is not entered after it.
   */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#shutDown());
  }

  onDatagram(payload: Uint8Array, from: SocketAddress): void {
    if (!this.#isLive()) return;
    this.#flushComing = true;
    try {
      this.#core.receive(payload, from, this.#clock.now());
    } catch (error) {
      this.#fail(error);
    }
  }

  onBatchEnd(): void {
    if (this.#isLive()) this.#enter(this.#receiveEnd);
  }

  onError(error: TransportError): void {
    if (this.#isLive()) this.#enter(() => this.#core.onTransportError(error, this.#clock.now()));
  }

  onWritable(): void {
    if (this.#isLive()) this.flush();
  }

  /** Whether calls of the transport count. One that comes before `open` resolved proves the transport open. */
  #isLive(): boolean {
    if (this.#state === "starting") this.#state = "running";
    return this.#state === "running";
  }

  readonly #onWake = (): void => {
    this.#wakePending = false;
    if (!this.#flushComing) this.flush();
  };

  readonly #receiveEnd = (): void => this.#core.receiveEnd(this.#clock.now());

  readonly #serveTimeouts = (): void => {
    const nowMs = this.#clock.now();
    this.#pausedUntilMs = nowMs + OVERDUE_PAUSE_MS; // stands when the core throws, or is due again and again
    for (let i = 0; i < MAX_TIMEOUTS_PER_TURN && this.#core.nextTimeoutAt() <= nowMs; i++) {
      this.#core.handleTimeout(nowMs);
    }
    if (this.#core.nextTimeoutAt() > nowMs) this.#pausedUntilMs = nowMs;
  };

  /** One entry into the core and what follows each: drain, send, arm. */
  #enter(work: () => void): void {
    this.#flushComing = true;
    try {
      work();
    } catch (error) {
      this.#fail(error);
    } finally {
      try {
        this.#drain();
      } finally {
        this.#flushComing = false;
        this.flush();
      }
    }
  }

  #drain(): void {
    if (this.#afterWork === undefined || this.#draining) return;
    this.#draining = true;
    const sentBefore = this.#transmitter.batchesSent;
    try {
      this.#afterWork();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#draining = false;
      // A flush inside it may have made new events.
      if (this.#transmitter.batchesSent !== sentBefore) this.wake();
    }
  }

  #transmit(): void {
    try {
      this.#transmitter.run();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Brings the one timer in line with the core. */
  #arm(): void {
    if (this.#state !== "running") return;
    const atMs = Math.max(this.#core.nextTimeoutAt(), this.#pausedUntilMs);
    this.#timer.arm(this.#transmitter.moreWaits ? Math.min(atMs, this.#clock.now()) : atMs);
  }

  async #shutDown(): Promise<void> {
    try {
      if (this.#state === "running") this.#transmit();
    } finally {
      this.#state = "stopped";
      this.#timer.disarm();
      await this.#transport.close();
    }
  }

  #fail(error: unknown): void {
    if (this.#report === undefined) throw error;
    this.#report(error);
  }
}

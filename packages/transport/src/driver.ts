import type { SocketAddress } from "./address.js";
import { closeTransport } from "./close-transport.js";
import type { DatagramCore } from "./datagram-core.js";
import type { DriverOptions } from "./driver-options.js";
import { GuardedReceives } from "./guarded-receives.js";
import { starvedError } from "./guarded-sends.js";
import { checkOpened, checkStatistics } from "./option-checks.js";
import { RearmingTimer } from "./rearming-timer.js";
import { Transmitter } from "./transmitter.js";
import type { DatagramReceiver } from "./transport.js";
import { isTransportError, TransportError } from "./transport-error.js";

/** Calls of handleTimeout in one turn, for a core whose next timeout is due again at once. */
const MAX_TIMEOUTS_PER_TURN = 8;
/** ms. The pause after a core whose timeouts stay in the past used up its turn. */
const OVERDUE_PAUSE_MS = 1;
/**
 * ms. What that pause doubles up to while the transport gives no batch: what is overdue are sends then, which nothing
 * moves on but `onWritable`. So late end other connections, and so soon is a transport asked that does not call it.
 */
const LONGEST_OVERDUE_PAUSE_MS = 50;

/**
 * Joins a core, a transport and a clock; the only user of timers. It feeds what arrives, calls `handleTimeout` when
 * due, and after each entry lets the owner drain events and sends what the core then has to send.
 */
export class Driver implements DatagramReceiver {
  readonly #options: DriverOptions;
  readonly #core: DatagramCore;
  readonly #transmitter: Transmitter;
  readonly #receives: GuardedReceives;
  readonly #timer: RearmingTimer;
  #state: "idle" | "starting" | "running" | "stopped" = "idle";
  /** Before `start` the transport is not ours to close, nor when it was open already: somebody else has it. */
  #isOurs = false;
  #stopping: Promise<void> | undefined = undefined;
  /** Timeouts are not served before this time. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  /** ms. The next pause of an overdue core. */
  #pauseMs = OVERDUE_PAUSE_MS;
  /** A flush comes without a wake: a receive batch is open, or an entry is under way. */
  #flushComing = false;
  #wakePending = false;
  #wokenOutside = false;
  #draining = false;
  /** `wake` was called while a flush was to come anyway. */
  #wokenMeanwhile = false;
  /** A flush was asked for while the transmitter ran: a transport called in from inside `send`, or its `release`. */
  #flushMeanwhile = false;

  /** Throws TypeError for a transport without `statistics`. */
  constructor(options: DriverOptions) {
    checkStatistics(options.transport);
    this.#options = options;
    this.#core = options.core;
    const user = {
      onRejected: (error: unknown) => this.#onSendRejected(error),
      // Not from inside somebody's `flush` or `send`: listeners hear of it.
      onStarved: () => options.clock.defer(this.#tellStarved),
      onAskAgain: () => this.flush(),
    };
    this.#transmitter = new Transmitter(options.core, options.transport, options.clock, user, options.minSlotBytes);
    this.#receives = new GuardedReceives(options.transport, (error) => this.#fail(error));
    this.#timer = new RearmingTimer(options.clock, () => this.#enter(this.#serveTimeouts));
  }

  /**
   * Opens the transport and resolves with its local address. Rejects with what `open` rejected with (it may then be
   * started again), with TransportError "closed" when stopped meanwhile, with Error when it was started before, with
   * TypeError when `open` gave no address, or the transport no proper batches: it is closed then.
   */
  async start(): Promise<SocketAddress> {
    if (this.#state !== "idle") throw new Error(`"start" expected an idle driver, got one that is ${this.#state}`);
    this.#state = "starting";
    this.#isOurs = true;
    let address: SocketAddress;
    try {
      address = await this.#options.transport.open(this);
    } catch (error) {
      if (this.#state === "starting") this.#state = "idle";
      this.#isOurs = !(isTransportError(error) && error.code === "already-open");
      throw error;
    }
    if (!this.#isLive()) throw new TransportError("closed", "the driver was stopped while it started");
    try {
      checkOpened(address);
      this.#transmitter.checkBatches();
    } catch (error) {
      // It is open all the same, and whoever is told of the mistake has no reason to close anything. Nothing is sent.
      this.#state = "stopped";
      await this.stop().catch(() => undefined);
      throw error;
    }
    this.flush();
    return address;
  }

  /** Whether it was started, and did not fail to. */
  get isStarted(): boolean {
    return this.#state !== "idle";
  }

  /** The core was changed from outside: sends at the end of the current turn, or of the open receive batch; once. */
  wake(): void {
    if (this.#state !== "running") return;
    if (this.#flushComing) {
      this.#wokenMeanwhile = true;
      return;
    }
    if (!this.#draining) this.#wokenOutside = true;
    if (this.#wakePending) return;
    this.#wakePending = true;
    this.#options.clock.defer(this.#onWake);
  }

  /** Sends now what the core has to send, as far as batches reach. Without effect before `start` and after `stop`. */
  flush(): void {
    this.#sendAndDrain(true);
  }

  /** Takes in what the transport has kept back, as far as it can; true where nothing is left. `onError` has faults. */
  receiveNow(): boolean {
    return this.#state === "running" && this.#receives.receiveNow();
  }

  /**
   * Lets the event loop receive what has come; see `DatagramTransport.receiveSoon`. False where it cannot: `done` is
   * not called then. Faults go to `onError`.
   */
  receiveSoon(limitMs: number, done: () => void): boolean {
    return this.#state === "running" && this.#receives.receiveSoon(limitMs, done);
  }

  /**
   * Sends what waits, as far as batches reach, disarms the timer and closes the transport, unless `start` found it open
   * already; resolves when that is done. Rejects with what `close` of the transport failed with, or with TransportError
   * "system" where that has not settled within 5 s. Idempotent. The core is not entered after it.
   */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#shutDown());
  }

  onDatagram(payload: Uint8Array, from: SocketAddress, waitedMs?: number): boolean {
    if (!this.#isLive()) return false;
    this.#flushComing = true;
    try {
      // What is below 0, or no number, would spoil the core's time; nothing of a transport's is believed that much.
      const believedMs = waitedMs !== undefined && waitedMs > 0 ? waitedMs : 0;
      this.#core.receive(payload, from, this.#options.clock.now(), believedMs);
    } catch (error) {
      this.#fail(error);
    }
    return !this.#onlyWaits();
  }

  onBatchEnd(): void {
    if (this.#isLive() && !this.#onlyWaits()) this.#enter(this.#receiveEnd);
  }

  onError(error: TransportError): void {
    if (this.#isLive()) this.#enter(() => this.#core.onTransportError(error, this.#options.clock.now()));
  }

  onWritable(): void {
    if (this.#isLive()) this.flush();
  }

  /** Whether calls of the transport count. One that comes before `open` resolved proves the transport open. */
  #isLive(): boolean {
    if (this.#state === "starting") this.#state = "running";
    return this.#state === "running";
  }

  /** Whether all that has come waits for something else than a flush; then none is to come. */
  #onlyWaits(): boolean {
    if (this.#wokenMeanwhile || this.#core.needsFlush?.() !== false) return false;
    this.#flushComing = false;
    return true;
  }

  readonly #onWake = (): void => {
    // An owner that wakes in every afterWork would else never come to rest.
    const drainAlways = this.#wokenOutside;
    this.#wakePending = false;
    this.#wokenOutside = false;
    if (!this.#flushComing) this.#sendAndDrain(drainAlways);
  };

  readonly #receiveEnd = (): void => this.#core.receiveEnd(this.#options.clock.now());

  readonly #serveTimeouts = (): void => {
    const nowMs = this.#options.clock.now();
    this.#pausedUntilMs = nowMs + this.#pauseMs; // stands when the core throws, or is due again and again
    const { isHungry } = this.#transmitter;
    const calls = isHungry ? 1 : MAX_TIMEOUTS_PER_TURN; // what waits for a batch stays due, however often it is asked
    for (let i = 0; i < calls && this.#core.nextTimeoutAt() <= nowMs; i++) this.#core.handleTimeout(nowMs);
    if (this.#core.nextTimeoutAt() > nowMs) this.#pausedUntilMs = nowMs;
    else if (isHungry) this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_OVERDUE_PAUSE_MS);
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
        this.#wokenMeanwhile = false;
        this.flush();
      }
    }
  }

  #sendAndDrain(drainAlways: boolean): void {
    if (this.#state !== "running") return;
    if (this.#transmitter.active) {
      this.#flushMeanwhile = true;
      return;
    }
    const sentBefore = this.#transmitter.batchesSent;
    try {
      this.#transmit();
      if (drainAlways || this.#transmitter.batchesSent !== sentBefore) this.#drain();
    } finally {
      this.#catchUp(this.#transmitter.batchesSent !== sentBefore);
      this.#arm();
    }
  }

  /** What the run of the transmitter left to be done after it. */
  #catchUp(hasSent: boolean): void {
    // By a timer, not at once: a transport that calls in at every batch would leave no turn to anything else. One that
    // does so also at a batch that comes back empty would never come to rest.
    if (this.#flushMeanwhile && hasSent) this.#transmitter.moreWaits = true;
    this.#flushMeanwhile = false;
    if (this.#pauseMs === OVERDUE_PAUSE_MS || this.#transmitter.isHungry) return;
    // There are batches again: what was overdue for want of them has gone.
    this.#pauseMs = OVERDUE_PAUSE_MS;
    this.#pausedUntilMs = Math.min(this.#pausedUntilMs, this.#options.clock.now() + OVERDUE_PAUSE_MS);
  }

  readonly #tellStarved = (): void => this.onError(starvedError());

  /** As if the `send` had thrown, but for a transport that was closed: what still waited then is lost anyway. */
  #onSendRejected(error: unknown): void {
    if (this.#state !== "running") return;
    // Deferred, as one that is thrown on here would be a rejection again.
    this.#options.clock.defer(() => this.#fail(error));
  }

  #drain(): void {
    if (this.#options.afterWork === undefined || this.#draining) return;
    this.#draining = true;
    const sentBefore = this.#transmitter.batchesSent;
    try {
      this.#options.afterWork();
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
    const dueMs = Math.max(this.#core.nextTimeoutAt(), this.#pausedUntilMs);
    const atMs = Math.min(dueMs, this.#transmitter.checkAtMs);
    this.#timer.arm(this.#transmitter.moreWaits ? Math.min(atMs, this.#options.clock.now()) : atMs);
  }

  async #shutDown(): Promise<void> {
    try {
      if (this.#state === "running") this.#transmit();
    } finally {
      this.#state = "stopped";
      this.#timer.disarm();
      this.#transmitter.stop();
      if (this.#isOurs) await closeTransport(this.#options.transport, this.#options.clock);
    }
  }

  #fail(error: unknown): void {
    if (this.#options.onError === undefined) throw error;
    this.#options.onError(error);
  }
}

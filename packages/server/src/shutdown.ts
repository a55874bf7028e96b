import { checkOptionNames, checkReason, type DisconnectReason, type OptionNames } from "@sortie/connection";
import type { Clock, Driver, TimerHandle } from "@sortie/transport";
import { CloseCode } from "@sortie/wire";
import type { ServerCore } from "./server-core.js";
import { checkWaitMs } from "./wait-ms.js";

/** ms that `close` waits, beyond its `drainMs`, for peers to confirm that they heard. */
const CLOSE_GRACE_MS = 1000;
const DEFAULT_REASON = "the server is shutting down";

/** How a server ends. */
export interface CloseOptions {
  /**
   * ms, 0..3600000, that peers have to leave by themselves, everything going on as before but that newcomers are turned
   * away; it is over when the last peer has left. Default 0.
   */
  readonly leaveMs?: number | undefined;
  /** ms, 0..3600000, for what was sent reliably, once the time to leave is over. Default 0. */
  readonly drainMs?: number | undefined;
  /** What peers are told: up to 256 bytes of UTF-8, cut beyond. Default "the server is shutting down". */
  readonly reason?: string | undefined;
}

const CLOSE_OPTION_NAMES: OptionNames<CloseOptions> = { leaveMs: true, drainMs: true, reason: true };
const DRAINING_OPTION_NAMES: OptionNames<Pick<CloseOptions, "reason">> = { reason: true };

/** Newcomers are turned away from now on. */
export interface DrainingEvent {
  /** ms until peers that have not left are closed; Infinity when no such time was set yet. */
  readonly leaveMs: number;
  /** What peers are told when they are closed. */
  readonly reason: string;
}

/** The parts of a server that its end concerns. */
export interface ShutdownHost {
  readonly core: ServerCore;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly isListening: () => boolean;
  readonly onDraining: (event: DrainingEvent) => void;
  readonly stopTicks: () => void;
  /** The socket is closed, or failed to: the application hears of the last ends. */
  readonly onStopped: () => void;
}

/** A wait that may be made shorter. */
interface Waiting {
  readonly isOver: () => boolean;
  readonly resolve: () => void;
  untilMs: number;
  timer: TimerHandle;
}

/** The end in steps: newcomers are turned away, peers may leave, reliable data goes, peers are told, all stops. */
export class Shutdown {
  readonly #host: ShutdownHost;
  /** What is to be told once there is a server to tell of. */
  #untold: DrainingEvent | undefined;
  #closing: Promise<void> | undefined;
  #step: "leaving" | "draining" | "telling" = "leaving";
  /** ms of the clock: peers may leave until then. */
  #leaveUntilMs = 0;
  /** ms. */
  #drainMs = 0;
  /** Who waits for an empty server, and what counts as one. */
  #waiting: Waiting | undefined;

  constructor(host: ShutdownHost) {
    this.#host = host;
  }

  get hasBegun(): boolean {
    return this.#closing !== undefined;
  }

  /** Turns newcomers away, and nothing else. Throws TypeError for bad options. */
  startDraining(options: { readonly reason?: string | undefined }): void {
    checkOptionNames(options, DRAINING_OPTION_NAMES);
    const { reason = DEFAULT_REASON } = options;
    checkReason(reason);
    if (this.#host.core.shutdownReason === undefined) this.#announce(Infinity, reason);
  }

  /**
   * Further calls give the first one's promise. Times that they name, counted from the call, hold where they end sooner
   * than what is under way; nothing makes it longer, and the reason stays. Throws TypeError or RangeError for bad
   * options.
   */
  close(options: CloseOptions): Promise<void> {
    checkOptionNames(options, CLOSE_OPTION_NAMES);
    const { leaveMs = 0, drainMs = 0, reason = DEFAULT_REASON } = options;
    checkWaitMs("leaveMs", leaveMs);
    checkWaitMs("drainMs", drainMs);
    checkReason(reason);
    if (this.#closing !== undefined) {
      // Not the defaults: who only waits for the end, as another part of the program may, is not in a hurry.
      this.#shorten(options.leaveMs, options.drainMs);
      return this.#closing;
    }
    let begin = (): void => {};
    this.#closing = new Promise((resolve, reject) => {
      begin = () => void this.#run(leaveMs, drainMs, reason).then(resolve, reject);
    });
    // Only now: a listener of "draining" may call `close` itself, and gets this promise.
    begin();
    return this.#closing;
  }

  /** The server listens from now on, and may have been told before that it is draining. */
  onListening(): void {
    const event = this.#untold;
    this.#untold = undefined;
    if (event !== undefined) this.#host.onDraining(event);
  }

  /** To be called after each round of work. */
  check(): void {
    if (this.#waiting?.isOver() === true) this.#waiting.resolve();
  }

  #announce(leaveMs: number, reason: string): void {
    this.#host.core.shutdownReason = reason;
    const event = { leaveMs, reason };
    if (this.#host.isListening()) this.#host.onDraining(event);
    else this.#untold = event;
  }

  #shorten(leaveMs: number | undefined, drainMs: number | undefined): void {
    const nowMs = this.#host.clock.now();
    if (this.#step === "leaving") {
      if (drainMs !== undefined) this.#drainMs = Math.min(this.#drainMs, drainMs);
      if (leaveMs === undefined) return;
      // It may be too early for a wait: a listener of "draining" calls within the first call.
      this.#leaveUntilMs = Math.min(this.#leaveUntilMs, nowMs + leaveMs);
      this.#endWaitBy(this.#leaveUntilMs);
    } else if (this.#step === "draining" && drainMs !== undefined) this.#endWaitBy(nowMs + drainMs);
  }

  async #run(leaveMs: number, drainMs: number, reason: string): Promise<void> {
    const { core, driver, clock, isListening } = this.#host;
    this.#leaveUntilMs = clock.now() + leaveMs;
    this.#drainMs = drainMs;
    this.#announce(leaveMs, reason);
    if (this.#leaveUntilMs > clock.now() && isListening()) {
      await this.#until(() => core.peerCount === 0, this.#leaveUntilMs);
    }
    this.#step = "draining";
    this.#closePeers(reason, this.#drainMs);
    if (this.#drainMs > 0 && isListening()) {
      await this.#until(() => core.table.size === 0, clock.now() + this.#drainMs);
      // Those that are not through: their own deadline, where it has not come, was cut short.
      this.#closePeers(reason, 0);
    }
    this.#step = "telling";
    if (isListening()) await this.#until(() => core.table.size === 0, clock.now() + CLOSE_GRACE_MS);
    this.#host.stopTicks();
    try {
      await driver.stop();
    } finally {
      // A socket that fails to close is not used any more either: the application hears of the last ends.
      const gone: DisconnectReason = { code: "shutting-down", by: "local", text: reason };
      core.abortAll(gone, clock.now());
      this.#host.onStopped();
    }
  }

  #closePeers(reason: string, drainMs: number): void {
    const { core, clock } = this.#host;
    const nowMs = clock.now();
    core.table.forEach((entry) => core.close(entry, CloseCode.ShuttingDown, reason, nowMs, nowMs + drainMs));
  }

  /** Resolves when it is over, or at the deadline. */
  #until(isOver: () => boolean, deadlineMs: number): Promise<void> {
    const { clock, driver } = this.#host;
    return new Promise((done) => {
      const waiting: Waiting = {
        isOver,
        resolve: () => {
          this.#waiting = undefined;
          clock.clearTimer(waiting.timer);
          done();
        },
        untilMs: deadlineMs,
        timer: clock.setTimer(deadlineMs, () => waiting.resolve()),
      };
      this.#waiting = waiting;
      driver.wake();
      this.check();
    });
  }

  /** Makes the wait that is under way, if any, no longer than that. */
  #endWaitBy(deadlineMs: number): void {
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.untilMs <= deadlineMs) return;
    const { clock } = this.#host;
    clock.clearTimer(waiting.timer);
    waiting.untilMs = deadlineMs;
    waiting.timer = clock.setTimer(deadlineMs, () => waiting.resolve());
  }
}

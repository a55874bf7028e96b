import type { Clock } from "@sortie/transport";
import { CLOSE_GRACE_MS } from "./client.js";
import type { ClientCore } from "./client-core.js";
import { runFrames } from "./own-frames.js";

/** The parts of a polled client that its leaving concerns; none throws but `send`. */
export interface LeavingHost {
  /** ms. The time of the connection. */
  readonly nowMs: () => number;
  /** The time of the connection follows the clock. */
  readonly begin: () => void;
  /** What a frame does. */
  readonly frame: (core: ClientCore) => void;
  readonly send: (core: ClientCore) => void;
  readonly collect: (core: ClientCore) => void;
  readonly onFault: (error: unknown) => void;
}

/** How a polled client goes without its game: by frames of its own, which follow its clock. */
export class PolledLeaving {
  readonly #core: ClientCore;
  readonly #clock: Clock;
  readonly #host: LeavingHost;
  /** ms of the clock. Until when what is reliable is delivered. */
  #flushUntilMs = 0;
  /** ms that the server's answer to the end is waited for. */
  #graceMs: number = CLOSE_GRACE_MS;

  constructor(core: ClientCore, clock: Clock, host: LeavingHost) {
    this.#core = core;
    this.#clock = clock;
    this.#host = host;
  }

  /** Resolves when it is over. @param drainMs ms for what is reliable; 0: nothing is waited for */
  async run(drainMs: number, reason: string): Promise<void> {
    const core = this.#core;
    this.#flushUntilMs = this.#clock.now() + drainMs;
    const waits = drainMs > 0 && core.state === "connected";
    if (waits) this.#frame();
    try {
      // What was sent before goes, reliable or not.
      if (core.state === "connected") this.#host.send(core);
      this.#close(reason);
    } catch (error) {
      this.#host.onFault(error);
    }
    this.#host.collect(core);
    if (!waits) return;
    // First what is reliable, then the server's answer, however much of `drainMs` is left.
    await runFrames(this.#clock, this.#flushUntilMs, () => this.#frame() || core.state === "closed");
    const untilMs = this.#clock.now() + this.#graceMs;
    await runFrames(this.#clock, untilMs, () => core.isOver || this.#frame() || this.#graceMs === 0);
    core.abort("the socket was closed", this.#host.nowMs());
    this.#host.collect(core);
  }

  /**
   * What is still being delivered has no longer than that; with none at all, the server's answer neither. What a frame
   * calls may say so before the flush has begun.
   */
  shorten(drainMs: number): void {
    this.#flushUntilMs = Math.min(this.#flushUntilMs, this.#clock.now() + drainMs);
    if (drainMs === 0) this.#graceMs = 0;
    if (this.#core.connection?.state !== "flushing") return;
    this.#host.begin();
    try {
      // The reason stays the first one.
      this.#close("");
    } catch (error) {
      this.#host.onFault(error);
    }
  }

  #close(reason: string): void {
    const nowMs = this.#host.nowMs();
    this.#core.close(reason, nowMs, nowMs + Math.max(0, this.#flushUntilMs - this.#clock.now()));
    this.#host.send(this.#core);
  }

  /** True once nothing more will come. */
  #frame(): boolean {
    this.#host.begin();
    this.#host.frame(this.#core);
    return this.#core.isOver;
  }
}

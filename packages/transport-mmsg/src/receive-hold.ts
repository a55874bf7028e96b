import type { FdPoll } from "./fd-poll.js";

/**
 * Decides when a socket is read. By itself as soon as something has come, which wakes the process for nearly every
 * datagram. For a user that can wait, as one with ticks, what comes thick and fast is read together every few ms
 * instead, by a timer, as network cards moderate their interrupts; once nothing comes, readiness is watched again.
 */
export class ReceiveHold {
  readonly #poll: FdPoll;
  readonly #read: () => void;
  readonly #unref: boolean;
  /** ms. 0: nothing waits. */
  #holdMs = 0;
  /** Whether a timer reads instead of the poll handle. */
  #holding = false;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** ms. When something was read last. */
  #readAtMs = -Infinity;

  /** @param read reads the socket and tells `onRead` */
  constructor(poll: FdPoll, read: () => void, unref: boolean) {
    this.#poll = poll;
    this.#read = read;
    this.#unref = unref;
  }

  /** ms that datagrams may wait; 0: not at all. */
  set(holdMs: number): void {
    if (holdMs === this.#holdMs) return;
    this.#holdMs = holdMs;
    // A timer that runs goes on with its own time: the next hold makes another one.
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#watch();
  }

  /** So many datagrams were read, and with `isDrained` there are no more. */
  onRead(datagrams: number, isDrained: boolean): void {
    if (this.#holdMs === 0 || datagrams === 0) return;
    const nowMs = performance.now();
    const isThick = nowMs - this.#readAtMs < this.#holdMs;
    this.#readAtMs = nowMs;
    if (!isDrained) this.#watch();
    else if (isThick && !this.#holding) this.#hold();
  }

  /** Neither reads nor watches for reading any more. */
  stop(): void {
    this.#holdMs = 0;
    this.#holding = false;
    clearTimeout(this.#timer);
    this.#poll.watchReadable(false);
  }

  #hold(): void {
    this.#holding = true;
    this.#poll.watchReadable(false);
    if (this.#timer !== undefined) {
      this.#timer.refresh();
      return;
    }
    this.#timer = setTimeout(this.#onTimer, this.#holdMs);
    if (this.#unref) this.#timer.unref();
  }

  #watch(): void {
    if (!this.#holding) return;
    this.#holding = false;
    this.#poll.watchReadable(true);
  }

  readonly #onTimer = (): void => {
    if (!this.#holding) return;
    const before = this.#readAtMs;
    try {
      this.#read();
    } finally {
      // Nothing in all that time: whatever comes next is worth waking for.
      if (this.#holding && this.#readAtMs === before) this.#watch();
      else if (this.#holding) this.#timer?.refresh();
    }
  };
}

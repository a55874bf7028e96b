import { type HostTimer, hostTimers } from "@sortie/transport-dgram/udp";
import type { FdPoll } from "./fd-poll.js";

/** ms. The first and shortest pause between two reads; what comes further apart is read as it comes. */
const SHORTEST_MS = 2;
/** Datagrams that a read should find: fewer, and the pause grows; more, and it shrinks, so that no queue overflows. */
const FEW = 64;
const MANY = 128;

/**
 * Decides when a socket is read. By itself as soon as something has come, which wakes the process for nearly every
 * datagram. For a user that can wait, as one with ticks, what comes thick and fast is read together after a pause, by a
 * timer, as network cards moderate their interrupts; once nothing comes, readiness is watched again. A user that reads
 * by itself more often than that keeps the timer from ever coming.
 */
export class ReceiveHold {
  readonly #poll: FdPoll;
  readonly #read: () => void;
  readonly #unref: boolean;
  /** ms. 0: nothing waits. */
  #holdMs = 0;
  /** Whether a timer reads instead of the poll handle. */
  #holding = false;
  #timer: HostTimer | undefined = undefined;
  /** ms. The pause that a timer is set to. */
  #pauseMs = SHORTEST_MS;
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
    this.#watch();
  }

  /** So many datagrams were read, and with `isDrained` there are no more. */
  onRead(datagrams: number, isDrained: boolean): void {
    if (this.#holdMs === 0 || datagrams === 0) return;
    const nowMs = hostTimers.now();
    const elapsedMs = nowMs - this.#readAtMs;
    this.#readAtMs = nowMs;
    if (!isDrained) this.#watch();
    else if (this.#holding) this.#afterRead(datagrams, elapsedMs);
    else if (elapsedMs < Math.min(SHORTEST_MS, this.#holdMs)) this.#hold();
  }

  /** Neither reads nor watches for reading any more. */
  stop(): void {
    this.#holdMs = 0;
    this.#holding = false;
    hostTimers.clearTimeout(this.#timer);
    this.#poll.watchReadable(false);
  }

  #hold(): void {
    this.#holding = true;
    this.#poll.watchReadable(false);
    this.#pause(Math.min(SHORTEST_MS, this.#holdMs));
  }

  #watch(): void {
    if (!this.#holding) return;
    this.#holding = false;
    this.#poll.watchReadable(true);
  }

  #afterRead(datagrams: number, elapsedMs: number): void {
    // Two reads in a row, as of a timer and of a tick, say nothing of how thick it comes.
    const isTelling = elapsedMs * 2 >= this.#pauseMs;
    const expected = isTelling ? (datagrams * this.#pauseMs) / elapsedMs : FEW;
    let ms = this.#pauseMs;
    if (expected < FEW) ms = Math.min(ms * 2, this.#holdMs);
    else if (expected > MANY) ms = Math.max(ms / 2, Math.min(SHORTEST_MS, this.#holdMs));
    this.#pause(ms);
  }

  /**
   * Reads after so many ms, counted from now. By a new timer: one that is refreshed stays in Node's queue of timers
   * with its old time, and wakes the process then, for nothing.
   */
  #pause(ms: number): void {
    hostTimers.clearTimeout(this.#timer);
    this.#pauseMs = ms;
    this.#timer = hostTimers.setTimeout(this.#onTimer, ms);
    if (this.#unref) this.#timer.unref();
  }

  readonly #onTimer = (): void => {
    if (!this.#holding) return;
    const before = this.#readAtMs;
    try {
      this.#read();
    } finally {
      // Nothing in all that time: whatever comes next is worth waking for.
      if (this.#holding && this.#readAtMs === before) this.#watch();
    }
  };
}

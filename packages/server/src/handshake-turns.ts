import type { SocketAddress } from "@sortie/transport";

/** Hellos that wait for their turn, at most: what may start at once after a rest. */
const MAX_WAITING = 256;

/** A hello that stands for a public-key handshake. */
export interface WaitingHello {
  /** A copy. */
  readonly datagram: Uint8Array;
  readonly from: SocketAddress;
  /** The attempt it belongs to. */
  readonly helloKey: string;
}

/**
 * Spreads public-key work, half a millisecond for each newcomer, over ticks: when a whole crowd comes in at once, as
 * after a restart, the game goes on beside it. Between two ticks as many handshakes start, as they come, as is their
 * part of a second's; further ones wait for the next, in order of arrival. Without ticks nothing waits.
 */
export class HandshakeTurns {
  /** Handshakes between two ticks. */
  readonly perTick: number;
  private started = 0;
  private readonly waiting: WaitingHello[] = [];

  /**
   * @param handshakesPerSecond above 0
   * @param tickIntervalMs 0: without ticks
   */
  constructor(handshakesPerSecond: number, tickIntervalMs: number) {
    this.perTick = tickIntervalMs > 0 ? Math.ceil((handshakesPerSecond * tickIntervalMs) / 1000) : Infinity;
  }

  /** Hellos that wait for the next tick. */
  get waitingCount(): number {
    return this.waiting.length;
  }

  /** Whether no hello may wait any more. */
  get isFull(): boolean {
    return this.waiting.length >= MAX_WAITING;
  }

  /** Takes a turn for a hello that has just come; false when it must wait. */
  take(): boolean {
    if (this.started >= this.perTick || this.waiting.length > 0) return false;
    this.started += 1;
    return true;
  }

  /** Lets a hello wait, copied. Only when not full. */
  wait(datagram: Uint8Array, from: SocketAddress, helloKey: string): void {
    this.waiting.push({ datagram: new Uint8Array(datagram), from, helloKey });
  }

  /** Whether a hello of this attempt waits. */
  isWaiting(helloKey: string): boolean {
    return this.waiting.some((hello) => hello.helloKey === helloKey);
  }

  /** A tick begins. */
  begin(): void {
    this.started = 0;
  }

  /** The hello whose turn it is, until the tick has had its share. */
  next(): WaitingHello | undefined {
    if (this.started >= this.perTick) return undefined;
    const next = this.waiting.shift();
    if (next !== undefined) this.started += 1;
    return next;
  }

  /** The hello that `next` gave needs no handshake: the turn is another's. */
  giveBack(): void {
    this.started -= 1;
  }
}

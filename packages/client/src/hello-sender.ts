import type { SocketAddress } from "@sortie/transport";

/**
 * ms between two hellos: more than most players' round trip, short enough that a lost one is not felt. It does not
 * grow: an attempt has ten seconds, losses come in bursts of packets, and only sending gets past one.
 */
const INTERVAL_MS = 250;

/**
 * When the CLIENT_HELLO goes again, and to which of the server's addresses: in turn to each, until one has answered
 * (after RFC 8305).
 */
export class HelloSender {
  /** Whether a hello must go now. */
  due = true;
  /** Hellos sent since the last change of hello. */
  sent = 0;
  nextAtMs: number = Infinity;
  lastSentMs: number = -Infinity;
  /** ms. Since when hellos go unanswered; Infinity when none does. */
  unansweredSinceMs: number = Infinity;
  /** ms. See `WatchedPath`: a hello goes again long before anything is known of the path. */
  readonly probeTimeoutMs: number = INTERVAL_MS;
  private readonly addresses: readonly SocketAddress[];
  /** Who else answered last: a server of several addresses, perhaps. */
  strayFrom: SocketAddress | undefined = undefined;
  /** Datagrams that the transport could not send. */
  refused = 0;
  private index = 0;
  private settled = false;
  /** Whether it was put off already what an answer had to come by. */
  private isExcused = false;

  constructor(addresses: readonly SocketAddress[]) {
    this.addresses = addresses;
  }

  /** Where the next hello goes, or the server is. */
  get target(): SocketAddress {
    return this.addresses[this.index] as SocketAddress;
  }

  /** Whether no hello was ever made: there was no socket for it, or one that takes nothing. */
  get isUnsent(): boolean {
    return this.lastSentMs === -Infinity;
  }

  /** Whether no hello has left this machine. Of the last one it may not be known yet, so that each address has two. */
  get isRefused(): boolean {
    return !this.settled && this.sent >= 2 * this.addresses.length && this.refused >= this.sent - 1;
  }

  onSent(nowMs: number): void {
    this.due = false;
    this.sent += 1;
    this.lastSentMs = nowMs;
    this.unansweredSinceMs = Math.min(this.unansweredSinceMs, nowMs);
    this.nextAtMs = nowMs + INTERVAL_MS;
  }

  /**
   * ms, at least 1. How long it took until the answer that has come now; undefined where nobody knows. With more than
   * one hello sent, it may be to any of them (Karn's rule); after the time of the next, this process was held up.
   */
  roundTripMs(nowMs: number): number | undefined {
    return this.sent === 1 && nowMs <= this.nextAtMs ? Math.max(1, nowMs - this.lastSentMs) : undefined;
  }

  /** True when the hello must go again because its time has come. */
  onTimeout(nowMs: number): boolean {
    if (nowMs < this.nextAtMs) return false;
    this.takeTurn();
    this.due = true;
    // Served: else the same timeout would count again until the hello is sent, and pass over addresses.
    this.nextAtMs = Infinity;
    return true;
  }

  /** The server answered from this address: no other is tried any more. */
  settle(from: SocketAddress): void {
    const at = this.addresses.findIndex((address) => address.equals(from));
    if (at < 0 || this.settled) return;
    this.index = at;
    this.settled = true;
  }

  /** The server answered, if not by what is waited for: the same hello must go again at once. */
  again(): void {
    this.due = true;
    this.unansweredSinceMs = Infinity;
    this.isExcused = false;
  }

  /** The server answered by a cookie: a new hello with it must go at once. */
  restart(): void {
    this.again();
    this.sent = 0;
  }

  /** Our own port is another one: the hello must go at once, and any of the server's addresses may answer again. */
  onRebound(): void {
    this.takeTurn();
    this.due = true;
    this.settled = false;
    this.isExcused = false;
  }

  /**
   * This process was held up: answers may have come that were not read yet. Once, until there is one: whoever is busy
   * all the time, as a game that loads, has read them by the next time.
   */
  excuseSilence(nowMs: number): void {
    if (this.isExcused || this.unansweredSinceMs >= nowMs) return;
    this.isExcused = true;
    this.unansweredSinceMs = nowMs;
  }

  /** Whether a datagram from here may be an answer. */
  expects(from: SocketAddress): boolean {
    return this.addresses.some((address) => address.equals(from));
  }

  /**
   * The object by which this address was asked. With what comes from there a transport may remember to which of our own
   * addresses it came, to answer from it; this side asks, by whatever way its machine has.
   */
  asAsked(from: SocketAddress): SocketAddress {
    return this.addresses.find((address) => address.equals(from)) ?? from;
  }

  private takeTurn(): void {
    if (!this.settled) this.index = (this.index + 1) % this.addresses.length;
  }
}

import type { OutgoingMessage } from "../outgoing-message.js";
import { UnreliableSend } from "./unreliable.js";

/** Messages. */
const SWEEP_AT = 64;

/**
 * Sequenced messages: a new one takes the place of those that an earlier flush had no room for. What is sent before the
 * same flush goes together, in order: a game may tell of several things on one channel. One that goes before older ones
 * all the same, as its priority is higher, ends them: they would come as old ones.
 */
export class SequencedSend extends UnreliableSend {
  /** Scheduled in this order, from `head` on; those that have started or ended are passed over. */
  private unstarted: OutgoingMessage[] = [];
  private head = 0;
  /** How many there may be before those that only lie between others are taken out. */
  private sweepAt: number = SWEEP_AT;

  /** Messages that it holds on to: at most 64, or about twice those that wait. */
  get held(): number {
    return this.unstarted.length;
  }

  /** Whether a message must be scheduled as a large one, since one of its priority that goes first is such. */
  followsLarge(message: OutgoingMessage): boolean {
    const newest = this.unstarted.at(-1);
    return newest?.large === true && !newest.started && !newest.finished && newest.priority === message.priority;
  }

  /** Takes out the oldest scheduled message below a place in the order of sends; undefined when there is none. */
  takeBelow(order: number): OutgoingMessage | undefined {
    for (let first = this.unstarted[this.head]; first !== undefined; first = this.unstarted[this.head]) {
      const waits = !first.started && !first.finished;
      if (waits && first.order >= order) return undefined;
      this.dropFirst();
      if (waits) return first;
    }
    return undefined;
  }

  override onScheduled(message: OutgoingMessage): void {
    if (this.unstarted.length - this.head >= this.sweepAt) this.sweep();
    this.unstarted.push(message);
  }

  override onStart(message: OutgoingMessage, whole: boolean): void {
    super.onStart(message, whole);
    this.forget(message);
  }

  override onFinish(message: OutgoingMessage): void {
    this.forget(message);
  }

  private forget(message: OutgoingMessage): void {
    if (this.unstarted[this.head] === message) this.dropFirst();
  }

  private dropFirst(): void {
    this.head += 1;
    if (this.head * 2 < this.unstarted.length) return;
    // Half of it at a time, so that each is moved once.
    this.unstarted.splice(0, this.head);
    this.head = 0;
  }

  private sweep(): void {
    this.unstarted = this.unstarted.filter((message, i) => i >= this.head && !message.started && !message.finished);
    this.head = 0;
    this.sweepAt = Math.max(this.unstarted.length * 2, SWEEP_AT);
  }
}

/**
 * Receiving side of one channel: lets only ever newer messages through. What is newer is read from packet numbers,
 * which grow and are never used twice; nothing is resent, so that no ID is needed.
 */
export class SequencedReceive {
  private newest = -1;

  /**
   * Whether a message is at least as new as the newest delivered, and then makes it the newest. Equal means the same
   * packet, whose frames come in order.
   * @param packetNumber of the packet with the message, or with its piece at offset 0
   */
  accept(packetNumber: number): boolean {
    if (packetNumber < this.newest) return false;
    this.newest = packetNumber;
    return true;
  }
}

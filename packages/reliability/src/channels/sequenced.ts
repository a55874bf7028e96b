import type { OutgoingMessage } from "../outgoing-message.js";
import { UnreliableSend } from "./unreliable.js";

/**
 * Sequenced messages: a new one takes the place of those that an earlier flush had no room for. What is sent before the
 * same flush goes together, in order: a game may tell of several things on one channel. One that goes before older ones
 * all the same, as its priority is higher, ends them: they would come as old ones.
 */
export class SequencedSend extends UnreliableSend {
  /** Scheduled in this order; those that have started or ended are taken out when they are met. */
  private readonly waitingToStart: OutgoingMessage[] = [];

  /** Whether a message must be scheduled as a large one, since one of its priority that goes first is such. */
  followsLarge(message: OutgoingMessage): boolean {
    const newest = this.waitingToStart.at(-1);
    return newest?.large === true && !newest.started && !newest.finished && newest.priority === message.priority;
  }

  /** Takes out the oldest scheduled message below a place in the order of sends; undefined when there is none. */
  takeBelow(order: number): OutgoingMessage | undefined {
    const { waitingToStart } = this;
    for (let first = waitingToStart[0]; first !== undefined; first = waitingToStart[0]) {
      const waits = !first.started && !first.finished;
      if (waits && first.order >= order) return undefined;
      waitingToStart.shift();
      if (waits) return first;
    }
    return undefined;
  }

  override onScheduled(message: OutgoingMessage): void {
    this.waitingToStart.push(message);
  }

  override onStart(message: OutgoingMessage, whole: boolean): void {
    super.onStart(message, whole);
    this.forget(message);
  }

  override onFinish(message: OutgoingMessage): void {
    this.forget(message);
  }

  private forget(message: OutgoingMessage): void {
    if (this.waitingToStart[0] === message) this.waitingToStart.shift();
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

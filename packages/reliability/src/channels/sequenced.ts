import type { OutgoingMessage } from "../outgoing-message.js";
import { UnreliableSend } from "./unreliable.js";

/** Sequenced messages: at most one waits to start; a newer one takes its place. */
export class SequencedSend extends UnreliableSend {
  private newest: OutgoingMessage | undefined = undefined;

  /** The scheduled message that a newer one replaces; undefined when there is none, or it has started. */
  get replaceable(): OutgoingMessage | undefined {
    const { newest } = this;
    return newest === undefined || newest.started || newest.finished ? undefined : newest;
  }

  override onScheduled(message: OutgoingMessage): void {
    this.newest = message;
  }

  override onFinish(message: OutgoingMessage): void {
    if (this.newest === message) this.newest = undefined;
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

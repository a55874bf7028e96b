import { DELIVERIES } from "./delivery.js";
import type { FlowWindow } from "./flow-window.js";
import { MessageQueue } from "./message-queue.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { SendCredit } from "./send-credit.js";

/**
 * What one channel has waiting in one rank of the scheduler, a queue for each mode, so that a mode that waits for the
 * receiver holds up none of the others. A link of the ring of channels that take turns.
 */
export class ChannelQueues {
  readonly number: number;
  /** Share of the bytes next to other channels of the rank. */
  readonly weight: number;
  /** bytes that may go before another channel's turn comes. */
  deficitBytes = 0;
  /** Neighbours in the ring of its rank; undefined outside of it. */
  previous: ChannelQueues | undefined = undefined;
  next: ChannelQueues | undefined = undefined;
  /** To be sent again. */
  private readonly lost: MessageQueue = new MessageQueue();
  /** New messages by delivery; made on first use. */
  private readonly fresh: (MessageQueue | undefined)[] = DELIVERIES.map(() => undefined);

  constructor(number: number, weight: number) {
    this.number = number;
    this.weight = weight;
  }

  get isEmpty(): boolean {
    return this.peekLost() === undefined && this.peekAny() === undefined;
  }

  queueOf(message: OutgoingMessage): MessageQueue {
    let queue = this.fresh[message.delivery];
    if (queue === undefined) {
      queue = new MessageQueue();
      this.fresh[message.delivery] = queue;
    }
    return queue;
  }

  pushLost(message: OutgoingMessage): void {
    message.inLostQueue = true;
    this.lost.push(message);
  }

  /** The message to be sent again first; passes over those whose lost data arrived after all. */
  peekLost(): OutgoingMessage | undefined {
    for (;;) {
      const message = this.lost.peek();
      if (message === undefined || message.hasLost) return message;
      this.lost.shift();
      message.inLostQueue = false;
    }
  }

  shiftLost(): void {
    const message = this.lost.shift();
    if (message !== undefined) message.inLostQueue = false;
  }

  /** The new message that was sent first, of those that may go. */
  peekFresh(flow: FlowWindow): OutgoingMessage | undefined {
    let first: OutgoingMessage | undefined;
    for (const queue of this.fresh) {
      const message = queue?.peek();
      if (message === undefined || (first !== undefined && first.order < message.order)) continue;
      if (message.started || flow.allows(message)) first = message;
    }
    return first;
  }

  /** The unreliable or sequenced message that waits longest. */
  peekDroppable(): OutgoingMessage | undefined {
    const unreliable = this.fresh[0]?.peek();
    const sequenced = this.fresh[1]?.peek();
    if (unreliable === undefined) return sequenced;
    return sequenced === undefined || unreliable.order < sequenced.order ? unreliable : sequenced;
  }

  /** Whether something new waits for credit. */
  isBlocked(credit: SendCredit): boolean {
    for (const queue of this.fresh) {
      const message = queue?.peek();
      if (message?.started === false && !credit.allows(message)) return true;
    }
    return false;
  }

  /** Any new message, whether it may go or not. */
  peekAny(): OutgoingMessage | undefined {
    for (const queue of this.fresh) {
      const message = queue?.peek();
      if (message !== undefined) return message;
    }
    return undefined;
  }
}

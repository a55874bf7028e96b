import { DeliveryCode } from "@sortie/wire";
import type { UsedUpIds } from "./channels/used-up-ids.js";
import { creditToStart } from "./credit.js";
import { DELIVERIES } from "./delivery.js";
import type { FlowWindow } from "./flow-window.js";
import { LostMessages } from "./lost-messages.js";
import type { LostRanks } from "./lost-ranks.js";
import { MessageQueue, TURN_BYTES } from "./message-queue.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { SendCredit } from "./send-credit.js";

/**
 * What one channel has waiting in one rank of the scheduler, a queue for each mode, so that a mode that waits for the
 * receiver holds up none of the others. Modes take turns by bytes: the backlog of one that keeps everything must not
 * hold up another whose data age. A link of the ring of channels that take turns.
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
  private readonly lost: LostMessages = new LostMessages();
  /** New messages by delivery; made on first use. */
  private readonly fresh: (MessageQueue | undefined)[] = DELIVERIES.map(() => undefined);
  /** The delivery whose turn it is. */
  private turn = 0;

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
    this.lost.push(message);
  }

  /** The message to be sent again first. */
  peekLost(): OutgoingMessage | undefined {
    return this.lost.peek();
  }

  /** All that was lost of the message has gone again, in this channel's turn or in that of another. */
  endResend(message: OutgoingMessage): void {
    if (this.lost.first === message) this.lost.shift();
  }

  /** Takes out what of a delivery is to be sent again. */
  takeLost(delivery: DeliveryCode): OutgoingMessage[] {
    return this.lost.take(delivery);
  }

  /** What goes next: what was lost, or else what is new. */
  peekNext(flow: FlowWindow, usedUpIds: UsedUpIds, lostRanks: LostRanks): OutgoingMessage | undefined {
    return this.peekLost() ?? this.peekFresh(flow, usedUpIds, lostRanks);
  }

  /**
   * The new message whose turn it is; the turn passes to the next mode that has one which may go.
   * @param usedUpIds what has no ID to start with gives its turn to the message that keeps the lowest, if there is
   * something of that to send: it may be of a lower rank, and begun, or lost
   * @param lostRanks what `flow` does not allow to start gives its turn to what was lost in lower ranks
   */
  private peekFresh(flow: FlowWindow, usedUpIds: UsedUpIds, lostRanks: LostRanks): OutgoingMessage | undefined {
    const { fresh } = this;
    let mode = this.turn;
    for (let left = fresh.length; left > 0; left--) {
      const message = fresh[mode]?.peek();
      if (message !== undefined) {
        if (message.started) return this.choose(mode, message);
        const begun = mode <= DeliveryCode.Sequenced ? fresh[1 - mode]?.peek() : undefined;
        // Pieces of what nobody resends are held in little memory: two messages at a time could push each other out.
        if (begun?.started === true) return this.choose(1 - mode, begun);
        if (usedUpIds.holds(message)) {
          // It waits for that one, wherever that waits, and gives it its turn.
          const keeper = usedUpIds.keeperOf(message);
          if (keeper !== undefined) return this.choose(mode, keeper);
        } else if (flow.allows(message)) return this.choose(mode, message);
        else {
          const lost = lostRanks.oldestBelow(message.rank);
          if (lost !== undefined) return this.choose(mode, lost);
        }
      }
      mode = mode + 1 === fresh.length ? 0 : mode + 1;
    }
    return undefined;
  }

  /**
   * So many bytes of what `peekFresh` gave were written. A turn may overdraw, and the next one pays; what it leaves
   * over for want of messages it keeps, which is never more than a turn.
   */
  charge(bytes: number): void {
    const { fresh, turn } = this;
    const queue = fresh[turn];
    // Undefined: it waited alone, outside of all ranks, until others came while it was being written.
    if (queue === undefined) return;
    queue.turnBytes -= bytes;
    if (queue.turnBytes > 0) return;
    queue.turnBytes += TURN_BYTES;
    this.turn = turn + 1 === fresh.length ? 0 : turn + 1;
  }

  /**
   * bytes of credit that must be there for the first new message of every mode to start: what the one takes that takes
   * most; 0: none of them takes any.
   */
  get creditNeed(): number {
    const { fresh } = this;
    let most = 0;
    for (let mode: number = DeliveryCode.Reliable; mode < fresh.length; mode++) {
      const message = fresh[mode]?.peek();
      if (message?.started === false) most = Math.max(most, creditToStart(message.totalBytes, message.large));
    }
    return most;
  }

  /** Whether something new waits for credit. */
  isBlocked(credit: SendCredit): boolean {
    const bytes = this.creditNeed;
    return bytes > 0 && !credit.covers(this.number, bytes);
  }

  /** Any new message, whether it may go or not. */
  peekAny(): OutgoingMessage | undefined {
    for (const queue of this.fresh) {
      const message = queue?.peek();
      if (message !== undefined) return message;
    }
    return undefined;
  }

  private choose(mode: number, message: OutgoingMessage): OutgoingMessage {
    this.turn = mode;
    return message;
  }
}

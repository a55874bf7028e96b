import { DeliveryCode } from "@sortie/wire";
import type { FlowWindow } from "./flow-window.js";
import { MessageQueue } from "./message-queue.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import { MAX_PRIORITY } from "./send-options.js";

/** Each priority twice: large messages below, small ones above. */
const RANKS: number = (MAX_PRIORITY + 1) * 2;

/** Queues of one rank. */
class Rank {
  /** To be sent again. */
  readonly lost: MessageQueue = new MessageQueue();
  /** New unreliable and sequenced messages: may go at any time, and may be dropped. */
  readonly droppable: MessageQueue = new MessageQueue();
  /** New messages that are resent and of which the receiver holds nothing. */
  readonly free: MessageQueue = new MessageQueue();
  /** New messages that may start only when the flow window has room. */
  readonly gated: MessageQueue = new MessageQueue();

  queueOf(message: OutgoingMessage): MessageQueue {
    if (!message.retransmits) return this.droppable;
    return isGated(message) ? this.gated : this.free;
  }
}

/** Whether the receiver may have to hold parts of the message, so that it counts against its window. */
export function isGated(message: OutgoingMessage): boolean {
  return message.delivery === DeliveryCode.Ordered || (message.large && message.retransmits);
}

/**
 * Decides which message goes next: by priority, within one small messages before pieces of large ones, then what was
 * lost before what is new, then in the order of sending. Messages that wait for the flow window hold up neither those
 * that need none nor other priorities.
 */
export class PacketScheduler {
  private readonly ranks: (Rank | undefined)[] = new Array<Rank | undefined>(RANKS);
  /** Bit r: rank r may have something. */
  private occupied = 0;
  private current: MessageQueue | undefined = undefined;
  private resending = false;

  /** Whether the message that `peek` gave is to be sent again. */
  get isResend(): boolean {
    return this.resending;
  }

  /** Queues a new message; `message.large` is set. */
  push(message: OutgoingMessage): void {
    this.rank(message).queueOf(message).push(message);
  }

  /** Queues a message that has lost data. */
  pushLost(message: OutgoingMessage): void {
    if (message.inLostQueue) return;
    message.inLostQueue = true;
    this.rank(message).lost.push(message);
  }

  /** Puts `next` in the place of `previous`, which waits here, or at the end when they rank differently. */
  replace(previous: OutgoingMessage, next: OutgoingMessage): void {
    const queue = this.rank(next).queueOf(next);
    if (queue === this.rank(previous).queueOf(previous)) queue.replace(previous, next);
    else queue.push(next);
  }

  /** The message to be written now; the same until it is taken out, finishes, or one with a higher rank comes. */
  peek(flow: FlowWindow): OutgoingMessage | undefined {
    for (let left = this.occupied; left !== 0;) {
      const index = 31 - Math.clz32(left);
      left &= ~(1 << index);
      const rank = this.ranks[index] as Rank;
      const lost = peekLost(rank.lost);
      if (lost !== undefined) return this.choose(rank.lost, lost, true);
      const droppable = rank.droppable.peek();
      const free = rank.free.peek();
      let gated = rank.gated.peek();
      if (droppable === undefined && free === undefined && gated === undefined) {
        this.occupied &= ~(1 << index);
        continue;
      }
      if (gated !== undefined && !gated.started && !flow.allows(gated)) gated = undefined;
      const first = earliest(earliest(droppable, free), gated);
      if (first !== undefined) return this.choose(rank.queueOf(first), first, false);
    }
    return undefined;
  }

  /** Takes out the message that `peek` gave. */
  shift(): void {
    const message = this.current?.shift();
    if (message !== undefined && this.resending) message.inLostQueue = false;
    this.current = undefined;
  }

  /** The unreliable or sequenced message that waits longest. */
  oldestDroppable(): OutgoingMessage | undefined {
    let oldest: OutgoingMessage | undefined;
    for (const rank of this.ranks) {
      oldest = earliest(oldest, rank?.droppable.peek());
    }
    return oldest;
  }

  /** Any message that waits here, undefined when none does. */
  any(): OutgoingMessage | undefined {
    for (const rank of this.ranks) {
      if (rank === undefined) continue;
      const message = rank.lost.peek() ?? rank.droppable.peek() ?? rank.free.peek() ?? rank.gated.peek();
      if (message !== undefined) return message;
    }
    return undefined;
  }

  private choose(queue: MessageQueue, message: OutgoingMessage, resending: boolean): OutgoingMessage {
    this.current = queue;
    this.resending = resending;
    return message;
  }

  private rank(message: OutgoingMessage): Rank {
    const index = message.priority * 2 + (message.large ? 0 : 1);
    this.occupied |= 1 << index;
    let rank = this.ranks[index];
    if (rank === undefined) {
      rank = new Rank();
      this.ranks[index] = rank;
    }
    return rank;
  }
}

function earliest(a: OutgoingMessage | undefined, b: OutgoingMessage | undefined): OutgoingMessage | undefined {
  if (a === undefined) return b;
  return b === undefined || a.order < b.order ? a : b;
}

/** Passes over messages whose lost data arrived after all. */
function peekLost(queue: MessageQueue): OutgoingMessage | undefined {
  for (;;) {
    const message = queue.peek();
    if (message === undefined || message.hasLost) return message;
    queue.shift();
    message.inLostQueue = false;
  }
}

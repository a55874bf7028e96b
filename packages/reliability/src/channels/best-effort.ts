import { IdWindow, type IdVerdict, MAX_ID_LEAP } from "../id-window.js";
import type { OutgoingMessage } from "../outgoing-message.js";
import { PacketFloor } from "./packet-floor.js";
import { SendChannel } from "./send-channel.js";
import { SendWindow } from "./send-window.js";
import type { UsedUpIds } from "./used-up-ids.js";

/**
 * bestEffort messages: resent until their deadline, which leaves gaps in the IDs; the receiver waits for none. At most
 * 1024 IDs above the lowest that is under way: what was so far behind the receiver would take for old.
 */
export class BestEffortSend extends SendChannel {
  private readonly window = new SendWindow();
  /** Highest ID that the receiver is known to have. */
  private confirmedId: number;
  /** The message that started last under the last ID that could be used. */
  private atLast: OutgoingMessage | undefined = undefined;
  /** Whether another arrived under its ID: no acknowledgement tells whether this one was taken. */
  private isInDoubt = false;
  private readonly usedUpIds: UsedUpIds;

  constructor(firstId: number, usedUpIds: UsedUpIds) {
    super(firstId);
    this.usedUpIds = usedUpIds;
    this.confirmedId = firstId - 1;
  }

  /**
   * The message that must be given up before another may start: that one ranks higher, and could wait long, as where
   * pieces of a large one keep the lowest ID.
   */
  get surplus(): OutgoingMessage | undefined {
    return this.window.isFull ? this.window.lowest : undefined;
  }

  /**
   * Whether a message, `whole` or in pieces, may start. When so many IDs were used in vain that the receiver would take
   * the next for an old one, whole messages go on one at a time under the last ID, until one of them arrives. Pieces
   * must not, as those of several messages would meet under it.
   */
  mayStart(message: OutgoingMessage, whole: boolean): boolean {
    if (this.nextId < this.lastId) return true;
    return whole && this.window.span === 0 && (this.nextId === this.lastId || this.mayFollow(message));
  }

  override onStart(message: OutgoingMessage, whole: boolean): void {
    const { lastId } = this;
    if (this.nextId >= lastId) {
      this.nextId = lastId;
      this.atLast = message;
      this.isInDoubt = false;
    }
    super.onStart(message, whole);
    this.window.push(message);
    const { window } = this;
    if (window.isFull) this.usedUpIds.add(message.delivery, message.channel, window.lowest?.rank ?? Infinity);
  }

  override onFinish(message: OutgoingMessage): void {
    const { window } = this;
    const wasFull = window.isFull;
    while (window.shiftFinished() !== undefined);
    if (wasFull && !window.isFull) this.usedUpIds.delete(message.delivery, message.channel);
    // Says something only where the outcome was held, see `onLastAcked`.
    if (message === this.atLast) message.tell("dropped");
  }

  override onAcked(message: OutgoingMessage): void {
    const { id } = message;
    if (id === this.atLast?.id) this.onLastAcked(message);
    this.confirmedId = Math.max(this.confirmedId, id);
  }

  private onLastAcked(message: OutgoingMessage): void {
    // One that was taken for lost arrived after all, most likely before the one that has its ID now.
    if (message !== this.atLast) this.isInDoubt = true;
    else if (this.isInDoubt && !message.finished) message.holdOutcome();
  }

  /**
   * Whether the message may have the last ID, which another had that was given up. That one could arrive first as long
   * as any of it is under way, and the receiver would drop, and yet acknowledge, the next one as a duplicate.
   */
  private mayFollow(message: OutgoingMessage): boolean {
    const { atLast } = this;
    if (atLast?.hasLost !== true) return false;
    // Pieces of it may be there, because the path's MTU fell. Those of this one, if it fell again, would meet them.
    return atLast.fragments === undefined || !message.large;
  }

  /** The highest ID that the receiver is sure to take for a new one. */
  private get lastId(): number {
    return this.confirmedId + MAX_ID_LEAP;
  }
}

/** Receiving side of one channel: delivers as it comes, each ID once; a window of 1024 slides with the newest. */
export class BestEffortReceive {
  private readonly window: IdWindow;
  private readonly floor = new PacketFloor();

  constructor(firstId: number) {
    this.window = new IdWindow("sliding", firstId);
  }

  /** Whether no packet is too old to tell what in it is new. */
  get tellsAllPackets(): boolean {
    return !this.floor.isSet;
  }

  check(id: number, packetNumber: number): IdVerdict {
    return this.floor.isAbove(packetNumber) ? "old" : this.window.check(id);
  }

  /** Lowest ID that can still be received. */
  get base(): number {
    return this.window.base;
  }

  /** Marks `id` as delivered. Returns by how many IDs the window moved up: up to 31744. */
  accept(id: number, packetNumber: number): number {
    const before = this.window.base;
    this.window.mark(id);
    const moved = (this.window.base - before) & 0xffff;
    this.floor.onMoved(moved, packetNumber);
    return moved;
  }
}

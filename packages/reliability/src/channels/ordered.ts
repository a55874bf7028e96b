import { sequenceAdd, sequenceDistance } from "@sortie/wire";
import type { FlowWindow } from "../flow-window.js";
import { ID_WINDOW, type IdVerdict } from "../id-window.js";
import type { OutgoingMessage } from "../outgoing-message.js";
import type { OwnBytes } from "../received-payload.js";
import { PacketFloor } from "./packet-floor.js";
import { SendChannel } from "./send-channel.js";
import { SendWindow } from "./send-window.js";
import { Urgency } from "./urgency.js";
import type { UsedUpIds } from "./used-up-ids.js";

/** What waits to be sent again. */
export interface LostData {
  /** Of an ordered channel, from now on at least at this priority. */
  raiseLost(channel: number, priority: number): void;
}

/**
 * Ordered messages: resent until acknowledged. They start in the order of sending, whatever their priorities: the next
 * is scheduled when the one before has started. While no ID is free the scheduler passes over it, and what was lost of
 * the lowest goes in its turn. What the receiver holds is released in order too.
 */
export class OrderedSend extends SendChannel {
  private readonly window = new SendWindow();
  private readonly flow: FlowWindow;
  private readonly usedUpIds: UsedUpIds;
  private readonly lost: LostData;
  private starting = false;
  /** Of all that started, -1 before the first; then without meaning once they differ. */
  private priority = -1;
  /** Undefined until priorities differ, as on most channels they never do. */
  private urgency: Urgency | undefined = undefined;

  constructor(firstId: number, flow: FlowWindow, usedUpIds: UsedUpIds, lost: LostData) {
    super(firstId);
    this.flow = flow;
    this.usedUpIds = usedUpIds;
    this.lost = lost;
  }

  override maySchedule(): boolean {
    return !this.starting;
  }

  override onScheduled(_message: OutgoingMessage): void {
    this.starting = true;
  }

  override onStart(message: OutgoingMessage, whole: boolean): void {
    super.onStart(message, whole);
    this.starting = false;
    const { window } = this;
    window.push(message);
    if (window.isFull) this.usedUpIds.add(message.delivery, message.channel, Infinity, window.lowest);
    const { priority } = message;
    if (this.urgency === undefined) {
      if (priority === this.priority) return;
      if (this.priority >= 0) this.urgency = new Urgency(this.priority, message.id - 1);
      this.priority = priority;
    }
    if (this.urgency?.onStart(message) === true) this.lost.raiseLost(message.channel, priority);
  }

  override resendPriority(message: OutgoingMessage): number {
    return this.urgency?.onLost(message) ?? message.priority;
  }

  override onFinish(message: OutgoingMessage): void {
    if (!message.started) this.starting = false;
    const { window } = this;
    const wasFull = window.isFull;
    for (let first = window.shiftFinished(); first !== undefined; first = window.shiftFinished()) {
      this.flow.release(first);
      first.tell("acked");
    }
    if (wasFull && !window.isFull) this.usedUpIds.delete(message.delivery, message.channel);
  }

  override onAcked(message: OutgoingMessage): void {
    // Of one that is finished a further copy was acknowledged: its turn came already, or comes with those before it.
    if (!message.finished && message !== this.window.lowest) message.holdOutcome();
  }

  /** What arrived behind a gap that is not filled any more was never given to the receiver's application. */
  override close(): void {
    this.window.forEach((message) => message.tell("closed"));
  }
}

/** A message that came before its turn. */
export interface EarlyMessage {
  readonly payload: OwnBytes;
  /** ms. When it came whole. */
  readonly atMs: number;
}

/** Never written to: most channels hold nothing, and an empty map takes 200 bytes of each. */
const NONE_EARLY: Map<number, EarlyMessage> = new Map();

/** Receiving side of one channel: holds what came early, at most 1023 messages, until everything before it has come. */
export class OrderedReceive {
  private next: number;
  /** By ID, in the order in which they came. */
  private early: Map<number, EarlyMessage> = NONE_EARLY;
  /** The ID furthest ahead that was held. */
  private furthest: number;
  private readonly floor = new PacketFloor();

  constructor(firstId: number) {
    this.next = firstId;
    this.furthest = firstId;
  }

  /** ID of the message that is to be delivered next. */
  get nextId(): number {
    return this.next;
  }

  /** ms. When the message came that is held for the longest; Infinity when none is. */
  get earlySinceMs(): number {
    for (const message of this.early.values()) return message.atMs;
    return Infinity;
  }

  /** IDs by which `id` is ahead of the next to be delivered; negative when it was delivered. */
  distance(id: number): number {
    return sequenceDistance(id, this.next);
  }

  /** Whether no packet is too old to tell what in it is new. */
  get tellsAllPackets(): boolean {
    return !this.floor.isSet;
  }

  check(id: number, packetNumber: number): IdVerdict {
    if (this.floor.isAbove(packetNumber)) return "old";
    const distance = this.distance(id);
    if (distance >= ID_WINDOW) return "beyond";
    return distance < 0 || this.early.has(id) ? "duplicate" : "new";
  }

  /** The message with this ID, if it is held. */
  held(id: number): EarlyMessage | undefined {
    return this.early.get(id);
  }

  /** Whether a message that has been held since `sinceMs` or before waits for this one, which has not come. */
  isAwaited(id: number, sinceMs: number): boolean {
    return this.early.size > 0 && this.distance(id) < this.distance(this.furthest) && this.earlySinceMs <= sinceMs;
  }

  /** Keeps a message that came early. */
  hold(id: number, payload: OwnBytes, atMs: number): void {
    if (this.early === NONE_EARLY) this.early = new Map();
    if (this.early.size === 0 || this.distance(id) > this.distance(this.furthest)) this.furthest = id;
    this.early.set(id, { payload, atMs });
  }

  /**
   * The message whose turn it is was delivered. Returns the one after it when that is held already.
   * @param packetNumber of the packet that set this off
   */
  advance(packetNumber: number): OwnBytes | undefined {
    this.next = sequenceAdd(this.next, 1);
    this.floor.onMoved(1, packetNumber);
    if (this.early.size === 0) return undefined;
    const message = this.early.get(this.next);
    if (message === undefined) return undefined;
    this.early.delete(this.next);
    return message.payload;
  }
}

import { IdWindow, type IdVerdict } from "../id-window.js";
import type { OutgoingMessage } from "../outgoing-message.js";
import { PacketFloor } from "./packet-floor.js";
import { SendChannel } from "./send-channel.js";
import { SendWindow } from "./send-window.js";
import type { UsedUpIds } from "./used-up-ids.js";

/**
 * Reliable messages: resent until acknowledged, at most 1024 IDs above the lowest that is not. All are scheduled at
 * once, and the scheduler passes over them while no ID is free: if they waited elsewhere for IDs that are spoken for,
 * an urgent one would wait behind those that are not. What is left to send of the lowest then goes in their turn.
 */
export class ReliableSend extends SendChannel {
  private readonly window = new SendWindow();
  private readonly usedUpIds: UsedUpIds;

  constructor(firstId: number, usedUpIds: UsedUpIds) {
    super(firstId);
    this.usedUpIds = usedUpIds;
  }

  override onStart(message: OutgoingMessage, whole: boolean): void {
    super.onStart(message, whole);
    this.window.push(message);
    const { window } = this;
    if (window.isFull) this.usedUpIds.add(message.delivery, message.channel, Infinity, window.lowest);
  }

  override onFinish(message: OutgoingMessage): void {
    const { window } = this;
    const wasFull = window.isFull;
    while (window.shiftFinished() !== undefined);
    if (wasFull && !window.isFull) this.usedUpIds.delete(message.delivery, message.channel);
  }
}

/** Receiving side of one channel: delivers as it comes, each ID once. */
export class ReliableReceive {
  private readonly window: IdWindow;
  private readonly floor = new PacketFloor();

  constructor(firstId: number) {
    this.window = new IdWindow("lossless", firstId);
  }

  /** Whether no packet is too old to tell what in it is new. */
  get tellsAllPackets(): boolean {
    return !this.floor.isSet;
  }

  check(id: number, packetNumber: number): IdVerdict {
    return this.floor.isAbove(packetNumber) ? "old" : this.window.check(id);
  }

  /** Marks `id` as delivered. */
  accept(id: number, packetNumber: number): void {
    const before = this.window.base;
    this.window.mark(id);
    this.floor.onMoved((this.window.base - before) & 0xffff, packetNumber);
  }
}

import { ID_WINDOW, IdWindow, type IdVerdict } from "../id-window.js";
import type { OutgoingMessage } from "../outgoing-message.js";
import { PacketFloor } from "./packet-floor.js";
import { SendChannel } from "./send-channel.js";
import { SendWindow } from "./send-window.js";

/** Reliable messages: resent until acknowledged, at most 1024 IDs above the lowest that is not. */
export class ReliableSend extends SendChannel {
  private readonly window = new SendWindow();
  /** Scheduled and not started: their IDs are spoken for. */
  private scheduled = 0;

  override maySchedule(): boolean {
    return this.window.span + this.scheduled < ID_WINDOW;
  }

  override onScheduled(_message: OutgoingMessage): void {
    this.scheduled += 1;
  }

  override onStart(message: OutgoingMessage, whole: boolean): void {
    super.onStart(message, whole);
    this.scheduled -= 1;
    this.window.push(message);
  }

  override onFinish(message: OutgoingMessage): void {
    if (!message.started) this.scheduled -= 1;
    while (this.window.shiftFinished() !== undefined);
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

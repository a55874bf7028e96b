import { sequenceAdd, sequenceDistance } from "@sortie/wire";
import type { FlowWindow } from "../flow-window.js";
import { ID_WINDOW, type IdVerdict } from "../id-window.js";
import type { OutgoingMessage } from "../outgoing-message.js";
import { PacketFloor } from "./packet-floor.js";
import { SendChannel } from "./send-channel.js";
import { SendWindow } from "./send-window.js";

/**
 * Ordered messages: resent until acknowledged. They start in the order of sending, whatever their priorities: the next
 * is scheduled when the one before has started. What the receiver holds is released in order too.
 */
export class OrderedSend extends SendChannel {
  private readonly window = new SendWindow();
  private readonly flow: FlowWindow;
  private starting = false;

  constructor(firstId: number, flow: FlowWindow) {
    super(firstId);
    this.flow = flow;
  }

  override maySchedule(): boolean {
    return !this.starting && !this.window.isFull;
  }

  override onScheduled(_message: OutgoingMessage): void {
    this.starting = true;
  }

  override onStart(message: OutgoingMessage, whole: boolean): void {
    super.onStart(message, whole);
    this.starting = false;
    this.window.push(message);
  }

  override onFinish(message: OutgoingMessage): void {
    if (!message.started) this.starting = false;
    for (let first = this.window.shiftFinished(); first !== undefined; first = this.window.shiftFinished()) {
      this.flow.release(first);
    }
  }
}

/** Receiving side of one channel: holds what came early, at most 1023 messages, until everything before it has come. */
export class OrderedReceive {
  private next: number;
  private readonly early: Map<number, Uint8Array> = new Map();
  private readonly floor = new PacketFloor();

  constructor(firstId: number) {
    this.next = firstId;
  }

  /** IDs by which `id` is ahead of the next to be delivered; negative when it was delivered. */
  distance(id: number): number {
    return sequenceDistance(id, this.next);
  }

  check(id: number, packetNumber: number): IdVerdict {
    if (this.floor.isAbove(packetNumber)) return "old";
    const distance = this.distance(id);
    if (distance >= ID_WINDOW) return "beyond";
    return distance < 0 || this.early.has(id) ? "duplicate" : "new";
  }

  /** Keeps a message that came early. */
  hold(id: number, payload: Uint8Array): void {
    this.early.set(id, payload);
  }

  /**
   * The message whose turn it is was delivered. Returns the one after it when that is held already.
   * @param packetNumber of the packet that set this off
   */
  advance(packetNumber: number): Uint8Array | undefined {
    this.next = sequenceAdd(this.next, 1);
    this.floor.onMoved(1, packetNumber);
    const payload = this.early.get(this.next);
    if (payload !== undefined) this.early.delete(this.next);
    return payload;
  }
}

import { IdWindow, type IdVerdict, MAX_ID_LEAP } from "../id-window.js";
import type { OutgoingMessage } from "../outgoing-message.js";
import { PacketFloor } from "./packet-floor.js";
import { SendChannel } from "./send-channel.js";
import { SendWindow } from "./send-window.js";

/** bestEffort messages: resent until their deadline, which leaves gaps in the IDs; the receiver waits for none. */
export class BestEffortSend extends SendChannel {
  private readonly window = new SendWindow();
  /** Highest ID that the receiver is known to have. */
  private confirmedId: number;

  constructor(firstId: number) {
    super(firstId);
    this.confirmedId = firstId - 1;
  }

  /** The message that must be given up before another may start: the receiver would take it for an old one. */
  get surplus(): OutgoingMessage | undefined {
    return this.window.isFull ? this.window.lowest : undefined;
  }

  /**
   * Whether a message, `whole` or in pieces, may start. When so many IDs were used in vain that the receiver would take
   * the next for an old one, whole messages go on one at a time under the last ID, until one of them arrives. Pieces
   * must not, as those of several messages would meet under it.
   */
  mayStart(whole: boolean): boolean {
    return this.nextId < this.lastId || (whole && this.window.span === 0);
  }

  override onStart(message: OutgoingMessage, whole: boolean): void {
    this.nextId = Math.min(this.nextId, this.lastId);
    super.onStart(message, whole);
    this.window.push(message);
  }

  override onFinish(_message: OutgoingMessage): void {
    while (this.window.shiftFinished() !== undefined);
  }

  override onAcked({ id }: OutgoingMessage): void {
    this.confirmedId = Math.max(this.confirmedId, id);
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

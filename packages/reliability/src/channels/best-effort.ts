import { ID_WINDOW, IdWindow, type IdVerdict, MAX_ID_LEAP } from "../id-window.js";
import type { OutgoingMessage } from "../outgoing-message.js";
import { SendChannel } from "./send-channel.js";
import { SendWindow } from "./send-window.js";

/** bestEffort messages: resent until their deadline, which leaves gaps in the IDs; the receiver waits for none. */
export class BestEffortSend extends SendChannel {
  private readonly window = new SendWindow();
  /** IDs used since one was acknowledged. */
  private unacknowledged = 0;

  /** The message that must be given up before another may start: the receiver would take it for an old one. */
  get surplus(): OutgoingMessage | undefined {
    return this.window.isFull ? this.window.lowest : undefined;
  }

  /** Whether so many IDs were used in vain that the receiver could no longer tell the next from an old one. */
  get isExhausted(): boolean {
    return this.unacknowledged >= MAX_ID_LEAP;
  }

  override onStart(message: OutgoingMessage, whole: boolean): void {
    super.onStart(message, whole);
    this.unacknowledged += 1;
    this.window.push(message);
  }

  override onFinish(_message: OutgoingMessage): void {
    while (this.window.shiftFinished() !== undefined);
  }

  onAcked(): void {
    this.unacknowledged = 0;
  }
}

/** Receiving side of one channel: delivers as it comes, each ID once; a window of 1024 slides with the newest. */
export class BestEffortReceive {
  private readonly window: IdWindow;

  constructor(firstId: number) {
    this.window = new IdWindow("sliding", firstId);
  }

  check(id: number): IdVerdict {
    return this.window.check(id);
  }

  /** Lowest ID that can still be received. */
  get base(): number {
    return this.window.base;
  }

  /** Marks `id` as delivered. Returns by how many IDs (at most 1024) the window moved up. */
  accept(id: number): number {
    const before = this.window.base;
    this.window.mark(id);
    return Math.min((this.window.base - before) & 0xffff, ID_WINDOW);
  }
}

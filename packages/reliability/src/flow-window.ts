import { DeliveryCode } from "@sortie/wire";
import type { OutgoingMessage } from "./outgoing-message.js";
import { SendCredit } from "./send-credit.js";

/**
 * bytes. What small ordered messages (payload and overhead) may take at the receiver, next to its receive window.
 * They have a share of their own so that a bulk transfer that fills the window does not hold them up. Fixed by the
 * protocol (docs/PROTOCOL.md section 6.4).
 */
export const SMALL_WINDOW_BYTES: number = 256 * 1024;

/**
 * bytes charged for each message next to its payload, as an object costs something however little it holds. Fixed by
 * the protocol; what the receiver's memory takes is another matter (`EARLY_OVERHEAD_BYTES`).
 */
export const MESSAGE_OVERHEAD_BYTES = 128;

/**
 * bytes of the window for messages larger than a packet that are left to the modest among them, but an eighth of it at
 * the most. What is bulk must not hold up an event of two packets (docs/decisions/0113).
 */
const MODEST_ROOM_BYTES: number = 256 * 1024;
/** bytes, overhead included, of a modest message. A chunk of bulk has often more. */
const MODEST_BYTES: number = 16 * 1024;
/** bytes. A smaller window is short for everything, and leaves no room. */
const MIN_ROOM_WINDOW_BYTES: number = 256 * 1024;

/**
 * Sender's account of what the receiver may hold of our messages: parts of fragmented ones, and ordered ones whose
 * predecessors are missing. A message is charged whole when it starts and released when the receiver can hold nothing
 * of it, so that whatever started can also be finished. What its application has not read is the matter of `credit`.
 */
export class FlowWindow {
  readonly credit: SendCredit;
  private readonly largeLimit: number;
  /** bytes of it that are left to modest messages. */
  private readonly modestRoom: number;
  private largeUsed = 0;
  /** bytes of that which modest ones take. */
  private modestUsed = 0;
  private smallUsed = 0;

  /** @param receiveWindowBytes of the peer, for messages larger than a packet */
  constructor(receiveWindowBytes: number) {
    this.credit = new SendCredit(receiveWindowBytes);
    this.largeLimit = receiveWindowBytes;
    const leavesRoom = receiveWindowBytes >= MIN_ROOM_WINDOW_BYTES;
    this.modestRoom = leavesRoom ? Math.min(receiveWindowBytes / 8, MODEST_ROOM_BYTES) : 0;
  }

  /** Whether a message may start. As far as the windows go, one always may when no other of its size is out. */
  allows(message: OutgoingMessage): boolean {
    if (!this.credit.allows(message)) return false;
    if (!isWindowed(message)) return true;
    const bytes = message.totalBytes + MESSAGE_OVERHEAD_BYTES;
    if (message.large) return this.largeUsed === 0 || this.allowsLarge(bytes);
    return this.smallUsed === 0 || this.smallUsed + bytes <= SMALL_WINDOW_BYTES;
  }

  charge(message: OutgoingMessage): void {
    this.credit.charge(message);
    if (!isWindowed(message)) return;
    message.isCharged = true;
    this.count(message, message.totalBytes + MESSAGE_OVERHEAD_BYTES);
  }

  release(message: OutgoingMessage): void {
    if (!message.isCharged) return;
    message.isCharged = false;
    this.count(message, -(message.totalBytes + MESSAGE_OVERHEAD_BYTES));
  }

  private allowsLarge(bytes: number): boolean {
    const { largeLimit, largeUsed, modestRoom } = this;
    const open = largeLimit - modestRoom;
    // What cannot leave the room, as it needs more than the rest, takes of it what it needs.
    if (bytes <= MODEST_BYTES || bytes > open) return largeUsed + bytes <= largeLimit;
    return largeUsed - Math.min(this.modestUsed, modestRoom) + bytes <= open;
  }

  private count(message: OutgoingMessage, bytes: number): void {
    if (!message.large) this.smallUsed += bytes;
    else {
      this.largeUsed += bytes;
      if (Math.abs(bytes) <= MODEST_BYTES) this.modestUsed += bytes;
    }
  }
}

/** Whether the receiver may have to hold parts of the message, so that it counts against a window. */
function isWindowed(message: OutgoingMessage): boolean {
  return message.delivery === DeliveryCode.Ordered || (message.large && message.retransmits);
}

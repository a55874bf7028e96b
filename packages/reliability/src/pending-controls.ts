import type { ByteWriter } from "@sortie/wire";
import type { ControlFrames } from "./endpoint-options.js";
import type { ReceiveCredit } from "./receive-credit.js";

/** Control bits 0..14 are the owner's. */
const CONTROL_BITS = 15;
const OWN_MASK: number = (1 << CONTROL_BITS) - 1;
/** The bit of CREDIT frames. */
const CREDIT_BIT = 15;
/** Above it, in the mask of a packet with CREDIT frames, its ordinal: which channels it told of. */
const ORDINAL_SHIFT = 16;

/**
 * Control frames that are to go in the next packet, as bits: the owner's, and CREDIT. What a packet carried is a mask
 * of 32 bits, which is kept with the packet and comes back when that was acknowledged or lost.
 */
export class PendingControls {
  private readonly control: ControlFrames;
  private readonly credit: ReceiveCredit;
  private bits = 0;

  constructor(control: ControlFrames, credit: ReceiveCredit) {
    this.control = control;
    this.credit = credit;
  }

  get isEmpty(): boolean {
    return this.bits === 0;
  }

  /** @throws RangeError when `bit` is not one of the owner's */
  request(bit: number): void {
    if (!Number.isInteger(bit) || bit < 0 || bit >= CONTROL_BITS) {
      throw new RangeError(`"bit" expected an integer in 0..${CONTROL_BITS - 1}, got ${bit}`);
    }
    this.bits |= 1 << bit;
  }

  /** CREDIT frames go, if there is something to tell. */
  noteCredit(): void {
    if (this.credit.isPending) this.bits |= 1 << CREDIT_BIT;
  }

  clear(): void {
    this.bits = 0;
  }

  /** Writes what has room. Returns the mask of what was written, 0 for nothing. */
  write(writer: ByteWriter): number {
    let written = 0;
    for (let left = this.bits; left !== 0;) {
      const bit = 31 - Math.clz32(left & -left);
      left &= left - 1;
      if (bit === CREDIT_BIT) {
        written |= this.writeCredit(writer);
        continue;
      }
      const bytes = this.control.bytesOf(bit);
      if (bytes > writer.remaining) continue;
      this.bits &= ~(1 << bit);
      if (bytes === 0) continue;
      this.control.write(bit, writer);
      written |= 1 << bit;
    }
    return written;
  }

  /** A packet with these arrived. */
  onAcked(mask: number): void {
    for (let left = mask & OWN_MASK; left !== 0; left &= left - 1) {
      this.control.onAcked(31 - Math.clz32(left & -left));
    }
    if (hasCredit(mask)) this.credit.onAcked(mask >>> ORDINAL_SHIFT);
  }

  /** A packet with these was lost: what is still of use goes again. */
  requestAgain(mask: number): void {
    this.requestOwnAgain(mask);
    if (!hasCredit(mask)) return;
    this.credit.onLost(mask >>> ORDINAL_SHIFT);
    this.noteCredit();
  }

  /**
   * Packets with these may be lost: what is still of use goes again, of CREDIT frames a few.
   * @param masks of all packets in flight, one over the other
   */
  onProbeTimeout(masks: number): void {
    this.requestOwnAgain(masks);
    if (!hasCredit(masks)) return;
    this.credit.onProbeTimeout();
    this.noteCredit();
  }

  private requestOwnAgain(mask: number): void {
    for (let left = mask & OWN_MASK; left !== 0; left &= left - 1) {
      const bit = 31 - Math.clz32(left & -left);
      if (this.control.resends(bit)) this.bits |= 1 << bit;
    }
  }

  /** Returns its part of the packet's mask. */
  private writeCredit(writer: ByteWriter): number {
    const ordinal = this.credit.write(writer);
    if (!this.credit.isPending) this.bits &= ~(1 << CREDIT_BIT);
    return ordinal < 0 ? 0 : (1 << CREDIT_BIT) | (ordinal << ORDINAL_SHIFT);
  }
}

function hasCredit(mask: number): boolean {
  return (mask & (1 << CREDIT_BIT)) !== 0;
}

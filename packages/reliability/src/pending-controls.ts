import type { ByteWriter } from "@sortie/wire";
import type { ControlFrames } from "./endpoint-options.js";
import type { ReceiveCredit } from "./receive-credit.js";

/** Control bits 0..14 are the owner's. */
const CONTROL_BITS = 15;
/** The bit of CREDIT frames. */
const CREDIT_BIT = 15;

/** Control frames that are to go in the next packet, as bits: the owner's, and CREDIT. */
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

  /** Writes what has room. Returns the bits of what was written. */
  write(writer: ByteWriter): number {
    let written = 0;
    for (let left = this.bits; left !== 0;) {
      const bit = 31 - Math.clz32(left & -left);
      left &= left - 1;
      if (bit === CREDIT_BIT) {
        if (this.writeCredit(writer)) written |= 1 << bit;
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
    for (let left = mask & ~(1 << CREDIT_BIT); left !== 0; left &= left - 1) {
      this.control.onAcked(31 - Math.clz32(left & -left));
    }
  }

  /** A packet with these was lost, or may be: what is still of use goes again. */
  requestAgain(mask: number): void {
    for (let left = mask; left !== 0; left &= left - 1) {
      const bit = 31 - Math.clz32(left & -left);
      if (bit === CREDIT_BIT) this.credit.onLost();
      else if (!this.control.resends(bit)) continue;
      this.bits |= 1 << bit;
    }
  }

  private writeCredit(writer: ByteWriter): boolean {
    const before = writer.offset;
    this.credit.write(writer);
    if (!this.credit.isPending) this.bits &= ~(1 << CREDIT_BIT);
    return writer.offset > before;
  }
}

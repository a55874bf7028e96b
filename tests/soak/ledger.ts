import type { InboundMessage } from "@sortie/reliability";

/** bytes. kind (1) | number (4) | filler. */
const HEADER_BYTES = 5;

/** A numbered message of `bytes` bytes at least. */
export function numbered(number: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(Math.max(HEADER_BYTES, bytes));
  new DataView(payload.buffer).setUint32(1, number);
  return payload;
}

/** What came from one side, and what is wrong with it. */
export class Ledger {
  ordered = 0;
  unreliable = 0;
  readonly faults: string[] = [];
  private readonly reliable: Set<number> = new Set();
  private readonly seenUnreliable: Set<number> = new Set();

  /** Reliable messages received. */
  get reliableCount(): number {
    return this.reliable.size;
  }

  receive(message: InboundMessage): void {
    const { payload, delivery } = message;
    const number = new DataView(payload.buffer, payload.byteOffset).getUint32(1);
    if (delivery === "ordered") {
      if (number !== this.ordered) this.fault(`ordered ${number} came, ${this.ordered} was expected`);
      this.ordered = number + 1;
    } else if (delivery === "reliable") {
      if (this.reliable.has(number)) this.fault(`reliable ${number} came twice`);
      this.reliable.add(number);
    } else {
      if (this.seenUnreliable.has(number)) this.fault(`unreliable ${number} came twice`);
      this.seenUnreliable.add(number);
      this.unreliable += 1;
    }
  }

  private fault(text: string): void {
    if (this.faults.length < 20) this.faults.push(text);
  }
}

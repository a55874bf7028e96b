import { DelayHistogram } from "./delay-histogram.js";
import { FlowBook } from "./flow-book.js";

/** The channels of a scenario's traffic. */
export const UNRELIABLE = 0;
export const ORDERED = 1;
export const BULK = 2;

/** The books of one direction of one connection. */
export class FlowBooks {
  readonly unreliable: FlowBook = new FlowBook();
  readonly ordered: FlowBook = new FlowBook();
  readonly bulk: FlowBook = new FlowBook();

  /** Counts the delays of unreliable messages afresh from now on, and returns where. */
  restartDelays(): DelayHistogram {
    this.unreliable.delays = new DelayHistogram();
    return this.unreliable.delays;
  }

  receive(channel: number, payload: Uint8Array, nowMs: number): void {
    const book = channel === UNRELIABLE ? this.unreliable : channel === ORDERED ? this.ordered : this.bulk;
    book.receive(payload, nowMs);
  }
}

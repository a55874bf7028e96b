import type { Outcome, SendReceipt } from "@sortie/reliability";
import { check } from "./target.js";

/** Turns of the promise queue in which an outcome that is settled reaches who waits for it. */
const TURNS = 4;

/** Looks after the receipts of messages: each must come to exactly one outcome. */
export class Settling {
  private readonly outcomes: (Outcome | undefined)[] = [];

  /** Returns the receipt's number. */
  add(receipt: SendReceipt): number {
    const index = this.outcomes.length;
    this.outcomes.push(undefined);
    void receipt.outcome.then((outcome) => {
      this.outcomes[index] = outcome;
    });
    return index;
  }

  outcome(index: number): Outcome | undefined {
    return this.outcomes[index];
  }

  /** To be called after the end: all have come to an outcome. */
  async expectAll(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await undefined;
    const pending = this.outcomes.filter((outcome) => outcome === undefined).length;
    check(pending === 0, `${pending} of ${this.outcomes.length} outcomes are open after the end`);
  }
}

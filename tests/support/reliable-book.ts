import type { Outcome, SendOptions, SendReceipt } from "@sortie/reliability";

/** Who a book's messages go through. */
interface Sender {
  send(payload: string, options: SendOptions): SendReceipt;
}

/** What became of everything in a book. */
export interface BookResult {
  /** Messages that `send` accepted. */
  readonly accepted: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Accepted messages that the other side's application was never told. */
  readonly missing: number;
  /** Messages that were said to be acked, and that the other side's application was never told. */
  readonly falselyAcked: number;
  readonly duplicates: number;
  /** Ordered messages that came after a later one. */
  readonly outOfOrder: number;
}

/** One direction of one connection: reliable and ordered messages in turn, their outcomes, and what arrived of them. */
export class ReliableBook {
  readonly #outcomes: Promise<Outcome>[] = [];
  readonly #arrived: number[] = [];
  #duplicates = 0;
  #outOfOrder = 0;
  #lastOrdered = -1;

  /** Accepted so far. */
  get accepted(): number {
    return this.#outcomes.length;
  }

  /** Messages of 20 to 3000 bytes, so that some go in pieces. */
  send(sender: Sender): void {
    const number = this.#outcomes.length;
    const padding = ".".repeat(number % 17 === 0 ? 3000 : 16);
    const receipt = sender.send(`book ${number} ${padding}`, { delivery: number % 2 === 0 ? "reliable" : "ordered" });
    if (receipt.accepted) this.#outcomes.push(receipt.outcome);
  }

  /** False for a message that is none of a book. */
  receive(payload: Uint8Array): boolean {
    const [word, digits] = new TextDecoder().decode(payload).split(" ", 2);
    if (word !== "book") return false;
    const number = Number(digits);
    if (this.#arrived[number] === undefined) this.#arrived[number] = 1;
    else this.#duplicates += 1;
    if (number % 2 === 0) return true;
    if (number < this.#lastOrdered) this.#outOfOrder += 1;
    this.#lastOrdered = number;
    return true;
  }

  /** When every message has its outcome. */
  async settled(): Promise<BookResult> {
    const outcomes: Record<Outcome, number> = { acked: 0, expired: 0, dropped: 0, closed: 0 };
    let missing = 0;
    let falselyAcked = 0;
    const all = await Promise.all(this.#outcomes);
    all.forEach((outcome, number) => {
      outcomes[outcome] += 1;
      if (this.#arrived[number] !== undefined) return;
      missing += 1;
      if (outcome === "acked") falselyAcked += 1;
    });
    const [duplicates, outOfOrder] = [this.#duplicates, this.#outOfOrder];
    return { accepted: all.length, outcomes, missing, falselyAcked, duplicates, outOfOrder };
  }
}

/** The sum of several books. */
export async function settleAll(books: Iterable<ReliableBook>): Promise<BookResult> {
  const results = await Promise.all([...books].map((book) => book.settled()));
  const sum = (of: (result: BookResult) => number): number => results.reduce((total, each) => total + of(each), 0);
  return {
    accepted: sum((each) => each.accepted),
    outcomes: {
      acked: sum((each) => each.outcomes.acked),
      expired: sum((each) => each.outcomes.expired),
      dropped: sum((each) => each.outcomes.dropped),
      closed: sum((each) => each.outcomes.closed),
    },
    missing: sum((each) => each.missing),
    falselyAcked: sum((each) => each.falselyAcked),
    duplicates: sum((each) => each.duplicates),
    outOfOrder: sum((each) => each.outOfOrder),
  };
}

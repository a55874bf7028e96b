import type { Clock, TimerHandle } from "@sortie/transport";
import type { Delivery, SendReceipt } from "sortie";
import type { FlowBook } from "./flow-book.js";
import { BULK, type FlowBooks, ORDERED, UNRELIABLE } from "./flow-books.js";

/** Game traffic: 60 messages/s of 64 bytes unreliable, 10/s of 40 bytes ordered. */
const TICKS_PER_SECOND = 60;
const TICK_MS: number = 1000 / TICKS_PER_SECOND;
const UNRELIABLE_BYTES = 64;
const ORDERED_EVERY_TICKS = 6;
const ORDERED_BYTES = 40;
/** bytes. Several datagrams, so that bulk ranks below small messages; small enough to refill a queue evenly. */
const BULK_CHUNK_BYTES: number = 16 * 1024;

/** What both a client and a server's peer can do. */
export interface Sender {
  send(
    payload: Uint8Array,
    options: { readonly delivery: Delivery; readonly channel: number },
  ): Pick<SendReceipt, "accepted">;
}

const unreliablePayload = new Uint8Array(UNRELIABLE_BYTES);
const orderedPayload = new Uint8Array(ORDERED_BYTES);
const bulkPayload = new Uint8Array(BULK_CHUNK_BYTES);

function sendOne(
  sender: Sender,
  book: FlowBook,
  payload: Uint8Array,
  delivery: Delivery,
  channel: number,
  nowMs: number,
): boolean {
  book.fill(payload, nowMs);
  const { accepted } = sender.send(payload, { delivery, channel });
  book.commit(accepted);
  return accepted;
}

/** What a flow of game traffic leaves out. */
export interface GameTrafficOptions {
  readonly isOrderedOnly?: boolean;
}

/** One direction of game traffic; `tick` is called 60 times a second. */
export class GameTraffic {
  private readonly sender: Sender;
  private readonly books: FlowBooks;
  private readonly isOrderedOnly: boolean;
  private ticks = 0;

  constructor(sender: Sender, books: FlowBooks, options: GameTrafficOptions = {}) {
    this.sender = sender;
    this.books = books;
    this.isOrderedOnly = options.isOrderedOnly === true;
  }

  tick(nowMs: number): void {
    const { sender, books } = this;
    if (!this.isOrderedOnly) {
      sendOne(sender, books.unreliable, unreliablePayload, "unreliable", UNRELIABLE, nowMs);
    }
    if (this.ticks++ % ORDERED_EVERY_TICKS === 0) {
      sendOne(sender, books.ordered, orderedPayload, "ordered", ORDERED, nowMs);
    }
  }
}

/** Bulk data on a channel of its own: keeps the sender's queue full until `totalBytes` were taken. */
export class BulkTraffic {
  private readonly sender: Sender;
  private readonly book: FlowBook;
  private readonly totalBytes: number;
  private takenBytes = 0;

  constructor(sender: Sender, books: FlowBooks, totalBytes: number = Infinity) {
    this.sender = sender;
    this.book = books.bulk;
    this.totalBytes = totalBytes;
  }

  get isTaken(): boolean {
    return this.takenBytes >= this.totalBytes;
  }

  /** Everything was taken and has arrived. */
  get isDone(): boolean {
    return this.isTaken && this.book.missing === 0;
  }

  tick(nowMs: number): void {
    while (!this.isTaken) {
      if (!sendOne(this.sender, this.book, bulkPayload, "ordered", BULK, nowMs)) return;
      this.takenBytes += BULK_CHUNK_BYTES;
    }
  }
}

/** Calls `tick` 60 times a second from `firstAtMs` on, without drift, until it is stopped. */
export class Ticker {
  private readonly clock: Clock;
  private readonly onTick: (nowMs: number) => void;
  private readonly firstAtMs: number;
  private count = 0;
  private timer: TimerHandle | undefined;

  constructor(clock: Clock, firstAtMs: number, onTick: (nowMs: number) => void) {
    this.clock = clock;
    this.firstAtMs = firstAtMs;
    this.onTick = onTick;
    this.arm();
  }

  stop(): void {
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private arm(): void {
    this.timer = this.clock.setTimer(this.firstAtMs + this.count++ * TICK_MS, () => {
      this.arm();
      this.onTick(this.clock.now());
    });
  }
}

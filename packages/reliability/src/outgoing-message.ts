import { type DeliveryCode, messageHeaderBytes } from "@sortie/wire";
import { retransmits } from "./delivery.js";
import { RangeSet } from "./range-set.js";
import type { Outcome, SendReceipt, SendRefusal } from "./send-receipt.js";

/** What a message needs once it goes in pieces; made with the first cut. */
export class FragmentProgress {
  readonly acked: RangeSet = new RangeSet();
  /** Pieces to be sent again. */
  readonly lost: RangeSet = new RangeSet();
  /** Round of probing that `probeOffset` belongs to. */
  probeRound = -1;
  /** Pieces below were sent again in that round. */
  probeOffset = 0;
}

/** Who waits for a message's outcome. */
interface OutcomeWaiter {
  readonly promise: Promise<Outcome>;
  readonly resolve: (outcome: Outcome) => void;
}

/** Layout of `bits`: delivery, priority and channel, then what is true or false of a message. */
const DELIVERY_MASK = 0x7;
const PRIORITY_SHIFT = 3;
const PRIORITY_MASK = 0x7;
const CHANNEL_SHIFT = 6;
const CHANNEL_MASK = 0xff;
const STARTED: number = 1 << 14;
const LARGE: number = 1 << 15;
const LOST: number = 1 << 16;
const IN_LOST_QUEUE: number = 1 << 17;
const OUTCOME_HELD: number = 1 << 18;
const CHARGED: number = 1 << 19;

/**
 * A message from `send` to its outcome, and its receipt: the one object that a send allocates. Queues, windows and sent
 * packets refer to it; whoever meets it after `finished` passes over it. Small fields share one number, since each
 * field takes eight bytes of every message.
 */
export class OutgoingMessage implements SendReceipt {
  readonly totalBytes: number;
  /** Undefined: never, as of most messages; a number would take a box of its own. */
  private deadlineMs: number | undefined;
  /** Place in the order of sends. */
  readonly order: number;
  /** Holds the endpoint's copy from `payloadStart` on; undefined when nothing of it has to be sent any more. */
  payload: Uint8Array | undefined;
  readonly payloadStart: number;
  /** Set when it starts, counted on beyond 65535: the low 16 bits go on the wire. */
  id = 0;
  /** bytes written at least once: all below this offset. */
  sentBytes = 0;
  /** The last packet that carried something of the message, -1 none. */
  lastPacketNumber = -1;
  /** Undefined as long as the message goes whole. */
  fragments: FragmentProgress | undefined = undefined;
  /** Index in the queue of new messages. */
  queueIndex = 0;
  /** Index in the deadline heap, -1 when not in it. */
  heapIndex = -1;
  /** Neighbours in the list of unacknowledged messages, or of those that wait and may be dropped. */
  older: OutgoingMessage | undefined = undefined;
  newer: OutgoingMessage | undefined = undefined;
  private bits: number;
  private result: Outcome | undefined = undefined;
  private waiter: OutcomeWaiter | undefined = undefined;

  /** @param payload holds the copy in `[payloadStart, payloadStart + totalBytes)`, and is never written again */
  constructor(
    payload: Uint8Array,
    delivery: DeliveryCode,
    channel: number,
    priority: number,
    expiresAtMs: number,
    order: number,
    payloadStart: number = 0,
    totalBytes: number = payload.length,
  ) {
    this.payload = payload;
    this.payloadStart = payloadStart;
    this.totalBytes = totalBytes;
    this.bits = delivery | (priority << PRIORITY_SHIFT) | (channel << CHANNEL_SHIFT);
    this.deadlineMs = expiresAtMs === Infinity ? undefined : expiresAtMs;
    this.order = order;
  }

  get delivery(): DeliveryCode {
    return (this.bits & DELIVERY_MASK) as DeliveryCode;
  }

  get channel(): number {
    return (this.bits >> CHANNEL_SHIFT) & CHANNEL_MASK;
  }

  get priority(): number {
    return (this.bits >> PRIORITY_SHIFT) & PRIORITY_MASK;
  }

  /** Its first byte was written to a packet. */
  get started(): boolean {
    return (this.bits & STARTED) !== 0;
  }

  set started(value: boolean) {
    this.setBit(STARTED, value);
  }

  /** Larger than a packet when it was queued: goes behind smaller ones and counts against the receive window. */
  get large(): boolean {
    return (this.bits & LARGE) !== 0;
  }

  set large(value: boolean) {
    this.setBit(LARGE, value);
  }

  /** Sent whole, lost, and to be sent again. */
  get lost(): boolean {
    return (this.bits & LOST) !== 0;
  }

  set lost(value: boolean) {
    this.setBit(LOST, value);
  }

  get inLostQueue(): boolean {
    return (this.bits & IN_LOST_QUEUE) !== 0;
  }

  set inLostQueue(value: boolean) {
    this.setBit(IN_LOST_QUEUE, value);
  }

  /** It counts against the flow window. */
  get isCharged(): boolean {
    return (this.bits & CHARGED) !== 0;
  }

  set isCharged(value: boolean) {
    this.setBit(CHARGED, value);
  }

  get accepted(): boolean {
    return true;
  }

  get refusal(): SendRefusal | undefined {
    return undefined;
  }

  get outcome(): Promise<Outcome> {
    this.waiter ??= createWaiter();
    if (this.result !== undefined && !this.isOutcomeHeld) this.waiter.resolve(this.result);
    return this.waiter.promise;
  }

  get finished(): boolean {
    return this.result !== undefined;
  }

  get retransmits(): boolean {
    return retransmits(this.delivery);
  }

  /**
   * ms; Infinity: never. Of a message that may be dropped: until when it may wait to start. Changes while the message
   * is not in the deadline heap only.
   */
  get expiresAtMs(): number {
    return this.deadlineMs ?? Infinity;
  }

  set expiresAtMs(value: number) {
    this.deadlineMs = value === Infinity ? undefined : value;
  }

  /** Whether it may be dropped and waited too long to be of use. */
  isOverdue(nowMs: number): boolean {
    return !this.started && !this.retransmits && this.expiresAtMs <= nowMs;
  }

  /** In what order it is served: by priority, each of which counts twice, as large messages come below small ones. */
  get rank(): number {
    return rankOf(this.priority, this.large);
  }

  /** bytes of a frame that carries the whole message. */
  get wholeFrameBytes(): number {
    return messageHeaderBytes(this.delivery, this.totalBytes) + this.totalBytes;
  }

  /** Whether something that was lost is to be sent again. */
  get hasLost(): boolean {
    return this.fragments === undefined ? this.lost : !this.fragments.lost.isEmpty;
  }

  /** Whether something of it, which has started, is to be written still, for the first time or again. */
  get hasUnsent(): boolean {
    return this.sentBytes < this.totalBytes || this.hasLost;
  }

  /** From now on the message goes in pieces; what is to be resent whole becomes a lost piece. */
  cut(): FragmentProgress {
    if (this.fragments !== undefined) return this.fragments;
    const fragments = new FragmentProgress();
    this.fragments = fragments;
    if (this.lost) fragments.lost.add(0, this.totalBytes);
    this.lost = false;
    return fragments;
  }

  /** Bytes `[from, to)` arrived. Returns whether all of the message has. */
  onAcked(from: number, to: number): boolean {
    const { fragments } = this;
    if (fragments === undefined || to - from === this.totalBytes) return true;
    fragments.acked.add(from, to);
    fragments.lost.remove(from, to);
    return fragments.acked.total === this.totalBytes;
  }

  /** Bytes `[from, to)` of packet `packetNumber` are lost. Returns whether there is something to be sent again. */
  onLost(packetNumber: number, from: number, to: number): boolean {
    const { fragments } = this;
    if (fragments === undefined) {
      // A newer copy is on its way: its own loss decides.
      if (this.lastPacketNumber !== packetNumber) return false;
      this.lost = true;
      return true;
    }
    const { acked, lost } = fragments;
    for (let at = acked.nextAbsent(from); at < to;) {
      const stop = Math.min(acked.nextPresent(at), to);
      lost.add(at, stop);
      at = acked.nextAbsent(stop);
    }
    return !lost.isEmpty;
  }

  /** Fixes the outcome; to be called once. Frees the payload. */
  settle(outcome: Outcome): void {
    this.result = outcome;
    this.payload = undefined;
    // What was given up may still arrive, and its channel wants to know whether all of it has.
    if (outcome === "acked" || outcome === "closed") this.fragments = undefined;
    if (!this.isOutcomeHeld) this.waiter?.resolve(outcome);
  }

  /** Whether `settle` keeps the outcome to itself, until `tell`. */
  get isOutcomeHeld(): boolean {
    return (this.bits & OUTCOME_HELD) !== 0;
  }

  /** Before `settle`: its receiver has all of it, and waits for others before it gives it out. */
  holdOutcome(): void {
    this.setBit(OUTCOME_HELD, true);
  }

  /** Tells a held outcome, or what has come of the message since. */
  tell(outcome: Outcome): void {
    if (!this.isOutcomeHeld) return;
    this.setBit(OUTCOME_HELD, false);
    this.result = outcome;
    this.waiter?.resolve(outcome);
  }

  /**
   * What the application is shown of its receipt, in JSON as in a log. The fields are the endpoint's: the memory of the
   * payload holds those of other receivers too, and neighbours lead on to their messages.
   */
  toJSON(): object {
    const { accepted, refusal, result } = this;
    return result === undefined || this.isOutcomeHeld ? { accepted, refusal } : { accepted, refusal, outcome: result };
  }

  static {
    // By this Node asks an object how it is to be printed; elsewhere nobody does.
    const key = Symbol.for("nodejs.util.inspect.custom");
    Object.defineProperty(this.prototype, key, {
      value(this: OutgoingMessage): object {
        return this.toJSON();
      },
    });
  }

  private setBit(bit: number, value: boolean): void {
    this.bits = value ? this.bits | bit : this.bits & ~bit;
  }
}

/** See `OutgoingMessage.rank`. */
export function rankOf(priority: number, large: boolean): number {
  return priority * 2 + (large ? 0 : 1);
}

function createWaiter(): OutcomeWaiter {
  let resolve!: (outcome: Outcome) => void;
  const promise = new Promise<Outcome>((done) => (resolve = done));
  return { promise, resolve };
}

import { MAX_ACK_BITMAP_BYTES } from "@sortie/wire";
import type { OutgoingMessage } from "./outgoing-message.js";

/** Packet numbers from the lowest in flight to the next: what an ACK can still state. */
const SENT_WINDOW: number = MAX_ACK_BITMAP_BYTES * 8;
/** Slots to begin with: a game at 60 packets/s and 200 ms has 12 in flight. */
const INITIAL_SLOTS = 32;
/** Slots at most: the window, and as much again to know late acknowledgements by. */
const MAX_SLOTS: number = SENT_WINDOW * 2;
/** Packets between two numbers that are left out: 128..383, 256 in the mean. */
const SKIP_MIN = 128;
const SKIP_SPAN = 256;
/** Items to begin with. */
const INITIAL_ITEMS = 32;
const NONE = -1;

/** What became of a packet number. */
export const SentState = {
  /** Never used, or so long ago that it is forgotten. */
  Unknown: 0,
  /** Ack-eliciting and in flight. */
  InFlight: 1,
  /** A path probe in flight: outside of congestion control and timeouts. */
  Probe: 2,
  /** Needs no acknowledgement (ACK alone). */
  Passive: 3,
  Acked: 4,
  /** Taken for lost because later packets arrived. */
  LostByOrder: 5,
  /** Taken for lost because it took too long. */
  LostByTime: 6,
  /** Taken for lost because its number falls out of what an ACK can state. */
  GivenUp: 7,
  /** Left out on purpose: who acknowledges it lies. */
  Skipped: 8,
} as const;
export type SentState = (typeof SentState)[keyof typeof SentState];

/** Sees the message parts of packets that are acknowledged or lost. */
export interface SentItemSink {
  onItem(message: OutgoingMessage, from: number, to: number, packetNumber: number): void;
}

/**
 * The packets that were sent and not forgotten: a ring by packet number, as parallel typed arrays that grow while more
 * is in flight. The parts of messages that a packet carries are chains of entries in one shared table.
 */
export class SentPackets {
  readonly firstNumber: number;
  nextNumber: number;
  /** No packet below is in flight. */
  lowest: number;
  /** bytes of packets in flight, path probes left out. */
  bytesInFlight = 0;
  /** Packets in flight, path probes left out. */
  packetsInFlight = 0;
  private readonly randomU32: () => number;
  private untilSkip: number;
  private mask: number = INITIAL_SLOTS - 1;
  private numbers = new Float64Array(INITIAL_SLOTS).fill(NONE);
  private states = new Uint8Array(INITIAL_SLOTS);
  private sentAt = new Float64Array(INITIAL_SLOTS);
  private sizes = new Uint16Array(INITIAL_SLOTS);
  private controls = new Uint16Array(INITIAL_SLOTS);
  private acks = new Float64Array(INITIAL_SLOTS);
  private chains = new Int32Array(INITIAL_SLOTS).fill(NONE);
  private delivered = new Float64Array(INITIAL_SLOTS);
  private deliveredAt = new Float64Array(INITIAL_SLOTS);
  private firstSentAt = new Float64Array(INITIAL_SLOTS);
  private appLimited = new Uint8Array(INITIAL_SLOTS);
  private readonly itemMessages: (OutgoingMessage | undefined)[] = [];
  private itemFrom = new Int32Array(INITIAL_ITEMS);
  private itemTo = new Int32Array(INITIAL_ITEMS);
  private itemNext = new Int32Array(INITIAL_ITEMS);
  private freeItem: number = NONE;
  /** Last part of the packet being built. */
  private lastItem: number = NONE;

  constructor(firstNumber: number, randomU32: () => number) {
    this.firstNumber = firstNumber;
    this.nextNumber = firstNumber;
    this.lowest = firstNumber;
    this.randomU32 = randomU32;
    this.untilSkip = this.drawSkip();
  }

  /** Whether one more packet keeps all in flight within what an ACK can state. */
  get hasRoom(): boolean {
    return this.nextNumber - this.lowest < SENT_WINDOW;
  }

  /**
   * Prepares the next number and returns it; `addItem` and `commit` belong to it. Now and then a number is left out
   * (RFC 9000 section 21.4). May be called again without a commit.
   */
  begin(): number {
    if (this.untilSkip === 0) {
      this.untilSkip = this.drawSkip();
      // First the slot: making it ready may replace the arrays.
      const slot = this.prepare(this.nextNumber);
      this.states[slot] = SentState.Skipped;
      this.nextNumber += 1;
      this.settleLowest();
    }
    this.prepare(this.nextNumber);
    return this.nextNumber;
  }

  /** The packet being built carries bytes `[from, to)` of `message`. */
  addItem(message: OutgoingMessage, from: number, to: number): void {
    const slot = this.nextNumber & this.mask;
    const item = this.takeItem();
    this.itemMessages[item] = message;
    this.itemFrom[item] = from;
    this.itemTo[item] = to;
    this.itemNext[item] = NONE;
    if (this.lastItem === NONE) this.chains[slot] = item;
    else this.itemNext[this.lastItem] = item;
    this.lastItem = item;
  }

  /**
   * The packet being built is sent.
   * @param bytes of the whole UDP payload
   * @param controlMask control frames it carries
   * @param ackLargest largest number its ACK acknowledges, -1 without
   */
  commit(state: SentState, bytes: number, nowMs: number, controlMask: number, ackLargest: number): void {
    const slot = this.nextNumber & this.mask;
    this.states[slot] = state;
    this.sizes[slot] = bytes;
    this.sentAt[slot] = nowMs;
    this.controls[slot] = controlMask;
    this.acks[slot] = ackLargest;
    if (state === SentState.InFlight) {
      this.bytesInFlight += bytes;
      this.packetsInFlight += 1;
    }
    this.nextNumber += 1;
    this.untilSkip -= 1;
    this.settleLowest();
  }

  stateOf(packetNumber: number): SentState {
    const slot = packetNumber & this.mask;
    return this.numbers[slot] === packetNumber ? (this.states[slot] as SentState) : SentState.Unknown;
  }

  /** ms. Of a number whose state is known, as the rest below. */
  sentAtOf(packetNumber: number): number {
    return this.sentAt[packetNumber & this.mask] as number;
  }

  bytesOf(packetNumber: number): number {
    return this.sizes[packetNumber & this.mask] as number;
  }

  controlsOf(packetNumber: number): number {
    return this.controls[packetNumber & this.mask] as number;
  }

  ackLargestOf(packetNumber: number): number {
    return this.acks[packetNumber & this.mask] as number;
  }

  /**
   * Keeps with the packet being built how delivery stood when it went; see `DeliveryRateSampler`.
   * @param deliveredBytes acknowledged until then
   * @param deliveredAtMs when the last of them arrived
   * @param firstSentAtMs when the packet was sent from which on the rate of sending is measured
   */
  noteDelivery(
    packetNumber: number,
    deliveredBytes: number,
    deliveredAtMs: number,
    firstSentAtMs: number,
    isAppLimited: boolean,
  ): void {
    const slot = packetNumber & this.mask;
    this.delivered[slot] = deliveredBytes;
    this.deliveredAt[slot] = deliveredAtMs;
    this.firstSentAt[slot] = firstSentAtMs;
    this.appLimited[slot] = isAppLimited ? 1 : 0;
  }

  deliveredBytesOf(packetNumber: number): number {
    return this.delivered[packetNumber & this.mask] as number;
  }

  deliveredAtOf(packetNumber: number): number {
    return this.deliveredAt[packetNumber & this.mask] as number;
  }

  firstSentAtOf(packetNumber: number): number {
    return this.firstSentAt[packetNumber & this.mask] as number;
  }

  wasAppLimited(packetNumber: number): boolean {
    return this.appLimited[packetNumber & this.mask] === 1;
  }

  /** Sets what became of a packet and takes it out of flight. */
  resolve(packetNumber: number, state: SentState): void {
    const slot = packetNumber & this.mask;
    if (this.states[slot] === SentState.InFlight) {
      this.bytesInFlight -= this.sizes[slot] as number;
      this.packetsInFlight -= 1;
    }
    this.states[slot] = state;
    if (packetNumber === this.lowest) this.settleLowest();
  }

  /** Shows the message parts of a packet to `sink`. */
  visitItems(packetNumber: number, sink: SentItemSink): void {
    for (let item = this.chains[packetNumber & this.mask] as number; item !== NONE;) {
      const next = this.itemNext[item] as number;
      const message = this.itemMessages[item] as OutgoingMessage;
      sink.onItem(message, this.itemFrom[item] as number, this.itemTo[item] as number, packetNumber);
      item = next;
    }
  }

  /** Forgets the message parts of a packet. */
  releaseItems(packetNumber: number): void {
    this.releaseChain(packetNumber & this.mask);
  }

  /** Control frames of all packets in flight. */
  controlsInFlight(): number {
    let mask = 0;
    for (let number = this.lowest; number < this.nextNumber; number++) {
      if (this.stateOf(number) === SentState.InFlight) mask |= this.controlsOf(number);
    }
    return mask;
  }

  /** Shows all message parts that are remembered to `sink` and forgets every packet. */
  clear(sink: SentItemSink): void {
    for (let slot = 0; slot <= this.mask; slot++) {
      const number = this.numbers[slot] as number;
      if (number === NONE) continue;
      this.visitItems(number, sink);
      this.releaseChain(slot);
      this.numbers[slot] = NONE;
    }
    this.bytesInFlight = 0;
    this.packetsInFlight = 0;
    this.lowest = this.nextNumber;
  }

  private drawSkip(): number {
    return SKIP_MIN + (this.randomU32() % SKIP_SPAN);
  }

  private settleLowest(): void {
    while (this.lowest < this.nextNumber) {
      const state = this.stateOf(this.lowest);
      if (state === SentState.InFlight || state === SentState.Probe) return;
      this.lowest += 1;
    }
  }

  /** Makes the slot of a number that was not used yet ready for it. */
  private prepare(packetNumber: number): number {
    if ((packetNumber - this.lowest) * 2 >= this.mask + 1 && this.mask + 1 < MAX_SLOTS) this.grow();
    const slot = packetNumber & this.mask;
    this.releaseChain(slot);
    this.lastItem = NONE;
    this.numbers[slot] = packetNumber;
    this.states[slot] = SentState.Unknown;
    return slot;
  }

  private grow(): void {
    const { numbers, states, sentAt, sizes, controls, acks, chains, delivered, deliveredAt, firstSentAt, appLimited } =
      this;
    const size = numbers.length * 2;
    this.mask = size - 1;
    this.numbers = new Float64Array(size).fill(NONE);
    this.states = new Uint8Array(size);
    this.sentAt = new Float64Array(size);
    this.sizes = new Uint16Array(size);
    this.controls = new Uint16Array(size);
    this.acks = new Float64Array(size);
    this.chains = new Int32Array(size).fill(NONE);
    this.delivered = new Float64Array(size);
    this.deliveredAt = new Float64Array(size);
    this.firstSentAt = new Float64Array(size);
    this.appLimited = new Uint8Array(size);
    for (let from = 0; from < numbers.length; from++) {
      const number = numbers[from] as number;
      if (number === NONE) continue;
      const to = number & this.mask;
      this.numbers[to] = number;
      this.states[to] = states[from] as number;
      this.sentAt[to] = sentAt[from] as number;
      this.sizes[to] = sizes[from] as number;
      this.controls[to] = controls[from] as number;
      this.acks[to] = acks[from] as number;
      this.chains[to] = chains[from] as number;
      this.delivered[to] = delivered[from] as number;
      this.deliveredAt[to] = deliveredAt[from] as number;
      this.firstSentAt[to] = firstSentAt[from] as number;
      this.appLimited[to] = appLimited[from] as number;
    }
  }

  private takeItem(): number {
    const item = this.freeItem;
    if (item !== NONE) {
      this.freeItem = this.itemNext[item] as number;
      return item;
    }
    const fresh = this.itemMessages.length;
    this.itemMessages.push(undefined);
    if (fresh === this.itemFrom.length) {
      this.itemFrom = doubled(this.itemFrom);
      this.itemTo = doubled(this.itemTo);
      this.itemNext = doubled(this.itemNext);
    }
    return fresh;
  }

  private releaseChain(slot: number): void {
    let item = this.chains[slot] as number;
    while (item !== NONE) {
      const next = this.itemNext[item] as number;
      this.itemMessages[item] = undefined;
      this.itemNext[item] = this.freeItem;
      this.freeItem = item;
      item = next;
    }
    this.chains[slot] = NONE;
  }
}

function doubled(list: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(list.length * 2);
  copy.set(list);
  return copy;
}

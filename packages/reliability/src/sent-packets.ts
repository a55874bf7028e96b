import { MAX_ACK_BITMAP_BYTES } from "@sortie/wire";
import type { OutgoingMessage } from "./outgoing-message.js";
import { NO_PART, PartChains, type SentItemSink } from "./part-chains.js";
import { SentState } from "./sent-state.js";

/** Packet numbers from the lowest in flight to the next: what an ACK can still state. */
const SENT_WINDOW: number = MAX_ACK_BITMAP_BYTES * 8;
/** Slots to begin with: twice as many as a peer that says little has in flight. */
const INITIAL_SLOTS = 16;
/** Slots at most: the window, and as much again to know late acknowledgements by. */
const MAX_SLOTS: number = SENT_WINDOW * 2;
/** Packets between two numbers that are left out: 128..383, 256 in the mean. */
const SKIP_MIN = 128;
const SKIP_SPAN = 256;
/** In place of a number; no integer, so that the array is one of doubles from the start. */
const NONE: number = NaN;

/**
 * A packet's record: eight doubles, 64 bytes as a line of a processor's cache. What a connection knows of a packet is
 * looked at together, and with many connections none of it is in the cache any more. In a plain array, of which V8
 * keeps doubles as such: a typed one is an object of two lines more.
 */
export const RECORD_DOUBLES = 8;
/** Places in it. `STATE` has the state, three bits beside it, and above them the bytes of the packet. */
const NUMBER = 0;
const SENT_AT = 1;
const ACK_LARGEST = 2;
const DELIVERED = 3;
const DELIVERED_AT = 4;
const FIRST_SENT_AT = 5;
const CONTROLS = 6;
const STATE = 7;
const STATE_MASK = 0xff;
const APP_LIMITED_BIT = 0x100;
const RELAXED_BIT = 0x200;
const PROBE_BIT = 0x400;
const SIZE_SHIFT = 11;

/**
 * The packets that were sent and not forgotten: a ring of records by packet number, which grows while more is in
 * flight. Beside it lies for each packet the first message that it carries, if that is whole, as most packets carry no
 * more. Other parts of messages are in a table of their own, which most connections do not need.
 */
export class SentPackets {
  readonly firstNumber: number;
  nextNumber: number;
  /** No packet below is in flight, path probes included. */
  lowest: number;
  /** The lowest number in flight that is no path probe; `nextNumber` when there is none. */
  oldest: number;
  /** First number of the present path: what went before it says nothing of that path, and takes none of its window. */
  pathSince: number;
  /** bytes of packets in flight on the present path, path probes left out. */
  bytesInFlight = 0;
  /** Packets in flight, those of a former path included, path probes left out. */
  packetsInFlight = 0;
  /** Of those, the ones that asked for a prompt acknowledgement. */
  promptInFlight = 0;
  private readonly randomU32: () => number;
  private untilSkip: number;
  private skipped = 0;
  private mask: number = INITIAL_SLOTS - 1;
  private records: number[] = emptyRecords(INITIAL_SLOTS);
  /** By slot. */
  private wholes: (OutgoingMessage | undefined)[] = new Array<OutgoingMessage | undefined>(INITIAL_SLOTS);
  private chains: PartChains | undefined = undefined;
  /** Parts of the packet being built, and the last of them that is in a chain. */
  private parts = 0;
  private lastInChain: number = NO_PART;

  constructor(firstNumber: number, randomU32: () => number) {
    this.firstNumber = firstNumber;
    this.nextNumber = this.lowest = this.oldest = this.pathSince = firstNumber;
    this.randomU32 = randomU32;
    this.untilSkip = this.drawSkip();
  }

  /** Packets sent so far, path probes included. */
  get count(): number {
    return this.nextNumber - this.firstNumber - this.skipped;
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
      // First the slot: making it ready may replace the memory.
      const slot = this.prepare(this.nextNumber);
      this.records[slot * RECORD_DOUBLES + STATE] = SentState.Skipped;
      this.skipped += 1;
      this.nextNumber += 1;
      this.settle();
    }
    this.prepare(this.nextNumber);
    return this.nextNumber;
  }

  /** The packet being built carries bytes `[from, to)` of `message`. */
  addItem(message: OutgoingMessage, from: number, to: number): void {
    this.parts += 1;
    if (this.parts === 1 && from === 0 && to === message.totalBytes) {
      this.wholes[this.nextNumber & this.mask] = message;
      return;
    }
    this.chains ??= new PartChains(this.mask + 1);
    this.lastInChain = this.chains.add(this.nextNumber & this.mask, message, from, to, this.lastInChain);
  }

  /**
   * The packet being built is sent.
   * @param bytes of the whole UDP payload
   * @param controlMask control frames it carries
   * @param ackLargest largest number its ACK acknowledges, -1 without
   * @param isRelaxed its acknowledgement may take longer
   */
  commit(
    state: SentState,
    bytes: number,
    nowMs: number,
    controlMask: number,
    ackLargest: number,
    isRelaxed: boolean = false,
  ): void {
    const { records } = this;
    const at = this.recordOf(this.nextNumber);
    records[at + SENT_AT] = nowMs;
    records[at + ACK_LARGEST] = ackLargest;
    records[at + CONTROLS] = controlMask;
    const kind = (isRelaxed ? RELAXED_BIT : 0) | (state === SentState.Probe ? PROBE_BIT : 0);
    const appLimited = (records[at + STATE] as number) & APP_LIMITED_BIT;
    records[at + STATE] = (bytes << SIZE_SHIFT) | appLimited | kind | state;
    if (state === SentState.InFlight) {
      this.bytesInFlight += bytes;
      this.packetsInFlight += 1;
      if (!isRelaxed) this.promptInFlight += 1;
    }
    this.nextNumber += 1;
    this.untilSkip -= 1;
    this.settle();
  }

  /** The path is another from the next number on; what is in flight on the former one is outside of its window. */
  beginPath(): void {
    this.pathSince = this.nextNumber;
    this.bytesInFlight = 0;
  }

  stateOf(packetNumber: number): SentState {
    const at = this.recordOf(packetNumber);
    if (this.records[at + NUMBER] !== packetNumber) return SentState.Unknown;
    return ((this.records[at + STATE] as number) & STATE_MASK) as SentState;
  }

  /** ms. Of a number whose state is known, as the rest below. */
  sentAtOf(packetNumber: number): number {
    return this.records[this.recordOf(packetNumber) + SENT_AT] as number;
  }

  bytesOf(packetNumber: number): number {
    return this.stateWordOf(packetNumber) >>> SIZE_SHIFT;
  }

  controlsOf(packetNumber: number): number {
    return this.records[this.recordOf(packetNumber) + CONTROLS] as number;
  }

  ackLargestOf(packetNumber: number): number {
    return this.records[this.recordOf(packetNumber) + ACK_LARGEST] as number;
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
    const { records } = this;
    const at = this.recordOf(packetNumber);
    records[at + DELIVERED] = deliveredBytes;
    records[at + DELIVERED_AT] = deliveredAtMs;
    records[at + FIRST_SENT_AT] = firstSentAtMs;
    records[at + STATE] = ((records[at + STATE] as number) & STATE_MASK) | (isAppLimited ? APP_LIMITED_BIT : 0);
  }

  deliveredBytesOf(packetNumber: number): number {
    return this.records[this.recordOf(packetNumber) + DELIVERED] as number;
  }

  deliveredAtOf(packetNumber: number): number {
    return this.records[this.recordOf(packetNumber) + DELIVERED_AT] as number;
  }

  firstSentAtOf(packetNumber: number): number {
    return this.records[this.recordOf(packetNumber) + FIRST_SENT_AT] as number;
  }

  isRelaxed(packetNumber: number): boolean {
    return (this.stateWordOf(packetNumber) & RELAXED_BIT) !== 0;
  }

  /** Whether it is or was a path probe, whatever has become of it. */
  isProbe(packetNumber: number): boolean {
    return (this.stateWordOf(packetNumber) & PROBE_BIT) !== 0;
  }

  wasAppLimited(packetNumber: number): boolean {
    return (this.stateWordOf(packetNumber) & APP_LIMITED_BIT) !== 0;
  }

  /** Sets what became of a packet and takes it out of flight. */
  resolve(packetNumber: number, state: SentState): void {
    const before = this.stateWordOf(packetNumber);
    if ((before & STATE_MASK) === SentState.InFlight) {
      if (packetNumber >= this.pathSince) this.bytesInFlight -= before >>> SIZE_SHIFT;
      this.packetsInFlight -= 1;
      if ((before & RELAXED_BIT) === 0) this.promptInFlight -= 1;
    }
    this.records[this.recordOf(packetNumber) + STATE] = (before & ~STATE_MASK) | state;
    if (packetNumber === this.lowest || packetNumber === this.oldest) this.settle();
  }

  /** Shows the message parts of a packet to `sink`. */
  visitItems(packetNumber: number, sink: SentItemSink): void {
    const slot = packetNumber & this.mask;
    const whole = this.wholes[slot];
    if (whole !== undefined) sink.onItem(whole, 0, whole.totalBytes, packetNumber);
    this.chains?.visit(slot, packetNumber, sink);
  }

  /** The oldest packet in flight that asked for a prompt acknowledgement; where none did, the oldest of all. */
  oldestPrompt(): number {
    if (this.promptInFlight === 0) return this.oldest;
    let number = this.oldest;
    while (this.stateOf(number) !== SentState.InFlight || this.isRelaxed(number)) number += 1;
    return number;
  }

  /** Forgets the message parts of a packet. */
  releaseItems(packetNumber: number): void {
    this.releaseParts(packetNumber & this.mask);
  }

  /** Control frames of all packets in flight. */
  controlsInFlight(): number {
    let mask = 0;
    for (let number = this.oldest; number < this.nextNumber; number++) {
      if (this.stateOf(number) === SentState.InFlight) mask |= this.controlsOf(number);
    }
    return mask;
  }

  /** Shows all message parts that are remembered to `sink` and forgets every packet. */
  clear(sink: SentItemSink): void {
    for (let slot = 0; slot <= this.mask; slot++) {
      const at = slot * RECORD_DOUBLES + NUMBER;
      const number = this.records[at] as number;
      if (Number.isNaN(number)) continue;
      this.visitItems(number, sink);
      this.releaseItems(number);
      this.records[at] = NONE;
    }
    this.bytesInFlight = this.packetsInFlight = this.promptInFlight = 0;
    this.lowest = this.oldest = this.nextNumber;
  }

  private recordOf(packetNumber: number): number {
    return (packetNumber & this.mask) * RECORD_DOUBLES;
  }

  /** State, bits and bytes. */
  private stateWordOf(packetNumber: number): number {
    return this.records[this.recordOf(packetNumber) + STATE] as number;
  }

  private drawSkip(): number {
    // An integer of 32 bits for V8 too, which would keep the remainder of a larger number in a box of its own.
    return SKIP_MIN + ((this.randomU32() % SKIP_SPAN) | 0);
  }

  /** Moves `lowest` and `oldest` on to what is in flight. */
  private settle(): void {
    for (; this.lowest < this.nextNumber; this.lowest++) {
      const state = this.stateOf(this.lowest);
      if (state === SentState.Probe) break;
      if (state !== SentState.InFlight) continue;
      this.oldest = this.lowest;
      return;
    }
    // A probe leads, or nothing is in flight.
    if (this.oldest < this.lowest) this.oldest = this.lowest;
    while (this.oldest < this.nextNumber && this.stateOf(this.oldest) !== SentState.InFlight) this.oldest += 1;
  }

  /** Makes the slot of a number that was not used yet ready for it. */
  private prepare(packetNumber: number): number {
    const slots = this.mask + 1;
    if ((packetNumber - this.lowest) * 2 >= slots && slots < MAX_SLOTS) this.grow();
    const slot = packetNumber & this.mask;
    this.releaseParts(slot);
    this.parts = 0;
    this.lastInChain = NO_PART;
    this.records[slot * RECORD_DOUBLES + NUMBER] = packetNumber;
    this.records[slot * RECORD_DOUBLES + STATE] = SentState.Unknown;
    return slot;
  }

  private grow(): void {
    const { records, wholes } = this;
    const slots = wholes.length * 2;
    const mask = slots - 1;
    this.mask = mask;
    this.records = emptyRecords(slots);
    this.wholes = new Array<OutgoingMessage | undefined>(slots);
    for (let slot = 0; slot < wholes.length; slot++) {
      const from = slot * RECORD_DOUBLES;
      const number = records[from + NUMBER] as number;
      if (Number.isNaN(number)) continue;
      const to = this.recordOf(number);
      for (let place = 0; place < RECORD_DOUBLES; place++) this.records[to + place] = records[from + place] as number;
      this.wholes[number & mask] = wholes[slot];
    }
    this.chains?.resize(slots, (slot) => (records[slot * RECORD_DOUBLES + NUMBER] as number) & mask);
  }

  private releaseParts(slot: number): void {
    if (this.wholes[slot] !== undefined) this.wholes[slot] = undefined;
    this.chains?.release(slot);
  }
}

/** Slots of packets that do not exist. */
function emptyRecords(slots: number): number[] {
  return new Array<number>(slots * RECORD_DOUBLES).fill(NONE);
}

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
const NONE = -1;

/**
 * A packet's record: 64 bytes, one line of a processor's cache. Six doubles, then four words of 32 bits. What a
 * connection knows of a packet is looked at together, and with many connections none of it is in the cache any more.
 */
export const RECORD_DOUBLES = 8;
export const RECORD_WORDS = 16;
/** Places of the doubles. */
const NUMBER = 0;
const SENT_AT = 1;
const ACK_LARGEST = 2;
const DELIVERED = 3;
const DELIVERED_AT = 4;
const FIRST_SENT_AT = 5;
/**
 * Places of the words: chain of parts behind the packet's whole message, bytes of the packet, control mask, state with
 * three bits beside it.
 */
const CHAIN = 12;
const SIZE = 13;
const CONTROLS = 14;
const STATE = 15;
const APP_LIMITED_BIT = 0x100;
const RELAXED_BIT = 0x200;
const PROBE_BIT = 0x400;
const STATE_MASK = 0xff;

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
  private doubles: Float64Array<ArrayBuffer> = emptyRecords(INITIAL_SLOTS);
  /** The same memory as words. */
  private words: Int32Array = new Int32Array(this.doubles.buffer);
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
      this.words[slot * RECORD_WORDS + STATE] = SentState.Skipped;
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
    this.chains ??= new PartChains();
    const { lastInChain } = this;
    this.lastInChain = this.chains.add(message, from, to, lastInChain);
    if (lastInChain === NO_PART) this.words[this.wordsOf(this.nextNumber) + CHAIN] = this.lastInChain;
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
    const { doubles, words } = this;
    const at = this.doublesOf(this.nextNumber);
    const word = this.wordsOf(this.nextNumber);
    doubles[at + SENT_AT] = nowMs;
    doubles[at + ACK_LARGEST] = ackLargest;
    words[word + SIZE] = bytes;
    words[word + CONTROLS] = controlMask;
    const kind = (isRelaxed ? RELAXED_BIT : 0) | (state === SentState.Probe ? PROBE_BIT : 0);
    words[word + STATE] = ((words[word + STATE] as number) & APP_LIMITED_BIT) | kind | state;
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
    if (this.doubles[this.doublesOf(packetNumber) + NUMBER] !== packetNumber) return SentState.Unknown;
    return ((this.words[this.wordsOf(packetNumber) + STATE] as number) & STATE_MASK) as SentState;
  }

  /** ms. Of a number whose state is known, as the rest below. */
  sentAtOf(packetNumber: number): number {
    return this.doubles[this.doublesOf(packetNumber) + SENT_AT] as number;
  }

  bytesOf(packetNumber: number): number {
    return this.words[this.wordsOf(packetNumber) + SIZE] as number;
  }

  controlsOf(packetNumber: number): number {
    return this.words[this.wordsOf(packetNumber) + CONTROLS] as number;
  }

  ackLargestOf(packetNumber: number): number {
    return this.doubles[this.doublesOf(packetNumber) + ACK_LARGEST] as number;
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
    const { doubles } = this;
    const at = this.doublesOf(packetNumber);
    doubles[at + DELIVERED] = deliveredBytes;
    doubles[at + DELIVERED_AT] = deliveredAtMs;
    doubles[at + FIRST_SENT_AT] = firstSentAtMs;
    const state = this.wordsOf(packetNumber) + STATE;
    this.words[state] = ((this.words[state] as number) & STATE_MASK) | (isAppLimited ? APP_LIMITED_BIT : 0);
  }

  deliveredBytesOf(packetNumber: number): number {
    return this.doubles[this.doublesOf(packetNumber) + DELIVERED] as number;
  }

  deliveredAtOf(packetNumber: number): number {
    return this.doubles[this.doublesOf(packetNumber) + DELIVERED_AT] as number;
  }

  firstSentAtOf(packetNumber: number): number {
    return this.doubles[this.doublesOf(packetNumber) + FIRST_SENT_AT] as number;
  }

  isRelaxed(packetNumber: number): boolean {
    return ((this.words[this.wordsOf(packetNumber) + STATE] as number) & RELAXED_BIT) !== 0;
  }

  /** Whether it is or was a path probe, whatever has become of it. */
  isProbe(packetNumber: number): boolean {
    return ((this.words[this.wordsOf(packetNumber) + STATE] as number) & PROBE_BIT) !== 0;
  }

  wasAppLimited(packetNumber: number): boolean {
    return ((this.words[this.wordsOf(packetNumber) + STATE] as number) & APP_LIMITED_BIT) !== 0;
  }

  /** Sets what became of a packet and takes it out of flight. */
  resolve(packetNumber: number, state: SentState): void {
    const { words } = this;
    const word = this.wordsOf(packetNumber);
    const before = words[word + STATE] as number;
    if ((before & STATE_MASK) === SentState.InFlight) {
      if (packetNumber >= this.pathSince) this.bytesInFlight -= words[word + SIZE] as number;
      this.packetsInFlight -= 1;
      if ((before & RELAXED_BIT) === 0) this.promptInFlight -= 1;
    }
    words[word + STATE] = (before & ~STATE_MASK) | state;
    if (packetNumber === this.lowest || packetNumber === this.oldest) this.settle();
  }

  /** Shows the message parts of a packet to `sink`. */
  visitItems(packetNumber: number, sink: SentItemSink): void {
    const whole = this.wholes[packetNumber & this.mask];
    if (whole !== undefined) sink.onItem(whole, 0, whole.totalBytes, packetNumber);
    this.chains?.visit(this.words[this.wordsOf(packetNumber) + CHAIN] as number, packetNumber, sink);
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
      const number = this.doubles[at] as number;
      if (number === NONE) continue;
      this.visitItems(number, sink);
      this.releaseItems(number);
      this.doubles[at] = NONE;
    }
    this.bytesInFlight = this.packetsInFlight = this.promptInFlight = 0;
    this.lowest = this.oldest = this.nextNumber;
  }

  private doublesOf(packetNumber: number): number {
    return (packetNumber & this.mask) * RECORD_DOUBLES;
  }

  private wordsOf(packetNumber: number): number {
    return (packetNumber & this.mask) * RECORD_WORDS;
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
    this.doubles[slot * RECORD_DOUBLES + NUMBER] = packetNumber;
    this.words[slot * RECORD_WORDS + STATE] = SentState.Unknown;
    return slot;
  }

  private grow(): void {
    const { doubles, wholes } = this;
    const slots = wholes.length * 2;
    this.mask = slots - 1;
    this.doubles = emptyRecords(slots);
    this.words = new Int32Array(this.doubles.buffer);
    this.wholes = new Array<OutgoingMessage | undefined>(slots);
    for (let slot = 0; slot < wholes.length; slot++) {
      const from = slot * RECORD_DOUBLES;
      const number = doubles[from + NUMBER] as number;
      if (number === NONE) continue;
      this.doubles.set(doubles.subarray(from, from + RECORD_DOUBLES), this.doublesOf(number));
      this.wholes[number & this.mask] = wholes[slot];
    }
  }

  private releaseParts(slot: number): void {
    if (this.wholes[slot] !== undefined) this.wholes[slot] = undefined;
    if (this.chains === undefined) return;
    const chain = slot * RECORD_WORDS + CHAIN;
    this.chains.release(this.words[chain] as number);
    this.words[chain] = NO_PART;
  }
}

/** Slots of packets that do not exist. */
function emptyRecords(slots: number): Float64Array<ArrayBuffer> {
  const doubles = new Float64Array(slots * RECORD_DOUBLES);
  const words = new Int32Array(doubles.buffer);
  for (let slot = 0; slot < slots; slot++) {
    doubles[slot * RECORD_DOUBLES + NUMBER] = NONE;
    words[slot * RECORD_WORDS + CHAIN] = NO_PART;
  }
  return doubles;
}

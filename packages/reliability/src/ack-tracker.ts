import {
  ACK_TIME_BYTES,
  type ByteWriter,
  encodeAck,
  MAX_ACK_BITMAP_BYTES,
  MIN_DATAGRAM_BYTES,
  varintBytes,
} from "@sortie/wire";
import { AckUrgency, RELAXED_ACK_MS } from "./ack-urgency.js";
import type { ClockLead } from "./endpoint-options.js";
import { expectNumber } from "./expect-number.js";

/** Packets below the largest that an ACK can state. */
const WINDOW_PACKETS: number = MAX_ACK_BITMAP_BYTES * 8;

/** Slots to begin with; a power of two, as all sizes. The 1 + 1024 numbers that can be live at once need 2048. */
const INITIAL_SLOTS = 32;

/** Where ACKs are put together before they are written; what it holds is of use during `write` only. */
const bitmap: Uint8Array = new Uint8Array(MAX_ACK_BITMAP_BYTES);

/** Prompt packets after which an ACK is due at once (RFC 9000 section 13.2.2); and packets that ask for one at all. */
const ACK_EVERY_PROMPT = 2;
const ACK_EVERY_PACKETS = 8;

/** Packets not stated yet from which an ACK goes along with a packet that goes anyway, though nobody waits for it. */
const COMPANY_PACKETS = 4;
/** The next packet is expected after as long a pause as the last one, and may be late by half of that. */
const PAUSE_MARGIN = 1.5;

/**
 * bytes of bitmaps that received packets pay for in advance, 32 of full length: after an outage a small packet is still
 * answered with all that the peer has missed.
 */
const MAX_PAID_BYTES = 4096;

/** microseconds. Delays are cut to the 4-byte varint, about 18 minutes; nobody believes more than a few ms anyway. */
const MAX_DELAY_US = 0x3fff_ffff;

/** bytes received since the last ACK from which the next one says when: more than most messages of a game. */
const TIMED_BYTES: number = MIN_DATAGRAM_BYTES / 2;

/** Times of a TIMED_ACK have 32 bits. */
const TIME_MODULUS: number = 2 ** 32;

/** bytes. Type and bitmap length. */
const FIXED_BYTES = 2;

/** ms. Longest delay that transport parameters can announce (RFC 9000 section 18.2). */
const MAX_ACK_DELAY_MS = 2 ** 14;

/**
 * Remembers which packets were received and turns them into ACK frames. Its memory grows with the span of numbers that
 * are to be stated; most connections have a few.
 *
 * What an ACK states: the largest packet number received and, in a bitmap, numbers of the 1024 below it. A set bit
 * says "received"; a bit that is not set says nothing at all, so that numbers the peer already knows about may be
 * left out, and the bitmap ends at the lowest number that is still to be stated.
 *
 * When the peer is known to know a number: it acknowledged a packet that carried our ACK with the largest number L,
 * and that ACK had been written after the number came. For a number that came as the new largest, this holds for any
 * L at or above it. For a late one, which came when M was the largest, an ACK with L = M may have been written
 * before, so that only L above M proves it. Each number therefore keeps the lowest L that proves it, as a distance.
 *
 * Who acknowledges nothing of ours would have us repeat 128 bytes of bitmap for each packet of 26. So bitmaps take no
 * more than was received: where that is not enough they are cut to the newest numbers, and the others are stated later.
 */
export class AckTracker {
  private readonly localMaxAckDelayMs: number;
  private readonly peerTakesTimes: boolean;
  private readonly clockLead: ClockLead | undefined;
  /** By packet number: 0 nothing to state, else 1 + (lowest largest of an ACK that states it for certain - number). */
  private proofs = new Uint16Array(INITIAL_SLOTS);
  private mask: number = INITIAL_SLOTS - 1;
  private largest = -1;
  private largestAtMs = 0;
  /** ms. The same by the machine's clock. */
  private largestClockMs = 0;
  /** The lowest number to be stated, or `largest` when there is none below that. */
  private lowest = -1;
  private elicitingSinceAck = 0;
  private promptSinceAck = 0;
  /** Numbers are missing between the last ack-eliciting packet and the largest. */
  private gap = false;
  /** Packets of any urgency since the last ACK, and their bytes. */
  private unstated = 0;
  private unstatedBytes = 0;
  private dueAtMs = Infinity;
  /** bytes received that no bitmap was written for. */
  private paidBytes = 0;
  /** Of ACKs that were cut: the highest `largest`, and a number from which on all of them state everything. */
  private cutLargest = -1;
  private cutFloor = -1;

  /**
   * @param localMaxAckDelayMs longest time that an ACK may wait for company, 0..16384 ms; the value we announced
   * @param peerTakesTimes whether an ACK may say when packets came: those of bulk data do
   * @param clockLead where the time that is handed in is not the machine's: the times that ACKs tell are. Their delays
   * are differences within a frame or two, and stay in the owner's time, as the timeouts are that they wait for
   * @throws RangeError when it is out of range
   */
  constructor(localMaxAckDelayMs: number, peerTakesTimes: boolean = false, clockLead?: ClockLead) {
    expectNumber("localMaxAckDelayMs", localMaxAckDelayMs, 0, MAX_ACK_DELAY_MS);
    this.localMaxAckDelayMs = localMaxAckDelayMs;
    this.peerTakesTimes = peerTakesTimes;
    this.clockLead = clockLead;
  }

  /**
   * A packet came, authenticated, not a replay, and was applied. Numbers more than 1024 below the largest can no
   * longer be stated and are ignored, as are those that are to be stated anyway.
   *
   * @param bytes of its datagram, for which bitmaps of as many may go; Infinity: for as many as there can be
   */
  onPacketReceived(packetNumber: number, urgency: AckUrgency, nowMs: number, bytes: number = Infinity): void {
    this.paidBytes = Math.min(this.paidBytes + bytes, MAX_PAID_BYTES);
    const late = packetNumber < this.largest;
    if (late) {
      if (packetNumber < this.largest - WINDOW_PACKETS) return;
      if (packetNumber < this.lowest) {
        this.makeRoom(packetNumber, this.largest);
        this.lowest = packetNumber;
      }
      const slot = packetNumber & this.mask;
      if (this.proofs[slot] !== 0) return;
      this.proofs[slot] = this.largest + 1 - packetNumber + 1;
    } else {
      if (packetNumber === this.largest) return;
      if (packetNumber !== this.largest + 1) this.gap = true;
      this.moveLargest(packetNumber);
      this.largestAtMs = nowMs;
      this.largestClockMs = this.clockLead === undefined ? nowMs : nowMs + this.clockLead.leadMs;
    }
    this.unstated += 1;
    this.unstatedBytes += bytes;
    if (urgency === AckUrgency.None) return;
    const isPrompt = urgency === AckUrgency.Prompt;
    this.elicitingSinceAck += 1;
    if (isPrompt) this.promptSinceAck += 1;
    // Out of order or behind a gap: the sender's loss detection must hear of it (RFC 9000 section 13.2.1).
    const isDisordered = late || this.gap;
    this.gap = false;
    const atOnce =
      isDisordered || this.promptSinceAck >= ACK_EVERY_PROMPT || this.elicitingSinceAck >= ACK_EVERY_PACKETS;
    const delayMs = isPrompt ? this.localMaxAckDelayMs : this.localMaxAckDelayMs + RELAXED_ACK_MS;
    this.dueAtMs = Math.min(this.dueAtMs, atOnce ? nowMs : nowMs + delayMs);
  }

  /** Whether an ACK must go now, even in a packet of its own. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.dueAtMs;
  }

  /** When an ACK must go (in the past when it is due already); Infinity when none has to. */
  dueAt(): number {
    return this.dueAtMs;
  }

  /**
   * Whether an ACK should go along with a packet that goes anyway: when it is due, somebody waits for it, four packets
   * have not been stated yet, or it would most likely be due before the next packet and then need one of its own.
   *
   * @param pauseMs ms since the packet before that one; the next is expected after as long a pause
   */
  isWorthwhile(nowMs: number, pauseMs: number): boolean {
    if (this.unstated === 0) return false;
    if (this.promptSinceAck > 0 || this.unstated >= COMPANY_PACKETS) return true;
    return this.dueAtMs <= nowMs + pauseMs * PAUSE_MARGIN;
  }

  /** bytes that `write` would take at the same `nowMs`, 0 while no packet came; at most 146. */
  frameBytes(nowMs: number): number {
    if (this.largest < 0) return 0;
    const timeBytes = this.isTimed ? ACK_TIME_BYTES : 0;
    const numberBytes = varintBytes(this.largest) + varintBytes(this.delayUs(nowMs));
    return FIXED_BYTES + numberBytes + timeBytes + this.bitmapBytes(this.firstStated());
  }

  /**
   * Writes the ACK frame; the writer must have room for `frameBytes`.
   * @returns the largest number it acknowledges, to be remembered with the packet that carries it and handed to
   * `onAckAcked` when that is acknowledged; -1, with nothing written, while no packet came
   */
  write(writer: ByteWriter, nowMs: number): number {
    const { largest } = this;
    if (largest < 0) return -1;
    const first = this.firstStated();
    const bytes = this.bitmapBytes(first);
    if (first !== this.lowest) {
      this.cutLargest = largest;
      this.cutFloor = Math.max(this.cutFloor, first);
    }
    this.paidBytes -= bytes;
    for (let at = 0; at < bytes; at++) bitmap[at] = 0; // quicker than `fill` for the few that it mostly has
    for (let number = first; number < largest; number++) {
      if (this.proofs[number & this.mask] === 0) continue;
      const bit = largest - 1 - number;
      const at = bit >>> 3;
      bitmap[at] = (bitmap[at] as number) | (1 << (bit & 7));
    }
    const receivedAtUs = this.isTimed ? this.timeUs : -1;
    encodeAck(writer, largest, this.delayUs(nowMs), bitmap, bytes, receivedAtUs);
    this.unstated = 0;
    this.unstatedBytes = 0;
    this.elicitingSinceAck = 0;
    this.promptSinceAck = 0;
    this.dueAtMs = Infinity;
    return largest;
  }

  /**
   * The peer acknowledged a packet that carried our ACK up to `largest`: what that ACK stated for certain need not be
   * repeated. Of several such packets in one ACK only the highest `largest` matters. At most 1025 steps.
   */
  onAckAcked(largest: number): void {
    const top = Math.min(largest, this.largest);
    const first = largest > this.cutLargest ? this.lowest : Math.max(this.lowest, this.cutFloor);
    for (let number = first; number <= top; number++) {
      const slot = number & this.mask;
      const proof = this.proofs[slot] as number;
      if (proof !== 0 && number + proof - 1 <= largest) this.proofs[slot] = 0;
    }
    this.settleLowest();
  }

  /** Whether the next ACK says when the largest came: one of bulk data, whose sender asks what it waited behind. */
  private get isTimed(): boolean {
    return this.peerTakesTimes && this.unstatedBytes >= TIMED_BYTES;
  }

  /** microseconds, modulo 2^32, at which the largest came; clocks may be below 0. */
  private get timeUs(): number {
    const timeUs = Math.floor(this.largestClockMs * 1000) % TIME_MODULUS;
    return timeUs < 0 ? timeUs + TIME_MODULUS : timeUs;
  }

  private moveLargest(packetNumber: number): void {
    const floor = packetNumber - WINDOW_PACKETS;
    if (floor > this.largest) {
      // Nothing of the old window remains. Also bounds the work of a leap.
      this.proofs.fill(0);
      this.lowest = packetNumber;
    } else {
      for (; this.lowest < floor; this.lowest++) this.proofs[this.lowest & this.mask] = 0;
      this.settleLowest();
      this.makeRoom(this.lowest, packetNumber);
    }
    this.largest = packetNumber;
    this.settleLowest();
    this.proofs[packetNumber & this.mask] = 1;
  }

  /** Makes each number in `[from, to]` have a slot of its own. */
  private makeRoom(from: number, to: number): void {
    let slots = this.mask + 1;
    while (to - from >= slots) slots *= 2;
    if (slots === this.mask + 1) return;
    const { proofs, mask } = this;
    this.proofs = new Uint16Array(slots);
    this.mask = slots - 1;
    for (let number = this.lowest; number <= this.largest; number++) {
      this.proofs[number & this.mask] = proofs[number & mask] as number;
    }
  }

  private settleLowest(): void {
    while (this.lowest < this.largest && this.proofs[this.lowest & this.mask] === 0) this.lowest += 1;
  }

  /** The lowest number that the next ACK states, or `largest` when there is none below that. */
  private firstStated(): number {
    const { largest, lowest } = this;
    const room = this.paidBytes * 8;
    if (largest - lowest <= room) return lowest;
    let number = largest - room;
    while (number < largest && this.proofs[number & this.mask] === 0) number += 1;
    return number;
  }

  private bitmapBytes(first: number): number {
    return (this.largest - first + 7) >>> 3;
  }

  private delayUs(nowMs: number): number {
    return Math.min(Math.max(Math.floor((nowMs - this.largestAtMs) * 1000), 0), MAX_DELAY_US);
  }
}

import { BASE_MTU_BYTES } from "./mtu-search.js";

/** Sizes above the base are told apart in classes of this many bytes. */
const CLASS_BYTES = 32;
/** Class 0: no larger than the base, which every path carries. 1..8: up to 1456 bytes. */
const CLASSES = 9;
/** Lost packets that only their size explains, until the path is taken to swallow that size. */
const SUSPECTS = 3;
/** Smaller packets that are remembered: enough to tell an outage, few enough to forget the one before. */
const TALLY = 16;
/** Of those that were acknowledged in a row: more leave nothing of what was before, nor add anything. */
const MOST_COUNTED = 1024;

/**
 * Notices that a path has come to swallow large packets (RFC 8899 section 4.3): when several were lost although
 * nothing as large that was sent after them arrived, while most of the smaller ones did. Loss that hits all sizes is
 * congestion or an outage, and no reason to send smaller packets.
 */
export class BlackHoleDetector {
  /** Highest packet number acknowledged of each class but 0, which is never suspected. */
  private readonly ackedByClass: number[] = new Array<number>(CLASSES).fill(-1);
  private suspects = 0;
  private firstSuspect = -1;
  /** Class of the smallest suspect. */
  private suspectClass: number = CLASSES;
  private smallerAcked = 0;
  private smallerLost = 0;

  /** Whether the evidence suffices. */
  get detected(): boolean {
    return this.suspects >= SUSPECTS && this.smallerAcked > this.smallerLost;
  }

  /** Whether packets were lost that only their size explains so far. */
  get hasSuspects(): boolean {
    return this.suspects > 0;
  }

  /** As `onAcked` of `count` packets no larger than the base. */
  onSmallAcked(count: number): void {
    for (let left = Math.min(count, MOST_COUNTED); left > 0; left--) this.tally(1, 0);
  }

  onAcked(packetNumber: number, bytes: number): void {
    const size = classOf(bytes);
    if (size === 0) return this.tally(1, 0);
    if (packetNumber > (this.ackedByClass[size] as number)) this.ackedByClass[size] = packetNumber;
    if (size < this.suspectClass) {
      if (this.suspects > 0) this.tally(1, 0);
      else this.forgetSmaller();
    } else if (packetNumber > this.firstSuspect) {
      // One as large, sent after them, arrived: it was not their size.
      this.acquit();
      this.forgetSmaller();
    }
  }

  onLost(packetNumber: number, bytes: number): void {
    const size = classOf(bytes);
    if (size === 0) return this.tally(0, 1);
    for (let larger = size; larger < CLASSES; larger++) {
      if ((this.ackedByClass[larger] as number) > packetNumber) return;
    }
    if (this.suspects === 0 || packetNumber < this.firstSuspect) this.firstSuspect = packetNumber;
    this.suspects += 1;
    this.suspectClass = Math.min(this.suspectClass, size);
  }

  /** Forgets everything: another path, or other packet sizes from now on. */
  reset(): void {
    this.ackedByClass.fill(-1);
    this.forgetSmaller();
    this.acquit();
  }

  private forgetSmaller(): void {
    this.smallerAcked = 0;
    this.smallerLost = 0;
  }

  private acquit(): void {
    this.suspects = 0;
    this.firstSuspect = -1;
    this.suspectClass = CLASSES;
  }

  private tally(acked: number, lost: number): void {
    this.smallerAcked += acked;
    this.smallerLost += lost;
    if (this.smallerAcked + this.smallerLost < TALLY) return;
    this.smallerAcked /= 2;
    this.smallerLost /= 2;
  }
}

function classOf(bytes: number): number {
  return bytes <= BASE_MTU_BYTES
    ? 0
    : Math.min(CLASSES - 1, 1 + Math.floor((bytes - BASE_MTU_BYTES - 1) / CLASS_BYTES));
}

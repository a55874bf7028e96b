/** Weight of a new second: as that of the loss which the sender counts. */
const WEIGHT = 0.25;
/** Numbers that a share is made of, at the least. */
const MIN_NUMBERS = 5;
/**
 * Numbers in which one may be missing that was never sent: a sender leaves one out after 128 packets at the soonest
 * (docs/PROTOCOL.md section 7.2).
 */
const NUMBERS_PER_SKIP = 129;
/**
 * Packets that a search for the path's MTU loses at the most: three each of four sizes that do not pass. They are
 * larger than the path, and no loss of it.
 */
const PROBES_OF_SEARCH = 12;
/**
 * Looks without a datagram of the largest size, about a second each, after which such a search may be under way again:
 * a sender whose path became narrower searches anew every ten minutes.
 */
const LOOKS_WITHOUT_FULL = 300;
/** The budget while such a search may be under way, and a number be left out meanwhile. */
const SEARCH_BUDGET: number = (PROBES_OF_SEARCH + 1) * NUMBERS_PER_SKIP;

/**
 * Which share of the peer's packets is lost on its way, as the gaps in their numbers tell: the sender alone knows it
 * for certain, but what a player sees stutter is what does not arrive.
 *
 * Numbers up to a border, the largest at one look, are judged at the next look a second later: until then what was
 * overtaken, or delayed by jitter, has come. A packet that comes in its turn costs nothing, as how many came is counted
 * elsewhere anyway. Neither duplicates nor packets that are refused are among those: the former would count twice, the
 * latter are sent again like lost ones.
 *
 * What is missing without being lost is left out by a budget: one number in 129, not saved up; and the probes of an MTU
 * search, as long as no datagram of the largest size has shown that it is over. Losses of less than a percent are
 * hidden by that.
 */
export class ReceiveLoss {
  /** Smoothed, 0..1. */
  share = 0;
  private hasSeenFull = false;
  /** Since a datagram of the largest size came. */
  private looksSinceFull = 0;
  /** All numbers up to here are judged. */
  private floor: number;
  /** The largest number at the last look. */
  private border: number;
  /** Received of those above the floor, up to the border. */
  private settling = 0;
  /** Received of all up to the border, since the last look. */
  private late = 0;
  /** Received in all, at the last look. */
  private lastReceived = 0;
  /** Numbers in whose place some may be missing, one in `NUMBERS_PER_SKIP`. */
  private budget: number = SEARCH_BUDGET;

  /** @param firstNumber the peer's first packet number */
  constructor(firstNumber: number) {
    this.floor = this.border = firstNumber - 1;
  }

  /** A packet was accepted whose number may not be the highest so far. */
  onStraggler(packetNumber: number): void {
    if (packetNumber > this.border) return;
    this.late += 1;
    if (packetNumber > this.floor) this.settling += 1;
  }

  /** A datagram of the largest size came that the peer may send: its search for a larger MTU is over. */
  onFull(): void {
    this.hasSeenFull = true;
    this.looksSinceFull = 0;
  }

  /** Another path: the peer searches for its MTU anew. */
  onPathChanged(): void {
    this.expectSearch();
  }

  /**
   * Judges what has settled; to be called about once a second, not more often.
   * @param largest the highest number received
   * @param received packets received in all
   */
  look(largest: number, received: number): void {
    if (this.hasSeenFull && ++this.looksSinceFull > LOOKS_WITHOUT_FULL) this.expectSearch();
    const numbers = this.border - this.floor;
    if (numbers >= MIN_NUMBERS) {
      this.judge(numbers, Math.max(numbers - this.settling, 0));
      this.floor = this.border;
      this.settling = 0;
    }
    this.border = largest;
    this.settling += received - this.lastReceived - this.late;
    this.lastReceived = received;
    this.late = 0;
  }

  private expectSearch(): void {
    this.hasSeenFull = false;
    this.budget = SEARCH_BUDGET;
  }

  private judge(numbers: number, missing: number): void {
    const budget = this.budget + numbers;
    const excused = Math.min(missing, Math.floor(budget / NUMBERS_PER_SKIP));
    const kept = this.hasSeenFull ? NUMBERS_PER_SKIP : SEARCH_BUDGET;
    this.budget = Math.min(budget - excused * NUMBERS_PER_SKIP, kept);
    this.share += WEIGHT * ((missing - excused) / numbers - this.share);
  }
}

import { expectNumber } from "./expect-number.js";
import { FragmentSets } from "./fragment-sets.js";
import { CHUNK_COST_BYTES, FragmentSet, SEGMENT_COST_BYTES, SET_COST_BYTES } from "./fragment-set.js";
import type { OwnBytes } from "./received-payload.js";

/**
 * Separate stretches that one set may consist of, which bounds the work of inserting between them. A sender must not
 * cause more (docs/PROTOCOL.md section 5.5). Ours sends what was lost before what is new, and so leaves about a hole
 * for each packet in flight, of which there are at most 1024.
 */
const MAX_STRETCHES_PER_SET = 4096;

/** Bytes that several holders share. */
export interface SharedBudget {
  tryCharge(bytes: number): boolean;
  release(bytes: number): void;
}

/** Options of {@link Reassembler}. */
export interface ReassemblerOptions {
  /** bytes charged for all sets together: their chunks with
   * 256 for each, 48 for each separate stretch, 1024 for each set. */
  readonly maxBytes: number;
  /** Messages in reassembly at once. */
  readonly maxSets: number;
  /** ms from the first piece to the end of a set, however many more pieces come; Infinity for none. */
  readonly maxAgeMs: number;
  /** When full: true drops the oldest sets to make room, false refuses the piece with "budget". */
  readonly evictOldest: boolean;
  /** Charged as well as `maxBytes`; shared by all peers of a process. */
  readonly processBudget?: SharedBudget | undefined;
  /** Whether `removeRange` will be called. */
  readonly removesRanges?: boolean;
}

/**
 * What became of a piece. "incomplete": kept, more is to come. "complete": the message is whole, see `takeComplete`.
 * "duplicate": nothing in it was new. "mismatch": it disagrees with the earlier pieces or itself; its set is gone.
 * "budget": no room. With `evictOldest` its set is gone too, otherwise it stays as it was before the piece.
 */
export type ReassemblyVerdict = "incomplete" | "complete" | "duplicate" | "mismatch" | "budget";

/**
 * Puts fragmented messages together. Nothing a piece claims costs memory: only bytes that came are held, each with a
 * charged overhead, under caps of bytes, sets and age. Where pieces overlap the bytes that came first stay. What is
 * charged is what V8 takes.
 *
 * One object serves one family of messages whose keys do not collide. `nowMs` never runs backwards.
 */
export class Reassembler {
  private readonly options: ReassemblerOptions;
  private readonly table: FragmentSets = new FragmentSets();
  /** Keys by what they have in front of the ID; kept for `removeRange` only. */
  private readonly keysByChannel: Map<number, Set<number>> | undefined;
  private charged = 0;
  private expiryAtMs = Infinity;
  private completed: OwnBytes | undefined = undefined;
  private order = -1;
  private expired = 0;
  private evicted = 0;
  private mismatched = 0;

  /** @throws RangeError or TypeError when an option is out of range */
  constructor(options: ReassemblerOptions) {
    expectNumber("maxBytes", options.maxBytes, 1, Infinity);
    expectNumber("maxSets", options.maxSets, 1, Infinity);
    expectNumber("maxAgeMs", options.maxAgeMs, 0, Infinity);
    this.options = options;
    this.keysByChannel = options.removesRanges === true ? new Map() : undefined;
  }

  /** Messages in reassembly. */
  get sets(): number {
    return this.table.size;
  }

  /** bytes held and charged overhead of all sets. */
  get chargedBytes(): number {
    return this.charged;
  }

  /** Sets dropped because of their age, since construction. */
  get expiredSets(): number {
    return this.expired;
  }

  /** Sets dropped to make room, since construction. */
  get evictedSets(): number {
    return this.evicted;
  }

  /** Sets dropped because their pieces disagreed, since construction. */
  get mismatchedSets(): number {
    return this.mismatched;
  }

  /** Packet number of the piece at offset 0 of the message completed last. */
  get completedOrder(): number {
    return this.order;
  }

  /**
   * Takes a piece in: `bytes[start, end)` belongs at `offset` of a message of `totalBytes`.
   * @param key names the message: delivery << 24 | channel << 16 | message ID
   * @param delivery must be the same in all pieces
   * @param packetNumber of the packet that carried the piece
   */
  add(
    key: number,
    delivery: number,
    totalBytes: number,
    offset: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packetNumber: number,
    nowMs: number,
  ): ReassemblyVerdict {
    if (nowMs >= this.expiryAtMs) this.expire(nowMs);
    const to = offset + end - start;
    let set = this.table.get(key);
    const agrees = set === undefined || (set.totalBytes === totalBytes && set.delivery === delivery);
    if (!agrees || end <= start || offset < 0 || to > totalBytes) {
      if (this.remove(key)) this.mismatched += 1;
      return "mismatch";
    }

    let newBytes = end - start;
    let newSegments = 1;
    let growth = newBytes;
    if (set !== undefined) {
      newBytes = 0;
      newSegments = set.continues(set.held.nextAbsent(offset)) ? -1 : 0;
      for (let at = set.held.nextAbsent(offset); at < to;) {
        const stop = Math.min(set.held.nextPresent(at), to);
        newBytes += stop - at;
        newSegments += 1;
        at = set.held.nextAbsent(stop);
      }
      if (newBytes === 0) return "duplicate";
      growth = set.growth(newBytes);
    }
    const fixed = set === undefined ? SET_COST_BYTES : growth > 0 ? CHUNK_COST_BYTES : 0;
    const cost = growth + fixed + newSegments * SEGMENT_COST_BYTES;
    if (!this.fits(set, totalBytes, offset, to, cost) || !this.charge(set, cost)) {
      // Where the oldest make room nothing is sent again: a set that lacks this piece can never be whole.
      if (this.options.evictOldest && this.remove(key)) this.evicted += 1;
      return "budget";
    }

    if (set === undefined) {
      set = new FragmentSet(key, delivery, totalBytes, newBytes, nowMs, nowMs + this.options.maxAgeMs);
      this.insert(set);
    } else set.grow(growth);
    set.chargedBytes += cost;
    if (offset === 0 && set.order < 0) set.order = packetNumber;
    for (let at = set.held.nextAbsent(offset); at < to;) {
      const stop = Math.min(set.held.nextPresent(at), to);
      set.append(bytes, start + at - offset, start + stop - offset, at);
      at = set.held.nextAbsent(stop);
    }
    if (set.held.total < totalBytes) return "incomplete";
    this.completed = set.join();
    this.order = set.order;
    this.remove(key);
    return "complete";
  }

  /**
   * The message that `add` just completed; the caller's own. To be called once after each "complete".
   * @throws Error when there is none
   */
  takeComplete(): OwnBytes {
    const message = this.completed;
    if (message === undefined) throw new Error("takeComplete expected a completed message, got none");
    this.completed = undefined;
    return message;
  }

  /** Drops the set of `key`. Returns whether there was one. */
  remove(key: number): boolean {
    const set = this.table.get(key);
    if (set === undefined) return false;
    this.drop(set);
    return true;
  }

  /** Drops the sets of `count` (up to 65535) IDs of a channel from that of `firstKey` on, around the circle. */
  removeRange(firstKey: number, count: number): void {
    const keys = this.keysByChannel?.get(firstKey >>> 16);
    if (keys === undefined) return;
    if (count <= keys.size) {
      for (let i = 0; i < count; i++) this.remove((firstKey & ~0xffff) | ((firstKey + i) & 0xffff));
      return;
    }
    for (const key of keys) {
      if (((key - firstKey) & 0xffff) < count) this.remove(key);
    }
  }

  /** The pieces of the message of `key`; undefined when there are none, or their time is over at `nowMs`. */
  setOf(key: number, nowMs: number): FragmentSet | undefined {
    const set = this.table.get(key);
    return set === undefined || set.expiresAtMs <= nowMs ? undefined : set;
  }

  has(key: number): boolean {
    return this.table.has(key);
  }

  /** Drops the sets whose time is over. Returns how many. */
  expire(nowMs: number): number {
    let dropped = 0;
    for (let set = this.table.oldest; set !== undefined && set.expiresAtMs <= nowMs; set = this.table.oldest) {
      this.drop(set);
      dropped += 1;
    }
    this.expired += dropped;
    return dropped;
  }

  /** ms. When the oldest set began; Infinity when there is none. */
  get oldestSinceMs(): number {
    return this.table.oldest?.startedAtMs ?? Infinity;
  }

  /** When the next set's time is over; Infinity when there is none. */
  nextExpiryAt(): number {
    return this.expiryAtMs;
  }

  /** Drops everything. */
  clear(): void {
    if (this.charged > 0) this.options.processBudget?.release(this.charged);
    this.charged = 0;
    this.table.clear();
    this.keysByChannel?.clear();
    this.expiryAtMs = Infinity;
    this.completed = undefined;
  }

  private insert(set: FragmentSet): void {
    const { key } = set;
    this.table.add(set);
    if (this.table.size === 1) this.expiryAtMs = set.expiresAtMs;
    const { keysByChannel } = this;
    if (keysByChannel === undefined) return;
    const keys = keysByChannel.get(key >>> 16);
    if (keys === undefined) keysByChannel.set(key >>> 16, new Set([key]));
    else keys.add(key);
  }

  private drop(set: FragmentSet): void {
    this.table.delete(set);
    this.ungroup(set.key);
    this.charged -= set.chargedBytes;
    this.options.processBudget?.release(set.chargedBytes);
    this.expiryAtMs = this.table.oldest?.expiresAtMs ?? Infinity;
  }

  private ungroup(key: number): void {
    const keys = this.keysByChannel?.get(key >>> 16);
    if (keys === undefined) return;
    keys.delete(key);
    if (keys.size === 0) this.keysByChannel?.delete(key >>> 16);
  }

  /** Whether the set with the piece would keep its limits if it were alone. */
  private fits(set: FragmentSet | undefined, totalBytes: number, offset: number, to: number, cost: number): boolean {
    const { maxBytes } = this.options;
    if (set === undefined) return totalBytes + SEGMENT_COST_BYTES + SET_COST_BYTES <= maxBytes;
    return set.chargedBytes + cost <= maxBytes && set.held.countWith(offset, to) <= MAX_STRETCHES_PER_SET;
  }

  /** Charges `cost` for a piece of `set` (undefined: one that is yet to be made); drops older sets if it may. */
  private charge(set: FragmentSet | undefined, cost: number): boolean {
    const { maxBytes, maxSets, processBudget } = this.options;
    while ((set === undefined && this.table.size >= maxSets) || this.charged + cost > maxBytes) {
      if (!this.evictOldestBut(set)) return false;
    }
    while (processBudget !== undefined && !processBudget.tryCharge(cost)) {
      if (!this.evictOldestBut(set)) return false;
    }
    this.charged += cost;
    return true;
  }

  private evictOldestBut(kept: FragmentSet | undefined): boolean {
    if (!this.options.evictOldest) return false;
    const { oldest } = this.table;
    const set = oldest !== undefined && oldest === kept ? oldest.newer : oldest;
    if (set === undefined) return false;
    this.drop(set);
    this.evicted += 1;
    return true;
  }
}

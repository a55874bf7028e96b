import type { SocketAddress } from "@sortie/transport";
import { type SockaddrCodec, SockaddrParts } from "./sockaddr.js";

/** Addresses per generation: twice the peers of a large server, so that those that are heard stay. */
const DEFAULT_GENERATION_SIZE = 4096;
/** Entries that a generation has room for at first; a client hears one address. A power of two. */
const SMALLEST_GENERATION = 16;
/** words of an entry's key: address, then port, then zone. */
const KEY_WORDS = 6;
/** Multipliers of the hash: one for each half word, and an addend. */
export const HASH_KEYS = 12;
/** Half words of 16 bits leave 32 + 1 - 16 bits of a product that are spread evenly. */
const MOST_HASH_BITS = 17;

const NONE = new Int32Array(0);

/**
 * From a struct sockaddr to one shared SocketAddress, without text and without an object for each lookup.
 *
 * Two generations, each a hash table of its own: what is asked for moves to the young one; when that is full, the old
 * one is forgotten and filled again. So memory is bounded by twice the generation's size however many addresses send,
 * and a peer that sends is decoded once. The hash is universal, with random keys: whoever does not know them cannot
 * choose sources that collide more often than by chance.
 */
export class SourceCache {
  readonly #codec: SockaddrCodec;
  readonly #parts = new SockaddrParts();
  readonly #generationSize: number;
  readonly #hashKeys: Uint32Array;
  #young = new Generation();
  #old = new Generation();

  /** `hashKeys` are {@link HASH_KEYS} random words. `generationSize` is at least 1. */
  constructor(codec: SockaddrCodec, hashKeys: Uint32Array, generationSize: number = DEFAULT_GENERATION_SIZE) {
    this.#codec = codec;
    this.#hashKeys = hashKeys;
    this.#generationSize = generationSize;
  }

  /** Addresses held in both generations; at most twice the generation's size. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /**
   * The address of the struct sockaddr at `at`; undefined where it is neither IPv4 nor IPv6.
   * @param arrivedAt local address that was asked, if that is known: for each there is an object of its own, so that
   * whoever sends under a peer's address to another of ours does not change from where that peer is answered
   * @param salt random number of that local address
   */
  get(words: Uint32Array, at: number, arrivedAt?: SocketAddress, salt: number = 0): SocketAddress | undefined {
    const parts = this.#parts;
    if (!parts.read(words, at)) return undefined;
    const hash = (hashOf(parts, this.#hashKeys) ^ salt) >>> 0;
    const known = this.#young.find(parts, hash, arrivedAt);
    if (known !== undefined) return known;
    const address = this.#old.find(parts, hash, arrivedAt) ?? this.#codec.addressOf(parts);
    address.arrivedAt = arrivedAt;
    if (this.#young.size >= this.#generationSize) this.#turn();
    this.#young.add(parts, hash, address);
    return address;
  }

  #turn(): void {
    const forgotten = this.#old;
    this.#old = this.#young;
    forgotten.clear();
    this.#young = forgotten;
  }
}

/** A hash table with chains: with a universal hash they are short on average for any keys. Grows, never shrinks. */
class Generation {
  size = 0;
  #capacity = SMALLEST_GENERATION;
  #shift = 0;
  /** First entry of each chain, -1 for none. */
  #heads: Int32Array = NONE;
  /** The entry after each in its chain, -1 for none. */
  #next: Int32Array = NONE;
  #hashes: Uint32Array = new Uint32Array(0);
  #keys: Uint32Array = new Uint32Array(0);
  readonly #addresses: (SocketAddress | undefined)[] = [];

  constructor() {
    this.#resize(SMALLEST_GENERATION);
  }

  find(parts: SockaddrParts, hash: number, arrivedAt: SocketAddress | undefined): SocketAddress | undefined {
    let entry = this.#heads[hash >>> this.#shift] as number;
    while (entry >= 0) {
      if (this.#hashes[entry] === hash && this.#hasKey(entry * KEY_WORDS, parts)) {
        const address = this.#addresses[entry];
        if (address?.arrivedAt === arrivedAt) return address;
      }
      entry = this.#next[entry] as number;
    }
    return undefined;
  }

  /** Adds a key that is not there. */
  add(parts: SockaddrParts, hash: number, address: SocketAddress): void {
    if (this.size === this.#capacity) this.#resize(this.#capacity * 2);
    const entry = this.size++;
    const keys = this.#keys;
    const at = entry * KEY_WORDS;
    keys[at] = parts.a;
    keys[at + 1] = parts.b;
    keys[at + 2] = parts.c;
    keys[at + 3] = parts.d;
    keys[at + 4] = parts.port;
    keys[at + 5] = parts.zone;
    this.#hashes[entry] = hash;
    this.#addresses[entry] = address;
    this.#link(entry, hash);
  }

  clear(): void {
    this.#heads.fill(-1);
    this.#addresses.length = 0;
    this.size = 0;
  }

  #link(entry: number, hash: number): void {
    const chain = hash >>> this.#shift;
    this.#next[entry] = this.#heads[chain] as number;
    this.#heads[chain] = entry;
  }

  #resize(capacity: number): void {
    const [hashes, keys] = [this.#hashes, this.#keys];
    const bits = Math.min(MOST_HASH_BITS, Math.log2(capacity) + 1);
    this.#capacity = capacity;
    this.#shift = 32 - bits;
    this.#heads = new Int32Array(2 ** bits).fill(-1);
    this.#next = new Int32Array(capacity);
    this.#hashes = new Uint32Array(capacity);
    this.#hashes.set(hashes);
    this.#keys = new Uint32Array(capacity * KEY_WORDS);
    this.#keys.set(keys);
    for (let entry = 0; entry < this.size; entry++) this.#link(entry, hashes[entry] as number);
  }

  #hasKey(at: number, parts: SockaddrParts): boolean {
    const keys = this.#keys;
    return (
      keys[at + 3] === parts.d &&
      keys[at + 4] === parts.port &&
      keys[at + 2] === parts.c &&
      keys[at + 1] === parts.b &&
      keys[at] === parts.a &&
      keys[at + 5] === parts.zone
    );
  }
}

/**
 * Multiply-shift for vectors of 16-bit numbers: the upper bits of the sum of products are pairwise independent for
 * random keys (M. Thorup, "High Speed Hashing for Integers and Strings", 2015, section 3.5).
 */
function hashOf(parts: SockaddrParts, keys: Uint32Array): number {
  return (
    ((keys[0] as number) +
      halves(parts.d, keys[1] as number, keys[2] as number) +
      halves(parts.c, keys[3] as number, keys[4] as number) +
      halves(parts.b, keys[5] as number, keys[6] as number) +
      halves(parts.a, keys[7] as number, keys[8] as number) +
      halves(parts.zone, keys[9] as number, keys[10] as number) +
      Math.imul(parts.port, keys[11] as number)) >>>
    0
  );
}

function halves(word: number, low: number, high: number): number {
  return (Math.imul(word & 0xffff, low) + Math.imul(word >>> 16, high)) | 0;
}

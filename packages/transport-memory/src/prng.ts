import { checkInteger } from "./check.js";

/** 2^32 divided by the golden ratio: the increment of SplitMix, spreads consecutive inputs. */
const GOLDEN = 0x9e3779b9;

/** Finaliser of MurmurHash3 (32 bits): a bijection in which every input bit moves about half of the output bits. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Small deterministic random generator: xoshiro128** 1.1 (Blackman and Vigna, 2018), period 2^128 - 1. For simulations
 * and tests only; it is predictable and must never make keys, cookies or identifiers.
 *
 * `seed` names a run, `stream` one of its independent sequences: each word of both is mixed into all 128 bits of state,
 * so that streams of one seed have nothing in common and the same pair always gives the same numbers.
 */
export class Prng {
  private s0: number;
  private s1: number;
  private s2: number;
  private s3: number;

  /**
   * @param seed - 0..2^32-1. RangeError otherwise.
   * @param stream - words that name the sequence, each taken modulo 2^32.
   */
  constructor(seed: number, stream: readonly number[] = []) {
    checkInteger("seed", seed, 0, 0xffff_ffff);
    this.s0 = mix(seed + GOLDEN);
    this.s1 = mix(this.s0 + GOLDEN);
    this.s2 = mix(this.s1 + GOLDEN);
    this.s3 = mix(this.s2 + GOLDEN);
    for (const word of stream) {
      this.s0 = mix(mix(this.s0 ^ word) + GOLDEN);
      this.s1 = mix(this.s1 ^ this.s0);
      this.s2 = mix(this.s2 ^ this.s1);
      this.s3 = mix(this.s3 ^ this.s2);
    }
    // The one state that xoshiro cannot leave.
    if ((this.s0 | this.s1 | this.s2 | this.s3) === 0) this.s0 = 1;
  }

  /** Sets the four words of state as they are (not all zero): for known-answer tests. */
  static fromState(s0: number, s1: number, s2: number, s3: number): Prng {
    if ((s0 | s1 | s2 | s3) === 0) throw new RangeError(`"state" expected a word that is not zero, got 0, 0, 0, 0`);
    const prng = new Prng(0);
    prng.s0 = s0 | 0;
    prng.s1 = s1 | 0;
    prng.s2 = s2 | 0;
    prng.s3 = s3 | 0;
    return prng;
  }

  /** Integer, 0..2^32-1. */
  uint32(): number {
    const s1 = this.s1;
    const scrambled = Math.imul(s1, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const s2 = this.s2 ^ this.s0;
    const s3 = this.s3 ^ s1;
    this.s1 = s1 ^ s2;
    this.s0 ^= s3;
    this.s2 = s2 ^ (s1 << 9);
    this.s3 = (s3 << 11) | (s3 >>> 21);
    return result >>> 0;
  }

  /** Evenly spread in [0, 1), in steps of 2^-32. */
  float(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** Integer in 0..limit-1. `limit`: 1..2^32, RangeError otherwise. The bias is below limit / 2^32. */
  below(limit: number): number {
    checkInteger("limit", limit, 1, 0x1_0000_0000);
    return Math.floor(this.float() * limit);
  }

  /** True with the given probability: never at 0, always at 1. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }
}

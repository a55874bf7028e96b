import type { CipherSuite } from "@sortie/wire";
import type { Aead } from "./crypto-provider.js";

/**
 * What sealing or opening one packet costs, as a line over its size. Figures of `bench/crypto` on one machine: they
 * need to be right in proportion to those of other sources, not in themselves.
 */
export interface AeadCost {
  /** ns for a packet without a body. */
  readonly baseNs: number;
  /** ns for each byte of the body. */
  readonly perByteNs: number;
}

/** The AEADs of one library, for `composeProvider` to choose from. */
export interface AeadSource {
  /** Short and unique, for logs and statistics: "node:crypto", "libsodium-wasm". */
  readonly name: string;
  /** The suites it has, with the cost of each, finite and from 0 on; none for a suite that it lacks. */
  readonly costs: ReadonlyMap<CipherSuite, AeadCost>;
  /**
   * An AEAD of a suite in `costs`, which must be synchronous; RangeError for another, or for a key of the wrong length.
   * The key is not copied.
   */
  createAead(suite: CipherSuite, key: Uint8Array): Aead;
}

/** bytes. Body of a packet of ordinary game traffic: by its cost a provider ranks the suites. */
const TYPICAL_BODY_BYTES = 256;

/** bytes. The longest body of a packet: a datagram less header and tag. */
const MAX_BODY_BYTES = 1427;

/** A source, for bodies of up to so many bytes. */
export interface AeadRange {
  readonly maxBodyBytes: number;
  readonly source: AeadSource;
}

/** ns for a body of `bodyBytes`. */
function costAt(cost: AeadCost, bodyBytes: number): number {
  return cost.baseNs + cost.perByteNs * bodyBytes;
}

/**
 * The cheapest source for each size of body, smallest first; the last range has no end. Empty when no source has the
 * suite. Of equals the earlier source stands.
 */
export function cheapestRanges(sources: readonly AeadSource[], suite: CipherSuite): readonly AeadRange[] {
  const ranges: AeadRange[] = [];
  let present: AeadSource | undefined;
  for (let bodyBytes = 0; bodyBytes <= MAX_BODY_BYTES; bodyBytes++) {
    const best = cheapestAt(sources, suite, bodyBytes);
    if (best === undefined) return [];
    if (present !== undefined && best !== present) ranges.push({ maxBodyBytes: bodyBytes - 1, source: present });
    present = best;
  }
  if (present !== undefined) ranges.push({ maxBodyBytes: Number.POSITIVE_INFINITY, source: present });
  return ranges;
}

/** ns of a typical packet with the cheapest source; Infinity when none has the suite. */
export function typicalCostNs(sources: readonly AeadSource[], suite: CipherSuite): number {
  const cost = cheapestAt(sources, suite, TYPICAL_BODY_BYTES)?.costs.get(suite);
  return cost === undefined ? Number.POSITIVE_INFINITY : costAt(cost, TYPICAL_BODY_BYTES);
}

function cheapestAt(sources: readonly AeadSource[], suite: CipherSuite, bodyBytes: number): AeadSource | undefined {
  let best: AeadSource | undefined;
  let bestNs = Number.POSITIVE_INFINITY;
  for (const source of sources) {
    const cost = source.costs.get(suite);
    if (cost === undefined || costAt(cost, bodyBytes) >= bestNs) continue;
    best = source;
    bestNs = costAt(cost, bodyBytes);
  }
  return best;
}

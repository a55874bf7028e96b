import type { SocketAddress } from "./address.js";
import { describeValue } from "./describe-value.js";
import { formatIp, IP_BYTES, isIpv4Mapped, parseIp } from "./ip-text.js";

const IP_BITS = IP_BYTES * 8;
/** Bits before the IPv4 part of ::ffff:a.b.c.d. */
const MAPPED_BITS = 96;
/** Entries. About 25 MB of nodes; longer lists belong into the firewall. */
const MAX_ENTRIES = 65_536;
/** Decimal, without sign or leading zero. */
const PREFIX_LENGTH = /^(?:0|[1-9][0-9]{0,2})$/;

/** The first `bits` bits of `bytes`; the rest is zero. */
interface Range {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** Path-compressed: a node is an entry, or a branch with both children. Of a branch, bits beyond `bits` are open. */
interface Node extends Range {
  isEntry: boolean;
  zero: Node | undefined;
  one: Node | undefined;
}

/**
 * A set of IP addresses and ranges: "1.2.3.4", "10.0.0.0/8", "2001:db8::/32", "::ffff:10.0.0.0/104". IPv4 and
 * IPv4-mapped IPv6 are the same addresses, so that another spelling does not slip past; an IPv6 range that contains
 * ::ffff:0:0/96, such as "::/0", therefore contains all of IPv4. Zones play no part.
 *
 * A path-compressed binary trie: a lookup visits at most 129 nodes whatever the entries are, allocates nothing and
 * hashes nothing, so that no choice of addresses makes it slow.
 */
export class CidrSet {
  #root: Node | undefined = undefined;
  #size = 0;

  /** Entries, at most 65536. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds an address or a range; one that is there already changes nothing. Host bits are masked: "10.0.0.1/8" is
   * "10.0.0.0/8". Throws RangeError where the text is neither, or the set is full.
   */
  add(text: string): void {
    const range = parseRange(text);
    if (hasEntry(this.#root, range)) return;
    if (this.#size >= MAX_ENTRIES) throw new RangeError(`"size" expected at most ${MAX_ENTRIES} entries, got one more`);
    this.#root = insert(this.#root, range);
    this.#size++;
  }

  /**
   * Removes the entry of exactly this address or range, in any spelling; false when there is none. A wider range that
   * contains it stays. Throws RangeError where the text is neither.
   */
  delete(text: string): boolean {
    const range = parseRange(text);
    if (!hasEntry(this.#root, range)) return false;
    this.#root = remove(this.#root, range);
    this.#size--;
    return true;
  }

  /** Whether an entry contains the address, given as such or as 16 bytes. Throws RangeError on another length. */
  has(address: SocketAddress | Uint8Array): boolean {
    const bytes = address instanceof Uint8Array ? address : address.bytes;
    if (bytes.length !== IP_BYTES) throw new RangeError(`"bytes" expected ${IP_BYTES} bytes, got ${bytes.length}`);
    let node = this.#root;
    let matched = 0;
    while (node !== undefined) {
      if (commonBits(node.bytes, bytes, matched, node.bits) < node.bits) return false;
      if (node.isEntry) return true;
      matched = node.bits;
      node = bitAt(bytes, matched) === 0 ? node.zero : node.one;
    }
    return false;
  }

  /**
   * Canonical texts, in the order of the addresses; an address alone stands without prefix length. Throws RangeError
   * for a bad limit.
   * @param limit how many at most, from the first on: others cost nothing. Default: all
   */
  entries(limit: number = MAX_ENTRIES): string[] {
    if (!Number.isInteger(limit) || limit < 0) {
      throw new RangeError(`"limit" expected an integer of 0 or more, got ${describeValue(limit)}`);
    }
    const texts: string[] = [];
    collect(this.#root, texts, limit);
    return texts;
  }
}

function parseRange(text: string): Range {
  const range = typeof text === "string" ? tryParseRange(text) : undefined;
  if (range !== undefined) return range;
  throw new RangeError(`"range" expected an IP address or a range such as 10.0.0.0/8, got ${describeValue(text)}`);
}

function tryParseRange(text: string): Range | undefined {
  const slash = text.indexOf("/");
  const ip = slash < 0 ? text : text.slice(0, slash);
  const bytes = parseIp(ip);
  if (bytes === undefined) return undefined;
  if (slash < 0) return { bytes, bits: IP_BITS };
  const length = text.slice(slash + 1);
  if (!PREFIX_LENGTH.test(length)) return undefined;
  // The spelling decides what the length counts, as in RFC 4291 section 2.3: 10.0.0.0/8 is ::ffff:10.0.0.0/104.
  const bits = Number(length) + (ip.includes(":") ? 0 : MAPPED_BITS);
  if (bits > IP_BITS) return undefined;
  maskHostBits(bytes, bits);
  return { bytes, bits };
}

function maskHostBits(bytes: Uint8Array, bits: number): void {
  const whole = bits >>> 3;
  if (whole === IP_BYTES) return;
  bytes[whole] = (bytes[whole] as number) & ~(0xff >>> (bits & 7));
  bytes.fill(0, whole + 1);
}

function bitAt(bytes: Uint8Array, index: number): number {
  return ((bytes[index >>> 3] as number) >>> (7 - (index & 7))) & 1;
}

/** How many leading bits agree, at most `limit`; the first `known` are known to. */
function commonBits(a: Uint8Array, b: Uint8Array, known: number, limit: number): number {
  for (let at = known >>> 3; at * 8 < limit; at++) {
    const difference = (a[at] as number) ^ (b[at] as number);
    if (difference !== 0) return Math.min(limit, at * 8 + Math.clz32(difference) - 24);
  }
  return limit;
}

function hasEntry(root: Node | undefined, range: Range): boolean {
  let node = root;
  while (node !== undefined && node.bits <= range.bits) {
    if (commonBits(node.bytes, range.bytes, 0, node.bits) < node.bits) return false;
    if (node.bits === range.bits) return node.isEntry;
    node = bitAt(range.bytes, node.bits) === 0 ? node.zero : node.one;
  }
  return false;
}

/** The subtree with the entry added. Recursion is at most 129 deep. */
function insert(node: Node | undefined, range: Range): Node {
  const entry: Node = { bytes: range.bytes, bits: range.bits, isEntry: true, zero: undefined, one: undefined };
  if (node === undefined) return entry;
  const common = commonBits(node.bytes, range.bytes, 0, Math.min(node.bits, range.bits));
  if (common === node.bits) {
    // Not the branch itself: its bytes beyond `bits` are open, those of an entry are zero.
    if (node.bits === range.bits) return { ...entry, zero: node.zero, one: node.one };
    if (bitAt(range.bytes, common) === 0) node.zero = insert(node.zero, range);
    else node.one = insert(node.one, range);
    return node;
  }
  if (common === range.bits) return attach(entry, node);
  const branch: Node = { bytes: range.bytes, bits: common, isEntry: false, zero: undefined, one: undefined };
  return attach(attach(branch, node), entry);
}

function attach(parent: Node, child: Node): Node {
  if (bitAt(child.bytes, parent.bits) === 0) parent.zero = child;
  else parent.one = child;
  return parent;
}

/** The subtree without the entry, which is known to exist. */
function remove(node: Node | undefined, range: Range): Node | undefined {
  if (node === undefined) return undefined;
  if (node.bits === range.bits) node.isEntry = false;
  else if (bitAt(range.bytes, node.bits) === 0) node.zero = remove(node.zero, range);
  else node.one = remove(node.one, range);
  if (node.isEntry || (node.zero !== undefined && node.one !== undefined)) return node;
  return node.zero ?? node.one;
}

function collect(node: Node | undefined, texts: string[], limit: number): void {
  if (node === undefined || texts.length >= limit) return;
  if (node.isEntry) texts.push(formatRange(node));
  collect(node.zero, texts, limit);
  collect(node.one, texts, limit);
}

function formatRange(range: Range): string {
  const text = formatIp(range.bytes);
  if (range.bits === IP_BITS) return text;
  // A masked range shows as IPv4 only with all 96 leading bits in it, so that the subtraction stays positive.
  return `${text}/${isIpv4Mapped(range.bytes) ? range.bits - MAPPED_BITS : range.bits}`;
}

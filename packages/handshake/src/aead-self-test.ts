import { type CipherSuite, PACKET_HEADER_BYTES, TAG_BYTES } from "@sortie/wire";
import { expectAead, expectOpened, expectSynchronous } from "./aead-answers.js";
import {
  bytesOfHex,
  digestOf,
  fillFrom,
  flipBit,
  SELF_TEST_BODY_BYTES,
  selfTestKeys,
  type SelfTestVector,
  VECTORS,
} from "./aead-self-test-vectors.js";
import type { Aead } from "./crypto-provider.js";
import { describeKind } from "./describe-kind.js";

/** Suites whose AEADs have passed, by source or provider: one test of each in the life of a process. */
const passed: WeakMap<object, Set<CipherSuite>> = /* @__PURE__ */ new WeakMap();

function passedOf(owner: object): Set<CipherSuite> {
  const known = passed.get(owner);
  if (known !== undefined) return known;
  const suites = new Set<CipherSuite>();
  passed.set(owner, suites);
  return suites;
}

/** Of `testOnce`: nobody asks for the test of these any more. */
export function markPassed(owner: object, suites: Iterable<CipherSuite>): void {
  const passedSuites = passedOf(owner);
  for (const suite of suites) passedSuites.add(suite);
}

/** Tests those suites of a source or provider that have not passed. Throws as `selfTest` does, and then each time. */
export function testOnce(
  owner: object,
  name: string,
  suites: Iterable<CipherSuite>,
  create: (suite: CipherSuite, key: Uint8Array) => Aead,
): void {
  const passedSuites = passedOf(owner);
  for (const suite of suites) {
    if (passedSuites.has(suite)) continue;
    selfTest(name, suite, (key) => create(suite, key));
    passedSuites.add(suite);
  }
}

/**
 * A published vector and packets of all sizes, under three keys in turn, sealed, opened, and damaged: what does not
 * encrypt, a library whose calls changed in an update, or one that does not work on this machine, must not get near a
 * packet. Every ciphertext is compared: what ignores a part of key, nonce or header gives another. Throws TypeError
 * that names library and vector. Without effect for a suite that there is not: whoever offers it is told so elsewhere.
 */
export function selfTest(name: string, suite: CipherSuite, create: (key: Uint8Array) => Aead): void {
  const vector = (VECTORS as Readonly<Partial<Record<number, SelfTestVector>>>)[suite];
  if (vector === undefined) return;
  const failing = `${name} fails ${vector.source}`;
  // All before the first seals: one that keeps its key where the next does is found out.
  const aeads = selfTestKeys(vector).map((key) =>
    expectAead(
      name,
      attempt(failing, "createAead", () => create(key)),
    ),
  );
  const nonce = bytesOfHex(vector.nonce);
  const packet = new TestPacket(name, failing, nonce, bytesOfHex(vector.header), bytesOfHex(vector.plaintext), 0);
  packet.seal(aeads[0] as Aead, digestOf(bytesOfHex(vector.sealed)));
  packet.open(aeads[0] as Aead);
  packet.openDamaged(aeads[0] as Aead, aeads[1] as Aead);
  packet.openInPlace(aeads[0] as Aead);
  SELF_TEST_BODY_BYTES.forEach((bodyBytes, i) => {
    const of = `${name} fails the self-test of ${vector.suiteName} at ${bodyBytes} bytes`;
    const [header, plaintext] = [new Uint8Array(PACKET_HEADER_BYTES), new Uint8Array(bodyBytes)];
    fillFrom(3 * i, header);
    fillFrom(3 * i + 1, plaintext);
    // The same array for all, as for the packets of a connection.
    fillFrom(3 * i + 2, nonce);
    const aead = aeads[i % aeads.length] as Aead;
    const next = new TestPacket(name, of, nonce, header, plaintext, 1 + (i % 8));
    next.seal(aead, vector.digests.slice(8 * i, 8 * i + 8));
    next.open(aead);
    next.openChanged(aead, i);
  });
}

/** bytes around packets and plaintexts, which nobody may change, and what is in them. */
const MARGIN_BYTES = 8;
const MARGIN = 0xa5;

const OPENS_CHANGED = "it opens what was changed";
const WRITES_REFUSED = 'it writes to "out" for a wrong tag';

/** A packet in the midst of other memory. */
class TestPacket {
  /** Whose AEAD it is, for messages. */
  readonly #name: string;
  /** "libsodium fails the vector of ...", for messages. */
  readonly #failing: string;
  readonly #nonce: Uint8Array;
  readonly #plaintext: Uint8Array;
  /** A view, not of the first byte, unless `shift` is 0; the header begins at `shift`. */
  readonly #bytes: Uint8Array;
  readonly #headerStart: number;
  readonly #bodyStart: number;
  readonly #bodyEnd: number;
  /** What `#bytes` has to have. */
  readonly #expected: Uint8Array;
  readonly #outMemory: Uint8Array;
  readonly #out: Uint8Array;

  constructor(
    name: string,
    failing: string,
    nonce: Uint8Array,
    header: Uint8Array,
    plaintext: Uint8Array,
    shift: number,
  ) {
    this.#name = name;
    this.#failing = failing;
    this.#nonce = nonce;
    this.#plaintext = plaintext;
    this.#headerStart = shift;
    this.#bodyStart = shift + header.length;
    this.#bodyEnd = this.#bodyStart + plaintext.length;
    this.#bytes = new Uint8Array(shift + this.#bodyEnd + TAG_BYTES + MARGIN_BYTES).fill(MARGIN).subarray(shift);
    this.#bytes.set(header, this.#headerStart);
    this.#bytes.set(plaintext, this.#bodyStart);
    this.#expected = new Uint8Array(this.#bytes);
    this.#outMemory = new Uint8Array(shift + plaintext.length + MARGIN_BYTES).fill(MARGIN);
    this.#out = this.#outMemory.subarray(shift);
  }

  /** @param digest of ciphertext and tag */
  seal(aead: Aead, digest: string): void {
    const [bytes, bodyStart, bodyEnd] = [this.#bytes, this.#bodyStart, this.#bodyEnd];
    const answer: unknown = attempt(this.#failing, "seal", () =>
      aead.seal(this.#nonce, bytes, this.#headerStart, bodyStart, bodyEnd),
    );
    if (answer !== undefined) expectSynchronous(this.#name, "seal", answer);
    const sealed = bytes.subarray(bodyStart, bodyEnd + TAG_BYTES);
    if (digestOf(sealed) !== digest) throw this.#failure("it seals wrong");
    this.#expected.set(sealed, bodyStart);
    if (!equal(bytes, this.#expected)) throw this.#failure("it changes more than body and tag");
  }

  open(aead: Aead): void {
    const [out, plaintext, bodyBytes] = [this.#out, this.#plaintext, this.#plaintext.length];
    if (this.#open(aead, out) < 0 || !equal(out.subarray(0, bodyBytes), plaintext)) {
      throw this.#failure("it does not open what it sealed");
    }
    out.fill(MARGIN, 0, bodyBytes);
    if (!this.#isOutUntouched()) throw this.#failure('it writes to "out" beyond the plaintext');
    if (!equal(this.#bytes, this.#expected)) throw this.#failure("it changes what it opens");
  }

  /**
   * Tries to open it damaged in each of its parts, and in each byte of the tag: in one bit, for what is compared in
   * part, and in all bytes, for differences that cancel out. And under another nonce and key.
   */
  openDamaged(aead: Aead, other: Aead): void {
    const [bytes, nonce, bodyStart, bodyEnd] = [this.#bytes, this.#nonce, this.#bodyStart, this.#bodyEnd];
    const places = [this.#headerStart, bodyStart - 1, bodyStart, (bodyStart + bodyEnd) >>> 1, bodyEnd - 1];
    for (let i = 0; i < TAG_BYTES; i++) places.push(bodyEnd + i);
    for (const at of places) this.#openFlipped(aead, at, 1 << ((at - bodyEnd) & 7));
    for (let i = 1; i < TAG_BYTES; i++) flipBit(bytes, bodyEnd + i, 1);
    this.#openFlipped(aead, bodyEnd, 1);
    for (let i = 1; i < TAG_BYTES; i++) flipBit(bytes, bodyEnd + i, 1);
    flipBit(nonce, nonce.length - 1, 1);
    this.#expectRefused(aead, "it opens with another nonce");
    flipBit(nonce, nonce.length - 1, 1);
    this.#expectRefused(other, "it opens with another key");
  }

  /** The same in one bit of header or tag, another one for each packet. */
  openChanged(aead: Aead, round: number): void {
    const mask = 0x80 >>> (round & 7);
    const of = round >>> 1;
    if (round % 2 === 0) this.#openFlipped(aead, this.#bodyEnd + (of % TAG_BYTES), mask);
    else this.#openFlipped(aead, this.#headerStart + (of % PACKET_HEADER_BYTES), mask);
  }

  /** Damaged, and then as it is: `out` is a part of what is opened. */
  openInPlace(aead: Aead): void {
    const [bytes, expected, bodyStart, bodyEnd] = [this.#bytes, this.#expected, this.#bodyStart, this.#bodyEnd];
    const out = bytes.subarray(bodyStart);
    flipBit(bytes, bodyEnd, 1);
    expected.set(bytes);
    if (this.#open(aead, out) >= 0) throw this.#failure(OPENS_CHANGED);
    if (!equal(bytes, expected)) throw this.#failure(WRITES_REFUSED);
    flipBit(bytes, bodyEnd, 1);
    expected.set(bytes);
    expected.set(this.#plaintext, bodyStart);
    if (this.#open(aead, out) < 0 || !equal(bytes, expected)) throw this.#failure("it does not open in place");
  }

  #openFlipped(aead: Aead, at: number, mask: number): void {
    flipBit(this.#bytes, at, mask);
    this.#expectRefused(aead, OPENS_CHANGED);
    flipBit(this.#bytes, at, mask);
  }

  #expectRefused(aead: Aead, otherwise: string): void {
    const expected = this.#expected;
    expected.set(this.#bytes);
    if (this.#open(aead, this.#out) >= 0) throw this.#failure(otherwise);
    if (!this.#isOutUntouched()) throw this.#failure(WRITES_REFUSED);
    if (!equal(this.#bytes, expected)) throw this.#failure("it changes what it refuses");
  }

  #open(aead: Aead, out: Uint8Array): number {
    const [nonce, bytes, end] = [this.#nonce, this.#bytes, this.#bodyEnd + TAG_BYTES];
    const opened = attempt(this.#failing, "open", () =>
      aead.open(nonce, bytes, this.#headerStart, this.#bodyStart, end, out),
    );
    return expectOpened(this.#name, opened, this.#plaintext.length);
  }

  #isOutUntouched(): boolean {
    const memory = this.#outMemory;
    for (let i = 0; i < memory.length; i++) if (memory[i] !== MARGIN) return false;
    return true;
  }

  #failure(what: string): TypeError {
    return new TypeError(`${this.#failing}: ${what}`);
  }
}

/** What is thrown here is a mistake in what was given, and is told as one. */
function attempt<Result>(failing: string, method: string, call: () => Result): Result {
  try {
    return call();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : describeKind(cause);
    throw new TypeError(`${failing}: ${method} threw: ${text}`, { cause });
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

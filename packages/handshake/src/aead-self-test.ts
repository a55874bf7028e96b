import { CipherSuite, MAX_DATAGRAM_BYTES, PACKET_OVERHEAD_BYTES, TAG_BYTES } from "@sortie/wire";
import { expectAead, expectOpened, expectSynchronous } from "./aead-answers.js";
import type { Aead } from "./crypto-provider.js";
import { describeKind } from "./describe-kind.js";

/** bytes. The largest body that a packet has. */
const LARGEST_BODY_BYTES: number = MAX_DATAGRAM_BYTES - PACKET_OVERHEAD_BYTES;
/** bytes of such a body that may be the same sealed as not: one in 256 is so by chance, 5 or 6 of all. */
const MAX_KEPT_BYTES = 64;

/** A published vector; all in hexadecimal. */
interface SelfTestVector {
  readonly source: string;
  readonly key: string;
  readonly nonce: string;
  readonly header: string;
  readonly plaintext: string;
  /** With the tag behind it. */
  readonly sealed: string;
}

const VECTORS: Readonly<Record<CipherSuite, SelfTestVector>> = /* @__PURE__ */ Object.freeze({
  [CipherSuite.Aes128Gcm]: {
    source: "test case 4 of the specification of GCM",
    key: "feffe9928665731c6d6a8f9467308308",
    nonce: "cafebabefacedbaddecaf888",
    header: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    plaintext:
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    sealed:
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
  },
  [CipherSuite.ChaCha20Poly1305]: {
    source: "the vector of RFC 8439 section 2.8.2",
    key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    nonce: "070000004041424344454647",
    header: "50515253c0c1c2c3c4c5c6c7",
    plaintext:
      "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a20496620492063" +
      "6f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73" +
      "637265656e20776f756c642062652069742e",
    sealed:
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b" +
      "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
      "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
  },
});

/** Sources, and providers made of such alone, whose AEADs have passed: one test each in the life of a process. */
const passed = /* @__PURE__ */ new WeakSet<object>();

/** Of `testOnce`: nobody asks for the test of this one any more. */
export function markPassed(owner: object): void {
  passed.add(owner);
}

/** Tests these suites of a source or provider, unless it has passed. Throws as `selfTest` does, and then each time. */
export function testOnce(
  owner: object,
  name: string,
  suites: Iterable<CipherSuite>,
  create: (suite: CipherSuite, key: Uint8Array) => Aead,
): void {
  if (passed.has(owner)) return;
  for (const suite of suites) selfTest(name, suite, (key) => create(suite, key));
  passed.add(owner);
}

/** An AEAD under test. */
interface Tested {
  /** Whose it is, for messages. */
  readonly name: string;
  /** "libsodium fails the vector of ...", for messages. */
  readonly failing: string;
  readonly aead: Aead;
}

/**
 * A published vector and a packet of full size, both ways, and damaged: what does not encrypt, a library whose calls
 * changed in an update, or one that does not work on this machine, must not get near a packet. Throws TypeError that
 * names library and vector. Without effect for a suite that there is not: whoever offers it is told so elsewhere.
 */
export function selfTest(name: string, suite: CipherSuite, create: (key: Uint8Array) => Aead): void {
  const vector = (VECTORS as Readonly<Partial<Record<number, SelfTestVector>>>)[suite];
  if (vector === undefined) return;
  const failing = `${name} fails ${vector.source}`;
  const aead = expectAead(
    name,
    attempt(failing, "createAead", () => create(bytesOfHex(vector.key))),
  );
  const tested: Tested = { name, failing, aead };
  const nonce = bytesOfHex(vector.nonce);
  const [header, plaintext] = [bytesOfHex(vector.header), bytesOfHex(vector.plaintext)];
  const sealed = roundTrip(tested, nonce, header, plaintext);
  if (!equal(sealed, bytesOfHex(vector.sealed))) throw failure(failing, "it seals wrong");
  // Libraries may have another way for large ones. Another nonce, as none is used twice.
  nonce[0] = (nonce[0] as number) ^ 1;
  const large = new Uint8Array(LARGEST_BODY_BYTES).fill(0x5a);
  const sealedLarge = roundTrip(tested, nonce, header, large);
  const kept = large.reduce((count, byte, i) => (sealedLarge[i] === byte ? count + 1 : count), 0);
  if (kept > MAX_KEPT_BYTES) throw failure(failing, "it leaves packets of full size in the clear");
}

/** Seals, opens what was sealed, and tries to open it damaged in each of its parts. Gives ciphertext and tag. */
function roundTrip(tested: Tested, nonce: Uint8Array, header: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const { name, failing, aead } = tested;
  const bodyStart = header.length;
  const bodyEnd = bodyStart + plaintext.length;
  const packet = new Uint8Array(bodyEnd + TAG_BYTES);
  packet.set(header);
  packet.set(plaintext, bodyStart);
  const answer: unknown = attempt(failing, "seal", () => aead.seal(nonce, packet, 0, bodyStart, bodyEnd));
  if (answer !== undefined) expectSynchronous(name, "seal", answer);
  if (!equal(packet.subarray(0, bodyStart), header)) throw failure(failing, "it changes the header");
  const out = new Uint8Array(plaintext.length);
  const open = (): number => {
    const opened = attempt(failing, "open", () => aead.open(nonce, packet, 0, bodyStart, packet.length, out));
    return expectOpened(name, opened, plaintext.length);
  };
  if (open() < 0 || !equal(out, plaintext)) throw failure(failing, "it does not open what it sealed");
  for (const at of [0, bodyStart, packet.length - 1]) {
    packet[at] = (packet[at] as number) ^ 1;
    if (open() >= 0) throw failure(failing, "it opens what was changed");
    packet[at] = (packet[at] as number) ^ 1;
  }
  return packet.subarray(bodyStart);
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

function failure(failing: string, what: string): TypeError {
  return new TypeError(`${failing}: ${what}`);
}

function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

import { CipherSuite } from "@sortie/wire";
import { checkedProvider } from "./checked-provider.js";
import type { Aead, CryptoProvider } from "./crypto-provider.js";
import { derivePacketKey, IV_BYTES, nextSecret } from "./key-schedule.js";

const TWO_TO_32 = 2 ** 32;

/** Usage limits of one connection's keys, in packets. */
export interface KeyLimits {
  /** An update is started once one key has sealed so many. */
  readonly updateAfterPackets: number;
  /** Hard stop: no key seals more. */
  readonly maxPacketsPerKey: number;
  /** Hard stop: packets that may fail authentication over the whole connection, under all its keys. */
  readonly maxFailedOpens: number;
}

/** Half of the confidentiality limit: leaves 2^22 packets for the peer to confirm in. */
const UPDATE_AFTER_PACKETS = 2 ** 22;

/** RFC 9001 section 6.6 and appendix B: AES-GCM, for packets of up to 2^14 bytes. */
const AES_GCM_LIMITS: KeyLimits = /* @__PURE__ */ Object.freeze({
  updateAfterPackets: UPDATE_AFTER_PACKETS,
  maxPacketsPerKey: 2 ** 23,
  maxFailedOpens: 2 ** 52,
});

/** RFC 9001 section 6.6: ChaCha20-Poly1305 has no confidentiality limit in reach; AES-GCM's serves both suites. */
const CHACHA20_POLY1305_LIMITS: KeyLimits = /* @__PURE__ */ Object.freeze({
  updateAfterPackets: UPDATE_AFTER_PACKETS,
  maxPacketsPerKey: 2 ** 23,
  maxFailedOpens: 2 ** 36,
});

/** The limits of a suite, lowered where asked. Throws RangeError for a limit outside 1..the suite's own. */
export function keyLimits(suite: CipherSuite, lowered: Partial<KeyLimits> | undefined): KeyLimits {
  const own = suite === CipherSuite.Aes128Gcm ? AES_GCM_LIMITS : CHACHA20_POLY1305_LIMITS;
  if (lowered === undefined) return own;
  const limits = { ...own, ...lowered };
  for (const name of Object.keys(own) as (keyof KeyLimits)[]) {
    const value = limits[name];
    if (!Number.isInteger(value) || value < 1 || value > own[name]) {
      throw new RangeError(`"${name}" expected an integer in 1..${own[name]}, got ${value}`);
    }
  }
  return limits;
}

/** Keys of one direction in one key phase. */
export class PacketKeys {
  readonly aead: Aead;
  /** The IV as three big-endian words: a typed array of its own would lie elsewhere in memory. */
  readonly #ivHigh: number;
  readonly #ivMiddle: number;
  readonly #ivLow: number;
  readonly #crypto: CryptoProvider;
  readonly #suite: CipherSuite;
  readonly #secret: Uint8Array;

  /** Keeps `secret` and wipes it in `successor`. */
  constructor(crypto: CryptoProvider, suite: CipherSuite, secret: Uint8Array) {
    const checked = checkedProvider(crypto);
    const { key, iv } = derivePacketKey(checked, suite, secret);
    this.aead = checked.createAead(suite, key);
    const words = new DataView(iv.buffer, iv.byteOffset, IV_BYTES);
    this.#ivHigh = words.getInt32(0);
    this.#ivMiddle = words.getInt32(4);
    this.#ivLow = words.getInt32(8);
    this.#crypto = checked;
    this.#suite = suite;
    this.#secret = secret;
  }

  /** IV xor packet number, the number right-aligned and big-endian (RFC 9001 section 5.3). */
  writeNonce(packetNumber: number, nonce: DataView): void {
    nonce.setInt32(0, this.#ivHigh);
    nonce.setInt32(4, this.#ivMiddle ^ Math.floor(packetNumber / TWO_TO_32));
    nonce.setInt32(8, this.#ivLow ^ packetNumber);
  }

  /** The keys of the following phase. To be asked once: the secret that leads from here to there is wiped. */
  successor(): PacketKeys {
    const keys = new PacketKeys(this.#crypto, this.#suite, nextSecret(this.#crypto, this.#secret));
    // Last: where the provider throws, the next try must not begin with a secret of zeros, which anybody knows.
    this.#secret.fill(0);
    return keys;
  }
}

/** The keys that seal, and what is needed to know when they may be replaced. */
export class SendKeys {
  #keys: PacketKeys;
  #generation = 0;
  #sealed = 0;
  #firstPacketNumber = -1;
  #confirmedAtMs: number | undefined = undefined;

  constructor(keys: PacketKeys) {
    this.#keys = keys;
  }

  get keys(): PacketKeys {
    return this.#keys;
  }

  /** Updates so far; its lowest bit is the key phase. */
  get generation(): number {
    return this.#generation;
  }

  get keyPhase(): 0 | 1 {
    return (this.#generation & 1) as 0 | 1;
  }

  /** Packets that the present key has sealed. */
  get sealed(): number {
    return this.#sealed;
  }

  /** ms. When the peer was first known to have the present key; Infinity before. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs ?? Number.POSITIVE_INFINITY;
  }

  recordSealed(packetNumber: number): void {
    if (this.#sealed === 0) this.#firstPacketNumber = packetNumber;
    this.#sealed += 1;
  }

  /** `packetNumber` was sealed by us and acknowledged by the peer. */
  recordAcked(packetNumber: number, nowMs: number): void {
    if (this.#sealed > 0 && packetNumber >= this.#firstPacketNumber) this.#confirmedAtMs ??= nowMs;
  }

  advance(): void {
    this.#keys = this.#keys.successor();
    this.#generation += 1;
    this.#sealed = 0;
    this.#confirmedAtMs = undefined;
  }
}

/**
 * The keys that open: those of the present phase, those before for packets that come late, those after, made once when
 * first asked for and then kept, so that forged phase bits cost no derivation each (RFC 9001 section 6.3).
 */
export class ReceiveKeys {
  #current: PacketKeys;
  #previous: PacketKeys | undefined = undefined;
  #next: PacketKeys | undefined = undefined;
  #generation = 0;
  #discardPreviousAtMs = 0;
  /** Number of the packet that brought the present phase: above all of the phase before. 0 in the first phase. */
  #adoptedPacketNumber = 0;

  constructor(keys: PacketKeys) {
    this.#current = keys;
  }

  /** Updates adopted so far; its lowest bit is the key phase. */
  get generation(): number {
    return this.#generation;
  }

  /** Lets the previous keys go when their time is over. To be called before any are asked for. */
  discardOld(nowMs: number): void {
    if (this.#previous !== undefined && nowMs >= this.#discardPreviousAtMs) this.#previous = undefined;
  }

  /** The present keys, where a packet is of their phase. Each packet is tried with one set of keys only. */
  ofPresentPhase(keyPhase: 0 | 1): PacketKeys | undefined {
    return keyPhase === (this.#generation & 1) ? this.#current : undefined;
  }

  /**
   * The keys that can open a packet of the other phase: a number below the one that brought the present phase means
   * the previous keys, any other number the next (RFC 9001 section 6.5).
   * @param mayUpdate whether an honest peer can have updated again already
   */
  ofOtherPhase(packetNumber: number, mayUpdate: boolean): PacketKeys | undefined {
    if (packetNumber < this.#adoptedPacketNumber) return this.#previous;
    if (!mayUpdate) return undefined;
    return (this.#next ??= this.#current.successor());
  }

  /** Whether these keys, which have opened a packet, are those of an update that was not adopted yet. */
  isNext(keys: PacketKeys): boolean {
    return keys === this.#next;
  }

  /** Adopts the peer's update, which the packet brought; the previous keys stay until `discardAtMs`. */
  adopt(next: PacketKeys, packetNumber: number, discardAtMs: number): void {
    this.#previous = this.#current;
    this.#current = next;
    this.#next = undefined;
    this.#generation += 1;
    this.#adoptedPacketNumber = packetNumber;
    this.#discardPreviousAtMs = discardAtMs;
  }
}

import { CipherSuite } from "@sortie/wire";
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
    const { key, iv } = derivePacketKey(crypto, suite, secret);
    this.aead = crypto.createAead(suite, key);
    const words = new DataView(iv.buffer, iv.byteOffset, IV_BYTES);
    this.#ivHigh = words.getInt32(0);
    this.#ivMiddle = words.getInt32(4);
    this.#ivLow = words.getInt32(8);
    this.#crypto = crypto;
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
    const secret = nextSecret(this.#crypto, this.#secret);
    this.#secret.fill(0);
    return new PacketKeys(this.#crypto, this.#suite, secret);
  }
}

/** The keys that seal, and what is needed to know when they may be replaced. */
export class SendKeys {
  #keys: PacketKeys;
  #generation = 0;
  #sealed = 0;
  #firstPacketNumber = -1;
  #confirmedAtMs = Number.POSITIVE_INFINITY;

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

  /** Packets that the present key has sealed. */
  get sealed(): number {
    return this.#sealed;
  }

  /** ms. When the peer was first known to have the present key; Infinity before. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs;
  }

  recordSealed(packetNumber: number): void {
    if (this.#sealed === 0) this.#firstPacketNumber = packetNumber;
    this.#sealed += 1;
  }

  /** `packetNumber` was sealed by us and acknowledged by the peer. */
  recordAcked(packetNumber: number, nowMs: number): void {
    if (this.#sealed === 0 || packetNumber < this.#firstPacketNumber) return;
    if (nowMs < this.#confirmedAtMs) this.#confirmedAtMs = nowMs;
  }

  advance(): void {
    this.#keys = this.#keys.successor();
    this.#generation += 1;
    this.#sealed = 0;
    this.#confirmedAtMs = Number.POSITIVE_INFINITY;
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

  /**
   * The one set of keys that can open a packet: each packet is tried once. With the other phase's bit, a number below
   * the one that brought the present phase means the previous keys, any other number the next (RFC 9001 section 6.5).
   * @param mayUpdate whether an honest peer can have updated again already
   */
  select(keyPhase: 0 | 1, packetNumber: number, mayUpdate: boolean, nowMs: number): PacketKeys | undefined {
    if (this.#previous !== undefined && nowMs >= this.#discardPreviousAtMs) this.#previous = undefined;
    if (keyPhase === (this.#generation & 1)) return this.#current;
    if (packetNumber < this.#adoptedPacketNumber) return this.#previous;
    if (!mayUpdate) return undefined;
    return (this.#next ??= this.#current.successor());
  }

  /**
   * Records that `keys` opened a packet. True when that adopted the peer's update: the previous keys then stay until
   * `discardAtMs`.
   */
  recordOpened(keys: PacketKeys, packetNumber: number, discardAtMs: number): boolean {
    if (keys !== this.#next) return false;
    this.#previous = this.#current;
    this.#current = keys;
    this.#next = undefined;
    this.#generation += 1;
    this.#adoptedPacketNumber = packetNumber;
    this.#discardPreviousAtMs = discardAtMs;
    return true;
  }
}

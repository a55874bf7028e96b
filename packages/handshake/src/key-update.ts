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

/** What keys were made from, and those of the phase after are. Apart from them, as no packet needs it. */
interface KeyOrigin {
  readonly crypto: CryptoProvider;
  readonly suite: CipherSuite;
  readonly secret: Uint8Array;
}

/** Keys of one direction in one key phase. */
export class PacketKeys {
  readonly aead: Aead;
  /** The IV as three big-endian words: a typed array of its own would lie elsewhere in memory. */
  readonly #ivHigh: number;
  readonly #ivMiddle: number;
  readonly #ivLow: number;
  /** Updates that led to them; its lowest bit is the key phase. */
  readonly generation: number;
  readonly #origin: KeyOrigin;

  /** Keeps `secret` and wipes it in `successor`. */
  constructor(crypto: CryptoProvider, suite: CipherSuite, secret: Uint8Array, generation: number = 0) {
    const checked = checkedProvider(crypto);
    const { key, iv } = derivePacketKey(checked, suite, secret);
    this.aead = checked.createAead(suite, key);
    const words = new DataView(iv.buffer, iv.byteOffset, IV_BYTES);
    this.#ivHigh = words.getInt32(0);
    this.#ivMiddle = words.getInt32(4);
    this.#ivLow = words.getInt32(8);
    this.generation = generation;
    this.#origin = { crypto: checked, suite, secret };
  }

  get keyPhase(): 0 | 1 {
    return (this.generation & 1) as 0 | 1;
  }

  /** IV xor packet number, the number right-aligned and big-endian (RFC 9001 section 5.3). */
  writeNonce(packetNumber: number, nonce: DataView): void {
    nonce.setInt32(0, this.#ivHigh);
    nonce.setInt32(4, this.#ivMiddle ^ Math.floor(packetNumber / TWO_TO_32));
    nonce.setInt32(8, this.#ivLow ^ packetNumber);
  }

  /** The keys of the following phase. To be asked once: the secret that leads from here to there is wiped. */
  successor(): PacketKeys {
    return this.makeNext(PacketKeys);
  }

  /** As `successor`, for keys of that kind. */
  protected makeNext<Keys extends PacketKeys>(
    Kind: new (...parts: ConstructorParameters<typeof PacketKeys>) => Keys,
  ): Keys {
    const { crypto, suite, secret } = this.#origin;
    const keys = new Kind(crypto, suite, nextSecret(crypto, secret), this.generation + 1);
    secret.fill(0);
    return keys;
  }
}

/** The keys that seal, and what is needed to know when they may be replaced. One object, as each packet needs both. */
export class SendKeys extends PacketKeys {
  /** Packets that this key has sealed. */
  sealed = 0;
  private firstPacketNumber = -1;
  private whenConfirmedMs: number | undefined = undefined;

  /** ms. When the peer was first known to have this key; Infinity before. */
  get confirmedAtMs(): number {
    return this.whenConfirmedMs ?? Number.POSITIVE_INFINITY;
  }

  recordSealed(packetNumber: number): void {
    if (this.sealed === 0) this.firstPacketNumber = packetNumber;
    this.sealed += 1;
  }

  /** `packetNumber` was sealed by us and acknowledged by the peer. Whether it shows that the peer has this key. */
  recordAcked(packetNumber: number, nowMs: number): boolean {
    if (this.sealed === 0 || packetNumber < this.firstPacketNumber) return false;
    this.whenConfirmedMs ??= nowMs;
    return true;
  }

  override successor(): SendKeys {
    return this.makeNext(SendKeys);
  }
}

/**
 * The keys that open packets of another phase than the present one: those before, for packets that come late, and
 * after, made once when first asked for and then kept, so that forged phase bits cost no derivation each (RFC 9001
 * section 6.3). Apart from the present ones, as packets hardly ever need them.
 */
export class OtherReceiveKeys {
  #previous: PacketKeys | undefined = undefined;
  #next: PacketKeys | undefined = undefined;
  #discardPreviousAtMs = 0;
  /** Number of the packet that brought the present phase: above all of the phase before. 0 in the first phase. */
  #adoptedPacketNumber = 0;

  /** Lets the previous keys go when their time is over. Whether they are still here. */
  keepsPrevious(nowMs: number): boolean {
    if (nowMs >= this.#discardPreviousAtMs) this.#previous = undefined;
    return this.#previous !== undefined;
  }

  /**
   * The keys that can open a packet of the other phase: a number below the one that brought the present phase means
   * the previous keys, any other number the next (RFC 9001 section 6.5). No packet is tried with more than one of them.
   * @param mayUpdate whether an honest peer can have updated again already
   */
  of(packetNumber: number, present: PacketKeys, mayUpdate: boolean): PacketKeys | undefined {
    if (packetNumber < this.#adoptedPacketNumber) return this.#previous;
    if (!mayUpdate) return undefined;
    return (this.#next ??= present.successor());
  }

  /** Whether these keys, which have opened a packet, are those of an update that was not adopted yet. */
  isNext(keys: PacketKeys): boolean {
    return keys === this.#next;
  }

  /** The next keys, by the packet with this number, become the present ones; those stay until `discardAtMs`. */
  onAdopted(present: PacketKeys, packetNumber: number, discardAtMs: number): void {
    this.#previous = present;
    this.#next = undefined;
    this.#adoptedPacketNumber = packetNumber;
    this.#discardPreviousAtMs = discardAtMs;
  }
}

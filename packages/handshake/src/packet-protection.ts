import {
  type CipherSuite,
  isLegalProtectedFlags,
  keyPhaseOf,
  MAX_DATAGRAM_BYTES,
  MAX_PACKET_NUMBER,
  MIN_PROTECTED_BYTES,
  PACKET_HEADER_BYTES,
  PACKET_OVERHEAD_BYTES,
  TAG_BYTES,
  writePacketHeader,
} from "@sortie/wire";
import { expectOpened, expectSynchronous } from "./aead-answers.js";
import { expectBytes, expectConnectionId } from "./crypto-arguments.js";
import type { CryptoProvider } from "./crypto-provider.js";
import { IV_BYTES, SECRET_BYTES } from "./key-schedule.js";
import { type KeyLimits, keyLimits, OtherReceiveKeys, PacketKeys, SendKeys } from "./key-update.js";

/** What `open` returns for a packet that no key of this connection opens. */
export const OPEN_FAILED = -1;

/** ms. Until a round trip was measured: RFC 9002 section 6.2.2 with its initial RTT of 333 ms. */
const INITIAL_PROBE_TIMEOUT_MS = 999;

/** Probe timeouts for which old keys are kept, and between two updates of ours (RFC 9001 section 6.5). */
const UPDATE_WAIT_PROBE_TIMEOUTS = 3;

/** The nonce of the packet that is being sealed or opened; of use during the call only. */
const NONCE: Uint8Array = new Uint8Array(IV_BYTES);
const NONCE_WORDS: DataView = new DataView(NONCE.buffer);

export interface PacketProtectionOptions {
  readonly crypto: CryptoProvider;
  readonly suite: CipherSuite;
  /** 32 bytes, copied. */
  readonly localSecret: Uint8Array;
  /** 32 bytes, copied. */
  readonly remoteSecret: Uint8Array;
  /** Lower limits than the suite's own, for tests. */
  readonly limits?: Partial<KeyLimits> | undefined;
  /**
   * ms, 0 or more. A peer that updates its keys of its own accord sooner than this after its last update breaks the
   * protocol (`updatedTooSoon`). Default 0: none does.
   */
  readonly minUpdateIntervalMs?: number | undefined;
}

/** Counters; the object stays the same and its values change. */
export interface PacketProtectionStatistics {
  /** Phase of the keys that seal. */
  readonly keyPhase: 0 | 1;
  /** Key updates, ours and the peer's. */
  readonly updates: number;
  /** Packets sealed. */
  readonly sealed: number;
  /** Packets whose tag was wrong; those of no legal form, or of a phase without a key here, are not among them. */
  readonly failedOpens: number;
}

/**
 * Seals and opens the packets of one connection, and changes the keys in time (RFC 9001 sections 5.3 and 6).
 * Packet numbers go on over updates. `nowMs` is monotonic. No packet makes a method throw; mistakes of the caller do.
 * Nothing of the caller's buffers is kept. The constructor throws TypeError for a secret that is no bytes, RangeError
 * for one of another length.
 */
export class PacketProtection {
  /** Of the present phases. */
  private receiveKeys: PacketKeys;
  private sendKeys: SendKeys;
  private sealingOver: boolean;
  private failedTooOften: boolean;
  private lastSealed: number;
  private sealed: number;
  private isTooSoon: boolean;
  /** Whether the peer's keys of the phase before are kept. */
  private keepsPrevious: boolean;
  /** Whether no packet under the keys that seal was acknowledged: until then it matters when one is. */
  private awaitsProof: boolean;
  private readonly limits: KeyLimits;
  /** ms. The latest time told while that proof is awaited. */
  private nowMs: number;
  private readonly others: OtherReceiveKeys;
  private failedOpens: number;
  private updates: number;
  private liveCounters: PacketProtectionStatistics | undefined;
  private readonly minUpdateIntervalMs: number;
  /** ms. When the peer's present keys were adopted; -Infinity for those of the handshake. */
  private adoptedAtMs: number;
  private probeTimeoutMs: number;

  constructor(options: PacketProtectionOptions) {
    const { crypto, suite, localSecret, remoteSecret } = options;
    const limits = keyLimits(suite, options.limits);
    expectBytes("localSecret", localSecret, SECRET_BYTES);
    expectBytes("remoteSecret", remoteSecret, SECRET_BYTES);
    // First what every packet needs: V8 lays fields out as they are assigned, so that they share a cache line or two.
    // The secrets not by slice(): that of a Node Buffer shares its memory, which is wiped after an update.
    this.sendKeys = new SendKeys(crypto, suite, new Uint8Array(localSecret));
    this.receiveKeys = new PacketKeys(crypto, suite, new Uint8Array(remoteSecret));
    this.sealingOver = false;
    this.failedTooOften = false;
    this.lastSealed = -1;
    this.sealed = 0;
    this.isTooSoon = false;
    this.keepsPrevious = false;
    this.awaitsProof = true;
    this.limits = limits;
    this.nowMs = 0;
    this.others = new OtherReceiveKeys();
    this.failedOpens = 0;
    this.updates = 0;
    this.liveCounters = undefined;
    this.minUpdateIntervalMs = options.minUpdateIntervalMs ?? 0;
    this.adoptedAtMs = -Infinity;
    this.probeTimeoutMs = INITIAL_PROBE_TIMEOUT_MS;
  }

  get statistics(): PacketProtectionStatistics {
    return (this.liveCounters ??= this.liveStatistics());
  }

  /** Whether a usage limit was reached (RFC 9001 section 6.6): the connection must close. */
  get exhausted(): boolean {
    return this.sealingOver || this.failedTooOften;
  }

  /**
   * Whether the packet opened last is of an update that the peer made sooner than it may: the connection must close. It
   * is not followed, so that it costs one derivation, however many packets of it come.
   */
  get updatedTooSoon(): boolean {
    return this.isTooSoon;
  }

  /**
   * Writes the header to `bytes[start, start + 9)`, encrypts the frames in `bytes[start + 9, framesEnd)` in place and
   * appends the tag. Starts a key update when one is due and allowed.
   * Throws RangeError where there is no frame, no room for the tag, or `packetNumber` is not above the last one sealed:
   * a nonce must never repeat.
   * @param connectionId unsigned 32-bit, the receiver's
   * @returns end of the packet, or -1 at the hard usage limit: nothing may be sent any more
   */
  seal(
    bytes: Uint8Array,
    start: number,
    framesEnd: number,
    connectionId: number,
    packetNumber: number,
    nowMs: number,
  ): number {
    if (this.awaitsProof) this.nowMs = nowMs;
    this.expectSealable(bytes, start, framesEnd, connectionId, packetNumber);
    if (this.sendKeys.sealed >= this.limits.updateAfterPackets) this.initiateUpdate(nowMs);
    const { sendKeys } = this;
    if (sendKeys.sealed >= this.limits.maxPacketsPerKey || packetNumber > MAX_PACKET_NUMBER) this.sealingOver = true;
    if (this.sealingOver) return -1;
    // Taken before the cipher runs: even if that fails, the number is spent.
    this.lastSealed = packetNumber;
    sendKeys.recordSealed(packetNumber);
    this.sealed += 1;
    writePacketHeader(bytes, start, sendKeys.keyPhase, connectionId, packetNumber);
    sendKeys.writeNonce(packetNumber, NONCE_WORDS);
    const answer: unknown = sendKeys.aead.seal(NONCE, bytes, start, start + PACKET_HEADER_BYTES, framesEnd);
    if (answer !== undefined) expectSynchronous("an AEAD", "seal", answer);
    return framesEnd + TAG_BYTES;
  }

  /**
   * Opens a datagram that is one protected packet; its bytes stay as they are. Replays are the ReplayWindow's to stop.
   * Throws RangeError where `out` cannot take the plaintext; 1427 bytes always do.
   * @param packetNumber full number, as recovered from the header
   * @returns length of the plaintext in `out`, or OPEN_FAILED
   */
  open(datagram: Uint8Array, packetNumber: number, out: Uint8Array, nowMs: number): number {
    if (this.awaitsProof) this.nowMs = nowMs;
    const length = datagram.length;
    if (length < MIN_PROTECTED_BYTES || length > MAX_DATAGRAM_BYTES) return OPEN_FAILED;
    const flags = datagram[0] as number;
    if (!isLegalProtectedFlags(flags)) return OPEN_FAILED;
    if (!(packetNumber >= 0 && packetNumber <= MAX_PACKET_NUMBER) || this.failedTooOften) return OPEN_FAILED;
    if (out.length < length - PACKET_OVERHEAD_BYTES) {
      throw new RangeError(`"out" expected at least ${length - PACKET_OVERHEAD_BYTES} bytes, got ${out.length}`);
    }
    const { receiveKeys } = this;
    if (this.keepsPrevious) this.keepsPrevious = this.others.keepsPrevious(nowMs);
    const isOfPresent = keyPhaseOf(flags) === receiveKeys.keyPhase;
    const keys = isOfPresent ? receiveKeys : this.others.of(packetNumber, receiveKeys, this.peerMayUpdate());
    if (keys === undefined) return OPEN_FAILED;
    keys.writeNonce(packetNumber, NONCE_WORDS);
    const opened: unknown = keys.aead.open(NONCE, datagram, 0, PACKET_HEADER_BYTES, length, out);
    const plaintextBytes = expectOpened("an AEAD", opened, length - PACKET_OVERHEAD_BYTES);
    if (plaintextBytes < 0) {
      this.failedOpens += 1;
      this.failedTooOften = this.failedOpens >= this.limits.maxFailedOpens;
      return OPEN_FAILED;
    }
    this.isTooSoon = !isOfPresent && this.others.isNext(keys) && !this.adoptUpdate(keys, packetNumber, nowMs);
    return plaintextBytes;
  }

  /**
   * The peer acknowledged packets up to `largestAcked`, itself one that was sent. Confirms the present keys once a
   * packet sealed with them was acknowledged; only then may they be updated (RFC 9001 section 6.1).
   */
  onAcked(largestAcked: number): void {
    if (!this.awaitsProof || largestAcked > this.lastSealed) return;
    this.awaitsProof = !this.sendKeys.recordAcked(largestAcked, this.nowMs);
  }

  /**
   * Updates the keys that seal, when that is allowed: the present ones are confirmed, the peer has followed the last
   * update, and three probe timeouts have passed since that was known (RFC 9001 sections 6.1 and 6.5).
   */
  initiateUpdate(nowMs: number): boolean {
    const { generation, confirmedAtMs } = this.sendKeys;
    if (generation !== this.receiveKeys.generation || confirmedAtMs === Number.POSITIVE_INFINITY) return false;
    const waitMs = generation === 0 ? 0 : UPDATE_WAIT_PROBE_TIMEOUTS * this.probeTimeoutMs;
    if (nowMs < confirmedAtMs + waitMs) return false;
    this.advanceSend();
    return true;
  }

  /** `ms` (above 0): present probe timeout of the path, RFC 9002 section 6.2.1. Old keys are kept for three of them. */
  setProbeTimeoutMs(ms: number): void {
    if (!(ms > 0 && ms < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`"probeTimeoutMs" expected a finite number above 0, got ${ms}`);
    }
    this.probeTimeoutMs = ms;
  }

  /**
   * An update by the peer answers ours, or follows our acknowledgement of a packet in its present phase, and that was
   * sealed in our present phase. So a peer cannot make us derive keys for each of its packets.
   */
  private peerMayUpdate(): boolean {
    return this.sendKeys.generation > this.receiveKeys.generation || this.sendKeys.sealed > 0;
  }

  /** False where the peer may not have updated so soon. */
  private adoptUpdate(keys: PacketKeys, packetNumber: number, nowMs: number): boolean {
    const isAnswer = this.sendKeys.generation > this.receiveKeys.generation;
    if (!isAnswer && nowMs - this.adoptedAtMs < this.minUpdateIntervalMs) return false;
    this.adoptedAtMs = nowMs;
    const discardAtMs = nowMs + UPDATE_WAIT_PROBE_TIMEOUTS * this.probeTimeoutMs;
    this.others.onAdopted(this.receiveKeys, packetNumber, discardAtMs);
    this.keepsPrevious = true;
    this.receiveKeys = keys;
    // RFC 9001 section 6.2: the answer to an update, its acknowledgement included, goes out under the new keys.
    if (this.sendKeys.generation < this.receiveKeys.generation) this.advanceSend();
    return true;
  }

  private advanceSend(): void {
    this.sendKeys = this.sendKeys.successor();
    this.awaitsProof = true;
    this.updates += 1;
  }

  private liveStatistics(): PacketProtectionStatistics {
    const [keyPhase, updates] = [() => this.sendKeys.keyPhase, () => this.updates];
    const [sealed, failedOpens] = [() => this.sealed, () => this.failedOpens];
    return {
      get keyPhase() {
        return keyPhase();
      },
      get updates() {
        return updates();
      },
      get sealed() {
        return sealed();
      },
      get failedOpens() {
        return failedOpens();
      },
    };
  }

  private expectSealable(
    bytes: Uint8Array,
    start: number,
    framesEnd: number,
    connectionId: number,
    packetNumber: number,
  ): void {
    if (!Number.isInteger(packetNumber) || packetNumber <= this.lastSealed) {
      throw new RangeError(`"packetNumber" expected an integer above ${this.lastSealed}, got ${packetNumber}`);
    }
    if (!(start >= 0 && framesEnd > start + PACKET_HEADER_BYTES && framesEnd + TAG_BYTES <= bytes.length)) {
      throw new RangeError(
        `"framesEnd" expected ${start + PACKET_HEADER_BYTES + 1}..${bytes.length - TAG_BYTES}, got ${framesEnd}`,
      );
    }
    expectConnectionId("connectionId", connectionId);
  }
}

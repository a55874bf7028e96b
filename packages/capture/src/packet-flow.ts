import { type Aead, type CryptoProvider, derivePacketKey, nextSecret, ReplayWindow } from "@sortie/handshake";
import {
  type CipherSuite,
  keyPhaseOf,
  MAX_PACKET_NUMBER,
  PACKET_HEADER_BYTES,
  PACKET_OVERHEAD_BYTES,
  readTruncatedPacketNumber,
  recoverPacketNumber,
} from "@sortie/wire";

/**
 * Generations that are tried until a first packet opens, where the capture began later than the connection. Each has
 * 2^22 packets and more: at 1000 a second these are three days.
 */
const MAX_FIRST_GENERATION = 63;
/** How often: a packet that nothing opens costs 32 attempts. */
const MAX_SEARCHES = 16;
/** Generations before and after the present one that are tried, where the capture has gaps. */
const NEAR_GENERATIONS = 8;

/** A packet that was opened. */
export interface OpenedPacket {
  /** The full number. */
  readonly packetNumber: number;
  /** Key updates before it. */
  readonly generation: number;
  /** The frames. */
  readonly plaintext: Uint8Array;
  /** A packet with this number was opened before. */
  readonly isRepeated: boolean;
}

interface GenerationKeys {
  readonly aead: Aead;
  readonly iv: Uint8Array;
}

/**
 * What one side of a connection sends, with the keys of all its generations. Unlike PacketProtection it looks on: it
 * knows no timers and no acknowledgements, packets may be missing, and it may come late.
 */
export class PacketFlow {
  readonly #crypto: CryptoProvider;
  readonly #suite: CipherSuite;
  /** By generation. */
  readonly #secrets: Uint8Array[];
  readonly #keys = new Map<number, GenerationKeys>();
  readonly #replays: ReplayWindow = new ReplayWindow();
  readonly #nonce = new Uint8Array(12);
  #generation = -1;
  #largest = -1;
  #searches = 0;

  /** @param secret 32 bytes, of generation 0 */
  constructor(crypto: CryptoProvider, suite: CipherSuite, secret: Uint8Array) {
    this.#crypto = crypto;
    this.#suite = suite;
    this.#secrets = [secret];
  }

  /**
   * Opens a whole protected packet; undefined when no key of this flow does.
   * @param isSearch whether to try the keys that are less likely, and not those that are likely
   */
  open(datagram: Uint8Array, isSearch: boolean): OpenedPacket | undefined {
    const found = this.#find(datagram, isSearch);
    if (found === undefined) return undefined;
    const { packetNumber, generation } = found;
    this.#generation = Math.max(this.#generation, generation);
    this.#largest = Math.max(this.#largest, packetNumber);
    const isRepeated = this.#replays.check(packetNumber) === "duplicate";
    if (!isRepeated) this.#replays.accept(packetNumber);
    return { ...found, isRepeated };
  }

  /** Whether a likely key opens it. The flow stays as it is: the packet is still to come. */
  opens(datagram: Uint8Array): boolean {
    return this.#find(datagram, false) !== undefined;
  }

  #find(datagram: Uint8Array, isSearch: boolean): Omit<OpenedPacket, "isRepeated"> | undefined {
    const packetNumber = recoverPacketNumber(this.#largest, readTruncatedPacketNumber(datagram));
    if (packetNumber > MAX_PACKET_NUMBER) return undefined;
    const plaintext = new Uint8Array(datagram.length - PACKET_OVERHEAD_BYTES);
    for (const generation of this.#candidates(keyPhaseOf(datagram[0] as number), isSearch)) {
      const { aead, iv } = this.#keysOf(generation);
      setNonce(this.#nonce, iv, packetNumber);
      if (aead.open(this.#nonce, datagram, 0, PACKET_HEADER_BYTES, datagram.length, plaintext) < 0) continue;
      return { packetNumber, generation, plaintext };
    }
    return undefined;
  }

  /** Generations with this phase, the likeliest first. */
  *#candidates(phase: 0 | 1, isSearch: boolean): Generator<number, void, void> {
    const present = this.#generation;
    if (present < 0) {
      if (!isSearch) yield phase;
      else if (this.#searches++ < MAX_SEARCHES) {
        for (let generation = phase + 2; generation <= MAX_FIRST_GENERATION; generation += 2) yield generation;
      }
      return;
    }
    const nearest = (present & 1) === phase ? 0 : 1;
    const last = isSearch ? NEAR_GENERATIONS : nearest;
    for (let distance = isSearch ? nearest + 2 : nearest; distance <= last; distance += 2) {
      yield present + distance;
      if (distance > 0 && present >= distance) yield present - distance;
    }
  }

  #keysOf(generation: number): GenerationKeys {
    const known = this.#keys.get(generation);
    if (known !== undefined) return known;
    for (let last = this.#secrets.length - 1; last < generation; last++) {
      this.#secrets.push(nextSecret(this.#crypto, this.#secrets[last] as Uint8Array));
    }
    const { key, iv } = derivePacketKey(this.#crypto, this.#suite, this.#secrets[generation] as Uint8Array);
    const keys = { aead: this.#crypto.createAead(this.#suite, key), iv };
    this.#keys.set(generation, keys);
    return keys;
  }
}

/** docs/PROTOCOL.md section 4.4. */
function setNonce(nonce: Uint8Array, iv: Uint8Array, packetNumber: number): void {
  nonce.set(iv);
  for (let at = nonce.length - 1, rest = packetNumber; rest > 0; at--, rest = Math.floor(rest / 256)) {
    nonce[at] = (nonce[at] as number) ^ (rest & 0xff);
  }
}

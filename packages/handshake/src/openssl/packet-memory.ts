import { ByteCopier, TAG_BYTES } from "@sortie/wire";
import { MAX_AEAD_BODY_BYTES, MAX_AEAD_HEADER_BYTES } from "../aead-arguments.js";
import { writeKey } from "../key-words.js";
import { PrefixViews } from "../prefix-views.js";
import type { Koffi } from "./koffi.js";

/** bytes. AES-128. */
const KEY_BYTES = 16;
/** bytes: 12, and 4 that keep what follows aligned. */
const NONCE_BYTES = 16;
/** bytes of an int that OpenSSL writes lengths to, aligned. */
const LENGTH_BYTES = 16;
/** bytes of the name of a parameter with its zero, aligned. */
const NAME_BYTES = 16;
/** bytes. struct ossl_param_st: key, data_type, data, data_size, return_size; the last of an array has no key. */
const PARAMETER_BYTES = 40;
const PARAMETER = { dataType: 8, data: 16, dataSize: 24, returnSize: 32 } as const;
/** OSSL_PARAM_OCTET_STRING. */
const OCTET_STRING = 5;
/** OSSL_CIPHER_PARAM_AEAD_TAG. */
const TAG_NAME = "tag";
/**
 * OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED: with this size, -1, the whole nonce and not a part of it. OpenSSL's manual does
 * not tell, OpenSSH does the same. docs/decisions/0074-a-nonce-is-a-parameter.md.
 */
const NONCE_NAME = "tlsivfixed";
const WHOLE_NONCE = 0xffff_ffff_ffff_ffffn;
/** OSSL_PARAM_UNMODIFIED. */
const UNMODIFIED = 0xffff_ffff_ffff_ffffn;

/** Where everything is, in bytes from the start. A header ends where the body begins. */
const KEY_AT = 0;
const NONCE_AT: number = KEY_AT + KEY_BYTES;
const LENGTH_AT: number = NONCE_AT + NONCE_BYTES;
const TAG_NAME_AT: number = LENGTH_AT + LENGTH_BYTES;
const NONCE_NAME_AT: number = TAG_NAME_AT + NAME_BYTES;
/** Arrays of parameters: nonce and tag, the tag alone, which is the end of them, and the nonce alone. */
const OPENING_AT: number = NONCE_NAME_AT + NAME_BYTES;
const TAG_AT: number = OPENING_AT + PARAMETER_BYTES;
const SEALING_AT: number = TAG_AT + 2 * PARAMETER_BYTES;
const BODY_AT: number = SEALING_AT + 2 * PARAMETER_BYTES + MAX_AEAD_HEADER_BYTES;
const MEMORY_BYTES: number = BODY_AT + MAX_AEAD_BODY_BYTES + TAG_BYTES;

/**
 * Memory of the C heap for one packet, which all AEADs of a thread share: OpenSSL is given addresses, and those of
 * typed arrays change. It is never freed.
 */
export class PacketMemory {
  /** Addresses. */
  readonly key: number;
  readonly nonce: number;
  readonly length: number;
  readonly body: number;
  /** An array of OSSL_PARAM with the tag: where it lies is behind the body of the packet loaded last. */
  readonly tagParameters: number;
  /** One with the nonce, and one with nonce and tag. */
  readonly sealingParameters: number;
  readonly openingParameters: number;
  /** Prefixes of the body. */
  readonly bodyViews: PrefixViews;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #copier: ByteCopier = new ByteCopier();

  /** Throws Error where the address does not fit a number. */
  constructor(koffi: Koffi) {
    const pointer = koffi.alloc("uint8_t", MEMORY_BYTES);
    const start = Number(koffi.address(pointer));
    if (!Number.isSafeInteger(start)) throw new Error(`"address" expected less than 2^53, got ${start}`);
    this.#bytes = new Uint8Array(koffi.view(pointer, MEMORY_BYTES));
    this.#view = new DataView(this.#bytes.buffer);
    this.key = start + KEY_AT;
    this.nonce = start + NONCE_AT;
    this.length = start + LENGTH_AT;
    this.tagParameters = start + TAG_AT;
    this.sealingParameters = start + SEALING_AT;
    this.openingParameters = start + OPENING_AT;
    this.body = start + BODY_AT;
    this.bodyViews = new PrefixViews(this.#bytes.subarray(BODY_AT));
    this.#writeName(TAG_NAME_AT, TAG_NAME);
    this.#writeName(NONCE_NAME_AT, NONCE_NAME);
    this.#writeParameter(OPENING_AT, start + NONCE_NAME_AT, this.nonce, WHOLE_NONCE);
    this.#writeParameter(TAG_AT, start + TAG_NAME_AT, this.body, BigInt(TAG_BYTES));
    this.#writeParameter(SEALING_AT, start + NONCE_NAME_AT, this.nonce, WHOLE_NONCE);
  }

  /**
   * Copies nonce, header and body `bytes[headerStart, end)` to their places, side by side as they are, and has the tag
   * at `tagOffset` from the start of the body.
   */
  load(
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
    tagOffset: number,
  ): void {
    this.#copier.copy(nonce, 0, nonce.length, this.#bytes, NONCE_AT);
    this.#copier.copy(bytes, headerStart, end, this.#bytes, BODY_AT - (bodyStart - headerStart));
    this.#writeAddress(TAG_AT + PARAMETER.data, this.body + tagOffset);
  }

  /** Puts a key, in words, to its place; the address of that. */
  loadKey(words: readonly number[]): number {
    writeKey(words, this.#view, KEY_AT);
    return this.key;
  }

  /** Overwrites the key. */
  clearKey(): void {
    this.#bytes.fill(0, KEY_AT, KEY_AT + KEY_BYTES);
  }

  #writeName(at: number, name: string): void {
    for (let i = 0; i < name.length; i++) this.#bytes[at + i] = name.charCodeAt(i);
  }

  #writeParameter(at: number, name: number, data: number, dataSize: bigint): void {
    this.#writeAddress(at, name);
    this.#view.setUint32(at + PARAMETER.dataType, OCTET_STRING, true);
    this.#writeAddress(at + PARAMETER.data, data);
    this.#view.setBigUint64(at + PARAMETER.dataSize, dataSize, true);
    this.#view.setBigUint64(at + PARAMETER.returnSize, UNMODIFIED, true);
  }

  #writeAddress(at: number, address: number): void {
    this.#view.setUint32(at, address >>> 0, true);
    this.#view.setUint32(at + 4, Math.floor(address / 2 ** 32), true);
  }
}

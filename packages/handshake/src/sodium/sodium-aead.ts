import { TAG_BYTES } from "@sortie/wire";
import { expectAeadLengths, expectNonce, MAX_AEAD_BODY_BYTES, MAX_AEAD_HEADER_BYTES } from "../aead-arguments.js";
import type { Aead } from "../crypto-provider.js";
import { resumeStackTraces, suspendStackTraces } from "../node/stack-traces.js";
import { PrefixViews } from "../prefix-views.js";

/** What is used of sodium-native. */
export interface SodiumNative {
  crypto_aead_chacha20poly1305_ietf_encrypt_detached(
    c: Uint8Array,
    mac: Uint8Array,
    m: Uint8Array,
    ad: Uint8Array,
    nsec: null,
    npub: Uint8Array,
    k: Uint8Array,
  ): number;
  /** Throws for a wrong tag, and has `m` zeroed then. */
  crypto_aead_chacha20poly1305_ietf_decrypt_detached(
    m: Uint8Array,
    nsec: null,
    c: Uint8Array,
    mac: Uint8Array,
    ad: Uint8Array,
    npub: Uint8Array,
    k: Uint8Array,
  ): void;
}

/** The places where a packet's header, tag and plaintext lie during a call; all AEADs of a thread share them. */
export class SodiumScratch {
  readonly sodium: SodiumNative;
  readonly tag: Uint8Array = new Uint8Array(TAG_BYTES);
  readonly #header: Uint8Array = new Uint8Array(MAX_AEAD_HEADER_BYTES);
  readonly #headerViews: PrefixViews = new PrefixViews(this.#header);
  /** A failed open zeroes its output: not the caller's. */
  readonly plaintextViews: PrefixViews = new PrefixViews(new Uint8Array(MAX_AEAD_BODY_BYTES));

  constructor(sodium: SodiumNative) {
    this.sodium = sodium;
  }

  headerOf(bytes: Uint8Array, headerStart: number, bodyStart: number): Uint8Array {
    const header = this.#header;
    for (let i = headerStart; i < bodyStart; i++) header[i - headerStart] = bytes[i] as number;
    return this.#headerViews.first(bodyStart - headerStart);
  }
}

/**
 * ChaCha20-Poly1305 (RFC 8439 section 2.8) of libsodium through sodium-native: works in place on the caller's bytes.
 * One view per packet is made.
 */
export class SodiumChaCha20Poly1305 implements Aead {
  readonly #scratch: SodiumScratch;
  readonly #key: Uint8Array;

  constructor(scratch: SodiumScratch, key: Uint8Array) {
    this.#scratch = scratch;
    this.#key = key;
  }

  seal(nonce: Uint8Array, bytes: Uint8Array, headerStart: number, bodyStart: number, bodyEnd: number): void {
    expectNonce(nonce);
    expectAeadLengths(bodyStart - headerStart, bodyEnd - bodyStart);
    const { sodium, tag } = this.#scratch;
    const header = this.#scratch.headerOf(bytes, headerStart, bodyStart);
    const body = bytes.subarray(bodyStart, bodyEnd);
    sodium.crypto_aead_chacha20poly1305_ietf_encrypt_detached(body, tag, body, header, null, nonce, this.#key);
    for (let i = 0; i < TAG_BYTES; i++) bytes[bodyEnd + i] = tag[i] as number;
  }

  open(
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
    out: Uint8Array,
  ): number {
    const bodyEnd = end - TAG_BYTES;
    expectNonce(nonce);
    expectAeadLengths(bodyStart - headerStart, bodyEnd - bodyStart);
    const { sodium, tag, plaintextViews } = this.#scratch;
    const header = this.#scratch.headerOf(bytes, headerStart, bodyStart);
    for (let i = 0; i < TAG_BYTES; i++) tag[i] = bytes[bodyEnd + i] as number;
    const plaintext = plaintextViews.first(bodyEnd - bodyStart);
    const body = bytes.subarray(bodyStart, bodyEnd);
    const limit = suspendStackTraces();
    try {
      sodium.crypto_aead_chacha20poly1305_ietf_decrypt_detached(plaintext, null, body, tag, header, nonce, this.#key);
    } catch (error) {
      // Arguments it does not take are no forgery.
      if ((error as { readonly code?: unknown }).code === "ERR_ASSERTION") throw error;
      return -1;
    } finally {
      resumeStackTraces(limit);
    }
    out.set(plaintext);
    return plaintext.length;
  }
}

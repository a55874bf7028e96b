import { TAG_BYTES } from "@sortie/wire";
import { expectAeadLengths, expectNonce } from "../aead-arguments.js";
import type { Aead } from "../crypto-provider.js";
import { KeyOwner } from "./key-owner.js";
import type { WasmHeap } from "./wasm-heap.js";

/**
 * ChaCha20-Poly1305 (RFC 8439 section 2.8) of libsodium in WebAssembly. A packet is copied into its memory and back,
 * since it sees no other; nothing is allocated but, above 64 bytes, one view.
 */
export class WasmChaCha20Poly1305 extends KeyOwner implements Aead {
  readonly #heap: WasmHeap;

  constructor(heap: WasmHeap, key: Uint8Array) {
    super(key);
    this.#heap = heap;
  }

  seal(nonce: Uint8Array, bytes: Uint8Array, headerStart: number, bodyStart: number, bodyEnd: number): void {
    const heap = this.#heap;
    const headerBytes = bodyStart - headerStart;
    const bodyBytes = bodyEnd - bodyStart;
    expectNonce(nonce);
    expectAeadLengths(headerBytes, bodyBytes);
    heap.load(this, nonce, bytes, headerStart, bodyStart, bodyEnd);
    const failed = heap.functions._crypto_aead_chacha20poly1305_ietf_encrypt(
      heap.body,
      0,
      heap.body,
      bodyBytes,
      0,
      heap.header,
      headerBytes,
      0,
      0,
      heap.nonce,
      heap.key,
    );
    if (failed !== 0) throw new Error("libsodium could not encrypt");
    bytes.set(heap.bodyViews.first(bodyBytes + TAG_BYTES), bodyStart);
  }

  open(
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
    out: Uint8Array,
  ): number {
    const heap = this.#heap;
    const headerBytes = bodyStart - headerStart;
    const bodyBytes = end - bodyStart - TAG_BYTES;
    expectNonce(nonce);
    expectAeadLengths(headerBytes, bodyBytes);
    heap.load(this, nonce, bytes, headerStart, bodyStart, end);
    const failed = heap.functions._crypto_aead_chacha20poly1305_ietf_decrypt(
      heap.body,
      0,
      0,
      heap.body,
      bodyBytes + TAG_BYTES,
      0,
      heap.header,
      headerBytes,
      0,
      heap.nonce,
      heap.key,
    );
    if (failed !== 0) return -1;
    out.set(heap.bodyViews.first(bodyBytes), 0);
    return bodyBytes;
  }
}

import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { TAG_BYTES } from "@sortie/wire";
import type { Aead } from "./crypto-provider.js";

/** ChaCha20-Poly1305 (RFC 8439 section 2.8); encrypts and decrypts between the caller's buffers without a copy. */
export class NobleChaCha20Poly1305 implements Aead {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  seal(nonce: Uint8Array, bytes: Uint8Array, headerStart: number, bodyStart: number, bodyEnd: number): void {
    const cipher = chacha20poly1305(this.#key, nonce, bytes.subarray(headerStart, bodyStart));
    // The output starts where the input does, which noble allows.
    cipher.encrypt(bytes.subarray(bodyStart, bodyEnd), bytes.subarray(bodyStart, bodyEnd + TAG_BYTES));
  }

  open(
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
    out: Uint8Array,
  ): number {
    const length = end - bodyStart - TAG_BYTES;
    const cipher = chacha20poly1305(this.#key, nonce, bytes.subarray(headerStart, bodyStart));
    const ciphertext = bytes.subarray(bodyStart, end);
    const plaintext = out.subarray(0, length);
    try {
      cipher.decrypt(ciphertext, plaintext);
    } catch {
      return -1;
    }
    return length;
  }
}

/** AES-128-GCM (SP 800-38D). noble expands the key and makes an array for each packet; node:crypto is quicker. */
export class NobleAes128Gcm implements Aead {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  seal(nonce: Uint8Array, bytes: Uint8Array, headerStart: number, bodyStart: number, bodyEnd: number): void {
    const cipher = gcm(this.#key, nonce, bytes.subarray(headerStart, bodyStart));
    bytes.set(cipher.encrypt(bytes.subarray(bodyStart, bodyEnd)), bodyStart);
  }

  open(
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
    out: Uint8Array,
  ): number {
    const cipher = gcm(this.#key, nonce, bytes.subarray(headerStart, bodyStart));
    const ciphertext = bytes.subarray(bodyStart, end);
    let plaintext: Uint8Array;
    try {
      plaintext = cipher.decrypt(ciphertext);
    } catch {
      return -1;
    }
    out.set(plaintext);
    return plaintext.length;
  }
}

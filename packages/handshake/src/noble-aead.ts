import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { CipherSuite, TAG_BYTES } from "@sortie/wire";
import type { AeadSource } from "./aead-source.js";
import { expectSuiteKey } from "./crypto-arguments.js";
import type { Aead } from "./crypto-provider.js";

/** ChaCha20-Poly1305 (RFC 8439 section 2.8); encrypts and decrypts between the caller's buffers without a copy. */
class NobleChaCha20Poly1305 implements Aead {
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
    // Told here: below, it would pass for a wrong tag.
    if (out.length < length) throw new RangeError(`"out" expected at least ${length} bytes, got ${out.length}`);
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
class NobleAes128Gcm implements Aead {
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

/** The AEADs of the noble library, for `composeProvider`. */
export const nobleAeads: AeadSource = /* @__PURE__ */ Object.freeze({
  name: "noble",
  costs: /* @__PURE__ */ new Map([
    [CipherSuite.Aes128Gcm, { baseNs: 21_000, perByteNs: 33 }],
    [CipherSuite.ChaCha20Poly1305, { baseNs: 10_000, perByteNs: 7 }],
  ]),
  createAead(suite: CipherSuite, key: Uint8Array): Aead {
    expectSuiteKey(suite, key);
    return suite === CipherSuite.Aes128Gcm ? new NobleAes128Gcm(key) : new NobleChaCha20Poly1305(key);
  },
});

import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { CipherSuite, TAG_BYTES } from "@sortie/wire";
import type { AeadSource } from "../aead-source.js";
import { expectSuiteKey } from "../crypto-arguments.js";
import type { Aead } from "../crypto-provider.js";

/** One frozen object for all calls: none is made per packet. */
const OPTIONS: { readonly authTagLength: number } = Object.freeze({ authTagLength: TAG_BYTES });

/**
 * OpenSSL's AEAD through node:crypto. A cipher object serves one packet, and its set-up is most of the cost; the key is
 * imported once: with its bytes instead, Node 24 takes five times as long for each packet.
 */
class NodeAead implements Aead {
  // Both have the interface of AES-GCM in node:crypto; the types name them apart.
  readonly #algorithm: "aes-128-gcm";
  readonly #key: KeyObject;

  constructor(suite: CipherSuite, key: Uint8Array) {
    this.#algorithm = (suite === CipherSuite.Aes128Gcm ? "aes-128-gcm" : "chacha20-poly1305") as "aes-128-gcm";
    this.#key = createSecretKey(key);
  }

  seal(nonce: Uint8Array, bytes: Uint8Array, headerStart: number, bodyStart: number, bodyEnd: number): void {
    const cipher = createCipheriv(this.#algorithm, this.#key, nonce, OPTIONS);
    cipher.setAAD(bytes.subarray(headerStart, bodyStart));
    const ciphertext = cipher.update(bytes.subarray(bodyStart, bodyEnd));
    cipher.final();
    bytes.set(ciphertext, bodyStart);
    bytes.set(cipher.getAuthTag(), bodyEnd);
  }

  open(
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
    out: Uint8Array,
  ): number {
    const decipher = createDecipheriv(this.#algorithm, this.#key, nonce, OPTIONS);
    decipher.setAAD(bytes.subarray(headerStart, bodyStart));
    decipher.setAuthTag(bytes.subarray(end - TAG_BYTES, end));
    const plaintext = decipher.update(bytes.subarray(bodyStart, end - TAG_BYTES));
    try {
      decipher.final();
    } catch {
      return -1;
    }
    out.set(plaintext);
    return plaintext.length;
  }
}

/** The AEADs of node:crypto, for `composeProvider`. The costs are those of a processor with AES instructions. */
export const nodeAeads: AeadSource = Object.freeze({
  name: "node:crypto",
  costs: new Map([
    [CipherSuite.Aes128Gcm, { baseNs: 4200, perByteNs: 1.2 }],
    [CipherSuite.ChaCha20Poly1305, { baseNs: 5800, perByteNs: 1.7 }],
  ]),
  createAead(suite: CipherSuite, key: Uint8Array): Aead {
    expectSuiteKey(suite, key);
    return new NodeAead(suite, key);
  },
});

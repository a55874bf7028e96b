import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { CipherSuite, TAG_BYTES } from "@sortie/wire";
import type { AeadSource } from "../aead-source.js";
import { expectSuiteKey } from "../crypto-arguments.js";
import type { Aead } from "../crypto-provider.js";
import { PrefixViews } from "../prefix-views.js";
import { resumeStackTraces, suspendStackTraces } from "./stack-traces.js";

/** One frozen object for all calls: none is made per packet. */
const OPTIONS: { readonly authTagLength: number } = Object.freeze({ authTagLength: TAG_BYTES });

/** bytes. Headers of up to that length are copied here: two loops cost less than the views that they save. */
const SCRATCH_BYTES = 64;
const HEADER: Uint8Array = new Uint8Array(SCRATCH_BYTES);
const HEADER_VIEWS: PrefixViews = new PrefixViews(HEADER);
const TAG: Uint8Array = new Uint8Array(TAG_BYTES);

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
    cipher.setAAD(headerOf(bytes, headerStart, bodyStart));
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
    decipher.setAAD(headerOf(bytes, headerStart, bodyStart));
    for (let i = 0; i < TAG_BYTES; i++) TAG[i] = bytes[end - TAG_BYTES + i] as number;
    decipher.setAuthTag(TAG);
    const plaintext = decipher.update(bytes.subarray(bodyStart, end - TAG_BYTES));
    const limit = suspendStackTraces();
    try {
      decipher.final();
    } catch {
      return -1;
    } finally {
      resumeStackTraces(limit);
    }
    out.set(plaintext);
    return plaintext.length;
  }
}

function headerOf(bytes: Uint8Array, headerStart: number, bodyStart: number): Uint8Array {
  const length = bodyStart - headerStart;
  if (length > SCRATCH_BYTES) return bytes.subarray(headerStart, bodyStart);
  for (let i = 0; i < length; i++) HEADER[i] = bytes[headerStart + i] as number;
  return HEADER_VIEWS.first(length);
}

/** The AEADs of node:crypto, for `composeProvider`. The costs are those of a processor with AES instructions. */
export const nodeAeads: AeadSource = Object.freeze({
  name: "node:crypto",
  costs: new Map([
    [CipherSuite.Aes128Gcm, { baseNs: 3400, perByteNs: 0.5 }],
    [CipherSuite.ChaCha20Poly1305, { baseNs: 4500, perByteNs: 0.9 }],
  ]),
  createAead(suite: CipherSuite, key: Uint8Array): Aead {
    expectSuiteKey(suite, key);
    return new NodeAead(suite, key);
  },
});

import { TAG_BYTES } from "@sortie/wire";
import { expectAeadLengths, expectNonce } from "../aead-arguments.js";
import type { Aead } from "../crypto-provider.js";
import { keyWords } from "../key-words.js";
import { type Libcrypto, OK } from "./libcrypto.js";
import type { PacketMemory } from "./packet-memory.js";

/** Address of a context that is not made yet. */
const NONE = 0;

/**
 * AES-128-GCM (NIST SP 800-38D) of the OpenSSL within Node, called without node:crypto's objects. A packet is copied to
 * memory whose address stays, and back. Each direction that is used has a context of OpenSSL, 1 KB outside of V8's
 * heap, in which the key is ready; it is freed when this object has been collected.
 */
export class OpensslAes128Gcm implements Aead {
  readonly #functions: Libcrypto;
  readonly #memory: PacketMemory;
  readonly #key: readonly number[];
  #sealing = NONE;
  #opening = NONE;

  /** `memory` is shared by all of a thread. */
  constructor(functions: Libcrypto, memory: PacketMemory, key: Uint8Array) {
    this.#functions = functions;
    this.#memory = memory;
    this.#key = keyWords(key);
  }

  seal(nonce: Uint8Array, bytes: Uint8Array, headerStart: number, bodyStart: number, bodyEnd: number): void {
    const headerBytes = bodyStart - headerStart;
    const bodyBytes = bodyEnd - bodyStart;
    expectNonce(nonce);
    expectAeadLengths(headerBytes, bodyBytes);
    if (this.#sealing === NONE) this.#sealing = this.#newContext(this.#functions.encryptInit);
    const [functions, memory, context] = [this.#functions, this.#memory, this.#sealing];
    const { body, length } = memory;
    memory.load(nonce, bytes, headerStart, bodyStart, bodyEnd, bodyBytes);
    if (
      functions.encryptInit(context, 0, 0, memory.nonce, 0) !== OK ||
      functions.encryptUpdate(context, 0, length, body - headerBytes, headerBytes) !== OK ||
      functions.encryptUpdate(context, body, length, body, bodyBytes) !== OK ||
      functions.encryptFinal(context, body, length) !== OK ||
      functions.getParameters(context, memory.tagParameters) !== OK
    ) {
      throw this.#failure("encrypt");
    }
    bytes.set(memory.bodyViews.first(bodyBytes + TAG_BYTES), bodyStart);
  }

  open(
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
    out: Uint8Array,
  ): number {
    const headerBytes = bodyStart - headerStart;
    const bodyBytes = end - bodyStart - TAG_BYTES;
    expectNonce(nonce);
    expectAeadLengths(headerBytes, bodyBytes);
    if (this.#opening === NONE) this.#opening = this.#newContext(this.#functions.decryptInit);
    const [functions, memory, context] = [this.#functions, this.#memory, this.#opening];
    const { body, length } = memory;
    memory.load(nonce, bytes, headerStart, bodyStart, end, bodyBytes);
    if (
      functions.decryptInit(context, 0, 0, memory.nonce, memory.tagParameters) !== OK ||
      functions.decryptUpdate(context, 0, length, body - headerBytes, headerBytes) !== OK ||
      functions.decryptUpdate(context, body, length, body, bodyBytes) !== OK
    ) {
      throw this.#failure("decrypt");
    }
    if (functions.decryptFinal(context, body, length) !== OK) {
      // What is left in OpenSSL's list of errors would be told of a later call of node:crypto.
      functions.clearErrors();
      return -1;
    }
    out.set(memory.bodyViews.first(bodyBytes));
    return bodyBytes;
  }

  #newContext(init: Libcrypto["encryptInit"]): number {
    const [functions, memory] = [this.#functions, this.#memory];
    const context = functions.newContext();
    if (context === NONE) throw this.#failure("allocate a context");
    registry.register(this, { functions, context });
    memory.loadKey(this.#key);
    const result = init(context, functions.aes128Gcm(), memory.key, 0, 0);
    memory.clearKey();
    if (result !== OK) throw this.#failure("take a key");
    return context;
  }

  #failure(what: string): Error {
    this.#functions.clearErrors();
    return new Error(`OpenSSL could not ${what}`);
  }
}

const registry = new FinalizationRegistry<{ readonly functions: Libcrypto; readonly context: number }>(
  ({ functions, context }) => functions.freeContext(context),
);

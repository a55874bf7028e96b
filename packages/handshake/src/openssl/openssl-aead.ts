import { TAG_BYTES } from "@sortie/wire";
import { expectAeadLengths, expectNonce } from "../aead-arguments.js";
import type { Aead } from "../crypto-provider.js";
import { keyWords } from "../key-words.js";
import { ContextBudget, Contexts, NO_CONTEXT, opensslError } from "./contexts.js";
import { type Libcrypto, OK } from "./libcrypto.js";
import type { PacketMemory } from "./packet-memory.js";

/** What all AEADs of a thread share. */
export class OpensslThread {
  readonly functions: Libcrypto;
  readonly memory: PacketMemory;
  readonly sealing: Contexts;
  readonly opening: Contexts;

  /** Throws Error where OpenSSL has no memory, or no AES-128-GCM. */
  constructor(functions: Libcrypto, memory: PacketMemory, maxOwnContexts: number) {
    const budget = new ContextBudget(maxOwnContexts);
    this.functions = functions;
    this.memory = memory;
    this.sealing = new Contexts(functions, memory, budget, functions.encryptInit);
    this.opening = new Contexts(functions, memory, budget, functions.decryptInit);
  }
}

/**
 * AES-128-GCM (NIST SP 800-38D) of the OpenSSL within Node, called without node:crypto's objects. A packet is copied to
 * memory whose address stays, and back.
 */
export class OpensslAes128Gcm implements Aead {
  readonly #thread: OpensslThread;
  readonly #key: readonly number[];
  #ownSealing = NO_CONTEXT;
  #ownOpening = NO_CONTEXT;

  constructor(thread: OpensslThread, key: Uint8Array) {
    this.#thread = thread;
    this.#key = keyWords(key);
  }

  seal(nonce: Uint8Array, bytes: Uint8Array, headerStart: number, bodyStart: number, bodyEnd: number): void {
    const headerBytes = bodyStart - headerStart;
    const bodyBytes = bodyEnd - bodyStart;
    expectNonce(nonce);
    expectAeadLengths(headerBytes, bodyBytes);
    const { functions, memory, sealing } = this.#thread;
    if (this.#ownSealing === NO_CONTEXT) this.#ownSealing = sealing.ownFor(this, this.#key);
    const isOwn = this.#ownSealing !== NO_CONTEXT;
    const context = isOwn ? this.#ownSealing : sealing.common;
    const { body, length } = memory;
    memory.load(nonce, bytes, headerStart, bodyStart, bodyEnd, bodyBytes);
    let begun: number;
    if (isOwn) {
      begun = functions.setParameters(context, memory.sealingParameters);
    } else {
      begun = functions.encryptInit(context, 0, memory.loadKey(this.#key), memory.nonce, 0);
      memory.clearKey();
    }
    if (
      begun !== OK ||
      functions.encryptUpdate(context, 0, length, body - headerBytes, headerBytes) !== OK ||
      functions.encryptUpdate(context, body, length, body, bodyBytes) !== OK ||
      functions.encryptFinal(context, body, length) !== OK ||
      functions.getParameters(context, memory.tagParameters) !== OK
    ) {
      throw opensslError(functions, "encrypt");
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
    const { functions, memory, opening } = this.#thread;
    if (this.#ownOpening === NO_CONTEXT) this.#ownOpening = opening.ownFor(this, this.#key);
    const isOwn = this.#ownOpening !== NO_CONTEXT;
    const context = isOwn ? this.#ownOpening : opening.common;
    const { body, length } = memory;
    memory.load(nonce, bytes, headerStart, bodyStart, end, bodyBytes);
    let begun: number;
    if (isOwn) {
      begun = functions.setParameters(context, memory.openingParameters);
    } else {
      begun = functions.decryptInit(context, 0, memory.loadKey(this.#key), memory.nonce, memory.tagParameters);
      memory.clearKey();
    }
    if (
      begun !== OK ||
      functions.decryptUpdate(context, 0, length, body - headerBytes, headerBytes) !== OK ||
      functions.decryptUpdate(context, body, length, body, bodyBytes) !== OK
    ) {
      throw opensslError(functions, "decrypt");
    }
    if (functions.decryptFinal(context, body, length) !== OK) {
      functions.clearErrors();
      return -1;
    }
    out.set(memory.bodyViews.first(bodyBytes));
    return bodyBytes;
  }
}

import { type Libcrypto, OK } from "./libcrypto.js";
import type { PacketMemory } from "./packet-memory.js";

/**
 * Contexts that AEADs of a thread have for themselves: those of 2,048 peers, 8 MB at most. Ten
 * thousand idle ones would take 35 otherwise.
 */
export const MAX_OWN_CONTEXTS = 4096;

/** Address of no context. */
export const NO_CONTEXT = 0;

/**
 * The cipher contexts of OpenSSL that a thread has for one direction, sealing or opening, 1.5 to 2 KB each outside of
 * V8's heap: one for all, which takes a key anew for each packet, and those that one key owns.
 */
export class Contexts {
  /** The one for all. */
  readonly common: number;
  readonly init: Libcrypto["encryptInit"];
  readonly #functions: Libcrypto;
  readonly #memory: PacketMemory;
  readonly #cipher: number;
  readonly #budget: ContextBudget;
  readonly #registry: FinalizationRegistry<number>;

  /** Throws Error where OpenSSL has no memory, or no AES-128-GCM. */
  constructor(functions: Libcrypto, memory: PacketMemory, budget: ContextBudget, init: Libcrypto["encryptInit"]) {
    this.#functions = functions;
    this.#memory = memory;
    this.#budget = budget;
    this.init = init;
    this.#cipher = functions.aes128Gcm();
    this.#registry = new FinalizationRegistry((context) => {
      functions.freeContext(context);
      budget.own -= 1;
    });
    this.common = functions.newContext();
    if (this.common === NO_CONTEXT || init(this.common, this.#cipher, 0, 0, 0) !== OK) {
      throw opensslError(functions, "prepare AES-128-GCM");
    }
  }

  /**
   * A context with this key ready in it, freed when `owner` has been collected; `NO_CONTEXT` when there are enough.
   * Throws Error where OpenSSL refuses.
   */
  ownFor(owner: object, key: readonly number[]): number {
    const [functions, memory, budget] = [this.#functions, this.#memory, this.#budget];
    if (budget.own >= budget.max) return NO_CONTEXT;
    const context = functions.newContext();
    if (context === NO_CONTEXT) throw opensslError(functions, "allocate a context");
    memory.loadKey(key);
    const result = this.init(context, this.#cipher, memory.key, 0, 0);
    memory.clearKey();
    if (result !== OK) {
      functions.freeContext(context);
      throw opensslError(functions, "take a key");
    }
    budget.own += 1;
    this.#registry.register(owner, context);
    return context;
  }
}

/** How many contexts of one owner there are, over both directions. */
export class ContextBudget {
  own = 0;
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }
}

/** What is left in OpenSSL's list of errors would be told of a later call of node:crypto. */
export function opensslError(functions: Libcrypto, what: string): Error {
  functions.clearErrors();
  return new Error(`OpenSSL could not ${what}`);
}

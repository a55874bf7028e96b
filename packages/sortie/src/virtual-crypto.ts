import { type Clock, SystemClock } from "@sortie/transport";
import type { CryptoChoice } from "./default-crypto.js";

/** Whether time is the application's own, as in a test: waiting for the real world would stop it for ever. */
export function isVirtual(clock: Clock | undefined): boolean {
  return clock !== undefined && !(clock instanceof SystemClock);
}

/**
 * The choice of these options, fixed where time is virtual and nothing was chosen: which suite a peer prefers depends
 * on which libraries are there, and WebAssembly comes at no certain moment of virtual time.
 */
export function choiceOf(options: CryptoChoice & { readonly clock?: Clock | undefined }): CryptoChoice {
  const isChosen = options.crypto !== undefined || options.aead !== undefined;
  return isChosen || !isVirtual(options.clock) ? options : { aead: "node:crypto" };
}

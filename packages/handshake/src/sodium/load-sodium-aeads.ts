import { CipherSuite } from "@sortie/wire";
import type { AeadCost, AeadSource } from "../aead-source.js";
import { requireNative } from "../node/native-require.js";
import { singleSuiteSource } from "../single-suite-source.js";
import { SodiumChaCha20Poly1305, type SodiumNative, SodiumScratch } from "./sodium-aead.js";

const COST: AeadCost = Object.freeze({ baseNs: 780, perByteNs: 0.9 });

/**
 * ChaCha20-Poly1305 of libsodium by the optional package sodium-native, for `composeProvider` on Node. Loads the
 * library at the first call, some 20 ms. Throws Error when the package is not installed (`code` is "MODULE_NOT_FOUND"),
 * has no build for this platform, or does not pass its self-test.
 */
export function loadSodiumAeads(): AeadSource {
  const scratch = new SodiumScratch(requireNative("sodium-native") as SodiumNative);
  return singleSuiteSource(
    "sodium-native",
    CipherSuite.ChaCha20Poly1305,
    COST,
    (key) => new SodiumChaCha20Poly1305(scratch, key),
  );
}

import { endianness } from "node:os";
import { CipherSuite } from "@sortie/wire";
import type { AeadCost, AeadSource } from "../aead-source.js";
import { requireNative } from "../node/native-require.js";
import { singleSuiteSource } from "../single-suite-source.js";
import { MAX_OWN_CONTEXTS } from "./contexts.js";
import type { Koffi } from "./koffi.js";
import { bindLibcrypto } from "./libcrypto.js";
import { OpensslAes128Gcm, OpensslThread } from "./openssl-aead.js";
import { expectNode } from "./other-runtime.js";
import { PacketMemory } from "./packet-memory.js";

const COST: AeadCost = Object.freeze({ baseNs: 520, perByteNs: 0.15 });

/** Whose struct OSSL_PARAM is known: pointers of 64 bits, little-endian. */
const ARCHITECTURES: readonly string[] = ["x64", "arm64"];

/**
 * AES-128-GCM of the OpenSSL that Node itself contains, called through the optional package koffi, for
 * `composeProvider` on Node. Takes 66 KB of memory that is never given back: call it once in a thread and keep what it
 * gives. Throws Error when koffi is not installed (`code` is "MODULE_NOT_FOUND"), in Bun and Deno (`code` is
 * "UNSUPPORTED_RUNTIME"), where this program does not export OpenSSL 3, on processors other than x64 and arm64, or when
 * it does not pass its self-test.
 */
export function loadOpensslAeads(): AeadSource {
  // Before koffi is loaded: Bun would fetch it from the registry.
  expectNode(process.versions);
  if (!ARCHITECTURES.includes(process.arch) || endianness() !== "LE") {
    throw new Error(
      `"arch" expected little-endian ${ARCHITECTURES.join(" or ")}, got ${process.arch}, ${endianness()}`,
    );
  }
  const koffi = requireNative("koffi") as Koffi;
  const thread = new OpensslThread(bindLibcrypto(koffi), new PacketMemory(koffi), MAX_OWN_CONTEXTS);
  return singleSuiteSource("openssl-koffi", CipherSuite.Aes128Gcm, COST, (key) => new OpensslAes128Gcm(thread, key));
}

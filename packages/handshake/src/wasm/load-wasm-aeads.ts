import { CipherSuite } from "@sortie/wire";
import instantiate from "libsodium";
import type { AeadCost, AeadSource } from "../aead-source.js";
import { singleSuiteSource } from "../single-suite-source.js";
import { WasmChaCha20Poly1305 } from "./wasm-aead.js";
import { WasmHeap } from "./wasm-heap.js";

const COST: AeadCost = /* @__PURE__ */ Object.freeze({ baseNs: 450, perByteNs: 2.7 });

/**
 * ChaCha20-Poly1305 of libsodium in WebAssembly, for `composeProvider`: in browsers, Node, Bun and Deno. Compiles for
 * some 15 ms, outside of the calling thread for the most part, and takes 4 MiB of memory; call it once and keep what it
 * gives. Rejects where there is no WebAssembly, or when the library does not pass its self-test.
 */
export async function loadWasmAeads(): Promise<AeadSource> {
  const heap = new WasmHeap(await instantiate());
  return singleSuiteSource(
    "libsodium-wasm",
    CipherSuite.ChaCha20Poly1305,
    COST,
    (key) => new WasmChaCha20Poly1305(heap, key),
  );
}
